"""When something that opens a destination ends (a certificate, a secret, a token), and when that is worth a warning.

On the ground, since `check` tells it and notifications do, and connectors know it.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta

from lms_bridge.connector import Ending, Finding, Level
from lms_bridge.errors import Problem

DAYS = (28, 14, 7, 1)
"""So many days before, from the first warning to the last."""
OVER = 0


def begin_of(day: date) -> datetime:
    """Of what ends on a day nobody says at what hour: it is counted from the day's beginning."""
    return datetime.combine(day, time(), tzinfo=UTC)


def stage(ends: datetime, now: datetime) -> int | None:
    """Of the warnings' days the fewest that are left no longer; OVER once it has ended; none while there is time."""
    left = ends - now
    if left <= timedelta():
        return OVER
    return min((days for days in DAYS if left <= timedelta(days=days)), default=None)


def problem_of(ending: Ending, now: datetime) -> Problem:
    if stage(ending.ends, now) == OVER:
        cause = f"{ending.what} ended on {ending.ends:%Y-%m-%d}"
    else:
        days = -(-(ending.ends - now) // timedelta(days=1))
        cause = f"{ending.what} ends on {ending.ends:%Y-%m-%d}, in {days} day{'s' if days != 1 else ''}"
    return Problem(cause, ending.where, ending.next_step)


def findings(endings: Iterable[Ending], now: datetime) -> Iterator[Finding]:
    """Of what ends soon. What has ended by what is written in the config may be newer than that: it is no error."""
    for ending in endings:
        if stage(ending.ends, now) is not None:
            yield Finding(Level.WARNING, "expiry", problem_of(ending, now))
