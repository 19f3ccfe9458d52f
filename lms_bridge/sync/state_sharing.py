"""What workers share besides records: runs in groups of places, and what a destination bears from all of them.

Every moment here is the database server's: workers' own clocks may differ.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lms_bridge.connector import Outcome, PlaceRef, Status
from lms_bridge.sync import state_schema as tables
from lms_bridge.sync.intent import SharedRun
from lms_bridge.sync.state_engine import Store, at
from lms_bridge.sync.state_rows import to_outcome, to_place
from lms_bridge.sync.state_shares import Groups, Searches

_KEPT = timedelta(days=30)
_LONGEST_WAIT = 60.0


class Sharing:
    """Shares the store of a `State`, and lives as long."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.searches = Searches(store)
        self.groups = Groups(store)

    def now(self) -> datetime:
        with self._store.transaction() as connection:
            return _now(connection)

    # Runs

    def join(self, route: str, run: str, *, within: timedelta = timedelta()) -> str:
        """The name of the route's run that is under way or ended `within` this time; else a new one begins as `run`."""
        s = tables.shared_runs
        with self._store.transaction() as connection:
            # Two submissions at once must not both begin one.
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"lms-bridge:join:{route}"))))
            now = _now(connection)
            same = sa.or_(s.c.ended.is_(None), s.c.ended > now - within)
            query = sa.select(s.c.run).where(s.c.route == route, same).order_by(s.c.opened.desc())
            known = connection.execute(query).scalars().first()
            if known is not None:
                return str(known)
            connection.execute(sa.delete(s).where(s.c.route == route, s.c.ended < now - _KEPT))
            connection.execute(sa.insert(s).values(run=run, route=route, opened=now))
            return run

    def shared_run(self, run: str, route: str) -> SharedRun | None:
        s, g = tables.shared_runs, tables.groups
        here = {"run": run, "route": route}
        with self._store.transaction() as connection:
            row = connection.execute(sa.select(s).where(*at(s, here))).mappings().first()
            if row is None:
                return None
            counted = sa.select(sa.func.count(), sa.func.count().filter(g.c.done.is_(False))).where(*at(g, here))
            groups, left = connection.execute(counted).one()
            return SharedRun(**row, groups=groups, left=left)

    def end(self, run: str, route: str, rest: Mapping[str, Any]) -> None:
        """`rest` is what the report tells besides outcomes."""
        s = tables.shared_runs
        here = {"run": run, "route": route}
        with self._store.transaction() as connection:
            ended = sa.update(s).where(*at(s, here), s.c.ended.is_(None))
            connection.execute(ended.values(ended=_now(connection), rest=dict(rest)))
            for table in (tables.groups, tables.searches):
                connection.execute(sa.delete(table).where(*at(table, here)))

    def outcomes(self, run: str, route: str) -> list[tuple[Outcome, str]]:
        """What any worker did or left in a run, each with how that is called."""
        o = tables.outcomes
        with self._store.transaction() as connection:
            query = sa.select(o).where(o.c.run == run, o.c.route == route).order_by(o.c.id)
            places = self._places(connection, route)
            return [(to_outcome(row, places), row["status"]) for row in connection.execute(query).mappings()]

    def told(self, run: str, route: str, statuses: Sequence[str]) -> set[tuple[str, str]]:
        """Of what any worker told one of these: its place and key."""
        o = tables.outcomes.c
        query = sa.select(o.place, o.key).where(o.run == run, o.route == route, o.status.in_(statuses)).distinct()
        with self._store.transaction() as connection:
            return {(place, key) for place, key in connection.execute(query)}

    def forget_left(self, run: str, route: str, changes: Iterable[tuple[str, str]]) -> None:
        """What was told as not tried, by place and key: it is told anew."""
        o = tables.outcomes
        query = sa.delete(o).where(
            *(o.c[name] == sa.bindparam(f"at_{name}") for name in ("run", "route", "place", "key")),
            *(o.c.status != tried.value for tried in (Status.DONE, Status.FAILED, Status.AMBIGUOUS)),
        )
        rows = [{"at_run": run, "at_route": route, "at_place": place, "at_key": key} for place, key in changes]
        if rows:
            with self._store.transaction() as connection:
                connection.execute(query, rows)

    def _places(self, connection: Connection, route: str) -> dict[str, PlaceRef]:
        rows = connection.execute(sa.select(tables.places).where(tables.places.c.route == route)).mappings()
        return {row["place"]: to_place(row) for row in rows}

    # What a destination bears

    def draw(self, destination: str, name: str, amount: float, *, per_second: float, burst: float) -> float:
        """Take the amount from what all workers share and give 0, or give the seconds after which to ask again. What
        is dearer than the burst waits for a full budget and leaves a debt."""
        b = tables.budgets
        here = at(b, {"destination": destination, "name": name})
        now = sa.func.clock_timestamp()
        passed = sa.extract("epoch", now - b.c.filled)
        filled = sa.func.least(burst, b.c.level + sa.func.greatest(0, passed) * per_second)
        with self._store.transaction() as connection:
            self._have(connection, destination, name, burst)
            enough = filled >= min(amount, burst) - 1e-6
            taken = sa.update(b).where(*here, enough).values(level=filled - amount, filled=now).returning(b.c.level)
            if connection.execute(taken).first() is not None:
                return 0.0
            level = float(connection.execute(sa.select(filled).where(*here)).scalar_one())
            return min(_LONGEST_WAIT, max(0.01, (min(amount, burst) - level) / per_second))

    def close_for(self, destination: str, name: str, seconds: float) -> None:
        """Nobody is to ask this part of the destination for so long."""
        b = tables.budgets
        until = sa.func.clock_timestamp() + timedelta(seconds=seconds)
        with self._store.transaction() as connection:
            self._have(connection, destination, name, 0.0)
            here = at(b, {"destination": destination, "name": name})
            later = sa.func.greatest(sa.func.coalesce(b.c.closed_until, until), until)
            connection.execute(sa.update(b).where(*here).values(closed_until=later))

    def closed(self, destination: str) -> dict[str, float]:
        """The parts that are not to be asked, with the seconds that are left."""
        b = tables.budgets
        left = sa.extract("epoch", b.c.closed_until - sa.func.clock_timestamp())
        query = sa.select(b.c.name, left).where(b.c.destination == destination, left > 0)
        with self._store.transaction() as connection:
            return {name: float(seconds) for name, seconds in connection.execute(query)}

    def levels(self, destination: str) -> dict[str, tuple[float, float]]:
        """What the parts had when they were last drawn from, and how many seconds ago that was."""
        b = tables.budgets
        since = sa.extract("epoch", sa.func.clock_timestamp() - b.c.filled)
        query = sa.select(b.c.name, b.c.level, since).where(b.c.destination == destination)
        with self._store.transaction() as connection:
            return {name: (level, float(seconds)) for name, level, seconds in connection.execute(query)}

    def _have(self, connection: Connection, destination: str, name: str, level: float) -> None:
        from sqlalchemy.dialects.postgresql import insert

        row = {"destination": destination, "name": name, "level": level, "filled": _now(connection)}
        connection.execute(insert(tables.budgets).values(row).on_conflict_do_nothing())


def _now(connection: Connection) -> datetime:
    moment: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return moment.astimezone(UTC)
