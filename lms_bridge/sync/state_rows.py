"""Rows of the state store to what they stand for and back.

Apart from `state`, which says when they are read and written.
"""

from typing import Any

from sqlalchemy.engine import RowMapping

from lms_bridge.connector import Change, Outcome, PlaceRef, Record
from lms_bridge.items import Kind


def to_record(row: RowMapping) -> Record:
    values = {k: v for k, v in row.items() if k not in ("route", "destination")}
    return Record(**values | {"kind": Kind(row["kind"])})


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
    }


def conflict_row(route: str, change: Change) -> dict[str, Any]:
    return {
        "route": route,
        "place": change.place.id,
        "key": change.key,
        "title": change.title,
        "course": change.course,
        "reason": change.reason,
    }
