"""What people look at in the state, a page at a time: however much is remembered, each question is bounded in rows.

Apart from `state`, which holds what the next run goes by, and from `state_history`, which keeps what runs did.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from lms_bridge.connector import Status
from lms_bridge.items import Key, Kind
from lms_bridge.sync import state_schema as tables
from lms_bridge.sync.intent import PastRun, Review, Waiting
from lms_bridge.sync.state_engine import Store, at
from lms_bridge.sync.state_rows import to_review

if TYPE_CHECKING:
    from sqlalchemy.engine import RowMapping

PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An item as it stands somewhere, without its text."""

    route: str
    place: str
    key: Key
    destination: str
    kind: Kind
    title: str
    course: str
    url: str | None
    drifted: bool
    deleted: bool
    hidden: bool
    unseen: bool

    @property
    def state(self) -> str:
        if self.deleted:
            return "deleted"
        if self.unseen:
            return "unseen"
        return "hidden" if self.hidden else "changed" if self.drifted else "stands"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which items are looked for; empty for any. `state`: `stands`, `changed`, `hidden`, `unseen` or `deleted`."""

    routes: Sequence[str]
    words: str = ""
    course: str = ""
    kind: str = ""
    tag: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    """So many items of a kind of a route, or of a course in it."""

    route: str
    course: str
    kind: str
    drifted: bool
    deleted: bool
    count: int


@dataclass(frozen=True, slots=True)
class Past:
    """One thing that a run did to an item, or left. `started` is when the run began."""

    run: str
    route: str
    started: datetime
    action: str
    status: str
    kind: str
    key: Key
    place: str
    course: str
    title: str
    reason: str
    cause: str | None
    next_step: str | None


@dataclass(frozen=True, slots=True)
class DayCount:
    """So many runs of a route that began on a day (`2026-11-27`, UTC) ended with this code."""

    day: str
    route: str
    exit_code: int | None
    count: int


HELD = "held"
_R, _O, _C = tables.records, tables.outcomes, tables.conflicts
_STANDING = (
    "route", "place", "key", "destination", "kind", "title", "course", "url", "drifted", "deleted", "hidden",
    "unseen",
)  # fmt: skip
_PAST = ("run", "route", "action", "status", "kind", "key", "place", "course", "title", "reason", "cause", "next_step")


class Looking:
    """Shares the store of a `State`, and lives as long."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # Items

    def items(self, wanted: Wanted, *, page: int = 0) -> tuple[list[Standing], int]:
        """One page of them, by route, course, kind and title, and how many there are in all."""
        which = self._which(wanted)
        query = (
            sa.select(*(_R.c[name] for name in _STANDING))
            .where(*which)
            .order_by(_R.c.route, _R.c.course, _R.c.kind, _R.c.title, _R.c.key)
        )
        with self._store.transaction() as connection:
            rows = [_standing(row) for row in connection.execute(query.limit(PAGE).offset(PAGE * page)).mappings()]
            if rows and len(rows) < PAGE:
                # All were gone through for these: they are not counted once more.
                return rows, PAGE * page + len(rows)
            if not rows and page == 0:
                return [], 0
            total = connection.execute(sa.select(sa.func.count()).select_from(_R).where(*which)).scalar_one()
            return rows, int(total)

    def item(self, key: Key) -> list[Standing]:
        """Wherever it stands."""
        query = sa.select(*(_R.c[name] for name in _STANDING)).where(_R.c.key == key)
        with self._store.transaction() as connection:
            rows = connection.execute(query.order_by(_R.c.route, _R.c.place).limit(PAGE)).mappings()
            return [_standing(row) for row in rows]

    def titles(self, standing: Sequence[Standing]) -> dict[tuple[str, str], str]:
        """What people call the places that these stand in, by route and place, as far as it is known."""
        p = tables.places.c
        at_ = [(each.route, each.place) for each in standing]
        query = sa.select(p.route, p.place, p.title).where(sa.tuple_(p.route, p.place).in_(at_))
        with self._store.transaction() as connection:
            return {(route, place): title for route, place, title in connection.execute(query)}

    def counts(self, routes: Sequence[str]) -> list[Count]:
        """How much stands, by route and kind."""
        by = (_R.c.route, sa.literal("").label("course"), _R.c.kind, _R.c.drifted, _R.c.deleted)
        query = sa.select(*by, sa.func.count()).where(_R.c.route.in_(routes))
        grouped = query.group_by(_R.c.route, _R.c.kind, _R.c.drifted, _R.c.deleted)
        with self._store.transaction() as connection:
            return [Count(*row) for row in connection.execute(grouped)]

    def courses(self, routes: Sequence[str], *, words: str = "", page: int = 0) -> tuple[list[str], int]:
        """One page of the courses that anything stands in, and how many there are in all."""
        walks = [_walk(route) for route in routes]
        if not walks:
            return [], 0
        every = sa.union(*(sa.select(walk.c.course).where(walk.c.course.is_not(None)) for walk in walks)).subquery()
        which = [self._contains(every.c.course, words)] if words else []
        query = sa.select(every.c.course).where(*which).order_by(every.c.course)
        with self._store.transaction() as connection:
            total = connection.execute(sa.select(sa.func.count()).select_from(every).where(*which)).scalar_one()
            return list(connection.execute(query.limit(PAGE).offset(PAGE * page)).scalars()), int(total)

    def in_courses(self, routes: Sequence[str], courses: Sequence[str]) -> list[Count]:
        by = (_R.c.route, _R.c.course, _R.c.kind, _R.c.drifted, _R.c.deleted)
        query = sa.select(*by, sa.func.count()).where(_R.c.route.in_(routes), _R.c.course.in_(courses)).group_by(*by)
        with self._store.transaction() as connection:
            return [Count(*row) for row in connection.execute(query)]

    # What waits for a person

    def reviews(self, routes: Sequence[str], *, page: int = 0) -> tuple[list[Review], int]:
        """One page of the conflicts, without their texts, oldest first, and how many there are in all."""
        plain = [column for column in _C.c if column.name != "sides"]
        which = _C.c.route.in_(routes)
        query = sa.select(*plain, sa.null().label("sides")).where(which).order_by(_C.c.found, _C.c.route, _C.c.key)
        with self._store.transaction() as connection:
            total = connection.execute(sa.select(sa.func.count()).select_from(_C).where(which)).scalar_one()
            rows = connection.execute(query.limit(PAGE).offset(PAGE * page)).mappings()
            return [to_review(row) for row in rows], int(total)

    def review(self, route: str, place: str, key: Key) -> Review | None:
        with self._store.transaction() as connection:
            here = {"route": route, "place": place, "key": key}
            row = connection.execute(sa.select(_C).where(*at(_C, here))).mappings().first()
            return to_review(row) if row is not None else None

    def waiting(self, routes: Sequence[str], *, limit: int = PAGE) -> list[tuple[str, Waiting]]:
        """What is not due yet, next first, with its route."""
        w = tables.waiting
        query = sa.select(w).where(w.c.route.in_(routes)).order_by(w.c.until, w.c.key).limit(limit)
        with self._store.transaction() as connection:
            rows = connection.execute(query).mappings()
            return [(row["route"], Waiting(**{k: v for k, v in row.items() if k != "route"})) for row in rows]

    # Runs

    def runs(self, route: str, *, page: int = 0) -> list[PastRun]:
        """One page of them, newest first."""
        r = tables.runs
        query = sa.select(r).where(r.c.route == route).order_by(r.c.started.desc(), r.c.run.desc())
        with self._store.transaction() as connection:
            rows = connection.execute(query.limit(PAGE).offset(PAGE * page)).mappings()
            return [PastRun(**row) for row in rows]

    def run(self, run: str) -> list[PastRun]:
        """What it did, by route."""
        r = tables.runs
        with self._store.transaction() as connection:
            rows = connection.execute(sa.select(r).where(r.c.run == run).order_by(r.c.route).limit(PAGE)).mappings()
            return [PastRun(**row) for row in rows]

    def outcomes(self, run: str, *, status: str = "", page: int = 0) -> tuple[list[Past], int]:
        which = [_O.c.run == run, *([_O.c.status == status] if status else [])]
        return self._pasts(which, _O.c.id, page)

    def history(self, key: Key, *, page: int = 0) -> tuple[list[Past], int]:
        """What runs did to one item, newest first."""
        return self._pasts([_O.c.key == key], _O.c.id.desc(), page)

    def held(self, run: str, route: str, *, limit: int = PAGE) -> tuple[list[Past], int]:
        """What a run left for somebody to approve."""
        which = [_O.c.run == run, _O.c.route == route, _O.c.status == HELD]
        found, total = self._pasts(which, _O.c.id, 0)
        return found[:limit], total

    def troubles(self, run: str, route: str, *, limit: int = 20) -> list[Past]:
        """What failed in a run."""
        failed = (Status.FAILED.value, Status.AMBIGUOUS.value)
        which = [_O.c.run == run, _O.c.route == route, _O.c.status.in_(failed)]
        return self._pasts(which, _O.c.id, 0)[0][:limit]

    def by_day(self, routes: Sequence[str], since: datetime, *, besides: Sequence[str] = ()) -> list[DayCount]:
        """`besides`: runs that are under way, of which nobody knows yet how they end."""
        r = tables.runs
        sqlite = self._store.engine.dialect.name == "sqlite"
        # PostgreSQL writes a moment as its own zone has it.
        utc = r.c.started if sqlite else sa.func.timezone("UTC", r.c.started, type_=sa.DateTime())
        day = sa.func.substr(sa.cast(utc, sa.String), 1, 10).label("day")
        query = sa.select(day, r.c.route, r.c.exit_code, sa.func.count()).where(
            r.c.route.in_(routes), r.c.started >= since, sa.or_(r.c.ended.is_not(None), r.c.run.not_in(besides))
        )
        with self._store.transaction() as connection:
            return [DayCount(*row) for row in connection.execute(query.group_by(day, r.c.route, r.c.exit_code))]

    def _which(self, wanted: Wanted) -> list[Any]:
        which: list[Any] = [_R.c.route.in_(wanted.routes)]
        if wanted.course:
            which.append(_R.c.course == wanted.course)
        if wanted.kind:
            which.append(_R.c.kind == wanted.kind)
        if wanted.tag:
            t = tables.tags.c
            tagged = sa.select(t.key).where(t.folded == wanted.tag.casefold(), t.route.in_(wanted.routes))
            which.append(_R.c.key.in_(tagged))
        if wanted.words:
            which.append(sa.or_(self._contains(_R.c.title, wanted.words), self._contains(_R.c.key, wanted.words)))
        return [*which, *_STATES.get(wanted.state, [])]

    def _contains(self, column: sa.ColumnElement[str], words: str) -> sa.ColumnElement[bool]:
        """Whatever the case, of plain letters at least. SQLite's LIKE looks away from case by itself."""
        sqlite = self._store.engine.dialect.name == "sqlite"
        return column.contains(words, autoescape=True) if sqlite else column.icontains(words, autoescape=True)

    def _pasts(self, which: Sequence[Any], order: Any, page: int) -> tuple[list[Past], int]:
        r = tables.runs
        joined = _O.join(r, sa.and_(r.c.run == _O.c.run, r.c.route == _O.c.route))
        query = sa.select(*(_O.c[name] for name in _PAST), r.c.started).select_from(joined).where(*which)
        with self._store.transaction() as connection:
            total = connection.execute(sa.select(sa.func.count()).select_from(_O).where(*which)).scalar_one()
            rows = connection.execute(query.order_by(order).limit(PAGE).offset(PAGE * page)).mappings()
            return [Past(**row) for row in rows], int(total)


