"""Wiki pages and prompts in a real site library: drafts, locks, approvals, copies, and what is sent on the wire."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sharepoint_world import PERSON, World

from lms_bridge.connector import Action, Level, Status
from lms_bridge.items import Course, Item, Kind, Page, mark
from lms_bridge.sandbox.sharepoint import Actor, Hand
from lms_bridge.sandbox.sharepoint.model import Page as SandboxPage
from lms_bridge.sandbox.sharepoint.pages import create_page, set_published
from lms_bridge.sharepoint.destination import SharePointSite
from lms_bridge.sharepoint.marker import marker_in
from lms_bridge.sync.report import summary_of
from lms_bridge.testing.bench import LEAVE, Bench
from lms_bridge.testing.sample import make_image, make_item, make_page, make_prompt

COURSE = Course("BIO-101", "Cell Biology")


@pytest.fixture
def site(world: World) -> Iterator[SharePointSite]:
    site = world.open()
    yield site
    site.close()


@pytest.fixture
def bench(site: SharePointSite, tmp_path: Path) -> Bench:
    bench = Bench(site, tmp_path)
    bench.fill(page())
    return bench


def page(words: str = "First words.", **more: object) -> Page:
    item = make_item(Kind.PAGE, COURSE, words=words)
    assert isinstance(item, Page)
    # Itself the course's index, so that no other page is made beside it.
    return replace(item, **{"index": True, **more})  # type: ignore[arg-type]


def only_page(world: World) -> SandboxPage:
    (item,) = world.pages()
    assert item.page is not None
    return item.page


def parts_of(world: World, name: str) -> list[dict[str, Any]]:
    made = world.page(name).page
    assert made is not None
    return list(made.canvas["horizontalSections"][0]["columns"][0]["webparts"])


def writes(world: World) -> int:
    """By the sandbox's own count, in batches or alone."""
    return sum(
        number for call, number in world.tenant.calls.items() if not call.startswith("GET ") and call != "POST /$batch"
    )


# What is sent


def test_a_page_is_made_with_its_whole_canvas_and_then_published(world: World, bench: Bench) -> None:
    bench.sync()
    body = json.loads(next(body for path, _, body in world.recorder.of("POST", "/pages") if path.endswith("/pages")))
    description = body.pop("description")
    html = body["canvasLayout"]["horizontalSections"][0]["columns"][0]["webparts"][0].pop("innerHtml")
    assert body == {
        "@odata.type": "#microsoft.graph.sitePage",
        "name": f"lms-bio-101-sample-page-one-{mark(page().key)[:6]}.aspx",
        "title": "Sample page one",
        "pageLayout": "article",
        "promotionKind": "page",
        "showComments": True,
        "showRecommendedPages": False,
        "titleArea": {
            "layout": "plain",
            "showAuthor": False,
            "showPublishedDate": True,
            "showTextBlockAboveTitle": False,
            "textAlignment": "left",
        },
        "canvasLayout": {
            "horizontalSections": [
                {
                    "layout": "oneColumn",
                    "id": "1",
                    "emphasis": "none",
                    "columns": [
                        {"id": "1", "width": 12, "webparts": [{"@odata.type": "#microsoft.graph.textWebPart"}]}
                    ],
                }
            ]
        },
    }
    assert html.startswith("<p>First words.</p>")
    assert description.startswith("First words.")
    (publish,) = [(path, body) for path, _, body in world.recorder.of("POST", "/publish")]
    assert publish[0].endswith("/microsoft.graph.sitePage/publish")
    assert publish[1] == b""


def test_a_change_names_the_version_that_it_changes(world: World, bench: Bench) -> None:
    bench.sync()
    standing = bench.entry(page().key)
    bench.change(page("Better words."))
    bench.sync()
    ((path, headers, body),) = world.recorder.of("PATCH", "/pages/")
    assert path.endswith(f"/pages/{standing.ref}/microsoft.graph.sitePage")
    assert headers["if-match"] == standing.version
    assert set(json.loads(body)) == {"@odata.type", "title", "description", "showComments", "canvasLayout"}


