"""The whole state as lines of JSON, and back: to move from a file to PostgreSQL, to keep a copy, to look into it.

Apart from `state`, because it knows every table and nothing of what they mean.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from lms_bridge.errors import StateError
from lms_bridge.sync import state_schema as tables
from lms_bridge.sync.state_engine import open_engine, unusable, where
from lms_bridge.sync.state_versions import NEWEST, bring_up_to_date

_CHUNK = 500
_PASSING = frozenset({"doings", "shared_runs", "searches", "groups", "budgets"})
"""What is going on in a process, or among workers, is nothing to take along."""
_STEP = "Export it again with this version of lms-bridge."


def export(location: str | Path) -> Iterator[str]:
    """A first line that says what it is, then a line a row, parents before children. Raises StateError."""
    engine = open_engine(location)
    try:
        bring_up_to_date(engine)
        yield _line({"lms_bridge_state": NEWEST, "exported": datetime.now(UTC).isoformat()})
        with engine.connect() as connection:
            for table in _tables():
                order = [column for column in table.primary_key.columns]
                for row in connection.execute(sa.select(table).order_by(*order)).mappings():
                    yield _line({"table": table.name, "row": {name: _plain(value) for name, value in row.items()}})
        yield _line({"end": True})
    except sa.exc.SQLAlchemyError as error:
        raise unusable(engine, error) from error
    finally:
        engine.dispose()


def import_(location: str | Path, lines: Iterable[str]) -> dict[str, int]:
    """How many rows of each table were taken. Into an empty store only, and all or nothing. Raises StateError."""
    engine = open_engine(location)
    try:
        bring_up_to_date(engine)
        with engine.begin() as connection:
            _refuse_full(connection, where(engine))
            counts = _take(connection, lines)
            _set_sequences(connection)
        return counts
    except sa.exc.SQLAlchemyError as error:
        raise unusable(engine, error) from error
    finally:
        engine.dispose()


def _tables() -> list[sa.Table]:
    return [table for table in tables.metadata.sorted_tables if table.name not in _PASSING]


def _refuse_full(connection: sa.Connection, place: str) -> None:
    for table in _tables():
        if connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is not None:
            step = "Name another file or database as `state` in connectors.yaml, or move this one away."
            raise StateError(
                "there is something in this state already; nothing was imported.", where=place, next_step=step
            )


def _take(connection: sa.Connection, lines: Iterable[str]) -> dict[str, int]:
    known = {table.name: table for table in _tables()}
    counts = dict.fromkeys(known, 0)
    waiting: list[dict[str, Any]] = []
    current: sa.Table | None = None
    ended = False

    def flush() -> None:
        if current is not None and waiting:
            connection.execute(sa.insert(current), waiting)
            waiting.clear()

    for number, line in enumerate(lines, start=1):
        content = _read(line, number)
        if number == 1:
            _check_form(content)
            continue
        ended = content.get("end") is True
        if ended:
            break
        table = known.get(str(content.get("table")))
        if table is None or not isinstance(content.get("row"), dict):
            raise StateError("it is no row of a state.", where=f"line {number}", next_step=_STEP)
        if table is not current or len(waiting) >= _CHUNK:
            flush()
            current = table
        waiting.append(_row(table, content["row"], number))
        counts[table.name] += 1
    flush()
    if not ended:
        raise StateError("the file ends too early; nothing was imported.", next_step=_STEP)
    return counts


def _read(line: str, number: int) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise StateError("it is no line of an exported state.", where=f"line {number}", next_step=_STEP)
    return content


def _check_form(content: Mapping[str, Any]) -> None:
    if content.get("lms_bridge_state") != NEWEST:
        cause = f"it is no exported state of form {NEWEST}, which this version of lms-bridge knows."
        raise StateError(cause, where="line 1", next_step=_STEP)


def _row(table: sa.Table, row: Mapping[str, Any], number: int) -> dict[str, Any]:
    if set(row) != set(table.c.keys()):
        raise StateError(f"it is no row of {table.name}.", where=f"line {number}", next_step=_STEP)
    try:
        return {
            name: datetime.fromisoformat(value)
            if isinstance(table.c[name].type, tables.Moment) and value is not None
            else value
            for name, value in row.items()
        }
    except (TypeError, ValueError):
        raise StateError("a moment cannot be read.", where=f"line {number}", next_step=_STEP) from None


def _set_sequences(connection: sa.Connection) -> None:
    """PostgreSQL counts on its own, whatever numbers were given."""
    if connection.dialect.name != "postgresql":
        return
    for table in _tables():
        if "id" in table.c:
            highest = sa.select(sa.func.coalesce(sa.func.max(table.c.id), 0) + 1).scalar_subquery()
            name = sa.func.pg_get_serial_sequence(table.name, "id")
            connection.execute(sa.select(sa.func.setval(name, highest, False)))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _line(content: Mapping[str, Any]) -> str:
    return json.dumps(content, separators=(",", ":"))
