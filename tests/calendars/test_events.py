"""What the events of a calendar freeze, and what a hostile one may ask for."""

from datetime import UTC, datetime, timedelta

import pytest

from lms_bridge.calendars.events import MOST_EVENTS, contents
from lms_bridge.calendars.feed import Rules
from lms_bridge.errors import SourceError
from tests.calendars.calendar_world import NOW, calendar, exam

BY_COURSE = Rules(by_course=True, pattern=r"\b[A-Z]{3}-\d{3}\b")
CAMPUS = """BEGIN:VTIMEZONE
TZID:Campus
BEGIN:STANDARD
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0600
TZOFFSETTO:+0500
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0500
TZOFFSETTO:+0600
END:DAYLIGHT
END:VTIMEZONE"""


def spans(text: bytes, rules: Rules | None = None) -> list[str]:
    found = contents(text, rules or Rules(), NOW).spans
    return [" ".join([f"{s.begin:%m-%d %H:%M}..{s.end:%m-%d %H:%M}", *s.courses]) for s in found]


@pytest.mark.parametrize(
    ("event", "meant"),
    [
        ("DTSTART:20270111T080000Z\nDTEND:20270111T100000Z", "01-11 08:00..01-11 10:00"),
        ("DTSTART:20270111T080000Z\nDURATION:PT2H", "01-11 08:00..01-11 10:00"),
        ("DTSTART;TZID=Europe/Berlin:20270111T080000\nDURATION:PT2H", "01-11 07:00..01-11 09:00"),
        # As Outlook calls it.
        ("DTSTART;TZID=W. Europe Standard Time:20270711T080000\nDURATION:PT2H", "07-11 06:00..07-11 08:00"),
        ("DTSTART;TZID=Campus:20270111T080000\nDURATION:PT2H", "01-11 03:00..01-11 05:00"),
        ("DTSTART;TZID=Campus:20270711T080000\nDURATION:PT2H", "07-11 02:00..07-11 04:00"),
        # Floating: by the clock of the windows, which is New York's here.
        ("DTSTART:20270111T080000\nDURATION:PT2H", "01-11 13:00..01-11 15:00"),
        # The end of whole days is the day after the last one, which does not belong to them.
        ("DTSTART;VALUE=DATE:20270111\nDTEND;VALUE=DATE:20270116", "01-11 05:00..01-16 05:00"),
        ("DTSTART;VALUE=DATE:20270111", "01-11 05:00..01-12 05:00"),
        # A day that is 23 hours long there.
        ("DTSTART;VALUE=DATE:20270314", "03-14 05:00..03-15 04:00"),
        ("DTSTART:20261220T080000Z\nDTEND:20270201T080000Z", "12-20 08:00..02-01 08:00"),
        # Typed the wrong way round.
        ("DTSTART:20270111T100000Z\nDTEND:20270111T080000Z", "01-11 08:00..01-11 10:00"),
    ],
)
def test_an_event_freezes_from_its_begin_to_its_end_by_whatever_clock_these_are_meant(event: str, meant: str) -> None:
    assert spans(calendar(event, head=CAMPUS), Rules(zone="America/New_York")) == [meant]


@pytest.mark.parametrize(("sure", "meant"), [(False, "01-11 07:00..01-11 09:00"), (True, "01-11 13:00..01-11 15:00")])
def test_a_calendar_that_names_its_zone_is_believed_unless_the_config_names_one(sure: bool, meant: str) -> None:
    text = calendar("DTSTART:20270111T080000\nDURATION:PT2H", head="X-WR-TIMEZONE:Europe/Berlin")
    assert spans(text, Rules(zone="America/New_York", zone_is_sure=sure)) == [meant]


def test_a_zone_that_nobody_knows_is_told_and_times_are_taken_by_the_clock_of_the_windows() -> None:
    text = calendar("DTSTART;TZID=Nowhere/Land:20270111T080000\nDURATION:PT2H", head="X-WR-TIMEZONE:../../etc/passwd")
    found = contents(text, Rules(zone="America/New_York"), NOW)
    assert [span.begin.hour for span in found.spans] == [13]
    assert [note.split("'")[1] for note in found.notes] == ["../../etc/passwd", "Nowhere/Land"]


