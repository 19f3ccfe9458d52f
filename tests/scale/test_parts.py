"""What workers make of a route in parts is what a sync alone makes of it, and the one report tells it as it is."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from team_world import Team, done

from lms_bridge.connector import Context, Listing, Payload, PlaceRef
from lms_bridge.items import Course, Item, Key, Kind, Page
from lms_bridge.markup.links import item_href
from lms_bridge.scale.queue import Step
from lms_bridge.sync import part
from lms_bridge.sync.policy import Limits, Policy, Prune
from lms_bridge.sync.report import exit_code
from lms_bridge.sync.stop import Stop
from lms_bridge.testing.memory import MemoryDestination, MemoryPlace
from lms_bridge.testing.memory_source import MemorySource
from lms_bridge.testing.sample import make_page, make_prompt

pytestmark = pytest.mark.postgresql
BIO, ECO = Course("C0", "Course 0"), Course("C1", "Course 1")
PRUNE = Policy(prune=dict.fromkeys(Kind, Prune.DELETE))


def leading_to(*items: Item) -> Page:
    return make_page(BIO, "from", "".join(f'<p><a href="{item_href(item.key)}">There</a></p>' for item in items))


def test_a_link_into_another_place_says_the_same_whoever_writes_it(team: Team) -> None:
    """To what a person deleted, what is not due yet, what the source did not list this time, and what has another title
    by now. Where a worker knew less of these than the closing, the page was written twice in each run."""
    gone, unlisted, renamed = (make_page(ECO, name, "<p>Words.</p>", title=name) for name in ("gone", "half", "old"))
    later = make_prompt(ECO, "later", publish=datetime(2200, 1, 1, tzinfo=UTC))
    page = leading_to(gone, unlisted, renamed, later)
    team.source.content = [page, gone, unlisted, renamed, later]
    assert done(team.run()) == {"created": 6, "skipped": 1}
    team.destination.remove(gone.key)
    team.source.content = [page, gone, replace(renamed, title="new"), later]
    team.source.complete = False
    team.run()
    writes = team.destination.writes
    again = team.run()
    assert (again.done, team.destination.writes - writes) == ((), 0)
    html = team.destination.find(page.key)[0].html
    assert [f"/{name}" in html for name in ("half", "old", "gone", "new", "later")] == [True, True, False, False, False]


def test_what_a_person_changed_and_the_source_did_not_is_told_once_and_left(team: Team) -> None:
    """The worker looked at the place: the closing has no reason to do so again."""
    page, other = make_page(BIO, "one", "<p>Words.</p>"), make_page(BIO, "two", "<p>Words.</p>")
    team.source.content = [page, other]
    team.run()
    team.destination.edit(page.key, "<p>What a teacher wrote.</p>")
    report = team.run()
    assert [change.key for change in report.skipped] == [page.key]
    assert done(report) == {"skipped": 1, "unchanged": 2}
    assert exit_code([report]) == 0


def test_an_item_that_moves_is_counted_where_it_came_to_and_where_it_left(team: Team) -> None:
    team.policy = PRUNE
    page, other = make_page(BIO, "one", "<p>Words.</p>"), make_page(BIO, "two", "<p>Words.</p>")
    team.source.content = [page, other]
    team.run()
    team.source.content = [replace(page, course=ECO), other]
    # The page and an index there; the index here; the page here. The other page is in step.
    assert done(team.run()) == {"created": 2, "updated": 1, "deleted": 1, "unchanged": 1}


def test_what_waits_for_approval_is_written_by_no_worker(team: Team) -> None:
    pages = [make_page(BIO, f"p{n:02}", "<p>Words.</p>") for n in range(10)]
    team.source.content = list(pages)
    team.run()
    team.policy = Policy(limits=Limits(update_share=0.5))
    team.source.content = [
        *(replace(page, body="<p>Other words.</p>") for page in pages),
        make_page(ECO, "new", "<p/>"),
    ]
    report = team.run()
    assert len(report.held) == 10
    assert done(report) == {"created": 2, "skipped": 10, "unchanged": 1}
    assert exit_code([report]) == 4
    assert {team.destination.find(page.key)[0].html for page in pages} == {"<p>Words.</p>"}


@dataclass(slots=True)
class Interrupted(MemorySource):
    """Meanwhile, whoever reads it is asked to stop."""

    meanwhile: Callable[[], None] = lambda: None

    def items(self, since: str | None = None) -> Listing:
        self.meanwhile()
        return MemorySource.items(self, since)


@pytest.mark.parametrize("step", [Step.PART, Step.CLOSE])
def test_a_worker_that_is_stopped_amid_its_job_says_that_it_is_not_done(team: Team, step: Step) -> None:
    team.policy = PRUNE
    page, gone = make_page(BIO, "one", "<p>Words.</p>"), make_page(BIO, "two", "<p>Words.</p>")
    team.source.content = [page, gone]
    team.run()
    team.source.content = [replace(page, body="<p>Other words.</p>")]
    run = team.start()
    team.queue.run_while(team.worker().work, lambda job: job.step is Step.OPEN)
    if step is Step.CLOSE:
        team.queue.run_while(team.worker().work, lambda job: job.step is Step.PART)
    leaving = team.worker()
    team.source = Interrupted("sample", team.source.content, meanwhile=lambda: leaving.stop.ask("SIGTERM was received"))
    leaving.routes = {team.name: team.route}
    writes = team.destination.writes
    (job,) = [job for job in team.queue.waiting if job.step is step]
    assert leaving.work(job) is not None
    assert team.destination.writes == writes
    shared = team.state.sharing.shared_run(run, team.name)
    assert shared is not None
    assert (shared.ended, shared.left) == (None, 1 if step is Step.PART else 0)
    team.source = MemorySource("sample", team.source.content)
    team.queue.run(team.worker().work, Stop())
    # The stopped closing had put the delete off; in the end nothing was left.
    assert done(team.report(run)) == {"updated": 2, "deleted": 1}


def test_whoever_closes_a_run_has_done_with_it(team: Team) -> None:
    team.source.content = [make_page(BIO, "one", "<p>Words.</p>")]
    run = team.start()
    worker = team.worker()
    team.queue.run_while(worker.work, lambda job: job.step is not Step.CLOSE)
    (job,) = [job for job in team.queue.waiting if job.step is Step.CLOSE]
    assert worker.work(job) is None
    assert done(team.report(run)) == {"created": 2}
    assert not team.report(run).unreachable


def test_pages_that_did_not_arrive_whole_are_told_whoever_wrote_them(team: Team) -> None:
    team.destination.drops_links = True
    there = make_page(BIO, "there", "<p>Words.</p>")
    page = leading_to(there)
    team.source.content = [there, page]
    assert page.key in team.run().fidelity
    assert team.run().fidelity == {}


@dataclass
class Counting(MemoryDestination):
    """Tells which items were rendered."""

    rendered: list[Key] = field(default_factory=list)

    def open(self, ref: PlaceRef) -> MemoryPlace:
        return _CountingPlace(ref, self)


class _CountingPlace(MemoryPlace):
    def render(self, item: Item, context: Context) -> Payload:
        assert isinstance(self.destination, Counting)
        self.destination.rendered.append(item.key)
        return super().render(item, context)


def rendered_by_the_closing(team: Team) -> set[Key]:
    team.start()
    worker = team.worker()
    team.queue.run_while(worker.work, lambda job: job.step is not Step.CLOSE)
    assert isinstance(team.destination, Counting)
    team.destination.rendered.clear()
    team.queue.run(worker.work, Stop())
    return set(team.destination.rendered)


def test_whoever_closes_looks_again_only_where_something_was_left(team: Team) -> None:
    team.destination = Counting()
    page, other = make_page(BIO, "one", "<p>Words.</p>"), make_page(ECO, "one", "<p>Words.</p>")
    team.source.content = [page, other]
    assert rendered_by_the_closing(team) == set()
    team.destination.edit(page.key, "<p>What a teacher wrote.</p>")
    team.source.content = [replace(page, body="<p>New.</p>"), replace(other, body="<p>New.</p>")]
    again = rendered_by_the_closing(team)
    assert page.key in again
    assert other.key not in again


def test_where_something_was_left_in_very_many_places_all_of_the_route_is_read(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part, "_MOST_LEFT", 0)
    page, other = make_page(BIO, "one", "<p>Words.</p>"), make_page(ECO, "one", "<p>Words.</p>")
    team.source.content = [page, other]
    team.run()
    team.destination.edit(page.key, "<p>What a teacher wrote.</p>")
    team.source.content = [replace(page, body="<p>New.</p>"), replace(other, body="<p>New.</p>")]
    report = team.run()
    assert [change.key for change in report.conflicts] == [page.key]
    assert done(report) == {"updated": 1, "skipped": 1, "conflicts": 1, "unchanged": 2}


def test_whoever_closes_looks_everywhere_when_something_is_named_otherwise_than_links_went_by(team: Team) -> None:
    """A person deleted what a page leads to, as only listing its place can tell."""
    team.destination = Counting()
    there = make_page(ECO, "there", "<p>Words.</p>")
    page = leading_to(there)
    team.source.content = [page, there]
    team.run()
    team.destination.remove(there.key)
    assert page.key in rendered_by_the_closing(team)
    assert "/there" not in team.destination.find(page.key)[0].html.casefold()
