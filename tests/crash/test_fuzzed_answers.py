"""Whatever a server answers, a sync ends: with what it could do, and a clear sentence for what it could not."""

import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from crash_story import FIRST_SYNC, NEXT_SYNC, Story, Told
from crash_wire import name_of, on_the_wire
from crash_world import Form
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lms_bridge.transport import Answer, Request, Transport

pytestmark = [pytest.mark.fuzz, pytest.mark.timeout(0)]
SECONDS = float(os.environ.get("LMS_BRIDGE_FUZZ_SECONDS", "8"))
LONGEST = 60.0
"""Seconds for a whole sync: none of its waits takes any."""
Tell = Callable[[str, Form, Story], Told]
ODD: tuple[str, ...] = (
    "null", "true", "false", "0", "-1", "1e400", "-1e400", "1.5", "9" * 400, '""', '"x"', '"\\ud800"', '"\\u0000"',
    "[]", "{}", "[[]]", "[null]", '[{"id": null}]', '{"value": null}', '"<p>"', '"1"', '"2026-13-45"',
    "[" * 200 + "]" * 200, '"' + "a" * 70_000 + '"', '"https://127.0.0.1:1/"', '"../.."',
)  # fmt: skip


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        yield from paths(each, (*at, name))


def exchanged(value: Any, path: tuple[Any, ...], odd: str, *, gone: bool) -> str:
    """The JSON with something else, or nothing, in one place."""
    sign = "\x01odd\x01"
    if not path:
        return odd
    copy = json.loads(json.dumps(value))
    holder = copy
    for name in path[:-1]:
        holder = holder[name]
    if gone:
        del holder[path[-1]]
    else:
        holder[path[-1]] = sign
    return json.dumps(copy).replace(json.dumps(sign), odd)


@contextmanager
def lying(patch: pytest.MonkeyPatch, call: int, place: int, odd: str, *, gone: bool) -> Iterator[list[str]]:
    """One answer of the run is not what it should be: `place` says where in it. Gives what was told instead."""
    told: list[str] = []
    exchange: Callable[[Transport, Request], Answer] = Transport._exchange
    count = iter(range(10**9))

    def answering(self: Transport, request: Request) -> Answer:
        answer = exchange(self, request)
        if next(count) != call:
            return answer
        try:
            value = json.loads(answer.content)
        except ValueError:
            return answer
        every = list(paths(value))
        lie = exchanged(value, every[place % len(every)], odd, gone=gone)
        told.append(f"{name_of(request)}: {lie[:3000]}")
        return Answer(answer.status, answer.headers, lie.encode())

    with patch.context() as inner:
        inner.setattr(Transport, "_exchange", answering)
        yield told


@pytest.mark.parametrize("story", [FIRST_SYNC, NEXT_SYNC], ids=lambda story: story.name)
@pytest.mark.parametrize("route", ["moodle", "sharepoint"])
def test_a_sync_survives_any_answer(
    told: Tell, route: str, story: Story, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    of = told(route, Form(), story)
    caplog.set_level(logging.CRITICAL)
    of.world.put_back()
    with on_the_wire(monkeypatch) as wire:
        of.world.sync(route)
    calls = len(wire.calls)

    @settings(
        max_examples=20, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
    )  # fmt: skip
    @given(st.integers(0, calls - 1), st.integers(0, 100_000), st.sampled_from(range(len(ODD))), st.booleans())
    def some(call: int, place: int, odd: int, gone: bool) -> None:
        of.world.put_back()
        begun = time.monotonic()
        with on_the_wire(monkeypatch), lying(monkeypatch, call, place, ODD[odd], gone=gone) as lies:
            report, _ = of.world.sync(route)
        assert time.monotonic() - begun < LONGEST
        for failure in report.failures:
            assert failure.problem.next_step, failure
            assert "mistake in lms-bridge" not in str(failure.problem), f"{failure} after {lies}"
            str(failure.problem).encode()

    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        some()
