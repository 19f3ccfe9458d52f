"""Leases: only one process applies a route at a time. Held by the living process, so a crash gives them up.

SQLite: a lock of the operating system on a file beside the store. PostgreSQL: an advisory lock of the session.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import IO

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from lms_bridge.errors import StateError
from lms_bridge.sync.state_engine import sqlite_file, where


@contextmanager
def lease(engine: Engine, name: str, *, patient: bool = False) -> Iterator[Callable[[], None]]:
    """Raises StateError when somebody else holds it; `patient` waits for it instead.

    What is given raises StateError once the lease is lost: PostgreSQL gives it to the next one when the connection
    breaks, whatever the process that held it is doing.
    """
    file = sqlite_file(engine)
    if file is not None:
        with _file_lock(file.with_name(f"{file.name}.{name}.lock"), name, patient=patient):
            yield lambda: None
    else:
        with _advisory_lock(engine, name, patient=patient) as assure:
            yield assure


@contextmanager
def _file_lock(path: Path, name: str, *, patient: bool) -> Iterator[None]:
    try:
        # Appending keeps the holder's number readable while somebody else tries.
        lock = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise StateError(
            f"The lock file cannot be opened: {error.strerror}.",
            where=str(path),
            next_step="Let the account that runs lms-bridge write in this folder.",
        ) from error
    with lock:
        if not _locked(lock, patient=patient):
            lock.seek(0)
            raise _taken(name, str(path), f" (process {lock.read(20).strip() or 'unknown'})")
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        # Closing the file gives the lock up. The file stays: removing it would let two processes lock two files.
        yield


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
    number = int.from_bytes(hashlib.sha256(f"lms-bridge:{name}".encode()).digest()[:8], "big", signed=True)
    # Outside transactions: a session that idles in one for minutes would hold up vacuuming.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if patient:
            connection.execute(sa.select(sa.func.pg_advisory_lock(number)))
        elif not connection.execute(sa.select(sa.func.pg_try_advisory_lock(number))).scalar_one():
            raise _taken(name, where(engine), "")
        turn = Lock()

        def assure() -> None:
            try:
                with turn:
                    connection.execute(sa.select(1))
            except sa.exc.SQLAlchemyError as error:
                raise _lost(name, where(engine)) from error

        try:
            yield assure
        finally:
            # With the connection the lock is gone as well.
            with suppress(sa.exc.SQLAlchemyError):
                connection.execute(sa.select(sa.func.pg_advisory_unlock(number)))


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
