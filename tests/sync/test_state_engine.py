"""The database behind the state: what outlasts a power failure, what goes with what, and words when it fails."""

import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from lms_bridge.audit.line import Act, Deed
from lms_bridge.connector import Action, Body, Change, Outcome, PlaceRef, Record, Status
from lms_bridge.errors import StateError
from lms_bridge.items import Kind
from lms_bridge.sync import state_patience
from lms_bridge.sync.intent import Image, Intent, Settled
from lms_bridge.sync.state import State
from lms_bridge.sync.state_engine import BUSY_SECONDS, open_engine
from tests.swallowing import swallowing

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
PLACE = PlaceRef(Kind.PAGE, "7", "the wiki of BIO-101", "BIO-101")
RECORD = Record(
    key="s:a", kind=Kind.PAGE, place=PLACE.id, ref="17", name="Cells", fingerprint="f", version="3", digest="d",
    base="<p>Words of a learner.</p>", title="Cells", course="BIO-101",
)  # fmt: skip
INTENT = Intent(route="r", place=PLACE.id, key="s:a", run="1", action="create", fingerprint="f", digest="d", opened=NOW)
CHANGE = Change(
    action=Action.UPDATE, key="s:a", kind=Kind.PAGE, place=PLACE, course="BIO-101", title="Cells", reason="it changed"
)
OUTCOME = Outcome(change=CHANGE, status=Status.DONE)
IMAGE = Image(
    place=PLACE.id, key="s:a", action=Action.UPDATE, ref="17", before=Body(title="Cells", html="<p>Old.</p>"),
    record_before=RECORD, digest_after="d",
)  # fmt: skip

SERVER_BOUNDS = {
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "60000",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "some" / "where" / "state.sqlite"


@pytest.fixture
def state(file: Path) -> Iterator[State]:
    """Holds a run that changed a page and kept what stood there."""
    with State.open(file) as opened:
        opened.history.begin_run("1", "r", "moodle", started=NOW, checksum="c")
        opened.settle("r", "moodle", "1", [Settled(outcome=OUTCOME, record=RECORD, image=IMAGE)])
        yield opened


@contextmanager
def commits(heard: list[str]) -> Iterator[None]:
    """How SQLite is told to treat the disk at each commit: https://www.sqlite.org/pragma.html#pragma_synchronous"""

    def hear(connection: sa.Connection) -> None:
        level = connection.connection.cursor().execute("PRAGMA synchronous").fetchone()[0]
        heard.append({1: "when it suits", 2: "at once"}[level])

    sa.event.listen(sa.Engine, "commit", hear)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "commit", hear)


@pytest.mark.parametrize(
    ("do", "on_disk"),
    [
        (lambda state: state.write_intents([INTENT]), "at once"),
        (lambda state: state.history.keep_away("r", ["mark"], NOW), "at once"),
        (lambda state: state.history.erase("r", ["s:a"]), "at once"),
        (lambda state: state.trail.add(Act(deed=Deed.APPROVE)), "at once"),
        (lambda state: state.settle("r", "moodle", "1", [Settled(outcome=OUTCOME, record=RECORD)]), "when it suits"),
    ],
    ids=["what is about to be written", "who is to be forgotten", "forgetting", "what was decided", "what was written"],
)
def test_what_must_outlast_a_power_failure_is_on_disk_before_anything_else_is_done(
    state: State, do: Callable[[State], None], on_disk: str
) -> None:
    heard: list[str] = []
    with commits(heard):
        do(state)
    assert heard[0] == on_disk


def test_with_a_run_that_is_forgotten_goes_what_it_did_and_what_stood_there_before(state: State) -> None:
    assert state.history.images("1", "r") == [IMAGE]
    state.history.trim(NOW)
    assert state.history.images("1", "r") == [IMAGE]
    state.history.trim(NOW + timedelta(seconds=1))
    assert (state.history.images("1", "r"), state.history.outcomes("1", "r")) == ([], [])


