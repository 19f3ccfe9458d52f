"""Answers that others have published, told by the sandbox in the same shape.

Every sample with status "read" is played; one that nobody plays fails the last test.
"""

import json
import struct
from collections.abc import Callable
from typing import Any

import pytest
from csdl import CONTRACTS
from spo_world import Json, World, page_body

SAMPLES: dict[str, Json] = {
    one["name"]: one for one in json.loads((CONTRACTS / "wire-samples.json").read_text("utf-8"))
}
LIST = "/web/lists/GetByTitle('Course Ratings')"
CAST = "microsoft.graph.sitePage"


def listItem_create(world: World) -> Any:
    return world.graph("POST", f"{world.ratings()}/items", {"fields": {"Title": "Widget"}})


def listItem_duplicate(world: World) -> Any:
    ratings = world.ratings()
    world.item(ratings, CourseKey="a")
    return world.graph("POST", f"{ratings}/items", {"fields": {"CourseKey": "a"}})


def filter_not_indexed(world: World) -> Any:
    ratings = world.ratings()
    world.graph("POST", f"{ratings}/columns", {"name": "X", "text": {}})
    return world.graph("GET", f"{ratings}/items?$filter=fields/X eq 'a'")


def precondition(world: World) -> Any:
    ratings = world.ratings()
    world.item(ratings, CourseKey="a")
    return world.graph("PATCH", f"{ratings}/items/1/fields", {"LmsCount": 1}, If_Match='"x,1"')


def patch_without_cast(world: World) -> Any:
    body = {"@odata.type": "#microsoft.graph.sitePage", "title": "x"}
    return world.graph("PATCH", f"{world.site_path}/pages/{world.page()['id']}", body)


def expand_without_cast(world: World) -> Any:
    return world.graph("GET", f"{world.site_path}/pages/{world.page()['id']}?$expand=canvasLayout")


def publish(world: World) -> Any:
    return world.publish(world.page())


def publish_conflict(world: World) -> Any:
    page = world.page()
    address = f"{world.site_path}/pages/{page['id']}/{CAST}/publish"
    return world.graph("POST", address, If_Match='"{X},9"')


def page_with_canvas(world: World) -> Any:
    page = world.graph("POST", f"{world.site_path}/pages", page_body("x.aspx", "<h2>x</h2>")).json()
    return world.graph("GET", f"{world.site_path}/pages/{page['id']}/{CAST}?$expand=canvasLayout")


def rest_duplicate(world: World) -> Any:
    world.item(world.ratings(), CourseKey="a")
    return world.rest("POST", f"{LIST}/items", {"CourseKey": "a"})


def rest_threshold(world: World) -> Any:
    world.item(world.ratings(), CourseKey="a")
    world.tenant.behaviour.view_threshold = 0
    return world.rest("GET", f"{LIST}/items?$filter=Title eq 'x'")


def rest_unique_needs_index(world: World) -> Any:
    world.ratings()
    return world.rest("POST", f"{LIST}/fields", {"Title": "K", "FieldTypeKind": 2, "EnforceUniqueValues": True})


def rest_checked_out(world: World) -> Any:
    world.publish(world.page())
    world.hand.check_out_page("sorting.aspx")
    return world.rest("POST", "/sitepages/pages(1)/checkoutpage")


def rest_locked(world: World) -> Any:
    world.publish(world.page())
    world.hand.lock_page("sorting.aspx")
    return world.rest("POST", "/sitepages/pages(1)/checkoutpage")


def rest_digest(world: World) -> Any:
    world.ratings()
    return world.rest("POST", f"{LIST}/items", {"CourseKey": "a"}, X_RequestDigest="0x0,old")


def rest_title_exists(world: World) -> Any:
    world.ratings()
    return world.rest("POST", "/web/lists", {"Title": "Course Ratings", "BaseTemplate": 100})


def throttled(world: World) -> Any:
    world.tenant.behaviour.units_per_minute = 0
    return world.graph("GET", world.site_path)


def throttled_early(world: World) -> Any:
    world.tenant.behaviour.units_per_minute = 1
    return world.graph("GET", world.site_path)


def batch(world: World) -> Any:
    ratings = world.ratings()
    world.tenant.behaviour.units_per_minute = 0
    sample = SAMPLES["graph.batch"]["req"]["b"]
    first = {**sample["requests"][0], "url": f"{ratings}/items"}
    return world.graph("POST", "/$batch", {"requests": [first, sample["requests"][1]]})


