"""What windows hold back of a plan now, and what a person lets through in spite of them."""

from datetime import datetime

from lms_bridge.config.load import Config
from lms_bridge.sync.frozen import hold
from lms_bridge.sync.run import Plan
from lms_bridge.windows import Windows, closed, shut_for

_NAMED = 5


def windows_of(config: Config, route: str) -> Windows:
    return next((each.windows for each in config.routes if each.name == route), Windows())


def held(config: Config, plan: Plan, now: datetime) -> Plan:
    """The plan with what windows hold back told, and left for later."""
    return hold(plan, shut_for(windows_of(config, plan.route), now))


def let_through(config: Config, plan: Plan, now: datetime) -> str:
    """Why windows would hold something of it back; empty where nothing would."""
    windows = windows_of(config, plan.route)
    whole = closed(windows, now)
    if whole is not None:
        return whole.why
    shut = shut_for(windows, now)
    reasons: dict[str, list[str]] = {}
    for course in dict.fromkeys(change.course for change in plan.pending):
        if (found := shut(course)) is not None:
            reasons.setdefault(found.why, []).append(course)
    return "; ".join(f"{why} ({_named(courses)})" for why, courses in reasons.items())


def _named(courses: list[str]) -> str:
    more = len(courses) - _NAMED
    return ", ".join(courses[:_NAMED]) + (f" and {more} more" if more > 0 else "")