@pytest.mark.parametrize("uploads", [0, 1], ids=["words", "with an image"])
def test_a_new_page_takes_two_write_calls_a_changed_one_two_and_an_unchanged_one_none(
    world: World, bench: Bench, uploads: int
) -> None:
    image = make_image()
    shown = f'<p><img src="asset:{image.digest}" alt="A dot"></p>' * uploads
    for words, expected in (("First words.", 2 + uploads), ("Better words.", 2), ("Better words.", 0)):
        bench.fill(page(body=f"<p>{words}</p>{shown}", assets=(image,) * uploads))
        before = writes(world)
        assert bench.sync().failures == ()
        assert writes(world) - before == expected


def test_a_prompt_is_a_news_post_with_comments(world: World, bench: Bench) -> None:
    bench.fill(make_prompt(COURSE, "why"))
    bench.sync()
    made = only_page(world)
    assert (made.promotion, made.show_comments, made.major) == ("newsPost", True, 1)


def test_every_call_says_who_calls_and_asks_for_answers_without_annotations(world: World, bench: Bench) -> None:
    bench.sync()
    agents = {h["user-agent"] for path, h, _ in world.recorder.of("GET", "/pages")}
    assert all(agent.startswith("NONISV|lms-bridge|lms-bridge/") for agent in agents)
    reads = world.recorder.of("GET", "$expand=canvasLayout")
    assert {headers["accept"] for _, headers, _ in reads} == {"application/json;odata.metadata=none"}


# People see what was written


def test_the_first_words_are_the_teaser_and_the_marker_comes_after_them(world: World, bench: Bench) -> None:
    bench.sync()
    description = only_page(world).description
    assert description.startswith("First words. · lms-bridge page ")
    found = marker_in(description)
    assert found is not None
    assert (found.kind, found.mark) == (Kind.PAGE, mark(page().key))


def test_the_last_paragraph_leads_to_the_source(world: World, bench: Bench) -> None:
    bench.fill(page(url="https://wiki.example/cells?a=1&b=2", tags=("cells", "exam")))
    bench.sync()
    text = only_page(world).canvas["horizontalSections"][0]["columns"][0]["webparts"][-1]["innerHtml"]
    assert text.endswith('<p>Tags: cells, exam</p>\n<p><a href="https://wiki.example/cells?a=1&amp;b=2">Source</a></p>')


def test_links_lead_to_pages_by_their_address_and_to_ratings_by_their_list(world: World, bench: Bench) -> None:
    world.provision()
    other = make_page(COURSE, "other", "<p>x</p>", title="Other")
    rating = make_item(Kind.RATING, COURSE)
    links = f'<p><a href="item:{other.key}">other</a> <a href="item:{rating.key}">stars</a></p>'
    bench.fill(page(body=links), other, rating)
    bench.sync()
    html = bench.place(page().key).read(bench.entry(page().key)).html
    name = bench.entry(other.key).name
    assert f'<a href="/sites/learning/SitePages/{name}">other</a>' in html
    assert f'<a href="{world.server.url}/sites/learning/Lists/Course%20Ratings">stars</a>' in html


def test_an_image_is_uploaded_once_and_placed_with_the_ids_of_its_file(world: World, bench: Bench) -> None:
    image = make_image()
    shown = f'<p>Before <img src="asset:{image.digest}" alt="A dot"> after</p>'
    second = make_page(COURSE, "second", shown, title="Second", assets=(image,))
    bench.fill(page(body=shown, assets=(image,)), second)
    bench.sync()
    assert len(world.recorder.of("PUT", "/content")) == 1
    parts = parts_of(world, bench.entry(second.key).name)
    assert [part["@odata.type"].rsplit(".", 1)[1] for part in parts] == [
        "textWebPart",
        "standardWebPart",
        "textWebPart",
    ]
    data = parts[1]["data"]
    assert data["properties"]["altText"] == "A dot"
    assert all(data["properties"][name] for name in ("siteId", "webId", "listId", "uniqueId", "imgWidth"))
    assert data["serverProcessedContent"]["imageSources"][0]["value"].endswith(f"lmsb-{image.digest}.png")
    assert data["serverProcessedContent"]["customMetadata"][0]["value"]["listId"] == data["properties"]["listId"]


def test_an_image_that_stands_there_already_is_not_sent_again(world: World, tmp_path: Path) -> None:
    image = make_image()
    for name in ("first", "second"):
        site = world.open()
        bench = Bench(site, tmp_path / name)
        (tmp_path / name).mkdir()
        bench.fill(make_page(COURSE, name, f'<img src="asset:{image.digest}" alt="x">', assets=(image,)))
        bench.sync()
        site.close()
    assert len(world.recorder.of("PUT", "/content")) == 1


