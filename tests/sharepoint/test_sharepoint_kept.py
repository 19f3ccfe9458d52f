"""What people put on a page besides text: read, brought through another text, and written back where it stood."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lms_bridge.connector import Body, Context, Payload
from lms_bridge.errors import Conflict, ContentError
from lms_bridge.items import Kind
from lms_bridge.markup.merge import merge
from lms_bridge.sandbox.sharepoint.canvas import accept_canvas
from lms_bridge.sandbox.sharepoint.clock import Ids
from lms_bridge.sharepoint.canvas import shown
from lms_bridge.sharepoint.image_parts import StoredImage, file_name
from lms_bridge.sharepoint.kept import refuse_loss
from lms_bridge.sharepoint.page_texts import PageForm, adapted, body_of, expected, hidden, page_text
from lms_bridge.sync.digest import body_digest
from lms_bridge.sync.merging import merged

Json = dict[str, Any]
QUICK_LINKS = "c70391ea-0b10-4ee9-b2b4-006d3fcad0cd"
VIDEO = "544dd15b-cf3c-441b-96da-004d5a8cea1d"
IMAGE = "d1d91016-032f-456d-98a4-721247c305e8"
NEWS = "8c88f208-6c77-4bdb-86a0-0c47b4316588"
DIGEST = "b" * 64
OURS = f"https://x.example/{file_name(DIGEST, 'cat.png')}"
IN_SITE = {DIGEST: StoredImage(DIGEST, OURS, file_name(DIGEST, "cat.png"), "s", "w", "l", "u", 3, 4)}


def no_form(item: Any, context: Context, name: str) -> Payload:
    raise NotImplementedError


FORM = PageForm(Kind.PROMPT, no_form, reads_comments=True)
LIKE = Payload(
    key="s:a", kind=Kind.PROMPT, course="BIO-101", title="Why", address="lms-why.aspx", body="<p>Ours.</p>",
    fields={"comments": True, "news": True, "installation": "north"}, fingerprint="f" * 64,
)  # fmt: skip


def text(html: str) -> Json:
    return {"@odata.type": "#microsoft.graph.textWebPart", "id": "t", "innerHtml": html}


def part(kind: str = QUICK_LINKS, title: str = "Quick links", **properties: Any) -> Json:
    """As Graph gives it back after a person saved the page."""
    editors = {"customContentDropSupport": "externallink", "items@odata.type": "#Collection(Edm.String)"}
    return {
        "@odata.type": "#microsoft.graph.standardWebPart",
        "id": "a-guid",
        "webPartType": kind.upper(),
        "data": {
            "dataVersion": "2.0",
            "title": title,
            "description": "",
            "properties": {**editors, **properties},
            "serverProcessedContent": {"htmlStrings": [], "links": [{"key": "u", "value": "https://x.example/"}]},
        },
    }


def picture(url: str = "https://x.example/cat.png", caption: str = "", **properties: Any) -> Json:
    made = part(IMAGE, "Image", **{"imageSourceType": 2, "altText": "A cat", "linkUrl": "", **properties})
    made["data"]["serverProcessedContent"] = {
        "imageSources": [{"key": "imageSource", "value": url}],
        "searchablePlainTexts": [{"key": "captionText", "value": caption}],
    }
    return made


def page(*parts: Json) -> Json:
    return {"horizontalSections": [section([list(parts)])]}


def section(columns: Sequence[Sequence[Json]], layout: str = "oneColumn", emphasis: str = "none") -> Json:
    width = 12 // len(columns)
    made = [{"id": str(at), "width": width, "webparts": list(parts)} for at, parts in enumerate(columns, start=1)]
    return {"id": "1", "layout": layout, "emphasis": emphasis, "columns": made}


def read(layout: Json) -> Body:
    return body_of("Why", layout, FORM, comments=True)


def sent(payload: Payload) -> Json:
    """As the sandbox's Graph takes it: with ids and empty lists added, and refused with what the editor writes."""
    return accept_canvas(Ids(1), json.loads(json.dumps(page_text(payload, IN_SITE).canvas)))


def titles(layout: Json) -> list[str]:
    """What stands on the page, in reading order: words, and titles of other parts."""
    parts = [one for sec in layout["horizontalSections"] for column in sec["columns"] for one in column["webparts"]]
    parts += layout.get("verticalSection", {}).get("webparts", [])
    return [one.get("innerHtml") or one["data"]["title"] for one in parts]


