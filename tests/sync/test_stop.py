"""When a run is to end early, and who hears of it."""

import pytest

from lms_bridge.sync.stop import Stop


@pytest.mark.parametrize(
    ("after", "told"),
    [(0.0, ""), (59.9, ""), (60.0, "its deadline of 60 seconds passed"), (999.0, "its deadline of 60 seconds passed")],
)
def test_a_deadline_counts_from_the_moment_it_was_given(after: float, told: str) -> None:
    moment = [1000.0]
    stop = Stop(60, clock=lambda: moment[0])
    moment[0] += after
    assert stop.reason == told
    assert not stop.cancelled


def test_whoever_waits_is_woken_once_even_who_comes_too_late_and_the_first_reason_counts() -> None:
    woken: list[str] = []
    stop = Stop()
    stop.on_ask(lambda: woken.append("early"))
    assert (stop.reason, woken) == ("", [])
    stop.ask("SIGTERM was received")
    stop.ask("SIGINT was received")
    assert woken == ["early"]
    stop.on_ask(lambda: woken.append("late"))
    assert (stop.reason, woken) == ("SIGTERM was received", ["early", "late"])
    assert stop.cancelled


def test_a_deadline_wakes_whoever_waits() -> None:
    woken: list[str] = []
    stop = Stop(0)
    stop.on_ask(lambda: woken.append("up"))
    assert stop.reason == "its deadline of 0 seconds passed"
    assert woken == ["up"]
