"""The settings of the service: when routes run, when nothing is pushed, and by which names people reach it."""

import re
from datetime import MAXYEAR, date, datetime, timedelta
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from lms_bridge.config.calendars import CalendarSettings
from lms_bridge.config.form import Settings, Span, Zone, checked_span, span_of
from lms_bridge.hours import Hours
from lms_bridge.windows import Freeze, Quiet, Windows

_USUAL = "15m"
_LEAST = timedelta(minutes=1)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DATE = "write a date, or a date and a time, such as 2027-01-11 08:00"
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_BOUNDS: tuple[tuple[int, int, tuple[str, ...]], ...] = (
    (0, 59, ()),
    (0, 23, ()),
    (1, 31, ()),
    (1, 12, _MONTHS),
    (0, 7, ("sun", *_DAYS)),
)
"""Of each field of `cron`: least, most, and words for its values."""


def _cycle(written: Any) -> Any:
    if written == "never":
        return written
    if span_of(checked_span(written)) < _LEAST:
        raise ValueError("a route runs once a minute at most: write 1m or more")
    return written


def _moment(written: Any) -> Any:
    """A date is its first moment."""
    if isinstance(written, str):
        try:
            written = datetime.fromisoformat(written)
        except ValueError:
            raise ValueError(_DATE) from None
    if isinstance(written, datetime):
        return written
    if isinstance(written, date):
        return datetime(written.year, written.month, written.day)
    # A number would be taken for seconds since 1970.
    raise ValueError(_DATE)