def test_without_images_their_descriptions_stand(world: World, tmp_path: Path) -> None:
    image = make_image()
    site = world.open(pages={"images": False})
    bench = Bench(site, tmp_path)
    bench.fill(page(body=f'<p>See <img src="asset:{image.digest}" alt="A dot">.</p>', assets=(image,)))
    bench.sync()
    assert "[A dot]" in bench.place(page().key).read(bench.entry(page().key)).html
    assert world.recorder.of("PUT", "/content") == []
    site.close()


# Cut off in the middle


def test_a_page_that_was_made_but_not_published_is_published_by_the_next_run(world: World, bench: Bench) -> None:
    world.fault("status", method="POST", path="/publish", status=500, times=20)
    bench.sync()
    assert only_page(world).major == 0
    world.server.sandbox.faults.clear()
    bench.sync()
    assert only_page(world).major == 1
    assert len(world.pages()) == 1
    assert summary_of([bench.sync()])["created"] == 0
    assert bench.plan(LEAVE).pending == ()


def test_a_draft_whose_source_changed_meanwhile_is_brought_up_to_date(world: World, bench: Bench) -> None:
    world.fault("status", method="POST", path="/publish", status=500, times=20)
    bench.sync()
    world.server.sandbox.faults.clear()
    bench.change(page("Newer words."))
    bench.sync(LEAVE)
    made = only_page(world)
    assert made.major == 1
    assert "Newer words." in json.dumps(made.published)
    assert bench.plan(LEAVE).pending == ()


def test_a_change_that_was_written_but_not_published_is_published_by_the_next_run(world: World, bench: Bench) -> None:
    bench.sync(LEAVE)
    bench.change(page("Better words."))
    world.fault("status", method="POST", path="/publish", status=500, times=20)
    bench.sync(LEAVE)
    assert "Better words." not in json.dumps(only_page(world).published)
    world.server.sandbox.faults.clear()
    report = bench.sync(LEAVE)
    assert report.conflicts == ()
    assert "Better words." in json.dumps(only_page(world).published)
    assert bench.plan(LEAVE).pending == ()


TROUBLES = [
    {"kind": "drop", "method": "POST", "path": "/pages"},
    {"kind": "truncate", "method": "POST", "path": "/pages"},
    {"kind": "refuse", "method": "POST", "path": "/pages"},
    {"kind": "status", "method": "POST", "path": "/pages", "status": 500},
    {"kind": "status", "method": "POST", "path": "/pages", "status": 503, "retry_after": "3"},
    {"kind": "status", "method": "POST", "path": "/pages", "status": 429, "retry_after": "3"},
    {"kind": "drop", "method": "POST", "path": "/publish"},
    {"kind": "status", "method": "POST", "path": "/publish", "status": 502},
    {"kind": "drop", "method": "GET", "path": "/pages", "times": 2},
    {"kind": "status", "method": "GET", "path": "/pages", "status": 500, "times": 3},
    {"kind": "status", "method": "GET", "path": "/sites/127", "status": 504, "times": 2},
]


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda t: "-".join(str(value).strip("/") for value in t.values()))
def test_one_trouble_on_the_way_leaves_one_published_page(world: World, bench: Bench, trouble: dict[str, Any]) -> None:
    world.fault(**trouble)
    assert summary_of([bench.sync(LEAVE)])["created"] == 1
    assert world.server.sandbox.faults.pending() == []
    assert only_page(world).major == 1
    assert bench.plan(LEAVE).pending == ()


@pytest.mark.parametrize(
    ("kind", "status"), [("drop", 0), ("truncate", 0), ("refuse", 0), ("status", 500), ("status", 503)]
)
def test_a_change_with_a_trouble_on_the_way_stands_once(world: World, bench: Bench, kind: str, status: int) -> None:
    bench.sync(LEAVE)
    bench.change(page("Better words."))
    world.fault(kind, method="PATCH", path="/pages/", **({"status": status} if status else {}))
    assert summary_of([bench.sync(LEAVE)])["updated"] == 1
    assert "Better words." in json.dumps(only_page(world).published)
    assert only_page(world).major == 2
    assert bench.plan(LEAVE).pending == ()


