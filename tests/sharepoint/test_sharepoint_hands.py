"""People at work on pages that are ours: merged, kept beside, hidden, signed, and cut off in the middle of it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sharepoint_world import World
from starlette.types import ASGIApp, Receive, Scope, Send

from lms_bridge.items import Course, Item, Kind, mark
from lms_bridge.sandbox.sharepoint.model import Page as SandboxPage
from lms_bridge.sharepoint.destination import SharePointSite
from lms_bridge.sharepoint.marker import Marker, marker_in
from lms_bridge.sync.policy import Policy, Prune
from lms_bridge.sync.report import summary_of, writes
from lms_bridge.sync.run import Report
from lms_bridge.testing.bench import HIDE, KEEP_BOTH, LEAVE, MERGE, OVERWRITE, Bench
from lms_bridge.testing.sample import make_image, make_item, make_page

COURSE = Course("BIO-101", "Cell Biology")
QUICK_LINKS = "c70391ea-0b10-4ee9-b2b4-006d3fcad0cd"
NEWS = "8c88f208-6c77-4bdb-86a0-0c47b4316588"
RECYCLE = Policy(prune=dict.fromkeys(Kind, Prune.RECYCLE))
BODY = "<p>One.</p><p>Two.</p><p>Three.</p>"
NEWER = "<p>One.</p><p>Two.</p><p>Three, and newer.</p>"
NEWEST = "<p>One.</p><p>Two.</p><p>Three, and the newest.</p>"
ANNS = "<p>One, says Ann.</p><p>Two.</p><p>Three.</p>"
KINDS = pytest.mark.parametrize("kind", [Kind.PAGE, Kind.PROMPT], ids=str)


@pytest.fixture
def site(world: World) -> Iterator[SharePointSite]:
    site = world.open()
    yield site
    site.close()


@pytest.fixture
def bench(site: SharePointSite, tmp_path: Path) -> Bench:
    bench = Bench(site, tmp_path)
    bench.fill(entry())
    bench.sync(LEAVE)
    return bench


def entry(body: str = BODY, kind: Kind = Kind.PAGE, **more: Any) -> Item:
    # A page that is itself the course's index, so that no other one is made beside it.
    own = {"index": True} if kind is Kind.PAGE else {}
    return replace(make_item(kind, COURSE), **{"body": body, **own, **more})


KEY = entry().key


def only_page(world: World) -> SandboxPage:
    (item,) = world.pages()
    assert item.page is not None
    return item.page


def name(world: World) -> str:
    (item,) = world.pages()
    return item.name


def seen(page: SandboxPage) -> list[str]:
    """What readers see, in reading order: texts and the titles of other parts."""
    assert page.published is not None
    parts = page.published["canvas"]["horizontalSections"][0]["columns"][0]["webparts"]
    return [part.get("innerHtml") or part["data"]["title"] for part in parts]


def words(page: SandboxPage) -> str:
    return json.dumps(page.published, ensure_ascii=False)


def edited(html: str) -> str:
    """A person's words above the line that names the source."""
    return f"{html}<p>Source: BIO-101/pages/one.md</p>"


def cut_off(world: World, bench: Bench, policy: Policy) -> Report:
    """A sync whose pages are written, and never published."""
    world.fault("status", method="POST", path="/publish", status=500, times=99)
    report = bench.sync(policy)
    world.server.sandbox.faults.clear()
    return report


# Merging


def test_a_title_that_a_person_gave_stays_through_every_change_of_the_text(world: World, bench: Bench) -> None:
    world.hand.retitle_page(name(world), "Ann's title")
    for body in (NEWER, NEWEST):
        bench.change(entry(body))
        assert summary_of([bench.sync(LEAVE)])["merged"] == 1
        page = only_page(world)
        assert page.title == "Ann's title"
        assert body.rsplit("<p>", 1)[1] in words(page)
        assert writes(bench.sync(LEAVE)) == 0


def test_a_part_that_a_person_put_between_paragraphs_stays_there(world: World, bench: Bench) -> None:
    world.hand.edit_page(name(world), "<p>One.</p>")
    world.hand.add_part(name(world), QUICK_LINKS, title="Further reading", properties={"items": [{"id": 1}]})
    rest = edited("<p>Two.</p><p>Three.</p>")
    parts = only_page(world).canvas["horizontalSections"][0]["columns"][0]["webparts"]
    parts.append({"@odata.type": "#microsoft.graph.textWebPart", "id": "rest", "innerHtml": rest})
    bench.change(entry(NEWER))
    assert summary_of([bench.sync(MERGE)])["merged"] == 1
    first, links, last = seen(only_page(world))
    assert (first, links) == ("<p>One.</p>", "Further reading")
    assert last.startswith("<p>Two.</p>\n<p>Three, and newer.</p>")
    assert '"items": [{"id": 1}]' in words(only_page(world))
    marker = marker_in(only_page(world).description)
    assert marker is not None
    assert marker.mark == mark(KEY)
    assert writes(bench.sync(MERGE)) == 0