PAGES = {
    "text": page(text("<p>a</p>")),
    "texts side by side": page(text("<ul><li>a</li></ul>"), text("<ul><li>b</li></ul>")),
    "quick links": page(text("<p>a</p>"), part(items=[{"id": 1}]), text("<p>b</p>")),
    "two videos": page(part(VIDEO, "One"), text("<p>a</p>"), part(VIDEO, "Two")),
    "a picture": page(text("<p>a</p>"), picture(), text("<p>b</p>")),
    "the same picture twice": page(picture(caption="One"), picture(caption="Two")),
    "a picture with a link": page(picture(linkUrl="https://x.example/?a=1&b=2")),
    "a picture without address": page(picture("")),
    "a picture at no address": page(picture("https://exa mple:99999/x y.png")),
    "our picture": page(text("<p>a</p>"), picture(OURS)),
    "our picture with a caption": page(picture(OURS), text("<p>a</p>"), picture(OURS, "Look at the cat")),
    "our picture with words on it": page(picture(OURS, overlayText="Meow")),
    "a picture in a text": page(text('<p>a <img src="/sites/x/cat.png" alt="cat"> b</p>')),
    "columns": {"horizontalSections": [section([[text("<p>a</p>")], [part()]], "twoColumns", "soft")]},
    "an empty column": {"horizontalSections": [section([[text("<p>a</p>")], []], "twoColumns")]},
    "sections": {"horizontalSections": [section([[text("<p>a</p>")]]), section([[text("<p>b</p>")]], "fullWidth")]},
    "a side column": {**page(text("<p>a</p>")), "verticalSection": {"emphasis": "soft", "webparts": [part()]}},
    "nothing": page(),
}
EVERY_PAGE = pytest.mark.parametrize("layout", PAGES.values(), ids=PAGES)


# Back again as it was


@EVERY_PAGE
def test_what_was_read_can_be_written_and_is_read_back_the_same(layout: Json) -> None:
    body = read(layout)
    payload = adapted(LIKE, body)
    assert body_digest(expected(payload, FORM)) == body_digest(body)
    assert body_digest(read(sent(payload))) == body_digest(body)


@EVERY_PAGE
def test_everything_but_text_and_title_stays_the_payloads_own(layout: Json) -> None:
    payload = adapted(LIKE, read(layout))
    assert (payload.key, payload.address, payload.fingerprint) == (LIKE.key, LIKE.address, LIKE.fingerprint)
    assert (payload.fields["news"], payload.fields["installation"]) == (True, "north")


@pytest.mark.parametrize("name", ["text", "texts side by side", "our picture", "nothing"])
def test_what_we_write_ourselves_is_no_persons(name: str) -> None:
    assert shown(PAGES[name]).kept == {}


def test_columns_and_sections_keep_their_look() -> None:
    written = sent(adapted(LIKE, read(PAGES["columns"])))
    (only,) = written["horizontalSections"]
    assert (only["layout"], only["emphasis"]) == ("twoColumns", "soft")
    assert [column["width"] for column in only["columns"]] == [6, 6]
    assert [len(column["webparts"]) for column in only["columns"]] == [1, 1]
    written = sent(adapted(LIKE, read(PAGES["sections"])))
    assert [one["layout"] for one in written["horizontalSections"]] == ["oneColumn", "fullWidth"]
    written = sent(adapted(LIKE, read(PAGES["a side column"])))
    assert written["verticalSection"]["emphasis"] == "soft"


PARTS = st.sampled_from(
    [text("<p>a</p>"), text("<h2>b</h2><p>c</p>"), part(), part(VIDEO, "Film"), picture(), picture(OURS, "c")]
)
LAYOUTS = st.lists(
    st.tuples(st.sampled_from([("oneColumn", 1), ("twoColumns", 2), ("threeColumns", 3)]), st.lists(PARTS, max_size=6)),
    max_size=4,
)


@settings(deadline=None, max_examples=80)
@given(LAYOUTS)
def test_pages_that_people_built_come_back_whole(levels: list[tuple[tuple[str, int], list[Json]]]) -> None:
    sections = [section([parts[at::columns] for at in range(columns)], layout) for (layout, columns), parts in levels]
    layout = {"horizontalSections": sections}
    body = read(layout)
    payload = adapted(LIKE, body)
    assert body_digest(expected(payload, FORM)) == body_digest(body)
    assert body_digest(read(sent(payload))) == body_digest(body)
    parts = [one for one in titles(layout) if not one.startswith("<")]
    assert [one for one in titles(sent(payload)) if not one.startswith("<")] == parts


