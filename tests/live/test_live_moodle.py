"""The example content in a real Moodle, as a learner sees it; and what a second sync, an edit and a lost state do."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from live_moodle import TEMPLATE, LiveSite, hosts, live_site, missing

from lms_bridge.connector import Status
from lms_bridge.items import Course, Item, Kind, Page, Prompt, Rating, Review
from lms_bridge.markup.fidelity import fidelity
from lms_bridge.markup.fragment import parse, text_of
from lms_bridge.markup.split import blocks
from lms_bridge.markup.text import words
from lms_bridge.moodle import CONNECTOR as MOODLE
from lms_bridge.moodle.courses import find_activities
from lms_bridge.moodle.destination import Moodle
from lms_bridge.sources.files import CONNECTOR as FILES
from lms_bridge.sync.apply import apply
from lms_bridge.sync.report import summary_of
from lms_bridge.sync.route import Route, prepare
from lms_bridge.sync.run import Plan, Report
from lms_bridge.sync.state import State
from lms_bridge.testing.bench import PRUNE, Bench
from lms_bridge.testing.sample import make_item, make_page, make_prompt

if missing():
    pytest.skip(missing(), allow_module_level=True)
pytestmark = [pytest.mark.live, pytest.mark.allow_hosts(hosts())]

CONTENT = Path(__file__).parents[2] / "content"
ODD_SIGNS = """# Odd signs

A file's own address begins with @@PLUGINFILE@@/ and ends with its name: `@@PLUGINFILE@@/cell.png`. A page of its own is
written `[[as this]]`, and what is no wiki `<nowiki>[[as this]]</nowiki>`; %!0%! and '''this''' mean nothing here.
"""
"""What Moodle would take for its own."""
WRITES = ("new_", "edit_page", "add_", "update_", "delete_", "set_", "import_", "upload")


@dataclass(slots=True)
class Live:
    """A route from a copy of the example content into courses of our own."""

    site: LiveSite
    folder: Path
    first: Report | None = None
    seconds: float = 0.0

    @property
    def content(self) -> Path:
        return self.folder / "content"

    def items(self) -> list[Item]:
        return list(self._source().items().items)

    def sync(self, state: str = "state") -> tuple[Report, Plan, Mapping[str, int]]:
        destination = self.destination()
        now = datetime.now(UTC)
        try:
            with State.open(self.folder / f"{state}.sqlite") as store:
                route = Route("live", self._source(), destination)
                plan = prepare(route, store, now=now)
                return apply(plan, route, store, now=now), plan, destination.calls()
        finally:
            destination.close()

    def destination(self, **more: Any) -> Moodle:
        settings = MOODLE.settings.model_validate(self.site.settings(**more))
        assert MOODLE.destination
        opened = MOODLE.destination("moodle", settings, self.folder)
        assert isinstance(opened, Moodle)
        return opened

    def _source(self) -> object:
        assert FILES.source
        return FILES.source("programme", FILES.settings.model_validate({"path": str(self.content)}), self.folder)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The example content, pushed once."""
    names = sorted(path.name for path in CONTENT.iterdir() if path.is_dir())
    folder = tmp_path_factory.mktemp("live")
    with live_site(names) as site:
        site.place_content(CONTENT, folder / "content")
        next((folder / "content").glob("*/wiki")).joinpath("odd-signs.md").write_text(ODD_SIGNS, encoding="utf-8")
        live = Live(site, folder)
        started = datetime.now(UTC)
        live.first, _, _ = live.sync()
        live.seconds = (datetime.now(UTC) - started).total_seconds()
        yield live


def writes(calls: Mapping[str, int]) -> dict[str, int]:
    named = {name: name.rpartition("/")[2] for name in calls}
    return {name: calls[name] for name, short in named.items() if any(word in short for word in WRITES)}


def letters(text: str) -> str:
    """Letters and digits: blanks and signs fall differently in a browser's page and in a fragment."""
    return re.sub(r"\W+", "", text)


def of_course(items: Sequence[Item], course: str) -> list[Item]:
    return [item for item in items if item.course.idnumber == course]


def wiki_addresses(live: Live) -> dict[str, str]:
    assert live.first
    return {o.change.key: o.entry.url or "" for o in live.first.outcomes if o.change.kind is Kind.PAGE and o.entry}


def test_everything_arrives_and_nothing_fails(live: Live) -> None:
    assert live.first
    assert [str(failure.problem) for failure in live.first.failures] == []
    due = [i for i in live.items() if not (isinstance(i, Prompt) and i.publish and i.publish > datetime.now(UTC))]
    assert summary_of([live.first])["created"] >= len(due)
    assert live.seconds < 120