def test_what_was_forgotten_is_in_no_file_even_where_sqlite_leaves_it_in_free_pages(file: Path) -> None:
    def careless(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA secure_delete=OFF")

    sa.event.listen(sa.Engine, "connect", careless)
    try:
        with State.open(file) as state:
            state.save_records("r", "moodle", [RECORD])
            assert any(b"Words of a learner" in each.read_bytes() for each in file.parent.iterdir())
            state.history.erase("r", ["s:a"])
            assert [each.name for each in file.parent.iterdir() if b"Words of a learner" in each.read_bytes()] == []
    finally:
        sa.event.remove(sa.Engine, "connect", careless)


@pytest.mark.parametrize(
    "use",
    [lambda state: state.records("r"), lambda state: state._store.sweep()],
    ids=["it is read", "it is swept"],
)
def test_a_file_that_was_damaged_meanwhile_is_told_in_words_and_by_its_name(
    state: State, file: Path, use: Callable[[State], None]
) -> None:
    state.close()
    file.write_text("not a database, " * 100, encoding="utf-8")
    with pytest.raises(StateError) as caught:
        use(state)
    assert caught.value.problem.cause == "The state store cannot be used: file is not a database."
    assert caught.value.problem.where == str(file)


def test_a_moment_is_the_same_whatever_the_zone_of_the_machine(state: State, file: Path, elsewhere: None) -> None:
    state.write_intents([replace(INTENT, opened=NOW)])
    with State.open(file) as again:
        (intent,) = again.open_intents("r")
    assert (intent.opened, intent.opened.tzinfo) == (NOW, UTC)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Five hours from UTC."""
    import time

    monkeypatch.setenv("TZ", "XXX5")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_of_what_a_server_says_at_length_the_first_line_is_told_and_no_password() -> None:
    with pytest.raises(StateError) as caught:
        State.open("postgresql://bridge:hunter2@127.0.0.1:1/bridge")
    assert str(caught.value.problem.cause).endswith("Connection refused.")
    assert caught.value.problem.where.endswith("://bridge:***@127.0.0.1:1/bridge")


# A server that says nothing


def test_a_server_that_takes_connections_and_says_nothing_is_told_and_not_waited_for_for_ever() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"postgresql://bridge@127.0.0.1:{silent.getsockname()[1]}/lms?connect_timeout=2"
        with pytest.raises(StateError, match=r"(?i)time ?out") as told:
            State.open(address)
    assert "that it can be reached" in told.value.problem.next_step


def asked_of_the_driver(address: str) -> dict[str, object]:
    """What a connection would be opened with."""
    engine = open_engine(address)
    asked: dict[str, object] = {}

    @sa.event.listens_for(engine, "do_connect")
    def refuse(dialect: object, record: object, words: object, named: dict[str, object]) -> None:
        asked.update(named)
        raise sa.exc.DBAPIError("", None, Exception("asked enough"))

    with pytest.raises(sa.exc.DBAPIError):
        engine.connect()
    return asked


def test_a_network_that_swallows_what_is_sent_ends_a_connection_and_the_address_has_the_last_word() -> None:
    usual = asked_of_the_driver("postgresql://bridge@db.example.org/lms")
    bounds = ("connect_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout")
    assert all(int(str(usual[name])) > 0 for name in bounds)
    own = asked_of_the_driver("postgresql://bridge@db.example.org/lms?connect_timeout=3&tcp_user_timeout=5000")
    assert (own["connect_timeout"], own["tcp_user_timeout"]) == ("3", "5000")
    assert own["keepalives_idle"] == usual["keepalives_idle"]


@pytest.mark.postgresql
def test_what_a_network_swallows_is_not_waited_for_for_ever(
    postgresql_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(state_patience._OURS, "tcp_user_timeout", 500)
    with swallowing(postgresql_server, after=100_000) as network:
        engine = open_engine(network.address)
        with pytest.raises(sa.exc.OperationalError), engine.connect() as connection:
            connection.execute(sa.text("SELECT length(:words)"), {"words": "word " * 4_000_000})
        assert not network.gave_up.is_set()
        engine.dispose()


@pytest.mark.postgresql
def test_the_server_does_not_keep_the_leases_of_a_machine_that_is_gone(postgresql_server: str) -> None:
    """By itself it would ask after two hours whether anybody is there."""
    engine = open_engine(postgresql_server)
    with engine.connect() as connection:
        found = {name: connection.execute(sa.text(f"SHOW {name}")).scalar() for name in SERVER_BOUNDS}
    engine.dispose()
    assert found == SERVER_BOUNDS


@pytest.mark.postgresql
def test_who_waits_for_what_somebody_else_holds_is_told_so_after_a_while(postgresql_server: str) -> None:
    one, two = open_engine(postgresql_server), open_engine(postgresql_server)
    with one.begin() as holding, two.begin() as waiting:
        holding.execute(sa.select(sa.func.pg_advisory_xact_lock(7)))
        assert waiting.execute(sa.text("SHOW lock_timeout")).scalar() == f"{BUSY_SECONDS}s"
        waiting.execute(sa.text("SET LOCAL lock_timeout = 1"))
        with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
            waiting.execute(sa.select(sa.func.pg_advisory_xact_lock(7)))
        waiting.rollback()
    one.dispose()
    two.dispose()
