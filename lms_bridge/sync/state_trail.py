"""The audit trail in the state store: a table that is only added to, each line bound to the one before.

Beside the records because it must be one trail for all processes and hosts that share a state.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lms_bridge.audit.chain import START, Head
from lms_bridge.audit.line import Act, Actor, Deed, Line, Role, chained, named, names_of
from lms_bridge.connector import Status
from lms_bridge.items import Kind
from lms_bridge.sync import state_schema as tables
from lms_bridge.sync.state_engine import Store

_NAMES = tuple(field.name for field in fields(Line))
_LINES = sa.select(*(tables.trail.c[name] for name in _NAMES)).order_by(tables.trail.c.number)
_ADD = sa.insert(tables.trail)
_AT_ONCE = 1_000
"""Lines that are held in memory while all of them are gone through."""
_TURN = 0x6C6D_7362_7472_6169
"""PostgreSQL's number for whose turn it is to add."""
_WRITTEN = (Status.DONE.value, Status.AMBIGUOUS.value)


class Trail:
    """Shares the store of a `State`, and lives as long. `by`: who does what is told without saying who."""

    def __init__(self, store: Store, by: Actor) -> None:
        self._store = store
        self.by = by

    def add(self, *acts: Act, by: Actor | None = None) -> None:
        """On the disk when it returns; raises StateError, and then nothing of it stands."""
        if acts:
            with self._turn() as connection:
                _add(connection, acts, by or self.by)

    def add_run(self, run: str, route: str) -> None:
        """What a run wrote, and that it came to its end; nothing of one that wrote nothing. What is told already is not
        told again."""
        with self._turn() as connection:
            self._add_run(connection, run, route, self.by, ended=True)

    def catch_up(self, route: str, *, besides: str) -> None:
        """What runs of the route wrote that were cut off, whoever ran them, and what workers still finished of one that
        was ended early. Lease the route around it."""
        r = tables.runs
        of_route = (
            sa.select(r.c.run, r.c.role, r.c.actor, r.c.ended).where(r.c.route == route, r.c.run != besides)
        ).order_by(r.c.started.desc(), r.c.run.desc())
        with self._store.transaction() as connection:
            latest = connection.execute(of_route.limit(1)).all()
            cut_off = connection.execute(of_route.where(r.c.ended.is_(None))).all()
        for run, role, actor, ended in reversed(dict.fromkeys((*latest, *cut_off))):
            by = Actor(Role(role), actor) if role else self.by
            with self._turn() as connection:
                self._add_run(connection, run, route, by, ended=ended is not None)

    def note_config(self, name: str, digest: str) -> None:
        """That a config is not as it was when it was used last; nothing where it is."""
        t = tables.trail
        last = sa.select(t.c.after).where(t.c.deed == Deed.CONFIG.value, t.c.about == name).order_by(t.c.number.desc())
        with self._store.transaction() as connection:
            before = connection.execute(last.limit(1)).scalar()
        if before != digest:
            self.add(Act(deed=Deed.CONFIG, before=before or "", after=digest, about=name))

    def head(self) -> Head:
        with self._store.transaction() as connection:
            return _head(connection)

    def lines(self, *, since: datetime | None = None, key: str = "") -> Iterator[Line]:
        """In their order. `key`: of this item alone, however the trail calls it."""
        query = _LINES
        if since is not None:
            query = query.where(tables.trail.c.at >= since)
        if key:
            query = query.where(tables.trail.c.key.in_(names_of(key)))
        # Page by page, so that nobody who adds a line waits for whoever reads.
        last = 0
        while True:
            page = query.where(tables.trail.c.number > last).limit(_AT_ONCE)
            with self._store.transaction() as connection:
                rows = [Line(**dict(zip(_NAMES, row, strict=True))) for row in connection.execute(page)]
            yield from rows
            if len(rows) < _AT_ONCE:
                return
            last = rows[-1].number

    def _add_run(self, connection: Connection, run: str, route: str, by: Actor, *, ended: bool) -> None:
        o = tables.outcomes
        # A run that workers share may be closed more than once. How far it was told cannot be known by number: what
        # another transaction wrote earlier may be seen later.
        told = _told(connection, run, route)
        count = told.total()
        rows = connection.execute(
            sa.select(o.c.action, o.c.kind, o.c.key, o.c.status, o.c.digest_before, o.c.digest_after)
            .where(o.c.run == run, o.c.route == route, o.c.status.in_(_WRITTEN))
            .order_by(o.c.id)
        )
        acts = []
        for row in rows:
            act = _change(run, route, row)
            if told[act]:
                told[act] -= 1
            else:
                acts.append(act)
        if acts:
            how = "" if ended else ", cut off"
            acts.append(Act(deed=Deed.RUN, route=route, run=run, about=f"{count + len(acts)} changes{how}"))
            _add(connection, acts, by)

    @contextmanager
    def _turn(self) -> Iterator[Connection]:
        """One process at a time, on whatever host: two lines must not follow the same one."""
        with self._store.transaction(on_disk=True) as connection:
            if connection.dialect.name == "sqlite":
                # Python's driver begins nothing before the first write: what was read may have changed by then.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_TURN)))
            yield connection


def _change(run: str, route: str, row: Sequence[Any]) -> Act:
    action, kind, key, status, before, after = row
    return Act(
        deed=action,
        route=route,
        run=run,
        key=named(key, Kind(kind)),
        before=before or "",
        after=after or "",
        about="unanswered" if status == Status.AMBIGUOUS.value else "",
    )


def _told(connection: Connection, run: str, route: str) -> Counter[Act]:
    """The changes of a run that the trail tells."""
    t = tables.trail
    lines = connection.execute(
        sa.select(t.c.deed, t.c.key, t.c.before, t.c.after, t.c.about).where(
            t.c.run == run, t.c.route == route, t.c.deed.not_in([deed.value for deed in Deed])
        )
    )
    return Counter(
        Act(deed=deed, route=route, run=run, key=key, before=before, after=after, about=about)
        for deed, key, before, after, about in lines
    )


def _head(connection: Connection) -> Head:
    t = tables.trail
    last = connection.execute(sa.select(t.c.number, t.c.chained).order_by(t.c.number.desc()).limit(1)).first()
    return Head(*last) if last is not None else START


def _add(connection: Connection, acts: Iterable[Act], by: Actor) -> None:
    head = _head(connection)
    number, previous = head.number, head.chained
    now = datetime.now(UTC)
    rows = []
    for act in acts:
        number += 1
        values = (
            number,
            act.at or now,
            by.role.value,
            by.name,
            str(act.deed),
            act.route,
            act.run,
            act.key,
            act.before,
            act.after,
            act.about,
        )
        previous = chained(previous, values)
        rows.append(dict(zip(_NAMES, (*values, previous), strict=True)))
    for start in range(0, len(rows), _AT_ONCE):
        connection.execute(_ADD, rows[start : start + _AT_ONCE])