def test_a_learner_reads_every_page_with_its_words_and_tables(live: Live) -> None:
    addresses = wiki_addresses(live)
    pages = [item for item in live.items() if isinstance(item, Page)]
    assert len(pages) >= 15
    for page in pages:
        shown = live.site.learner.main(addresses[page.key])
        text = letters(shown.text_content())
        for block in blocks(page.body):
            said = letters(" ".join(words(block)))
            assert block.startswith(("<ul", "<ol", "<dl", "<table", "<blockquote", "<hr")) or said in text, (
                page.key,
                said,
            )
        cells = [text_of(cell) for cell in parse(page.body).root.iter("td", "th")]
        read = [" ".join(cell.text_content().split()) for cell in shown.iter("td", "th")]
        assert [cell for cell in cells if cell not in read] == [], page.key


def test_every_page_reads_back_as_it_was_sent(live: Live) -> None:
    """Words, links, images and tables of the displayed form against what was rendered."""
    assert live.first
    destination = live.destination()
    try:
        items = live.items()
        places = {ref.id: destination.open(ref) for ref in destination.locate(items).places}
        for outcome in live.first.outcomes:
            payload, entry = outcome.change.payload, outcome.entry
            if payload is None or entry is None or outcome.change.kind not in (Kind.PAGE, Kind.PROMPT):
                continue
            place = places[outcome.change.place.id]
            list(place.entries())
            assert fidelity(place.expected(payload).html, place.read(entry).html).whole, payload.key
    finally:
        destination.close()


def test_every_link_between_pages_reaches_the_page_it_names(live: Live) -> None:
    addresses = wiki_addresses(live)
    titles = {item.key: item.title for item in live.items() if isinstance(item, Page)}
    followed: dict[str, str] = {}
    for key, address in addresses.items():
        shown = live.site.learner.main(address)
        for link in shown.xpath('.//a[contains(@href, "/mod/wiki/view.php")]'):
            href = link.get("href")
            if href not in followed and "section" not in href and ("pageid=" in href or "title=" in href):
                followed[href] = live.site.learner.get(href).text
            assert "/mod/wiki/create.php" not in href, key
    assert len(followed) >= len(titles) / 2
    for href, page in followed.items():
        assert "wiki_newentry" not in page, href
        assert any(title in page for title in titles.values()), href


def test_every_image_is_shown_to_a_learner_and_is_the_designers_own_file(live: Live) -> None:
    addresses = wiki_addresses(live)
    pictured = [item for item in live.items() if isinstance(item, Page) and item.assets]
    assert pictured
    for page in pictured:
        shown = live.site.learner.main(addresses[page.key])
        sources = [img.get("src") for img in shown.xpath('.//img[contains(@src, "lmsb-")]')]
        bodies = {hashlib.sha256(live.site.learner.get(source).content).hexdigest() for source in sources}
        assert {asset.digest for asset in page.assets} == bodies, page.key


@pytest.mark.parametrize("course", sorted(path.name for path in CONTENT.iterdir() if path.is_dir()))
def test_a_learner_who_opens_the_wiki_lands_on_the_index_which_leads_to_every_page(live: Live, course: str) -> None:
    number = live.site.courses[course]
    page = live.site.learner.get(f"/course/view.php?id={number}").text
    cmid = page.split("/mod/wiki/view.php?id=")[1].split('"')[0].split("&")[0]
    shown = live.site.learner.main(f"/mod/wiki/view.php?id={cmid}")
    linked = {" ".join(a.text_content().split()) for a in shown.iter("a")}
    for item in of_course(live.items(), course):
        if isinstance(item, Page) and not item.index:
            assert item.title in linked


@pytest.mark.parametrize("course", sorted(path.name for path in CONTENT.iterdir() if path.is_dir()))
def test_a_learner_sees_the_due_prompts_in_the_forum_and_no_other(live: Live, course: str) -> None:
    number = live.site.courses[course]
    page = live.site.learner.get(f"/course/view.php?id={number}").text
    cmid = page.split("/mod/forum/view.php?id=")[1].split('"')[0].split("&")[0]
    text = " ".join(live.site.learner.main(f"/mod/forum/view.php?id={cmid}").text_content().split())
    now = datetime.now(UTC)
    prompts = [item for item in of_course(live.items(), course) if isinstance(item, Prompt)]
    assert prompts
    for prompt in prompts:
        assert (prompt.title in text) == (prompt.publish is None or prompt.publish <= now), prompt.key


@pytest.mark.parametrize("course", sorted(path.name for path in CONTENT.iterdir() if path.is_dir()))
def test_a_learner_sees_the_rating_beside_the_course_and_the_reviews_in_it(live: Live, course: str) -> None:
    number = live.site.courses[course]
    items = of_course(live.items(), course)
    (rating,) = [item for item in items if isinstance(item, Rating)]
    listed = " ".join(live.site.learner.main(f"/course/info.php?id={number}").text_content().split())
    assert f"{rating.average:.1f}" in listed
    assert "★" in listed
    page = live.site.learner.get(f"/course/view.php?id={number}").text
    cmid = page.split("/mod/data/view.php?id=")[1].split('"')[0].split("&")[0]
    reviews = " ".join(live.site.learner.main(f"/mod/data/view.php?id={cmid}&perpage=1000").text_content().split())
    for item in items:
        if isinstance(item, Review) and item.comment:
            assert " ".join(item.comment.split()) in reviews, item.key


