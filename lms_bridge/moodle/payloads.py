"""What every kind of payload has in common: the fingerprint, the marker's place, and outcomes of changes. Pure."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from lms_bridge.connector import Action, Body, Change, Context, Entry, Outcome, Payload, Status
from lms_bridge.errors import Ambiguous, Conflict, DestinationError, NotFound, Problem
from lms_bridge.items import Item
from lms_bridge.moodle.marker import marker

SOURCE, SIGNED = "source", "installation"
"""Fields of a payload that its marker is made of: whoever writes another text of it needs them."""


def fingerprint(**parts: Any) -> str:
    """SHA-256 over everything that is written."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def signature(item: Item, context: Context) -> dict[str, str]:
    """What goes into the marker and is no content: it is no part of a fingerprint."""
    return {SOURCE: item.url or "", SIGNED: context.installation}


def written(like: Payload, text: str) -> Payload:
    """The payload with this text, its marker below it, and the images that the text shows."""
    mark = marker(like.key, like.fields.get(SOURCE), like.fingerprint, like.fields.get(SIGNED, ""))
    shown = tuple(asset for asset in like.assets if f"asset:{asset.digest}" in text)
    return replace(like, body=f"{text}\n{mark}", assets=shown)


def version_of(*parts: Any) -> str:
    """A version where Moodle keeps none: a short digest of all that may change."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def plain_number(value: Any) -> str:
    """A figure without idle zeros, so that `4`, `4.0` and `4.00` are one; anything else as it is."""
    try:
        return f"{float(str(value)):.10g}"
    except ValueError:
        return str(value)


def half_up(value: float, places: int) -> str:
    """As people round: 4.25 is 4.3, where Python's formats say 4.2."""
    return str(Decimal(repr(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def stars(value: float, scale: tuple[int, int]) -> str:
    """Full and empty stars, rounded half up."""
    full = max(0, min(scale[1], int(half_up(value, 0))))
    return "★" * full + "☆" * (scale[1] - full)


def first_of_each_mark(entries: Iterable[Entry]) -> list[Entry]:
    """Somebody may copy a text with our mark in it: only the oldest that bears a mark is ours."""
    seen: set[str] = set()
    kept = []
    for entry in entries:
        copy = entry.mark is not None and entry.mark in seen
        kept.append(replace(entry, mark=None, fingerprint=None, installation=None) if copy else entry)
        seen.add(entry.mark or "")
    return kept


def body_of(title: str, html: str, fields: Mapping[str, Any] | None = None) -> Body:
    """Without a readable text, which nobody asks for: it costs a millisecond a page."""
    return Body(title=title, html=html, fields=fields or {})


def done(change: Change, entry: Entry | None = None, body: Body | None = None) -> Outcome:
    return Outcome(change=change, status=Status.DONE, entry=entry, body=body)


def failed(change: Change, error: DestinationError | Problem) -> Outcome:
    """What a refusal makes of a change."""
    if isinstance(error, Problem):
        return Outcome(change=change, status=Status.FAILED, problem=error)
    status = Status.FAILED
    if isinstance(error, Ambiguous):
        status = Status.AMBIGUOUS
    elif isinstance(error, Conflict):
        status = Status.CONFLICT
    problem = replace(error.problem, where=error.problem.where or change.key)
    return Outcome(change=change, status=status, problem=problem)


def ref_of(change: Change) -> str:
    return change.entry.ref if change.entry else change.record.ref if change.record else "0"


def refusal(change: Change, version: str | None, what: str) -> Outcome | None:
    """What settles a change before anything is sent. `version`: of what stands there now; none when it is gone."""
    if change.action is Action.CREATE:
        return None
    if version is None and change.action is Action.DELETE:
        return done(change)
    if version is None:
        error = NotFound(f"the {what} is not there any more.", where=change.key, next_step="Sync again.")
        return failed(change, error)
    if change.action is not Action.ADOPT and change.entry and version != change.entry.version:
        return changed_meanwhile(change)
    return None


def changed_meanwhile(change: Change) -> Outcome:
    problem = Problem(
        "somebody changed it since it was looked at, so nothing was written over it.", change.key, "Sync again."
    )
    return conflict(change, problem)


def conflict(change: Change, problem: Problem) -> Outcome:
    """A person must decide."""
    return Outcome(change=change, status=Status.CONFLICT, problem=problem)
