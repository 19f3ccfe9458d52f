"""The state store keeps what it is given, on SQLite and on PostgreSQL, over restarts and between processes."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from lms_bridge.connector import Action, Change, Entry, Outcome, PlaceRef, Record, Status
from lms_bridge.errors import Problem, StateError
from lms_bridge.items import Course, Kind
from lms_bridge.sync.apply import apply
from lms_bridge.sync.intent import Intent, Settled
from lms_bridge.sync.plan import Waiting
from lms_bridge.sync.report import summary_of
from lms_bridge.sync.route import prepare
from lms_bridge.sync.run import Route
from lms_bridge.sync.state import State
from lms_bridge.sync.state_versions import NEWEST
from lms_bridge.testing.memory import MemoryDestination
from lms_bridge.testing.memory_source import MemorySource
from lms_bridge.testing.sample import SOURCE, make_item

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=timezone(timedelta(hours=2)))
PLACE = PlaceRef(Kind.PAGE, "site,1,2", "the pages of BIO-101", "BIO-101")
RECORD = Record(
    key="s:a",
    kind=Kind.PAGE,
    place=PLACE.id,
    ref="17",
    name="Cells 🧬",
    fingerprint="f" * 64,
    version="3",
    digest="d" * 64,
    base="<p>Größe</p>",
    title="Cells",
    course="BIO-101",
    url="https://moodle.example/17",
)
FIRST_FORM = (
    "place", "key", "kind", "ref", "name", "fingerprint", "version", "digest", "base", "title", "course", "url",
    "drifted", "deleted",
)  # fmt: skip
CHANGE = Change(
    action=Action.CREATE,
    key="s:a",
    kind=Kind.PAGE,
    place=PLACE,
    course="BIO-101",
    title="Cells",
    reason="it is new in the source",
)
INTENT = Intent(route="r", place=PLACE.id, key="s:a", run="1", action="create", fingerprint="f", digest="d", opened=NOW)


@pytest.fixture
def state(location: str) -> Iterator[State]:
    with State.open(location) as opened:
        yield opened


def done(record: Record | None = RECORD) -> Outcome:
    entry = Entry(ref="17", version="3", name="Cells") if record else None
    return Outcome(change=CHANGE, status=Status.DONE, entry=entry)


def begin(state: State, run: str = "1") -> None:
    state.history.begin_run(run, "r", "moodle", started=NOW, checksum="c")


def test_records_outlive_the_process(location: str) -> None:
    with State.open(location) as state:
        state.save_records("r", "moodle", [RECORD])
    with State.open(location) as state:
        assert state.records("r") == [RECORD]
        assert state.records("another") == []


def test_a_record_is_kept_once_and_as_it_was_saved_last(state: State) -> None:
    state.save_records("r", "moodle", [RECORD])
    newer = replace(RECORD, version="4", drifted=True, url=None)
    state.save_records("r", "moodle", [newer])
    assert state.records("r") == [newer]


def test_a_record_in_short_is_the_same_without_what_stood_there(state: State) -> None:
    texts: dict[str, Any] = {
        "base": "<p>Rooms.</p>",
        "base_title": "Cells",
        "base_fields": {"pinned": True},
        "digest": "d" * 64,
    }
    whole = replace(RECORD, **texts, fields={"group": 3}, fidelity={"words": 0.9})
    state.save_records("r", "there", [whole, replace(RECORD, place="page@elsewhere")])
    nothing = replace(whole, base="", base_title="", base_fields=None, digest="", fields={}, fidelity={})
    assert [each for each in state.records_in_short("r") if each.place == RECORD.place] == [nothing]
    assert state.records("r", place=RECORD.place) == [whole]


def test_what_is_held_anyway_is_not_held_once_more_for_a_record_in_short(state: State) -> None:
    state.save_records("r", "there", [replace(RECORD, name=RECORD.title, version=RECORD.fingerprint)])
    key, title = (text[:1] + text[1:] for text in (RECORD.key, RECORD.title))
    [found] = state.records_in_short("r", [title, key])
    assert found.key is key
    assert found.name is found.title is title
    assert found.version is found.fingerprint


def test_an_outcome_its_record_and_the_end_of_its_intent_are_one_step(state: State) -> None:
    begin(state)
    state.write_intents([INTENT])
    assert [(i.key, i.opened) for i in state.open_intents("r")] == [("s:a", NOW)]
    state.settle("r", "moodle", "1", [Settled(outcome=done(), record=RECORD)])
    assert state.open_intents("r") == []
    assert state.records("r") == [RECORD]
    (row,) = state.history.outcomes("1", "r")
    assert (row["action"], row["status"], row["version_after"]) == ("create", "done", "3")


def test_an_intent_stays_open_while_nobody_knows_what_became_of_it(state: State) -> None:
    begin(state)
    state.write_intents([INTENT])
    unknown = Outcome(change=CHANGE, status=Status.AMBIGUOUS, problem=Problem("No answer came.", "s:a", "Sync again."))
    state.settle("r", "moodle", "1", [Settled(outcome=unknown)])
    assert len(state.open_intents("r")) == 1
    assert state.history.outcomes("1", "r")[0]["cause"] == "No answer came."


def test_a_refused_write_closes_its_own_intent_and_leaves_the_open_one_of_an_earlier_run(state: State) -> None:
    begin(state)
    begin(state, "2")
    state.write_intents([INTENT, replace(INTENT, run="2")])
    state.settle("r", "moodle", "2", [Settled(outcome=Outcome(change=CHANGE, status=Status.FAILED))])
    assert [intent.run for intent in state.open_intents("r")] == ["1"]


def test_forgetting_removes_the_record(state: State) -> None:
    begin(state)
    state.save_records("r", "moodle", [RECORD])
    state.settle("r", "moodle", "1", [Settled(outcome=done(None), forget=True)])
    assert state.records("r") == []


def test_links_find_what_other_routes_brought_to_the_same_destination(state: State) -> None:
    for route, destination in (("mine", "moodle"), ("other", "moodle"), ("elsewhere", "sharepoint")):
        state.save_places(route, [PLACE], listed={})
        state.save_records(route, destination, [replace(RECORD, key=f"s:{route}")])
    found = state.addresses("moodle", besides="mine")
    assert {key: (address.place, address.name) for key, address in found.items()} == {"s:other": (PLACE, "Cells 🧬")}


def test_of_many_records_only_those_are_found_that_were_asked_for(state: State) -> None:
    many = [replace(RECORD, key=f"s:{number}", name=f"Page {number}") for number in range(1100)]
    gone = [replace(many[3], key="s:gone", deleted=True), replace(many[3], key="s:unplaced", place="page@away")]
    for route, destination in (("mine", "moodle"), ("other", "moodle"), ("elsewhere", "sharepoint")):
        state.save_places(route, [PLACE], listed={})
        state.save_records(route, destination, [*many, *gone] if route == "mine" else [many[7]])
    asked = [record.key for record in (*many[:1030], *gone)]
    own = state.own_addresses("moodle", "mine", asked)
    assert {key: (at.place, at.name) for key, at in own.items()} == {r.key: (PLACE, r.name) for r in many[:1030]}
    assert [*state.addresses("moodle", besides="mine", keys=asked)] == ["s:7"]
    assert state.addresses("moodle", besides="mine", keys=["s:8"]) == {}
    assert state.own_addresses("sharepoint", "mine", asked) == {}
    assert state.population("mine", [PLACE.id, "page@nowhere"]) == {PLACE.id: 1100}


def test_a_place_remembers_when_it_was_listed_last(state: State) -> None:
    state.save_places("r", [PLACE], listed={})
    assert state.places("r")[PLACE.id].listed is None
    state.save_places("r", [PLACE], listed={PLACE.id: NOW})
    state.save_places("r", [replace(PLACE, title="renamed")], listed={})
    known = state.places("r")[PLACE.id]
    assert (known.listed, known.place.title) == (NOW, "renamed")


def test_what_waits_is_replaced_place_by_place(state: State) -> None:
    def wait(key: str, place: str) -> Waiting:
        return Waiting(key, place, "T", "BIO-101", NOW)

    state.save_waiting("r", [wait("s:a", "p1"), wait("s:b", "p2")], places=["p1", "p2"])
    state.save_waiting("r", [wait("s:c", "p1")], places=["p1"])
    assert [(w.key, w.until) for w in state.waiting("r")] == [("s:b", NOW), ("s:c", NOW)]


def test_runs_are_told_newest_first_and_a_run_that_died_has_no_end(state: State) -> None:
    begin(state)
    state.history.begin_run("2", "r", "moodle", started=NOW + timedelta(hours=1), checksum="c")
    state.history.end_run("1", "r", ended=NOW, exit_code=0, summary={"created": 3})
    newest, oldest = state.history.last_runs("r", limit=5)
    assert (newest.run, newest.ended) == ("2", None)
    assert (oldest.summary, oldest.exit_code, oldest.started) == ({"created": 3}, 0, NOW)


def test_moments_come_back_in_utc(state: State) -> None:
    begin(state)
    assert state.history.last_runs("r")[0].started.tzinfo is UTC


def test_a_second_lease_of_a_route_is_refused_and_another_route_is_free(location: str) -> None:
    with State.open(location) as one, State.open(location) as two, one.lease("r"):
        with pytest.raises(StateError, match="is applying the route r"), two.lease("r"):
            pass
        with two.lease("other"):
            pass
    with State.open(location) as two, two.lease("r"):
        pass


def test_a_lease_ends_with_the_process_that_held_it(location: str) -> None:
    code = (
        "import os, signal, sys\n"
        "from lms_bridge.sync.state import State\n"
        "state = State.open(sys.argv[1])\n"
        "with state.lease('r'):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, location], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with State.open(location) as state:
        with pytest.raises(StateError, match="is applying the route r"), state.lease("r"):
            pass
        process.kill()
        process.communicate()
        for _ in range(200):  # PostgreSQL notices the closed connection a moment later
            try:
                with state.lease("r"):
                    return
            except StateError:
                subprocess.run([sys.executable, "-c", ""], check=True)
    pytest.fail("the lease was never given up")


def differences(state: State, metadata: sa.MetaData) -> list[object]:
    """Between the tables that stand in a store and those that the code speaks to. Alembic looks at no keys."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with state._engine.connect() as connection:
        told: list[object] = compare_metadata(MigrationContext.configure(connection), metadata)
        stands = sa.inspect(connection)
        for name, table in metadata.tables.items():
            keys = stands.get_pk_constraint(name)["constrained_columns"]
            told += [(name, keys)] if keys != [column.name for column in table.primary_key] else []
    return told


