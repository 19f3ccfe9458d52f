"""What PostgreSQL keeps for all workers by its own clock: whose run is joined, and what a destination still bears."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import pytest
import sqlalchemy as sa

from lms_bridge.sync import state_schema as tables
from lms_bridge.sync.state import State

pytestmark = pytest.mark.postgresql
NAMES = (f"of its own {number}" for number in count())
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture(scope="module")
def state(postgresql_server: str) -> Iterator[State]:
    with State.open(postgresql_server) as state:
        yield state


def ended(state: State, route: str, run: str, ago: timedelta) -> None:
    """A run of this name began and ended so long ago."""
    moment = state.sharing.now() - ago
    with state._engine.begin() as connection:
        row = {"run": run, "route": route, "opened": moment, "ended": moment, "rest": {}}
        connection.execute(sa.insert(tables.shared_runs).values(row))


@pytest.mark.parametrize(
    ("ago", "within", "joined"),
    [
        (2 * MINUTE, 5 * MINUTE, True),
        (2 * MINUTE, MINUTE, False),
        (2 * MINUTE, timedelta(), False),
        (-2 * MINUTE, MINUTE, True),
    ],
    ids=["a moment ago", "too long ago", "late comers are not taken", "the server's clock was set back"],
)
def test_a_run_that_ended_is_joined_by_who_comes_a_little_late(
    state: State, ago: timedelta, within: timedelta, *, joined: bool
) -> None:
    route, another = next(NAMES), next(NAMES)
    ended(state, route, "old", ago)
    assert state.sharing.join(route, "new", within=within) == ("old" if joined else "new")
    assert state.sharing.join(another, "its own", within=within) == "its own"


def test_a_run_that_is_under_way_is_joined_however_long_it_takes(state: State) -> None:
    route = next(NAMES)
    assert state.sharing.join(route, "first") == "first"
    assert state.sharing.join(route, "second") == "first"
    state.sharing.end("first", route, {"unchanged": 3})
    shared = state.sharing.shared_run("first", route)
    assert shared is not None
    assert (shared.rest, shared.groups) == ({"unchanged": 3}, 0)
    state.sharing.end("first", route, {"unchanged": 4})
    assert state.sharing.shared_run("first", route) == shared, "what was told stays told"
    assert state.sharing.join(route, "second") == "second"
    assert state.sharing.shared_run("first", route) is not None
    assert state.sharing.shared_run("third", route) is None


def test_reports_of_shared_runs_are_kept_for_weeks_and_not_for_ever(state: State) -> None:
    route, another = next(NAMES), next(NAMES)
    for days in (20, 40):
        ended(state, route, f"{days}", days * DAY)
    ended(state, another, "40", 40 * DAY)
    state.sharing.join(route, "new")
    there = [(run, of) for of in (route, another) for run in ("20", "40") if state.sharing.shared_run(run, of)]
    assert there == [("20", route), ("40", another)]


def test_how_much_of_a_run_is_left_is_counted_by_its_groups(state: State) -> None:
    route = next(NAMES)
    state.sharing.join(route, "run")
    state.sharing.groups.split("run", route, [["a"], ["b"], ["c"]])
    state.sharing.groups.done("run", route, 1)
    shared = state.sharing.shared_run("run", route)
    assert shared is not None
    assert (shared.groups, shared.left, shared.ended) == (3, 2, None)


@pytest.mark.parametrize(
    ("level", "seconds", "amount", "wait", "left"),
    [
        (10.0, 0, 10, 0.0, 0.0),
        (10.0, 0, 4, 0.0, 6.0),
        (4.0, 0, 5, 10.0, 4.0),
        (4.0, 50, 5, 0.0, 4.0),
        (4.0, 3600, 5, 0.0, 5.0),
        (4.0, -3600, 4, 0.0, 0.0),
        (-2.0, 0, 1, 30.0, -2.0),
        (-2.0, 40, 1, 0.0, 1.0),
        (10.0, 0, 12, 0.0, -2.0),
        (8.0, 0, 12, 20.0, 8.0),
        (-20.0, 0, 1, 210.0, -20.0),
    ],
    ids=["all of it", "some of it", "too little", "enough came in", "never more than the burst",
         "the server's clock was set back", "a debt", "a debt that was paid", "dearer than the burst",
         "dearer, and not full", "no longer than it is worth waiting"],
)  # fmt: skip
def test_what_is_drawn_is_there_or_who_draws_is_told_how_long_to_wait(
    state: State, level: float, seconds: float, amount: float, wait: float, left: float
) -> None:
    """The budget is 10 at most and a tenth flows in each second; it held `level` so many seconds ago. Nobody is told to
    wait for longer than a minute."""
    site = next(NAMES)
    state.sharing.draw(site, "units", 0, per_second=1, burst=10)
    b = tables.budgets
    now = state.sharing.now()
    with state._engine.begin() as connection:
        held = {"level": level, "filled": now - timedelta(seconds=seconds)}
        connection.execute(sa.update(b).where(b.c.destination == site).values(held))
    told = state.sharing.draw(site, "units", amount, per_second=0.1, burst=10)
    with state._engine.begin() as connection:
        kept = connection.execute(sa.select(b.c.level).where(b.c.destination == site)).scalar_one()
    passed = (state.sharing.now() - now).total_seconds()
    assert min(60.0, wait - passed) <= told <= min(60.0, wait)
    assert left <= kept <= left + 0.1 * passed


def test_who_has_to_wait_does_not_ask_at_once_again(state: State) -> None:
    site = next(NAMES)
    assert state.sharing.draw(site, "units", 10, per_second=1e9, burst=10) == 0.0
    b = tables.budgets
    with state._engine.begin() as connection:
        later = state.sharing.now() + DAY
        connection.execute(sa.update(b).where(b.c.destination == site).values(filled=later))
    assert 0.001 < state.sharing.draw(site, "units", 10, per_second=1e9, burst=10) < 1


def test_a_part_of_a_destination_is_left_alone_until_its_time_is_over(state: State) -> None:
    site, another = next(NAMES), next(NAMES)
    state.sharing.close_for(site, "host", 3600)
    state.sharing.close_for(site, "past", -5)
    assert set(state.sharing.closed(site)) == {"host"}
    assert state.sharing.closed(another) == {}


def test_the_last_moment_of_a_wait_counts_as_well(state: State) -> None:
    site = next(NAMES)

    def told() -> bool:
        state.sharing.close_for(site, "host", 0.9)
        return "host" in state.sharing.closed(site)

    # A machine that is busy may be slower once.
    assert any(told() for _ in range(20))
