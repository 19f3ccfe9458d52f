"""How many of what the state holds, counted where it lies: what is watched every few seconds reads no texts.

Apart from `state_history`, which gives what people look into one by one.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from lms_bridge.connector import Status
from lms_bridge.sync import state_schema as tables
from lms_bridge.sync.state_engine import Store


@dataclass(frozen=True, slots=True)
class Standing:
    """So many items of a kind at a destination. `status`: `in_step`, `drifted`, `tombstoned` (a person deleted it),
    `conflict`, `deferred` (not due yet), `failed` (in the last run)."""

    status: str
    kind: str
    destination: str
    count: int


@dataclass(frozen=True, slots=True)
class Writes:
    action: str
    status: str
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

    def writes(self, route: str, after: int = 0) -> tuple[list[Writes], int]:
        """What was tried since the outcome with this number, and the number of the last one."""
        o = tables.outcomes
        told = (Status.DONE.value, Status.FAILED.value, Status.AMBIGUOUS.value, Status.CONFLICT.value)
        query = sa.select(o.c.action, o.c.status, sa.func.count(), sa.func.max(o.c.id)).where(
            o.c.route == route, o.c.id > after, o.c.status.in_(told)
        )
        with self._store.transaction() as connection:
            rows = connection.execute(query.group_by(o.c.action, o.c.status)).all()
        last = max((row[3] for row in rows), default=after)
        return [Writes(action, status, n) for action, status, n, _ in rows], last

    def _count(self, table: sa.Table, route: str) -> int:
        with self._store.transaction() as connection:
            query = sa.select(sa.func.count()).select_from(table).where(table.c.route == route)
            return int(connection.execute(query).scalar_one())
