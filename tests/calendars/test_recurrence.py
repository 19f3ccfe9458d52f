"""Recurring events, held against another way of counting: every day is asked whether the rule means it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import assume, example, given
from hypothesis import strategies as st

from lms_bridge.calendars.events import contents
from lms_bridge.calendars.feed import Rules
from lms_bridge.windows import AHEAD
from tests.calendars.calendar_world import NOW, calendar

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")


@dataclass(frozen=True)
class Series:
    """`times`: after so many it ends; `last`: on this day."""

    first: date
    at: time
    zone: str
    frequency: str
    interval: int
    hours: int
    weekdays: frozenset[int]
    monthdays: frozenset[int]
    months: frozenset[int]
    times: int | None
    last: date | None
    left_out: frozenset[int]

    def means(self, day: date) -> bool:
        """Without regard to how often it has come."""
        if self.months and day.month not in self.months:
            return False
        if self.weekdays and day.weekday() not in self.weekdays:
            return False
        if self.monthdays and day.day not in self.monthdays:
            return False
        named = bool(self.weekdays or self.monthdays)
        months = 12 * (day.year - self.first.year) + day.month - self.first.month
        match self.frequency:
            case "DAILY":
                return (day - self.first).days % self.interval == 0
            case "WEEKLY":
                weeks = (_monday(day) - _monday(self.first)).days // 7
                return weeks % self.interval == 0 and (named or day.weekday() == self.first.weekday())
            case "MONTHLY":
                return months % self.interval == 0 and (named or day.day == self.first.day)
        years = day.year - self.first.year
        same_month = bool(self.months or named) or day.month == self.first.month
        return years % self.interval == 0 and same_month and (named or day.day == self.first.day)

    def days(self) -> Iterator[date]:
        day, come = self.first, 0
        while day <= (NOW + AHEAD).date() + timedelta(days=3):
            if self.means(day):
                if (self.times is not None and come >= self.times) or (self.last is not None and day > self.last):
                    return
                if come not in self.left_out:
                    yield day
                come += 1
            day += timedelta(days=1)

    def spans(self) -> list[tuple[datetime, datetime]]:
        zone, found = ZoneInfo(self.zone), []
        for day in self.days():
            begin = datetime.combine(day, self.at)
            end = begin + timedelta(hours=self.hours)
            found.append((begin.replace(tzinfo=zone).astimezone(UTC), end.replace(tzinfo=zone).astimezone(UTC)))
        # An hour that the clocks skip has no length.
        return [(begin, end) for begin, end in found if begin < end]

    def written(self) -> str:
        parts = [f"FREQ={self.frequency}", f"INTERVAL={self.interval}"]
        parts += [f"BYDAY={','.join(DAYS[n] for n in sorted(self.weekdays))}"] if self.weekdays else []
        parts += [f"BYMONTHDAY={','.join(map(str, sorted(self.monthdays)))}"] if self.monthdays else []
        parts += [f"BYMONTH={','.join(map(str, sorted(self.months)))}"] if self.months else []
        parts += [f"COUNT={self.times}"] if self.times is not None else []
        if self.last is not None:
            until = datetime.combine(self.last, self.at, ZoneInfo(self.zone)).astimezone(UTC)
            parts.append(f"UNTIL={until:%Y%m%dT%H%M%SZ}")
        whole = Series(**{**self.__dict__, "left_out": frozenset()})
        lines = [
            f"DTSTART;TZID={self.zone}:{datetime.combine(self.first, self.at):%Y%m%dT%H%M%S}",
            f"DURATION:PT{self.hours}H",
            f"RRULE:{';'.join(parts)}",
        ]
        for number, day in enumerate(whole.days()):
            if number in self.left_out:
                lines.append(f"EXDATE;TZID={self.zone}:{datetime.combine(day, self.at):%Y%m%dT%H%M%S}")
        return "\n".join(lines)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


@st.composite
def series(draw: st.DrawFn) -> Series:
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    some = st.sampled_from([True, False])
    first = draw(st.dates(date(2025, 1, 1), date(2027, 12, 31)))
    ends = draw(st.sampled_from(["never", "times", "last"]))
    made = Series(
        first=first,
        # An hour that comes twice is the first of both: a calendar has no word for the second (RFC 5545, 3.3.5).
        at=draw(st.times(max_value=time(23, 59)).map(lambda at: at.replace(second=0, microsecond=0, fold=0))),
        zone=draw(st.sampled_from(ZONES)),
        frequency=frequency,
        interval=draw(st.integers(1, 4)),
        # Shorter than the shortest day, so that no two times touch.
        hours=draw(st.integers(1, 20)),
        weekdays=draw(st.frozensets(st.integers(0, 6), max_size=3)) if draw(some) else frozenset(),
        monthdays=draw(st.frozensets(st.integers(1, 31), max_size=3))
        if frequency != "WEEKLY" and draw(some)
        else frozenset(),
        months=draw(st.frozensets(st.integers(1, 12), max_size=4)) if draw(some) else frozenset(),
        times=draw(st.integers(1, 40)) if ends == "times" else None,
        last=first + timedelta(days=draw(st.integers(0, 900))) if ends == "last" else None,
        left_out=draw(st.frozensets(st.integers(0, 30), max_size=3)),
    )
    # What a first day means that the rule does not, the standard leaves open.
    assume(made.means(made.first))
    return made


NOTHING = frozenset[int]()
SKIPPED_ONCE_A_YEAR = Series(
    date(2025, 1, 1), time(2), "Europe/Berlin", "DAILY", 1, 1, NOTHING, NOTHING, NOTHING, None, None, NOTHING
)


@given(series())
@example(SKIPPED_ONCE_A_YEAR)
def test_a_series_freezes_exactly_the_times_that_its_rule_means(made: Series) -> None:
    found = contents(calendar(made.written()), Rules(), NOW)
    seen = [(span.begin, span.end) for span in found.spans if span.end > NOW and span.begin < NOW + AHEAD]
    assert seen == [(begin, end) for begin, end in made.spans() if end > NOW and begin < NOW + AHEAD]
    assert found.unread == 0
