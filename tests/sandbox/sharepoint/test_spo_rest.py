"""SharePoint's own REST interface: dialects, digest, tunnelled methods, items, comments, batches.

Verbose answers name their type; what they hold is measured against SharePoint's published metadata.
"""

import json
from typing import Any

import pytest
from csdl import CONTRACTS
from defusedxml import ElementTree
from spo_world import APP, Json, World

LIST = "/web/lists/GetByTitle('Course Ratings')"
EDM3 = "{http://schemas.microsoft.com/ado/2009/11/edm}"


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["odata.error"]["code"].split(",")[0]


def commented(world: World) -> str:
    page = world.page()
    world.publish(page)
    return "/web/lists/GetByTitle('Site Pages')/items(1)/Comments"


@pytest.mark.parametrize(
    ("dialect", "reach"),
    [
        ("verbose", lambda body: body["d"]),
        ("minimalmetadata", lambda body: body),
        ("nometadata", lambda body: body),
    ],
)
def test_each_dialect_has_its_shape(world: World, dialect: str, reach: Any) -> None:
    world.ratings()
    made = world.rest("POST", f"{LIST}/items", typed(dialect, Title="Algebra", CourseKey="a"), dialect=dialect)
    assert made.status_code == 201
    item = reach(made.json())
    assert (item["Id"], item["Title"]) == (1, "Algebra")
    listing = reach(world.rest("GET", f"{LIST}/items", dialect=dialect).json())
    rows = listing["results"] if dialect == "verbose" else listing["value"]
    assert [row["CourseKey"] for row in rows] == ["a"]
    marks = {"verbose": "__metadata" in item, "minimalmetadata": "odata.etag" in item, "nometadata": True}
    assert marks[dialect]
    assert ("odata.type" in item) == (dialect == "minimalmetadata")
    missing = world.rest("GET", "/web/lists/GetByTitle('No')", dialect=dialect)
    assert missing.status_code == 404
    assert set(missing.json()) == {"error" if dialect == "verbose" else "odata.error"}


def test_a_verbose_entity_has_to_name_its_type(world: World) -> None:
    world.ratings()
    refused = world.rest("POST", f"{LIST}/items", {"Title": "x"}, dialect="verbose")
    assert refused.status_code == 400


def test_an_item_is_changed_and_deleted_by_tunnelled_methods_with_its_etag(world: World) -> None:
    ratings = world.ratings()
    etag = world.item(ratings, CourseKey="a")["eTag"]
    item = f"{LIST}/items(1)"
    merged = world.rest("POST", item, {"LmsCount": 4}, X_HTTP_Method="MERGE", If_Match=etag)
    assert merged.status_code == 204
    refused = world.rest("POST", item, {"LmsCount": 5}, X_HTTP_Method="MERGE", If_Match=etag)
    assert refused.status_code == 412
    assert world.rest("GET", f"{item}?$select=LmsCount").json() == {"LmsCount": 4}
    assert world.rest("POST", item, X_HTTP_Method="DELETE", If_Match="*").status_code == 200
    assert code(world.rest("GET", item)) == (404, "-2130575338")


def test_the_same_list_stands_behind_both_interfaces(world: World) -> None:
    ratings = world.ratings()
    world.rest("POST", f"{LIST}/items", {"CourseKey": "a", "Link": {"Url": "https://example.org"}})
    fields = world.graph("GET", f"{ratings}/items/1").json()["fields"]
    assert fields["Link"]["Url"] == "https://example.org"
    key = ratings.rsplit("/", 1)[1]
    for address in (
        f"/web/lists(guid'{key}')",
        f"/web/lists('{key}')",
        "/web/GetList('/sites/learning/Lists/Course Ratings')",
    ):
        assert world.rest("GET", f"{address}?$select=ItemCount").json() == {"ItemCount": 1}


def test_a_duplicate_is_told_by_its_number(world: World) -> None:
    ratings = world.ratings()
    world.item(ratings, CourseKey="a")
    refused = world.rest("POST", f"{LIST}/items", {"CourseKey": "a"})
    assert code(refused) == (500, "-2130575169")
    assert "[CourseKey]" in refused.json()["odata.error"]["message"]["value"]


def test_a_site_may_speak_another_language_but_its_numbers_stay(world: World) -> None:
    world.item(world.ratings(), CourseKey="a")
    world.tenant.behaviour.language = "de-DE"
    refused = world.rest("POST", f"{LIST}/items", {"CourseKey": "a"})
    assert code(refused) == (500, "-2130575169")
    assert refused.json()["odata.error"]["message"]["lang"] == "de-DE"
    assert "doppelte Werte" in refused.json()["odata.error"]["message"]["value"]


