"""Whatever a network or a server does to a call: the run goes on, or ends with one clear sentence, and the next one
finishes it; and nobody is asked again before the time that they named.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

import pytest
from crash_process import LONG
from crash_story import FIRST_SYNC, Story, Told
from crash_wire import BEGINNING, LATE, SHORT_READ, Trouble, Wire, on_the_wire, troubles
from crash_world import Form

from lms_bridge.errors import Problem
from lms_bridge.sandbox.faults import Fault
from lms_bridge.sync.run import Report

Tell = Callable[[str, Form, Story], Told]
ROUTES = ("moodle", "sharepoint")
CELLS = [(route, trouble) for route in ROUTES for trouble in troubles(route)]
IDS = [f"{route}, {trouble.name}" for route, trouble in CELLS]
FOR_EVER = 100_000
CALLS = 60
"""Five calls in a row that come to nothing, each with all its tries, end a run; and one for each place that refuses."""
SENTENCES = 4
"""What a read, a write and a look-up say of the same trouble, and that nothing more is sent."""
ENTRA = ("GET openid-configuration", "POST token")
"""Whoever gives the tokens has sentences of its own."""
Kinds = dict[str, int]
Patch = pytest.MonkeyPatch
Ordeal = Callable[[Told, Trouble, Kinds, pytest.Subtests, Patch], None]
QUICK = {"half an answer", "a page of HTML with 200", "a token that ended", "asked to slow down"}


def moments(told: Told, patch: Patch) -> Kinds:
    """The first request of each kind in a run without trouble, and which of all requests it is."""
    told.world.put_back()
    with on_the_wire(patch) as wire:
        told.world.sync(told.route)
    found: dict[str, int] = {}
    for number, call in enumerate(wire.calls):
        found.setdefault(call.name, number)
    return found


def suffer(told: Told, fault: Fault, patch: Patch) -> tuple[Report, Wire]:
    """The report of a run with this fault, and what went over the wire."""
    told.world.put_back()
    told.world.servers[told.route].faults.add(fault)
    told.world.doors[told.route].watch()
    short = SHORT_READ if fault.seconds else None
    with on_the_wire(patch, read_timeout=short) as wire:
        report, _ = told.world.sync(told.route)
    told.world.servers[told.route].faults.clear()
    return report, wire


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


def at_call(trouble: Trouble, number: int) -> Fault:
    """What is only for some addresses does not count the calls for tokens, which come first."""
    return replace(trouble.fault, skip=max(0, number - len(ENTRA)) if trouble.fault.path else number)


def assert_passes(of: Told, trouble: Trouble, kinds: Kinds, subtests: pytest.Subtests, patch: Patch) -> None:
    """It happens once, to one call of each kind."""
    for name, number in kinds.items():
        with subtests.test(f"{trouble.name} at {name}"):
            report, wire = suffer(of, at_call(trouble, number), patch)
            assert wire.too_early() == []
            assert wire.now - BEGINNING >= trouble.waits or name in ENTRA
            for problem in problems(report):
                assert_clear(problem)
            with on_the_wire(patch):
                of.is_finished_by_the_next_sync()


def assert_lasts(of: Told, trouble: Trouble, kinds: Kinds, subtests: pytest.Subtests, patch: Patch) -> None:
    """It happens to every call from the first one of a kind on."""
    for name, number in kinds.items():
        with subtests.test(f"{trouble.name} for ever from {name} on"):
            report, wire = suffer(of, replace(at_call(trouble, number), times=FOR_EVER), patch)
            assert wire.too_early() == []
            told = {(problem.cause, problem.next_step) for problem in problems(report)}
            assert 1 <= len(told) <= SENTENCES, told
            assert number > 0 or len(problems(report)) == 1
            for problem in problems(report):
                assert_clear(problem)
            assert name in ENTRA or any(trouble.says(of.route) in cause for cause, _ in told), told
            assert len(wire.calls) - number <= CALLS
            with on_the_wire(patch):
                of.is_finished_by_the_next_sync()


def assert_late(of: Told, kinds: Kinds, subtests: pytest.Subtests, patch: Patch) -> None:
    """It is found by the first sync that looks once it stands. One that looks earlier cannot know: docs/promises.md."""
    for name, number in kinds.items():
        with subtests.test(f"{LATE.name}: {name}"):
            report, wire = suffer(of, replace(LATE.fault, skip=number), patch)
            for problem in problems(report):
                assert_clear(problem)
            of.world.doors[of.route].wait_for(len(wire.calls), LONG)
            with on_the_wire(patch):
                of.is_finished_by_the_next_sync()


def some(kinds: dict[str, int]) -> dict[str, int]:
    """The first call, and one from the middle and from the end."""
    names = list(kinds)
    return {name: kinds[name] for name in (names[0], names[len(names) // 2], names[-1])}


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


@pytest.mark.parametrize("route", ROUTES)
def test_trouble_passes_or_lasts_and_the_next_sync_is_in_step(
    told: Tell, route: str, subtests: pytest.Subtests, monkeypatch: Patch
) -> None:
    """The quick share of what follows."""
    of = told(route, Form(), FIRST_SYNC)
    kinds = some(moments(of, monkeypatch))
    for trouble in troubles(route):
        if trouble.name in QUICK:
            assert_passes(of, trouble, kinds, subtests, monkeypatch)
            assert_lasts(of, trouble, dict(list(kinds.items())[:2]), subtests, monkeypatch)
    assert_late(of, dict(list(kinds.items())[1:]), subtests, monkeypatch)


@pytest.mark.faults
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("how", [assert_passes, assert_lasts], ids=["once", "for ever"])
@pytest.mark.parametrize(("route", "trouble"), CELLS, ids=IDS)
def test_trouble_at_each_kind_of_call(
    told: Tell, route: str, trouble: Trouble, how: Ordeal, subtests: pytest.Subtests, monkeypatch: Patch
) -> None:
    of = told(route, Form(), FIRST_SYNC)
    how(of, trouble, moments(of, monkeypatch), subtests, monkeypatch)


@pytest.mark.faults
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("route", ROUTES)
def test_a_call_that_is_carried_out_late(told: Tell, route: str, subtests: pytest.Subtests, monkeypatch: Patch) -> None:
    of = told(route, Form(), FIRST_SYNC)
    assert_late(of, moments(of, monkeypatch), subtests, monkeypatch)


@pytest.mark.parametrize("status", [429, 503])
def test_a_storm_inside_a_batch_is_waited_out_part_by_part(told: Tell, status: int, monkeypatch: Patch) -> None:
    """The batch itself is answered with 200; its parts are not."""
    of = told("sharepoint", Form(), FIRST_SYNC)
    of.world.put_back()
    of.world.tenant.faults.add(Fault("status", status=status, retry_after="11", times=20, path="/items"))
    with on_the_wire(monkeypatch) as wire:
        report, _ = of.world.sync("sharepoint")
    stormy = [call for call in wire.calls if call.leave_alone_until >= call.came + 11]
    assert len(stormy) > 1
    assert all(call.name.startswith("batch") for call in stormy)
    assert wire.too_early() == []
    for problem in problems(report):
        assert_clear(problem)
    of.world.tenant.faults.clear()
    with on_the_wire(monkeypatch):
        of.is_finished_by_the_next_sync()
