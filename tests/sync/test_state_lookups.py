"""A few keys of a large route are looked up, and the rest of it is not read."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from lms_bridge.sync.state import State
from lms_bridge.sync.state_part import PartState
from tests.sync.test_state import PLACE, RECORD

KEYS = [f"s:{number}" for number in range(100)]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with State.open(tmp_path / "state.sqlite") as state:
        yield state


def part(state: State) -> State:
    return PartState(state, [PLACE.id], {}, keys=KEYS)


@pytest.mark.parametrize(
    "look_up",
    [
        lambda state: state.own_addresses("moodle", "mine", KEYS),
        lambda state: state.addresses("moodle", besides="mine", keys=KEYS),
        lambda state: part(state).records("mine"),
        lambda state: part(state).records_in_short("mine"),
        lambda state: state.standing_after("0 x", "mine", "moodle", [replace(RECORD, key=key) for key in KEYS]),
    ],
    ids=["its own addresses", "addresses of others", "records", "records in short", "how things stand after a run"],
)
def test_a_few_keys_are_found_by_their_index(state: State, look_up: Callable[[State], Any]) -> None:
    asked: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        asked.append((statement, parameters))

    sa.event.listen(state._engine, "before_cursor_execute", note)
    look_up(state)
    sa.event.remove(state._engine, "before_cursor_execute", note)
    with state._store.transaction() as connection:
        told = [
            row[-1]
            for statement, parameters in asked
            if "FROM records" in statement
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    ways = [way for way in told if "records" in way]
    assert ways
    assert all("USING INDEX records_key" in way for way in ways), ways
