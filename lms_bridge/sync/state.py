"""The state store: what was applied, what is under way, and what each run did. SQLite by default, PostgreSQL by URL.

The only module that knows the tables; it speaks in records, intents and outcomes. Import it where it is used:
SQLAlchemy takes a third of a second to load.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from lms_bridge.connector import Address, Change, Outcome, PlaceRef, Record, Status
from lms_bridge.errors import StateError
from lms_bridge.items import Key
from lms_bridge.sync import state_schema as tables
from lms_bridge.sync.intent import Intent, KnownPlace, PastRun
from lms_bridge.sync.plan import Waiting
from lms_bridge.sync.state_engine import open_engine, where
from lms_bridge.sync.state_lease import lease
from lms_bridge.sync.state_rows import conflict_row, outcome_row, to_place, to_record
from lms_bridge.sync.state_versions import bring_up_to_date


def _at_key(table: sa.Table) -> list[sa.ColumnElement[bool]]:
    return [table.c[name] == sa.bindparam(f"at_{name}") for name in ("route", "place", "key")]


# What is said once an outcome is built once: building a statement takes longer than running it.
_KEPT = tuple(field.name for field in fields(Record) if field.name not in ("place", "key"))
_UPDATE_RECORD = sa.update(tables.records).where(*_at_key(tables.records))
_ADD_RECORD = sa.insert(tables.records)
_ADD_OUTCOME = sa.insert(tables.outcomes)
_CLOSE_INTENTS = sa.delete(tables.intents).where(*_at_key(tables.intents))
_CLOSE_INTENTS_OF_RUN = _CLOSE_INTENTS.where(tables.intents.c.run == sa.bindparam("at_run"))


class State:
    """Holds the connection. Safe to use from several threads: one transaction at a time."""

    def __init__(self, engine: Engine, location: str) -> None:
        self._engine = engine
        self._lock = threading.RLock()
        self.location = location

    @classmethod
    def open(cls, location: str | Path) -> Self:
        """A file path, or a `postgresql://` address. Makes or migrates the store. Raises StateError."""
        engine = open_engine(location)
        try:
            bring_up_to_date(engine)
        except sa.exc.SQLAlchemyError as error:
            engine.dispose()
            raise _unusable(engine, error) from error
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, where(engine))

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def lease(self, route: str) -> AbstractContextManager[None]:
        """Held while a route is applied, and given up with the process. Raises StateError when somebody holds it."""
        return lease(self._engine, route)

    @contextmanager
    def _transaction(self, *, on_disk: bool = False) -> Iterator[Connection]:
        """`on_disk`: it must outlast a power failure. Anything else need only outlast the process: what a power
        failure takes is known again by the open intents, and waiting for the disk at each outcome takes minutes."""
        with self._lock:
            try:
                with self._engine.begin() as connection:
                    if self._engine.dialect.name == "sqlite":
                        connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if on_disk else 'NORMAL'}")
                    yield connection
            except sa.exc.SQLAlchemyError as error:
                raise _unusable(self._engine, error) from error

    # What was applied

    def records(self, route: str) -> list[Record]:
        with self._transaction() as connection:
            rows = connection.execute(sa.select(tables.records).where(tables.records.c.route == route)).mappings()
            return [to_record(row) for row in rows]

    def addresses(self, destination: str, *, besides: str) -> dict[Key, Address]:
        """Where the items of other routes stand in a destination, for links."""
        r, p = tables.records, tables.places
        query = (
            sa.select(r.c.key, r.c.name, p)
            .join(p, sa.and_(p.c.route == r.c.route, p.c.place == r.c.place))
            .where(r.c.destination == destination, r.c.route != besides, r.c.deleted.is_(False))
            .order_by(r.c.route, r.c.key)
        )
        with self._transaction() as connection:
            return {row["key"]: Address(to_place(row), row["name"]) for row in connection.execute(query).mappings()}

    def places(self, route: str) -> dict[str, KnownPlace]:
        with self._transaction() as connection:
            rows = connection.execute(sa.select(tables.places).where(tables.places.c.route == route)).mappings()
            return {row["place"]: KnownPlace(to_place(row), row["listed"]) for row in rows}

    def save_places(self, route: str, places: Iterable[PlaceRef], *, listed: Mapping[str, datetime]) -> None:
        """Places are kept as long as records stand in them; `listed` says when they were last looked at."""
        with self._transaction() as connection:
            p = tables.places
            known = {
                row.place: row.listed
                for row in connection.execute(sa.select(p.c.place, p.c.listed).where(p.c.route == route))
            }
            for place in places:
                row: dict[str, Any] = {"kind": place.kind.value, "container": place.container, "title": place.title}
                row |= {"course": place.course, "listed": listed.get(place.id) or known.get(place.id)}
                at = {"route": route, "place": place.id}
                if place.id in known:
                    connection.execute(sa.update(p).where(*_at(p, at)).values(**row))
                else:
                    connection.execute(sa.insert(p).values(**at, **row))

    def save_records(self, route: str, destination: str, records: Iterable[Record]) -> None:
        """Keep records as they are now known; their open intents are closed, as what became of them is known."""
        with self._transaction() as connection:
            for record in records:
                _put_record(connection, route, destination, record)
                _close_intents(connection, route, record.place, record.key)

    # What is under way

    def open_intents(self, route: str) -> list[Intent]:
        with self._transaction() as connection:
            query = sa.select(tables.intents).where(tables.intents.c.route == route).order_by(tables.intents.c.id)
            return [Intent(**row) for row in connection.execute(query).mappings()]

    def write_intents(self, intents: Sequence[Intent]) -> None:
        """Committed before anything is sent, so that a run that dies leaves a trace of what it was about to do."""
        if intents:
            with self._transaction(on_disk=True) as connection:
                rows = [{k: v for k, v in asdict(intent).items() if k != "id"} for intent in intents]
                connection.execute(sa.insert(tables.intents), rows)

    def settle(
        self, route: str, destination: str, run: str, outcome: Outcome, *, record: Record | None, forget: bool = False
    ) -> None:
        """One transaction: the outcome, the record it leaves, and the intent closed, unless it is still open."""
        change = outcome.change
        with self._transaction() as connection:
            connection.execute(_ADD_OUTCOME, outcome_row(run, route, outcome))
            if record is not None:
                _put_record(connection, route, destination, record)
            if forget:
                at = {"route": route, "place": change.place.id, "key": change.key}
                connection.execute(sa.delete(tables.records).where(*_at(tables.records, at)))
            if record is not None or forget:
                _close_intents(connection, route, change.place.id, change.key)
            elif outcome.status is not Status.AMBIGUOUS:
                _close_intents(connection, route, change.place.id, change.key, run=run)

    def close_intents(self, route: str, keys: Iterable[tuple[str, Key]]) -> None:
        """Intents of earlier runs, once what became of them is known."""
        with self._transaction() as connection:
            for place, key in keys:
                _close_intents(connection, route, place, key)

    # What is not due yet

    def waiting(self, route: str) -> list[Waiting]:
        with self._transaction() as connection:
            query = sa.select(tables.waiting).where(tables.waiting.c.route == route)
            rows = connection.execute(query.order_by(tables.waiting.c.until, tables.waiting.c.key)).mappings()
            return [Waiting(**{k: v for k, v in row.items() if k != "route"}) for row in rows]

    def save_waiting(self, route: str, waiting: Iterable[Waiting], *, places: Iterable[str]) -> None:
        """What waits in these places, in place of what waited there before."""
        with self._transaction() as connection:
            w = tables.waiting
            for place in places:
                connection.execute(sa.delete(w).where(w.c.route == route, w.c.place == place))
            rows = [{"route": route, **asdict(item)} for item in waiting]
            if rows:
                connection.execute(sa.insert(w), rows)

    # What needs a person

    def conflicts(self, route: str) -> list[dict[str, Any]]:
        with self._transaction() as connection:
            c = tables.conflicts
            query = sa.select(c).where(c.c.route == route).order_by(c.c.course, c.c.title, c.c.key, c.c.place)
            return [dict(row) for row in connection.execute(query).mappings()]

    def save_conflicts(
        self, route: str, conflicts: Iterable[Change], *, judged: Iterable[tuple[str, Key]] | None = None
    ) -> None:
        """The conflicts that a run found, in place of the earlier ones of what it `judged` (by place and key), or of
        all of them when that is not given."""
        c = tables.conflicts
        rows = {(change.place.id, change.key): conflict_row(route, change) for change in conflicts}
        with self._transaction() as connection:
            if judged is None:
                connection.execute(sa.delete(c).where(c.c.route == route))
            else:
                old = {(row.place, row.key) for row in connection.execute(sa.select(c).where(c.c.route == route))}
                for place, key in old & {*judged, *rows}:
                    connection.execute(sa.delete(c).where(*_at(c, {"route": route, "place": place, "key": key})))
            if rows:
                connection.execute(sa.insert(c), list(rows.values()))

    # Runs

    def begin_run(self, run: str, route: str, destination: str, *, started: datetime, checksum: str) -> None:
        row = {"run": run, "route": route, "destination": destination, "started": started, "checksum": checksum}
        with self._transaction() as connection:
            connection.execute(sa.insert(tables.runs).values(**row, summary={}))

    def end_run(self, run: str, route: str, *, ended: datetime, exit_code: int, summary: Mapping[str, int]) -> None:
        at = {"run": run, "route": route}
        with self._transaction() as connection:
            query = sa.update(tables.runs).where(*_at(tables.runs, at))
            connection.execute(query.values(ended=ended, exit_code=exit_code, summary=dict(summary)))

    def note(self, run: str, route: str, untried: Iterable[tuple[Change, str]]) -> None:
        """What was not tried, and how to call that: kept so that a run can be looked into."""
        rows = [
            outcome_row(run, route, Outcome(change=change, status=Status.DONE)) | {"status": status}
            for change, status in untried
        ]
        if rows:
            with self._transaction() as connection:
                connection.execute(sa.insert(tables.outcomes), rows)

    def last_runs(self, route: str, limit: int = 1) -> list[PastRun]:
        with self._transaction() as connection:
            r = tables.runs
            query = sa.select(r).where(r.c.route == route).order_by(r.c.started.desc(), r.c.run.desc()).limit(limit)
            return [PastRun(**row) for row in connection.execute(query).mappings()]

    def outcomes(self, run: str, route: str) -> list[dict[str, Any]]:
        with self._transaction() as connection:
            o = tables.outcomes
            query = sa.select(o).where(o.c.run == run, o.c.route == route).order_by(o.c.id)
            return [dict(row) for row in connection.execute(query).mappings()]


def _at(table: sa.Table, values: Mapping[str, str]) -> list[sa.ColumnElement[bool]]:
    return [table.c[name] == value for name, value in values.items()]


def _put_record(connection: Connection, route: str, destination: str, record: Record) -> None:
    values = {name: getattr(record, name) for name in _KEPT} | {"destination": destination}
    at = {"at_route": route, "at_place": record.place, "at_key": record.key}
    if connection.execute(_UPDATE_RECORD, values | at).rowcount == 0:
        connection.execute(_ADD_RECORD, values | {"route": route, "place": record.place, "key": record.key})


def _close_intents(connection: Connection, route: str, place: str, key: Key, *, run: str | None = None) -> None:
    at = {"at_route": route, "at_place": place, "at_key": key}
    if run is None:
        connection.execute(_CLOSE_INTENTS, at)
    else:
        connection.execute(_CLOSE_INTENTS_OF_RUN, at | {"at_run": run})


def _unusable(engine: Engine, error: Exception) -> StateError:
    cause = str(getattr(error, "orig", None) or type(error).__name__).strip().splitlines()[0]
    return StateError(
        f"The state store cannot be used: {cause}.",
        where=where(engine),
        next_step="Check that it can be reached and written, and that nothing else holds it for long.",
    )
