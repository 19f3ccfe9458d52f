"""What is frozen is told and left, whoever syncs, and comes when the freeze is over."""

import pytest

from tests.calendars.calendar_world import calendar
from tests.cli.conftest import Desk

POLICY = "    policy:\n      prune: report\n"
FROZEN = f"{POLICY}      refresh: never\n    windows: {{freeze: [{{from: 2020-01-01, to: 2100-01-01%s}}]}}\n"


def freeze(desk: Desk, courses: str = "") -> None:
    desk.configure(POLICY, FROZEN % courses)


def thaw(desk: Desk, courses: str = "") -> None:
    desk.configure(FROZEN % courses, FROZEN.partition("    windows")[0])


def titles(desk: Desk, action: str) -> set[str]:
    changes = desk.run("plan", "--output", "json").json["routes"][0]["changes"]
    return {change["course"] for change in changes if change["action"] == action}


BIO_ONLY = ", courses: [BIO], why: exams"


def test_a_frozen_course_is_left_and_told_while_the_others_go_on_and_comes_when_it_is_over(desk: Desk) -> None:
    freeze(desk, BIO_ONLY)
    assert titles(desk, "create") == {"CHE"}
    assert desk.run("sync").code == 0
    told = desk.run("plan", "--output", "json").json["routes"][0]["changes"]
    assert {row["course"] for row in told if "nothing is pushed until 2100-01-02 00:00" in row["reason"]} == {"BIO"}
    assert any(row["reason"].endswith(": exams") for row in told)
    assert desk.run("sync").code == 0
    assert titles(desk, "create") == set()
    thaw(desk, BIO_ONLY)
    # Nothing but the freeze changed, and a route that looks at nothing when nothing changed does look.
    assert desk.run("sync").code == 0
    status = desk.run("status", "--output", "json").json["routes"][0]["items"]
    assert status["page"] == 5  # Of both courses, with an index each.


def test_nothing_is_written_while_everything_is_frozen_unless_somebody_says_so(desk: Desk) -> None:
    freeze(desk)
    before = desk.moodle_calls()
    ran = desk.run("sync", "--route", "programme-to-moodle")
    assert ran.code == 0
    assert desk.run("status", "--output", "json").json["routes"][0]["items"] == {}
    assert not {name for name in desk.moodle_calls().keys() - before.keys() if "new_page" in name or "add_" in name}
    ran = desk.run("-v", "sync", "--route", "programme-to-moodle", "--through-windows")
    assert ran.code == 0
    assert "what windows hold back is pushed all the same" in ran.err
    assert desk.run("status", "--output", "json").json["routes"][0]["items"]["page"] == 5
    assert overrides(desk) == ["freeze"]


def overrides(desk: Desk) -> list[str]:
    """What the audit trail tells of windows that people opened."""
    told = desk.run("audit", "list", "--output", "json").json["lines"]
    return [line["about"] for line in told if line["deed"] == "override window"]


def test_a_course_that_a_person_pushes_into_while_it_is_frozen_is_named_in_the_trail(desk: Desk) -> None:
    freeze(desk, BIO_ONLY)
    sync = ("sync", "--route", "programme-to-moodle", "--through-windows")
    assert desk.run(*sync, "--only", "course:CHE").code == 0
    assert overrides(desk) == []
    assert desk.run(*sync).code == 0
    assert overrides(desk) == ["exams (BIO)"]
    # Nothing is left that a window could hold back.
    assert desk.run(*sync).code == 0
    assert overrides(desk) == ["exams (BIO)"]


def test_a_course_is_frozen_in_whatever_case_its_id_was_typed(desk: Desk) -> None:
    freeze(desk, ", courses: [bio]")
    assert titles(desk, "create") == {"CHE"}


def test_workers_are_not_told_to_pass_windows(desk: Desk) -> None:
    ran = desk.run("sync", "--shared", "--through-windows")
    assert ran.code == 2
    assert "--through-windows is not for a run that workers share" in ran.err


EXAM = "SUMMARY:Exam %s\nDTSTART;TZID=Europe/Berlin:20200101T080000\nDTEND;TZID=Europe/Berlin:20991231T080000"
BY_COURSE = "{name: exams, file: exams.ics, courses: {pattern: '[A-Z]{3}'}}"


def keep_calendar(desk: Desk, *events: str, config: str = BY_COURSE) -> None:
    (desk.folder / "exams.ics").write_bytes(calendar(*events))
    windows = f"windows: {{timezone: Europe/Berlin, calendars: [{config}]}}"
    desk.configure("\nversion: 1\n", f"\nversion: 1\n{windows}\n")


def test_an_exam_in_a_calendar_freezes_its_course_and_check_tells_what_was_read(desk: Desk) -> None:
    keep_calendar(desk, EXAM % "BIO", "SUMMARY:Soon CHE\nDTSTART;VALUE=DATE:20980101")
    told = desk.run("check").out
    assert "ok      calendar exams: 2 events, read " in told
    assert "next windows: 2020-01-01 08:00 to 2099-12-31 08:00 CET: BIO" in told
    assert desk.run("sync", "--route", "programme-to-moodle").code == 0
    changes = desk.run("plan", "--output", "json").json["routes"][0]["changes"]
    assert {row["course"] for row in changes if row["reason"].endswith("2099-12-31 07:00 UTC: exams")} == {"BIO"}
    assert {row["course"] for row in changes if row["action"] == "create"} == set()
    assert desk.run("sync", "--route", "programme-to-moodle", "--through-windows").code == 0
    assert overrides(desk) == ["exams (BIO)"]


def test_a_calendar_that_is_lost_is_told_by_every_plan_and_what_it_said_holds(desk: Desk) -> None:
    keep_calendar(desk, EXAM % "BIO")
    assert titles(desk, "create") == {"CHE"}
    (desk.folder / "exams.ics").unlink()
    told = desk.run("plan", "--route", "programme-to-moodle").out
    assert "the calendar exams cannot be read since" in told
    assert titles(desk, "create") == {"CHE"}
    ran = desk.run("check")
    assert "warning calendar exams: calendar: " in ran.out


def test_without_ever_having_read_its_calendar_nothing_is_pushed_unless_somebody_says_so(desk: Desk) -> None:
    keep_calendar(desk, config="{name: exams, file: nowhere.ics}")
    ran = desk.run("check")
    assert ran.code == 1
    assert "ERROR   calendar exams: calendar: connectors.yaml" in ran.out
    assert titles(desk, "create") == set()
    sync = ("sync", "--route", "programme-to-moodle")
    assert desk.run(*sync).code == 0
    assert desk.run("status", "--output", "json").json["routes"][0]["items"] == {}
    assert desk.run(*sync, "--through-windows").code == 0
    assert overrides(desk) == ["what the calendar exams says is not known"]


def test_a_checksum_that_was_reviewed_before_a_freeze_pushes_nothing_in_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewed = desk.run("plan", "--route", "programme-to-moodle", "--output", "json").json["routes"][0]["checksum"]
    freeze(desk, BIO_ONLY)
    ran = desk.run("sync", "--route", "programme-to-moodle", "--checksum", reviewed)
    assert ran.code == 1
    assert "no longer what was reviewed" in ran.err