def test_a_time_zone_counts_wherever_it_stands_in_the_calendar() -> None:
    text = calendar("DTSTART;TZID=Campus:20270111T080000\nDURATION:PT2H", head=CAMPUS).decode()
    zone = "\r\n".join([*CAMPUS.splitlines(), ""])
    assert zone in text
    text = text.replace(zone, "").replace("END:VCALENDAR", f"{zone}END:VCALENDAR")
    assert spans(text.encode()) == ["01-11 03:00..01-11 05:00"]


def test_exams_freeze_the_courses_that_their_categories_summary_or_place_name() -> None:
    text = calendar(
        exam("Written exam", more="DURATION:PT2H\nCATEGORIES:Exams,BIO-101"),
        exam("Klausur CHE-220 und BIO-101", "20270112T080000Z"),
        exam("Exam", "20270113T080000Z", "DURATION:PT2H\nLOCATION:Hall 2 (ECO-300)"),
        exam("No course, as ABIO-1011 is none", "20270114T080000Z"),
    )
    assert spans(text, BY_COURSE) == [
        "01-11 08:00..01-11 10:00 BIO-101",
        "01-12 08:00..01-12 10:00 BIO-101 CHE-220",
        "01-13 08:00..01-13 10:00 ECO-300",
        "01-14 08:00..01-14 10:00",
    ]
    assert contents(text, BY_COURSE, NOW).courseless == 1
    without = Rules(by_course=True, pattern=BY_COURSE.pattern, others=False)
    assert len(spans(text, without)) == 3
    assert contents(text, without, NOW).courseless == 1


def test_words_stand_for_courses_as_whole_words_and_in_any_case() -> None:
    rules = Rules(by_course=True, named=(("Cell Biology", ("BIO-101", "BIO-102")), ("Bio", ("BIO-1",))))
    text = calendar(exam("Exam CELL BIOLOGY"), exam("Biophysics", "20270112T080000Z"))
    assert spans(text, rules) == ["01-11 08:00..01-11 10:00 BIO-101 BIO-102", "01-12 08:00..01-12 10:00"]


def test_of_a_pattern_with_a_group_the_group_is_the_course() -> None:
    rules = Rules(by_course=True, pattern=r"\[(\w+)\]")
    assert spans(calendar(exam("Exam [BIO101]")), rules) == ["01-11 08:00..01-11 10:00 BIO101"]


def test_only_events_that_are_wanted_count_and_none_that_was_cancelled() -> None:
    text = calendar(
        exam("Exam"),
        exam("Concert", "20270112T080000Z"),
        exam("Exam", "20270113T080000Z", "DURATION:PT1H\nSTATUS:CANCELLED"),
    )
    assert spans(text, Rules(only="(?i)exam")) == ["01-11 08:00..01-11 10:00"]


def test_windows_begin_earlier_and_end_later_if_told_so_and_those_that_touch_are_one() -> None:
    text = calendar(exam(), exam(begin="20270112T080000Z"), exam(begin="20270114T080000Z"))
    rules = Rules(before=24 * 3600, after=3600)
    assert spans(text, rules) == ["01-10 08:00..01-12 11:00", "01-13 08:00..01-14 11:00"]


def test_a_series_comes_without_its_exceptions_and_with_what_was_moved() -> None:
    weekly = (
        "UID:series\nDTSTART;TZID=Europe/Berlin:20270111T080000\nDURATION:PT2H\nRRULE:FREQ=WEEKLY;COUNT=4\n"
        "EXDATE;TZID=Europe/Berlin:20270118T080000"
    )
    moved = "UID:series\nRECURRENCE-ID;TZID=Europe/Berlin:20270125T080000\nDTSTART:20270126T150000Z\nDURATION:PT1H"
    cancelled = (
        "UID:series\nRECURRENCE-ID;TZID=Europe/Berlin:20270201T080000\nDTSTART;TZID=Europe/Berlin:20270201T080000\n"
        "DURATION:PT2H\nSTATUS:CANCELLED"
    )
    assert spans(calendar(weekly, moved, cancelled)) == ["01-11 07:00..01-11 09:00", "01-26 15:00..01-26 16:00"]