def test_a_query_works_without_index_until_the_list_is_past_its_threshold(world: World) -> None:
    ratings = world.ratings()
    for key in ("a", "b", "c"):
        world.item(ratings, CourseKey=key, Title=f"Course {key}")
    query = f"{LIST}/items?$filter=Title eq 'Course b'&$select=CourseKey"
    assert world.rest("GET", query).json()["value"] == [{"CourseKey": "b"}]
    world.tenant.behaviour.view_threshold = 2
    assert code(world.rest("GET", query)) == (500, "-2147024860")
    assert world.rest("GET", f"{LIST}/items?$filter=Id gt 2&$select=CourseKey").json()["value"] == [{"CourseKey": "c"}]


def test_items_are_paged_by_the_link_of_the_answer(world: World) -> None:
    ratings = world.ratings()
    for number in range(5):
        world.item(ratings, CourseKey=f"k{number}")
    page = world.rest("GET", f"{LIST}/items?$top=2&$select=Id").json()
    seen = [one["Id"] for one in page["value"]]
    while "odata.nextLink" in page:
        page = world.rest("GET", page["odata.nextLink"].replace("https://contoso.sharepoint.com", world.url)).json()
        seen += [one["Id"] for one in page["value"]]
    assert seen == [1, 2, 3, 4, 5]


def test_a_column_gets_its_formatter_which_graph_cannot_set(world: World) -> None:
    world.ratings()
    field = f"{LIST}/fields/GetByInternalNameOrTitle('LmsAverage')"
    formatter = json.dumps({"elmType": "div", "txtContent": "@currentField"})
    assert world.rest("POST", field, {"CustomFormatter": formatter}, X_HTTP_Method="MERGE").status_code == 204
    assert world.rest("GET", f"{field}?$select=CustomFormatter,FieldTypeKind").json() == {
        "CustomFormatter": formatter,
        "FieldTypeKind": 9,
    }
    refused = world.rest("POST", f"{LIST}/fields", {"Title": "K", "FieldTypeKind": 2, "EnforceUniqueValues": True})
    assert refused.status_code == 500
    assert "must be indexed" in refused.json()["odata.error"]["message"]["value"]


def test_form_values_tell_per_field_what_is_wrong(world: World) -> None:
    ratings = world.ratings()
    world.item(ratings, CourseKey="a")
    values = [{"FieldName": "LmsAverage", "FieldValue": "4"}, {"FieldName": "Nope", "FieldValue": "x"}]
    told = world.rest("POST", f"{LIST}/items(1)/ValidateUpdateListItem", {"formValues": values}).json()["value"]
    assert [one["HasException"] for one in told] == [False, True]
    assert world.rest("GET", f"{LIST}/items(1)?$select=LmsAverage").json() == {"LmsAverage": None}


def test_comments_come_thirty_at_a_time_newest_first_with_their_replies(world: World) -> None:
    comments = commented(world)
    for number in range(31):
        last = world.hand.comment_page("sorting.aspx", f"comment {number}")
    world.hand.reply("sorting.aspx", last, "an answer")
    page = world.rest("GET", f"{comments}?$expand=replies,likedBy").json()
    assert len(page["value"]) == 30
    assert page["value"][0]["text"] == "comment 30"
    assert [one["text"] for one in page["value"][0]["replies"]] == ["an answer"]
    rest = world.rest("GET", page["odata.nextLink"].replace("https://contoso.sharepoint.com", world.url)).json()
    assert [one["text"] for one in rest["value"]] == ["comment 0"]
    assert len(world.rest("GET", f"{comments}?$top=100").json()["value"]) == 31


def test_comments_are_written_as_the_app_answered_and_deleted(world: World) -> None:
    comments = commented(world)
    made = world.rest("POST", comments, {"text": "Hello"}).json()
    assert (made["author"]["name"], made["isReply"]) == ("SharePoint App", False)
    reply = world.rest("POST", f"{comments}({made['id']})/replies", {"text": "Again"}).json()
    assert (reply["parentId"], reply["isReply"]) == (made["id"], True)
    assert world.rest("POST", f"{comments}({reply['id']})/replies", {"text": "x"}).status_code == 400
    assert world.rest("POST", comments, {"text": " "}).status_code == 400
    assert world.rest("DELETE", f"{comments}({reply['id']})").status_code == 200
    assert world.rest("GET", f"{comments}({made['id']})/replies").json()["value"] == []


