"""What is known of calendars now: the windows that hold by them, and what is wrong."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from lms_bridge.calendars import kept
from lms_bridge.calendars.feed import Feed
from lms_bridge.calendars.kept import Copy
from lms_bridge.errors import Problem
from lms_bridge.windows import Freeze, Windows, together

_MINUTE = "%Y-%m-%d %H:%M %Z"


@dataclass(frozen=True, slots=True)
class Known:
    """One calendar. `read`: when it was last had; none: never. `problem`: why not since then."""

    feed: Feed
    windows: Windows
    read: datetime | None
    problem: Problem | None
    copy: Copy | None


def known(feed: Feed, now: datetime) -> Known:
    """By what is kept of it. One that was never read, or not by these rules, closes what it is for, unless the config
    says otherwise."""
    copy = kept.read(feed)
    if copy is None or copy.expanded is None or copy.rules != feed.rules.digest():
        why = f"what the calendar {feed.name} says is not known"
        cause, step = "it was not read yet.", f"It is read by itself; {feed.copy.parent} must be writable for that."
        if copy is not None and copy.problem is not None:
            cause, step = copy.problem.cause, copy.problem.next_step
        windows = Windows() if feed.open_unless_known else Windows(unknown=(why,))
        return Known(feed, windows, None, Problem(f"{why}: {cause}", feed.where, step), copy)
    freezes = (
        Freeze(span.begin, span.end, frozenset(span.courses), feed.why)
        for span in copy.contents.spans
        if span.end > now
    )
    return Known(feed, Windows(tuple(freezes)), copy.read, _problem(feed, copy), copy)


def windows_by(feeds: Iterable[Feed], now: datetime) -> Windows:
    return together(known(feed, now).windows for feed in feeds)


def _problem(feed: Feed, copy: Copy) -> Problem | None:
    if copy.problem is None or copy.failing is None:
        return None
    cause = f"the calendar {feed.name} cannot be read since {copy.failing:{_MINUTE}}: {copy.problem.cause}"
    read = f" What it said at {copy.read:{_MINUTE}} holds." if copy.read is not None else ""
    return Problem(f"{cause.rstrip('.')}.{read}", feed.where, copy.problem.next_step)
