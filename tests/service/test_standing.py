"""How a route stands, word by word: the worst that holds is told."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lms_bridge.service.doors import ConnectorStatus, SyncStatus
from lms_bridge.service.standing import (
    Counts,
    Ended,
    Seen,
    connector_status,
    failures_in,
    last_run,
    look,
    past_of,
    sync_status,
)
from lms_bridge.service.timetable import Past
from lms_bridge.sync.state_figures import Standing
from tests.console.seeding import ROUTE, run, state_of

NOW = datetime(2027, 1, 11, 8, 0, tzinfo=UTC)
DRIFTED = Counts(standing=(Standing("drifted", "page", "m", 2), Standing("in_step", "page", "m", 9)))
HELD = Counts(left=(("held", "page", 3), ("skipped", "page", 9)))


def ended(*codes: int | None) -> tuple[Ended, ...]:
    """From the newest on, an hour apart."""
    begun = [NOW - timedelta(hours=number + 1) for number in range(len(codes))]
    return tuple(
        Ended(f"run{n}", at, None if code is None else at + timedelta(minutes=1), code)
        for n, (at, code) in enumerate(zip(begun, codes, strict=True))
    )


@pytest.mark.parametrize(
    ("seen", "sync", "connector", "word"),
    [
        (Seen(), "pending", "healthy", None),
        (Seen(ended(0)), "in_step", "healthy", "done"),
        (Seen(ended(0), due=NOW), "pending", "healthy", "done"),
        (Seen(ended(0), due=NOW + timedelta(seconds=1)), "in_step", "healthy", "done"),
        (Seen(ended(0), counts=Counts(open_writes=1)), "pending", "healthy", "done"),
        (Seen(ended(0), counts=DRIFTED), "drifted", "healthy", "done"),
        (Seen(ended(0), counts=Counts(conflicts=1, standing=DRIFTED.standing)), "conflict", "healthy", "done"),
        (Seen(ended(5)), "in_step", "healthy", "conflict"),
        (Seen(ended(4), counts=HELD), "conflict", "healthy", "approval"),
        (Seen(ended(10), counts=DRIFTED), "deferred", "healthy", "stopped"),
        (Seen(ended(10), counts=Counts(conflicts=1)), "conflict", "healthy", "stopped"),
        (Seen(ended(1), counts=Counts(conflicts=1)), "failed", "degraded", "failed"),
        (Seen(ended(2)), "failed", "healthy", "config"),
        (Seen(ended(6, 0)), "failed", "down", "unreachable"),
        (Seen(ended(-9, 6)), "failed", "healthy", "failed"),
        (Seen(ended(None, 6)), "failed", "down", "cut_off"),
        # A run that is under way says nothing yet.
        (Seen(ended(None, 6), running=True), "failed", "down", "running"),
        (Seen(ended(None, 0), elsewhere=True), "in_step", "healthy", "running"),
        (Seen(ended(None), running=True), "pending", "healthy", "running"),
    ],
)
def test_the_worst_that_holds_is_told(seen: Seen, sync: str, connector: str, word: str | None) -> None:
    assert sync_status(seen, NOW) is SyncStatus(sync)
    assert connector_status(seen) is ConnectorStatus(connector)
    told = last_run(seen)
    assert (told.word if told is not None else None) == word


def test_what_a_limit_holds_back_is_counted_and_what_was_skipped_is_not() -> None:
    assert (HELD.held, DRIFTED.drifted) == (3, 2)


@pytest.mark.parametrize(
    ("codes", "failures", "held"),
    [
        ((0, 6), 0, False),
        ((6, 0), 1, False),
        ((6, 1, 10, None, 0, 6), 4, False),
        ((4, 6), 0, True),
        ((2,), 0, True),
        ((6, 4, 6), 1, False),
        ((5, 6), 0, False),
    ],
)
def test_failures_are_counted_up_to_the_last_run_that_ended_well_or_waits(
    codes: tuple[int | None, ...], failures: int, held: bool
) -> None:
    past = past_of(Seen(ended(*codes)), None)
    assert (past.failures, past.held) == (failures, held)
    assert past.begun == NOW - timedelta(hours=1)


def test_nothing_is_known_of_what_never_ran() -> None:
    assert past_of(Seen(), NOW) == Past()


def test_a_run_that_is_under_way_has_not_failed_yet() -> None:
    assert failures_in(Seen(ended(None, 6, 0), running=True)) == 1
    assert failures_in(Seen(ended(None, 0), elsewhere=True)) == 0
    assert failures_in(Seen(ended(None, 6, 0))) == 2


def test_what_waits_for_approval_waits_as_well_while_another_run_is_under_way(tmp_path: Path) -> None:
    run(tmp_path, "r1", {"status": "held", "action": "delete"}, exit_code=4)
    run(tmp_path, "r2", exit_code=None)
    with state_of(tmp_path) as state:
        seen = look(state, ROUTE, (), running=True, before=Seen())
        assert (seen.counts.held, dict(seen.counts.summary)) == (1, {"created": 1})
        # Nor does an attempt take it back that never became a run.
        lost = Ended("", NOW, NOW, 2)
        assert look(state, ROUTE, (lost,), running=False, before=Seen()).counts.held == 1
