"""A run that workers share may be closed while one of them is still at a write: on a database that all see at once,
what was begun first may be seen last."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from lms_bridge.audit.chain import verify
from lms_bridge.connector import Action, Change, Outcome, PlaceRef, Status
from lms_bridge.items import Kind
from lms_bridge.sync import state_schema as tables
from lms_bridge.sync.state import State
from lms_bridge.sync.state_rows import outcome_row

pytestmark = pytest.mark.postgresql
NOW = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
PLACE = PlaceRef(Kind.PAGE, "7", "Wiki", "BIO")


@pytest.fixture
def state(postgresql_server: str) -> Iterator[State]:
    engine = sa.create_engine(postgresql_server.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
    with State.open(postgresql_server) as opened:
        opened.history.begin_run("1", "r", "d", started=NOW, checksum="")
        yield opened


def row(key: str, digest: str = "") -> Mapping[str, Any]:
    change = Change(action=Action.CREATE, key=key, kind=Kind.PAGE, place=PLACE, course="BIO", title=key, reason="new")
    return outcome_row("1", "r", Outcome(change=change, status=Status.DONE)) | {"digest_after": digest or key}


def told(state: State) -> list[tuple[str, str]]:
    return [(line.key, line.after) for line in state.trail.lines() if line.deed == "create"]


def test_a_write_that_was_begun_first_and_seen_last_is_told_once_and_no_other_twice(state: State) -> None:
    add = sa.insert(tables.outcomes)
    with closing(state._engine.connect()) as slow:
        slow.execute(add, [row("a")])
        with state._engine.begin() as quick:
            quick.execute(add, [row("b"), row("c")])
        state.trail.add_run("1", "r")
        assert told(state) == [("b", "b"), ("c", "c")]
        slow.commit()
    for _ in range(2):
        state.trail.add_run("1", "r")
    assert told(state) == [("b", "b"), ("c", "c"), ("a", "a")]
    assert [line.about for line in state.trail.lines() if line.deed == "run"] == ["2 changes", "3 changes"]
    assert verify(state.trail.lines()).broken is None


def test_what_was_written_twice_alike_is_told_twice(state: State) -> None:
    add = sa.insert(tables.outcomes)
    for _ in range(2):
        with state._engine.begin() as connection:
            connection.execute(add, [row("a", "same")])
        state.trail.add_run("1", "r")
    assert told(state) == [("a", "same")] * 2


def test_what_was_forgotten_meanwhile_makes_nothing_be_told_again_or_left_out(state: State) -> None:
    add = sa.insert(tables.outcomes)
    with state._engine.begin() as connection:
        connection.execute(add, [row("a"), row("b")])
    state.trail.add_run("1", "r")
    state.history.erase("r", ["a"])
    with state._engine.begin() as connection:
        connection.execute(add, [row("c")])
    state.trail.add_run("1", "r")
    assert told(state) == [("a", "a"), ("b", "b"), ("c", "c")]
