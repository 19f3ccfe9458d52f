"""How many of what the state holds, counted where it lies: what is watched every few seconds reads no texts.

Apart from `state_history`, which gives what people look into one by one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from lms_bridge.connector import Action, Status
from lms_bridge.sync import state_schema as tables
from lms_bridge.sync.state_engine import Store


@dataclass(frozen=True, slots=True)
class Standing:
    """So many items of a kind at a destination. `status`: `in_step`, `drifted`, `tombstoned` (a person deleted it),
    `conflict`."""

    status: str
    kind: str
    destination: str
    count: int


class Figures:
    """Shares the store of a `State`, and lives as long."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def next_due(self, route: str, after: datetime | None) -> datetime | None:
        """The first moment after this one at which something that waits is due; of all that wait, without one."""
        w = tables.waiting
        query = sa.select(sa.func.min(w.c.until, type_=tables.Moment())).where(w.c.route == route)
        if after is not None:
            query = query.where(w.c.until > after)
        with self._store.transaction() as connection:
            found: datetime | None = connection.execute(query).scalar()
            return found

    def standing(self, route: str) -> list[Standing]:
        """What was applied, by what became of it; each item once, by the worst that holds."""
        r, c = tables.records, tables.conflicts
        clash = sa.exists().where(c.c.route == r.c.route, c.c.place == r.c.place, c.c.key == r.c.key)
        status = sa.case(
            (r.c.deleted, "tombstoned"), (clash, "conflict"), (r.c.drifted, "drifted"), else_="in_step"
        ).label("status")
        query = sa.select(status, r.c.kind, r.c.destination, sa.func.count()).where(r.c.route == route)
        with self._store.transaction() as connection:
            rows = connection.execute(query.group_by(status, r.c.kind, r.c.destination)).all()
            return [Standing(*row) for row in rows]

    def torn(self, route: str) -> dict[tuple[str, str], Mapping[str, float]]:
        """How much arrived of each record that did not arrive whole, by place and key."""
        r = tables.records.c
        query = sa.select(r.place, r.key, r.fidelity).where(r.route == route)
        with self._store.transaction() as connection:
            rows = connection.execute(query)
            return {(place, key): of for place, key, of in rows if min(of.values(), default=1.0) < 1.0}

    def last_end(self, route: str, codes: Sequence[int]) -> datetime | None:
        """When a run ended with one of these exit codes for the last time."""
        r = tables.runs
        query = sa.select(sa.func.max(r.c.ended, type_=tables.Moment()))
        with self._store.transaction() as connection:
            found: datetime | None = connection.execute(
                query.where(r.c.route == route, r.c.exit_code.in_(codes))
            ).scalar()
            return found

    def conflicts(self, route: str) -> int:
        return self._count(tables.conflicts, route)

    def waiting(self, route: str) -> int:
        """How many items are not due yet."""
        return self._count(tables.waiting, route)

    def open_intents(self, route: str) -> int:
        return self._count(tables.intents, route)

    def of_run(self, run: str, route: str) -> dict[tuple[str, str], int]:
        """Of what a run tried or left: how many, by status and kind."""
        o = tables.outcomes
        query = sa.select(o.c.status, o.c.kind, sa.func.count()).where(o.c.run == run, o.c.route == route)
        with self._store.transaction() as connection:
            return {(status, kind): n for status, kind, n in connection.execute(query.group_by(o.c.status, o.c.kind))}

    def last_outcome(self) -> int:
        """The number of the newest outcome; 0 where there is none."""
        with self._store.transaction() as connection:
            return int(connection.execute(sa.select(sa.func.max(tables.outcomes.c.id))).scalar() or 0)

    def tried(self, after: int) -> dict[tuple[str, str, str], int]:
        """Changes that were tried since the outcome with this number: how many, by route, action and status."""
        o = tables.outcomes
        told = [status.value for status in Status]
        query = sa.select(o.c.route, o.c.action, o.c.status, sa.func.count()).where(
            o.c.id > after, o.c.status.in_(told), o.c.action != Action.SKIP.value
        )
        with self._store.transaction() as connection:
            rows = connection.execute(query.group_by(o.c.route, o.c.action, o.c.status)).all()
            return {(route, action, status): count for route, action, status, count in rows}

    def _count(self, table: sa.Table, route: str) -> int:
        with self._store.transaction() as connection:
            query = sa.select(sa.func.count()).select_from(table).where(table.c.route == route)
            return int(connection.execute(query).scalar_one())
