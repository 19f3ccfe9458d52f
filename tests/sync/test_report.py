"""What people and programs are told: the JSON contract, the exit codes, and sentences that read right."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lms_bridge.connector import Action, Change, Cost, PlaceRef
from lms_bridge.errors import Problem
from lms_bridge.items import Course, Kind
from lms_bridge.sync.decision import NAME_TAKEN
from lms_bridge.sync.report import exit_code, plan_document, report_document, summary_of
from lms_bridge.sync.report_text import (
    cost_line,
    plan_lines,
    plan_markdown,
    report_lines,
    report_markdown,
    summary_line,
)
from lms_bridge.sync.run import Failure, Plan, Report
from lms_bridge.sync.state import State
from lms_bridge.sync.status import standing, status_document
from lms_bridge.testing.bench import Bench
from lms_bridge.testing.memory import MemoryDestination
from lms_bridge.testing.sample import make_page, make_prompt

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CHANGE = Change(
    action=Action.UPDATE,
    key="s:a",
    kind=Kind.PAGE,
    place=PlaceRef(Kind.PAGE, "7", "the wiki of BIO-101"),
    course="BIO-101",
    title="Cells | <b>",
    reason="the source changed since the last sync",
)
SKIP = replace(CHANGE, action=Action.SKIP)
FAILURE = Failure("s:b", Problem("There is no course X.", "X/a.md", "Make it there."))
PLAN = Plan(route="r", destination="moodle", made=NOW, checksum="c")
REPORT = Report(run="1", route="r", destination="moodle", started=NOW, ended=NOW)


def test_a_plan_as_json_is_the_contract() -> None:
    plan = replace(PLAN, changes=(CHANGE,), in_step=(SKIP, SKIP), still=3, cost=Cost(3, 6, 1.26), failures=(FAILURE,))
    document = plan_document([plan])
    assert json.loads(json.dumps(document)) == document
    assert document == {
        "schema_version": 1,
        "routes": [
            {
                "route": "r",
                "checksum": "c",
                "cost": {"calls": 3, "units": 6, "seconds": 1.3},
                "changes": [
                    {
                        "action": "update",
                        "kind": "page",
                        "key": "s:a",
                        "course": "BIO-101",
                        "destination": "moodle",
                        "title": "Cells | <b>",
                        "reason": "the source changed since the last sync",
                    }
                ],
            }
        ],
        "summary": {
            "create": 0,
            "update": 1,
            "merge": 0,
            "adopt": 0,
            "hide": 0,
            "delete": 0,
            "forget": 0,
            "skip": 0,
            "unchanged": 5,
        },
        "failures": [
            {
                "key": "s:b",
                "course": "",
                "cause": "There is no course X.",
                "where": "X/a.md",
                "next_step": "Make it there.",
                "trouble": "other",
            }
        ],
    }


def test_a_report_as_json_is_the_contract() -> None:
    report = replace(REPORT, failures=(FAILURE,), unchanged=4, skipped=(replace(SKIP, conflict=True),))
    assert report_document([report]) == {
        "schema_version": 1,
        "run": "1",
        "summary": {
            "created": 0,
            "updated": 0,
            "merged": 0,
            "adopted": 0,
            "hidden": 0,
            "deleted": 0,
            "forgotten": 0,
            "skipped": 1,
            "unchanged": 4,
            "conflicts": 1,
            "failed": 1,
        },
        "stopped": "",
        "fidelity": [],
        "failures": [
            {
                "key": "s:b",
                "course": "",
                "cause": "There is no course X.",
                "where": "X/a.md",
                "next_step": "Make it there.",
                "trouble": "other",
            }
        ],
    }


def test_a_route_that_did_nothing_counts_nothing() -> None:
    """As one that somebody else applies just now."""
    assert set(summary_of([REPORT]).values()) == {0}


def test_how_things_stand_as_json_is_the_contract(tmp_path: Path) -> None:
    bench = Bench(there := MemoryDestination(), tmp_path)
    bio = Course("BIO-101", "Cell Biology")
    kept, gone, edited, lost, taken = (
        make_page(bio, name, f"<p>{name}</p>", title=name) for name in ("kept", "gone", "edited", "lost", "taken")
    )
    later = make_prompt(bio, "later", publish=NOW + timedelta(days=1))
    bench.fill(kept, gone, edited, lost, later, make_prompt(bio, "now"))
    bench.sync()
    there.remove(gone.key)
    there.edit(edited.key, "<p>Ann's words.</p>")
    there.put(Kind.PAGE, "BIO-101", "taken", "<p>Bob's.</p>")
    bench.change(replace(lost, body="<p>newer</p>"))
    bench.source.content.append(taken)
    there.lost.add(lost.key)
    bench.now = NOW + timedelta(hours=1)
    report = bench.sync()
    with State.open(bench.file) as state:
        document = status_document([standing("bench", state), standing("never", state)])
        (intent,) = state.open_intents("bench")
    assert json.loads(json.dumps(document)) == document
    assert document == {
        "schema_version": 1,
        "routes": [
            {
                "route": "bench",
                "last_run": {
                    "run": report.run,
                    "started": "2026-11-23T09:00:00+00:00",
                    "ended": report.ended.isoformat(),
                    "exit_code": 1,
                    "summary": summary_of([report]),
                },
                "items": {"page": 4, "prompt": 1},
                "changed_by_people": 1,
                "deleted_by_people": 1,
                "waiting": [
                    {
                        "key": later.key,
                        "title": later.title,
                        "course": "BIO-101",
                        "until": "2026-11-24T08:00:00+00:00",
                    }
                ],
                "conflicts": [{"key": taken.key, "title": "taken", "reason": NAME_TAKEN}],
                "doing": None,
                "open_intents": [{"key": lost.key, "action": "update", "opened": intent.opened.isoformat()}],
            },
            {
                "route": "never",
                "last_run": None,
                "items": {},
                "changed_by_people": 0,
                "deleted_by_people": 0,
                "waiting": [],
                "conflicts": [],
                "doing": None,
                "open_intents": [],
            },
        ],
    }


def test_a_run_that_was_killed_has_no_end(tmp_path: Path) -> None:
    with State.open(tmp_path / "state.sqlite") as state:
        state.history.begin_run("killed", "r", "moodle", started=NOW, checksum="c")
        (row,) = status_document([standing("r", state)])["routes"]
    assert (row["last_run"]["run"], row["last_run"]["ended"], row["last_run"]["exit_code"]) == ("killed", None, None)


HELD = replace(CHANGE, guarded=True)
CONFLICT = replace(SKIP, conflict=True)


@pytest.mark.parametrize(
    ("results", "pending", "code"),
    [
        ([PLAN], True, 0),
        ([replace(PLAN, changes=(SKIP,))], True, 0),
        ([replace(PLAN, changes=(CHANGE,))], False, 0),
        ([replace(PLAN, changes=(CHANGE,))], True, 3),
        ([replace(PLAN, changes=(HELD, CONFLICT))], True, 4),
        ([replace(PLAN, changes=(CONFLICT, CHANGE))], True, 5),
        ([replace(PLAN, changes=(HELD,), failures=(FAILURE,))], True, 1),
        ([PLAN, replace(PLAN, failures=(FAILURE,), unreachable=True)], True, 6),
        ([REPORT], False, 0),
        ([replace(REPORT, failures=(FAILURE,))], False, 1),
        ([replace(REPORT, held=(HELD,))], False, 4),
        ([replace(REPORT, skipped=(CONFLICT,))], False, 5),
        ([REPORT, replace(REPORT, unreachable=True, failures=(FAILURE,))], False, 6),
    ],
)
def test_exit_codes(results: list[Plan] | list[Report], pending: bool, code: int) -> None:
    assert exit_code(results, pending=pending) == code


@pytest.mark.parametrize(
    ("cost", "line"),
    [
        (Cost(), "no calls"),
        (Cost(1), "1 call"),
        (Cost(12, 1, 1.2), "12 calls, 1 SharePoint resource unit, about 1 second"),
        (Cost(2000, 4000, 600), "2000 calls, 4000 SharePoint resource units, about 10 minutes"),
    ],
)
def test_costs_are_told_in_words(cost: Cost, line: str) -> None:
    assert cost_line(cost) == line


def test_a_summary_names_only_what_there_is() -> None:
    assert summary_line({"created": 3, "updated": 0, "conflicts": 1}) == "3 created, 1 conflict"
    assert summary_line({"created": 0}) == "nothing to do"
    assert summary_line({"create": 2, "skip": 1}) == "2 to create, 1 left as it is"
    assert summary_line({"skip": 2, "conflicts": 2}) == "2 left as they are, 2 conflicts"


def test_a_destination_that_does_not_answer_is_not_told_as_nothing_to_do() -> None:
    lost = replace(PLAN, failures=(FAILURE,), unreachable=True)
    assert plan_lines(lost)[0] == "r: could not be planned"
    assert "could not be planned" in plan_markdown([lost]).partition("## r")[2]
    assert plan_lines(PLAN)[0] == "r: nothing to do"


def test_reviews_are_told_apart_by_their_keys() -> None:
    review = replace(CHANGE, kind=Kind.REVIEW, title="★★★★★ Biology", key="s:BIO-101/reviews/3af1")
    (line,) = [line for line in plan_lines(replace(PLAN, changes=(review,))) if "★" in line]
    assert line == (
        "  update   review “★★★★★ Biology” (s:BIO-101/reviews/3af1) in BIO-101: the source changed since the last sync"
    )


def test_a_missing_course_is_told_once_however_many_items_wait_for_it() -> None:
    failures = tuple(replace(FAILURE, key=f"s:{n}") for n in range(30))
    lines = report_lines(replace(REPORT, failures=failures))
    assert sum("There is no course X." in line for line in lines) == 1
    assert any("30 items: s:0, s:1" in line and line.endswith("and 10 more") for line in lines)


def test_tables_stay_tables_whatever_a_title_says() -> None:
    text = plan_markdown([replace(PLAN, changes=(CHANGE,))])
    assert "| update | page | BIO-101 | Cells \\| &lt;b> | the source changed since the last sync |" in text


def test_a_held_change_says_what_it_waits_for() -> None:
    lines = plan_lines(replace(PLAN, changes=(HELD,)))
    assert any("waits" in line and "update waits for approval" in line for line in lines)


def test_a_whole_run_can_be_told(tmp_path: Path) -> None:
    bench = Bench(MemoryDestination(), tmp_path)
    bench.fill(make_page(Course("BIO-101", "Cell Biology"), "a", "<p>Words.</p>"))
    assert "2 to create" in plan_lines(bench.plan())[0]
    report = bench.sync()
    assert report_lines(report)[0] == "bench: 2 created"
    assert "| create | page | BIO-101 | Sample page a | it is new in the source |" in report_markdown([report])
    with State.open(bench.file) as state:
        (row,) = status_document([standing("bench", state), standing("never", state)])["routes"][:1]
    assert row["items"] == {"page": 2}
    assert row["last_run"]["summary"]["created"] == 2