def _last_moment(written: Any) -> Any:
    """A date as an end is the end of that day."""
    is_day = (isinstance(written, date) and not isinstance(written, datetime)) or (
        isinstance(written, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", written) is not None
    )
    moment: datetime = _moment(written)
    if moment.year == MAXYEAR:
        raise ValueError("write a year before 9999")
    return moment + timedelta(days=1) if is_day else moment


Cycle = Annotated[
    str, BeforeValidator(_cycle), WithJsonSchema({"type": "string", "pattern": r"^(never|[1-9]\d{0,3}(s|m|h|d))$"})
]
Moment = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string"})]
LastMoment = Annotated[datetime, BeforeValidator(_last_moment), WithJsonSchema({"type": "string"})]


def _cron(written: str) -> str:
    fields = written.split()
    if len(fields) != 5:
        raise ValueError("write five fields: minute, hour, day of the month, month, day of the week")
    names = ("minute", "hour", "day of the month", "month", "day of the week")
    for field, bound, name in zip(fields, _BOUNDS, names, strict=True):
        for part in field.split(","):
            first, last, _ = _part(part, *bound, name=name)
            if last < first and name != names[-1]:
                raise ValueError(f"{part!r} is no {name}: it ends before it begins")
    if fields[2] != "*" and fields[4] != "*":
        # cron takes either, and most people mean both: neither is guessed.
        raise ValueError("name days of the month or days of the week, not both")
    days, months = _values(fields[2], *_BOUNDS[2]), _values(fields[3], *_BOUNDS[3])
    if min(days) > max(_LONGEST[month - 1] for month in months):
        raise ValueError("no such day ever comes")
    return written


def _values(field: str, least: int, most: int, words: tuple[str, ...]) -> set[int]:
    spans = (_part(part, least, most, words, name=field) for part in field.split(","))
    return {value for first, last, step in spans for value in range(first, last + 1, step)}


def _part(part: str, least: int, most: int, words: tuple[str, ...], *, name: str) -> tuple[int, int, int]:
    """`*`, `5`, `1-5`, `mon-fri`, each with `/2` after it → first, last and step. Raises ValueError."""
    written, _, step = part.partition("/")
    if (step and not step.isdecimal()) or step == "0" or ("/" in part and not step):
        raise ValueError(f"{part!r} is no {name}: the step is a number from 1")
    if written == "*":
        return least, most, int(step or 1)
    begin, _, end = written.partition("-")
    first = _number(begin, least, most, words, part, name)
    last = _number(end, least, most, words, part, name) if "-" in written else most if step else first
    return first, last, int(step or 1)


def _number(word: str, least: int, most: int, words: tuple[str, ...], part: str, name: str) -> int:
    if word.lower() in words:
        return words.index(word.lower()) + (0 if "sun" in words else 1)
    if not word.isdecimal() or not least <= int(word) <= most:
        raise ValueError(f"{part!r} is no {name}: it goes from {least} to {most}")
    return int(word)


class ScheduleSettings(Settings):
    """When the service runs a route. It also runs when a prompt is due, to the minute."""

    every: Cycle | None = Field(
        None,
        description="So long after the last run began: `15m` (where neither is given), `2h`, `1d`; `never` for a route "
        "that people start.",
    )
    cron: Annotated[str, AfterValidator(_cron)] | None = Field(
        None, description="Five fields as in crontab, such as `*/10 7-19 * * mon-fri`; 0 and 7 are Sunday."
    )
    timezone: Zone = Field("UTC", description="By which clock `cron` is meant.")
    jitter: Span | None = Field(None, description="Begin up to so much later, each time by another share of it.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.every is not None and self.cron is not None:
            raise ValueError("`every` and `cron` exclude each other: keep one of them")
        return self

    def cycle(self) -> timedelta | None:
        """So long after a run begins the next one; 15 minutes where nothing is said."""
        if self.cron is not None or self.every == "never":
            return None
        return span_of(self.every or _USUAL)

    def longest_jitter(self) -> timedelta:
        return span_of(self.jitter) if self.jitter else timedelta()

    def crontab(self) -> str:
        """`cron` with each value written out, and days of the week by name: libraries number these in different ways,
        and refuse steps that crontab takes. Empty without."""
        if self.cron is None:
            return ""
        *others, days = self.cron.split()
        values = [self._numbers(field, *bound) for field, bound in zip(others, _BOUNDS, strict=False)]
        return " ".join([*values, days if days == "*" else self._days(days)])

    @staticmethod
    def _numbers(field: str, least: int, most: int, words: tuple[str, ...]) -> str:
        return field if field == "*" else ",".join(map(str, sorted(_values(field, least, most, words))))

    @staticmethod
    def _days(field: str) -> str:
        found: set[int] = set()
        for part in field.split(","):
            first, last, step = _part(part, *_BOUNDS[4], name="day of the week")
            last = last if last >= first else last + 7
            found |= {number % 7 for number in range(first, last + 1, step)}
        return ",".join(_DAYS[number] for number in sorted((number - 1) % 7 for number in found))


class FreezeSettings(Settings):
    """From one moment to another."""

    begin: Moment = Field(
        alias="from", description="A date, or a date and a time; with an offset such as +01:00 by that."
    )
    end: LastMoment = Field(alias="to", description="The moment at which it ends; a date is frozen as a whole.")
    courses: tuple[str, ...] = Field((), description="Only these courses, by idnumber; everything if none is named.")
    why: str = Field("", max_length=200, description="What people are told, such as `exams`.")

    def freeze(self, zone: ZoneInfo) -> Freeze:
        """What is written without a zone is meant by this one's clock."""
        begin, end = (each if each.tzinfo is not None else each.replace(tzinfo=zone) for each in (self.begin, self.end))
        return Freeze(begin, end, frozenset(self.courses), self.why)


class QuietSettings(Settings):
    """The same hours each week."""

    hours: Hours = Field(description="Such as `08:00-10:00`; hours that end before they begin last over midnight.")
    days: tuple[Day, ...] = Field(_DAYS, min_length=1, description="On which days of the week they begin.")


class WindowSettings(Settings):
    """When nothing is pushed, by service or `sync`. A person may let a route run all the same; that is logged."""

    timezone: Zone = Field("UTC", description="By which clock the times below are meant.")
    freeze: tuple[FreezeSettings, ...] = Field((), description="Once: exams, the end of term.")
    quiet: tuple[QuietSettings, ...] = Field((), description="Weekly: lecture hours, backups.")
    calendars: tuple[CalendarSettings, ...] = Field(
        (), max_length=20, description="What others keep in a calendar: docs/sync-windows.md."
    )

    def windows(self) -> Windows:
        return Windows(
            self.freezes(),
            tuple(Quiet(q.hours, frozenset(map(_DAYS.index, q.days)), self.timezone) for q in self.quiet),
        )

    def freezes(self) -> tuple[Freeze, ...]:
        zone = ZoneInfo(self.timezone)
        return tuple(each.freeze(zone) for each in self.freeze)


def _host(written: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9._-]+", written) is None:
        raise ValueError(f"{written!r} is no name of a host: write it alone, such as bridge.example.org")
    return written.lower()


class ServiceSettings(Settings):
    """Of `lms-bridge serve`."""

    hosts: tuple[Annotated[str, AfterValidator(_host)], ...] = Field(
        (), description="Names by which people reach the console through a proxy; this machine's own always work."
    )
