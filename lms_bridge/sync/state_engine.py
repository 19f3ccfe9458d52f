"""Opening the database behind the state store, so that SQLite files and PostgreSQL behave alike."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url

from lms_bridge.errors import StateError
from lms_bridge.sync.state_patience import THEIRS, ours

BUSY_SECONDS = 30
_SPARING_KB = 256
"""Of a SQLite file that a connection keeps in memory: 2 MB unless told, https://www.sqlite.org/pragma.html"""


def open_engine(location: str | Path, *, sparing: bool = False) -> Engine:
    """`sparing`: for a process that asks little, and lives for months."""
    text = str(location)
    if "://" not in text:
        return _sqlite(Path(text), sparing=sparing)
    try:
        url = make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        # The address may hold a password: it is not repeated.
        raise StateError(
            "The state's address cannot be read.", next_step="Write postgresql://USER@HOST/DATABASE, or a file path."
        ) from None
    if url.get_backend_name() in ("postgresql", "postgres"):
        return _postgresql(url)
    raise StateError(
        f"The state cannot be kept in {url.drivername}.",
        next_step="Give a file path for SQLite, or a postgresql:// address.",
    )


def _sqlite(path: Path, *, sparing: bool) -> Engine:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StateError(
            f"The folder of the state file cannot be made: {error.strerror}.",
            where=str(path),
            next_step="Choose another place for `state` in connectors.yaml, or make the folder.",
        ) from error
    url, patience = URL.create("sqlite", database=str(path)), {"timeout": BUSY_SECONDS}
    engine = sa.create_engine(url, connect_args=patience, json_deserializer=_from_json)

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        if sparing:
            cursor.execute(f"PRAGMA cache_size=-{_SPARING_KB}")
        cursor.close()

    return engine


def _postgresql(url: URL) -> Engine:
    engine = sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args=ours(url.query),
        pool_pre_ping=True,
        pool_timeout=BUSY_SECONDS,
        json_deserializer=_from_json,
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # As long as SQLite waits for whoever writes.
        connection.execute(f"SET lock_timeout = '{BUSY_SECONDS}s'; {THEIRS}")
        connection.commit()

    return engine


def _from_json(text: str) -> Any:
    """Most of what is kept so is empty."""
    return {} if text == "{}" else json.loads(text)


def sqlite_file(engine: Engine) -> Path | None:
    """The file of a SQLite store, or none for PostgreSQL."""
    return Path(engine.url.database or "") if engine.dialect.name == "sqlite" else None


def where(engine: Engine) -> str:
    """The store's place for messages, without a password."""
    file = sqlite_file(engine)
    return str(file) if file is not None else engine.url.set(query={}).render_as_string(hide_password=True)


def shown(location: str) -> str:
    """A store's place for messages, without a password, before it is opened."""
    try:
        return make_url(location).set(query={}).render_as_string(hide_password=True) if "://" in location else location
    except (sa.exc.ArgumentError, ValueError):
        return "state"


class Store:
    """The engine behind a lock: one transaction at a time, from whatever thread."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._lock = threading.RLock()

    @contextmanager
    def transaction(self, *, on_disk: bool = False) -> Iterator[Connection]:
        """`on_disk`: it must outlast a power failure. Anything else need only outlast the process: what a power
        failure takes is known again by the open intents, and waiting for the disk at each outcome takes minutes."""
        with self._lock:
            try:
                with self.engine.begin() as connection:
                    if self.engine.dialect.name == "sqlite":
                        connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if on_disk else 'NORMAL'}")
                    yield connection
            except sa.exc.SQLAlchemyError as error:
                raise unusable(self.engine, error) from error

    def sweep(self) -> None:
        """Rewrite a SQLite file, so that what was deleted from it does not linger in its free pages or its log.
        PostgreSQL's own vacuum does so in its time."""
        if self.engine.dialect.name != "sqlite":
            return
        try:
            with self._lock, self.engine.connect() as connection:
                loose = connection.execution_options(isolation_level="AUTOCOMMIT")
                loose.exec_driver_sql("VACUUM")
                loose.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        except sa.exc.SQLAlchemyError as error:
            raise unusable(self.engine, error) from error


def unusable(engine: Engine, error: Exception) -> StateError:
    cause = str(getattr(error, "orig", None) or type(error).__name__).strip().splitlines()[0]
    return StateError(
        f"The state store cannot be used: {cause}.",
        where=where(engine),
        next_step="Check that it can be reached and written, and that nothing else holds it for long.",
    )


def adding(dialect: str, table: sa.Table) -> Any:
    """An insert that may write over what stands there: both databases do so in the same words, and SQLAlchemy has them
    once for each."""
    # The other one's words would take 2 MB of a service that idles.
    return import_module(f"sqlalchemy.dialects.{dialect}").insert(table)


def at(table: sa.Table, values: dict[str, str]) -> list[sa.ColumnElement[bool]]:
    return [table.c[name] == value for name, value in values.items()]


def passed_by(column: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """The column as no index is looked up by.

    SQLite takes a route for as rare as a key, and would go through all of a route for a few keys of it
    (https://www.sqlite.org/optoverview.html, "Disqualifying WHERE clause terms": its `+` is no SQL elsewhere).
    """
    return column.concat("")
