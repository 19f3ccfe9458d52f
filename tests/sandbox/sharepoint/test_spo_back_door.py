"""The back door and a person's hand: what tests and curious readers do that no client may."""

from typing import Any

import pytest
from spo_world import Json, World


def do(world: World, deed: str, **arguments: Any) -> Any:
    answer = world.http.post(f"{world.url}/_sandbox/hand/{deed}", json=arguments)
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


def state(world: World) -> Json:
    found: Json = world.http.get(f"{world.url}/_sandbox/state").json()
    return found


def pages(world: World) -> list[Json]:
    site = next(one for one in state(world)["sites"] if one["path"] == "/sites/learning")
    library = next(one for one in site["lists"] if one["title"] == "Site Pages")
    return [item for item in library["items"] if "page" in item]


def test_the_whole_state_is_told_as_json(world: World) -> None:
    world.item(world.ratings(), CourseKey="a", Title="Algebra")
    world.publish(world.page(html="<p>Text</p>"))
    site = next(one for one in state(world)["sites"] if one["path"] == "/sites/learning")
    ratings = next(one for one in site["lists"] if one["title"] == "Course Ratings")
    assert ratings["items"][0]["fields"]["CourseKey"] == "a"
    assert pages(world)[0]["page"]["html"] == "<p>Text</p>"
    assert pages(world)[0]["page"]["version"] == "1.0"


def test_a_person_s_deeds_can_be_ordered_over_http(world: World) -> None:
    world.publish(world.page(html="<p>ours</p>"))
    do(world, "edit_page", page="sorting.aspx", html="<p>theirs</p>", person="Ada", email="ada@contoso.example")
    do(world, "comment_page", page="sorting.aspx", text="Why?")
    do(world, "like_page", page="sorting.aspx")
    page = pages(world)[0]
    assert page["page"]["html"] == "<p>theirs</p>"
    assert page["modifiedBy"] == "Ada"
    assert [one["text"] for one in page["comments"]] == ["Why?"]
    do(world, "rename_page", page="sorting.aspx", name="order.aspx")
    assert pages(world)[0]["name"] == "order.aspx"
    recycled = do(world, "delete_page", page="order.aspx")
    assert pages(world) == []
    do(world, "restore", recycled=recycled)
    assert pages(world)[0]["name"] == "order.aspx"


@pytest.mark.parametrize(
    ("deed", "arguments", "status"),
    [
        ("edit_page", {"page": "none.aspx", "html": "x"}, 404),
        ("edit_page", {"page": "none.aspx"}, 400),
        ("edit_page", {"nonsense": 1}, 400),
        ("fly", {}, 404),
        ("restore", {"recycled": "x"}, 404),
    ],
)
def test_a_deed_that_cannot_be_done_is_told(world: World, deed: str, arguments: Json, status: int) -> None:
    assert world.http.post(f"{world.url}/_sandbox/hand/{deed}", json=arguments).status_code == status


def test_calls_are_counted_by_method_and_address(world: World) -> None:
    ratings = world.ratings()
    world.http.delete(f"{world.url}/_sandbox/calls")
    world.graph("GET", f"{ratings}/items")
    world.graph("GET", f"{ratings}/items?$top=1")
    body = {"requests": [{"id": "1", "method": "GET", "url": f"{ratings}/items"}]}
    world.graph("POST", "/$batch", body)
    counted = world.http.get(f"{world.url}/_sandbox/calls").json()
    assert counted == {"GET /sites/{site}/lists/{list}/items": 3, "POST /$batch": 1}


def test_the_clock_and_the_switches_are_moved_from_outside(world: World) -> None:
    before = world.tenant.clock.now()
    world.http.post(f"{world.url}/_sandbox/clock", json={"advance": 90})
    assert (world.tenant.clock.now() - before).seconds == 90
    switched = world.http.patch(f"{world.url}/_sandbox/behaviour", json={"units_per_minute": 5})
    assert switched.json()["units_per_minute"] == 5
    assert world.http.patch(f"{world.url}/_sandbox/behaviour", json={"speed": 5}).status_code == 400


def test_the_same_seed_gives_the_same_names(world: World) -> None:
    from lms_bridge.sandbox.sharepoint import Tenant

    one, other = Tenant(seed=7), Tenant(seed=7)
    assert one.id == other.id
    assert list(one.sites) == list(other.sites)
