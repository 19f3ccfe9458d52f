"""One calendar, fetched and expanded anew: what came of it is kept, and what goes wrong beside what was known."""

from dataclasses import replace
from datetime import datetime

from lms_bridge.calendars import kept
from lms_bridge.calendars.events import contents
from lms_bridge.calendars.feed import Feed
from lms_bridge.calendars.fetch import fetch
from lms_bridge.calendars.kept import HOLDS, Copy
from lms_bridge.errors import BridgeError, Problem


def read_anew(feed: Feed, now: datetime) -> None:
    """Raises OSError where nothing can be kept."""
    before = kept.read(feed)
    text = kept.read_text(feed, before)
    fetched = None
    try:
        fetched = fetch(feed, before.stamp if before is not None and text is not None else {})
        if fetched.text is not None:
            new = _expanded(feed, fetched.text, now)
            kept.write(feed, replace(new, read=now, stamp=fetched.stamp), fetched.text)
            return
        problem = None
    except BridgeError as error:
        problem = error.problem
    # Nothing new: the windows of the days to come are made of what we have.
    known, mistake = _again(feed, before, text, now)
    told = problem or mistake
    if told is not None:
        kept.write(feed, kept.failed(known, told, now))
    elif known is not None:
        kept.write(feed, replace(known, tried=now, read=now, failing=None, problem=None))


def _expanded(feed: Feed, text: bytes, now: datetime) -> Copy:
    """Raises SourceError."""
    found = contents(text, feed.rules, now)
    return Copy(tried=now, text=kept.digest(text), rules=feed.rules.digest(), expanded=now, contents=found)


def _again(feed: Feed, before: Copy | None, text: bytes | None, now: datetime) -> tuple[Copy | None, Problem | None]:
    """What was known, by today's rules, and what is wrong with it."""
    if before is None or text is None or not _is_old(feed, before, now):
        return before, None
    try:
        new = _expanded(feed, text, now)
    except BridgeError as error:
        return before, error.problem
    return replace(before, rules=new.rules, expanded=new.expanded, contents=new.contents), None


def _is_old(feed: Feed, copy: Copy, now: datetime) -> bool:
    return (
        copy.rules != feed.rules.digest() or copy.expanded is None or not copy.expanded <= now < copy.expanded + HOLDS
    )
