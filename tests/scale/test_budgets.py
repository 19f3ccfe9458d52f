"""What a destination bears is shared by all who talk to it: what one of them is told, all heed."""

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Thread
from types import SimpleNamespace

import pytest

from lms_bridge.connector import SharedBudget
from lms_bridge.errors import StateError, Unreachable
from lms_bridge.sharepoint.budget import Budget
from lms_bridge.sync.shared_budget import StateBudget
from lms_bridge.sync.state import State
from lms_bridge.transport import Gate, Limits, Request

pytestmark = pytest.mark.postgresql
ASK = Request(method="GET", url="https://learn.example.org/lists")


@pytest.fixture
def states(postgresql_server: str) -> Iterator[tuple[State, State]]:
    with State.open(postgresql_server) as one, State.open(postgresql_server) as two:
        yield one, two


def gate_of(state: State, name: str) -> Gate:
    def nobody_sleeps(seconds: float) -> None:
        raise AssertionError("it would wait")

    gate = Gate(clock=lambda: 0.0, sleep=nobody_sleeps)
    gate.shared = StateBudget(state, name)
    return gate


def test_what_one_worker_is_told_to_wait_every_other_waits(states: tuple[State, State]) -> None:
    told, other = (gate_of(state, "site") for state in states)
    told.close(ASK.host, 3600.0)
    with pytest.raises(Unreachable, match=r"asked to be left alone for another 3[56]\d\d seconds"):
        other.enter(ASK, Limits(longest_wait=60))


def test_another_host_and_another_destination_are_asked_all_the_same(states: tuple[State, State]) -> None:
    told, other = (gate_of(state, "one site") for state in states)
    told.close(ASK.host, 3600.0)
    other.enter(Request(method="GET", url="https://login.example.org/token"), Limits(longest_wait=60))
    gate_of(states[1], "another site").enter(ASK, Limits(longest_wait=60))


def test_a_shorter_wait_does_not_end_a_longer_one(states: tuple[State, State]) -> None:
    one, two = (StateBudget(state, "patient site") for state in states)
    one.close("host", 3600.0)
    two.close("host", 1.0)
    assert StateBudget(states[0], "patient site").closed("host") > 3000


def test_all_workers_together_draw_no_more_than_there_is(states: tuple[State, State]) -> None:
    drawn: list[float] = []

    def draw(budget: SharedBudget) -> None:
        # As good as nothing flows in while the test lasts.
        drawn.extend(budget.draw("units", 5, per_second=1e-6, burst=100) for _ in range(15))

    threads = [Thread(target=draw, args=[StateBudget(state, "small site")]) for state in states]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drawn.count(0.0) == 20
    assert all(wait > 0 for wait in drawn if wait)


def test_what_is_dearer_than_the_burst_is_paid_for_afterwards(states: tuple[State, State]) -> None:
    one, two = (StateBudget(state, "dear site") for state in states)
    assert one.draw("units", 30, per_second=0.01, burst=10) == 0.0
    # It is told how long, but never longer than it is worth waiting before asking again.
    assert two.draw("units", 1, per_second=0.01, burst=10) == 60.0


def test_what_all_of_them_left_is_told_by_each_of_what_it_draws_itself(states: tuple[State, State]) -> None:
    one, two = (StateBudget(state, "told site") for state in states)
    assert two.left() == {}
    for budget in (one, two):
        budget.draw("units", 30, per_second=1e-6, burst=100)
    (left,) = two.left().values()
    assert (round(left.level), left.burst) == (40, 100)
    # A debt is told as one.
    one.draw("units a day", 30, per_second=1e-6, burst=10)
    assert round(one.left()["units a day"].level) == -20


def test_sharepoints_units_come_out_of_the_shared_budget(states: tuple[State, State]) -> None:
    one, two = (Budget(100, gate_of(state, "tenant")) for state in states)
    assert one.take(30) == 0.0
    assert two.take(30) > 0


def test_while_the_state_cannot_be_asked_nobody_goes_there() -> None:
    budget = StateBudget(_Gone(), "site")  # type: ignore[arg-type]
    assert budget.closed("host") > 0
    assert budget.draw("units", 1, per_second=1, burst=1) > 0
    budget.close("host", 1)


@pytest.mark.parametrize(
    ("looked", "left", "asked"),
    [
        ([0.0], [10.0], 1),
        ([0.0, 0.2, 0.25], [10.0, 9.8, 9.75], 1),
        ([0.0, 2.0], [10.0, 10.0], 2),
        ([0.0, 0.2, 2.0, 2.2], [10.0, 9.8, 10.0, 9.8], 2),
    ],
    ids=["once", "in a row", "again later", "in a row, and again later"],
)
def test_the_database_is_not_asked_before_each_of_many_calls(
    monkeypatch: pytest.MonkeyPatch, looked: list[float], left: list[float], asked: int
) -> None:
    database = _Told(10.0)
    assert [round(seconds, 3) for seconds in waits(monkeypatch, database, looked)] == left
    assert database.asked == asked


def test_a_wait_that_is_over_is_over_for_those_who_were_told_a_moment_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    assert waits(monkeypatch, _Told(0.125), [0.0, 0.125, 0.2]) == [0.125, 0.0, 0.0]


def waits(monkeypatch: pytest.MonkeyPatch, database: "_Told", looked: list[float]) -> list[float]:
    """How long is left at each of these moments, in seconds since the first."""
    moments = iter(1000.0 + moment for moment in looked)
    monkeypatch.setattr("lms_bridge.sync.shared_budget.time", SimpleNamespace(monotonic=lambda: next(moments)))
    budget = StateBudget(SimpleNamespace(sharing=database), "site")  # type: ignore[arg-type]
    return [budget.closed("host") for _ in looked]


@dataclass
class _Told:
    """A state that says each time that the host is to be left alone for so long."""

    seconds: float
    asked: int = 0

    def closed(self, destination: str) -> dict[str, float]:
        self.asked += 1
        return {"host": self.seconds}


class _Gone:
    """A state whose database went away."""

    @property
    def sharing(self) -> "_Gone":
        return self

    def __getattr__(self, name: str) -> object:
        def fail(*args: object, **how: object) -> None:
            raise StateError("It is gone.", where="db", next_step="Wait.")

        return fail
