"""While a run goes on `status` tells what it is doing, since when, and when it was last heard of."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lms_bridge.sync.heartbeat import heartbeat
from lms_bridge.sync.run import no_progress
from lms_bridge.sync.state import State
from lms_bridge.sync.status import standing

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with State.open(tmp_path / "state.sqlite") as opened:
        yield opened


def test_a_stage_is_told_at_once_and_how_far_it_is_every_two_seconds(state: State) -> None:
    """After each sign: what the state then tells, the stage, how much is done, since when and when last."""
    moment, told = [NOON], []
    signs = [
        (0, "source", 0), (1, "source", 5), (2, "source", 6), (3.9, "source", 7), (4, "source", 8), (4.1, "writing", 0),
        (-60, "writing", 1), (-59, "writing", 2),
    ]  # fmt: skip
    with heartbeat(state, ["r"], "run", lambda: moment[0], no_progress) as of:
        for after, stage, done in signs:
            moment[0] = NOON + timedelta(seconds=after)
            of("r")(stage, done, 9)
            doing = state.history.doing("r")
            assert doing is not None
            seconds = [(each - NOON).total_seconds() for each in (doing.since, doing.beat)]
            told.append((doing.stage, doing.done, *seconds))
    assert told == [
        ("source", 0, 0, 0),
        ("source", 0, 0, 0),
        ("source", 6, 0, 2),
        ("source", 6, 0, 2),
        ("source", 8, 0, 4),
        ("writing", 0, 4.1, 4.1),
        # The clock was put back: better told once more than not for an hour.
        ("writing", 1, 4.1, -60),
        ("writing", 1, 4.1, -60),
    ]


def test_each_route_has_its_own_sign_of_life_and_none_is_left_behind(state: State) -> None:
    shown: list[tuple[str, int, int]] = []

    def see(stage: str, done: int, total: int) -> None:
        shown.append((stage, done, total))

    with suppress(KeyboardInterrupt), heartbeat(state, ["r", "s"], "run", lambda: NOON, see) as of:
        of("r")("source", 1, 2)
        of("s")("source", 3, 4)
        of("s")("source", 4, 4)
        doings = [state.history.doing(route) for route in ("r", "s")]
        raise KeyboardInterrupt
    assert [(each.run, each.done) for each in doings if each] == [("run", 1), ("run", 3)]
    assert shown == [("source", 1, 2), ("source", 3, 4), ("source", 4, 4)]
    assert [state.history.doing(route) for route in ("r", "s")] == [None, None]


def test_what_a_run_is_doing_is_told_while_it_lives_and_not_of_one_that_was_killed(state: State) -> None:
    with heartbeat(state, ["r"], "run", lambda: NOON, no_progress) as of:
        of("r")("writing", 1, 2)
        assert standing("r", state).doing is None, "the sign of life that a killed run left: nobody holds the route"
        with state.lease("r"):
            doing = standing("r", state).doing
    assert doing is not None
    assert (doing.stage, doing.done, doing.total) == ("writing", 1, 2)
