"""What destinations were asked and have left, from the process that asked to another one that serves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lms_bridge.connector import Action, Change, Outcome, PlaceRef, Status
from lms_bridge.items import Kind
from lms_bridge.spending import CallEnd, Left, Spent
from lms_bridge.sync.run import Report
from lms_bridge.sync.spent import Asked, arrived, asked_of, keep_fidelity, keep_spent
from lms_bridge.sync.state import State
from lms_bridge.testing.memory import MemoryDestination

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=10)
NOTHING = dict.fromkeys([end.value for end in CallEnd], 0)
PLACE = PlaceRef(Kind.PAGE, "7", "the wiki of BIO-101", "BIO-101")


@dataclass(frozen=True, slots=True)
class Asks:
    """As much of a destination as counts what it was asked."""

    name: str
    found: Spent | None

    def spent(self) -> Spent | None:
        return self.found


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with State.open(tmp_path / "state.sqlite") as opened:
        yield opened


def keep(state: State, *destinations: Asks | MemoryDestination) -> None:
    keep_spent(state, destinations, NOW)  # type: ignore[arg-type] - nothing else of them is asked


def asks(name: str, calls: Mapping[CallEnd, int], **left: Left) -> Asks:
    return Asks(name, Spent(calls, left))


def left(state: State, budget: Left, now: datetime) -> float | None:
    keep(state, asks("moodle", {CallEnd.DONE: 1}, site=budget))
    (asked,) = asked_of(state, ["moodle"], now)
    return asked.left


def test_what_destinations_were_asked_is_counted_each_by_itself_and_by_how_it_ended(state: State) -> None:
    keep(
        state,
        MemoryDestination(),
        Asks("counts nothing", None),
        asks("was not asked", {}, site=Left(1, 1, 2)),
        asks("moodle", {CallEnd.DONE: 3, CallEnd.BUSY: 1}, site=Left(30, 1, 60)),
        asks("sharepoint", {CallEnd.DONE: 5}),
    )
    keep(state, asks("moodle", {CallEnd.DONE: 4}))
    assert asked_of(state, ["moodle", "sharepoint", "was not asked", "counts nothing"], NOW) == [
        Asked("moodle", {**NOTHING, "done": 7, "busy": 1}, 0.5),
        Asked("sharepoint", {**NOTHING, "done": 5}, None),
        Asked("was not asked", NOTHING, None),
        Asked("counts nothing", NOTHING, None),
    ]


@pytest.mark.parametrize(
    ("budget", "at_once", "ten_seconds_later"),
    [
        (Left(level=0, per_second=2, burst=40), 0, 0.5),
        (Left(level=0.25, per_second=0, burst=0.5), 0.5, 0.5),
        (Left(level=10, per_second=2, burst=20), 0.5, 1),
        (Left(level=-30, per_second=2, burst=40), 0, 0),
        (Left(level=0, per_second=0, burst=0), 0, 0),
        (Left(level=5, per_second=1, burst=0), 0, 0),
    ],
    ids=["fills", "less than one call", "full", "a debt", "none at all", "nothing fits"],
)
def test_what_a_budget_has_left_grows_by_what_flows_in(
    state: State, budget: Left, at_once: float, ten_seconds_later: float
) -> None:
    assert (left(state, budget, NOW), left(state, budget, LATER)) == (at_once, ten_seconds_later)


def test_a_clock_that_is_behind_takes_nothing_from_a_budget(state: State) -> None:
    assert left(state, Left(level=30, per_second=2, burst=60), NOW - timedelta(seconds=10)) == 0.5


def test_of_several_budgets_the_one_that_has_least_is_told(state: State) -> None:
    keep(state, asks("moodle", {CallEnd.DONE: 1}, site=Left(45, 1, 60), files=Left(15, 1, 60)))
    assert [asked.left for asked in asked_of(state, ["moodle"], NOW)] == [0.25]


def test_what_arrived_of_the_pages_is_known_until_other_pages_are_written(state: State) -> None:
    change = Change(
        action=Action.UPDATE, key="s:a", kind=Kind.PAGE, place=PLACE, course="BIO-101", title="Cells", reason="changed"
    )
    wrote = Report(
        run="1", route="r", destination="moodle", started=NOW, ended=NOW,
        outcomes=(Outcome(change=change, status=Status.DONE),),
        fidelity={"s:a": {"words": 0.75}},
    )  # fmt: skip
    assert arrived(state, "r") is None
    keep_fidelity(state, wrote)
    keep_fidelity(state, Report(run="2", route="r", destination="moodle", started=NOW, ended=NOW))
    assert (arrived(state, "r"), arrived(state, "other")) == (0.75, None)
