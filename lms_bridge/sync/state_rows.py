"""Rows of the state store to what they stand for and back.

Apart from `state`, which says when they are read and written.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from sys import intern
from typing import Any

from sqlalchemy.engine import Row, RowMapping

from lms_bridge.connector import Action, Body, Change, Outcome, PlaceRef, Record, Sides, Status
from lms_bridge.errors import Problem
from lms_bridge.items import Kind
from lms_bridge.sync.intent import Image, Review

_FIELDS = tuple(field.name for field in fields(Record))
IN_SHORT = tuple(
    name for name in _FIELDS if not name.startswith("base") and name not in ("digest", "fields", "fidelity")
)
_OWN_TEXTS = ("key", "title", "name", "ref", "fingerprint", "version")


def to_record(row: Row[Any]) -> Record:
    """`row` has the record's fields in their order: there are many rows, and looking names up takes long."""
    values = dict(zip(_FIELDS, row, strict=True))
    values["kind"] = Kind(values["kind"])
    return Record(**values)


def to_record_in_short(row: Row[Any], said: Mapping[str, str]) -> Record:
    """`row` has the columns of `IN_SHORT` in their order. `said`: texts that are held already, by themselves."""
    values = dict(zip(IN_SHORT, row, strict=True))
    # The same few words stand in very many rows, and one of a row is often another's as well: a name and a title.
    here: dict[str, str] = {}
    own = {name: here.setdefault(text, said.get(text, text)) for name in _OWN_TEXTS if (text := values[name])}
    same = {"kind": Kind(row.kind), "place": intern(row.place), "course": intern(row.course)}
    return Record(**values | own | same, digest="")


def to_place(row: RowMapping) -> PlaceRef:
    return PlaceRef(Kind(row["kind"]), row["container"], row["title"], row["course"])


def outcome_row(run: str, route: str, outcome: Outcome) -> dict[str, Any]:
    change, problem = outcome.change, outcome.problem
    return {
        "run": run,
        "route": route,
        "action": change.action.value,
        "status": outcome.status.value,
        "kind": change.kind.value,
        "key": change.key,
        "place": change.place.id,
        "course": change.course,
        "title": change.title,
        "reason": change.reason,
        "version_before": change.entry.version if change.entry else None,
        "version_after": outcome.entry.version if outcome.entry else None,
        "cause": problem.cause if problem else None,
        "location": problem.where if problem else None,
        "next_step": problem.next_step if problem else None,
        "digest_before": None,
        "digest_after": None,
    }


def to_outcome(row: RowMapping, places: Mapping[str, PlaceRef]) -> Outcome:
    """As far as it is kept: neither payload nor entry. What was not tried reads as done."""
    kind = Kind(row["kind"])
    unknown = PlaceRef(kind, row["place"].partition("@")[2], row["place"], row["course"])
    change = Change(
        action=Action(row["action"]),
        key=row["key"],
        kind=kind,
        place=places.get(row["place"], unknown),
        course=row["course"],
        title=row["title"],
        reason=row["reason"],
        conflict=row["status"] == Status.CONFLICT.value,
        guarded=row["status"] == "held",
    )
    status = Status(row["status"]) if row["status"] in set(Status) else Status.DONE
    problem = Problem(row["cause"], row["location"] or "", row["next_step"] or "") if row["cause"] else None
    return Outcome(change=change, status=status, problem=problem)


def conflict_row(route: str, change: Change, found: datetime) -> dict[str, Any]:
    return {
        "route": route,
        "place": change.place.id,
        "key": change.key,
        "kind": change.kind.value,
        "title": change.title,
        "course": change.course,
        "reason": change.reason,
        "found": found,
        "url": (change.entry.url if change.entry else None) or (change.record.url if change.record else None),
        "fingerprint": change.payload.fingerprint if change.payload else "",
        "version": change.entry.version if change.entry else "",
        "sides": asdict(change.sides) if change.sides else None,
    }


def image_row(run: str, route: str, image: Image) -> dict[str, Any]:
    before, record = image.before, image.record_before
    return {
        "run": run,
        "route": route,
        "place": image.place,
        "key": image.key,
        "action": image.action.value,
        "ref": image.ref,
        "before": asdict(before) if before is not None else None,
        "record_before": asdict(record) if record is not None else None,
        "digest_after": image.digest_after,
    }


def to_image(row: RowMapping) -> Image:
    record = row["record_before"]
    return Image(
        place=row["place"],
        key=row["key"],
        action=Action(row["action"]),
        ref=row["ref"],
        before=Body(**row["before"]) if row["before"] is not None else None,
        record_before=Record(**record | {"kind": Kind(record["kind"])}) if record is not None else None,
        digest_after=row["digest_after"],
    )


def to_review(row: RowMapping) -> Review:
    sides = row["sides"]
    bodies = {name: Body(**sides[name]) for name in ("base", "theirs", "ours", "merged")} if sides else {}
    values = {name: value for name, value in row.items() if name not in ("sides", "kind")}
    return Review(**values, kind=Kind(row["kind"]), sides=Sides(**bodies, clashes=sides["clashes"]) if sides else None)
