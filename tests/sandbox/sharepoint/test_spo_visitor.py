"""What a visitor of the site sees in a browser."""

import re

import pytest
from spo_world import World, canvas

SITE = "/sites/learning"


def look(world: World, path: str, status: int = 200) -> str:
    answer = world.http.get(f"{world.url}{path}")
    assert answer.status_code == status
    policy = "default-src 'none'; img-src 'self' https: data:; style-src 'self'"
    assert answer.headers["Content-Security-Policy"] == policy
    assert "Sandbox: not a real SharePoint" in answer.text
    assert "<script" not in answer.text
    return answer.text


def test_the_home_page_leads_to_news_pages_and_lists(world: World) -> None:
    world.ratings()
    world.publish(world.page("sorting.aspx"))
    world.publish(world.page("question.aspx", title="What is a proof?", promotionKind="newsPost"))
    world.page("draft.aspx", title="Not ready")
    text = look(world, SITE)
    for link in ("SitePages/sorting.aspx", "SitePages/question.aspx", "Lists/Course%20Ratings/AllItems.aspx"):
        assert f'href="/sites/learning/{link}"' in text
    assert text.index("What is a proof?") < text.index("Sorting")
    assert "Not ready" not in text
    assert "1 draft that visitors do not see yet" in text
    for link in re.findall(r'href="([^"#]+)"', text):
        assert world.http.get(world.url + link).status_code == 200, link


def test_a_page_is_shown_with_its_comments(world: World) -> None:
    world.publish(world.page(html="<h2>Why</h2><table><tbody><tr><td>1</td></tr></tbody></table>"))
    comment = world.hand.comment_page("sorting.aspx", "<b>Is it</b> quick?")
    world.hand.reply("sorting.aspx", comment, "It depends.")
    text = look(world, f"{SITE}/SitePages/sorting.aspx")
    assert "<h2>Why</h2><table>" in text
    assert "&lt;b&gt;Is it&lt;/b&gt; quick?" in text
    assert "It depends." in text


def test_a_list_is_shown_as_a_table_and_each_item_with_its_values(world: World) -> None:
    ratings = world.ratings()
    world.item(ratings, CourseKey="a", Title="<Algebra>", LmsAverage=4.5, Open=True)
    text = look(world, f"{SITE}/Lists/Course%20Ratings/AllItems.aspx")
    assert "&lt;Algebra&gt;" in text
    assert "4.50" in text
    item = look(world, f"{SITE}/Lists/Course%20Ratings/DispForm.aspx?ID=1")
    assert "Yes" in item


MISSING = ("/SitePages/none.aspx", "/Lists/None/AllItems.aspx", "/SiteAssets/none.png", "/x/y/z")


@pytest.mark.parametrize("path", MISSING)
def test_an_address_where_nothing_stands_says_so(world: World, path: str) -> None:
    look(world, SITE + path, 404)


def test_a_draft_is_not_shown(world: World) -> None:
    world.page(html="<p>secret</p>")
    assert "secret" not in look(world, f"{SITE}/SitePages/sorting.aspx", 404)


def test_a_row_that_waits_for_approval_is_not_shown(world: World) -> None:
    ratings = world.ratings()
    world.hand.require_approval("Course Ratings")
    world.item(ratings, Title="Algebra", CourseKey="c:1")
    assert "Algebra" not in look(world, f"{SITE}/Lists/Course%20Ratings/AllItems.aspx")
    look(world, f"{SITE}/Lists/Course%20Ratings/DispForm.aspx?ID=1", 404)
    world.hand.approve_item("Course Ratings", 1)
    assert "Algebra" in look(world, f"{SITE}/Lists/Course%20Ratings/AllItems.aspx")
    look(world, f"{SITE}/Lists/Course%20Ratings/DispForm.aspx?ID=1")


def test_text_that_came_in_another_way_is_harmless_too(world: World) -> None:
    from lms_bridge.sandbox.sharepoint.pages import page_library, set_published
    from lms_bridge.sandbox.sharepoint.tenant import PERSON

    world.page()
    item = page_library(world.site).items[1]
    assert item.page is not None
    part = {"@odata.type": "#microsoft.graph.textWebPart", "id": "x", "innerHtml": "<p>a<script>x</script></p>"}
    item.page.canvas = canvas("")
    item.page.canvas["horizontalSections"][0]["columns"][0]["webparts"] = [part]
    set_published(world.tenant, world.site, item, actor=PERSON)
    assert "<p>a</p>" in look(world, f"{SITE}/SitePages/sorting.aspx")


def test_every_web_part_has_something_to_show(world: World) -> None:
    links = {
        "links": [{"key": "items[0].sourceItem.url", "value": "https://example.org"}],
        "searchablePlainTexts": [{"key": "items[0].title", "value": "An example"}],
    }
    parts = [
        {"webPartType": "2161a1c6-db61-4731-b97c-3cdb303f7cbb", "data": {}},
        {"webPartType": "c70391ea-0b10-4ee9-b2b4-006d3fcad0cd", "data": {"serverProcessedContent": links}},
        {"webPartType": "7f718435-ee4d-431c-bdbf-9c4ff326f46e", "data": {"title": "People"}},
    ]
    layout = canvas("")
    layout["horizontalSections"][0]["columns"][0]["webparts"] = parts
    world.publish(world.page(canvasLayout=layout))
    text = look(world, f"{SITE}/SitePages/sorting.aspx")
    assert "<hr>" in text
    assert '<a href="https://example.org">An example</a>' in text
    assert "[People]" in text