_ALIVE, _SEEN = _R.c.deleted.is_(False), _R.c.unseen.is_(False)
_STATES: Mapping[str, Sequence[Any]] = {
    "stands": [_ALIVE, _SEEN, _R.c.drifted.is_(False), _R.c.hidden.is_(False)],
    "changed": [_ALIVE, _SEEN, _R.c.drifted.is_(True), _R.c.hidden.is_(False)],
    "hidden": [_ALIVE, _SEEN, _R.c.hidden.is_(True)],
    "unseen": [_ALIVE, _R.c.unseen.is_(True)],
    "deleted": [_R.c.deleted.is_(True)],
}


def _walk(route: str) -> sa.CTE:
    """The courses of a route from one to the next, by the index: what stands in each is not gone through.

    https://wiki.postgresql.org/wiki/Loose_indexscan
    """
    mine = _R.c.route == route
    walk = sa.select(sa.func.min(_R.c.course).label("course")).where(mine).cte(recursive=True)
    following = sa.select(sa.func.min(_R.c.course)).where(mine, _R.c.course > walk.c.course).correlate(walk)
    return walk.union_all(sa.select(following.scalar_subquery()).where(walk.c.course.is_not(None)))


def _standing(row: "RowMapping") -> Standing:
    return Standing(**{**row, "kind": Kind(row["kind"])})
