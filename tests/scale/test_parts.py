"""What workers make of a route in parts is what a sync alone makes of it, and the one report tells it as it is."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from team_world import Team, done

from lms_bridge.items import Course, Item, Kind, Page
from lms_bridge.markup.links import item_href
from lms_bridge.scale.queue import Step
from lms_bridge.sync.policy import Limits, Policy, Prune
from lms_bridge.sync.report import exit_code
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


def test_whoever_closes_a_run_has_done_with_it(team: Team) -> None:
    team.source.content = [make_page(BIO, "one", "<p>Words.</p>")]
    run = team.start()
    worker = team.worker()
    team.queue.run_while(worker.work, lambda job: job.step is not Step.CLOSE)
    (job,) = [job for job in team.queue.waiting if job.step is Step.CLOSE]
    assert worker.work(job) is None
    assert done(team.report(run)) == {"created": 2}
    assert not team.report(run).unreachable