def context_info(world: World) -> Any:
    return world.rest("POST", "/contextinfo", dialect="verbose")


def comments(world: World) -> Any:
    world.publish(world.page())
    world.hand.comment_page("sorting.aspx", "hi")
    return world.rest("GET", "/web/lists/GetByTitle('Site Pages')/items(1)/Comments?$expand=replies,likedBy&$top=30")


PLAYS: dict[str, Callable[[World], Any]] = {
    "graph.listItem.create": listItem_create,
    "graph.listItem.duplicate": listItem_duplicate,
    "graph.filter.notIndexed": filter_not_indexed,
    "graph.precondition": precondition,
    "graph.page.cast.missing.patch": patch_without_cast,
    "graph.page.cast.missing.expand": expand_without_cast,
    "graph.page.publish": publish,
    "graph.page.get.canvas": page_with_canvas,
    "graph.publish.conflict": publish_conflict,
    "rest.duplicate": rest_duplicate,
    "rest.threshold": rest_threshold,
    "rest.uniqueNeedsIndex": rest_unique_needs_index,
    "rest.checkedOut": rest_checked_out,
    "rest.lockedShared": rest_locked,
    "rest.digestInvalid": rest_digest,
    "rest.titleExists": rest_title_exists,
    "throttle.429": throttled,
    "throttle.early": throttled_early,
    "graph.batch": batch,
    "rest.contextinfo": context_info,
    "rest.comments": comments,
}


@pytest.mark.parametrize("name", sorted(PLAYS))
def test_the_sandbox_answers_as_it_was_published(world: World, name: str) -> None:
    expected, answer = SAMPLES[name]["res"], PLAYS[name](world)
    if "s" in expected:
        assert answer.status_code == expected["s"]
    for header in expected.get("h", {}):
        assert header in answer.headers
    if "keys" in expected:
        assert set(expected["keys"]) <= set(answer.json())
    for body in (expected.get("b"), expected.get("verbose")):
        if body is not None:
            assert differences(body, answer.json()) == []


def test_every_sample_is_played() -> None:
    assert {name for name, one in SAMPLES.items() if one["status"] == "read"} <= set(PLAYS)


def differences(expected: Any, found: Any, where: str = "") -> list[str]:
    """What the published shape has and the answer has not: keys, kinds of values, error codes, messages' beginnings.

    Values that are anybody's own (ids, dates, addresses) are compared by their kind only.
    """
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            return [f"{where}: no object"]
        return [
            problem
            for key, value in expected.items()
            for problem in (
                differences(value, found[key], f"{where}.{key}") if key in found else [f"{where}.{key} is missing"]
            )
        ]
    if isinstance(expected, list):
        if not isinstance(found, list) or len(found) < len(expected):
            return [f"{where}: {len(expected)} expected"]
        pairs = enumerate(zip(expected, found, strict=False))
        return [problem for at, (value, other) in pairs for problem in differences(value, other, f"{where}[{at}]")]
    last = where.rsplit(".", 1)[-1]
    if last == "code" and expected and expected != found:
        return [f"{where}: {found!r} instead of {expected!r}"]
    if last in {"message", "value"} and isinstance(expected, str) and not alike(expected, str(found)):
        return [f"{where}: {found!r} instead of {expected!r}"]
    if last == "@odata.type":
        return [] if str(expected).rsplit(".", 1)[-1] == str(found).rsplit(".", 1)[-1] else [f"{where}: {found!r}"]
    if expected is not None and found is not None and type(expected) is not type(found):
        return [f"{where}: {type(found).__name__} instead of {type(expected).__name__}"]
    return []


def alike(expected: str, found: str) -> bool:
    """The same words where no name of a place or person stands."""
    plain = [part for part in expected.split('"')[::2] if part.strip()]
    return all(part.split(" u@t")[0].split(" i:0#")[0].strip(" .") in found for part in plain)


def test_images_are_measured_by_their_own_bytes_not_by_their_names() -> None:
    from lms_bridge.sandbox.sharepoint.files import measure

    assert measure(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 1, 2)) == (1, 2)
    for broken in (b"", b"\xff\xd8", b"\xff\xd8\xff\xc0", b"\x89PNG\r\n\x1a\n", b"GIF89a"):
        assert measure(broken) is None