def test_a_part_that_cannot_be_written_back_is_told_and_nothing_is_written(world: World, bench: Bench) -> None:
    world.hand.add_part(name(world), NEWS, title="News of the week")
    before = bench.entry(KEY).version
    bench.change(entry(NEWER))
    report = bench.sync(MERGE)
    (conflict,) = [outcome for outcome in report.outcomes if outcome.change.key == KEY]
    assert conflict.problem is not None
    assert "News of the week" in conflict.problem.cause
    assert bench.entry(KEY).version == before


def test_our_images_are_found_again_in_a_merged_text(world: World, bench: Bench) -> None:
    image = make_image()
    pictured = f'<p>One.</p><p><img src="asset:{image.digest}" alt="A dot"></p><p>Two.</p>'
    bench.change(entry(pictured, assets=(image,)))
    bench.sync(MERGE)
    world.hand.edit_page(name(world), "<p>One, says Ann.</p>")
    # The source drops the file and keeps the picture's neighbour: what the person sees is theirs and the source's.
    bench.change(entry(f"{pictured}<p>Three.</p>", assets=(image,)))
    assert summary_of([bench.sync(MERGE)])["merged"] == 1
    assert seen(only_page(world))[:2] == ["<p>One, says Ann.</p>", "Image"]
    assert f"lmsb-{image.digest}.png" in words(only_page(world))
    assert len(world.recorder.of("PUT", "/content")) == 1


def test_a_caption_under_our_image_is_a_persons_and_stays(world: World, bench: Bench) -> None:
    image = make_image()
    pictured = f'<p>One.</p><p><img src="asset:{image.digest}" alt="A dot"></p>'
    bench.change(entry(f"{pictured}<p>Two.</p>", assets=(image,)))
    bench.sync(MERGE)
    part = only_page(world).canvas["horizontalSections"][0]["columns"][0]["webparts"][1]
    part["data"]["serverProcessedContent"]["searchablePlainTexts"] = [{"key": "captionText", "value": "By Ann"}]
    world.hand.retitle_page(name(world), "Sample page one")
    bench.change(entry(f"{pictured}<p>Two, and newer.</p>", assets=(image,)))
    assert summary_of([bench.sync(MERGE)])["merged"] == 1
    assert "By Ann" in words(only_page(world))
    assert "Two, and newer." in words(only_page(world))


# Undoing


def test_a_part_that_was_written_over_comes_back_by_undoing(world: World, bench: Bench) -> None:
    world.hand.add_part(name(world), QUICK_LINKS, title="Further reading")
    bench.change(entry(NEWER))
    report = bench.sync(OVERWRITE)
    assert "Further reading" not in words(only_page(world))
    bench.undo(report, KEY)
    assert "Further reading" in seen(only_page(world))
    assert "Three.</p>" in words(only_page(world))


def test_a_page_that_was_deleted_is_made_again_by_undoing(world: World, bench: Bench) -> None:
    other = make_page(COURSE, "other", "<p>x</p>", title="Other")
    bench.fill(entry(), other)
    bench.sync(RECYCLE)
    bench.fill(other)
    report = bench.sync(RECYCLE)
    assert summary_of([report])["deleted"] == 1
    bench.undo(report, KEY)
    bench.fill(entry(), other)
    assert "Two." in bench.place(KEY).read(bench.entry(KEY)).html


# Keeping both


@KINDS
def test_what_a_person_left_is_kept_as_a_page_of_its_own_that_is_no_news(
    world: World, bench: Bench, kind: Kind
) -> None:
    item = entry(kind=kind)
    bench.fill(item)
    bench.sync(KEEP_BOTH)
    standing = bench.entry(item.key)
    world.hand.edit_page(standing.ref, "<p>Ann wrote this.</p>")
    world.hand.add_part(standing.ref, QUICK_LINKS, title="Ann's links")
    bench.change(entry(NEWER, kind))
    bench.sync(KEEP_BOTH)
    (kept,) = [one.page for one in world.pages() if one.page is not None and "as people left it" in one.page.title]
    assert seen(kept) == ["<p>Ann wrote this.</p>", "Ann's links"]
    assert kept.promotion == "page"
    assert writes(bench.sync(KEEP_BOTH)) == 0


