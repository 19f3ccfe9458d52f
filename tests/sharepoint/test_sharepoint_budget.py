"""Resource units: never more in a minute than configured, and quiet when the service asks for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sharepoint_world import Clock

from lms_bridge.sharepoint.budget import Budget
from lms_bridge.transport import Gate, Limits, Request

HOST = "graph.test"


class Purse(Budget):
    """A budget that is spent as our transport does."""

    def spend(self, units: int) -> None:
        request = Request(method="GET", url=f"https://{HOST}/")
        self.gate.enter(request, Limits())
        while (wait := self.take(units)) > 0:
            self.gate.rest(wait)


def budget(units: int) -> tuple[Purse, Clock]:
    clock = Clock()
    return Purse(units, Gate(clock=clock, sleep=clock.sleep)), clock


def test_a_small_run_does_not_wait() -> None:
    purse, clock = budget(1250)
    for _ in range(100):
        purse.spend(2)
    assert clock.slept == []


@given(st.integers(100, 6250), st.lists(st.integers(1, 20), min_size=1, max_size=300))
def test_no_minute_takes_more_than_the_configured_units(units: int, spends: list[int]) -> None:
    purse, clock = budget(units)
    spent: list[tuple[float, int]] = []
    for cost in spends:
        purse.spend(cost)
        spent.append((clock.now, cost))
    for start, _ in spent:
        assert sum(cost for at, cost in spent if start <= at < start + 60) <= units + 1


def test_in_the_long_run_seventy_percent_are_used() -> None:
    purse, clock = budget(1250)
    start = clock.now
    for _ in range(10_000):
        purse.spend(2)
    assert 20_000 / ((clock.now - start) / 60) == pytest.approx(875, rel=0.05)


def test_a_call_dearer_than_the_burst_goes_through_and_is_paid_for_afterwards() -> None:
    purse, clock = budget(10)
    purse.spend(40)
    assert clock.slept == []
    purse.spend(1)
    assert sum(clock.slept) > 60


@pytest.mark.parametrize(
    ("status", "headers", "pause"),
    [
        (429, {"retry-after": "31", "ratelimit-reset": "20"}, 31),
        (429, {"retry-after": "5", "ratelimit-reset": "31"}, 31),
        (503, {"retry-after": "7"}, 7),
        (429, {"retry-after": "Thu, 26 Nov 2026 08:00:41 GMT", "date": "Thu, 26 Nov 2026 08:00:00 GMT"}, 41),
        (429, {}, 1),
        (429, {"retry-after": "soon"}, 1),
        (200, {"ratelimit-limit": "1200", "ratelimit-remaining": "120", "ratelimit-reset": "5"}, 5),
        (200, {"ratelimit-limit": "1200", "ratelimit-remaining": "240", "ratelimit-reset": "5"}, 0),
        (200, {}, 0),
    ],
)
def test_everybody_pauses_as_long_as_the_service_asks(status: int, headers: dict[str, str], pause: float) -> None:
    purse, clock = budget(1250)
    purse.heed(HOST, status, headers)
    purse.spend(1)
    assert sum(clock.slept) == pytest.approx(pause)
