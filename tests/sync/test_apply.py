"""What a run does of its plan, and what it leaves: each in the fewest steps. The long ways are the engine's."""

from dataclasses import replace

import pytest
from engine_world import BIO, done, open_writes, pages, update_without_an_answer

from lms_bridge.connector import Action
from lms_bridge.sync.apply import apply
from lms_bridge.sync.policy import Limits
from lms_bridge.sync.route import prepare
from lms_bridge.sync.state import State
from lms_bridge.sync.stop import Stop
from lms_bridge.testing.bench import PRUNE, Bench
from lms_bridge.testing.memory import MemoryDestination
from lms_bridge.testing.sample import make_prompt

CAREFUL = replace(PRUNE, limits=Limits(deletes=1, population=100))


def test_what_waits_for_approval_is_told_and_left_and_the_rest_is_done(bench: Bench, there: MemoryDestination) -> None:
    first, *others = pages(4)
    bench.fill(first, *others)
    bench.sync()
    bench.fill(replace(first, body="<p>New.</p>"))
    route = bench.route(CAREFUL)
    with State.open(bench.file) as state, state.lease("bench"):
        report = apply(prepare(route, state, now=bench.now), route, state, now=bench.now)
    assert (done(report)["updated"], "deleted" in done(report)) == (2, False)
    assert {change.key for change in report.held} == {page.key for page in others}
    assert len(report.approvals) == 1
    assert all(there.find(page.key) for page in others)


def test_what_was_approved_is_done_and_nothing_is_said_to_wait(bench: Bench, there: MemoryDestination) -> None:
    first, *others = pages(4)
    bench.fill(first, *others)
    bench.sync()
    bench.fill(first)
    report = bench.sync(CAREFUL, approve=True)
    assert (done(report)["deleted"], report.held, report.approvals) == (3, (), ())
    assert not any(there.find(page.key) for page in others)


@pytest.mark.parametrize("reason", ["", "it was interrupted"])
def test_what_comes_after_something_that_was_not_written_is_told_unless_the_run_was_stopped(
    reason: str, bench: Bench, there: MemoryDestination
) -> None:
    above, below = pages(2)
    bench.fill(above, replace(below, parent=above.key))
    there.refused.add(above.key)
    with State.open(bench.file) as state, state.lease("bench"):
        plan = prepare(bench.route(), state, now=bench.now)
        later = [replace(each, after=above.key) if each.key == below.key else each for each in plan.changes]
        stop = Stop()
        if reason:
            stop.ask(reason)
        report = apply(replace(plan, changes=tuple(later)), bench.route(), state, now=bench.now, stop=stop)
    told = {failure.key for failure in report.failures}
    assert (below.key in told) == (not reason)
    assert there.find(below.key) == []


def test_what_was_sent_without_an_answer_is_not_forgotten_while_its_item_cannot_be_sent(
    bench: Bench, there: MemoryDestination
) -> None:
    page = update_without_an_answer(bench, there)
    bench.change(replace(page, title=" "))
    assert [failure.key for failure in bench.sync().failures] == [page.key]
    assert open_writes(bench) == [page.key]
    bench.change(page)
    bench.sync()
    assert there.find(page.key)[0].html == page.body
    assert open_writes(bench) == []


def test_only_pages_that_did_not_arrive_whole_are_told_with_what_arrived(bench: Bench) -> None:
    bench.fill(*pages(2), make_prompt(BIO, "talk"))
    report = bench.sync()
    assert {outcome.change.action for outcome in report.done} == {Action.CREATE}
    assert report.fidelity == {}