def test_publishing_that_stumbles_over_its_own_change_is_tried_again(world: World, bench: Bench) -> None:
    answer = json.dumps({"error": {"code": "resourceModified", "message": "x"}})
    world.fault("status", method="POST", path="/publish", status=412, answer=answer)
    assert summary_of([bench.sync()])["created"] == 1
    assert only_page(world).major == 1


def test_a_name_that_sharepoint_numbers_by_itself_is_taken_back(world: World, bench: Bench) -> None:
    world.tenant.behaviour.duplicate_page_names = "number"
    plan = bench.plan()
    (change,) = [c for c in plan.changes if c.key == page().key]
    assert change.payload is not None
    with world.tenant.lock:
        taken = create_page(world.tenant, world.site, change.payload.address, SandboxPage("Somebody's"), actor=PERSON)
        set_published(world.tenant, world.site, taken, actor=PERSON)
    place = plan.places[change.place.id]
    (outcome,) = place.write([change])
    assert outcome.status is Status.CONFLICT
    assert [item.name for item in world.pages()] == [change.payload.address]


# People at work


@pytest.mark.parametrize(
    ("status", "code"),
    [(423, "resourceLocked"), (409, "notAllowed"), (409, "resourceLocked"), (400, "lockMismatch")],
)
def test_a_page_that_a_person_has_open_is_left_for_the_next_run(
    world: World, bench: Bench, status: int, code: str
) -> None:
    world.tenant.behaviour.lock_status, world.tenant.behaviour.lock_code = status, code
    bench.sync(LEAVE)
    name = bench.entry(page().key).name
    world.hand.lock_page(name)
    bench.change(page("Better words."))
    place = bench.plan(LEAVE)
    (change,) = place.changes
    (outcome,) = place.places[change.place.id].write([change])
    assert outcome.status is Status.CONFLICT
    assert outcome.problem is not None
    assert "open" in outcome.problem.cause or "not allow" in outcome.problem.cause
    world.hand.unlock_page(name)
    assert summary_of([bench.sync(LEAVE)])["updated"] == 1


def test_a_site_that_wants_an_approval_gets_the_page_once_and_is_not_written_again(world: World, bench: Bench) -> None:
    world.hand.require_approval()
    report = bench.sync(LEAVE)
    assert summary_of([report])["created"] == 1
    (outcome,) = report.done
    assert outcome.problem is not None
    assert "approval" in outcome.problem.cause
    assert bench.plan(LEAVE).pending == ()


def test_a_page_is_known_to_wait_until_somebody_on_the_site_approves_it(world: World, bench: Bench) -> None:
    world.hand.require_approval()
    bench.sync(LEAVE)
    (record,) = bench.records()
    assert record.unseen
    world.hand.approve_page(record.name)
    bench.sync(LEAVE)
    (record,) = bench.records()
    assert not record.unseen


@pytest.mark.parametrize("who", [PERSON, Actor("Another app", app_id="another-app")], ids=["person", "app"])
def test_a_draft_that_somebody_else_works_on_is_left_alone(world: World, bench: Bench, who: Actor) -> None:
    bench.sync(LEAVE)
    name = bench.entry(page().key).name
    Hand(world.tenant, person=who).edit_page(name, "<p>Not ready yet.</p>", publish=False)
    bench.sync(LEAVE)
    bench.change(page("Better words."))
    assert [change.key for change in bench.sync(LEAVE).conflicts] == [page().key]
    assert only_page(world).minor == 1


def test_comments_and_likes_are_no_change(world: World, bench: Bench) -> None:
    bench.sync(LEAVE)
    name = bench.entry(page().key).name
    world.hand.comment_page(name, "Nice")
    world.hand.like_page(name)
    assert bench.plan(LEAVE).pending == ()


def test_a_copy_that_a_person_made_is_not_taken_for_ours(world: World, bench: Bench) -> None:
    bench.sync()
    original = world.page(bench.entry(page().key).name).page
    assert original is not None
    with world.tenant.lock:
        copy = create_page(world.tenant, world.site, "Copy-of-it.aspx", replace(original), actor=PERSON)
        set_published(world.tenant, world.site, copy, actor=PERSON)
    assert len(bench.entries(page().key)) == 1
    assert bench.plan(LEAVE).pending == ()


