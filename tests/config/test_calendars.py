"""`windows.calendars`: what is meant by what is written, where what cannot be meant stands. Addresses are secret."""

import sys
from pathlib import Path

import pytest

from lms_bridge.config.effective import effective
from lms_bridge.config.load import load_config
from lms_bridge.config.secrecy import secrets_of
from lms_bridge.errors import ConfigError
from lms_bridge.support import gather
from tests.calendars.calendar_world import NOW

SECRET = "https://calendar.example/ical/private-1f0e9d8c7b6a/basic.ics"
CONFIG = """\
version: 1
sources: {{p: {{type: files, path: content}}}}
destinations: {{m: {{type: moodle, url: "https://moodle.example", token: "${{env:MOODLE_TOKEN}}"}}}}
routes:
  r:
    from: p
    to: m
    windows: {{timezone: Europe/Berlin, calendars: [{}]}}
"""


@pytest.fixture(autouse=True)
def references(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOODLE_TOKEN", "planted-secret-token")
    monkeypatch.setenv("EXAMS", SECRET)


def write(folder: Path, calendar: str, more: str = "") -> Path:
    path = folder / "connectors.yaml"
    path.write_text(CONFIG.format(calendar) + more, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("calendar", "message"),
    [
        ("{name: exams}", "routes.r.windows.calendars[0]: needs either `url` or `file`."),
        ("{name: exams, file: a.ics, url: '${env:EXAMS}'}", "calendars[0]: needs either `url` or `file`."),
        ("{file: a.ics}", "routes.r.windows.calendars[0]: the key 'name' is missing."),
        (f"{{name: exams, url: '{SECRET}'}}", "calendars[0].url: a secret must not stand in this file."),
        ("{name: exams, url: '${env:NOT_SET}'}", "calendars[0].url: the environment variable NOT_SET is not set."),
        ("{name: exams, file: 'file:///etc/passwd'}", "calendars[0].file: this is an address: write `url`"),
        ("{name: exams, file: 'https://calendar.example/a.ics'}", "calendars[0].file: this is an address: write `url`"),
        ("{name: exams, file: a.ics, only: '('}", "calendars[0].only: is no regular expression:"),
        ("{name: exams, file: a.ics, courses: {}}", "courses: nothing says how courses are found"),
        ("{name: exams, file: a.ics, courses: {named: {'': [B]}}}", "courses.named: an empty word stands in every"),
        ("{name: exams, file: a.ics, refresh: 5s}", "calendars[0].refresh: a calendar is read once a minute at most"),
        ("{name: exams, file: a.ics, before: long}", "calendars[0].before: write a number with s, m, h or d"),
        ("{name: exams, file: a.ics, timezone: Mars}", "calendars[0].timezone: 'Mars' is no time zone"),
        ("{name: exams, file: a.ics, unknwon: open}", "the key 'unknwon' is not known here. Did you mean 'unknown'?"),
        ("{name: exams, file: a.ics}, {name: exams, file: b.ics}", "there is another calendar called 'exams'."),
    ],
)
def test_what_cannot_be_meant_is_told_once_and_at_its_place(tmp_path: Path, calendar: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, calendar))
    told = [str(problem) for problem in caught.value.problems]
    assert len(told) == 1, told
    assert message in told[0]
    assert ":8:" in told[0]
    assert "private-" not in told[0]


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "http://calendar.example/a.ics",
        "webcal://calendar.example/a.ics",
        "https://u:p@x.example/a",
    ],
)
def test_an_address_is_one_over_https_and_a_wrong_one_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("EXAMS", address)
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, "{name: exams, url: '${env:EXAMS}'}"))
    (problem,) = caught.value.problems
    assert "begins with https://" in problem.cause
    assert address not in str(problem)


def test_calendars_of_all_routes_hold_beside_those_of_one_each_by_the_clock_of_its_windows(tmp_path: Path) -> None:
    everywhere = "windows: {timezone: Asia/Tokyo, calendars: [{name: term, url: '${env:EXAMS}', why: end of term}]}\n"
    own = "{name: exams, file: exams.ics, courses: {named: {Cell Biology: [BIO-1]}, others: nothing}, before: 1d}"
    (route,) = load_config(write(tmp_path, own, everywhere)).routes
    term, exams = route.feeds
    assert (term.name, term.address, term.rules.zone, term.why) == ("term", SECRET, "Asia/Tokyo", "end of term")
    assert not term.rules.by_course
    assert (exams.file, exams.rules.zone, exams.why) == (tmp_path / "exams.ics", "Europe/Berlin", "exams")
    assert exams.rules.named == (("Cell Biology", ("BIO-1",)),)
    assert (exams.rules.by_course, exams.rules.others, exams.rules.before) == (True, False, 86_400)
    assert exams.copy.parent == tmp_path / ".state" / "lms-bridge.sqlite.calendars"


def test_another_address_under_the_same_name_is_another_calendar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "{name: exams, url: '${env:EXAMS}'}")
    before = load_config(path).routes[0].feeds[0].copy
    monkeypatch.setenv("EXAMS", "https://calendar.example/other.ics")
    assert load_config(path).routes[0].feeds[0].copy != before
    assert "private-" not in str(before)


def test_without_what_reads_calendars_the_config_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "icalendar", None)
    with pytest.raises(ConfigError, match=r"what reads calendars is not installed \(icalendar\)") as caught:
        load_config(write(tmp_path, "{name: exams, file: a.ics}"))
    assert "pip install '.[calendars]'" in caught.value.problems[0].next_step
    load_config(write(tmp_path, ""))


@pytest.mark.parametrize("written", ["${env:EXAMS}", SECRET])
def test_a_private_address_is_shown_by_nothing_that_shows_the_config(tmp_path: Path, written: str) -> None:
    path = write(tmp_path, f'{{name: exams, url: "{written}"}}')
    shown = repr(effective(path)) + repr(gather(path, now=NOW, with_check=False))
    # Also of a file that is no YAML at all.
    path.write_text(path.read_text(encoding="utf-8") + "\n  - [", encoding="utf-8")
    shown += repr(effective(path)) + repr(gather(path, now=NOW, with_check=False))
    assert "private-" not in shown
    assert "exams" in shown


def test_whoever_masks_secrets_knows_the_address_and_its_path(tmp_path: Path) -> None:
    secrets = secrets_of(load_config(write(tmp_path, "{name: exams, url: '${env:EXAMS}'}")))
    assert {SECRET, "ical/private-1f0e9d8c7b6a/basic.ics"} <= secrets


def test_the_effective_config_tells_each_setting_of_a_calendar_and_where_it_comes_from(tmp_path: Path) -> None:
    told = {each.name: each for each in effective(write(tmp_path, "{name: exams, url: '${env:EXAMS}'}")).settings}
    prefix = "routes.r.windows.calendars[0]"
    assert (told[f"{prefix}.url"].value, told[f"{prefix}.url"].line) == ("${env:EXAMS}", 8)
    assert (told[f"{prefix}.unknown"].value, told[f"{prefix}.unknown"].line) == ("closed", None)