def test_a_copy_that_readers_do_not_see_yet_is_finished_before_ours_is_written(world: World, bench: Bench) -> None:
    world.hand.edit_page(name(world), "<p>Ann wrote this.</p>")
    bench.change(entry(NEWER))
    cut_off(world, bench, KEEP_BOTH)
    assert "Ann wrote this." in words(world.page(bench.entry(KEY).name).page)  # type: ignore[arg-type]
    bench.sync(KEEP_BOTH)
    assert len(world.pages()) == 2
    assert all(one.page is not None and one.page.published is not None for one in world.pages())
    assert "Three, and newer." in words(world.page(bench.entry(KEY).name).page)  # type: ignore[arg-type]
    assert writes(bench.sync(KEEP_BOTH)) == 0


# Hiding and removing


@KINDS
def test_a_hidden_page_says_so_and_takes_no_comments_until_its_item_is_back(
    world: World, bench: Bench, kind: Kind
) -> None:
    item, kept = entry(kind=kind, title="Goes"), entry(kind=kind, key="sample:other", title="Stays")
    bench.fill(item, kept)
    bench.sync(HIDE)
    page = world.page(bench.entry(item.key).name).page
    assert page is not None
    bench.fill(kept)
    bench.sync(HIDE)
    assert seen(page) == ["<p>This was withdrawn on 2026-11-23. What it said is kept in its history.</p>"]
    assert page.show_comments is False
    bench.fill(item, kept)
    bench.sync(HIDE)
    assert page.show_comments is True
    assert "Two." in words(page)


def test_what_is_recycled_can_be_restored_with_its_mark(world: World, bench: Bench) -> None:
    other = make_page(COURSE, "other", "<p>x</p>", title="Other")
    bench.fill(entry(), other)
    bench.sync(RECYCLE)
    bench.fill(other)
    bench.sync(RECYCLE)
    (recycled,) = world.tenant.recycle_bin
    world.hand.restore(recycled.id)
    bench.fill(entry(), other)
    assert summary_of([bench.sync(RECYCLE)])["created"] == 0
    assert len(bench.entries(KEY)) == 1


# Two at once


@pytest.mark.parametrize("policy", [MERGE, HIDE], ids=["merge", "hide"])
def test_a_page_that_a_person_has_open_is_told_and_written_by_the_next_run(
    world: World, bench: Bench, policy: Policy
) -> None:
    other = make_page(COURSE, "other", "<p>x</p>", title="Other")
    bench.fill(entry(), other)
    bench.sync(policy)
    page = world.page(bench.entry(KEY).name)
    if policy is MERGE:
        world.hand.edit_page(page.name, edited(ANNS))
        bench.fill(entry(NEWER), other)
    else:
        bench.fill(other)
    world.hand.lock_page(page.name)
    before = words(page.page)  # type: ignore[arg-type]
    report = bench.sync(policy)
    (told,) = [outcome.problem for outcome in report.outcomes if outcome.change.key == KEY]
    assert told is not None
    assert "has it open" in told.cause
    assert words(page.page) == before  # type: ignore[arg-type]
    world.hand.unlock_page(page.name)
    assert writes(bench.sync(policy)) == 1
    assert writes(bench.sync(policy)) == 0


class Meanwhile:
    """Lets something happen right before a request is answered, once."""

    def __init__(self, app: ASGIApp, ending: str, happens: Callable[[], None]) -> None:
        self._app, self._ending, self._happens = app, ending, happens
        self.happened = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].endswith(self._ending) and not self.happened:
            self.happened = True
            self._happens()
        await self._app(scope, receive, send)


def test_a_person_who_saves_between_our_text_and_its_publishing_is_not_taken_for_us(world: World, bench: Bench) -> None:
    page = name(world)
    app = world.server.switch.app
    assert app is not None
    meanwhile = Meanwhile(app, "/publish", lambda: world.hand.edit_page(page, "<p>Ann was here.</p>"))
    world.server.switch.app = meanwhile
    bench.change(entry(NEWER))
    report = bench.sync(LEAVE)
    assert meanwhile.happened
    assert writes(report) == 0
    bench.change(entry(NEWEST))
    assert [change.key for change in bench.sync(LEAVE).conflicts] == [KEY]
    assert "Ann was here." in words(only_page(world))


# Cut off


def test_a_merge_that_was_cut_off_before_readers_saw_it_is_published_and_not_written_over(
    world: World, bench: Bench
) -> None:
    world.hand.edit_page(name(world), edited(ANNS))
    bench.change(entry(NEWER))
    cut_off(world, bench, MERGE)
    assert "newer" not in words(only_page(world))
    bench.sync(MERGE)
    assert "One, says Ann." in words(only_page(world))
    assert "Three, and newer." in words(only_page(world))
    assert writes(bench.sync(MERGE)) == 0


