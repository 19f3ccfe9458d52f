"""A calendar is read when it is due, by a process of its own; what it said holds while it cannot be had."""

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from lms_bridge.calendars import kept
from lms_bridge.calendars.feed import Rules, as_plain, from_plain
from lms_bridge.calendars.known import known, windows_by
from lms_bridge.calendars.refresh import Refreshing, is_due, refresh
from lms_bridge.windows import closed, shut_for, together
from tests.calendars.calendar_world import NOW, PRIVATE, CalendarServer, calendar, calendar_server, exam

HOUR = timedelta(hours=1)
EXAM = NOW + timedelta(days=7)  # In the middle of `exam()`.


@pytest.fixture
def server() -> Iterator[CalendarServer]:
    with calendar_server() as server:
        server.text = calendar(exam())
        yield server


def test_what_was_read_closes_its_hours_and_is_asked_for_again_only_when_it_is_due_and_changed(
    server: CalendarServer, tmp_path: Path
) -> None:
    feed = server.feed(tmp_path)
    refresh([feed], NOW)
    windows = windows_by([feed], NOW)
    assert closed(windows, EXAM - HOUR - timedelta(seconds=1)) is None
    shut = closed(windows, EXAM - timedelta(minutes=30))
    assert shut is not None
    assert (shut.why, shut.until) == ("exams", EXAM + HOUR)
    refresh([feed], NOW + timedelta(minutes=14))
    assert server.answered == [200]
    refresh([feed], NOW + timedelta(minutes=15))
    assert server.answered == [200, 304]
    assert known(feed, NOW).read == NOW + timedelta(minutes=15)
    server.text = calendar(exam(begin="20270112T080000Z"))
    refresh([feed], NOW + timedelta(minutes=30))
    assert closed(windows_by([feed], NOW), EXAM) is None
    assert closed(windows_by([feed], NOW), EXAM + timedelta(days=1)) is not None


def test_while_it_cannot_be_had_what_it_said_last_holds_and_since_when_is_told(
    server: CalendarServer, tmp_path: Path
) -> None:
    feed = server.feed(tmp_path)
    refresh([feed], NOW)
    later, latest = NOW + HOUR, NOW + 2 * HOUR
    for moment, status in ((later, 503), (latest, 404)):
        server.status = status
        refresh([feed], moment)
    now = known(feed, latest)
    assert closed(now.windows, EXAM) is not None
    assert now.problem is not None
    assert now.problem.cause == (
        "the calendar exams cannot be read since 2027-01-04 10:00 UTC: it refuses to be read (status 404). "
        "What it said at 2027-01-04 09:00 UTC holds."
    )
    server.status = 200
    refresh([feed], latest + HOUR)
    assert known(feed, latest + HOUR).problem is None


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>Please sign in</html>",
        b"",
        calendar(exam())[:-30],
        calendar(exam("A" * 2_000_000)),
    ],
    ids=["html", "empty", "half", "large"],
)
def test_an_answer_that_cannot_be_used_leaves_what_was_known(
    server: CalendarServer, tmp_path: Path, answer: bytes
) -> None:
    feed = server.feed(tmp_path)
    refresh([feed], NOW)
    server.text = answer
    refresh([feed], NOW + HOUR)
    now = known(feed, NOW + HOUR)
    assert closed(now.windows, EXAM) is not None
    assert now.problem is not None
    assert now.read == NOW


def test_a_calendar_that_was_never_read_closes_everything_unless_the_config_says_otherwise(
    server: CalendarServer, tmp_path: Path
) -> None:
    server.status = 500
    feed = server.feed(tmp_path)
    for _ in range(2):  # Before it is tried, and after.
        shut = closed(windows_by([feed], NOW), NOW)
        assert shut is not None
        assert "the calendar exams says is not known" in shut.why
        assert shut_for(windows_by([feed], NOW), NOW)("BIO-101") is not None
        refresh([feed], NOW)
    assert closed(windows_by([replace(feed, open_unless_known=True)], NOW), NOW) is None
    # It is tried again in a minute, however rarely it is read otherwise.
    assert not is_due(feed, NOW + timedelta(seconds=59))
    assert is_due(feed, NOW + timedelta(seconds=60))


def test_other_rules_count_at_once_also_while_the_calendar_cannot_be_had(
    server: CalendarServer, tmp_path: Path
) -> None:
    feed = server.feed(tmp_path)
    refresh([feed], NOW)
    server.status = 500
    earlier = replace(feed, rules=Rules(before=3600))
    # What is not made by today's rules is not known.
    assert windows_by([earlier], NOW).unknown
    refresh([earlier], NOW)
    windows = windows_by([earlier], NOW)
    assert closed(windows, EXAM - HOUR - timedelta(minutes=1)) is not None
    assert windows.unknown == ()


def test_days_that_come_into_sight_are_frozen_by_what_was_kept(server: CalendarServer, tmp_path: Path) -> None:
    server.text = calendar(exam(more="DURATION:PT2H\nRRULE:FREQ=WEEKLY"))
    feed = server.feed(tmp_path)
    refresh([feed], NOW)
    server.status = 500
    far = EXAM + timedelta(weeks=104)
    assert closed(windows_by([feed], NOW), far) is None
    refresh([feed], far - timedelta(days=1))
    assert closed(windows_by([feed], far), far) is not None


