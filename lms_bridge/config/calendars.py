"""What connectors.yaml says of calendars whose events are windows."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from lms_bridge.calendars.feed import Feed, Rules
from lms_bridge.config.form import Name, SecretAddress, Settings, Span, Zone, span_of

_LEAST = timedelta(minutes=1)
_LIBRARIES = ("icalendar", "recurring_ical_events")


def _pattern(written: str) -> str:
    try:
        re.compile(written)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return written


Pattern = Annotated[str, Field(max_length=500), AfterValidator(_pattern)]


class CourseSettings(Settings):
    """Freeze courses alone, those that an event names; without this block every event freezes everything."""

    pattern: Pattern | None = Field(
        None,
        description="A regular expression for course ids (idnumbers), looked for in an event's categories, summary and "
        "location; where it has a group, that is the id.",
    )
    named: Mapping[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Words in these that stand for courses: `Cell Biology: [BIO-101, BIO-102]`."
    )
    others: Literal["everything", "nothing"] = Field(
        "everything", description="What an event freezes in which no course is found."
    )

    @field_validator("named")
    @classmethod
    def _with_words(cls, named: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
        if not all(word.strip() for word in named):
            raise ValueError("an empty word stands in every event")
        return named

    @model_validator(mode="after")
    def _by_something(self) -> Self:
        if self.pattern is None and not self.named:
            raise ValueError("nothing says how courses are found: write `pattern`, `named` or both")
        return self


class CalendarSettings(Settings):
    """An iCalendar file or address, whose events are freezes; those that come again and again are quiet hours."""

    name: Name = Field(description="What messages and metrics call it.")
    url: SecretAddress | None = Field(
        None, description="Where it is read, over https. Whoever knows the address can read it: a reference."
    )
    file: Path | None = Field(None, description="Or the file; a relative path starts where connectors.yaml stands.")
    ca_file: Path | None = Field(None, description="A PEM file with your organisation's CA certificates.")
    only: Pattern | None = Field(
        None, description="Only events in whose categories, summary or location this regular expression is found."
    )
    courses: CourseSettings | None = None
    before: Span | None = Field(None, description="So much earlier a window begins: `1d`, `30m`.")
    after: Span | None = Field(None, description="So much later it ends.")
    why: str = Field("", max_length=200, description="What people are told; default: the calendar's name.")
    timezone: Zone | None = Field(
        None,
        description="By which clock whole days are meant, and times without a zone; default: the calendar's own "
        "(`X-WR-TIMEZONE`), else that of these windows.",
    )
    refresh: Span = Field("15m", description="How often it is read.")
    unknown: Literal["closed", "open"] = Field(
        "closed",
        description="What holds while it was never read: `closed` pushes nothing, `open` does as if it were empty. "
        "One that was read once holds as it was then.",
    )

    @field_validator("refresh")
    @classmethod
    def _not_too_often(cls, written: str) -> str:
        if span_of(written) < _LEAST:
            raise ValueError("a calendar is read once a minute at most: write 1m or more")
        return written

    @field_validator("file")
    @classmethod
    def _is_file(cls, file: Path | None) -> Path | None:
        # A path has one of the two slashes of an address only.
        if file is not None and re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", str(file)):
            raise ValueError("this is an address: write `url`, and the address as a reference")
        return file

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.url is None) == (self.file is None):
            raise ValueError("needs either `url` or `file`")
        return self


def feed_of(settings: CalendarSettings, *, where: str, folder: Path, copies: Path, timezone: str) -> Feed:
    """`timezone`: of the windows that the calendar belongs to; `copies`: where what was read is kept."""
    courses = settings.courses or CourseSettings.model_construct(pattern=None, named={}, others="everything")
    rules = Rules(
        zone=settings.timezone or timezone,
        zone_is_sure=settings.timezone is not None,
        only=settings.only or "",
        by_course=settings.courses is not None,
        pattern=courses.pattern or "",
        named=tuple(courses.named.items()),
        others=courses.others == "everything",
        before=_seconds(settings.before),
        after=_seconds(settings.after),
    )
    feed = Feed(
        name=settings.name,
        where=where,
        copy=copies / settings.name,
        address=settings.url.get_secret_value() if settings.url is not None else "",
        file=folder / settings.file if settings.file is not None else None,
        ca_file=folder / settings.ca_file if settings.ca_file is not None else None,
        every=span_of(settings.refresh),
        why=settings.why or settings.name,
        open_unless_known=settings.unknown == "open",
        rules=rules,
    )
    return feed.at_its_place()


def written_in(windows: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """The calendars of a block `windows`, as they stand in the file, whatever else is wrong with it."""
    found = windows.get("calendars") if isinstance(windows, dict) else None
    for number, raw in enumerate(found if isinstance(found, list) else ()):
        if isinstance(raw, dict):
            yield number, raw


def lacking() -> Iterator[str]:
    """The libraries that read calendars, and are not installed."""
    return (name for name in _LIBRARIES if find_spec(name) is None)


def _seconds(span: str | None) -> float:
    return span_of(span).total_seconds() if span is not None else 0.0
