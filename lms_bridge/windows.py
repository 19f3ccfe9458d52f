"""When nothing is to be pushed: weekly quiet hours, and freezes from one moment to another, some for courses only.

On the ground, since the service goes by it, and whoever syncs. Pure: a moment goes in.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

AHEAD = timedelta(days=400)
"""How far an end is looked for: a window that is closed for longer has none that anybody waits for."""
_AGAIN = timedelta(minutes=1)
"""What is not known now may be known so much later."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """Nothing is pushed from `begin` up to `end`; only into these courses, where any are named."""

    begin: datetime
    end: datetime
    courses: frozenset[str] = frozenset()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nothing is pushed at these `Hours`, on these days (0 is Monday) by the clock on the wall of `zone`."""

    hours: str
    days: frozenset[int] = frozenset(range(7))
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Windows:
    freezes: tuple[Freeze, ...] = ()
    quiets: tuple[Quiet, ...] = ()
    unknown: tuple[str, ...] = ()
    """Why nobody knows whether anything may be pushed: then nothing is."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Why nothing may be pushed now, and from when on it may."""

    until: datetime
    why: str


def within(spans: Iterable[str], moment: datetime) -> bool:
    """Whether a moment, by the clock on its own wall, lies in one of the `Hours`."""
    now = moment.time()
    for span in spans:
        begin, end = (time.fromisoformat(each) for each in span.split("-"))
        if begin <= now < end if begin < end else now >= begin or now < end:
            return True
    return False


def closed(windows: Windows, moment: datetime) -> Closed | None:
    """Of a whole route. Courses that are frozen by themselves are told by `frozen`."""
    if windows.unknown:
        return Closed(moment + _AGAIN, windows.unknown[0])
    why = _reason(windows, moment)
    if why is None:
        return None
    end, last = moment, moment + AHEAD
    while end < last and _reason(windows, end) is not None:
        end = _next_end(windows, end)
    return Closed(end, why)


def frozen(windows: Windows, moment: datetime) -> dict[str, Closed]:
    """The courses that nothing may be pushed into now, each with the longest freeze that holds."""
    found: dict[str, Closed] = {}
    for freeze in windows.freezes:
        if freeze.begin <= moment < freeze.end:
            for course in freeze.courses:
                if course not in found or found[course].until < freeze.end:
                    found[course] = Closed(freeze.end, _why(freeze))
    return found


def shut_for(windows: Windows, moment: datetime) -> Callable[[str], Closed | None]:
    """Whether nothing is to be pushed into a course now: since its whole route is closed, or it is frozen by itself.
    Its id is compared without regard to case, as calendars are written by hand."""
    whole = closed(windows, moment)
    courses = {course.casefold(): shut for course, shut in frozen(windows, moment).items()}
    return lambda course: whole or courses.get(course.casefold())


def _reason(windows: Windows, moment: datetime) -> str | None:
    for freeze in windows.freezes:
        if not freeze.courses and freeze.begin <= moment < freeze.end:
            return _why(freeze)
    for quiet in windows.quiets:
        if _is_quiet(quiet, moment):
            return f"quiet hours ({quiet.hours} {quiet.zone})"
    return None


def _why(freeze: Freeze) -> str:
    return freeze.why or "freeze"


def _is_quiet(quiet: Quiet, moment: datetime) -> bool:
    wall = moment.astimezone(ZoneInfo(quiet.zone))
    if not within((quiet.hours,), wall):
        return False
    begin, end = quiet.hours.split("-")
    # Hours over midnight belong to the day on which they began.
    began = wall - timedelta(days=1) if begin >= end and f"{wall:%H:%M}" < end else wall
    return began.weekday() in quiet.days


def _next_end(windows: Windows, moment: datetime) -> datetime:
    """When the first of the windows that hold now ends."""
    ends = [f.end for f in windows.freezes if not f.courses and f.begin <= moment < f.end]
    return min([*ends, *(_end_of(quiet, moment) for quiet in windows.quiets if _is_quiet(quiet, moment))])


def _end_of(quiet: Quiet, moment: datetime) -> datetime:
    zone = ZoneInfo(quiet.zone)
    wall, end = moment.astimezone(zone), time.fromisoformat(quiet.hours.split("-")[1])
    day = wall.date() if wall.time() < end else wall.date() + timedelta(days=1)
    last = datetime.combine(day, end, zone).astimezone(UTC)
    # When clocks are set back the end comes twice, and the first may be over.
    return last if last > moment else datetime.combine(day, end.replace(fold=1), zone).astimezone(UTC)


def together(windows: Iterable[Windows]) -> Windows:
    parts = tuple(windows)
    return Windows(
        tuple(freeze for part in parts for freeze in part.freezes),
        tuple(quiet for part in parts for quiet in part.quiets),
        tuple(why for part in parts for why in part.unknown),
    )
