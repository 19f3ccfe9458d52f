"""Whatever a server answers, a sync ends: with what it could do, and a clear sentence for what it could not."""

import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from crash_story import FIRST_SYNC, NEXT_SYNC, Story, Told
from crash_wire import name_of, on_the_wire
from crash_world import Form
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lms_bridge.transport import Answer, Request, Transport
from tests.fuzz.mutants import SECONDS, bounded_memory, watched

pytestmark = [pytest.mark.fuzz, pytest.mark.timeout(0)]
LONGEST = 60.0
"""Seconds for a whole sync: none of its waits takes any."""
Tell = Callable[[str, Form, Story], Told]
ODD: tuple[str, ...] = (
    "null", "true", "false", "0", "-1", "1e400", "-1e400", "1.5", "9" * 400, '""', '"x"', '"\\ud800"', '"\\u0000"',
    "[]", "{}", "[[]]", "[null]", '[{"id": null}]', '{"value": null}', '"<p>"', '"1"', '"2026-13-45"',
    "[" * 200 + "]" * 200, '"' + "a" * 70_000 + '"', '"https://127.0.0.1:1/"', '"../.."',
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lie:
    """What is not as it should be: in which call, where in its answer, and what stands there instead, if anything."""

    call: int
    place: int
    odd: int
    gone: bool


LIES = st.builds(Lie, st.integers(0, 500), st.integers(0, 100_000), st.integers(0, len(ODD) - 1), st.booleans())
_SIGN, _INSIDE = "\x01odd\x01", "\x01json\x01"


def opened(value: Any) -> Any:
    """With the answers inside an answer, which Moodle writes as strings, as values."""
    match value:
        case dict():
            return {name: opened(each) for name, each in value.items()}
        case list():
            return [opened(each) for each in value]
        case str() if value[:1] in ("{", "["):
            try:
                return {_INSIDE: opened(json.loads(value))}
            except ValueError:
                return value
    return value


def closed(value: Any, odd: str) -> str:
    """The JSON again, with something odd in the place of its sign."""

    def within(each: Any) -> Any:
        match each:
            case {"\x01json\x01": inner}:
                return closed(inner, odd)
            case dict():
                return {name: within(one) for name, one in each.items()}
            case list():
                return [within(one) for one in each]
        return each

    return json.dumps(within(value)).replace(json.dumps(_SIGN), odd)


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        yield from places(each, (*at, name))


def told_instead(content: bytes, lie: Lie) -> bytes:
    try:
        value = opened(json.loads(content))
    except ValueError:
        return content
    every = list(places(value))
    path = every[lie.place % len(every)]
    if not path:
        return ODD[lie.odd].encode()
    holder = value
    for name in path[:-1]:
        holder = holder[name]
    if lie.gone:
        del holder[path[-1]]
    else:
        holder[path[-1]] = _SIGN
    return closed(value, ODD[lie.odd]).encode()


@contextmanager
def lying(patch: pytest.MonkeyPatch, lies: Sequence[Lie], calls: int) -> Iterator[list[str]]:
    """Some answers of the run are not what they should be. Gives what was told instead."""
    told: list[str] = []
    exchange: Callable[[Transport, Request], Answer] = Transport._exchange
    count = iter(range(10**9))

    def answering(self: Transport, request: Request) -> Answer:
        answer, number = exchange(self, request), next(count)
        content = answer.content
        for lie in lies:
            if lie.call % calls == number:
                content = told_instead(content, lie)
                told.append(f"{name_of(request)}: {content[:3000]!r}")
        return Answer(answer.status, answer.headers, content)

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
        max_examples=20, deadline=None, database=None, derandomize=False, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
    )  # fmt: skip
    @given(st.lists(LIES, min_size=1, max_size=3))
    def some(lies: list[Lie]) -> None:
        of.world.put_back()
        with watched(LONGEST), on_the_wire(monkeypatch), lying(monkeypatch, lies, calls) as told:
            report, _ = of.world.sync(route)
        for failure in report.failures:
            assert failure.problem.next_step, failure
            assert "mistake in lms-bridge" not in str(failure.problem), f"{failure} after {told}"
            str(failure.problem).encode()

    end = time.monotonic() + SECONDS
    with bounded_memory():
        while time.monotonic() < end:
            some()
