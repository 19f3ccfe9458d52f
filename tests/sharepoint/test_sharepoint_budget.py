"""Resource units: never more in a minute than configured, and quiet when the service asks for it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sharepoint_world import Clock

from lms_bridge.sharepoint.budget import Budget
from lms_bridge.sharepoint.client_pipeline import GraphHttpRequest
from lms_bridge.transport import Answer, Gate, Limits

HOST = "graph.test"
SMALLEST = 1250


class Purse(Budget):
    """A budget that is spent as our transport does."""

    def spend(self, units: int) -> None:
        request = call(units)
        self.gate.enter(request, Limits())
        while (wait := self.before(request)) > 0:
            self.gate.rest(wait)
            self.gate.enter(request, Limits())


def call(units: int) -> GraphHttpRequest:
    return GraphHttpRequest(method="GET", url=f"https://{HOST}/", units=units)


def told(remaining: int, reset: int) -> Answer:
    headers = {"RateLimit-Limit": "1250", "RateLimit-Remaining": str(remaining), "RateLimit-Reset": str(reset)}
    return Answer(200, headers, b"")


def budget(units: int, **more: Any) -> tuple[Purse, Clock]:
    clock = Clock()
    return Purse(units, Gate(clock=clock, sleep=clock.sleep), **more), clock


def test_a_handful_of_changes_does_not_wait() -> None:
    purse, clock = budget(SMALLEST)
    for _ in range(30):
        purse.spend(2)
    assert clock.slept == []


@given(st.integers(140, 6250), st.lists(st.integers(1, 40), min_size=1, max_size=300))
def test_no_minute_takes_more_than_the_configured_units(units: int, spends: list[int]) -> None:
    purse, clock = budget(units)
    spent: list[tuple[float, int]] = []
    for cost in spends:
        purse.spend(cost)
        spent.append((clock.now, cost))
    for start, _ in spent:
        assert sum(cost for at, cost in spent if start <= at < start + 60) <= units


@pytest.mark.parametrize(("permitted", "cost"), [(1250, 2), (1250, 5), (1250, 40), (3750, 40), (6250, 40)])
def test_while_there_is_work_nine_tenths_of_what_is_permitted_are_used(permitted: int, cost: int) -> None:
    purse, clock = budget(permitted)
    start, calls = clock.now, permitted * 5 // cost
    for _ in range(calls):
        purse.spend(cost)
    assert calls * cost / ((clock.now - start) / 60) >= 0.9 * permitted


def test_a_day_takes_no_more_than_a_tenant_is_given_for_a_day_and_nine_tenths_of_it() -> None:
    purse, clock = budget(SMALLEST)
    start, spent = clock.now, 0
    while clock.now < start + 86_400:
        purse.spend(1000)
        spent += 1000
    assert 0.9 * 1_200_000 <= spent <= 1_200_000


def test_no_minute_takes_more_calls_than_the_ceiling() -> None:
    purse, clock = budget(100_000, calls_per_minute=60)
    start = clock.now
    for _ in range(120):
        purse.spend(2)
    assert 110 <= clock.now - start <= 130


@pytest.mark.parametrize("ceiling", [1, 2])
def test_a_ceiling_of_a_call_or_two_is_kept_and_lets_them_through(ceiling: int) -> None:
    purse, clock = budget(100_000, calls_per_minute=ceiling)
    moments = []
    for _ in range(3):
        purse.spend(2)
        moments.append(clock.now)
    assert max(sum(begun <= moment < begun + 59 for moment in moments) for begun in moments) == 1
    assert moments[-1] - moments[0] <= 130


def test_a_call_dearer_than_the_burst_goes_through_and_is_paid_for_afterwards() -> None:
    purse, clock = budget(10)
    purse.spend(40)
    assert clock.slept == []
    purse.spend(1)
    assert sum(clock.slept) > 60


def test_two_sites_of_one_tenant_spend_from_one_budget_and_another_tenant_from_its_own() -> None:
    clock = Clock()
    one, other, stranger = (
        Purse(SMALLEST, Gate(clock=clock, sleep=clock.sleep), tenant=tenant) for tenant in ("a", "a", "b")
    )
    one.spend(60)
    stranger.spend(60)
    assert clock.slept == []
    other.spend(60)
    assert clock.slept != []


@pytest.mark.parametrize("headers", [{"retry-after": "31"}, {"retry-after": "5", "ratelimit-reset": "31"}])
def test_what_one_site_is_told_all_of_the_tenant_heed(headers: dict[str, str]) -> None:
    clock = Clock()
    one, other = (Purse(SMALLEST, Gate(clock=clock, sleep=clock.sleep), tenant="told") for _ in range(2))
    one.heed(HOST, 429, headers)
    other.spend(1)
    assert sum(clock.slept) == pytest.approx(31)


def test_what_the_service_has_left_is_spent_and_the_rest_waits_for_its_next_minute() -> None:
    purse, clock = budget(100_000)  # the tenant is given far less than was configured
    asked = call(2)
    assert purse.before(asked) == 0
    purse.after(asked, told(remaining=250, reset=20))
    start = clock.now
    for _ in range(109):
        assert clock.now == start
        purse.spend(2)
    purse.spend(40)
    assert clock.now - start == pytest.approx(21)


def test_what_is_still_under_way_is_counted_before_the_service_counts_it() -> None:
    purse, _ = budget(SMALLEST)
    asked, slow = call(2), call(40)
    assert purse.before(asked) == purse.before(slow) == 0
    purse.after(asked, told(remaining=75, reset=20))
    assert purse.before(call(2)) == 0
    assert purse.before(call(3)) == pytest.approx(21)


@pytest.mark.parametrize(
    ("status", "headers", "pause"),
    [
        (429, {"retry-after": "31", "ratelimit-reset": "20"}, 31),
        (429, {"retry-after": "5", "ratelimit-reset": "31"}, 31),
        (503, {"retry-after": "7"}, 7),
        (429, {"retry-after": "Thu, 26 Nov 2026 08:00:41 GMT", "date": "Thu, 26 Nov 2026 08:00:00 GMT"}, 41),
        (429, {}, 1),
        (429, {"retry-after": "soon"}, 1),
        (200, {"ratelimit-limit": "1200", "ratelimit-remaining": "24", "ratelimit-reset": "5"}, 6),
        (200, {"ratelimit-limit": "1200", "ratelimit-remaining": "240", "ratelimit-reset": "5"}, 0),
        (200, {}, 0),
    ],
)
def test_everybody_pauses_as_long_as_the_service_asks(status: int, headers: dict[str, str], pause: float) -> None:
    purse, clock = budget(1250)
    purse.heed(HOST, status, headers)
    purse.spend(1)
    assert sum(clock.slept) == pytest.approx(pause)