def test_a_second_sync_makes_no_write_call(live: Live) -> None:
    report, plan, calls = live.sync()
    assert writes(calls) == {}
    assert plan.pending == ()
    assert summary_of([report])["failed"] == 0


def test_a_changed_page_makes_exactly_one_edit(live: Live) -> None:
    page = sorted(path for path in live.content.rglob("wiki/**/*.md") if path.name != "index.md")[0]
    page.write_text(page.read_text() + "\n\nOne more sentence.\n")
    report, _, calls = live.sync()
    assert writes(calls) == {"mod_wiki_edit_page": 1}
    assert summary_of([report])["updated"] == 1
    (outcome,) = report.outcomes
    assert outcome.entry
    assert "One more sentence." in live.site.learner.main(outcome.entry.url or "").text_content()


def test_losing_the_state_adopts_everything_and_creates_nothing(live: Live) -> None:
    report, _, calls = live.sync("another")
    counts = summary_of([report])
    assert writes(calls) == {}
    assert (counts["created"], counts["updated"], counts["failed"]) == (0, 0, 0)
    assert live.first
    assert counts["adopted"] == summary_of([live.first])["created"]
    again, plan, calls = live.sync("another")
    assert plan.pending == ()
    assert writes(calls) == {}
    assert summary_of([again])["conflicts"] == 0


def test_a_page_that_a_person_changed_is_left_and_told(live: Live) -> None:
    (key, address) = sorted(wiki_addresses(live).items())[-1]
    number = int(address.rpartition("=")[2])
    shown = live.site.admin.call("mod_wiki_get_page_contents", {"pageid": number})["page"]["cachedcontent"]
    edit = {"pageid": number, "content": f"<p>A person's words.</p>{shown}"}
    live.site.admin.call("mod_wiki_edit_page", edit, write=True)
    report, _, calls = live.sync()
    assert writes(calls) == {}
    assert [change.key for change in report.skipped if "a person changed it" in change.reason] == [key]
    assert "A person's words." in live.site.learner.main(address).text_content()


def test_an_empty_course_is_filled_from_the_template_once(live: Live, tmp_path: Path) -> None:
    live.site.add_course("EMPTY", filled=False)
    destination = live.destination(provision={"template": TEMPLATE}, ratings={"activity_name": "Ratings ★ {average}"})
    bench = Bench(destination, tmp_path)
    course = Course(live.site.course_id("EMPTY"), "Empty")
    bench.fill(*(make_item(kind, course) for kind in Kind))
    try:
        first, second = summary_of([bench.sync()]), summary_of([bench.sync()])
        imports = destination.calls().get("core_course_import_course")
        assert (first["failed"], first["created"], imports) == (0, 5, 1)
        assert (second["created"], second["updated"], second["failed"]) == (0, 0, 0)
    finally:
        destination.close()


def test_a_first_page_that_was_opened_and_never_written_on_becomes_the_index(live: Live, tmp_path: Path) -> None:
    number = live.site.add_course("OPENED")
    (wiki,) = find_activities(live.site.admin, "wiki", [number]).of(number)
    first = {"title": wiki.details["firstpagetitle"], "content": "", "contentformat": "html", "wikiid": wiki.id}
    page_number = live.site.admin.call("mod_wiki_new_page", {**first, "groupid": 0}, write=True)["pageid"]
    destination = live.destination()
    bench = Bench(destination, tmp_path)
    bench.fill(make_page(Course(live.site.course_id("OPENED"), "Opened"), "a", "<p>ours</p>", title="Cells"))
    try:
        assert summary_of([bench.sync()])["failed"] == 0
        assert bench.plan().pending == ()
    finally:
        destination.close()
    shown = live.site.admin.call("mod_wiki_get_page_contents", {"pageid": page_number})["page"]["cachedcontent"]
    assert "Cells" in shown


def test_a_discussion_that_somebody_answered_is_not_deleted(live: Live, tmp_path: Path) -> None:
    live.site.add_course("ANSWERED")
    course = Course(live.site.course_id("ANSWERED"), "Answered")
    kept, answered, alone = (make_prompt(course, name) for name in ("kept", "answered", "alone"))
    destination = live.destination()
    bench = Bench(destination, tmp_path)
    bench.fill(kept, answered, alone)
    try:
        bench.sync()
        entry = bench.entry(answered.key)
        reply = {"postid": int(entry.ref.partition("-")[2]), "subject": "Re", "message": "My answer"}
        live.site.admin.call("mod_forum_add_discussion_post", reply, write=True)
        bench.fill(kept)
        outcomes = {outcome.change.key: outcome for outcome in bench.sync(PRUNE, approve=True).outcomes}
    finally:
        destination.close()
    assert outcomes[alone.key].status is Status.DONE
    assert outcomes[answered.key].status is Status.CONFLICT
    posts = live.site.admin.call("mod_forum_get_discussion_posts", {"discussionid": int(entry.ref.partition("-")[0])})
    assert len(posts["posts"]) == 2
