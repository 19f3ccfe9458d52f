"""All that a plan goes by in the state, in a line: equal as long as none of it changed.

Apart from `state`, since nothing comes back as what it is. What is told of records is a sum over them, so that it can
be told anew after a few of them changed without reading the others.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import reduce
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lms_bridge.connector import Record
from lms_bridge.sync import state_schema as tables
from lms_bridge.sync.state_engine import Store, passed_by

_AT_ONCE = 500
"""Rows that are held in memory while all of them are gone through, and that one statement names."""
_BYTES = 32
_APART = "\x1f"
T = TypeVar("T")
# Neither base texts nor what is only shown: no plan of a run that looks at nothing hangs on them.
_TEXTS = ("route", "place", "key", "name", "fingerprint", "version")
_FLAGS = ("drifted", "deleted", "hidden")


def _line() -> sa.ColumnElement[str]:
    """A record as a text: to take thousands of rows apart in Python takes twice as long as to read them."""
    r = tables.records.c
    parts = [*(r[name] for name in _TEXTS), *(sa.case((r[name], "1"), else_="0") for name in _FLAGS)]
    return reduce(lambda line, part: line.concat(_APART).concat(part), parts)


def batched(many: Collection[T]) -> Iterator[tuple[T, ...]]:
    """In as many as one statement may name."""
    left = iter(many)
    while some := tuple(islice(left, _AT_ONCE)):
        yield some


def standing(store: Store, route: str, destination: str) -> tuple[str, str]:
    """What is the route's own, and what other routes have at the destination."""
    r, p = tables.records.c, tables.places.c
    lines = sa.select(_line()).where(r.destination == destination)
    others = sa.select(r.route).where(r.destination == destination, r.route != route)
    beside = sa.select(p.route, p.place, p.title, p.course).where(p.route.in_(others)).order_by(p.route, p.place)
    with store.transaction() as connection:
        own = _told(_sum(connection, lines.where(r.route == route)), _seen(connection, _besides_records(route)))
        return own, _told(_sum(connection, lines.where(r.route != route)), _seen(connection, [beside]))


def standing_after(store: Store, own: str, route: str, destination: str, changed: Sequence[Record]) -> str:
    """What is the route's own now, if it was `own` and nothing changed since but these records: as they were then.
    Where anything else did, it is not what `standing` tells."""
    total = _of_told(own) - sum(_number(_written(route, record)) for record in changed)
    r = tables.records.c
    of = (passed_by(r.destination) == destination, passed_by(r.route) == route)
    lines = sa.select(r.place, r.key, _line()).where(*of)
    changed_at = {(record.place, record.key) for record in changed}
    with store.transaction() as connection:
        for some in batched({key for _, key in changed_at}):
            now = connection.execute(lines.where(r.key.in_(some)))
            total += sum(_number(line) for place, key, line in now if (place, key) in changed_at)
        return _told(total, _seen(connection, _besides_records(route)))


def _besides_records(route: str) -> list[sa.Select[Any]]:
    p, f = tables.places.c, tables.forgotten.c
    return [
        sa.select(p.place, p.title, p.course).where(p.route == route).order_by(p.place),
        *(
            sa.select(table).where(table.c.route == route).order_by(*table.primary_key)
            for table in (tables.intents, tables.cursors, tables.conflicts)
        ),
        sa.select(f.mark).where(f.route == route).order_by(f.mark),
    ]


def _seen(connection: Connection, queries: Iterable[sa.Select[Any]]) -> str:
    seen = hashlib.blake2b(digest_size=_BYTES)
    for query in queries:
        seen.update(b"\0")
        for row in connection.execution_options(yield_per=_AT_ONCE).execute(query):
            seen.update(repr(tuple(row)).encode())
    return seen.hexdigest()


def _sum(connection: Connection, lines: sa.Select[Any]) -> int:
    found: Iterable[str] = connection.execution_options(yield_per=_AT_ONCE).scalars(lines)
    return sum(_number(line) for line in found)


def _number(line: str) -> int:
    return int.from_bytes(hashlib.blake2b(line.encode(), digest_size=_BYTES).digest(), "big")


def _written(route: str, record: Record) -> str:
    """As `_line` has it."""
    texts = [route, *(getattr(record, name) for name in _TEXTS[1:])]
    return _APART.join([*texts, *("1" if getattr(record, name) else "0" for name in _FLAGS)])


def _told(total: int, rest: str) -> str:
    return f"{total:x} {rest}"


def _of_told(own: str) -> int:
    return int(own.partition(" ")[0], 16)
