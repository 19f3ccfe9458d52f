"""A calendar's text → the spans of time that its events freeze. The only module that knows how iCalendar is read.

The text is hostile. What it may ask for is bounded here; what no bound foresees ends with the process that reads it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from lms_bridge.calendars.feed import Rules
from lms_bridge.calendars.kept import Contents, Span
from lms_bridge.calendars.meaning import courses_of, is_wanted, words_of
from lms_bridge.errors import BridgeError, SourceError
from lms_bridge.windows import AHEAD

MOST_EVENTS = 5_000
MOST_TIMES = 50_000
"""Of all events together, between now and as far ahead as windows are looked for."""
MOST_WHOLE = 2_000
"""Spans that freeze everything."""
MOST_SPANS = 20_000
_AROUND = timedelta(days=2)
"""Days and times without a zone are looked for by another clock than the one that is meant."""
_FREQUENCIES = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_A_DAY = 24
"""So often a day an event may come at the most."""
_OLDEST = 1970
_OWN_ZONE = "X-WR-TIMEZONE"
_LONGEST_NAME = 60
_NOTES = 5
_STEP = "Ask whoever keeps the calendar to export it anew as iCalendar (.ics)."


def contents(text: bytes, rules: Rules, now: datetime) -> Contents:
    """Raises SourceError for what is no calendar, or asks for too much. A single event that cannot be understood is
    counted."""
    try:
        return _contents(text, rules, now)
    except BridgeError:
        raise
    except Exception as error:
        # Libraries raise whatever a hostile text leads them to.
        raise _refused(f"it cannot be understood ({type(error).__name__}).") from None


def _contents(text: bytes, rules: Rules, now: datetime) -> Contents:
    calendars = _parsed(text)
    notes: list[str] = []
    reading = _Reading(rules, now)
    for calendar in calendars:
        zone = _zone(calendar, rules, notes)
        for parts in _series(calendar):
            reading.take(calendar, parts, zone)
    spans = _united(reading.spans)
    if len(spans) > MOST_SPANS or sum(not span.courses for span in spans) > MOST_WHOLE:
        raise _refused("it freezes too many different times.")
    return Contents(
        spans=spans,
        events=reading.events,
        unread=reading.unread,
        courseless=reading.courseless,
        notes=tuple(dict.fromkeys([*notes, *reading.notes]))[:_NOTES],
    )


def _parsed(text: bytes) -> Sequence[Any]:
    from icalendar import Calendar

    try:
        written = text.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise _refused("it is not UTF-8.") from None
    begun, ended = (len(re.findall(rf"(?im)^{word}:", written)) for word in ("BEGIN", "END"))
    framed = written.upper().startswith("BEGIN:VCALENDAR") and written.upper().endswith("END:VCALENDAR")
    if not framed or begun != ended:
        raise _refused("it is no iCalendar, or not a whole one.")
    if len(re.findall(r"(?im)^BEGIN:VEVENT\b", written)) > MOST_EVENTS:
        raise _refused(f"it holds more than {MOST_EVENTS} events.")
    if any(frequency != "YEARLY" for frequency in _frequencies_of_zones(written)):
        raise _refused("a time zone in it changes its clock more often than once a year.")
    return [each for each in Calendar.from_ical(written, multiple=True) if each.name == "VCALENDAR"]


def _frequencies_of_zones(written: str) -> Iterator[str]:
    unfolded = re.sub(r"\r?\n[ \t]", "", written)
    for zone in re.findall(r"(?ims)^BEGIN:VTIMEZONE\s*$.*?^END:VTIMEZONE\s*$", unfolded):
        for rule in re.findall(r"(?im)^RRULE[^:\n]*:(.*)$", zone):
            yield from (frequency.upper() for frequency in re.findall(r"(?i)FREQ=(\w*)", rule))


def _zone(calendar: Any, rules: Rules, notes: list[str]) -> ZoneInfo:
    """By whose clock days are meant, and times that name none. Takes the calendar's own word for it out where it is
    not to count: the library would go by it."""
    own = str(calendar.get(_OWN_ZONE, ""))[:_LONGEST_NAME]
    if own and not rules.zone_is_sure:
        try:
            return ZoneInfo(own)
        except (KeyError, OSError, ValueError):
            notes.append(f"its time zone {_told(own)} is not known: times are taken by {rules.zone}")
    calendar.pop(_OWN_ZONE, None)
    return ZoneInfo(rules.zone)


def _series(calendar: Any) -> Iterator[list[Any]]:
    """Events that belong together: one, and its exceptions."""
    by_uid: dict[str, list[Any]] = {}
    for number, event in enumerate(calendar.walk("VEVENT")):
        by_uid.setdefault(str(event.get("UID", f"without {number}")), []).append(event)
    yield from by_uid.values()


class _Reading:
    """What was found so far."""

    def __init__(self, rules: Rules, now: datetime) -> None:
        self._rules = rules
        self._before, self._after = timedelta(seconds=rules.before), timedelta(seconds=rules.after)
        self._first, self._last = now - _AROUND - self._after, now + AHEAD + _AROUND + self._before
        self.spans: list[Span] = []
        self.notes: list[str] = []
        self.events = self.unread = self.courseless = 0

    def take(self, calendar: Any, parts: Sequence[Any], zone: ZoneInfo) -> None:
        self.events += 1
        try:
            times = self._times(calendar, parts)
            spans = [span for each in times if (span := self._span(each, zone)) is not None]
        except Exception:
            # One event that cannot be understood costs that event, whatever a library says about it.
            self.unread += 1
            return
        self.spans += spans
        self.courseless += self._rules.by_course and any(not span.courses for span in spans)
        if len(self.spans) > MOST_TIMES:
            raise _refused(f"its events come more than {MOST_TIMES} times in {AHEAD.days} days.")

    def _times(self, calendar: Any, parts: Sequence[Any]) -> Sequence[Any]:
        """Each time at which an event comes, exceptions considered."""
        from icalendar import Calendar
        from recurring_ical_events import of

        for part in parts:
            if not _is_bounded(part):
                raise ValueError("it comes too often")
        alone = Calendar()
        if _OWN_ZONE in calendar:
            alone.add(_OWN_ZONE, calendar[_OWN_ZONE])
        for part in parts:
            self._note_zone(part)
            alone.add_component(part)
        times: Sequence[Any] = of(alone).between(self._first, self._last)
        return times

    def _span(self, event: Any, zone: ZoneInfo) -> Span | None:
        """None for what does not count."""
        words = words_of(event)
        if str(event.get("STATUS", "")).upper() == "CANCELLED" or not is_wanted(words, self._rules):
            return None
        courses = courses_of(words, self._rules)
        if self._rules.by_course and not courses and not self._rules.others:
            self.courseless += 1
            return None
        begin, end = _moment(event.start, zone) - self._before, _moment(event.end, zone) + self._after
        if begin >= end and event.start < event.end:
            return None  # an hour that the clocks skip on this day
        if begin >= end:
            raise ValueError("it has no length")
        return Span(begin, end, courses)

    def _note_zone(self, part: Any) -> None:
        start = part["DTSTART"]
        named = str(start.params.get("TZID", ""))[:_LONGEST_NAME]
        if named and isinstance(start.dt, datetime) and start.dt.tzinfo is None:
            self.notes.append(f"the time zone {_told(named)} is not known: its times are taken by {self._rules.zone}")


def _is_bounded(event: Any) -> bool:
    """Whether it comes once a day or so, and not since ages."""
    rules = event.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        frequencies = {str(each).upper() for each in rule.get("FREQ", [])}
        often = 1
        for name in ("BYHOUR", "BYMINUTE", "BYSECOND"):
            often *= max(1, len(rule.get(name, [])))
        if not frequencies or not frequencies <= _FREQUENCIES or often > _A_DAY or event.start.year < _OLDEST:
            return False
    return True


def _moment(value: date | datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return (value if value.tzinfo is not None else value.replace(tzinfo=zone)).astimezone(UTC)


def _united(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans of the same courses that touch are one."""
    by_courses: dict[tuple[str, ...], list[Span]] = {}
    for span in sorted(spans, key=lambda span: (span.begin, span.end)):
        known = by_courses.setdefault(span.courses, [])
        if known and span.begin <= known[-1].end:
            known[-1] = Span(known[-1].begin, max(known[-1].end, span.end), span.courses)
        else:
            known.append(span)
    return tuple(sorted((span for known in by_courses.values() for span in known), key=lambda span: span.begin))


def _told(name: str) -> str:
    return repr("".join(sign if sign.isprintable() else " " for sign in name))


def _refused(cause: str) -> SourceError:
    return SourceError(cause, next_step=_STEP)
