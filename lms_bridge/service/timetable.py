"""When which route runs next: a pure function of its timetable, what is known of its last runs, what is due, and now.

Nothing here holds a clock or a date: whoever asks again gets the same answer, also after a restart.
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from lms_bridge.windows import Windows, closed

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
BY_TIMETABLE = "by the timetable"


@dataclass(frozen=True, slots=True)
class Timetable:
    """`every` so long after the last run began, or at the moments of `cron`: minute, hour, day, month, and the days of
    the week by name. Neither: only when something is due, or a person says so."""

    every: timedelta | None = None
    cron: str = ""
    zone: str = "UTC"
    jitter: timedelta = timedelta()
    windows: Windows = field(default_factory=Windows)


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of a route's runs."""

    begun: datetime | None = None
    ended: datetime | None = None
    failures: int = 0
    """How many failed in a row, up to the last one."""
    held: bool = False
    """The last one left what only a person can mend: the same again would end the same."""
    looked: datetime | None = None
    """When it was last found that nothing had changed since a run that failed or is held."""


@dataclass(frozen=True, slots=True)
class Next:
    """`at` none: nothing is planned. `why` tells what leads to it, or what keeps it."""

    at: datetime | None
    why: str
    only_if_changed: bool = False
    """The last run did not end well: another one is worth it only if content or config changed since."""


def next_run(name: str, timetable: Timetable, past: Past, due: datetime | None, now: datetime) -> Next:
    """`due` is the moment of the next prompt that waits. What is in the past is to be done now, once."""
    found = _by_itself(name, timetable, past, now)
    if due is not None and (past.begun is None or past.begun < due) and (found.at is None or due <= found.at):
        # However often it failed and whatever holds it: this moment comes once.
        found = Next(due, "a prompt is due")
    if found.at is None:
        return found
    at = max(found.at, now)
    shut = closed(timetable.windows, at)
    return replace(found, at=at) if shut is None else replace(found, at=shut.until, why=f"it waits: {shut.why}")


def wait_after(failures: int) -> timedelta:
    """A minute after the first failure, twice as long after each further one, at most six hours."""
    doubled: int = 2 ** min(failures - 1, 20)
    return min(FIRST_WAIT * doubled, LONGEST_WAIT)


def _by_itself(name: str, timetable: Timetable, past: Past, now: datetime) -> Next:
    regular = _regular(name, timetable, past, now)
    if past.held:
        return replace(regular, why="a person has to decide, or content or config to change", only_if_changed=True)
    if past.failures and past.ended is not None:
        again = past.ended + wait_after(past.failures)
        if regular.at is None or again <= regular.at:
            return Next(again, f"it failed {past.failures} times" if past.failures > 1 else "it failed")
        return replace(regular, only_if_changed=True)
    return regular


def _regular(name: str, timetable: Timetable, past: Past, now: datetime) -> Next:
    if timetable.every is None and not timetable.cron:
        return Next(None, "it runs when a person says so, and when a prompt is due")
    if past.begun is None:
        return Next(now, "it never ran")
    regular = _after(timetable, max(past.begun, past.looked or past.begun))
    return Next(regular + _share(name, regular) * timetable.jitter, BY_TIMETABLE)


def _after(timetable: Timetable, moment: datetime) -> datetime:
    """The first regular moment after this one."""
    if timetable.every is not None:
        return moment + timetable.every
    return _next_fire(timetable.cron, timetable.zone, moment)


def _next_fire(cron: str, zone: str, moment: datetime) -> datetime:
    trigger = _trigger(cron, zone)
    fixed = cron.split()[1] != "*"
    while True:
        found: datetime | None = trigger.get_next_fire_time(None, moment.astimezone(ZoneInfo(zone)))
        if found is None:
            raise ValueError(f"{cron} never comes")
        at = found.astimezone(UTC)
        # When clocks are set back an hour comes twice; what is meant for one hour of the day is done in the first.
        if at > moment and not (fixed and found.fold):
            return at
        moment = max(at, moment) + timedelta(seconds=1)


@lru_cache(maxsize=256)
def _trigger(cron: str, zone: str) -> "CronTrigger":
    from apscheduler.triggers.cron import CronTrigger

    minute, hour, day, month, days = cron.split()
    # Numbers of weekdays mean other days here than in crontab: they come as names.
    # https://github.com/agronholm/apscheduler/issues/286
    return CronTrigger(
        minute=minute, hour=hour, day=day, month=month, day_of_week=days, second=0, timezone=ZoneInfo(zone)
    )


def _share(name: str, moment: datetime) -> float:
    """From 0 up to 1, the same for the same route and moment, so that a restart does not throw the dice anew."""
    drawn = hashlib.sha256(f"{name} {moment.isoformat()}".encode()).digest()
    return int.from_bytes(drawn[:4], "big") / 2**32
