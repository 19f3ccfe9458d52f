"""The sandbox's Moodle against the answers of a real one: the number of matches is printed and only rises."""

import json
from pathlib import Path

import pytest
from moodle_replay import Tally, replay, scenarios

FLOORS_FILE = Path(__file__).with_name("replay_floors.json")
FLOORS: dict[str, int] = json.loads(FLOORS_FILE.read_text(encoding="utf-8"))
SHOWN = 5


@pytest.fixture(scope="module")
def tallies() -> dict[str, Tally]:
    return {scenario: replay(scenario) for scenario in scenarios()}


@pytest.mark.parametrize("scenario", scenarios())
def test_answers_match_the_recorded_ones_at_least_as_often_as_before(scenario: str, tallies: dict[str, Tally]) -> None:
    tally = tallies[scenario]
    wrong = [f"{n} {what}: {'; '.join(found[:2])[:600]}" for n, what, found in tally.failures[:SHOWN]]
    assert tally.matched >= FLOORS.get(scenario, tally.exchanges), "\n".join(
        [f"{tally.matched} of {tally.exchanges} match, the floor is {FLOORS.get(scenario)}", *wrong]
    )


def test_nine_answers_in_ten_match(tallies: dict[str, Tally], capsys: pytest.CaptureFixture[str]) -> None:
    matched = sum(tally.matched for tally in tallies.values())
    exchanges = sum(tally.exchanges for tally in tallies.values())
    with capsys.disabled():
        print(f"\n{matched} of {exchanges} exchanges match")
        for name, tally in tallies.items():
            if tally.failures:
                print(f"  {name}: {tally.matched} of {tally.exchanges}")
    assert matched > 0.9 * exchanges
