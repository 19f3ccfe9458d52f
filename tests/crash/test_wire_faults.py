"""Whatever a network or a server does to a call: the run goes on, or ends with one clear sentence, and the next one
finishes it; and nobody is asked again before the time that they named.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

import pytest
from crash_story import FIRST_SYNC, Story, Told
from crash_wire import SHORT_READ, Trouble, on_the_wire, troubles
from crash_world import Form

from lms_bridge.errors import Problem
from lms_bridge.sandbox.faults import Fault
from lms_bridge.sync.run import Report

Tell = Callable[[str, Form, Story], Told]
ROUTES = ("moodle", "sharepoint")
CELLS = [(route, trouble) for route in ROUTES for trouble in troubles(route)]
IDS = [f"{route}, {trouble.name}" for route, trouble in CELLS]
FOR_EVER = 100_000
QUICK = {"half an answer", "a page of HTML with 200", "a token that ended", "asked to slow down"}


def moments(told: Told, patch: pytest.MonkeyPatch) -> dict[str, int]:
    """The first request of each kind in a run without trouble, and which of all requests it is."""
    told.world.put_back()
    with on_the_wire(patch) as wire:
        told.world.sync(told.route)
    found: dict[str, int] = {}
    for number, call in enumerate(wire.calls):
        found.setdefault(call.name, number)
    return found


def suffer(told: Told, fault: Fault, patch: pytest.MonkeyPatch) -> tuple[Report, list[str], int]:
    """The report of a run with this fault, who was asked too early, and how many calls were made."""
    told.world.put_back()
    told.world.servers[told.route].faults.add(fault)
    short = SHORT_READ if fault.kind == "dribble" else None
    with on_the_wire(patch, read_timeout=short) as wire:
        report, _ = told.world.sync(told.route)
    told.world.servers[told.route].faults.clear()
    return report, wire.too_early(), len(wire.calls)


def problems(report: Report) -> list[Problem]:
    return [failure.problem for failure in report.failures]


def assert_clear(problem: Problem) -> None:
    """What, where, and what to do; and nothing of a server's own pages."""
    assert problem.cause, problem
    assert problem.where, problem
    assert problem.next_step, problem
    told = str(problem)
    assert "mistake in lms-bridge" not in told, told
    assert "Traceback" not in told, told
    assert "<" not in told, told
    assert len(told) < 600, told


def assert_passes(
    of: Told, trouble: Trouble, kinds: dict[str, int], subtests: pytest.Subtests, patch: pytest.MonkeyPatch
) -> None:
    for name, number in kinds.items():
        with subtests.test(f"{trouble.name} at {name}"):
            report, early, _ = suffer(of, replace(trouble.fault, skip=number), patch)
            assert early == []
            for problem in problems(report):
                assert_clear(problem)
            with on_the_wire(patch):
                of.is_finished_by_the_next_sync()


def assert_lasts(
    of: Told, trouble: Trouble, kinds: dict[str, int], subtests: pytest.Subtests, patch: pytest.MonkeyPatch
) -> None:
    whole = sum(1 for _ in of.boundaries) + FIRST_CALLS
    for name, number in kinds.items():
        with subtests.test(f"{trouble.name} for ever from {name} on"):
            report, early, calls = suffer(of, replace(trouble.fault, skip=number, times=FOR_EVER), patch)
            assert early == []
            told = {(problem.cause, problem.next_step) for problem in problems(report)}
            assert told or report.conflicts, "nobody was told"
            for problem in problems(report):
                assert_clear(problem)
            assert calls <= number + ATTEMPTS * whole
            if number == 0:
                assert len(problems(report)) == 1, told
                assert trouble.says in str(problems(report)[0])
            with on_the_wire(patch):
                of.is_finished_by_the_next_sync()


ATTEMPTS = 5
FIRST_CALLS = 30
"""More than the look-ups before the first write."""


def some(kinds: dict[str, int]) -> dict[str, int]:
    """The first call, and one from the middle and from the end."""
    names = list(kinds)
    return {name: kinds[name] for name in (names[0], names[len(names) // 2], names[-1])}


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


@pytest.mark.parametrize("route", ROUTES)
def test_trouble_passes_or_lasts_and_the_next_sync_is_in_step(
    told: Tell, route: str, subtests: pytest.Subtests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The quick share of what follows."""
    of = told(route, Form(), FIRST_SYNC)
    kinds = some(moments(of, monkeypatch))
    for trouble in troubles(route):
        if trouble.name in QUICK:
            assert_passes(of, trouble, kinds, subtests, monkeypatch)
            assert_lasts(of, trouble, dict(list(kinds.items())[:2]), subtests, monkeypatch)


@pytest.mark.faults
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("route", "trouble"), CELLS, ids=IDS)
def test_trouble_that_passes_once(
    told: Tell, route: str, trouble: Trouble, subtests: pytest.Subtests, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = told(route, Form(), FIRST_SYNC)
    assert_passes(of, trouble, moments(of, monkeypatch), subtests, monkeypatch)


@pytest.mark.faults
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("route", "trouble"), CELLS, ids=IDS)
def test_trouble_that_lasts(
    told: Tell, route: str, trouble: Trouble, subtests: pytest.Subtests, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = told(route, Form(), FIRST_SYNC)
    assert_lasts(of, trouble, moments(of, monkeypatch), subtests, monkeypatch)


@pytest.mark.parametrize("status", [429, 503])
def test_a_storm_inside_a_batch_is_waited_out_part_by_part(
    told: Tell, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch itself is answered with 200; its parts are not."""
    of = told("sharepoint", Form(), FIRST_SYNC)
    of.world.put_back()
    storm = Fault("status", status=status, retry_after="11", times=20, path="/items")
    of.world.servers["sharepoint"].faults.add(storm)
    with on_the_wire(monkeypatch) as wire:
        report, _ = of.world.sync("sharepoint")
    assert wire.too_early() == []
    assert wire.now - 1_000_000.0 >= 11
    for problem in problems(report):
        assert_clear(problem)
    of.world.servers["sharepoint"].faults.clear()
    with on_the_wire(monkeypatch):
        of.is_finished_by_the_next_sync()