def test_a_file_is_read_when_it_changed_and_missed_when_it_is_gone(tmp_path: Path, server: CalendarServer) -> None:
    file = tmp_path / "exams.ics"
    file.write_bytes(calendar(exam()))
    feed = server.feed(tmp_path, address="", file=file)
    refresh([feed], NOW)
    assert closed(windows_by([feed], NOW), EXAM) is not None
    assert not is_due(feed, NOW + 2 * HOUR)
    file.write_bytes(calendar(exam(begin="20270112T080000Z")))
    refresh([feed], NOW + 2 * HOUR)
    assert closed(windows_by([feed], NOW), EXAM) is None
    file.unlink()
    refresh([feed], NOW + 3 * HOUR)
    problem = known(feed, NOW + 3 * HOUR).problem
    assert problem is not None
    assert "cannot be read since 2027-01-04 12:00 UTC: cannot be read: No such file" in problem.cause
    assert closed(windows_by([feed], NOW), EXAM + timedelta(days=1)) is not None


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, server: CalendarServer, make: object) -> None:
    assert callable(make)
    make(tmp_path / "exams.ics")
    feed = server.feed(tmp_path, address="", file=tmp_path / "exams.ics")
    refresh([feed], NOW)
    problem = known(feed, NOW).problem
    assert problem is not None
    assert "is no file" in problem.cause


def test_a_redirect_is_not_followed(server: CalendarServer, tmp_path: Path) -> None:
    server.status, server.headers = 302, {"Location": "file:///etc/passwd"}
    feed = server.feed(tmp_path)
    refresh([feed], NOW)
    problem = known(feed, NOW).problem
    assert problem is not None
    assert "sends on to another address, which is not followed" in problem.cause
    assert server.answered == [302]


def test_a_private_address_stands_in_nothing_that_is_kept_told_or_logged(
    server: CalendarServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    feed = server.feed(tmp_path)
    told = [repr(feed)]
    for status, headers in (
        (200, {}),
        (302, {"Location": server.url}),
        (404, {}),
        (500, {}),
        (200, {"ETag": "x" * 300}),
    ):
        server.status, server.headers = status, headers
        refresh([feed], NOW, at_once=True)
        told.append(str(known(feed, NOW).problem))
    gone = replace(feed, address=f"https://127.0.0.1:1{PRIVATE}")
    refresh([gone], NOW, at_once=True)
    told += [str(known(gone, NOW).problem), caplog.text, *capfd.readouterr()]
    told += [path.read_text("utf-8") for path in (tmp_path / "copies").iterdir()]
    assert any("refuses to be read" in text for text in told)
    assert not any("private-" in text for text in told)
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "copies").iterdir())


def test_a_damaged_copy_is_as_good_as_none(server: CalendarServer, tmp_path: Path) -> None:
    feed = server.feed(tmp_path)
    refresh([feed], NOW)
    facts, text = (tmp_path / "copies" / f"exams.{ending}" for ending in ("json", "ics"))
    # Another text than the one that the stamp is of: it is asked for as a whole.
    text.write_bytes(calendar())
    refresh([feed], NOW + HOUR)
    assert server.answered == [200, 200]
    for damage in ("", "[]", '{"form": 1}', "[" * 100_000, json.dumps({"form": 99})):
        facts.write_text(damage, encoding="utf-8")
        assert kept.read(feed) is None
        assert windows_by([feed], NOW).unknown
        assert is_due(feed, NOW)


def test_where_nothing_can_be_kept_that_is_told(
    server: CalendarServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "copies").write_text("in the way", encoding="utf-8")
    feed = server.feed(tmp_path)
    refresh([feed], NOW)
    assert "what the calendar exams says cannot be kept" in caplog.text
    problem = known(feed, NOW).problem
    assert problem is not None
    assert str(tmp_path / "copies") in problem.next_step


def test_a_reading_that_takes_too_long_is_ended_and_counts_as_one_that_failed(
    server: CalendarServer, tmp_path: Path
) -> None:
    feed = server.feed(tmp_path)
    refresh([feed], NOW)
    server.answers.clear()
    Refreshing(feed, NOW + HOUR).end(patience=0)
    server.answers.set()
    now = known(feed, NOW + HOUR)
    assert closed(now.windows, EXAM) is not None
    assert now.problem is not None
    assert "takes too long to read" in now.problem.cause


def test_a_feed_is_the_same_on_the_other_side_of_a_pipe(server: CalendarServer, tmp_path: Path) -> None:
    rules = Rules(zone="Europe/Berlin", only="x", by_course=True, named=(("Bio", ("B-1",)),), before=60.0)
    feed = server.feed(tmp_path, rules, file=tmp_path / "a.ics", ca_file=tmp_path / "ca.pem", every=HOUR)
    assert from_plain(json.loads(json.dumps(as_plain(feed)))) == feed


def test_windows_of_several_calendars_hold_together(server: CalendarServer, tmp_path: Path) -> None:
    one = server.feed(tmp_path)
    other = server.feed(tmp_path, name="term", copy=tmp_path / "copies" / "term", address="http://127.0.0.1:9/x.ics")
    refresh([one, other], NOW)
    windows = windows_by([one, other], NOW)
    assert windows.unknown
    assert together([windows]).freezes == windows.freezes != ()
