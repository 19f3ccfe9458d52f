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
from sqlalchemy.engine import Connection, Engine

from lms_bridge.audit.actor import acting
from lms_bridge.audit.line import Actor
from lms_bridge.connector import Address, Outcome, PlaceRef, Record, Status
from lms_bridge.items import Key
from lms_bridge.sync import state_schema as tables
from lms_bridge.sync.intent import Image, Intent, KnownPlace, Waiting
from lms_bridge.sync.state_catalogue import Catalogued
from lms_bridge.sync.state_engine import Store, at, open_engine, unusable, where
from lms_bridge.sync.state_figures import Figures
from lms_bridge.sync.state_history import History
from lms_bridge.sync.state_lease import is_leased, lease
from lms_bridge.sync.state_looking import Looking
from lms_bridge.sync.state_notes import Notes
from lms_bridge.sync.state_rows import IN_SHORT, image_row, outcome_row, to_place, to_record, to_record_in_short
from lms_bridge.sync.state_sharing import Sharing
from lms_bridge.sync.state_standing import batched, standing, standing_after
from lms_bridge.sync.state_told import ToldStore
from lms_bridge.sync.state_trail import Trail
from lms_bridge.sync.state_versions import bring_up_to_date


def _at_key(table: sa.Table) -> list[sa.ColumnElement[bool]]:
    return [table.c[name] == sa.bindparam(f"at_{name}") for name in ("route", "place", "key")]


# What is said once an outcome is built once: building a statement takes longer than running it.
_KEPT = tuple(field.name for field in fields(Record) if field.name not in ("place", "key"))
_RECORDS = sa.select(*(tables.records.c[field.name] for field in fields(Record)))
_IN_SHORT = sa.select(*(tables.records.c[name] for name in IN_SHORT))
_UPDATE_RECORD = sa.update(tables.records).where(*_at_key(tables.records))
_ADD_RECORD = sa.insert(tables.records)
_OF_AN_INTENT = tuple(field.name for field in fields(Intent))
_ADD_OUTCOME = sa.insert(tables.outcomes)
_ADD_IMAGE = sa.insert(tables.images)
_UPDATE_IMAGE = sa.update(tables.images).where(*_at_key(tables.images), tables.images.c.run == sa.bindparam("at_run"))
_CLOSE_INTENTS = sa.delete(tables.intents).where(*_at_key(tables.intents))
_CLOSE_INTENTS_OF_RUN = _CLOSE_INTENTS.where(tables.intents.c.run == sa.bindparam("at_run"))


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
    def open(cls, location: str | Path, *, by: Actor | None = None) -> Self:
        """A file path, or a `postgresql://` address. Makes or migrates the store. Raises StateError.

        `by`: who acts, for the audit trail; the operating system's account unless told."""
        engine = open_engine(location)
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

    def records_in_short(self, route: str) -> list[Record]:
        """Without base, digest, fields and fidelity, which are most of a large state. They must not be saved so."""
        with self._store.transaction() as connection:
            rows = connection.execute(_IN_SHORT.where(*self._within(tables.records, route)))
            return [to_record_in_short(row) for row in rows]

    def addresses(self, destination: str, *, besides: str, keys: Collection[Key] | None = None) -> dict[Key, Address]:
        """Where the items of other routes stand in a destination, for links: all of them, or these."""
        return self._addresses_of(destination, tables.records.c.route != besides, keys)

    def own_addresses(self, destination: str, route: str, keys: Collection[Key]) -> dict[Key, Address]:
        """Where these items of a route stand."""
        return self._addresses_of(destination, tables.records.c.route == route, keys)

    def _addresses_of(
        self, destination: str, of: sa.ColumnElement[bool], keys: Collection[Key] | None
    ) -> dict[Key, Address]:
        r = tables.records.c
        rows = sa.select(r.key, r.name, r.route, r.place, r.destination).where(of, r.deleted.is_(False))
        # Asked by key as well, SQLite would go by the destination, and read every row of it.
        meant = [r.destination == destination] if keys is None else [r.key.in_(some) for some in batched(keys)]
        addresses: dict[Key, Address] = {}
        with self._store.transaction() as connection:
            known = connection.execute(sa.select(tables.places)).mappings()
            places = {(row["route"], row["place"]): to_place(row) for row in known}
            for which in meant:
                for key, name, route, place, where in connection.execute(rows.where(which).order_by(r.route, r.key)):
                    if where == destination and (route, place) in places:
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
            for record in records:
                _put_record(connection, route, destination, record)
                _close_intents(connection, route, record.place, record.key)

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
                    connection.execute(_ADD_IMAGE, [image_row(*of) for of in stood])

    def settle(
        self,
        route: str,
        destination: str,
        run: str,
        outcome: Outcome,
        *,
        record: Record | None,
        image: Image | None = None,
        before: str = "",
        forget: bool = False,
        closed: bool = False,
    ) -> None:
        """One transaction: the outcome, what stood there before, the record it leaves, and the intent closed, unless it
        is still open. `before`: the digest of what stood there; `closed`: what became of it is known although it leaves
        no record."""
        change = outcome.change
        after = image.digest_after if image is not None else record.digest if record is not None else ""
        after = "" if outcome.status is Status.AMBIGUOUS else after
        digests = {"digest_before": before, "digest_after": after}
        with self._store.transaction() as connection:
            connection.execute(_ADD_OUTCOME, outcome_row(run, route, outcome) | digests)
            if image is not None:
                _put_image(connection, run, route, image)
            if record is not None:
                _put_record(connection, route, destination, record)
            if forget:
                place = {"route": route, "place": change.place.id, "key": change.key}
                connection.execute(sa.delete(tables.records).where(*at(tables.records, place)))
            if record is not None or forget or closed:
                _close_intents(connection, route, change.place.id, change.key)
            elif outcome.status is not Status.AMBIGUOUS:
                _close_intents(connection, route, change.place.id, change.key, run=run)

    def close_intents(self, route: str, keys: Iterable[tuple[str, Key]]) -> None:
        """Intents of earlier runs, once what became of them is known."""
        with self._store.transaction() as connection:
            for place, key in keys:
                _close_intents(connection, route, place, key)

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


def _put_record(connection: Connection, route: str, destination: str, record: Record) -> None:
    values = {name: getattr(record, name) for name in _KEPT} | {"destination": destination}
    here = {"at_route": route, "at_place": record.place, "at_key": record.key}
    if connection.execute(_UPDATE_RECORD, values | here).rowcount == 0:
        connection.execute(_ADD_RECORD, values | {"route": route, "place": record.place, "key": record.key})


def _put_image(connection: Connection, run: str, route: str, image: Image) -> None:
    """What stood there was kept before the write, where something did."""
    here = {"at_route": route, "at_place": image.place, "at_key": image.key, "at_run": run}
    known = {"ref": image.ref, "digest_after": image.digest_after}
    if image.before is None or connection.execute(_UPDATE_IMAGE, known | here).rowcount == 0:
        connection.execute(_ADD_IMAGE, image_row(run, route, image))


def _close_intents(connection: Connection, route: str, place: str, key: Key, *, run: str | None = None) -> None:
    here = {"at_route": route, "at_place": place, "at_key": key}
    if run is None:
        connection.execute(_CLOSE_INTENTS, here)
    else:
        connection.execute(_CLOSE_INTENTS_OF_RUN, here | {"at_run": run})