def test_comments_can_be_turned_off_by_either_interface(world: World) -> None:
    comments = commented(world)
    item = comments.removesuffix("/Comments")
    assert world.rest("POST", f"{item}/SetCommentsDisabled(true)").status_code == 200
    assert world.rest("POST", comments, {"text": "x"}).status_code == 400
    pages = world.graph("GET", f"{world.site_path}/pages").json()["value"]
    assert pages[0]["showComments"] is False
    world.rest("POST", f"{item}/SetCommentsDisabled", {"value": False})
    assert world.rest("POST", comments, {"text": "x"}).status_code == 201


def test_a_page_s_item_is_reached_through_its_file(world: World) -> None:
    page = world.page()
    found = world.rest("GET", f"/web/getfilebyid('{page['id']}')/ListItemAllFields?$select=Id,Title")
    assert found.json() == {"Id": 1, "ID": 1, "Title": "Sorting"}
    by_path = "/web/GetFileByServerRelativePath(decodedurl='/sites/learning/SitePages/sorting.aspx')"
    assert world.rest("GET", f"{by_path}?$select=UniqueId").json() == {"UniqueId": page["id"]}


def test_a_page_is_written_the_undocumented_way(world: World) -> None:
    made = world.rest("POST", "/sitepages/pages", {"PageLayoutType": "Article", "PromotedState": 0}).json()
    address = f"/sitepages/pages({made['Id']})"
    assert world.rest("POST", f"{address}/checkoutpage").json()["IsPageCheckedOutToCurrentUser"] is True
    position = {"zoneIndex": 1, "sectionIndex": 1, "sectionFactor": 12, "controlIndex": 1}
    control = {"controlType": 4, "innerHTML": "<p>a</p><script>x</script>", "position": position}
    body = {"Title": "By REST", "CanvasContent1": json.dumps([control])}
    assert world.rest("POST", f"{address}/savepage", body, If_Match="*").status_code == 200
    assert world.rest("POST", f"{address}/publish").json() == {"value": True}
    page = world.graph("GET", f"{world.site_path}/pages?$filter=title eq 'By REST'").json()["value"][0]
    assert world.read_page(page)["webParts"][0]["innerHtml"] == "<p>a</p>"
    assert page["publishingState"]["level"] == "published"


@pytest.mark.parametrize(("lock", "number"), [("lock_page", "-2147018894"), ("check_out_page", "-2130575306")])
def test_a_page_in_somebody_s_hands_is_told_by_its_number(world: World, lock: str, number: str) -> None:
    world.publish(world.page())
    getattr(world.hand, lock)("sorting.aspx")
    assert code(world.rest("POST", "/sitepages/pages(1)/checkoutpage")) == (423, number)


def test_a_digest_is_not_needed_with_a_token_but_must_be_good_when_sent(world: World) -> None:
    world.ratings()
    digest = world.rest("POST", "/contextinfo").json()["FormDigestValue"]
    assert world.rest("POST", f"{LIST}/items", {"CourseKey": "a"}).status_code == 201
    assert world.rest("POST", f"{LIST}/items", {"CourseKey": "b"}, X_RequestDigest=digest).status_code == 201
    world.tenant.clock.advance(1801)
    assert code(world.rest("POST", f"{LIST}/items", {"CourseKey": "c"}, X_RequestDigest=digest)) == (403, "-2130575251")


def test_a_token_had_for_a_secret_opens_graph_but_not_sharepoint(world: World) -> None:
    world.strength = 1
    assert world.graph("GET", world.site_path).status_code == 200
    assert world.rest("GET", "/web").status_code == 401
    world.tenant.behaviour.secret_for_rest = True
    assert world.rest("GET", "/web").status_code == 200


def test_rights_hold_here_too(world: World) -> None:
    world.ratings()
    world.with_roles("Sites.Selected")
    assert code(world.rest("GET", "/web")) == (403, "-2147024891")
    world.tenant.grant(world.site, APP, "read")
    assert world.rest("GET", "/web/title").json() == {"value": "Learning"}
    assert world.rest("POST", f"{LIST}/items", {"CourseKey": "a"}).status_code == 403


