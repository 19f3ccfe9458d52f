"""The pure decision: which moment comes next, by what is known. Nothing runs here."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from lms_bridge.service.timetable import Next, Past, Timetable, next_run, wait_after
from lms_bridge.windows import Freeze, Quiet, Windows, closed, frozen

NOW = datetime(2027, 1, 13, 10, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)
EVERY = Timetable(every=QUARTER)
SHUT = Timetable(every=QUARTER, windows=Windows((Freeze(NOW - QUARTER, NOW + 4 * QUARTER, why="exams"),)))


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("timetable", "past", "due", "at", "only_if_changed"),
    [
        # never ran
        (EVERY, Past(), None, NOW, False),
        (Timetable(), Past(), None, None, False),
        (Timetable(), Past(), ago(-3), ago(-3), False),
        # ran well
        (EVERY, Past(ago(5), ago(4)), None, ago(-10), False),
        (EVERY, Past(ago(180), ago(179)), None, NOW, False),
        (EVERY, Past(ago(5), ago(4)), ago(-3), ago(-3), False),
        (EVERY, Past(ago(5), ago(4)), ago(-30), ago(-10), False),
        (EVERY, Past(ago(5), ago(4)), ago(2), NOW, False),
        # what was due when it last began was not posted for a reason: it makes no haste
        (EVERY, Past(ago(5), ago(4)), ago(6), ago(-10), False),
        # failed
        (EVERY, Past(ago(5), ago(4), failures=1), None, NOW, False),
        (EVERY, Past(ago(2), ago(1), failures=3), None, ago(-3), False),
        (EVERY, Past(ago(2), ago(1), failures=6), None, ago(-13), True),
        (EVERY, Past(ago(20), ago(19), failures=6, looked=ago(5)), None, ago(-10), True),
        (EVERY, Past(ago(20), ago(19), failures=6, looked=ago(5)), ago(-1), ago(-1), False),
        (Timetable(), Past(ago(2), ago(1), failures=3), None, ago(-3), False),
        # held
        (EVERY, Past(ago(5), ago(4), held=True), None, ago(-10), True),
        (EVERY, Past(ago(50), ago(49), held=True, looked=ago(5)), None, ago(-10), True),
        (EVERY, Past(ago(5), ago(4), held=True), ago(-10), ago(-10), False),
        (Timetable(), Past(ago(5), ago(4), held=True), None, None, True),
        # shut
        (SHUT, Past(), None, ago(-60), False),
        (SHUT, Past(ago(5), ago(4)), ago(-3), ago(-60), False),
    ],
)
def test_the_next_moment_follows_from_what_is_known(
    timetable: Timetable, past: Past, due: datetime | None, at: datetime | None, only_if_changed: bool
) -> None:
    found = next_run("r", timetable, past, due, NOW)
    assert (found.at, found.only_if_changed) == (at, only_if_changed)
    assert found.why


def test_the_answer_is_the_same_however_often_it_is_asked() -> None:
    timetable = Timetable(cron="*/10 * * * *", jitter=timedelta(minutes=5))
    answers = {next_run("r", timetable, Past(NOW, NOW), None, NOW + timedelta(seconds=n)) for n in range(30)}
    assert len(answers) == 1


def follow(name: str, timetable: Timetable, count: int) -> list[datetime]:
    moments = [NOW]
    for _ in range(count):
        moment = next_run(name, timetable, Past(moments[-1], moments[-1] + MINUTE), None, moments[-1] + MINUTE).at
        assert moment is not None
        moments.append(moment)
    return moments


def test_jitter_moves_each_run_a_little_skips_none_and_never_moves_it_past_what_is_allowed() -> None:
    jitter = timedelta(minutes=5)
    hourly = Timetable(cron="0 * * * *", jitter=jitter)
    one, two = follow("one", hourly, 200), follow("two", hourly, 200)
    late = [moment - moment.replace(minute=0, second=0, microsecond=0) for moment in one]
    assert all(timedelta() <= each < jitter for each in late)
    assert len(set(late)) > 190
    assert all(later.hour == (earlier.hour + 1) % 24 for earlier, later in pairwise(one))
    assert one[1:] != two[1:]


def test_the_wait_doubles_from_a_minute_up_to_six_hours() -> None:
    assert [wait_after(n) // MINUTE for n in range(1, 12)] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]


MONDAY = datetime(2027, 1, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("quiet", "moment", "until"),
    [
        (Quiet("08:00-10:00"), MONDAY.replace(hour=9), MONDAY.replace(hour=10)),
        (Quiet("08:00-10:00"), MONDAY.replace(hour=10), None),
        (Quiet("08:00-10:00", frozenset({1})), MONDAY.replace(hour=9), None),
        (Quiet("22:00-06:00", frozenset({0})), MONDAY.replace(hour=23), MONDAY.replace(day=12, hour=6)),
        # Monday's night is over on Tuesday morning; Monday's morning belongs to Sunday.
        (Quiet("22:00-06:00", frozenset({0})), MONDAY.replace(day=12, hour=5), MONDAY.replace(day=12, hour=6)),
        (Quiet("22:00-06:00", frozenset({0})), MONDAY.replace(hour=5), None),
        # Clocks go back from 3:00 to 2:00 on that day: half past two comes twice, and is quiet both times.
        (
            Quiet("01:00-02:30", zone="Europe/Berlin"),
            datetime(2026, 10, 25, 1, 15, tzinfo=UTC),
            datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
        ),
        (Quiet("08:00-10:00", zone="Asia/Tokyo"), MONDAY.replace(hour=0), MONDAY.replace(hour=1)),
    ],
)
def test_quiet_hours_are_meant_by_their_own_clock_and_belong_to_the_day_on_which_they_begin(
    quiet: Quiet, moment: datetime, until: datetime | None
) -> None:
    found = closed(Windows(quiets=(quiet,)), moment)
    assert (found.until if found else None) == until


def test_windows_that_touch_are_one_and_the_first_reason_is_told() -> None:
    windows = Windows((Freeze(MONDAY.replace(hour=9), MONDAY.replace(hour=12), why="exams"),), (Quiet("12:00-13:00"),))
    found = closed(windows, MONDAY.replace(hour=9))
    assert found is not None
    assert (found.until, found.why) == (MONDAY.replace(hour=13), "exams")


def test_a_route_that_is_always_quiet_never_waits_for_ever() -> None:
    always = Timetable(every=QUARTER, windows=Windows(quiets=(Quiet("00:00-00:00"),)))
    found = next_run("r", always, Past(), None, NOW)
    assert found.at is not None
    assert found.at > NOW + timedelta(days=300)


def test_a_freeze_of_courses_leaves_the_route_open_and_names_them() -> None:
    freeze = Freeze(MONDAY, MONDAY + timedelta(days=3), frozenset({"BIO"}), "exams")
    windows = Windows((freeze, Freeze(MONDAY, MONDAY + timedelta(days=1), frozenset({"BIO", "ECO"}))))
    assert closed(windows, MONDAY) is None
    assert {course: shut.until.day for course, shut in frozen(windows, MONDAY).items()} == {"BIO": 14, "ECO": 12}
    assert frozen(windows, MONDAY + timedelta(days=3)) == {}


def test_what_never_was_looked_at_tells_that_nothing_is_planned() -> None:
    assert next_run("r", Timetable(), Past(), None, NOW) == Next(
        None, "it runs when a person says so, and when a prompt is due"
    )
