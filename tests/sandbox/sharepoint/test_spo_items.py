"""List items through Graph, as someone would use them who never saw this project's connector."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from spo_world import World, error

from lms_bridge.sandbox.faults import Fault

ANYWAY = "HonorNonIndexedQueriesWarningMayFailRandomly"


def test_an_item_comes_back_as_it_was_written(world: World) -> None:
    ratings = world.ratings()
    values = {
        "Title": "Algebra",
        "CourseKey": "c:1",
        "LmsAverage": 4.25,
        "LmsCount": 17,
        "LmsUpdated": "2026-11-22T10:00:00+01:00",
        "Open": True,
        "Level": "easy",
        "Notes": "two\nlines",
    }
    made = world.item(ratings, **values)
    fields = world.graph("GET", f"{ratings}/items/{made['id']}").json()["fields"]
    assert {name: fields[name] for name in values} == {**values, "LmsUpdated": "2026-11-22T09:00:00Z"}
    assert fields["@odata.etag"] == made["@odata.etag"]


def test_a_second_item_with_the_same_unique_key_is_refused_whatever_its_case(world: World) -> None:
    ratings = world.ratings()
    world.item(ratings, CourseKey="c:1")
    refused = world.graph("POST", f"{ratings}/items", {"fields": {"CourseKey": "C:1"}})
    assert error(refused) == (400, "invalidRequest")
    assert "unique constraints" in refused.json()["error"]["message"]
    assert len(world.graph("GET", f"{ratings}/items").json()["value"]) == 1


@pytest.mark.parametrize(
    ("condition", "keys"),
    [
        ("fields/CourseKey eq 'b'", ["b"]),
        ("fields/CourseKey ne 'b'", ["a", "c", "o'clock"]),
        ("fields/CourseKey eq 'o''clock'", ["o'clock"]),
        ("startswith(fields/CourseKey,'o')", ["o'clock"]),
        ("fields/CourseKey ge 'b' and fields/CourseKey lt 'o'", ["b", "c"]),
        ("(fields/CourseKey eq 'a' or fields/CourseKey eq 'c') and fields/CourseKey ne 'a'", ["c"]),
        ("not (fields/CourseKey eq 'a')", ["b", "c", "o'clock"]),
        ("fields/id eq '2'", ["b"]),
    ],
)
def test_a_filter_leaves_what_it_says(world: World, condition: str, keys: list[str]) -> None:
    ratings = world.ratings()
    for key in ("a", "b", "c", "o'clock"):
        world.item(ratings, CourseKey=key)
    found = world.graph("GET", f"{ratings}/items?$filter={condition}&$expand=fields($select=CourseKey)").json()
    assert [one["fields"]["CourseKey"] for one in found["value"]] == keys
    assert all("Title" not in one["fields"] for one in found["value"])


@pytest.mark.parametrize("query", ["$filter=fields/Title eq 'x'", "$orderby=fields/LmsAverage desc"])
def test_a_query_on_a_column_without_index_needs_the_header_that_warns(world: World, query: str) -> None:
    ratings = world.ratings()
    world.item(ratings, CourseKey="a", Title="x", LmsAverage=3)
    refused = world.graph("GET", f"{ratings}/items?{query}")
    assert error(refused) == (400, "invalidRequest")
    assert "not indexed" in refused.json()["error"]["message"]
    assert len(world.graph("GET", f"{ratings}/items?{query}", Prefer=ANYWAY).json()["value"]) == 1
    world.tenant.behaviour.view_threshold = 0
    assert world.graph("GET", f"{ratings}/items?{query}", Prefer=ANYWAY).status_code == 400


def test_pages_of_a_listing_hold_every_item_once_even_when_items_come_in_between(world: World) -> None:
    ratings = world.ratings()
    for number in range(7):
        world.item(ratings, CourseKey=f"k{number}")
    page = world.graph("GET", f"{ratings}/items?$top=3&$expand=fields&$count=true").json()
    assert page["@odata.count"] == 7
    seen = [one["fields"]["CourseKey"] for one in page["value"]]
    world.item(ratings, CourseKey="late")
    while "@odata.nextLink" in page:
        page = world.graph("GET", page["@odata.nextLink"]).json()
        seen += [one["fields"]["CourseKey"] for one in page["value"]]
    assert seen == [*(f"k{number}" for number in range(7)), "late"]


def test_items_are_ordered_by_an_indexed_column(world: World) -> None:
    ratings = world.ratings()
    for key in ("b", "C", "a"):
        world.item(ratings, CourseKey=key)
    address = f"{ratings}/items?$orderby=fields/CourseKey desc&$expand=fields&$top=2"
    page = world.graph("GET", address).json()
    rest = world.graph("GET", page["@odata.nextLink"]).json()
    assert [one["fields"]["CourseKey"] for one in page["value"] + rest["value"]] == ["C", "b", "a"]


def test_a_change_against_an_old_version_is_refused_and_changes_nothing(world: World) -> None:
    ratings = world.ratings()
    made = world.item(ratings, CourseKey="a", LmsAverage=1)
    address = f"{ratings}/items/{made['id']}/fields"
    changed = world.graph("PATCH", address, {"LmsAverage": 2}, If_Match=made["eTag"])
    assert changed.status_code == 200
    assert changed.json()["@odata.etag"] != made["eTag"]
    refused = world.graph("PATCH", address, {"LmsAverage": 3}, If_Match=made["eTag"])
    assert error(refused) == (412, "resourceModified")
    assert world.graph("GET", address).json()["LmsAverage"] == 2
    assert world.graph("DELETE", f"{ratings}/items/{made['id']}", If_Match=made["eTag"]).status_code == 412
    assert world.graph("PATCH", address, {"LmsAverage": 4}, If_Match="*").status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"Nope": "x"},
        {"LmsAverage": "4"},
        {"LmsAverage": 5.5},
        {"LmsCount": True},
        {"Open": "yes"},
        {"LmsUpdated": "yesterday"},
        {"Title": "x" * 256},
        {"Notes": "x" * 64_000},
        {"Link": {"Url": "https://example.org", "Description": "x"}},
        {"Modified": "2026-01-01T00:00:00Z"},
        {"id": "7"},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_a_value_that_a_column_does_not_take_is_refused(world: World, fields: dict[str, object]) -> None:
    ratings = world.ratings()
    refused = world.graph("POST", f"{ratings}/items", {"fields": {"CourseKey": "a", **fields}})
    assert error(refused) == (400, "invalidRequest")
    assert world.graph("GET", f"{ratings}/items").json()["value"] == []


def test_a_body_that_is_not_a_list_item_is_refused(world: World) -> None:
    ratings = world.ratings()
    assert error(world.graph("POST", f"{ratings}/items", {"field": {}})) == (400, "invalidRequest")
    assert error(world.graph("POST", f"{ratings}/items", {"Title": "x"})) == (400, "invalidRequest")
    broken = world.graph("POST", f"{ratings}/items", b'{"fields": ', Content_Type="application/json")
    assert error(broken) == (400, "invalidRequest")
    wrong = world.graph("POST", f"{ratings}/items", b'{"fields": {}}', Content_Type="text/plain")
    assert error(wrong) == (400, "invalidRequest")
    deep = b'{"fields": {"Title": ' + b"[" * 5000 + b"]" * 5000 + b"}}"
    assert error(world.graph("POST", f"{ratings}/items", deep, Content_Type="application/json"))[0] == 400


@pytest.mark.parametrize("option", ["$skip=2", "$filter=fields/CourseKey is 'a'", "$top=0", "$orderby=x y z"])
def test_a_query_that_cannot_be_understood_is_refused(world: World, option: str) -> None:
    assert error(world.graph("GET", f"{world.ratings()}/items?{option}")) == (400, "invalidRequest")


def test_every_version_of_an_item_is_kept(world: World) -> None:
    ratings = world.ratings()
    made = world.item(ratings, CourseKey="a", LmsAverage=1)
    world.graph("PATCH", f"{ratings}/items/{made['id']}", {"fields": {"LmsAverage": 2}})
    versions = world.graph("GET", f"{ratings}/items/{made['id']}/versions").json()["value"]
    assert [(one["id"], one["fields"]["LmsAverage"]) for one in versions] == [("2.0", 2), ("1.0", 1)]


def test_an_old_version_comes_back_as_the_newest(world: World) -> None:
    ratings = world.ratings()
    made = world.item(ratings, CourseKey="a", LmsAverage=1)
    item = f"{ratings}/items/{made['id']}"
    world.graph("PATCH", f"{item}/fields", {"LmsAverage": 2, "Notes": "more"})
    assert world.graph("POST", f"{item}/versions/1.0/restoreVersion").status_code == 204
    fields = world.graph("GET", f"{item}/fields").json()
    assert (fields["LmsAverage"], fields.get("Notes"), fields["_UIVersionString"]) == (1, None, "3.0")


def test_a_deleted_item_is_gone_and_can_be_restored_from_the_recycle_bin(world: World) -> None:
    ratings = world.ratings()
    made = world.item(ratings, CourseKey="a")
    assert world.graph("DELETE", f"{ratings}/items/{made['id']}").status_code == 204
    assert error(world.graph("GET", f"{ratings}/items/{made['id']}")) == (404, "itemNotFound")
    world.hand.restore(world.tenant.recycle_bin[0].id)
    assert world.graph("GET", f"{ratings}/items/{made['id']}").status_code == 200


def test_a_fresh_item_is_found_by_a_query_only_after_the_delay_that_was_switched_on(world: World) -> None:
    ratings = world.ratings()
    world.tenant.behaviour.read_delay = 5
    made = world.item(ratings, CourseKey="a")
    query = f"{ratings}/items?$filter=fields/CourseKey eq 'a'"
    assert world.graph("GET", query).json()["value"] == []
    assert world.graph("GET", f"{ratings}/items/{made['id']}").status_code == 200
    world.tenant.clock.advance(6)
    assert len(world.graph("GET", query).json()["value"]) == 1


def test_changes_since_a_token_are_told_with_deletions(world: World) -> None:
    ratings = world.ratings()
    for key in ("a", "b", "c"):
        world.item(ratings, CourseKey=key)
    page = world.graph("GET", f"{ratings}/items/delta?$top=2").json()
    assert len(page["value"]) == 2
    page = world.graph("GET", page["@odata.nextLink"]).json()
    link = page["@odata.deltaLink"]
    world.hand.edit_item("Course Ratings", 1, {"Title": "by hand"})
    world.graph("DELETE", f"{ratings}/items/2")
    told = world.graph("GET", link).json()
    assert [(one["id"], "deleted" in one) for one in told["value"]] == [("1", False), ("2", True)]
    assert world.graph("GET", told["@odata.deltaLink"]).json()["value"] == []


def test_a_delta_token_that_is_too_old_is_answered_with_where_to_begin_again(world: World) -> None:
    ratings = world.ratings()
    link = world.graph("GET", f"{ratings}/items/delta?token=latest").json()["@odata.deltaLink"]
    world.hand.forget_changes("Course Ratings")
    refused = world.graph("GET", link)
    assert error(refused) == (410, "resyncRequired")
    assert world.graph("GET", refused.headers["Location"]).status_code == 200


def test_views_of_an_item_are_counted_for_all_time(world: World) -> None:
    page = world.page()
    world.publish(page)
    world.hand.view_page("sorting.aspx", times=3)
    stat = world.graph("GET", f"{world.site_path}/lists/Site Pages/items/1/analytics/allTime").json()
    assert stat["access"] == {"actionCount": 3, "actorCount": 1}


def test_what_was_expanded_is_there_beside_what_was_selected(world: World) -> None:
    ratings = world.ratings()
    world.item(ratings, CourseKey="a")
    found = world.graph("GET", f"{ratings}/items?select=id&expand=fields(select=CourseKey)&top=1").json()["value"][0]
    assert (found["id"], found["fields"]["CourseKey"]) == ("1", "a")
    assert "webUrl" not in found


def test_of_many_creates_with_one_key_at_the_same_time_one_is_stored(world: World) -> None:
    ratings = world.ratings()
    headers = {"Authorization": f"Bearer {world.token()}"}

    def create(_: int) -> int:
        body = {"fields": {"CourseKey": "a"}}
        return requests.post(f"{world.url}/v1.0{ratings}/items", json=body, headers=headers, timeout=20).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(create, range(8))) == [201] + [400] * 7


def test_an_item_whose_answer_was_lost_stands_there_all_the_same(world: World) -> None:
    ratings = world.ratings()
    world.server.faults.add(Fault("drop", method="POST", path="/items"))
    with pytest.raises(requests.ConnectionError):
        world.item(ratings, CourseKey="a")
    assert world.graph("GET", f"{ratings}/items/$count").text == "1"
    again = world.graph("POST", f"{ratings}/items", {"fields": {"CourseKey": "a"}})
    assert error(again) == (400, "invalidRequest")


# Content approval


@pytest.fixture
def moderated(world: World) -> str:
    """A list that wants an approval since its one item was made."""
    ratings = world.ratings()
    world.item(ratings, Title="Before", CourseKey="c:0")
    world.hand.require_approval("Course Ratings")
    return ratings


def statuses(world: World, ratings: str) -> dict[str, int]:
    names = "Title,_ModerationStatus"
    rows = world.graph("GET", f"{ratings}/items?$expand=fields($select={names})").json()["value"]
    return {row["fields"]["Title"]: row["fields"]["_ModerationStatus"] for row in rows}


def test_what_is_written_to_a_moderated_list_waits_until_a_person_approves_it(world: World, moderated: str) -> None:
    made = world.item(moderated, Title="New", CourseKey="c:1")
    assert made["fields"]["_ModerationStatus"] == 2
    assert statuses(world, moderated) == {"Before": 0, "New": 2}
    world.hand.approve_item("Course Ratings", int(made["id"]))
    assert statuses(world, moderated)["New"] == 0
    world.graph("PATCH", f"{moderated}/items/{made['id']}/fields", {"LmsCount": 3})
    assert statuses(world, moderated)["New"] == 2


def test_an_app_that_may_not_manage_finds_what_is_approved_alone(world: World, moderated: str) -> None:
    """learn.microsoft.com/graph/api/listitem-get, the note below the permissions."""
    world.item(moderated, Title="New", CourseKey="c:1")
    world.with_roles("Sites.ReadWrite.All")
    assert statuses(world, moderated) == {"Before": 0}
    assert world.graph("GET", f"{moderated}/items/2").status_code == 404
    assert world.graph("GET", f"{moderated}/items/2/fields").status_code == 404
    world.hand.approve_item("Course Ratings", 2)
    assert statuses(world, moderated) == {"Before": 0, "New": 0}


def test_the_column_of_the_approval_is_listed_while_the_list_wants_one(world: World, moderated: str) -> None:
    def columns() -> set[str]:
        rows = world.graph("GET", f"{moderated}/columns?$select=name,hidden,contentApprovalStatus").json()["value"]
        return {row["name"] for row in rows if row.get("contentApprovalStatus") is not None}

    assert columns() == {"_ModerationStatus"}
    world.hand.require_approval("Course Ratings", on=False)
    assert columns() == set()


def test_an_app_cannot_approve_by_writing_the_status(world: World, moderated: str) -> None:
    refused = world.graph("PATCH", f"{moderated}/items/1/fields", {"_ModerationStatus": 0})
    assert refused.status_code == 400
