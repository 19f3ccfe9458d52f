"""Site pages through Graph: drafts, publishing, cleaning, casts, locks."""

import pytest
from spo_world import Json, World, canvas, error, page_body

IMAGE = "d1d91016-032f-456d-98a4-721247c305e8"


def test_a_page_is_a_draft_until_it_is_published_and_then_a_major_version(world: World) -> None:
    page = world.page()
    assert page["publishingState"]["level"] == "checkout"
    assert page["publishingState"]["versionId"] == "0.1"
    assert "canvasLayout" not in page
    assert world.publish(page).status_code == 204
    assert world.read_page(page)["publishingState"] == {"level": "published", "versionId": "1.0"}
    changed = change(world, page, title="Sorting things").json()
    assert changed["publishingState"]["versionId"] == "1.1"
    world.publish(page)
    assert world.read_page(page)["publishingState"]["versionId"] == "2.0"
    tag = world.read_page(page)["eTag"]
    assert tag.startswith('"{' + page["id"].upper() + "},")


def test_readers_see_the_last_published_text_while_a_draft_is_written(world: World) -> None:
    page = world.page(html="<p>old</p>")
    world.publish(page)
    change(world, page, canvasLayout=canvas("<p>new</p>"))
    text = world.http.get(f"{world.url}/sites/learning/SitePages/sorting.aspx").text
    assert "old" in text
    assert "new" not in text


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("<h2>A</h2><p>b <strong>c</strong></p>", "<h2>A</h2><p>b <strong>c</strong></p>"),
        ("<p>a<script>alert(1)</script></p>", "<p>a</p>"),
        ('<p onclick="x()">a</p>', "<p>a</p>"),
        ('<p style="color:red;text-align:center">a</p>', '<p style="text-align:center">a</p>'),
        ('<p style="color:red">a</p>', "<p>a</p>"),
        ('<iframe src="https://example.org"></iframe><p>a</p>', "<p>a</p>"),
        ('<form><input name="a">b</form><p>c</p>', "<p>c</p>"),
        ('<a href="javascript:x()">a</a>', "<a>a</a>"),
        ('<h2 id="top">a</h2>', "<h2>a</h2>"),
        ('<td colspan="2">a</td>', "a"),
        (
            '<table><tbody><tr><td colspan="2">a</td></tr></tbody></table>',
            '<table><tbody><tr><td colspan="2">a</td></tr></tbody></table>',
        ),
    ],
)
def test_text_is_cleaned_when_it_is_stored(world: World, sent: str, kept: str) -> None:
    assert texts(world.read_page(world.page(html=sent))) == [kept]


def test_content_needs_the_cast_in_the_address(world: World) -> None:
    page = world.page()
    address = f"{world.site_path}/pages/{page['id']}"
    refused = world.graph("GET", f"{address}?$expand=canvasLayout")
    assert "Could not find a property named 'canvasLayout'" in refused.json()["error"]["message"]
    refused = world.graph("PATCH", address, {"@odata.type": "#microsoft.graph.sitePage", "title": "x"})
    assert refused.status_code == 400
    assert refused.json()["error"]["innerError"]["code"] == "apiNotFound"
    for cast in ("graph.sitePage", "microsoft.graph.sitePage"):
        assert world.graph("GET", f"{address}/{cast}?$expand=canvasLayout").status_code == 200


@pytest.mark.parametrize("kind", ["#microsoft.graph.sitePage", "microsoft.graph.sitePage", "#microsoft.graph.SitePage"])
def test_a_body_may_name_its_type_in_each_way_that_clients_do(world: World, kind: str) -> None:
    body = {**page_body("a.aspx", "<p>a</p>"), "@odata.type": kind}
    assert world.graph("POST", f"{world.site_path}/pages", body).status_code == 201


@pytest.mark.parametrize(
    "more",
    [
        {"@odata.type": None},
        {"name": "sorting"},
        {"name": "a*b.aspx"},
        {"title": ""},
        {"pageLayout": "newspaper"},
        {"promotionKind": "headline"},
        {"showComments": "yes"},
        {"titleArea": {"layout": "huge"}},
        {"canvasLayout": {"horizontalSections": [{"layout": "oneColumn", "columns": [{"width": 13}]}]}},
        {"canvasLayout": {"horizontalSections": [{"layout": "oneColumn", "columns": [{}, {}]}]}},
        {"canvasLayout": {"rows": []}},
    ],
    ids=lambda more: next(iter(more)) + str(len(str(more))),
)
def test_a_page_that_cannot_be_is_refused(world: World, more: Json) -> None:
    body = {**page_body("a.aspx", "<p>a</p>"), **more}
    assert error(world.graph("POST", f"{world.site_path}/pages", body)) == (400, "invalidRequest")
    assert world.graph("GET", f"{world.site_path}/pages").json()["value"] == []


