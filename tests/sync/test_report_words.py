"""The very words of a report where counts come into them: what is one, what are many, and what is left out."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from lms_bridge.connector import Action, Change, Cost, Outcome, PlaceRef, Status
from lms_bridge.errors import Problem
from lms_bridge.items import Kind
from lms_bridge.sync.report import exit_code, report_document, summary_of, writes
from lms_bridge.sync.report_text import (
    arrived,
    cost_line,
    failure_lines,
    fenced,
    plan_lines,
    report_lines,
    report_markdown,
)
from lms_bridge.sync.run import Failure, Plan, Report

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CHANGE = Change(
    action=Action.UPDATE, key="s:a", kind=Kind.PAGE, place=PlaceRef(Kind.PAGE, "7", "the wiki of BIO-101"),
    course="BIO-101", title="Cells", reason="the source changed",
)  # fmt: skip
CONFLICT = replace(CHANGE, action=Action.SKIP, conflict=True, reason="both changed")
PLAN = Plan(route="r", destination="moodle", made=NOW, checksum="c")
REPORT = Report(run="1", route="r", destination="moodle", started=NOW, ended=NOW)
DELETE = replace(CHANGE, action=Action.DELETE)


def changes(count: int, course: str = "BIO-101") -> tuple[Change, ...]:
    return tuple(replace(CHANGE, key=f"s:{n}", title=f"Page {n}", course=course) for n in range(count))


@pytest.mark.parametrize(("count", "named", "more"), [(5, 5, ""), (6, 6, ""), (7, 5, "and 2 more in BIO-101")])
def test_of_many_changes_alike_the_first_five_are_named_unless_there_is_but_one_more(
    count: int, named: int, more: str
) -> None:
    lines = plan_lines(replace(PLAN, changes=changes(count)))[1:-2]
    assert len([line for line in lines if "“Page" in line]) == named
    assert [line for line in lines if "more" in line] == ([f"  update   page   … {more}"] if more else [])


def test_changes_of_no_course_are_told_without_one() -> None:
    lines = plan_lines(replace(PLAN, changes=changes(7, course="")))
    assert "  update   page   … and 2 more" in lines
    assert "  update   page   “Page 0”: the source changed" in lines


def test_what_it_costs_is_told_where_something_is_to_do() -> None:
    todo, left = (plan_lines(replace(PLAN, changes=(each,))) for each in (CHANGE, CONFLICT))
    assert [line.split()[0] for line in todo[-2:]] == ["cost", "checksum"]
    assert [line for line in left if line.startswith("  cost")] == []


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.9, ""), (1.0, ", about 1 second"), (89.4, ", about 89 seconds"), (90.0, ", about 2 minutes"),
     (3600.0, ", about 60 minutes")],
)  # fmt: skip
def test_how_long_it_takes_is_told_in_seconds_or_minutes(seconds: float, words: str) -> None:
    assert cost_line(Cost(3, 0, seconds)) == f"3 calls{words}"


@pytest.mark.parametrize(
    ("report", "told"),
    [
        (REPORT, []),
        (replace(REPORT, postponed=(DELETE,)), ["  1 delete not tried, because something else failed"]),
        (
            replace(REPORT, postponed=(DELETE, DELETE), stopped="told to stop"),
            [
                "  2 deletes not tried, because the run was stopped",
                "  stopped  told to stop; the next sync goes on from there",
            ],
        ),
        (replace(REPORT, skipped=(CONFLICT,)), ["  conflict page   “Cells” in BIO-101: both changed"]),
    ],
    ids=["nothing", "something failed", "stopped", "a conflict"],
)
def test_what_was_not_done_is_told_with_the_reason(report: Report, told: list[str]) -> None:
    assert report_lines(report)[1:] == told


def test_in_markdown_a_heading_stands_only_over_something() -> None:
    assert "###" not in report_markdown([REPORT])
    stopped = report_markdown([replace(REPORT, stopped="told to stop", skipped=(CONFLICT,))])
    assert "### Stopped\n\n- told to stop\n" in stopped
    assert "### Waits for a person\n\n- “Cells” in BIO-101: both changed\n" in stopped


def test_only_what_did_not_arrive_whole_is_told() -> None:
    assert arrived({"text": 0.98, "links": 1.0, "images": 0.0}) == "98 % of the text, 0 % of the images"


@pytest.mark.parametrize(("count", "named", "more"), [(1, 0, ""), (2, 2, ""), (20, 20, ""), (21, 20, " and 1 more")])
def test_one_cause_is_told_once_with_the_first_of_the_items_that_wait_for_it(count: int, named: int, more: str) -> None:
    problem = Problem("There is no course X.", "X", "Make it there.")
    told, *rest = failure_lines(Failure(f"s:{n}", problem) for n in range(count))
    assert told == f"  failed   {problem}"
    keys = ", ".join(f"s:{n}" for n in range(named))
    assert rest == ([f"           {count} items: {keys}{more}"] if named else [])


@pytest.mark.parametrize(
    ("text", "fence"), [("- a\n+ b", "```"), ("`x`", "```"), ("``` and `", "````"), ("`````", "``````")]
)
def test_no_line_of_a_difference_ends_the_block_that_shows_it(text: str, fence: str) -> None:
    assert fenced(text) == f"{fence}diff\n{text}\n{fence}\n"


def test_what_was_left_is_counted_whatever_the_reason() -> None:
    report = replace(REPORT, skipped=(CONFLICT,), held=(CHANGE, CHANGE), postponed=(DELETE,) * 3)
    assert summary_of([report])["skipped"] == 6
    assert report_document([replace(report, run="one"), replace(report, run="other")])["run"] == "one"


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("status", Status)
def test_only_what_was_done_and_changed_the_destination_counts_as_written(action: Action, status: Status) -> None:
    changes_it = action in (Action.CREATE, Action.UPDATE, Action.MERGE, Action.HIDE, Action.DELETE)
    report = replace(REPORT, outcomes=(Outcome(change=replace(CHANGE, action=action), status=status),))
    assert writes(report) == (status is Status.DONE and changes_it)


def test_changes_that_are_pending_are_a_reason_to_call_somebody_only_when_asked_for() -> None:
    plan = replace(PLAN, changes=(CHANGE,))
    assert (exit_code([plan]), exit_code([plan], pending=True), exit_code([PLAN], pending=True)) == (0, 3, 0)
