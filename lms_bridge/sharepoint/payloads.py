"""What all kinds share on their way into SharePoint: the fingerprint, comparable values, and errors as outcomes."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from lms_bridge.connector import Change, Outcome, Status
from lms_bridge.errors import Ambiguous, Conflict, DestinationError

FINGERPRINT_PART = 12
SIGNED = "installation"
"""The field of a payload that says who wrote it: it goes into the mark, and is no part of a fingerprint."""


def fingerprint(**written: Any) -> str:
    """SHA-256 over everything that is written, in canonical JSON."""
    text = json.dumps(written, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def graph_time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def comparable(value: Any) -> Any:
    """One spelling for values that SharePoint gives back differently: 4.0 for 4, line ends, blanks at the ends."""
    if isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, str):
        return value.replace("\r\n", "\n").strip()
    return value


def text_value(value: Any) -> str:
    return value if isinstance(value, str) else ""


def mapping(value: Any) -> Mapping[str, Any]:
    """`value` where it is a JSON object, else an empty one: answers are read without trust."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def failed(change: Change, error: DestinationError) -> Outcome:
    """An error of one change as its outcome. The place is the item, not an address that nobody knows."""
    status = Status.FAILED
    if isinstance(error, Conflict):
        status = Status.CONFLICT
    elif isinstance(error, Ambiguous):
        status = Status.AMBIGUOUS
    problem = replace(error.problem, where=change.key)
    return Outcome(change=change, status=status, problem=problem)
