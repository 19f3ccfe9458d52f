"""`schedule` and `windows`: what is meant by what is written, and where what cannot be meant stands."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from lms_bridge.config.load import load_config
from lms_bridge.config.schedule import ScheduleSettings
from lms_bridge.errors import ConfigError
from lms_bridge.service.timetable import Past, Timetable, next_run
from lms_bridge.windows import closed, frozen

CONFIG = """\
version: 1
sources: {{p: {{type: files, path: content}}}}
destinations: {{m: {{type: moodle, url: "https://moodle.example", token: "${{env:MOODLE_TOKEN}}"}}}}
routes:
  r:
    from: p
    to: m
    {}
"""


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOODLE_TOKEN", "planted-secret-token")


def write(folder: Path, line: str, more: str = "") -> Path:
    path = folder / "connectors.yaml"
    path.write_text(CONFIG.format(line) + more, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("schedule: {every: often}", ":8:23: routes.r.schedule.every: write a number with s, m, h or d, such as 15m."),
        ("schedule: {every: 5s}", ":8:23: routes.r.schedule.every: a route runs once a minute at most: write 1m or"),
        ("schedule: {every: 5m, cron: '* * * * *'}", ":8:15: routes.r.schedule: `every` and `cron` exclude each other"),
        ("schedule: {cron: '* * *'}", ":8:22: routes.r.schedule.cron: write five fields"),
        ("schedule: {cron: '61 * * * *'}", ":8:22: routes.r.schedule.cron: '61' is no minute: it goes from 0 to 59."),
        ("schedule: {cron: '* 19-7 * * *'}", ":8:22: routes.r.schedule.cron: '19-7' is no hour: it ends before it"),
        ("schedule: {cron: '*/0 * * * *'}", ":8:22: routes.r.schedule.cron: '*/0' is no minute: the step is a number"),
        ("schedule: {cron: '0 0 1 * mon'}", ":8:22: routes.r.schedule.cron: name days of the month or days of the"),
        ("schedule: {cron: '0 0 30 2 *'}", ":8:22: routes.r.schedule.cron: no such day ever comes."),
        ("schedule: {timezone: Mars}", ":8:26: routes.r.schedule.timezone: 'Mars' is no time zone"),
        ("schedule: {evry: 5m}", ":8:16: routes.r.schedule.evry: the key 'evry' is not known here. Did you mean"),
        ("windows: {quiet: [{hours: late}]}", ":8:31: routes.r.windows.quiet[0].hours: write two times of day"),
        ("windows: {quiet: [{hours: '08:00-09:00', days: [monday]}]}", ":8:53: routes.r.windows.quiet[0].days[0]:"),
        ("windows: {freeze: [{from: soon, to: 2027-02-01}]}", ":8:31: routes.r.windows.freeze[0].from: write a date"),
        (
            "windows: {freeze: [{from: 2027-02-02, to: 2027-02-01}]}",
            ":8:47: routes.r.windows.freeze[0].to: its end is not after its beginning. It is from 2027-02-02 "
            "to 2027-02-01: exchange",
        ),
        (
            "windows: {freeze: [{from: 2027-02-01 12:00, to: '2027-02-01T11:30:00+00:00'}]}",
            ":8:53: routes.r.windows.freeze[0].to: its end is not after its beginning. It is from 2027-02-01 12:00 to "
            "2027-02-01T11:30:00+00:00: exchange",
        ),
        (
            "windows: {freeze: [{from: 2027-02-01 12:00, to: 2027-02-01 12:00}]}",
            ":8:53: routes.r.windows.freeze[0].to: its end is not after its beginning. It is from 2027-02-01 12:00 to",
        ),
        (
            "kinds: [page]\nwindows:\n  freeze:\n    - from: 2027-02-02\n      to: 2027-01-05",
            ":12:11: windows.freeze[0].to: its end is not after its beginning. It is from 2027-02-02 "
            "to 2027-01-05: exchange",
        ),
        ("windows: {freeze: [{from: 20270201, to: 2027-02-05}]}", ":8:31: routes.r.windows.freeze[0].from: write a"),
        (
            "windows: {freeze: [{from: 2027-02-01, to: 9999-12-31}]}",
            ":8:47: routes.r.windows.freeze[0].to: write a year",
        ),
        (
            "kinds: [page]\nservice: {hosts: ['https://bridge.example.org']}",
            ":9:19: service.hosts[0]: 'https://bridge.example.org' is no name of a host: write it alone",
        ),
        ("kinds: [page]\nservice: {hosts: ['*']}", ":9:19: service.hosts[0]: '*' is no name of a host"),
        ("windows: {timezone: Berlin}", ":8:25: routes.r.windows.timezone: 'Berlin' is no time zone"),
    ],
)
def test_what_cannot_be_meant_is_told_at_its_place(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, line))
    told = [str(problem).replace(f"{tmp_path}/", "") for problem in caught.value.problems]
    assert len(told) == 1, told
    assert told[0].startswith(f"connectors.yaml{message}"), told[0]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("*/10 7-19 * * mon-fri", "0,10,20,30,40,50 7,8,9,10,11,12,13,14,15,16,17,18,19 * * mon,tue,wed,thu,fri"),
        ("0 0 * * 0", "0 0 * * sun"),
        ("0 0 * * 7", "0 0 * * sun"),
        ("0 0 * * 1-5", "0 0 * * mon,tue,wed,thu,fri"),
        ("0 0 * * 5-7", "0 0 * * fri,sat,sun"),
        ("0 0 * * 0-2", "0 0 * * mon,tue,sun"),
        ("0 0 * * Fri-Mon", "0 0 * * mon,fri,sat,sun"),
        ("0 0 * * 1-5/2", "0 0 * * mon,wed,fri"),
        ("0 0 * * */2", "0 0 * * tue,thu,sat,sun"),
        ("15,45 0-6/2 1,15 JAN-mar *", "15,45 0,2,4,6 1,15 1,2,3 *"),
        ("5/20 */1 * jan/5 *", "5,25,45 " + ",".join(map(str, range(24))) + " * 1,6,11 *"),
    ],
)
def test_what_is_written_as_in_crontab_is_meant_so(written: str, meant: str) -> None:
    assert ScheduleSettings(cron=written).crontab() == meant


def test_a_route_runs_every_quarter_of_an_hour_unless_told_otherwise() -> None:
    quarter = timedelta(minutes=15)
    assert ScheduleSettings().cycle() == quarter
    assert ScheduleSettings(every="2h").cycle() == timedelta(hours=2)
    assert ScheduleSettings(every="never").cycle() is None
    assert ScheduleSettings(cron="0 0 * * *").cycle() is None
    assert ScheduleSettings(jitter="90s").longest_jitter() == timedelta(seconds=90)
    with pytest.raises(ValidationError):
        ScheduleSettings(every="0m")


def test_windows_of_all_routes_hold_beside_those_of_one_each_by_its_own_clock(tmp_path: Path) -> None:
    own = "windows: {timezone: Europe/Berlin, freeze: [{from: 2027-02-01, to: 2027-02-05, courses: [BIO]}]}"
    everywhere = "windows: {timezone: America/New_York, quiet: [{hours: '08:00-10:00', days: [mon]}]}\n"
    (route,) = load_config(write(tmp_path, own, everywhere)).routes
    quiet = closed(route.windows, datetime(2027, 2, 1, 13, 30, tzinfo=UTC))
    assert quiet is not None
    assert quiet.until == datetime(2027, 2, 1, 15, 0, tzinfo=UTC)
    # From midnight to midnight in Berlin, the last day as a whole.
    assert set(frozen(route.windows, datetime(2027, 1, 31, 23, 0, tzinfo=UTC))) == {"BIO"}
    assert frozen(route.windows, datetime(2027, 1, 31, 22, 59, tzinfo=UTC)) == {}
    assert set(frozen(route.windows, datetime(2027, 2, 5, 22, 59, tzinfo=UTC))) == {"BIO"}
    assert frozen(route.windows, datetime(2027, 2, 5, 23, 0, tzinfo=UTC)) == {}


@pytest.mark.parametrize("cron", ["*/60 * * * *", "10-15/10 * * * *", "0 */24 * * *", "0 6 1 1-jun *", "0 6 * jan/2 *"])
def test_whatever_the_config_may_say_the_timetable_can_go_by(cron: str) -> None:
    timetable = Timetable(cron=ScheduleSettings(cron=cron).crontab())
    begun = datetime(2027, 1, 11, 8, 0, tzinfo=UTC)
    at = next_run("r", timetable, Past(begun=begun, ended=begun), None, begun).at
    assert at is not None
    assert at > begun


def test_a_step_in_months_is_kept() -> None:
    timetable = Timetable(cron=ScheduleSettings(cron="0 6 1 jan/2 *").crontab())
    begun = datetime(2027, 1, 11, 8, 0, tzinfo=UTC)
    assert next_run("r", timetable, Past(begun=begun, ended=begun), None, begun).at == datetime(
        2027, 3, 1, 6, tzinfo=UTC
    )


def test_names_of_the_service_are_compared_in_lower_case(tmp_path: Path) -> None:
    path = write(tmp_path, "kinds: [page]", "service: {hosts: [Bridge.Example.org]}\n")
    assert load_config(path).service.hosts == ("bridge.example.org",)


def test_a_moment_with_an_offset_is_meant_by_that_and_one_without_by_the_clock_of_the_windows(tmp_path: Path) -> None:
    """Each looks as if it ended before it began, as long as one forgets which clock is meant."""
    lines = [
        "{from: '2027-02-01T12:00:00+02:00', to: 2027-02-01 11:30}",
        "{from: 2027-02-01 12:00, to: '2027-02-01T11:30Z'}",
    ]
    for line, meant in zip(lines, [(10, 0, 10, 30), (11, 0, 11, 30)], strict=True):
        own = f"windows: {{timezone: Europe/Berlin, freeze: [{line}]}}"
        (route,) = load_config(write(tmp_path, own)).routes
        (freeze,) = route.windows.freezes
        begin, end = (each.astimezone(UTC) for each in (freeze.begin, freeze.end))
        assert (begin.hour, begin.minute, end.hour, end.minute) == meant
