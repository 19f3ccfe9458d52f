"""What is counted where it lies, in a file and in PostgreSQL alike."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lms_bridge.connector import Action, Change, Outcome, PlaceRef, Record, Status
from lms_bridge.items import Kind
from lms_bridge.sync.intent import Intent, Settled, Waiting
from lms_bridge.sync.state import State
from lms_bridge.sync.state_figures import Standing
from lms_bridge.sync.state_versions import is_current

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
PLACE = PlaceRef(Kind.PAGE, "site,1,2", "the pages of BIO-101", "BIO-101")
RECORD = Record(
    key="s:a", kind=Kind.PAGE, place=PLACE.id, ref="17", name="Cells", fingerprint="f", version="3", digest="d",
    title="Cells", course="BIO-101",
)  # fmt: skip
CONFLICT = Change(
    action=Action.SKIP, key="s:clash", kind=Kind.PAGE, place=PLACE, course="BIO-101", title="Cells", reason="both",
    conflict=True,
)  # fmt: skip


@pytest.fixture
def state(location: str) -> Iterator[State]:
    with State.open(location) as opened:
        yield opened


def test_a_run_counts_on_the_day_that_it_began_on_in_utc_whatever_zone_the_database_has(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    with State.open(location) as state:
        state.history.begin_run("1", "east", "moodle", started=NOW.replace(hour=20), checksum="c")
        assert [each.day for each in state.looking.by_day(["east"], NOW)] == ["2026-11-23"]
        assert state.looking.by_day(["east"], NOW, besides=["1"]) == []


def test_each_item_counts_once_by_the_worst_that_holds_and_only_on_its_own_route(state: State) -> None:
    told = {"a": {}, "b": {}, "clash": {"drifted": True}, "drift": {"drifted": True}, "gone": {"deleted": True}}
    for route in ("east", "west"):
        state.save_records(route, "moodle", [replace(RECORD, key=f"s:{name}", **more) for name, more in told.items()])
    state.save_records("east", "moodle", [replace(RECORD, key="s:p", kind=Kind.PROMPT)])
    state.history.save_reviews("east", [CONFLICT], found=NOW)
    assert set(state.figures.standing("east")) == {
        Standing("in_step", "page", "moodle", 2),
        Standing("in_step", "prompt", "moodle", 1),
        Standing("conflict", "page", "moodle", 1),
        Standing("drifted", "page", "moodle", 1),
        Standing("tombstoned", "page", "moodle", 1),
    }
    assert Standing("drifted", "page", "moodle", 2) in state.figures.standing("west")
    assert (state.figures.conflicts("east"), state.figures.conflicts("west")) == (1, 0)


def test_the_next_moment_is_the_first_that_is_still_to_come(state: State) -> None:
    moments = [NOW + timedelta(hours=hour) for hour in (3, 1, 2)]
    waiting = [Waiting(f"s:{n}", PLACE.id, "t", "BIO-101", moment) for n, moment in enumerate(moments)]
    state.save_waiting("east", waiting, places=[PLACE.id])
    assert state.figures.waiting("east") == 3
    due = state.figures.next_due
    assert due("east", None) == NOW + timedelta(hours=1)
    assert due("east", NOW + timedelta(hours=1)) == NOW + timedelta(hours=2)
    assert due("east", NOW + timedelta(hours=3)) is None
    assert due("west", None) is None


def test_runs_are_told_by_what_they_tried_and_how_they_ended(state: State) -> None:
    before = state.figures.last_outcome()
    for run, (code, hours) in {"1": (0, 1), "2": (6, 2), "3": (5, 3), "4": (1, 4)}.items():
        state.history.begin_run(run, "east", "moodle", started=NOW, checksum="c")
        ended = NOW + timedelta(hours=hours)
        state.history.end_run(run, "east", ended=ended, exit_code=code, summary={"created": 1})
    create = replace(CONFLICT, action=Action.CREATE, conflict=False)
    state.settle("east", "moodle", "1", [Settled(outcome=Outcome(change=create, status=Status.DONE), record=RECORD)])
    middle = state.figures.last_outcome()
    for status in (Status.DONE, Status.FAILED):
        state.settle("east", "moodle", "2", [Settled(outcome=Outcome(change=create, status=status))])
    state.history.note("2", "east", [(CONFLICT, "skipped"), (create, "held")])
    assert state.figures.of_run("2", "east") == {
        ("done", "page"): 1, ("failed", "page"): 1, ("skipped", "page"): 1, ("held", "page"): 1,
    }  # fmt: skip
    assert state.figures.tried(before) == {("east", "create", "done"): 2, ("east", "create", "failed"): 1}
    assert state.figures.tried(middle) == {("east", "create", "done"): 1, ("east", "create", "failed"): 1}
    assert state.figures.last_end("east", (0, 5)) == NOW + timedelta(hours=3)
    assert state.figures.last_end("west", (0, 5)) is None


def test_writes_whose_end_is_not_known_are_counted(state: State) -> None:
    intent = Intent(
        route="east", place=PLACE.id, key="s:a", run="1", action="create", fingerprint="f", digest="d", opened=NOW
    )
    state.write_intents([intent, replace(intent, key="s:b")])
    assert (state.figures.open_intents("east"), state.figures.open_intents("west")) == (2, 0)


def test_whether_a_store_must_be_made_first_is_told_without_making_it(location: str) -> None:
    assert not is_current(location)
    assert not is_current(location)
    State.open(location).close()
    assert is_current(location)
