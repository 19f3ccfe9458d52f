"""What runs did and are doing, and what waits for a person: the part of the state store that people look into.

Apart from `state`, which holds what the next run goes by.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from lms_bridge.audit.line import Actor
from lms_bridge.connector import Change, Outcome, Status
from lms_bridge.items import Key
from lms_bridge.sync import state_schema as tables
from lms_bridge.sync.intent import Doing, Image, PastRun, Review
from lms_bridge.sync.state_engine import Store, at
from lms_bridge.sync.state_rows import conflict_row, outcome_row, to_image, to_review


class History:
    """Shares the store of a `State`, and lives as long."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # What needs a person

    def reviews(self, route: str) -> list[Review]:
        with self._store.transaction() as connection:
            c = tables.conflicts
            query = sa.select(c).where(c.c.route == route).order_by(c.c.course, c.c.title, c.c.key, c.c.place)
            return [to_review(row) for row in connection.execute(query).mappings()]

    def save_reviews(
        self,
        route: str,
        conflicts: Iterable[Change],
        *,
        found: datetime,
        judged: Iterable[tuple[str, Key]] | None = None,
    ) -> None:
        """The conflicts that a run found, in place of the earlier ones of what it `judged` (by place and key), or of
        all of them when that is not given. One that was known keeps the moment when it was found first."""
        c = tables.conflicts
        rows = {(change.place.id, change.key): conflict_row(route, change, found) for change in conflicts}
        with self._store.transaction() as connection:
            known = {
                (row.place, row.key): row.found for row in connection.execute(sa.select(c).where(c.c.route == route))
            }
            gone = set(known) if judged is None else set(known) & {*judged, *rows}
            for place, key in gone:
                connection.execute(sa.delete(c).where(*at(c, {"route": route, "place": place, "key": key})))
            kept = [row | {"found": known.get(of, row["found"])} for of, row in rows.items()]
            if kept:
                connection.execute(sa.insert(c), kept)

    # Runs

    def begin_run(
        self, run: str, route: str, destination: str, *, started: datetime, checksum: str, by: Actor | None = None
    ) -> None:
        row: dict[str, Any] = {
            "run": run,
            "route": route,
            "destination": destination,
            "started": started,
            "checksum": checksum,
        }
        row |= {"role": by.role.value, "actor": by.name} if by is not None else {}
        with self._store.transaction() as connection:
            connection.execute(sa.insert(tables.runs).values(**row, summary={}))

    def end_run(self, run: str, route: str, *, ended: datetime, exit_code: int, summary: Mapping[str, int]) -> None:
        with self._store.transaction() as connection:
            query = sa.update(tables.runs).where(*at(tables.runs, {"run": run, "route": route}))
            connection.execute(query.values(ended=ended, exit_code=exit_code, summary=dict(summary)))

    def note(self, run: str, route: str, untried: Iterable[tuple[Change, str]]) -> None:
        """What was not tried, and how to call that: kept so that a run can be looked into."""
        rows = [
            outcome_row(run, route, Outcome(change=change, status=Status.DONE)) | {"status": status}
            for change, status in untried
        ]
        if rows:
            with self._store.transaction() as connection:
                connection.execute(sa.insert(tables.outcomes), rows)

    def last_runs(self, route: str, limit: int = 1) -> list[PastRun]:
        with self._store.transaction() as connection:
            r = tables.runs
            query = sa.select(r).where(r.c.route == route).order_by(r.c.started.desc(), r.c.run.desc()).limit(limit)
            return [PastRun(**row) for row in connection.execute(query).mappings()]

    def has_run(self, run: str, route: str) -> bool:
        with self._store.transaction() as connection:
            r = tables.runs
            query = sa.select(sa.literal(1)).where(r.c.run == run, r.c.route == route)
            return connection.execute(query).first() is not None

    def outcomes(self, run: str, route: str) -> list[dict[str, Any]]:
        with self._store.transaction() as connection:
            o = tables.outcomes
            query = sa.select(o).where(o.c.run == run, o.c.route == route).order_by(o.c.id)
            return [dict(row) for row in connection.execute(query).mappings()]

    def images(self, run: str, route: str) -> list[Image]:
        """What stood there before each write of a run, in the order of the writes."""
        with self._store.transaction() as connection:
            i = tables.images
            query = sa.select(i).where(i.c.run == run, i.c.route == route).order_by(i.c.id)
            return [to_image(row) for row in connection.execute(query).mappings()]

    def trim(self, before: datetime) -> None:
        """Forget runs that began earlier, with their outcomes and before-images."""
        with self._store.transaction() as connection:
            connection.execute(sa.delete(tables.runs).where(tables.runs.c.started < before))

    # What is to be forgotten

    def keep_away(self, route: str, marks: Iterable[str], now: datetime) -> None:
        """From now on, what has these marks is not pushed by the route."""
        f = tables.forgotten
        with self._store.transaction(on_disk=True) as connection:
            known = set(connection.execute(sa.select(f.c.mark).where(f.c.route == route)).scalars())
            rows = [{"route": route, "mark": mark, "forgotten": now} for mark in sorted({*marks} - known)]
            if rows:
                connection.execute(sa.insert(f), rows)

    def kept_away(self, route: str) -> frozenset[str]:
        f = tables.forgotten
        with self._store.transaction() as connection:
            return frozenset(connection.execute(sa.select(f.c.mark).where(f.c.route == route)).scalars())

    def erase(self, route: str, keys: Iterable[Key]) -> None:
        """Take everything about these keys out of the store, and out of its file as well."""
        holding = [tables.records, tables.intents, tables.outcomes, tables.images, tables.conflicts, tables.waiting]
        holding += [tables.tags, tables.drafts]
        with self._store.transaction(on_disk=True) as connection:
            for key in keys:
                for table in holding:
                    connection.execute(sa.delete(table).where(table.c.route == route, table.c.key == key))
        self._store.sweep()

    # What is going on

    def beat(self, doing: Doing) -> None:
        d = tables.doings
        row = {column.name: getattr(doing, column.name) for column in d.c}
        with self._store.transaction() as connection:
            connection.execute(sa.delete(d).where(d.c.route == doing.route))
            connection.execute(sa.insert(d).values(**row))

    def stop_beating(self, route: str) -> None:
        with self._store.transaction() as connection:
            connection.execute(sa.delete(tables.doings).where(tables.doings.c.route == route))

    def doing(self, route: str) -> Doing | None:
        with self._store.transaction() as connection:
            d = tables.doings
            row = connection.execute(sa.select(d).where(d.c.route == route)).mappings().first()
            return Doing(**row) if row is not None else None
