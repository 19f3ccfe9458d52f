"""The state store: what was applied, what is under way, and what each run did. SQLite by default, PostgreSQL by URL.

The only module that knows the tables; it speaks in records, intents and outcomes. Import it where it is used:
SQLAlchemy takes a third of a second to load.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from lms_bridge.audit.actor import acting
from lms_bridge.audit.line import Actor
from lms_bridge.connector import Address, PlaceRef, Record
from lms_bridge.items import Key
from lms_bridge.sync import state_schema as tables
from lms_bridge.sync.intent import Image, Intent, KnownPlace, Settled, Waiting
from lms_bridge.sync.state_catalogue import Catalogued
from lms_bridge.sync.state_engine import Store, at, open_engine, passed_by, unusable, where
from lms_bridge.sync.state_figures import Figures
from lms_bridge.sync.state_history import History
from lms_bridge.sync.state_lease import is_leased, lease
from lms_bridge.sync.state_looking import Looking
from lms_bridge.sync.state_notes import Notes
from lms_bridge.sync.state_rows import IN_SHORT, to_place, to_record, to_record_in_short
from lms_bridge.sync.state_settling import add_images, close_intents, put_records, settle
from lms_bridge.sync.state_sharing import Sharing
from lms_bridge.sync.state_standing import batched, standing, standing_after
from lms_bridge.sync.state_told import ToldStore
from lms_bridge.sync.state_trail import Trail
from lms_bridge.sync.state_versions import bring_up_to_date

# What is said again and again is built once: building a statement takes longer than running it.
_RECORDS = sa.select(*(tables.records.c[field.name] for field in fields(Record)))
_IN_SHORT = sa.select(*(tables.records.c[name] for name in IN_SHORT))
_OF_AN_INTENT = tuple(field.name for field in fields(Intent))


class State:
    """Holds the connection. Safe to use from several threads: one transaction at a time."""

    def __init__(self, engine: Engine, location: str, by: Actor | None = None) -> None:
        self._engine = engine
        self._store = Store(engine)
        self.history = History(self._store)
        self.catalogue = Catalogued(self._store)
        self.looking = Looking(self._store)
        self.sharing = Sharing(self._store)
        self.trail = Trail(self._store, by or acting())
        self.told = ToldStore(self._store)
        self.figures = Figures(self._store)
        self.notes = Notes(self._store)
        self._leases: dict[str, Callable[[], None]] = {}
        self.location = location

    @classmethod
    def open(cls, location: str | Path, *, by: Actor | None = None, sparing: bool = False) -> Self:
        """A file path, or a `postgresql://` address. Makes or migrates the store. Raises StateError.

        `by`: who acts, for the audit trail; the operating system's account unless told. `sparing`: see `open_engine`.
        """
        engine = open_engine(location, sparing=sparing)
        try:
            bring_up_to_date(engine)
        except sa.exc.SQLAlchemyError as error:
            engine.dispose()
            raise unusable(engine, error) from error
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, where(engine), by)

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def lease(self, route: str) -> Iterator[None]:
        """Held while a route is applied, and given up with the process. Raises StateError when somebody holds it."""
        with lease(self._engine, route) as assure:
            self._leases[route] = assure
            try:
                yield
            finally:
                del self._leases[route]

    def assure_lease(self, route: str) -> None:
        """Raises StateError when a lease that this store took is lost."""
        assure = self._leases.get(route)
        if assure is not None:
            assure()

    def is_leased(self, route: str) -> bool:
        """Whether a living process holds the route. Raises StateError."""
        return is_leased(self._engine, route)

    def _within(self, table: sa.Table, route: str) -> list[sa.ColumnElement[bool]]:
        """Which rows of a route are meant."""
        return [table.c.route == route]

    # What was applied

    def records(self, route: str, *, place: str | None = None) -> list[Record]:
        """All of a route, or what stands in one place."""
        here = [tables.records.c.place == place] if place is not None else []
        with self._store.transaction() as connection:
            rows = connection.execute(_RECORDS.where(*self._within(tables.records, route), *here))
            return [to_record(row) for row in rows]

    def records_in_short(self, route: str, said: Iterable[str] = ()) -> list[Record]:
        """Without base, digest, fields and fidelity, which are most of a large state. They must not be saved so.
        `said`: texts that are held anyway, such as items' keys and titles; they are not held twice."""
        held = {text: text for text in said}
        with self._store.transaction() as connection:
            rows = connection.execute(_IN_SHORT.where(*self._within(tables.records, route)))
            return [to_record_in_short(row, held) for row in rows]

    def addresses(self, destination: str, *, besides: str, keys: Collection[Key] | None = None) -> dict[Key, Address]:
        """Where the items of other routes stand in a destination, for links: all of them, or these."""
        return self._addresses_of(destination, tables.records.c.route != besides, keys)

    def own_addresses(self, destination: str, route: str, keys: Collection[Key]) -> dict[Key, Address]:
        """Where these items of a route stand."""
        return self._addresses_of(destination, passed_by(tables.records.c.route) == route, keys)

    def _addresses_of(
        self, destination: str, of: sa.ColumnElement[bool], keys: Collection[Key] | None
    ) -> dict[Key, Address]:
        r = tables.records.c
        rows = sa.select(r.key, r.name, r.route, r.place).where(of, r.deleted.is_(False)).order_by(r.route, r.key)
        asked = [rows.where(r.destination == destination)]
        if keys is not None:
            there = rows.where(passed_by(r.destination) == destination)
            asked = [there.where(r.key.in_(some)) for some in batched(keys)]
        addresses: dict[Key, Address] = {}
        with self._store.transaction() as connection:
            known = connection.execute(sa.select(tables.places)).mappings()
            places = {(row["route"], row["place"]): to_place(row) for row in known}
            for query in asked:
                for key, name, route, place in connection.execute(query):
                    if (route, place) in places:
                        addresses[key] = Address(places[route, place], name)
        return addresses

    def population(self, route: str, places: Collection[str]) -> dict[str, int]:
        """How many records stand in each of these places."""
        r = tables.records.c
        of = (r.route == route, r.place.in_(places), r.deleted.is_(False))
        with self._store.transaction() as connection:
            rows = connection.execute(sa.select(r.place, sa.func.count()).where(*of).group_by(r.place))
            return {place: count for place, count in rows}

    def standing(self, route: str, destination: str) -> tuple[str, str]:
        """All that a plan of the route goes by, in a line of the route's own and one of what other routes have at the
        destination: equal as long as none of it changed. No text is read."""
        return standing(self._store, route, destination)

    def standing_after(self, own: str, route: str, destination: str, changed: Sequence[Record]) -> str:
        """The route's own line, if it was `own` when these records were as they are given, and nothing else changed
        since. Where anything else did, it is a line that `standing` never tells."""
        return standing_after(self._store, own, route, destination, changed)

    def places(self, route: str) -> dict[str, KnownPlace]:
        with self._store.transaction() as connection:
            rows = connection.execute(sa.select(tables.places).where(*self._within(tables.places, route))).mappings()
            return {row["place"]: KnownPlace(to_place(row), row["listed"]) for row in rows}

    def save_places(self, route: str, places: Iterable[PlaceRef], *, listed: Mapping[str, datetime]) -> None:
        """Places are kept as long as records stand in them; `listed` says when they were last looked at."""
        with self._store.transaction() as connection:
            p = tables.places
            rows = connection.execute(sa.select(p).where(*self._within(p, route))).mappings()
            known = {row["place"]: KnownPlace(to_place(row), row["listed"]) for row in rows}
            for place in places:
                before = known.get(place.id)
                now = KnownPlace(place, listed.get(place.id) or (before.listed if before is not None else None))
                if now == before:
                    continue
                row: dict[str, Any] = {"kind": place.kind.value, "container": place.container, "title": place.title}
                row |= {"course": place.course, "listed": now.listed}
                here = {"route": route, "place": place.id}
                if before is not None:
                    connection.execute(sa.update(p).where(*at(p, here)).values(**row))
                else:
                    connection.execute(sa.insert(p).values(**here, **row))

    def save_records(self, route: str, destination: str, records: Iterable[Record]) -> None:
        """Keep records as they are now known; their open intents are closed, as what became of them is known."""
        with self._store.transaction() as connection:
            written = list(records)
            put_records(connection, route, destination, written)
            close_intents(connection, route, [(record.place, record.key) for record in written])

    def forget_records(self, route: str, records: Iterable[Record]) -> None:
        with self._store.transaction() as connection:
            for record in records:
                here = {"route": route, "place": record.place, "key": record.key}
                connection.execute(sa.delete(tables.records).where(*at(tables.records, here)))

    # What is under way

    def open_intents(self, route: str) -> list[Intent]:
        with self._store.transaction() as connection:
            i = tables.intents
            query = sa.select(*(i.c[name] for name in _OF_AN_INTENT)).where(*self._within(i, route))
            return [Intent(**row) for row in connection.execute(query.order_by(i.c.id)).mappings()]

    def write_intents(self, intents: Sequence[Intent], stood: Sequence[tuple[str, str, Image]] = ()) -> None:
        """Committed before anything is sent, so that a run that dies leaves a trace of what it was about to do, and
        (by run and route) of what `stood` where it was to write."""
        if intents:
            with self._store.transaction(on_disk=True) as connection:
                rows = [{name: getattr(intent, name) for name in _OF_AN_INTENT} for intent in intents]
                connection.execute(sa.insert(tables.intents), rows)
                if stood:
                    add_images(connection, stood)

    def settle(self, route: str, destination: str, run: str, settled: Sequence[Settled]) -> None:
        """One transaction: outcomes, what stood there before, the records they leave, and their intents closed, unless
        nobody knows yet what became of them."""
        with self._store.transaction() as connection:
            settle(connection, route, destination, run, settled)

    def close_intents(self, route: str, keys: Iterable[tuple[str, Key]]) -> None:
        """Intents of earlier runs, once what became of them is known."""
        with self._store.transaction() as connection:
            close_intents(connection, route, list(keys))

    # What is not due yet

    def waiting(self, route: str) -> list[Waiting]:
        with self._store.transaction() as connection:
            query = sa.select(tables.waiting).where(tables.waiting.c.route == route)
            rows = connection.execute(query.order_by(tables.waiting.c.until, tables.waiting.c.key)).mappings()
            return [Waiting(**{k: v for k, v in row.items() if k != "route"}) for row in rows]

    def save_waiting(self, route: str, waiting: Iterable[Waiting], *, places: Iterable[str]) -> None:
        """What waits in these places, in place of what waited there before."""
        with self._store.transaction() as connection:
            w = tables.waiting
            for place in places:
                connection.execute(sa.delete(w).where(w.c.route == route, w.c.place == place))
            rows = [{"route": route, **asdict(item)} for item in waiting]
            if rows:
                connection.execute(sa.insert(w), rows)

    # Where the source was read as a whole

    def cursor(self, route: str) -> str | None:
        with self._store.transaction() as connection:
            c = tables.cursors
            return connection.execute(sa.select(c.c.cursor).where(c.c.route == route)).scalar()

    def save_cursor(self, route: str, cursor: str) -> None:
        with self._store.transaction() as connection:
            c = tables.cursors
            connection.execute(sa.delete(c).where(c.c.route == route))
            connection.execute(sa.insert(c).values(route=route, cursor=cursor))