def test_the_migrations_leave_exactly_the_tables_that_the_code_speaks_to(state: State) -> None:
    from lms_bridge.sync.state_schema import metadata

    begin(state)
    newest = state.history.last_runs("r")[0]
    assert (newest.started, newest.ended) == (NOW, None)
    assert differences(state, metadata) == []


def test_a_store_of_a_newer_version_is_refused_in_words(location: str) -> None:
    with State.open(location) as state, state._engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :n"), {"n": f"{NEWEST + 1:04}"})
    with pytest.raises(StateError, match="written by a newer lms-bridge"):
        State.open(location)


def test_a_whole_route_runs_on_it(location: str) -> None:
    course = Course("BIO-101", "Cell Biology")
    source = MemorySource(SOURCE, [make_item(kind, course) for kind in Kind])
    route = Route("r", source, MemoryDestination())
    with State.open(location) as state, state.lease("r"):
        first = apply(prepare(route, state, now=NOW), route, state, now=NOW)
        second = apply(prepare(route, state, now=NOW), route, state, now=NOW)
    assert summary_of([first])["created"] == 5
    assert summary_of([second])["unchanged"] == 5


def test_a_first_start_that_dies_before_its_end_leaves_nothing_behind(location: str) -> None:
    class Killed(BaseException):
        """Stands for `kill -9`."""

    def die(_connection: object) -> None:
        raise Killed

    sa.event.listen(sa.Engine, "commit", die)
    try:
        with pytest.raises(Killed):
            State.open(location)
    finally:
        sa.event.remove(sa.Engine, "commit", die)
    with State.open(location) as state:
        assert state.records("r") == []