def test_what_was_recycled_can_be_restored(world: World) -> None:
    ratings = world.ratings()
    world.item(ratings, CourseKey="a", Title="Algebra")
    recycled = world.rest("POST", f"{LIST}/items(1)/recycle").json()["value"]
    found = world.rest("GET", "/web/recyclebin").json()["value"]
    assert [(one["Id"], one["Title"]) for one in found] == [(recycled, "Algebra")]
    assert world.rest("POST", f"/web/recyclebin('{recycled}')/restore").status_code == 200
    assert world.rest("GET", f"{LIST}/items(1)?$select=Title").json() == {"Title": "Algebra"}


def test_an_app_has_one_vote_however_often_it_rates(world: World) -> None:
    ratings = world.ratings()
    world.item(ratings, CourseKey="a")
    world.hand.rate_item("Course Ratings", 1, 5)
    key = ratings.rsplit("/", 1)[1]
    rate = "/Microsoft.Office.Server.ReputationModel.Reputation.SetRating(listID=@a,itemID=@b,rating=@c)"
    for _ in range(2):
        answer = world.rest("POST", f"{rate}?@a='{key}'&@b='1'&@c=2")
    assert answer.json() == {"value": 3.5}


def test_a_multipart_batch_is_answered_part_by_part(world: World) -> None:
    world.ratings()
    base = f"https://contoso.sharepoint.com/sites/learning/_api{LIST}/items"
    headers = "Content-Type: application/json;odata=nometadata\r\nAccept: application/json;odata=nometadata"
    parts = "".join(
        f"--change\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        f'POST {base} HTTP/1.1\r\n{headers}\r\n\r\n{{"CourseKey": "{key}"}}\r\n\r\n'
        for key in ("a", "a", "b")
    )
    body = (
        f"--outer\r\nContent-Type: multipart/mixed; boundary=change\r\n\r\n{parts}--change--\r\n\r\n"
        f"--outer\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        f"GET {base}?$select=CourseKey HTTP/1.1\r\nAccept: application/json;odata=nometadata\r\n\r\n\r\n--outer--\r\n"
    )
    answer = world.http.post(
        f"{world.url}/sites/learning/_api/$batch",
        data=body.encode(),
        headers={
            "Authorization": f"Bearer {world.token('https://contoso.sharepoint.com')}",
            "Content-Type": 'multipart/mixed; boundary="outer"',
        },
    )
    lines = [line for line in answer.text.splitlines() if line.startswith("HTTP/1.1")]
    assert [line.split()[1] for line in lines] == ["201", "500", "201", "200"]
    assert '{"value": [{"CourseKey": "a"}, {"CourseKey": "b"}]}' in answer.text


def test_what_verbose_answers_hold_is_known_to_sharepoint_s_metadata(world: World) -> None:
    comments = commented(world)
    world.ratings()
    world.hand.comment_page("sorting.aspx", "x")
    world.rest("POST", f"{LIST}/items", {"CourseKey": "a"})
    for address in (
        "/web",
        "/web/lists",
        LIST,
        f"{LIST}/fields",
        "/sitepages/pages",
        comments,
        "/web/getfilebyserverrelativeurl('/sites/learning/SitePages/sorting.aspx')",
    ):
        body = world.rest("GET", address, dialect="verbose").json()["d"]
        for entity in body.get("results", [body]):
            assert unknown(entity) == [], address


def typed(dialect: str, **values: object) -> Json:
    return {**values, **({"__metadata": {"type": "SP.Data.ListItem"}} if dialect == "verbose" else {})}


def unknown(entity: Json) -> list[str]:
    name = entity["__metadata"]["type"]
    # Of the field types only some are in the slice of the metadata; all of them are fields.
    known, is_open = rest_type(name)
    if name.startswith("SP.Field"):
        known |= rest_type("SP.Field")[0] | {"Choices", "MaxLength"}
    assert known, entity["__metadata"]["type"]
    return [] if is_open else sorted(set(entity) - known - {"__metadata"})


def rest_type(name: str) -> tuple[set[str], bool]:
    root = ElementTree.parse(CONTRACTS / "sharepoint-rest.csdl.xml").getroot()
    names = {name: None}
    known: set[str] = set()
    is_open = False
    for schema in [one for one in root.iter() if one.tag.endswith("}Schema")]:
        for element in schema:
            if f"{schema.get('Namespace')}.{element.get('Name')}" not in names:
                continue
            known |= {one.get("Name") for one in element if one.tag.endswith(("}Property", "}NavigationProperty"))}
            is_open = is_open or element.get("OpenType") == "true"
            if element.get("BaseType"):
                base, base_open = rest_type(element.get("BaseType"))
                known, is_open = known | base, is_open or base_open
    return known, is_open