@pytest.mark.parametrize(
    "event",
    [
        exam(more="DURATION:PT1S\nRRULE:FREQ=SECONDLY"),
        exam(more="DURATION:PT1S\nRRULE:FREQ=MINUTELY"),
        exam(more="DURATION:PT1S\nRRULE:FREQ=HOURLY"),
        exam(more="DURATION:PT1S\nRRULE:FREQ=DAILY;BYHOUR=1,2,3,4,5;BYMINUTE=1,2,3,4,5;BYSECOND=1,2,3"),
        exam(begin="00010101T000000Z", more="DURATION:PT1S\nRRULE:FREQ=DAILY"),
        exam(more="DURATION:PT1S\nRRULE:FREQ=WEEKLY\nRRULE:FREQ=SECONDLY"),
        exam(more="DURATION:PT1S\nRRULE:FREQ=NEVERLY"),
        exam(more="DTEND:20270111T080000Z"),
        exam(more="DURATION:P99999999999D"),
        exam(begin="soon"),
        exam(begin="99991231T235959Z", more="DURATION:P2D"),
        exam(more="SEQUENCE:1"),
    ],
)
def test_an_event_that_cannot_be_meant_is_counted_and_costs_no_other(event: str) -> None:
    found = contents(calendar(event, exam(begin="20270112T080000Z")), Rules(), NOW)
    assert (found.events, found.unread) == (2, 1)
    assert [span.begin.day for span in found.spans] == [12]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"<html>Sign in</html>", "no iCalendar"),
        (b"", "no iCalendar"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", "not a whole one"),
        (calendar(exam())[:-40], "not a whole one"),
        (b"\xff\xfe", "not UTF-8"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR", "not a whole one"),
        (b"BEGIN:VCALENDAR\r\nrubbish\r\nEND:VCALENDAR", "cannot be understood"),
        (calendar(*[exam()] * (MOST_EVENTS + 1)), "more than 5000 events"),
        (calendar(exam(), head=CAMPUS.replace("YEARLY", "SECONDLY")), "changes its clock more often"),
        (calendar(exam(), head=CAMPUS.replace("FREQ=YEARLY", "FREQ=YEA\n RLY;FREQ=SECONDLY")), "more often"),
    ],
)
def test_what_is_no_calendar_or_asks_for_too_much_is_refused_as_a_whole(text: bytes, told: str) -> None:
    with pytest.raises(SourceError, match=told):
        contents(text, Rules(), NOW)


def test_a_calendar_that_freezes_more_times_than_anybody_means_is_refused() -> None:
    short = [f"DTSTART:20270104T{n // 60:02d}{n % 60:02d}00Z\nDURATION:PT1S\nRRULE:FREQ=DAILY" for n in range(6)]
    with pytest.raises(SourceError, match="too many different times"):
        contents(calendar(*short), Rules(), NOW)


def test_what_was_over_long_ago_or_comes_in_years_is_not_kept() -> None:
    found = contents(calendar(exam(begin="19700101T080000Z", more="DURATION:PT2H\nRRULE:FREQ=DAILY")), Rules(), NOW)
    assert found.spans[0].begin > NOW - timedelta(days=4)
    assert found.spans[-1].end < datetime(2028, 3, 1, tzinfo=UTC)


def test_ids_of_courses_that_no_course_can_have_are_left_out() -> None:
    rules = Rules(by_course=True, pattern=r"x(.*)x")
    text = calendar(exam("x" + "b" * 200 + "x"), exam("x\u202eevil\u202dx", "20270112T080000Z"))
    assert [span.courses for span in contents(text, rules, NOW).spans] == [(), ()]