@pytest.mark.parametrize(
    "part",
    [
        {"webPartType": "11111111-1111-1111-1111-111111111111", "data": {}},
        {"innerHtml": "<p>a</p>", "customContentDropSupport": "external"},
        {"text": "a"},
    ],
    ids=["not listed", "the browser's own field", "neither kind"],
)
def test_a_web_part_that_graph_does_not_take_is_refused(world: World, part: Json) -> None:
    body = page_body("a.aspx", "<p>a</p>")
    body["canvasLayout"]["horizontalSections"][0]["columns"][0]["webparts"] = [part]
    assert error(world.graph("POST", f"{world.site_path}/pages", body)) == (400, "invalidRequest")


def test_an_image_web_part_keeps_where_its_image_is(world: World) -> None:
    body = page_body("a.aspx", "<p>a</p>")
    data = {
        "properties": {"imageSourceType": 2, "altText": "A tree", "imgWidth": 5},
        "serverProcessedContent": {
            "imageSources": [{"key": "imageSource", "value": "/sites/learning/SiteAssets/a.png"}],
            "customMetadata": [{"key": "imageSource", "value": {"siteid": "x"}}],
        },
    }
    body["canvasLayout"]["horizontalSections"][0]["columns"][0]["webparts"] = [{"webPartType": IMAGE, "data": data}]
    page = world.graph("POST", f"{world.site_path}/pages", body).json()
    world.publish(page)
    part = world.read_page(page)["webParts"][0]
    assert part["data"]["properties"]["altText"] == "A tree"
    shown = world.http.get(f"{world.url}/sites/learning/SitePages/a.aspx").text
    assert '<img src="/sites/learning/SiteAssets/a.png" alt="A tree">' in shown


def test_the_parts_of_a_page_can_be_asked_for_one_by_one(world: World) -> None:
    page = world.page(html="<p>a</p>")
    cast = f"{world.site_path}/pages/{page['id']}/microsoft.graph.sitePage"
    part = world.graph("GET", f"{cast}/webParts").json()["value"][0]
    assert world.graph("GET", f"{cast}/webParts/{part['id']}").json()["innerHtml"] == "<p>a</p>"
    assert world.graph("GET", f"{cast}/canvasLayout").json()["horizontalSections"]
    section = f"{cast}/canvasLayout/horizontalSections/1"
    assert world.graph("GET", section).json()["layout"] == "oneColumn"
    assert world.graph("GET", f"{section}/columns/1/webparts").json()["value"][0]["id"] == part["id"]
    where = {"horizontalSectionId": 1, "columnId": 1, "webPartIndex": 1}
    address = f"{cast}/getWebPartsByPosition"
    headers = {"Authorization": f"Bearer {world.token()}"}
    found = world.http.post(f"{world.url}/v1.0{address}", json=where, headers=headers).json()
    assert [one["id"] for one in found["value"]] == [part["id"]]


def test_a_page_keeps_its_name_and_a_news_post_stays_one(world: World) -> None:
    page = world.page(promotionKind="newsPost")
    assert error(change(world, page, name="other.aspx")) == (400, "invalidRequest")
    assert error(change(world, page, promotionKind="page")) == (400, "invalidRequest")
    other = world.page("other.aspx")
    assert change(world, other, promotionKind="newsPost").json()["promotionKind"] == "newsPost"


def test_a_page_is_renamed_as_a_file(world: World) -> None:
    page = world.page()
    item = f"{world.site_path}/lists/Site Pages/items/1/driveItem"
    assert world.graph("PATCH", item, {"name": "order.aspx"}).json()["name"] == "order.aspx"
    assert world.read_page(page)["webUrl"].endswith("/SitePages/order.aspx")
    world.page()
    assert error(world.graph("PATCH", item, {"name": "sorting.aspx"})) == (409, "nameAlreadyExists")


def test_a_taken_page_name_is_refused_or_numbered_as_the_switch_says(world: World) -> None:
    world.page()
    refused = world.graph("POST", f"{world.site_path}/pages", page_body("Sorting.aspx", "<p>a</p>"))
    assert error(refused) == (409, "nameAlreadyExists")
    world.tenant.behaviour.duplicate_page_names = "number"
    assert world.page()["name"] == "sorting(1).aspx"


def test_pages_are_found_by_name_and_by_kind(world: World) -> None:
    world.page("a.aspx")
    world.page("b.aspx", promotionKind="newsPost")
    pages = f"{world.site_path}/pages"
    assert names(world, f"{pages}?$filter=name eq 'b.aspx'") == ["b.aspx"]
    assert names(world, f"{pages}/microsoft.graph.sitePage?$filter=promotionKind eq 'newsPost'") == ["b.aspx"]
    assert world.graph("GET", f"{pages}?$filter=promotionKind eq 'newsPost'").status_code == 400
    first = world.graph("GET", f"{pages}?$top=1").json()
    assert [one["name"] for one in first["value"]] == ["a.aspx"]
    assert names(world, first["@odata.nextLink"]) == ["b.aspx"]


