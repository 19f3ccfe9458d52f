"""Who holds a route, what the others are told, and that a lock left behind by a dead process is no hindrance."""

import os
import threading
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import sqlalchemy as sa

from lms_bridge.errors import StateError
from lms_bridge.sync.state import State
from lms_bridge.sync.state_engine import open_engine
from lms_bridge.sync.state_lease import lease


def lock_of(file: Path, route: str = "r") -> Path:
    return file.with_name(f"{file.name}.{route}.lock")


def test_whether_a_route_is_held_can_be_asked_without_taking_it(tmp_path: Path) -> None:
    file = tmp_path / "state.sqlite"
    with State.open(file) as one, State.open(file) as other:
        assert not other.is_leased("r")
        with one.lease("r"):
            assert other.is_leased("r")
        assert not other.is_leased("r")


def test_nobody_is_turned_away_by_those_who_only_ask_whether_a_route_is_held(location: str) -> None:
    enough = threading.Event()
    with State.open(location) as service, State.open(location) as other, State.open(location) as cron:

        def ask(state: State) -> None:
            while not enough.is_set():
                state.is_leased("r")

        asking = [threading.Thread(target=ask, args=[state]) for state in (service, other)]
        for each in asking:
            each.start()
        try:
            for _ in range(100):
                with cron.lease("r"):
                    assert service.is_leased("r")
                assert not service.is_leased("r"), "nor is one who asks taken for one who holds it"
        finally:
            enough.set()
            for each in asking:
                each.join()


def test_who_is_sent_away_is_told_which_process_holds_the_route(tmp_path: Path) -> None:
    file = tmp_path / "state.sqlite"
    lock_of(file).write_text("99999999999 left by a process that is long gone")
    with State.open(file) as one, State.open(file) as other, one.lease("r"):
        assert lock_of(file).read_text() == str(os.getpid())
        with pytest.raises(StateError, match=rf"Another run \(process {os.getpid()}\) is applying the route r"):
            other.lease("r").__enter__()
        lock_of(file).write_text("")
        with pytest.raises(StateError, match=r"\(process unknown\)"):
            other.lease("r").__enter__()


def test_a_lock_file_that_cannot_be_opened_is_told_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "state.sqlite"
    with State.open(file) as state:
        lock_of(file).mkdir()
        with pytest.raises(StateError, match="lock file cannot be opened") as caught:
            state.lease("r").__enter__()
    assert caught.value.problem.where == str(lock_of(file))


def test_two_first_starts_at_once_make_the_tables_once_and_both_go_on(tmp_path: Path) -> None:
    file, troubles = tmp_path / "state.sqlite", list[BaseException]()

    def start() -> None:
        try:
            State.open(file).__enter__().close()
        except BaseException as error:
            troubles.append(error)

    engine = open_engine(file)
    second = threading.Thread(target=start)
    with lease(engine, "migration"):
        second.start()
        second.join(timeout=0.3)
    second.join()
    engine.dispose()
    assert troubles == []


def refused(taking: AbstractContextManager[object]) -> bool:
    try:
        with taking:
            return False
    except StateError:
        return True


@pytest.mark.postgresql
def test_in_postgresql_a_route_is_held_as_a_whole_or_by_its_places_and_who_is_patient_waits(
    postgresql_server: str,
) -> None:
    from lms_bridge.sync.state_lease import lease_places

    one, two = open_engine(postgresql_server), open_engine(postgresql_server)
    found: list[bool] = []
    patient = threading.Thread(target=lambda: found.append(refused(lease(two, "r", patient=True))))
    waiting = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    with lease(one, "r"):
        assert refused(lease_places(two, "r", ["a"]))
        patient.start()
        with one.connect() as connection:
            while patient.is_alive() and not connection.execute(waiting).scalar_one():
                pass
        assert found == []
    patient.join()
    assert found == [False]
    with lease_places(one, "r", ["a", "b"]):
        assert refused(lease_places(two, "r", ["b", "c"]))
        assert not refused(lease_places(two, "r", ["c"])), "who came second has none of them"
        assert not refused(lease_places(two, "other", ["a"]))
        assert refused(lease(two, "r"))
    with one.connect() as earlier:
        earlier.execute(sa.text("SELECT pg_advisory_xact_lock(-4101441021047272284)"))
        assert refused(lease(two, "r")), "a worker of an earlier version has the route by this number"
    one.dispose()
    two.dispose()


@pytest.mark.postgresql
def test_a_run_whose_connection_broke_learns_that_another_may_have_its_route(postgresql_server: str) -> None:
    with State.open(postgresql_server) as one, State.open(postgresql_server) as other:
        # Giving up what is lost already is no trouble.
        with one.lease("broken"):
            one.assure_lease("broken")
            engine = sa.create_engine(postgresql_server.replace("postgresql:", "postgresql+psycopg:"))
            with engine.begin() as connection:
                holders = "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory'"
                assert connection.execute(sa.text(holders)).scalars().all() == [True]
            engine.dispose()
            with pytest.raises(StateError, match="another run may have it now"):
                one.assure_lease("broken")
            with other.lease("broken"):
                assert one.is_leased("broken")
        assert not other.is_leased("broken")