# PostgreSQL alone


@pytest.mark.postgresql
def test_a_connection_that_was_closed_while_nobody_used_it_is_opened_again(postgresql_server: str) -> None:
    with State.open(postgresql_server) as state, State.open(postgresql_server) as other:
        assert state.records("r") == []
        with other._engine.connect() as connection:
            mine = "pid <> pg_backend_pid() AND backend_type = 'client backend'"
            closed = f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE {mine}"  # noqa: S608
            assert connection.execute(sa.text(closed)).scalars().all() != []
        assert state.records("r") == []


# SQLite alone


def test_an_older_store_is_copied_before_it_is_migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lms_bridge.sync import state_versions

    file = tmp_path / "state.sqlite"
    with State.open(file) as state:
        state.save_records("r", "moodle", [RECORD])
    monkeypatch.setattr(state_versions, "NEWEST", NEWEST + 1)
    State.open(file).close()
    (copy,) = tmp_path.glob(f"state.sqlite.form-{NEWEST}.*.backup")
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT key FROM records").fetchall() == [("s:a",)]
    connection.close()


@pytest.mark.parametrize("begun", [False, True], ids=["nothing", "a start that was killed"])
def test_a_first_start_makes_no_copy_of_nothing(tmp_path: Path, begun: bool) -> None:
    file = tmp_path / "state.sqlite"
    if begun:
        with sqlite3.connect(file) as store:
            store.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        store.close()
    with State.open(file) as state:
        assert state.records("r") == []
    assert list(tmp_path.glob("*.backup")) == []


