"""Weeks in which clocks are set, machines sleep and destinations fail: who runs when, and when prompts appear."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from lms_bridge.calendars.feed import Feed, Rules
from lms_bridge.errors import UsageError
from lms_bridge.service.doors import ConnectorStatus, SyncStatus
from lms_bridge.service.timetable import Timetable
from lms_bridge.sync.state import State
from lms_bridge.windows import Freeze, Quiet, Windows
from tests.calendars.calendar_world import calendar
from tests.service.week_world import HOURLY, World, prompt, title

BERLIN = ZoneInfo("Europe/Berlin")
SPRING = datetime(2027, 3, 25, 0, 0, tzinfo=BERLIN)  # Clocks go forward on the 28th, at 2:00.
AUTUMN = datetime(2026, 10, 22, 0, 0, tzinfo=BERLIN)  # They go back on the 25th, at 3:00.
WEEK = timedelta(days=7)
MINUTE = timedelta(minutes=1)
Make = Callable[..., World]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Make]:
    made: list[World] = []

    def make(now: datetime, feeds: tuple[Feed, ...] = (), **timetables: Timetable) -> World:
        made.append(World(tmp_path, now, feeds, **timetables))
        return made[-1]

    yield make
    for each in made:
        each.close()


def walls(moments: list[datetime]) -> list[str]:
    return [f"{moment.astimezone(BERLIN):%d %H:%M}" for moment in moments]


DUE = {
    "berlin": datetime(2026, 10, 26, 8, 17, tzinfo=BERLIN),
    "before clocks go back": datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=0),
    "after clocks went back": datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1),
    "kathmandu": datetime(2026, 10, 24, 9, 1, tzinfo=ZoneInfo("Asia/Kathmandu")),
    "new york": datetime(2026, 10, 27, 23, 59, tzinfo=ZoneInfo("America/New_York")),
    "kiritimati": datetime(2026, 10, 28, 0, 0, tzinfo=ZoneInfo("Pacific/Kiritimati")),
    "in one minute with another": datetime(2026, 10, 26, 8, 17, 30, tzinfo=BERLIN),
}


def test_every_prompt_of_a_week_is_posted_once_and_at_its_minute_whatever_clock_it_was_written_by(world: Make) -> None:
    week = world(AUTUMN, one=Timetable(every=timedelta(hours=6)), other=Timetable(every=timedelta(hours=12)))
    week.fill("one", *(prompt(name, moment) for name, moment in DUE.items()))
    week.pass_until(AUTUMN + WEEK)
    assert set(week.posted) == {title(name) for name in DUE}
    for name, moment in DUE.items():
        (posted,) = week.posted[title(name)]
        assert timedelta() <= posted - moment < MINUTE, name
    assert week.lines["one"].there.writes == len(DUE)


def test_what_is_due_does_not_hold_up_the_other_routes(world: Make) -> None:
    week = world(AUTUMN, one=Timetable(every=timedelta(days=1)), other=Timetable(every=timedelta(days=1)))
    due = datetime(2026, 10, 23, 10, 0, tzinfo=BERLIN)
    for name in ("one", "other"):
        week.fill(name, prompt(name, due))
        week.lines[name].takes = timedelta(minutes=10)
    week.pass_until(AUTUMN + WEEK)
    assert week.posted == {title("one"): [due], title("other"): [due]}


@pytest.mark.parametrize("begin", [SPRING, AUTUMN])
def test_working_hours_are_those_of_the_wall_clock_before_and_after_it_is_set(world: Make, begin: datetime) -> None:
    hours = Timetable(cron="0,40 7-19/3 * * mon,tue,wed,thu,fri", zone="Europe/Berlin")
    week = world(begin, one=hours)
    week.pass_until(begin + WEEK)
    by_day: dict[str, list[str]] = {}
    for moment in week.began("one")[1:]:
        wall = moment.astimezone(BERLIN)
        assert wall.weekday() < 5
        by_day.setdefault(f"{wall:%d}", []).append(f"{wall:%H:%M}")
    assert len(by_day) == 5
    assert {(times[0], times[-1], len(times)) for times in by_day.values()} == {("07:00", "19:40", 10)}


@pytest.mark.parametrize(
    ("begin", "expected"),
    [
        (SPRING, ["25 02:30", "26 02:30", "27 02:30", "28 03:30", "29 02:30", "30 02:30", "31 02:30"]),
        (AUTUMN, ["22 02:30", "23 02:30", "24 02:30", "25 02:30", "26 02:30", "27 02:30", "28 02:30"]),
    ],
)
def test_a_night_run_comes_once_a_day_also_when_its_hour_comes_twice_or_not_at_all(
    world: Make, begin: datetime, expected: list[str]
) -> None:
    week = world(begin, one=Timetable(cron="30 2 * * *", zone="Europe/Berlin"))
    week.pass_until(begin + WEEK)
    assert walls(week.began("one")[1:]) == expected


def test_equal_spaces_stay_equal_when_clocks_are_set(world: Make) -> None:
    week = world(SPRING, one=HOURLY)
    week.pass_until(SPRING + timedelta(days=4))
    begun = week.began("one")
    assert {later - earlier for earlier, later in pairwise(begun)} == {timedelta(hours=1)}


def test_after_three_hours_of_sleep_each_route_runs_once_and_posts_what_came_due(world: Make) -> None:
    week = world(SPRING, one=Timetable(every=timedelta(minutes=15)), night=Timetable(cron="0 4 * * *"))
    asleep = SPRING + timedelta(hours=10, minutes=1)
    due = [asleep + timedelta(minutes=minutes) for minutes in (5, 65, 170)]
    week.fill("one", *(prompt(f"p{n}", moment) for n, moment in enumerate(due)))
    week.pass_until(asleep)
    before = len(week.began("one"))
    awake = asleep + timedelta(hours=3)
    week.down_until(awake)
    week.pass_until(awake + timedelta(minutes=14))
    assert week.began("one")[before:] == [awake]
    assert week.posted == {title(f"p{n}"): [awake] for n in range(3)}
    assert [begun for begun in week.began("night") if begun >= asleep] == []


def test_a_night_run_that_was_slept_through_is_made_up_for_once(world: Make) -> None:
    week = world(SPRING, night=Timetable(cron="0 4 * * *", zone="Europe/Berlin"))
    week.pass_until(SPRING + timedelta(hours=3))
    awake = SPRING + timedelta(days=3, hours=9)
    week.down_until(awake)
    week.pass_until(awake + timedelta(days=1))
    assert walls(week.began("night"))[1:] == ["28 09:00", "29 04:00"]


def test_a_run_that_takes_longer_than_its_cycle_is_followed_by_one_at_once_and_never_joined_by_one(world: Make) -> None:
    week = world(SPRING, one=Timetable(every=timedelta(minutes=15)))
    week.lines["one"].takes = timedelta(minutes=25)
    week.pass_until(SPRING + timedelta(hours=5))
    begun = week.began("one")
    assert {later - earlier for earlier, later in pairwise(begun)} == {timedelta(minutes=25)}


def test_a_route_that_somebody_else_runs_is_left_until_that_has_ended(world: Make) -> None:
    week = world(SPRING, one=HOURLY)
    with State.open(week.file) as other, other.lease("one"):
        week.pass_until(SPRING + timedelta(hours=2))
        with pytest.raises(UsageError, match="runs already"):
            week.rota.start("one", by="ada")
    assert week.ran == []
    week.pass_until(SPRING + timedelta(hours=2, minutes=31))
    assert len(week.ran) == 1


QUIET = Quiet("08:00-10:00", frozenset(range(5)), "Europe/Berlin")
EXAMS = Freeze(datetime(2027, 3, 29, 0, 0, tzinfo=BERLIN), datetime(2027, 3, 30, 12, 0, tzinfo=BERLIN), why="exams")


def test_nothing_runs_in_quiet_hours_or_while_exams_freeze_and_what_was_due_comes_when_they_end(world: Make) -> None:
    windows = Windows((EXAMS,), (QUIET,))
    week = world(SPRING, one=Timetable(every=timedelta(hours=2), windows=windows))
    in_quiet = datetime(2027, 3, 26, 9, 0, tzinfo=BERLIN)
    in_exams = datetime(2027, 3, 29, 18, 0, tzinfo=BERLIN)
    week.fill("one", prompt("quiet", in_quiet), prompt("exams", in_exams))
    week.pass_until(SPRING + WEEK)
    for begun in week.began("one"):
        wall = begun.astimezone(BERLIN)
        assert not EXAMS.begin <= begun < EXAMS.end
        assert not (wall.weekday() < 5 and 8 <= wall.hour < 10)
    assert walls(week.posted[title("quiet")]) == ["26 10:00"]
    assert walls(week.posted[title("exams")]) == ["30 12:00"]


NIGHTLY = "UID:nightly\nDTSTART;TZID=Europe/Berlin:20260901T013000\nDURATION:PT2H\nRRULE:FREQ=DAILY"


def calendar_feed(folder: Path) -> Feed:
    feed = Feed(name="exams", where="connectors.yaml", copy=folder / "copies" / "exams", file=folder / "exams.ics")
    return replace(feed, why="exams", rules=Rules(zone="Europe/Berlin"))


def exam_on(day: datetime, hour: int) -> str:
    return f"UID:exam\nDTSTART;TZID=Europe/Berlin:{day:%Y%m%d}T{hour:02}0000\nDURATION:PT4H"


@pytest.mark.parametrize("begin", [SPRING, AUTUMN])
def test_a_week_by_a_calendar_when_clocks_are_set_exams_move_and_the_calendar_is_lost(
    world: Make, tmp_path: Path, begin: datetime
) -> None:
    """Backups each night over the hour that comes twice or not at all, a day off, and an exam."""
    feed = calendar_feed(tmp_path)
    assert feed.file is not None
    monday, holiday = begin + timedelta(days=4), begin + timedelta(days=2)
    day_off = f"UID:off\nDTSTART;VALUE=DATE:{holiday:%Y%m%d}"
    feed.file.write_bytes(calendar(NIGHTLY, day_off, exam_on(monday, 8)))
    week = world(begin, feeds=(feed,), one=Timetable(every=timedelta(hours=1)))
    at_night = datetime.combine(begin + timedelta(days=3), time(2, 30), BERLIN)
    in_exam = datetime.combine(monday, time(14, 30), BERLIN)
    week.fill("one", prompt("night", at_night), prompt("exam", in_exam))
    week.pass_until(begin + timedelta(days=3, hours=12))
    feed.file.write_bytes(calendar(NIGHTLY, day_off, exam_on(monday, 12)))
    week.pass_until(begin + WEEK - timedelta(hours=1))
    feed.file.unlink()
    week.pass_until(begin + WEEK + timedelta(hours=4))

    def is_shut(moment: datetime) -> bool:
        wall = moment.astimezone(BERLIN)
        night = time(1, 30) <= wall.time() < time(3, 30)
        exam = wall.date() == monday.date() and 12 <= wall.hour < 16
        return night or exam or wall.date() == holiday.date()

    begun = week.began("one")
    assert [moment for moment in begun if is_shut(moment)] == []
    # Nothing else kept it: between two runs there is an hour, or windows.
    for earlier, later in pairwise(begun):
        moments = range(60, int((later - earlier) / MINUTE))
        assert all(is_shut(earlier + n * MINUTE) for n in moments), (earlier, later)
    assert walls(week.posted[title("night")]) == [f"{begin + timedelta(days=3):%d} 03:30"]
    assert walls(week.posted[title("exam")]) == [f"{monday:%d} 16:00"]
    assert any("exams cannot be read since" in problem for problem in week.rota.health().problems)
    assert week.rota.health().ready


def test_as_long_as_a_calendar_was_never_read_nothing_runs_but_what_a_person_says(world: Make, tmp_path: Path) -> None:
    feed = calendar_feed(tmp_path)
    assert feed.file is not None
    week = world(SPRING, feeds=(feed,), one=HOURLY)
    week.pass_until(SPRING + timedelta(hours=1))
    assert week.began("one") == []
    (status,) = week.rota.routes()
    assert "what the calendar exams says is not known" in status.detail
    with pytest.raises(UsageError, match="what the calendar exams says is not known"):
        week.rota.start("one", by="ada")
    week.rota.start("one", by="ada", override=True)
    week.pass_until(SPRING + timedelta(hours=3))
    assert [ran.by for ran in week.ran] == ["ada"]
    feed.file.write_bytes(calendar())
    week.pass_until(SPRING + timedelta(hours=5))
    assert [ran.by for ran in week.ran][1:] in (["", ""], [""])


def test_a_person_is_told_that_a_window_is_shut_and_may_open_it(world: Make, caplog: pytest.LogCaptureFixture) -> None:
    week = world(EXAMS.begin + MINUTE, one=Timetable(every=timedelta(hours=1), windows=Windows((EXAMS,))))
    week.pass_until(EXAMS.begin + timedelta(hours=3))
    with pytest.raises(UsageError, match="until 2027-03-30 12:00"):
        week.rota.start("one", by="ada")
    week.rota.start("one", by="ada", override=True)
    week.pass_until(EXAMS.begin + timedelta(hours=4))
    assert [(ran.by, ran.code) for ran in week.ran] == [("ada", 0)]
    told = [record for record in caplog.records if "although it is closed: exams" in record.getMessage()]
    assert [(record.__dict__["by"], record.__dict__["route"]) for record in told] == [("ada", "one")]


def test_a_destination_that_is_away_is_asked_ever_more_rarely_and_counts_as_well_again_after_one_success(
    world: Make,
) -> None:
    week = world(SPRING, one=Timetable(every=timedelta(minutes=15)))
    week.fill("one", prompt("p", SPRING - MINUTE))
    week.lines["one"].there.unreachable = True
    week.pass_until(SPRING + timedelta(days=2))
    begun = week.began("one")
    waits = [(later - earlier) // MINUTE for earlier, later in pairwise(begun)]
    assert waits[:10] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360]
    (status,) = week.rota.routes()
    assert (status.sync, status.connector) == (SyncStatus.FAILED, ConnectorStatus.DOWN)
    week.lines["one"].there.unreachable = False
    week.pass_until(SPRING + timedelta(days=2, hours=6))
    (status,) = week.rota.routes()
    assert (status.sync, status.connector) == (SyncStatus.IN_STEP, ConnectorStatus.HEALTHY)
    begun = week.began("one")
    assert begun[-1] - begun[-2] == timedelta(minutes=15)


def test_a_store_of_secrets_that_is_away_is_asked_again_like_a_destination_and_is_not_taken_for_one(
    world: Make,
) -> None:
    week = world(SPRING, one=Timetable(cron="0 4 * * *"))
    week.pass_until(SPRING + MINUTE)
    week.lines["one"].ends_with = 7
    week.pass_until(SPRING + timedelta(days=1))
    begun = week.began("one")
    assert [(later - earlier) // MINUTE for earlier, later in pairwise(begun)][1:5] == [1, 2, 4, 8]
    (status,) = week.rota.routes()
    assert (status.sync, status.connector) == (SyncStatus.FAILED, ConnectorStatus.HEALTHY)
    week.lines["one"].ends_with = None
    week.pass_until(SPRING + timedelta(days=2))
    assert week.rota.routes()[0].sync is SyncStatus.IN_STEP


def test_new_content_is_tried_at_the_next_regular_moment_however_long_the_wait_has_grown(world: Make) -> None:
    week = world(SPRING, one=Timetable(every=timedelta(minutes=15)))
    week.fill("one", prompt("p", SPRING - MINUTE))
    week.lines["one"].there.unreachable = True
    week.pass_until(SPRING + timedelta(days=1))
    week.lines["one"].there.unreachable = False
    week.fill("one", prompt("p", SPRING - MINUTE), prompt("new", SPRING - MINUTE))
    changed = week.now
    week.pass_until(changed + timedelta(minutes=15))
    assert week.began("one")[-1] - changed <= timedelta(minutes=15)
    assert week.standing("one") == [title("new"), title("p")]


def test_what_a_limit_holds_back_is_not_tried_again_until_something_changes_but_prompts_still_appear(
    world: Make,
) -> None:
    week = world(SPRING, one=Timetable(every=timedelta(minutes=15)))
    old = [prompt(f"p{n}", SPRING - MINUTE) for n in range(12)]
    later = prompt("later", SPRING + timedelta(hours=20))
    week.lines["one"].policy = week.lines["one"].policy_that_deletes()
    week.fill("one", *old, later)
    week.pass_until(SPRING + MINUTE)
    week.fill("one", later)
    week.pass_until(SPRING + timedelta(hours=19))
    assert [ran.code for ran in week.ran] == [0, 4]
    (status,) = week.rota.routes()
    assert (status.sync, status.waits) == (SyncStatus.CONFLICT, 12)
    week.pass_until(SPRING + timedelta(hours=21))
    assert week.posted[title("later")] == [later.publish]
    assert [ran.code for ran in week.ran] == [0, 4, 4]
    week.fill("one", *old, later)
    week.pass_until(SPRING + timedelta(hours=22))
    assert [ran.code for ran in week.ran][3:] == [0, 0, 0, 0]


def test_a_route_that_people_start_runs_for_nobody_else(world: Make) -> None:
    week = world(SPRING, one=Timetable())
    week.pass_until(SPRING + WEEK)
    assert week.ran == []
    week.rota.start("one", by="ada")
    with pytest.raises(UsageError, match="runs already"):
        week.rota.start("one", by="bob")
    week.pass_until(SPRING + WEEK + MINUTE)
    assert [ran.by for ran in week.ran] == ["ada"]
    assert week.began("one") == [(SPRING + WEEK).astimezone(UTC)]