def test_a_title_that_was_kept_in_a_merge_that_was_cut_off_is_no_conflict(world: World, bench: Bench) -> None:
    world.hand.retitle_page(name(world), "Ann's title")
    bench.change(entry(NEWER))
    cut_off(world, bench, LEAVE)
    assert bench.sync(LEAVE).conflicts == ()
    page = only_page(world)
    assert page.published is not None
    assert page.published["title"] == "Ann's title"
    assert "Three, and newer." in words(page)
    assert bench.plan(LEAVE).pending == ()


def test_a_merge_that_was_cut_off_keeps_the_persons_words_when_the_source_goes_on(world: World, bench: Bench) -> None:
    world.hand.edit_page(name(world), edited(ANNS))
    bench.change(entry(NEWER))
    cut_off(world, bench, MERGE)
    bench.change(entry("<p>One.</p><p>Two, and new.</p><p>Three, and newer.</p>"))
    bench.sync(MERGE)
    for said in ("One, says Ann.", "Two, and new.", "Three, and newer."):
        assert said in words(only_page(world))


def test_a_merge_that_was_cut_off_keeps_the_persons_words_when_the_state_is_lost_too(
    world: World, bench: Bench
) -> None:
    world.hand.edit_page(name(world), edited(ANNS))
    bench.change(entry(NEWER))
    cut_off(world, bench, MERGE)
    bench.lose_state()
    bench.change(entry(NEWEST))
    bench.sync(MERGE)
    assert "One, says Ann." in words(only_page(world))


def test_a_page_that_a_person_locks_between_text_and_publishing_keeps_the_persons_words(
    world: World, bench: Bench
) -> None:
    page = name(world)
    world.hand.edit_page(page, edited(ANNS))
    app = world.server.switch.app
    assert app is not None
    world.server.switch.app = Meanwhile(app, "/publish", lambda: world.hand.lock_page(page))
    bench.change(entry(NEWER))
    (failure,) = bench.sync(MERGE).failures
    assert "readers do not see it yet" in failure.problem.cause
    world.hand.unlock_page(page)
    bench.sync(MERGE)
    assert "One, says Ann." in words(only_page(world))
    assert "Three, and newer." in words(only_page(world))


def test_a_hiding_that_was_cut_off_is_brought_to_its_end(world: World, bench: Bench) -> None:
    other = make_page(COURSE, "other", "<p>x</p>", title="Other")
    bench.fill(entry(), other)
    bench.sync(HIDE)
    page = world.page(bench.entry(KEY).name).page
    assert page is not None
    bench.fill(other)
    cut_off(world, bench, HIDE)
    assert "Two." in words(page)
    bench.sync(HIDE)
    assert "withdrawn" in words(page)
    assert writes(bench.sync(HIDE)) == 0


def test_a_draft_of_ours_is_published_when_it_is_adopted(world: World, bench: Bench) -> None:
    bench.change(entry(NEWER))
    cut_off(world, bench, LEAVE)
    bench.lose_state()
    bench.sync(LEAVE)
    assert "Three, and newer." in words(only_page(world))
    assert bench.plan(LEAVE).pending == ()


# Whose mark it is


def test_the_mark_names_the_installation_and_fits_what_news_show(
    world: World, site: SharePointSite, tmp_path: Path
) -> None:
    bench = Bench(site, tmp_path)
    longest = "n" * 60
    bench.fill(entry(f"<p>{'word ' * 200}</p>", Kind.PROMPT))
    bench.sync(Policy(installation=longest))
    description = only_page(world).description
    assert len(description) <= 255
    found = marker_in(description)
    assert found is not None
    assert found.installation == longest
    assert bench.entry(entry(kind=Kind.PROMPT).key).installation == longest


@pytest.mark.parametrize(
    ("description", "installation"),
    [
        (f"Words · lms-bridge page {'a' * 16} {'0' * 12}", ""),
        (f"lms-bridge page {'a' * 16} {'0' * 12} and a person's words", ""),
        (f"Words · lms-bridge/north-1 page {'a' * 16} {'0' * 12}", "north-1"),
    ],
)
def test_marks_are_read_with_and_without_a_name(description: str, installation: str) -> None:
    assert marker_in(description) == Marker(Kind.PAGE, "a" * 16, "0" * 12, installation)


def test_a_new_name_alone_writes_nothing(bench: Bench) -> None:
    assert writes(bench.sync(Policy(installation="north"))) == 0
    assert bench.entry(KEY).installation is None


def test_a_hidden_page_stays_signed(world: World, bench: Bench) -> None:
    hiding = replace(HIDE, installation="north")
    other = make_page(COURSE, "other", "<p>x</p>", title="Other")
    bench.fill(entry(NEWER), other)
    bench.sync(hiding)
    bench.fill(other)
    assert summary_of([bench.sync(hiding)])["hidden"] == 1
    bench.fill(entry(), other)
    assert bench.entry(KEY).installation == "north"
