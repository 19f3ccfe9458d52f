"""Tags and drafts in the state store: what people look items up by, as their source had them when it was last read.

Apart from `state`, which holds what the next run goes by.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lms_bridge.items import Key, Kind
from lms_bridge.sync import state_schema as tables
from lms_bridge.sync.catalogue import Catalogue
from lms_bridge.sync.state_engine import Store

if TYPE_CHECKING:
    from sqlalchemy.engine import Row

_T, _D = tables.tags, tables.drafts


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A draft that waits for somebody to approve it. `origin`: the file and line that say so."""

    route: str
    key: Key
    kind: Kind
    course: str
    title: str
    origin: str


class Catalogued:
    """Shares the store of a `State`, and lives as long."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, route: str, catalogue: Catalogue) -> None:
        """In place of what was known of these items; of all items, where it is the whole of them."""
        if catalogue == Catalogue():
            return
        wanted = {(key, tag) for key, tags in catalogue.tags.items() for tag in tags}
        with self._store.transaction() as connection:
            known = self._known(connection, route, catalogue)
            _change(connection, _T, route, known - wanted, [_tag(route, *each) for each in wanted - known])
            if catalogue.drafts is not None:
                self._keep_drafts(connection, route, catalogue)

    def tags_of(self, routes: Sequence[str], keys: Iterable[Key]) -> Mapping[Key, Sequence[str]]:
        """In the order of their names; of items without any, nothing."""
        found: dict[Key, list[str]] = {}
        query = sa.select(_T.c.key, _T.c.tag).where(_T.c.route.in_(routes), _T.c.key.in_(list(keys)))
        with self._store.transaction() as connection:
            for key, tag in connection.execute(query.distinct().order_by(_T.c.key, _T.c.tag)):
                found.setdefault(key, []).append(tag)
        return found

    def tags(self, routes: Sequence[str], *, limit: int) -> list[str]:
        """The first of all that are in use, by name: from one to the next, however many items have it."""
        # By the index that has them in order, and not by the one that begins with the route.
        of_routes = _T.c.route.concat("").in_(routes)
        query = sa.select(_T.c.tag, _T.c.folded).where(_T.c.folded > sa.bindparam("last"), of_routes)
        first = query.order_by(_T.c.folded, _T.c.route, _T.c.key).limit(1)
        found: list[str] = []
        last = ""
        with self._store.transaction() as connection:
            while len(found) < limit and (row := connection.execute(first, {"last": last}).first()) is not None:
                found.append(row.tag)
                last = row.folded
        return found

    def drafts(self, routes: Sequence[str], *, limit: int, page: int = 0) -> tuple[list[Kept], int]:
        """One page of them, by course and title, and how many there are in all. One that several routes would push is
        one, under the first of them."""
        which = _D.c.route.in_(routes)
        first = sa.select(sa.func.min(_D.c.route).label("route"), _D.c.key).where(which).group_by(_D.c.key).subquery()
        own = sa.join(_D, first, sa.and_(_D.c.route == first.c.route, _D.c.key == first.c.key))
        query = sa.select(_D).select_from(own).order_by(_D.c.course, _D.c.title, _D.c.key)
        with self._store.transaction() as connection:
            total = connection.execute(sa.select(sa.func.count(_D.c.key.distinct())).where(which)).scalar_one()
            rows = connection.execute(query.limit(limit).offset(limit * page))
            return [_kept(row) for row in rows], int(total)

    def count_drafts(self, routes: Sequence[str]) -> tuple[Mapping[str, int], int]:
        """How many of them each route would push, and how many these are in all: one of several routes is one."""
        which = _D.c.route.in_(routes)
        by_route = sa.select(_D.c.route, sa.func.count()).where(which).group_by(_D.c.route)
        every = sa.select(sa.func.count(_D.c.key.distinct())).where(which)
        with self._store.transaction() as connection:
            counts: dict[str, int] = {route: count for route, count in connection.execute(by_route)}
            if len(counts) <= 1:
                return counts, sum(counts.values())
            return counts, int(connection.execute(every).scalar_one())

    def _known(self, connection: Connection, route: str, catalogue: Catalogue) -> set[tuple[Key, str]]:
        rows = connection.execute(sa.select(_T.c.key, _T.c.tag).where(_T.c.route == route))
        return {(key, tag) for key, tag in rows if catalogue.whole or key in catalogue.tags}

    def _keep_drafts(self, connection: Connection, route: str, catalogue: Catalogue) -> None:
        rows: dict[Key, dict[str, Any]] = {
            draft.key: {"kind": draft.kind.value, "course": draft.course, "title": draft.title}
            | {"route": route, "key": draft.key, "origin": str(draft.origin)}
            for draft in catalogue.drafts or ()
        }
        known = {
            row["key"]: dict(row) for row in connection.execute(sa.select(_D).where(_D.c.route == route)).mappings()
        }
        other = {key for key in rows.keys() | known.keys() if rows.get(key) != known.get(key)}
        gone = {(key,) for key in other & known.keys()}
        _change(connection, _D, route, gone, [rows[key] for key in other & rows.keys()])


def _change(
    connection: Connection, table: sa.Table, route: str, gone: set[Any], rows: Sequence[Mapping[str, Any]]
) -> None:
    at = [column for column in table.primary_key if column.name != "route"]
    if gone:
        of = [column == sa.bindparam(f"at_{column.name}") for column in at]
        delete = sa.delete(table).where(table.c.route == route, *of)
        connection.execute(
            delete, [{f"at_{c.name}": v for c, v in zip(at, each, strict=True)} for each in sorted(gone)]
        )
    if rows:
        connection.execute(sa.insert(table), list(rows))


def _tag(route: str, key: Key, tag: str) -> dict[str, str]:
    return {"route": route, "key": key, "tag": tag, "folded": tag.casefold()}


def _kept(row: "Row[Any]") -> Kept:
    return Kept(**{**row._mapping, "kind": Kind(row.kind)})
