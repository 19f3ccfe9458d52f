"""Leases: only one process applies a route at a time. Held by the living process, so a crash gives them up.

SQLite: a lock of the operating system on a file beside the store. PostgreSQL: an advisory lock of the session.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Lock
from typing import IO

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from lms_bridge.errors import StateError
from lms_bridge.sync.state_engine import BUSY_SECONDS, sqlite_file, unusable, where

_DOOR = "_door"
"""No route's name begins so."""


@contextmanager
def lease(engine: Engine, name: str, *, patient: bool = False) -> Iterator[Callable[[], None]]:
    """Raises StateError when somebody else holds it; `patient` waits for it instead.

    What is given raises StateError once the lease is lost: PostgreSQL gives it to the next one when the connection
    breaks, whatever the process that held it is doing.
    """
    file = sqlite_file(engine)
    if file is not None:
        with _file_lock(file, name, patient=patient):
            yield lambda: None
    else:
        with _advisory_lock(engine, name, patient=patient) as assure:
            yield assure


def is_leased(engine: Engine, name: str) -> bool:
    """Whether a living process holds it, or places of it. Nobody who wants it meanwhile is turned away for that."""
    file = sqlite_file(engine)
    if file is None:
        return _is_advised(engine, name)
    with _door(file), _opened(_lock_of(file, name)) as lock:
        return not _locked(lock, patient=False)


@contextmanager
def lease_places(engine: Engine, route: str, places: Sequence[str]) -> Iterator[Callable[[], None]]:
    """Some places of a route, beside others who have other places of it; PostgreSQL alone. Raises StateError when
    somebody has the whole route, or one of these places. What is given is that of `lease`.
    """
    numbers = sa.bindparam("places", [_number(f"{route}/{place}") for place in places], sa.ARRAY(sa.BigInteger))
    # Every one is tried, so that who comes second has none of them: `bool_and` asks them all.
    each = sa.select(sa.func.pg_try_advisory_lock(sa.func.unnest(numbers)).label("taken")).subquery()

    def take(connection: Connection) -> bool:
        beside = connection.execute(sa.select(sa.func.pg_try_advisory_lock_shared(_number(route)))).scalar_one()
        return bool(beside and connection.execute(sa.select(sa.func.bool_and(each.c.taken))).scalar_one())

    with _session_lock(engine, route, take) as assure:
        yield assure


@contextmanager
def _file_lock(file: Path, name: str, *, patient: bool) -> Iterator[None]:
    path = _lock_of(file, name)
    with _opened(path) as lock:
        with nullcontext() if patient else _door(file):
            taken = _locked(lock, patient=patient)
        if not taken:
            lock.seek(0)
            raise _taken(name, str(path), f" (process {lock.read(20).strip() or 'unknown'})")
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        # Closing the file gives the lock up. The file stays: removing it would let two processes lock two files.
        yield


@contextmanager
def _door(file: Path) -> Iterator[None]:
    """Whether a file is locked can only be asked by locking it: who asks and who comes to stay wait for one another."""
    with _opened(_lock_of(file, _DOOR)) as lock:
        _locked(lock, patient=True)
        yield


def _lock_of(file: Path, name: str) -> Path:
    return file.with_name(f"{file.name}.{name}.lock")


def _opened(path: Path) -> IO[str]:
    try:
        # Appending keeps the holder's number readable while somebody else tries.
        return path.open("a+", encoding="utf-8")
    except OSError as error:
        raise StateError(
            f"The lock file cannot be opened: {error.strerror}.",
            where=str(path),
            next_step="Let the account that runs lms-bridge write in this folder.",
        ) from error


def _locked(lock: IO[str], *, patient: bool) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        return _locked_on_windows(lock, patient=patient)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX if patient else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _locked_on_windows(lock: IO[str], *, patient: bool) -> bool:
    import importlib

    msvcrt = importlib.import_module("msvcrt")
    # A byte far behind the text: on Windows a locked byte cannot be read by others.
    lock.seek(1 << 20)
    try:
        msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK if patient else msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    finally:
        lock.seek(0)
    return True


@contextmanager
def _advisory_lock(engine: Engine, name: str, *, patient: bool) -> Iterator[Callable[[], None]]:
    number = _number(name)

    def take(connection: Connection) -> bool:
        if patient:
            connection.execute(sa.text("SET lock_timeout = 0"))
            connection.execute(sa.select(sa.func.pg_advisory_lock(number)))
            connection.execute(sa.text(f"SET lock_timeout = '{BUSY_SECONDS}s'"))
            return True
        return bool(connection.execute(sa.select(sa.func.pg_try_advisory_lock(number))).scalar_one())

    with _session_lock(engine, name, take) as assure:
        yield assure


def _is_advised(engine: Engine, name: str) -> bool:
    number = _number(name)
    # A number of 64 bits is kept in two halves: https://www.postgresql.org/docs/current/view-pg-locks.html
    halves = {"high": number >> 32 & 0xFFFF_FFFF, "low": number & 0xFFFF_FFFF}
    query = sa.text(
        "SELECT EXISTS (SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database"
        " WHERE locktype = 'advisory' AND granted AND datname = current_database() AND objsubid = 1"
        " AND classid::bigint = :high AND objid::bigint = :low)"
    )
    try:
        with engine.connect() as connection:
            return bool(connection.execute(query, halves).scalar_one())
    except sa.exc.SQLAlchemyError as error:
        raise unusable(engine, error) from error


@contextmanager
def _session_lock(engine: Engine, name: str, take: Callable[[Connection], bool]) -> Iterator[Callable[[], None]]:
    # Outside transactions: a session that idles in one for minutes would hold up vacuuming.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        turn = Lock()

        def assure() -> None:
            try:
                with turn:
                    connection.execute(sa.select(1))
            except sa.exc.SQLAlchemyError as error:
                raise _lost(name, where(engine)) from error

        try:
            if not take(connection):
                raise _taken(name, where(engine), "")
            yield assure
        finally:
            # With the connection the locks are gone as well.
            with suppress(sa.exc.SQLAlchemyError):
                connection.execute(sa.select(sa.func.pg_advisory_unlock_all()))


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"lms-bridge:{name}".encode()).digest()[:8], "big", signed=True)


def _lost(name: str, place: str) -> StateError:
    return StateError(
        f"The connection to the state broke, and with it the lease of the route {name}: another run may have it now.",
        where=place,
        next_step="Nothing more was written. Sync again: what was under way is looked up first.",
    )


def _taken(name: str, place: str, holder: str) -> StateError:
    return StateError(
        f"Another run{holder} is applying the route {name}.", where=place, next_step="Wait until it has ended."
    )
