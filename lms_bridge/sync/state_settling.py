"""What is remembered of writes: outcomes, records, what stood there, and intents closed, many rows a statement.

Apart from `state`, which says when. Asking the database once a row costs ten times the row itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lms_bridge.connector import Record, Status
from lms_bridge.items import Key
from lms_bridge.sync import state_schema as tables
from lms_bridge.sync.intent import Image, Settled
from lms_bridge.sync.state_engine import adding
from lms_bridge.sync.state_rows import image_row, outcome_row

_KEPT = tuple(field.name for field in fields(Record))
_AT = ("route", "place", "key")


def _at_key(table: sa.Table) -> list[sa.ColumnElement[bool]]:
    return [table.c[name] == sa.bindparam(f"at_{name}") for name in _AT]


@cache
def _put_record(dialect: str) -> Any:
    new = adding(dialect, tables.records)
    over = {column.name: new.excluded[column.name] for column in tables.records.c if column.name not in _AT}
    return new.on_conflict_do_update(index_elements=_AT, set_=over)


# Built once: building a statement takes longer than running it.
_ADD_OUTCOME = sa.insert(tables.outcomes)
_ADD_IMAGE = sa.insert(tables.images)
_UPDATE_IMAGE = sa.update(tables.images).where(*_at_key(tables.images), tables.images.c.run == sa.bindparam("at_run"))
_CLOSE_INTENTS = sa.delete(tables.intents).where(*_at_key(tables.intents))
_CLOSE_INTENTS_OF_RUN = _CLOSE_INTENTS.where(tables.intents.c.run == sa.bindparam("at_run"))


def settle(connection: Connection, route: str, destination: str, run: str, settled: Sequence[Settled]) -> None:
    outcomes = [outcome_row(run, route, each.outcome) | _digests(each) for each in settled]
    if outcomes:
        connection.execute(_ADD_OUTCOME, outcomes)
    _keep_images(connection, run, route, [each.image for each in settled if each.image is not None])
    put_records(connection, route, destination, [each.record for each in settled if each.record is not None])
    gone = [_place_and_key(each) for each in settled if each.forget]
    if gone:
        forgotten = sa.delete(tables.records).where(*_at_key(tables.records))
        connection.execute(forgotten, [_at(route, *at) for at in gone])
    close_intents(connection, route, [_place_and_key(each) for each in settled if _is_known(each)])
    refused = [each for each in settled if not _is_known(each) and each.outcome.status is not Status.AMBIGUOUS]
    close_intents(connection, route, [_place_and_key(each) for each in refused], run=run)


def put_records(connection: Connection, route: str, destination: str, records: Iterable[Record]) -> None:
    rows = [{name: getattr(record, name) for name in _KEPT} for record in records]
    if rows:
        where = {"route": route, "destination": destination}
        connection.execute(_put_record(connection.dialect.name), [row | where for row in rows])


def close_intents(connection: Connection, route: str, at: Sequence[tuple[str, Key]], *, run: str | None = None) -> None:
    """Of all runs, or of one."""
    if not at:
        return
    if run is None:
        connection.execute(_CLOSE_INTENTS, [_at(route, *each) for each in at])
    else:
        connection.execute(_CLOSE_INTENTS_OF_RUN, [_at(route, *each) | {"at_run": run} for each in at])


def add_images(connection: Connection, images: Iterable[tuple[str, str, Image]]) -> None:
    """Each with its run and route."""
    rows = [image_row(*each) for each in images]
    if rows:
        connection.execute(_ADD_IMAGE, rows)


def _keep_images(connection: Connection, run: str, route: str, images: Sequence[Image]) -> None:
    """What stood there was kept before the write, where something did."""
    add_images(connection, [(run, route, image) for image in images if not _is_kept(connection, run, route, image)])


def _is_kept(connection: Connection, run: str, route: str, image: Image) -> bool:
    if image.before is None:
        return False
    known = {"ref": image.ref, "digest_after": image.digest_after}
    here = _at(route, image.place, image.key) | {"at_run": run}
    return connection.execute(_UPDATE_IMAGE, known | here).rowcount > 0


def _is_known(settled: Settled) -> bool:
    """What stands there, whoever wrote it."""
    return settled.record is not None or settled.forget or settled.closed


def _digests(settled: Settled) -> dict[str, str]:
    outcome, image, record = settled.outcome, settled.image, settled.record
    after = image.digest_after if image is not None else record.digest if record is not None else ""
    return {"digest_before": settled.before, "digest_after": "" if outcome.status is Status.AMBIGUOUS else after}


def _place_and_key(settled: Settled) -> tuple[str, Key]:
    change = settled.outcome.change
    return change.place.id, change.key


def _at(route: str, place: str, key: Key) -> dict[str, str]:
    return {"at_route": route, "at_place": place, "at_key": key}
