"""What was last read of a calendar, beside the state: it holds while the calendar cannot be had, also after a restart.

Two files: the calendar's own text, from which the windows of later days are made, and what came of it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from lms_bridge.calendars.feed import Feed
from lms_bridge.errors import Problem
from lms_bridge.whole import write_whole

_FORM = 1
HOLDS = timedelta(days=1)
"""So long the windows made of a text are used: they reach further than anybody looks."""


@dataclass(frozen=True, slots=True)
class Span:
    """From one moment up to another, in UTC: everything, or these courses."""

    begin: datetime
    end: datetime
    courses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a calendar says. `unread`: events that cannot be understood; `courseless`: events that name no course where
    courses were asked for."""

    spans: tuple[Span, ...] = ()
    events: int = 0
    unread: int = 0
    courseless: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """`read`: when the calendar was last had; none: never. `failing`: since when it cannot be had, and the `problem`.
    `expanded`: when its `contents` were made, by `rules`; none: never. `stamp`: how its origin knows this text again.
    """

    tried: datetime
    read: datetime | None = None
    failing: datetime | None = None
    problem: Problem | None = None
    stamp: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    """The digest of the text that is kept."""
    rules: str = ""
    expanded: datetime | None = None
    contents: Contents = field(default_factory=Contents)


def read(feed: Feed) -> Copy | None:
    """None where none is kept, or none that can be read."""
    facts = _facts(feed)
    try:
        return _read(facts, stamp_of(facts)["file"])
    except OSError:
        return None


@lru_cache(maxsize=64)
def _read(facts: Path, stamp: str) -> Copy | None:
    """The service asks every few seconds; a new copy is another file. Raises OSError."""
    try:
        told = json.loads(facts.read_bytes())
        return _copy(told) if told["form"] == _FORM else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def read_text(feed: Feed, copy: Copy | None) -> bytes | None:
    """None where it is not the text that belongs to this copy."""
    try:
        text = _text(feed).read_bytes()
    except OSError:
        return None
    return text if copy is not None and digest(text) == copy.text else None


def write(feed: Feed, copy: Copy, text: bytes | None = None) -> None:
    """Raises OSError."""
    if text is not None:
        write_whole(_text(feed), text)
    write_whole(_facts(feed), json.dumps(_plain(copy)).encode())


def digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def failed(before: Copy | None, problem: Problem, now: datetime) -> Copy:
    """What was known stays."""
    if before is None:
        return Copy(tried=now, failing=now, problem=problem)
    return replace(before, tried=now, failing=before.failing or now, problem=problem)


def unforeseen(feed: Feed, what: str, now: datetime) -> None:
    """Such as a text that takes too long to read. Raises OSError."""
    step = "Look at the calendar with another program, and export it anew."
    write(feed, failed(read(feed), Problem(what, next_step=step), now))


def stamp_of(file: Path) -> Mapping[str, str]:
    """How a file is known again without reading it. Raises OSError."""
    status = file.stat()
    return {"file": f"{status.st_mtime_ns} {status.st_size} {status.st_ino}"}


def _facts(feed: Feed) -> Path:
    return feed.copy.with_name(f"{feed.copy.name}.json")


def _text(feed: Feed) -> Path:
    return feed.copy.with_name(f"{feed.copy.name}.ics")


def _plain(copy: Copy) -> dict[str, Any]:
    contents, problem = copy.contents, copy.problem
    return {
        "form": _FORM,
        "tried": copy.tried.isoformat(),
        "read": copy.read.isoformat() if copy.read else None,
        "failing": copy.failing.isoformat() if copy.failing else None,
        "problem": [problem.cause, problem.where, problem.next_step] if problem else None,
        "stamp": dict(copy.stamp),
        "text": copy.text,
        "rules": copy.rules,
        "expanded": copy.expanded.isoformat() if copy.expanded else None,
        "spans": [[each.begin.isoformat(), each.end.isoformat(), list(each.courses)] for each in contents.spans],
        "events": contents.events,
        "unread": contents.unread,
        "courseless": contents.courseless,
        "notes": list(contents.notes),
    }


def _copy(told: Mapping[str, Any]) -> Copy:
    def moment(written: str | None) -> datetime | None:
        return datetime.fromisoformat(written).astimezone(UTC) if written else None

    spans = tuple(
        Span(datetime.fromisoformat(begin), datetime.fromisoformat(end), tuple(courses))
        for begin, end, courses in told["spans"]
    )
    return Copy(
        tried=datetime.fromisoformat(told["tried"]),
        read=moment(told["read"]),
        failing=moment(told["failing"]),
        problem=Problem(*told["problem"]) if told["problem"] else None,
        stamp=dict(told["stamp"]),
        text=str(told["text"]),
        rules=str(told["rules"]),
        expanded=moment(told["expanded"]),
        contents=Contents(
            spans=spans,
            events=int(told["events"]),
            unread=int(told["unread"]),
            courseless=int(told["courseless"]),
            notes=tuple(told["notes"]),
        ),
    )
