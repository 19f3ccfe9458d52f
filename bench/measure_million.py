"""State and plan alone, at ten times the size and again: whether they grow in step with what they are given."""

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bench.figure import Asked, Figure
from lms_bridge.connector import Payload, PlaceRef, Record
from lms_bridge.items import Kind
from lms_bridge.sync.plan import make_plan
from lms_bridge.sync.policy import Policy
from lms_bridge.sync.rows import Found
from lms_bridge.sync.state import State
from lms_bridge.sync.state_part import PartState

_SIZES = (100_000, 1_000_000)
_A_PLACE = 100
_NOW = datetime(2026, 3, 2, tzinfo=UTC)


def figures(asked: Asked) -> Iterator[Figure]:
    few, many = (asked.size(size) for size in _SIZES)
    with tempfile.TemporaryDirectory(prefix="million-") as folder:
        small, large = (_written(Path(folder) / f"{count}.sqlite", count) for count in (few, many))
        for name, measure in (("what a no-op goes by", _standing), ("records and plan", _planned)):
            one, ten = asked.paired(lambda of=measure: of(small, few), lambda of=measure: of(large, many))  # type: ignore[misc]
            told = f"{few:,} items {one:.2f} s"
            # A tenth more than in step is what a deeper index costs.
            yield Figure(f"{name}, {many:,} items, by item", ten, "s", told, (ten / many) / (one / few), "<= 1.15")


def _written(file: Path, count: int) -> Path:
    """Rows as `save_records` writes them, made out of one by the database itself."""
    with State.open(file) as state:
        state.save_records("all", "there", [_record(0)])
    with sqlite3.connect(file) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(records)")]
        numbered = {
            "key": "'all:C/wiki/' || n",
            "ref": "n",
            "name": "'page-' || n",
            "place": f"'page@' || (n / {_A_PLACE})",
        }
        chosen = ", ".join(numbered.get(column, f'"{column}"') for column in columns)
        database.execute(
            f"WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count - 1}) "  # noqa: S608
            f"INSERT INTO records SELECT {chosen} FROM s, records WHERE key = 'all:C/wiki/0'"
        )
    return file


def _record(number: int) -> Record:
    place = _place(number).id
    return Record(
        key=f"all:C/wiki/{number}", kind=Kind.PAGE, place=place, ref=str(number), name=f"page-{number}",
        fingerprint="f" * 64, version="v", digest="d" * 64, title="A page", course="C",
    )  # fmt: skip


def _place(number: int) -> PlaceRef:
    return PlaceRef(Kind.PAGE, str(number // _A_PLACE), "A wiki", "C")


def _standing(file: Path, count: int) -> float:
    with State.open(file) as state:
        begun = time.monotonic()
        state.standing("all", "there")
        return time.monotonic() - begun


def _planned(file: Path, count: int) -> float:
    """A place after the other, as its payloads come."""
    begun = time.monotonic()
    with State.open(file) as state:
        for number in range(0, count, _A_PLACE):
            place = _place(number)
            records = PartState(state, {place.id}, {}).records("all")
            payloads = [_payload(record) for record in records]
            decided = make_plan(Found(place=place, payloads=payloads, records=records), Policy(), _NOW)
            assert len(decided.in_step) == _A_PLACE
            assert not decided.changes
    return time.monotonic() - begun


def _payload(record: Record) -> Payload:
    return Payload(
        key=record.key, kind=record.kind, course=record.course, title=record.title, address=record.name,
        fingerprint=record.fingerprint,
    )  # fmt: skip