def test_a_store_of_the_first_form_goes_on_with_all_it_knew_and_a_copy_is_kept(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    import lms_bridge.sync as sync
    from lms_bridge.sync.state_schema import metadata

    file = tmp_path / "state.sqlite"
    engine = sa.create_engine(f"sqlite:///{file}")
    config = Config()
    config.set_main_option("script_location", str(Path(sync.__file__).parent / "state_migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    known = {name: getattr(RECORD, name) for name in FIRST_FORM}
    columns = ", ".join(["route", "destination", *known])
    values = ", ".join(f":{name}" for name in ["route", "destination", *known])
    with engine.begin() as connection:
        row = known | {"route": "r", "destination": "moodle", "kind": "page"}
        connection.execute(sa.text(f"INSERT INTO records ({columns}) VALUES ({values})"), row)  # noqa: S608
    engine.dispose()
    with State.open(file) as state:
        (record,) = state.records("r")
        assert differences(state, metadata) == []
    assert {name: getattr(record, name) for name in FIRST_FORM} == known
    assert record.base_fields is None, "what stood there besides the text was not remembered then"
    assert len(list(tmp_path.glob("state.sqlite.form-1.*.backup"))) == 1


def test_a_normal_start_does_not_load_the_migration_tool(tmp_path: Path) -> None:
    file = tmp_path / "state.sqlite"
    State.open(file).close()
    code = (
        "import sys\nfrom lms_bridge.sync.state import State\nState.open(sys.argv[1]).close()\n"
        "assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(file)], check=True)


def test_planning_modules_do_not_load_the_database_library() -> None:
    code = (
        "import sys, lms_bridge.sync.apply, lms_bridge.sync.route, lms_bridge.sync.status, lms_bridge.sync.difference\n"
        "import lms_bridge.sync.report_text\nassert 'sqlalchemy' not in sys.modules and 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("mysql://root:hunter2@db/bridge", "cannot be kept in mysql"),
        ("postgresql://bridge:hunter2@127.0.0.1:1/bridge", "cannot be used"),
        ("postgresql://bridge:hunter2@:::/x", "cannot be read"),
    ],
)
def test_a_state_that_cannot_be_used_says_so_without_its_password(location: str, words: str) -> None:
    with pytest.raises(StateError) as caught:
        State.open(location)
    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_no_database_is_refused_in_words(tmp_path: Path) -> None:
    file = tmp_path / "state.sqlite"
    file.write_text("not a database, " * 100)
    with pytest.raises(StateError, match="file is not a database"):
        State.open(file)


def test_a_folder_that_cannot_be_made_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="folder of the state file cannot be made"):
        State.open(tmp_path / "file" / "state.sqlite")
