"""What workers of one run leave for each other in the state, where no clock and no lock of PostgreSQL is asked."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lms_bridge.connector import Action, Change, Outcome, PlaceRef, Status
from lms_bridge.errors import Problem
from lms_bridge.items import Kind
from lms_bridge.sync.intent import Intent, Settled
from lms_bridge.sync.state import State
from lms_bridge.sync.state_part import ClosingState, PartState

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HERE, THERE = (PlaceRef(Kind.PAGE, name, f"the wiki of {name}", name) for name in ("BIO-101", "ECO-200"))


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with State.open(tmp_path / "state.db") as state:
        for run in ("1", "2"):
            for route in ("r", "s"):
                state.history.begin_run(run, route, "d", started=NOW, checksum="")
        state.save_places("r", [HERE, THERE], listed={})
        state.save_places("s", [replace(place, title="another title") for place in (HERE, THERE)], listed={})
        yield state


def change(key: str, place: PlaceRef = HERE) -> Change:
    return Change(action=Action.UPDATE, key=key, kind=Kind.PAGE, place=place, course="C", title="Cells", reason="")


def intent(key: str, place: PlaceRef = HERE, route: str = "r") -> Intent:
    return Intent(
        route=route, place=place.id, key=key, run="1", action="update", fingerprint="f", digest="d", opened=NOW
    )


@pytest.mark.parametrize(
    ("status", "settled"),
    [(Status.FAILED, True), (Status.CONFLICT, True), (Status.AMBIGUOUS, False)],
)
def test_what_a_worker_surely_did_not_write_is_not_looked_up_any_more_and_all_else_is(
    state: State, status: Status, *, settled: bool
) -> None:
    """Another worker of the same run died with the same write under way: what became of that is still to be known."""
    earlier, mine = (PartState(state, [HERE.id, THERE.id], {}) for _ in range(2))
    earlier.write_intents([intent("a")])
    (dead,) = state.open_intents("r")
    others = [intent("b"), intent("a", THERE), intent("a", route="s")]
    mine.write_intents([intent("a"), *others])
    outcome = Outcome(change=change("a"), status=status, problem=Problem("It was refused."))
    mine.settle("r", "d", "1", [Settled(outcome=outcome)])
    open_now = [each for route in ("r", "s") for each in state.open_intents(route) if each != dead]
    assert dead in state.open_intents("r")
    own = [] if settled else [("r", HERE.id, "a")]
    rest = [("r", HERE.id, "b"), ("r", THERE.id, "a"), ("s", HERE.id, "a")]
    assert sorted((each.route, each.place, each.key) for each in open_now) == sorted(own + rest)


def test_a_run_that_two_workers_open_is_shared_out_once(state: State) -> None:
    sharing = state.sharing
    assert sharing.groups.split("1", "r", [["a", "b"], ["c"], ["d"]]) == [0, 1, 2]
    assert sharing.groups.done("1", "r", 1) == 2
    assert sharing.groups.split("1", "r", [["c"], ["a"]]) == [0, 2], "what was read a moment later changes nothing"
    assert sharing.groups.get("1", "r", 0) == ["a", "b"]
    assert sharing.groups.split("2", "r", []) == []
    assert sharing.groups.split("2", "r", [["z"]]) == [0]


def test_who_has_done_a_group_has_done_that_one_alone(state: State) -> None:
    sharing = state.sharing
    runs = [("1", "r"), ("1", "s"), ("2", "r")]
    for run, route in runs:
        sharing.groups.split(run, route, [[f"{run}{route}{n}"] for n in range(3)])
    assert sharing.groups.done("1", "r", 1) == 2
    told = {(run, route, n): sharing.groups.get(run, route, n) for run, route in runs for n in range(3)}
    assert told.pop(("1", "r", 1)) is None
    assert told == {(run, route, n): [f"{run}{route}{n}"] for run, route, n in told}
    assert [sharing.groups.done("1", "r", n) for n in (0, 2)] == [1, 0]
    assert sharing.groups.done("2", "r", 0) == 2


def test_what_was_left_is_told_anew_by_the_closing_and_what_was_tried_stays_told(state: State) -> None:
    for run, route in (("1", "r"), ("1", "s"), ("2", "r")):
        places = [(change("a"), "skipped"), (change("b"), "conflict"), (change("a", THERE), "held")]
        state.history.note(run, route, places)
    for status in (Status.DONE, Status.FAILED, Status.AMBIGUOUS, Status.CONFLICT):
        outcome = Outcome(change=change("a"), status=status, problem=Problem("A problem."))
        state.settle("r", "d", "1", [Settled(outcome=outcome)])
    ClosingState(state).history.note("1", "r", [(replace(change("a"), reason="anew"), "postponed")])

    def told(run: str, route: str) -> list[tuple[str, str, str, str]]:
        every = state.sharing.outcomes(run, route)
        return [(each.change.place.title, each.change.key, status, each.change.reason) for each, status in every]

    untouched = [(HERE.title, "a", "skipped", ""), (HERE.title, "b", "conflict", ""), (THERE.title, "a", "held", "")]
    assert told("2", "r") == untouched
    assert told("1", "s") == [("another title", *rest) for _, *rest in untouched]
    tried = [(HERE.title, "a", status, "") for status in ("done", "failed", "ambiguous")]
    assert told("1", "r") == [*untouched[1:], *tried, (HERE.title, "a", "postponed", "anew")]


def test_a_closing_that_has_nothing_to_tell_forgets_nothing(state: State) -> None:
    state.history.note("1", "r", [(change("a"), "skipped")])
    ClosingState(state).history.note("1", "r", [])
    assert [status for _, status in state.sharing.outcomes("1", "r")] == ["skipped"]
