"""How many requests are under way at once: fewer when the server slows down, more only where that gets more done."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from lms_bridge.transport import Answer, Gate, Pace, Politeness, Purse, Request
from lms_bridge.transport.pace import WINDOW

Server = Callable[[int], float]
"""Seconds for an answer while so many requests are under way."""


def steady(under_way: int) -> float:
    return 0.1


def with_two_cores(under_way: int) -> float:
    """Beyond two at once each waits for the others."""
    return 0.1 * max(1.0, under_way / 2)


def ask(pace: Pace, server: Server, windows: int = 1) -> list[int]:
    """How many may be under way after each window of answers."""
    allowed = []
    for _ in range(windows):
        for _ in range(WINDOW):
            pace.took("new_page", server(pace.allowed()))
        allowed.append(pace.allowed())
    return allowed


def test_when_the_slowest_answers_take_twice_as_long_one_request_less_is_under_way() -> None:
    pace = Pace(2, 2)
    assert ask(pace, steady) == [2]
    # Two of twenty: the median says nothing of people who wait.
    for seconds in [0.1] * (WINDOW - 2) + [0.2] * 2:
        pace.took("new_page", seconds)
    assert pace.allowed() == 1


def test_the_last_request_goes_on_however_slow_the_server_is() -> None:
    pace = Pace(3, 3)
    ask(pace, steady)
    assert ask(pace, lambda _: 5.0, windows=4) == [2, 1, 1, 1]


def test_when_the_server_is_as_before_all_come_back() -> None:
    pace = Pace(3, 3)
    ask(pace, steady)
    ask(pace, lambda _: 5.0, windows=2)
    assert ask(pace, steady, windows=3) == [2, 3, 3]


def test_a_single_slow_answer_changes_nothing() -> None:
    pace = Pace(2, 2)
    ask(pace, steady)
    for seconds in [0.1] * (WINDOW - 1) + [9.0]:
        pace.took("new_page", seconds)
    assert pace.allowed() == 2


def test_what_takes_longer_by_nature_is_not_taken_for_a_slow_server() -> None:
    pace = Pace(2, 2)
    for _ in range(WINDOW * 2):
        pace.took("new_page", 0.1)
        pace.took("listing", 1.0)
    assert pace.allowed() == 2


def test_one_more_stays_while_it_gets_more_done_and_never_beyond_the_ceiling() -> None:
    assert max(ask(Pace(2, 5), steady, windows=30)) == 5
    assert max(ask(Pace(2, 2), steady, windows=30)) == 2


def test_where_one_more_gets_no_more_done_it_goes_again() -> None:
    """The knee: a server with two cores."""
    allowed = ask(Pace(1, 8), with_two_cores, windows=40)
    assert max(allowed) == 3, "one beyond the knee is tried, and no more"
    assert allowed.count(2) > allowed.count(3) * 4, "and seldom"


def test_in_quiet_hours_one_request_at_a_time_is_sent() -> None:
    quiet = [True]
    pace = Pace(4, 4, is_quiet=lambda: quiet[0])
    assert pace.allowed() == 1
    quiet[0] = False
    assert pace.allowed() == 4


def request(calls: int) -> Request:
    return Request(method="POST", url="https://moodle.example/", kind="new_page", calls=calls)


@pytest.mark.parametrize("calls", [1, 7, 40])
def test_no_minute_takes_more_calls_than_were_allowed(calls: int) -> None:
    now = [0.0]
    budget = Politeness(Pace(2, 2), 120, Gate(clock=lambda: now[0]))
    sent: list[float] = []
    while now[0] < 600:
        wait = budget.before(request(calls))
        if wait:
            now[0] += wait
        else:
            sent.append(now[0])
    for begin in sent:
        # A batch that is dearer than what may come at once is one batch, all the same.
        assert calls * sum(begin <= moment < begin + 60 for moment in sent) <= 120 + max(0, calls - 20)
    assert calls * len(sent) > 0.8 * 120 * 10, "and what was allowed is used"


def test_workers_that_share_a_budget_make_no_more_calls_together_than_one_alone() -> None:
    now = [0.0]
    shared = Purse(lambda: now[0])
    gates = [Gate(clock=lambda: now[0]) for _ in range(4)]
    for gate in gates:
        gate.shared = shared
    workers = [Politeness(Pace(2, 2), 120, gate) for gate in gates]
    sent = 0
    while now[0] < 600:
        sent += sum(not worker.before(request(1)) for worker in workers)
        now[0] += 0.1
    assert 0.8 * 120 * 10 < sent <= 120 * 10


def test_where_no_ceiling_is_set_nobody_waits() -> None:
    budget = Politeness(Pace(2, 2), None, Gate())
    assert [budget.before(request(1000)) for _ in range(100)] == [0.0] * 100


@dataclass(slots=True)
class Busy:
    """A connection that always has something to ask of a server that takes `takes` seconds for each answer."""

    rest: float
    takes: float = 0.3
    thinking: float = 0.0
    """Seconds that it is idle by itself, after each answer."""
    now: float = 0.0
    worked: float = 0.0
    politeness: Politeness = field(init=False)

    def __post_init__(self) -> None:
        self.politeness = Politeness(Pace(2, 2), None, Gate(clock=lambda: self.now), rest=self.rest)

    def until(self, moment: float) -> float:
        """The part of the time from now until then in which the server is at work for us."""
        begun, before = self.now, self.worked
        while self.now < moment:
            while (due := self.politeness.before(request(1))) > 0:
                self.now += due
            self.answered()
            self.now += self.thinking
        return (self.worked - before) / (self.now - begun)

    def answered(self) -> None:
        self.now += self.takes
        self.worked += self.takes
        self.politeness.after(request(1), Answer(200, {}, b"[]", self.takes))


@pytest.mark.parametrize("rest", [0.05, 0.2, 0.5])
@pytest.mark.parametrize("takes", [0.002, 0.3, 8.0])
def test_the_part_of_the_time_that_is_left_to_people_is_left_to_them(rest: float, takes: float) -> None:
    assert Busy(rest, takes).until(1000) == pytest.approx(1 - rest, rel=0.01)


def test_a_rest_comes_soon_after_the_work_that_it_is_for() -> None:
    busy = Busy(0.1)
    assert [busy.until(moment) for moment in range(5, 200, 5)] == [pytest.approx(0.9, rel=0.05)] * 39


def test_who_is_idle_anyway_does_not_rest_besides() -> None:
    assert Busy(0.1, thinking=0.05).until(200) == pytest.approx(0.3 / 0.35, rel=0.01)


def test_an_idle_hour_is_no_leave_to_work_without_a_rest_later() -> None:
    busy = Busy(0.5)
    busy.until(10)
    busy.now = 3600.0
    assert busy.until(3630) == pytest.approx(0.5, rel=0.05)


def test_one_connection_rests_while_another_goes_on() -> None:
    busy = Busy(0.5)
    busy.answered()
    other: list[float] = []
    thread = threading.Thread(target=lambda: other.append(busy.politeness.before(request(1))))
    thread.start()
    thread.join()
    assert busy.politeness.before(request(1)) == pytest.approx(0.3)
    assert other == [0]


def test_a_rest_takes_nothing_from_the_budget_of_calls() -> None:
    now = [0.0]
    politeness = Politeness(Pace(1, 1), 60, Gate(clock=lambda: now[0]), rest=0.5)
    assert politeness.before(request(5)) == 0
    now[0] = 30.0
    politeness.after(request(5), Answer(200, {}, b"[]", 30.0))
    left = politeness.left()["calls"].level
    assert politeness.before(request(1)) > 0
    assert politeness.left()["calls"].level == left


def test_what_is_sent_away_at_once_is_not_taken_for_a_quick_server() -> None:
    pace = Pace(2, 2)
    budget = Politeness(pace, None, Gate())
    for status, seconds in [(503, 0.001)] * WINDOW + [(200, 0.1)] * WINDOW:
        budget.after(request(1), Answer(status, {}, b"[]", seconds))
    assert pace.allowed() == 2