# Through a merge


BASE = "<p>One.</p>\n<p>Two.</p>\n<p>Three.</p>"
NEWER = "<p>One.</p>\n<p>Two.</p>\n<p>Three, and newer.</p>"


def together(layout: Json, ours: str = NEWER) -> list[str]:
    sides = merged(read(page(text(BASE))), read(layout), read(page(text(ours))))
    assert sides.clashes == 0
    return titles(sent(adapted(LIKE, sides.merged)))


def test_a_part_stays_where_it_stood_while_the_text_around_it_follows_the_source() -> None:
    layout = page(text("<p>One.</p>"), part(), text("<p>Two.</p><p>Three.</p>"))
    assert together(layout) == ["<p>One.</p>", "Quick links", "<p>Two.</p>\n<p>Three, and newer.</p>"]


def test_a_column_that_a_person_made_stays_while_the_text_follows_the_source() -> None:
    layout = {"horizontalSections": [section([[text(BASE)], [part(), picture()]], "twoColumns")]}
    sides = merged(read(page(text(BASE))), read(layout), read(page(text(NEWER))))
    (only,) = sent(adapted(LIKE, sides.merged))["horizontalSections"]
    inside = [
        [one.get("innerHtml") or one["data"]["title"] for one in column["webparts"]] for column in only["columns"]
    ]
    assert inside == [[NEWER], ["Quick links", "Image"]]


def test_what_the_text_no_longer_names_comes_to_stand_at_its_end() -> None:
    body = read(page(part(), text("<p>a</p>")))
    lost = Body(title="Why", html="<p>a</p>", fields=body.fields)
    assert titles(sent(adapted(LIKE, lost))) == ["<p>a</p>", "Quick links"]


def test_a_text_without_parts_takes_none_with_it() -> None:
    like = adapted(LIKE, read(PAGES["quick links"]))
    assert titles(sent(adapted(like, read(page(text("<p>a</p>")))))) == ["<p>a</p>"]


def test_the_merge_knows_nothing_of_parts_and_moves_them_all_the_same() -> None:
    theirs = read(page(text("<p>One.</p>"), part(), text("<p>Two.</p><p>Three.</p>"))).html
    assert merge(BASE, theirs, BASE).html == theirs


# What cannot be done


@pytest.mark.parametrize(
    ("layout", "words"),
    [
        (page(part(NEWS, "News")), "“News”"),
        ({"horizontalSections": [section([[text("<p>a</p>")]], "flexible")]}, "sections or columns"),
    ],
    ids=["part", "section"],
)
def test_what_no_program_can_write_is_told_and_not_dropped(layout: Json, words: str) -> None:
    body = read(layout)
    payload = adapted(LIKE, body)
    assert body_digest(expected(payload, FORM)) == body_digest(body)
    with pytest.raises(Conflict) as told:
        page_text(payload, IN_SITE)
    assert words in told.value.problem.cause
    assert told.value.problem.next_step


@pytest.mark.parametrize("name", ["quick links", "a picture", "our picture with a caption", "columns"])
def test_a_text_that_would_drop_something_of_a_persons_is_refused(name: str) -> None:
    standing = shown(PAGES[name]).kept
    refuse_loss(standing, standing)
    with pytest.raises(Conflict):
        refuse_loss(standing, {})


def test_an_image_of_ours_that_left_the_site_is_told() -> None:
    with pytest.raises(ContentError, match="no longer in the site"):
        page_text(adapted(LIKE, read(PAGES["our picture"])), {})


# Hiding


def test_a_hidden_page_shows_the_notice_alone_and_takes_no_comments() -> None:
    like = adapted(LIKE, read(PAGES["quick links"]))
    payload = hidden(like, "<p>Withdrawn.</p>")
    written = page_text(payload, {})
    assert titles(written.canvas) == ["<p>Withdrawn.</p>"]
    assert (written.title, written.comments) == ("Why", False)
    assert written.description.startswith("Withdrawn. · lms-bridge/north prompt ")


# The teaser


def test_a_teaser_says_nothing_of_columns_and_parts() -> None:
    layout = {"horizontalSections": [section([[part()], [text("<p>Words of the page.</p>")]], "twoColumns")]}
    assert page_text(adapted(LIKE, read(layout)), {}).description.startswith("Words of the page. · ")