def test_a_page_that_a_person_has_open_is_locked_until_it_is_closed(world: World) -> None:
    page = world.page()
    world.publish(page)
    world.hand.lock_page("sorting.aspx")
    for refused in (change(world, page, title="x"), world.publish(page), delete(world, page)):
        assert error(refused) == (423, "resourceLocked")
    assert "locked for shared use by renee@contoso.example" in refused.json()["error"]["message"]
    world.hand.unlock_page("sorting.aspx")
    world.hand.check_out_page("sorting.aspx")
    assert "checked out for editing" in change(world, page, title="x").json()["error"]["message"]
    world.hand.check_in_page("sorting.aspx")
    assert change(world, page, title="x").status_code == 200


def test_with_an_approval_flow_a_published_page_waits_for_a_person(world: World) -> None:
    world.hand.require_approval()
    page = world.page()
    assert world.publish(page).status_code == 204
    assert world.read_page(page)["publishingState"] == {"level": "draft", "versionId": "0.1"}
    world.hand.approve_page("sorting.aspx")
    assert world.read_page(page)["publishingState"]["versionId"] == "1.0"


def test_a_person_editing_a_page_moves_its_etag_and_leaves_what_the_editor_keeps(world: World) -> None:
    page = world.page(html="<p>ours</p>")
    world.publish(page)
    before = world.read_page(page)["eTag"]
    world.hand.edit_page("sorting.aspx", '<h1>Theirs</h1><p>b<img src="https://example.org/a.png"></p>')
    after = world.read_page(page)
    assert after["eTag"] != before
    assert after["lastModifiedBy"]["user"]["displayName"] == "Renée Example"
    assert texts(after) == ["<h2>Theirs</h2><p>b</p>"]
    refused = change(world, page, {"If-Match": before}, title="x")
    assert error(refused) == (412, "resourceModified")
    assert delete(world, page, If_Match=before).status_code == 412
    assert delete(world, page, If_Match=after["eTag"]).status_code == 204


def test_what_the_editor_writes_into_a_web_part_is_not_taken_back(world: World) -> None:
    page = world.page(html="<p>ours</p>")
    world.publish(page)
    world.hand.add_part("sorting.aspx", "c70391ea-0b10-4ee9-b2b4-006d3fcad0cd", properties={"items": [{"id": 1}]})
    cast = f"{world.site_path}/pages/{page['id']}/microsoft.graph.sitePage?$expand=canvasLayout"
    layout = world.graph("GET", cast).json()["canvasLayout"]
    part = layout["horizontalSections"][0]["columns"][0]["webparts"][1]
    assert part["data"]["title"] == "Quick Links"
    assert error(change(world, page, canvasLayout=layout)) == (400, "invalidRequest")
    del part["data"]["properties"]["customContentDropSupport"]
    assert change(world, page, canvasLayout=layout).status_code == 200


def test_reactions_are_counted_without_asking_sharepoint_itself(world: World) -> None:
    page = world.page()
    world.publish(page)
    first = world.hand.comment_page("sorting.aspx", "Why?")
    world.hand.reply("sorting.aspx", first, "Because.")
    world.hand.like_page("sorting.aspx")
    world.hand.like_page("sorting.aspx")
    reactions = world.read_page(page)["reactions"]
    assert reactions == {"commentCount": 2, "likeCount": 1, "shareCount": 0}


def test_some_pages_made_by_hand_cannot_be_read(world: World) -> None:
    page = world.page()
    world.hand.break_page("sorting.aspx")
    cast = f"{world.site_path}/pages/{page['id']}/microsoft.graph.sitePage"
    assert error(world.graph("GET", f"{cast}?$expand=canvasLayout")) == (500, "generalException")
    assert world.graph("GET", cast).status_code == 200


def change(world: World, page: Json, headers: Json | None = None, **values: object):  # type: ignore[no-untyped-def]
    body = {"@odata.type": "#microsoft.graph.sitePage", **values}
    address = f"{world.site_path}/pages/{page['id']}/microsoft.graph.sitePage"
    return world.graph("PATCH", address, body, **(headers or {}))


def delete(world: World, page: Json, **headers: str):  # type: ignore[no-untyped-def]
    return world.graph("DELETE", f"{world.site_path}/pages/{page['id']}", **headers)


def names(world: World, address: str) -> list[str]:
    return [one["name"] for one in world.graph("GET", address).json()["value"]]


def texts(page: Json) -> list[str]:
    return [part["innerHtml"] for part in page["webParts"] if "innerHtml" in part]
