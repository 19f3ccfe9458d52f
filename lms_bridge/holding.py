"""What windows hold back of a plan now, by the config and by calendars, and what a person lets through all the same."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from lms_bridge.calendars.known import Known, known
from lms_bridge.calendars.refresh import refresh
from lms_bridge.config.load import Config
from lms_bridge.connector import Finding, Level
from lms_bridge.errors import Problem
from lms_bridge.sync.frozen import hold
from lms_bridge.sync.run import Plan
from lms_bridge.windows import Freeze, Windows, closed, shut_for, together

_NAMED = 5
_NEXT = 3


def windows_of(config: Config, route: str, now: datetime) -> tuple[Windows, tuple[Problem, ...]]:
    """As they are known now, and what is not. Calendars that are due are read anew."""
    found = next((each for each in config.routes if each.name == route), None)
    if found is None:
        return Windows(), ()
    refresh(found.feeds, now)
    calendars = [known(feed, now) for feed in found.feeds]
    problems = tuple(each.problem for each in calendars if each.problem is not None)
    return together((found.windows, *(each.windows for each in calendars))), problems


def held(config: Config, plan: Plan, now: datetime) -> Plan:
    """The plan with what windows hold back told, and left for later; and with what is wrong with calendars told."""
    windows, problems = windows_of(config, plan.route, now)
    return hold(_with_notices(plan, problems), shut_for(windows, now))


def let_through(config: Config, plan: Plan, now: datetime) -> str:
    """Why windows would hold something of it back; empty where nothing would."""
    windows, _ = windows_of(config, plan.route, now)
    whole = closed(windows, now)
    if whole is not None:
        return whole.why
    shut = shut_for(windows, now)
    reasons: dict[str, list[str]] = {}
    for course in dict.fromkeys(change.course for change in plan.pending):
        if (found := shut(course)) is not None:
            reasons.setdefault(found.why, []).append(course)
    return "; ".join(f"{why} ({_named(courses)})" for why, courses in reasons.items())


def calendar_findings(config: Config, now: datetime) -> Iterator[tuple[str, Finding]]:
    """What each calendar says, read at this moment."""
    feeds = {feed.name: feed for route in config.routes for feed in route.feeds}
    refresh(feeds.values(), now, at_once=True)
    for name, feed in feeds.items():
        for finding in _findings(known(feed, now), now):
            yield f"calendar {name}", finding


def _findings(of: Known, now: datetime) -> Iterator[Finding]:
    if of.problem is not None:
        lost = of.read is None and not of.feed.open_unless_known
        yield Finding(Level.ERROR if lost else Level.WARNING, "calendar", of.problem)
    if of.copy is None or of.read is None:
        return
    contents, where = of.copy.contents, of.feed.where
    step = "Ask whoever keeps the calendar, or change what is taken for a course (`courses`)."
    told = [*contents.notes]
    if contents.unread:
        told.append(f"{contents.unread} of {contents.events} events cannot be understood, and freeze nothing")
    if contents.courseless:
        what = "everything" if of.feed.rules.others else "nothing"
        told.append(f"{contents.courseless} events name no course, and freeze {what}")
    if not of.windows.freezes:
        told.append("nothing that freezes anything comes in it from now on")
    for cause in told:
        yield Finding(Level.WARNING, "calendar", Problem(f"{cause}.", where, step))
    zone = ZoneInfo(of.feed.rules.zone)
    coming = "; ".join(_told(freeze, zone) for freeze in of.windows.freezes[:_NEXT]) or "none"
    count = "1 event" if contents.events == 1 else f"{contents.events} events"
    yield Finding(Level.OK, f"{count}, read {of.read:%Y-%m-%d %H:%M %Z}; next windows: {coming}")


def _told(freeze: Freeze, zone: ZoneInfo) -> str:
    begin, end = freeze.begin.astimezone(zone), freeze.end.astimezone(zone)
    what = _named(sorted(freeze.courses)) if freeze.courses else "everything"
    last = f"{end:%H:%M %Z}" if begin.date() == end.date() else f"{end:%Y-%m-%d %H:%M %Z}"
    return f"{begin:%Y-%m-%d %H:%M} to {last}: {what}"


def _with_notices(plan: Plan, problems: tuple[Problem, ...]) -> Plan:
    return replace(plan, notices=(*plan.notices, *problems)) if problems else plan


def _named(courses: list[str]) -> str:
    more = len(courses) - _NAMED
    return ", ".join(courses[:_NAMED]) + (f" and {more} more" if more > 0 else "")
