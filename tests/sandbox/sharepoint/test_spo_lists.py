"""Lists and columns through Graph, with the rules that a set-up runs into."""

import pytest
from spo_world import RATINGS, Json, World, error


def test_a_list_is_made_with_its_columns_in_one_call_and_found_by_id_and_title(world: World) -> None:
    ratings = world.ratings()
    by_title = world.graph("GET", f"{world.site_path}/lists/Course Ratings?$expand=columns").json()
    assert by_title["id"] == ratings.rsplit("/", 1)[1]
    columns = {one["name"]: one for one in by_title["columns"]}
    assert (columns["CourseKey"]["indexed"], columns["CourseKey"]["enforceUniqueValues"]) == (True, True)
    assert columns["LmsAverage"]["number"]["maximum"] == 5
    assert columns["Title"]["isDeletable"] is False


def test_a_second_list_with_the_same_title_is_refused(world: World) -> None:
    world.ratings()
    refused = world.graph("POST", f"{world.site_path}/lists", {"displayName": "course ratings"})
    assert error(refused) == (409, "nameAlreadyExists")


def test_a_list_with_a_bad_column_is_not_made_at_all(world: World) -> None:
    bad = {**RATINGS, "columns": [{"name": "A", "text": {}}, {"name": "A", "text": {}}]}
    assert world.graph("POST", f"{world.site_path}/lists", bad).status_code == 409
    assert world.graph("GET", f"{world.site_path}/lists/Course Ratings").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"displayName": "X", "list": {"template": "nope"}},
        {"displayName": "X", "colums": []},
        {"displayName": 'a"b'},
        {"displayName": ""},
        {"displayName": "X", "columns": [{"name": "A", "text": {}, "number": {}}]},
        {"displayName": "X", "columns": [{"name": "A", "enforceUniqueValues": True, "text": {}}]},
        {"displayName": "X", "columns": [{"name": "A", "indexed": True, "text": {"allowMultipleLines": True}}]},
        {"displayName": "X", "columns": [{"name": "A", "text": {"maxLength": 300}}]},
        {"displayName": "X", "columns": [{"name": f"A{n}", "indexed": True, "text": {}} for n in range(21)]},
    ],
    ids=["template", "misspelt", "characters", "empty", "two types", "unique", "long text", "length", "indexes"],
)
def test_a_list_that_cannot_be_is_refused(world: World, body: Json) -> None:
    assert error(world.graph("POST", f"{world.site_path}/lists", body)) == (400, "invalidRequest")


def test_uniqueness_needs_the_index_first_and_no_duplicates(world: World) -> None:
    ratings = world.ratings()
    made = world.graph("POST", f"{ratings}/columns", {"name": "Code", "text": {"maxLength": 20}}).json()
    address = f"{ratings}/columns/{made['id']}"
    assert world.graph("PATCH", address, {"enforceUniqueValues": True}).status_code == 400
    assert world.graph("PATCH", address, {"indexed": True}).status_code == 200
    for key in ("a", "b"):
        world.item(ratings, CourseKey=key, Code="same")
    assert world.graph("PATCH", address, {"enforceUniqueValues": True}).status_code == 400
    assert world.graph("GET", address).json()["enforceUniqueValues"] is False
    world.graph("PATCH", f"{ratings}/items/2/fields", {"Code": "other"})
    assert world.graph("PATCH", address, {"enforceUniqueValues": True}).json()["enforceUniqueValues"] is True


def test_a_column_is_renamed_for_people_but_keeps_its_internal_name_and_goes_with_its_values(world: World) -> None:
    ratings = world.ratings()
    world.item(ratings, CourseKey="a", LmsCount=3)
    world.graph("PATCH", f"{ratings}/columns/LmsCount", {"displayName": "Votes"})
    assert world.graph("GET", f"{ratings}/columns/LmsCount").json()["displayName"] == "Votes"
    assert world.graph("PATCH", f"{ratings}/columns/LmsCount", {"name": "Other"}).status_code == 400
    assert world.graph("DELETE", f"{ratings}/columns/LmsCount").status_code == 204
    assert "LmsCount" not in world.graph("GET", f"{ratings}/items/1").json()["fields"]
    assert world.graph("DELETE", f"{ratings}/columns/Title").status_code == 400


def test_a_display_name_becomes_an_internal_name_as_sharepoint_writes_it(world: World) -> None:
    made = world.graph("POST", f"{world.ratings()}/columns", {"displayName": "Course key", "text": {}}).json()
    assert (made["name"], made["displayName"]) == ("Course_x0020_key", "Course key")


def test_a_selection_holds_only_what_was_asked_for_and_an_unknown_property_is_refused(world: World) -> None:
    ratings = world.ratings()
    found = world.graph("GET", f"{ratings}/columns?$select=name,indexed&$filter=indexed eq true").json()["value"]
    assert {one["name"] for one in found} == {"ID", "CourseKey"}
    assert set(found[0]) == {"name", "indexed"}
    assert error(world.graph("GET", f"{ratings}?$select=titel")) == (400, "invalidRequest")
    assert error(world.graph("GET", f"{ratings}?$expand=rows")) == (400, "invalidRequest")


def test_a_list_is_renamed_and_deleted_but_its_address_stays(world: World) -> None:
    ratings = world.ratings()
    url = world.graph("GET", ratings).json()["webUrl"]
    world.graph("PATCH", ratings, {"displayName": "Stars"})
    assert world.graph("GET", f"{world.site_path}/lists/Stars").json()["webUrl"] == url
    assert world.graph("DELETE", ratings).status_code == 204
    assert world.graph("GET", ratings).status_code == 404
    assert [one.splist.title for one in world.tenant.recycle_bin] == ["Stars"]


def test_annotations_are_left_out_when_asked(world: World) -> None:
    plain = world.graph("GET", world.ratings(), Accept="application/json;odata.metadata=none").json()
    assert [name for name in plain if "@" in name] == []


def test_an_address_that_graph_does_not_know_is_a_bad_request(world: World) -> None:
    assert error(world.graph("GET", f"{world.site_path}/listz")) == (400, "BadRequest")
    assert error(world.graph("PUT", f"{world.site_path}/lists", {}))[0] == 405
