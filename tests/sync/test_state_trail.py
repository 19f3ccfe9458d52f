"""What runs tell the trail of their writes: each once, in whichever transaction it came, by whoever made it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lms_bridge.audit.chain import verify
from lms_bridge.audit.line import Act, Actor, Deed, Role
from lms_bridge.connector import Action, Change, Outcome, PlaceRef, Record, Status
from lms_bridge.items import Kind
from lms_bridge.sync.intent import Settled
from lms_bridge.sync.state import State

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ANN, BEN = Actor(Role.PERSON, "ann@example.org"), Actor(Role.SCHEDULE, "nightly")
PLACE = PlaceRef(Kind.PAGE, "7", "the wiki of BIO-101", "BIO-101")
RECORD = Record(
    key="s:a", kind=Kind.PAGE, place=PLACE.id, ref="17", name="Cells", fingerprint="f", version="3", digest="d",
    title="Cells", course="BIO-101",
)  # fmt: skip
CHANGE = Change(
    action=Action.UPDATE, key="s:a", kind=Kind.PAGE, place=PLACE, course="BIO-101", title="Cells", reason="it changed"
)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with State.open(tmp_path / "state.sqlite", by=ANN) as opened:
        yield opened


def begin(state: State, run: str, minute: int, *, ended: bool = True, by: Actor | None = None) -> None:
    at = NOW + timedelta(minutes=minute)
    state.history.begin_run(run, "r", "moodle", started=at, checksum="c", by=by)
    if ended:
        state.history.end_run(run, "r", ended=at, exit_code=0, summary={})


def write(state: State, run: str, key: str = "s:a", *, route: str = "r") -> None:
    outcome = Outcome(change=replace(CHANGE, key=key), status=Status.DONE)
    state.settle(route, "moodle", run, [Settled(outcome=outcome, record=replace(RECORD, key=key), before="b")])


def told(state: State) -> list[tuple[str, str, str, str]]:
    assert verify(state.trail.lines()).broken is None
    return [(line.run, line.key, line.about, line.actor) for line in state.trail.lines()]


def test_what_was_written_alike_twice_in_a_run_is_told_twice(state: State) -> None:
    """As where a person turns back what a worker wrote, and another worker of the same run writes it again."""
    begin(state, "1", 0)
    write(state, "1")
    state.trail.add_run("1", "r")
    write(state, "1")
    write(state, "1")
    state.trail.add_run("1", "r")
    write(state, "1", "s:b")
    state.trail.add_run("1", "r")
    page, other = (("1", key, "", ANN.name) for key in ("s:a", "s:b"))
    counts = (("1", "", f"{count} changes", ANN.name) for count in (1, 3, 4))
    assert told(state) == [page, next(counts), page, page, next(counts), other, next(counts)]


def test_what_workers_finished_of_a_run_that_had_ended_is_told_by_the_next(state: State) -> None:
    begin(state, "1", 0, by=BEN)
    write(state, "1")
    state.history.begin_run("1", "another", "moodle", started=NOW, checksum="c")
    write(state, "1", "s:c", route="another")
    begin(state, "2", 1, ended=False)
    state.trail.catch_up("r", besides="2")
    assert told(state) == [("1", "s:a", "", BEN.name), ("1", "", "1 changes", BEN.name)]


def test_runs_that_were_cut_off_are_told_in_their_order_whoever_ran_them(state: State) -> None:
    begin(state, "2", 2, ended=False, by=BEN)
    begin(state, "1", 1, ended=False)
    begin(state, "3", 3)
    for run in ("3", "2", "1"):
        write(state, run, f"s:{run}")
    state.trail.catch_up("r", besides="4")
    told_once = told(state)
    assert told_once == [
        ("1", "s:1", "", ANN.name),
        ("1", "", "1 changes, cut off", ANN.name),
        ("2", "s:2", "", BEN.name),
        ("2", "", "1 changes, cut off", BEN.name),
        ("3", "s:3", "", ANN.name),
        ("3", "", "1 changes", ANN.name),
    ]
    state.trail.catch_up("r", besides="4")
    assert told(state) == told_once


def test_nothing_to_tell_is_no_line(state: State) -> None:
    state.trail.add()
    begin(state, "1", 0)
    state.trail.add_run("1", "r")
    assert told(state) == []


def test_each_config_is_held_against_itself(state: State) -> None:
    for name, digest in [("one", "a"), ("two", "b"), ("one", "a"), ("two", "c"), ("one", "a"), ("one", "d")]:
        state.trail.note_config(name, digest)
    assert [(line.about, line.before, line.after) for line in state.trail.lines()] == [
        ("one", "", "a"),
        ("two", "", "b"),
        ("two", "b", "c"),
        ("one", "a", "d"),
    ]


def test_lines_are_told_from_a_moment_on_with_that_moment(state: State) -> None:
    moments = [NOW - timedelta(microseconds=1), NOW, NOW + timedelta(microseconds=1)]
    state.trail.add(*(Act(deed=Deed.APPROVE, at=moment) for moment in moments), by=BEN)
    assert [(line.at, line.actor) for line in state.trail.lines(since=NOW)] == [(at, BEN.name) for at in moments[1:]]