def test_links_follow_a_page_that_a_person_renamed(world: World, bench: Bench) -> None:
    other = make_page(COURSE, "other", "<p>x</p>", title="Other")
    bench.fill(page(body=f'<p><a href="item:{other.key}">other</a></p>'), other)
    bench.sync(LEAVE)
    world.hand.rename_page(bench.entry(other.key).name, "Renamed.aspx")
    bench.sync(LEAVE)
    html = bench.place(page().key).read(bench.entry(page().key)).html
    assert '<a href="/sites/learning/SitePages/Renamed.aspx">other</a>' in html
    assert bench.plan(LEAVE).pending == ()
    bench.lose_state()
    assert summary_of([bench.sync(LEAVE)])["created"] == 0


def test_a_page_whose_description_a_person_emptied_is_still_recognised(world: World, bench: Bench) -> None:
    bench.sync()
    only_page(world).description = ""
    bench.lose_state()
    assert summary_of([bench.sync(LEAVE)])["adopted"] == 1


def test_a_part_that_a_person_added_is_not_dropped_by_a_merge(world: World, bench: Bench) -> None:
    bench.sync(LEAVE)
    made = only_page(world)
    parts = made.canvas["horizontalSections"][0]["columns"][0]["webparts"]
    parts.append({"@odata.type": "#microsoft.graph.standardWebPart", "webPartType": "x", "data": {"title": "Video"}})
    bench.change(page("Better words."))
    (change,) = bench.plan(LEAVE).changes
    (outcome,) = bench.place(page().key).write([replace(change, action=Action.MERGE)])
    assert outcome.status is Status.CONFLICT
    assert "Video" in bench.place(page().key).read(bench.entry(page().key)).html


def test_a_closed_prompt_takes_no_more_comments(world: World, bench: Bench) -> None:
    prompt = make_prompt(COURSE, "why", close=bench.now + timedelta(days=1))
    bench.fill(prompt)
    bench.sync()
    bench.now += timedelta(days=2)
    assert summary_of([bench.sync()])["updated"] == 1
    assert only_page(world).show_comments is False
    assert bench.plan(LEAVE).pending == ()


def test_a_pinned_prompt_is_told_to_be_impossible(bench: Bench) -> None:
    prompt = make_prompt(COURSE, "why")
    bench.fill(replace(prompt, pinned=True))
    (change,) = bench.plan().changes
    assert change.payload is not None
    assert [notice.cause for notice in change.payload.notices] == [
        "SharePoint cannot pin a page; it stands among the others"
    ]


# Bad items cost themselves


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (page(title="  "), "no title"),
        (page("x" * 1_000_001), "characters"),
        (page(body="".join(f'<p>w</p><img src="asset:{i:064x}" alt="i">' for i in range(60))), "parts"),
    ],
)
def test_an_item_that_cannot_stand_here_costs_only_itself(world: World, bench: Bench, item: Item, words: str) -> None:
    good = make_page(COURSE, "good", "<p>x</p>", title="Good")
    bench.fill(item, good)
    report = bench.sync()
    (failure,) = report.failures
    assert failure.key == item.key
    assert words in failure.problem.cause
    assert failure.problem.next_step
    assert len(bench.entries(good.key)) == 1


def test_an_image_that_cannot_be_read_costs_only_its_page(world: World, bench: Bench) -> None:
    image = make_image()

    def gone() -> bytes:
        raise FileNotFoundError(2, "No such file or directory")

    bench.fill(page(body=f'<img src="asset:{image.digest}" alt="x">', assets=(replace(image, load=gone),)))
    report = bench.sync()
    (failure,) = report.failures
    assert "cannot be read" in failure.problem.cause
    assert world.pages() == []


def test_the_index_page_leads_to_everything_of_the_course(world: World, bench: Bench) -> None:
    world.provision()
    items: list[Item] = [page(), make_prompt(COURSE, "why"), make_item(Kind.RATING, COURSE)]
    items[0] = replace(page(), index=False)
    bench.fill(*items)
    bench.sync()
    (door,) = [item for item in world.pages() if item.page is not None and item.page.title == "Cell Biology"]
    html = parts_of(world, door.name)[0]["innerHtml"]
    names = [item.name for item in world.pages() if item is not door]
    assert all(f"/sites/learning/SitePages/{name}" in html for name in names)
    assert "/Lists/Course%20Ratings" in html


def test_its_check_finds_nothing_wrong_without_lists_when_only_pages_are_wanted(site: SharePointSite) -> None:
    errors = {finding.what for finding in site.check() if finding.level is Level.ERROR}
    assert all(what.startswith("list ") for what in errors)
