"""Which calls share a request, and which one goes first."""

import pytest

from lms_bridge.moodle.batching import Batching, waiting_for
from lms_bridge.moodle.protocol import Call

BATCH = 4
WRITE, EDIT, LOOK_UP, BACK, ALONE = (
    Call(function="write", args={}, write=True),
    Call(function="edit", args={}, write=True, soon=True),
    Call(function="look up", args={}),
    Call(function="read back", args={}, soon=True),
    Call(function="alone", args={}, alone=True),
)


def waiting(*calls: Call, batch: int = BATCH) -> Batching:
    batching = Batching(batch)
    for call in calls:
        batching.add([waiting_for(call)])
    return batching


def requests(batching: Batching, idle: int = 0) -> list[list[str]]:
    sent = []
    while batching:
        sent.append([each.call.function for each in batching.take(idle)])
    return sent


@pytest.mark.parametrize(
    ("calls", "sent"),
    [
        ([WRITE] * 6, [["write"] * 4, ["write"] * 2]),
        ([WRITE, LOOK_UP, WRITE], [["write", "write"], ["look up"]]),
        ([LOOK_UP, WRITE, EDIT], [["edit", "write"], ["look up"]]),
        ([WRITE, ALONE, WRITE], [["write", "write"], ["alone"]]),
        ([ALONE, WRITE], [["alone"], ["write"]]),
        ([WRITE, WRITE, BACK], [["read back"], ["write", "write"]]),
    ],
    ids=["a full one", "apart", "what ends something first", "alone behind", "alone first", "read back first"],
)
def test_calls_travel_in_their_order_with_those_that_may_travel_with_them(
    calls: list[Call], sent: list[list[str]]
) -> None:
    assert requests(waiting(*calls)) == sent


def test_a_few_look_ups_wait_while_writes_fill_requests_and_go_when_they_do_not() -> None:
    assert requests(waiting(*[WRITE] * 9, BACK)) == [["write"] * 4, ["write"] * 4, ["read back"], ["write"]]


def test_look_ups_that_are_worth_a_request_go_first() -> None:
    assert requests(waiting(*[WRITE] * 4, *[BACK] * 4)) == [["read back"] * 4, ["write"] * 4]


def test_no_look_up_waits_for_ever() -> None:
    batching, sent = waiting(BACK), []
    for _ in range(6):
        batching.add([waiting_for(WRITE) for _ in range(BATCH)])
        sent.append(batching.take(0)[0].call.function)
    assert sent == ["write", "write", "write", "read back", "write", "write"]


def test_an_end_of_something_begun_is_not_held_back() -> None:
    assert requests(waiting(*[WRITE] * 4, EDIT))[0] == ["edit", "write", "write", "write"]


def test_connections_that_have_nothing_to_do_share_what_is_waiting() -> None:
    assert requests(waiting(*[WRITE] * 30, batch=40), idle=1) == [["write"] * 15, ["write"] * 10, ["write"] * 5]


def test_one_at_a_time_is_one_at_a_time() -> None:
    assert requests(waiting(WRITE, WRITE, BACK, batch=1)) == [["read back"], ["write"], ["write"]]
