"""The work of a shared run in numbered shares, each done by whichever worker comes first."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from lms_bridge.sync import state_schema as tables
from lms_bridge.sync.state_engine import Store, at


class Shares:
    """One kind of share, in a table of its own; `column` holds the names that a share is of."""

    def __init__(self, store: Store, table: sa.Table, column: str) -> None:
        self._store = store
        self._table = table
        self._column = column

    def split(self, run: str, route: str, shares: Sequence[Sequence[str]]) -> list[int]:
        """Keep the shares of a run, unless it has some already. The numbers of those that are not done."""
        t = self._table
        here = {"run": run, "route": route}
        with self._store.transaction() as connection:
            connection.execute(
                sa.select(tables.shared_runs.c.run).where(*at(tables.shared_runs, here)).with_for_update()
            )
            if shares and connection.execute(sa.select(t.c.number).where(*at(t, here)).limit(1)).first() is None:
                rows = [here | {"number": n, self._column: list(each), "done": False} for n, each in enumerate(shares)]
                connection.execute(sa.insert(t), rows)
            query = sa.select(t.c.number).where(*at(t, here), t.c.done.is_(False)).order_by(t.c.number)
            return list(connection.execute(query).scalars())

    def get(self, run: str, route: str, number: int) -> list[str] | None:
        """What a share is of that is still to be done."""
        t = self._table
        query = sa.select(t.c[self._column]).where(
            t.c.run == run, t.c.route == route, t.c.number == number, t.c.done.is_(False)
        )
        with self._store.transaction() as connection:
            names = connection.execute(query).scalar()
            return None if names is None else list(names)

    def done(self, run: str, route: str, number: int, **told: Any) -> int:
        """How many shares of the run are left without this one."""
        t = self._table
        here = [t.c.run == run, t.c.route == route]
        with self._store.transaction() as connection:
            connection.execute(sa.update(t).where(*here, t.c.number == number).values(done=True, **told))
        with self._store.transaction() as connection:
            left = sa.select(sa.func.count()).where(*here, t.c.done.is_(False))
            return int(connection.execute(left).scalar_one())


class Groups(Shares):
    """Places that are brought in step, and how each group was left: see `part.Remainder`."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, tables.groups, "places")

    def left(self, run: str, route: str) -> tuple[frozenset[str], int] | None:
        """In which places something is left, and how many items are in step in all others. None where that is not
        known of every group, or must not be gone by."""
        g = tables.groups
        with self._store.transaction() as connection:
            rows = connection.execute(sa.select(g.c.left, g.c.still).where(g.c.run == run, g.c.route == route)).all()
        if not rows or any(left is None for left, _ in rows):
            return None
        return frozenset(place for left, _ in rows for place in left), sum(still for _, still in rows)


class Searches(Shares):
    """Courses whose places are looked for, and what was found: see `Destination.whereabouts`."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, tables.searches, "courses")

    def told(self, run: str, route: str) -> list[str]:
        s = tables.searches
        query = sa.select(s.c.told).where(s.c.run == run, s.c.route == route, s.c.told.is_not(None))
        with self._store.transaction() as connection:
            return list(connection.execute(query.order_by(s.c.number)).scalars())
