"""Undoing a run: what stood there before is put back, what people did since is left, and it is not done again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lms_bridge.errors import UsageError
from lms_bridge.items import Course, Kind, Page
from lms_bridge.sync.policy import Policy, Prune
from lms_bridge.sync.report import summary_of, writes
from lms_bridge.sync.run import Report
from lms_bridge.sync.state import State
from lms_bridge.sync.undo import CHANGED_SINCE, NO_WAY_TO_DELETE, plan_undo, undo
from lms_bridge.testing.bench import LEAVE, OVERWRITE, PRUNE, Bench
from lms_bridge.testing.memory import MemoryDestination, place_ref
from lms_bridge.testing.sample import make_page, make_prompt

BIO = Course("BIO-101", "Cell Biology")


def page(name: str = "cells", words: str = "First.") -> Page:
    return make_page(BIO, name, f"<p>{words}</p>", title=f"Page {name}")


def take_back(bench: Bench, report: Report, *only: str) -> tuple[dict[str, int], dict[str, str]]:
    route = bench.route(LEAVE)
    with State.open(bench.file) as state, state.lease(route.name):
        planned = plan_undo(route, state, report.run, now=bench.now, only=only)
        done = undo(route, state, planned, now=bench.now)
    return {name: n for name, n in summary_of([done]).items() if n}, dict(planned.left)


def html(there: MemoryDestination, key: str) -> str:
    (found,) = there.find(key)
    return found.html


def test_a_changed_page_reads_again_as_before_and_stays_so_until_its_source_changes(
    bench: Bench, there: MemoryDestination
) -> None:
    bench.fill(page())
    bench.sync(LEAVE)
    bench.change(page(words="Second."))
    report = bench.sync(LEAVE)
    assert take_back(bench, report, page().key) == ({"updated": 1}, {})
    assert html(there, page().key) == "<p>First.</p>"
    assert writes(bench.sync(LEAVE)) == 0
    assert html(there, page().key) == "<p>First.</p>"
    bench.change(page(words="Third."))
    assert page().key in [c.key for c in bench.plan(LEAVE).conflicts]


def test_undoing_forgets_neither_what_waits_nor_what_needs_a_decision(bench: Bench, there: MemoryDestination) -> None:
    later = make_prompt(BIO, "later", publish=bench.now + timedelta(days=2))
    bench.fill(page(), make_prompt(BIO, "now"), later)
    report = bench.sync(LEAVE)
    there.edit(page().key, "<p>A person.</p>")
    bench.change(page(words="Second."))
    bench.sync(LEAVE)
    take_back(bench, report, make_prompt(BIO, "now").key)
    with State.open(bench.file) as state:
        assert [waiting.key for waiting in state.waiting("bench")] == [later.key]
        assert [review.key for review in state.history.reviews("bench")] == [page().key]


def test_a_place_that_cannot_be_looked_at_is_told_by_its_name(bench: Bench, there: MemoryDestination) -> None:
    bench.fill(page())
    report = bench.sync(LEAVE)
    there.closed.add(place_ref(Kind.PAGE, BIO.idnumber).id)
    (failure,) = bench.undo(report).failures
    assert failure.problem.where == place_ref(Kind.PAGE, BIO.idnumber).title


def test_what_a_run_made_is_taken_away_and_not_made_again(bench: Bench, there: MemoryDestination) -> None:
    bench.fill(page())
    report = bench.sync(LEAVE)
    assert take_back(bench, report)[0] == {"deleted": 2}
    assert there.all() == []
    assert writes(bench.sync(LEAVE)) == 0


def test_what_a_run_deleted_stands_again_and_is_not_deleted_again(bench: Bench, there: MemoryDestination) -> None:
    bench.fill(page(), page("other"))
    bench.sync(LEAVE)
    bench.fill(page("other"))
    report = bench.sync(PRUNE)
    assert there.find(page().key) == []
    assert take_back(bench, report, page().key) == ({"created": 1}, {})
    assert html(there, page().key) == "<p>First.</p>"
    assert summary_of([bench.sync(PRUNE)])["deleted"] == 0
    assert len(there.find(page().key)) == 1


def test_what_a_run_hid_can_be_read_again(bench: Bench, there: MemoryDestination) -> None:
    bench.fill(page(), page("other"))
    bench.sync(LEAVE)
    bench.fill(page("other"))
    report = bench.sync(Policy(prune=dict.fromkeys(Kind, Prune.HIDE)))
    assert "withdrawn" in html(there, page().key)
    take_back(bench, report, page().key)
    assert html(there, page().key) == "<p>First.</p>"


def test_what_a_person_had_written_before_a_run_wrote_over_it_is_put_back(
    bench: Bench, there: MemoryDestination
) -> None:
    bench.fill(page())
    bench.sync(LEAVE)
    there.edit(page().key, "<p>Ann's words.</p>")
    report = bench.sync(OVERWRITE)
    assert html(there, page().key) == "<p>First.</p>"
    take_back(bench, report)
    assert html(there, page().key) == "<p>Ann's words.</p>"


def test_what_a_person_changed_since_is_left_and_told(bench: Bench, there: MemoryDestination) -> None:
    bench.fill(page())
    bench.sync(LEAVE)
    bench.change(page(words="Second."))
    report = bench.sync(LEAVE)
    there.edit(page().key, "<p>Ann's words.</p>")
    assert take_back(bench, report, page().key) == ({}, {page().key: CHANGED_SINCE})
    assert html(there, page().key) == "<p>Ann's words.</p>"


def test_where_nothing_can_be_deleted_it_is_told(bench: Bench, there: MemoryDestination) -> None:
    there.keeps = frozenset({Kind.PAGE})
    bench.fill(page())
    report = bench.sync(LEAVE)
    done, left = take_back(bench, report, page().key)
    assert (done, left) == ({}, {page().key: NO_WAY_TO_DELETE})
    assert len(there.find(page().key)) == 1


def test_an_undone_run_can_be_undone(bench: Bench, there: MemoryDestination) -> None:
    bench.fill(page())
    bench.sync(LEAVE)
    bench.change(page(words="Second."))
    report = bench.sync(LEAVE)
    bench.now += timedelta(minutes=1)
    take_back(bench, report, page().key)
    with State.open(bench.file) as state:
        (last,) = state.history.last_runs(bench.name)
    take_back(bench, replace(report, run=last.run))
    assert html(there, page().key) == "<p>Second.</p>"


def test_a_run_that_never_was_is_told(bench: Bench) -> None:
    with State.open(bench.file) as state, pytest.raises(UsageError, match="there is no run 20200101"):
        plan_undo(bench.route(), state, "20200101", now=bench.now)


def test_runs_older_than_the_history_are_forgotten_with_what_stood_there_before(
    bench: Bench, there: MemoryDestination
) -> None:
    short = replace(LEAVE, history_days=30)
    bench.fill(page())
    first = bench.sync(short)
    bench.now = bench.now.replace(month=12, day=30)
    second = bench.sync(short)
    with State.open(bench.file) as state:
        assert state.history.images(first.run, bench.name) == []
        assert [run.run for run in state.history.last_runs(bench.name, 9)] == [second.run]
