"""What the state keeps apart for each route and each run, and what it holds on to until somebody has decided."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lms_bridge.connector import Action, Change, Entry, Outcome, PlaceRef, Record, Status
from lms_bridge.items import Kind
from lms_bridge.sync.intent import Doing, Intent, Settled
from lms_bridge.sync.state import State

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
PLACE = PlaceRef(Kind.PAGE, "site,1,2", "the pages of BIO-101", "BIO-101")
RECORD = Record(
    key="s:a", kind=Kind.PAGE, place=PLACE.id, ref="17", name="Cells", fingerprint="f", version="3", digest="d",
    title="Cells", course="BIO-101", url="https://moodle.example/record",
)  # fmt: skip
ENTRY = Entry(ref="17", version="4", name="Cells", url="https://moodle.example/entry")
CONFLICT = Change(
    action=Action.SKIP, key="s:a", kind=Kind.PAGE, place=PLACE, course="BIO-101", title="Cells", reason="both changed",
    conflict=True,
)  # fmt: skip
INTENT = Intent(route="r", place=PLACE.id, key="s:a", run="1", action="create", fingerprint="f", digest="d", opened=NOW)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with State.open(tmp_path / "state.sqlite") as opened:
        yield opened


def doing(route: str, stage: str) -> Doing:
    return Doing(route=route, run=f"run of {route}", process="7", stage=stage, done=1, total=2, since=NOW, beat=NOW)


def test_what_is_going_on_is_told_of_each_route_by_itself(state: State) -> None:
    for route in ("east", "west"):
        state.history.beat(doing(route, "source"))
    state.history.beat(doing("west", "writing"))
    assert state.history.doing("east") == doing("east", "source")
    assert state.history.doing("west") == doing("west", "writing")
    state.history.stop_beating("east")
    assert (state.history.doing("east"), state.history.doing("west")) == (None, doing("west", "writing"))


def test_each_route_goes_on_where_it_read_its_own_source_last(state: State) -> None:
    for route in ("east", "west"):
        state.save_cursor(route, f"cursor of {route}")
    state.save_cursor("west", "further west")
    assert [state.cursor(route) for route in ("east", "west", "north")] == ["cursor of east", "further west", None]


def test_each_route_keeps_away_what_was_forgotten_there(state: State) -> None:
    state.history.keep_away("east", ["ann"], NOW)
    state.history.keep_away("west", ["ann", "bob"], NOW)
    kept = [state.history.kept_away(route) for route in ("east", "west", "north")]
    assert kept == [{"ann"}, {"ann", "bob"}, frozenset()]


def test_a_plan_is_made_anew_when_what_it_goes_by_changed_and_not_for_anything_else(state: State) -> None:
    def rename(route: str) -> None:
        state.save_places(route, [replace(PLACE, title="renamed")], listed={})

    def add(route: str, destination: str) -> None:
        state.save_records(route, destination, [replace(RECORD, key="s:b")])

    # Of mine nothing stands there yet; beside it another route fills the same Moodle, and one a SharePoint.
    for route in ("mine", "beside", "elsewhere"):
        state.save_places(route, [PLACE], listed={})
    state.save_records("beside", "moodle", [RECORD])
    state.save_records("elsewhere", "sharepoint", [RECORD])
    told: dict[str, bool] = {}
    for what, change in {
        "the place of mine": lambda: rename("mine"),
        "a place beside it": lambda: rename("beside"),
        "a place elsewhere": lambda: rename("elsewhere"),
        "an entry beside it": lambda: add("beside", "moodle"),
        "an entry elsewhere": lambda: add("elsewhere", "sharepoint"),
        "a write of mine": lambda: state.write_intents([replace(INTENT, route="mine")]),
        "a write beside it": lambda: state.write_intents([replace(INTENT, route="beside")]),
        "how far mine was read": lambda: state.save_cursor("mine", "7"),
        "how far another was read": lambda: state.save_cursor("beside", "7"),
        "a conflict of mine": lambda: state.history.save_reviews("mine", [CONFLICT], found=NOW),
        "a conflict beside it": lambda: state.history.save_reviews("beside", [CONFLICT], found=NOW),
        "who is forgotten by mine": lambda: state.history.keep_away("mine", ["ann"], NOW),
        "who is forgotten by another": lambda: state.history.keep_away("beside", ["ann"], NOW),
        "an entry of mine": lambda: add("mine", "moodle"),
    }.items():
        before = state.standing("mine", "moodle")
        change()
        told[what] = state.standing("mine", "moodle") != before
    assert [what for what, changed in told.items() if changed] == [
        "the place of mine",
        "a place beside it",
        "an entry beside it",
        "a write of mine",
        "how far mine was read",
        "a conflict of mine",
        "who is forgotten by mine",
        "an entry of mine",
    ]


def test_a_plan_goes_by_what_a_few_writes_left_without_looking_at_everything_again(state: State) -> None:
    many = [replace(RECORD, key=f"s:{number}", name=f"Cell {number} 🧬") for number in range(1100)]
    state.save_records("mine", "moodle", many)
    (before, _), changed = state.standing("mine", "moodle"), many[:1020]
    for apart, turned in enumerate([{"version": "4", "fingerprint": "g"}, {"drifted": True}, {"hidden": True}]):
        state.save_records("mine", "moodle", [replace(record, **turned) for record in changed[apart::3]])
    state.forget_records("mine", changed[:2])
    state.save_cursor("mine", "7")
    now, _ = state.standing("mine", "moodle")
    assert (state.standing_after(before, "mine", "moodle", changed), now != before) == (now, True)


@pytest.mark.parametrize("turned", [{"name": "Roots"}, {"version": "4"}, {"fingerprint": "g"}, {"deleted": True}])
def test_what_another_one_turned_meanwhile_is_seen_by_the_next_plan(state: State, turned: dict[str, Any]) -> None:
    other = replace(RECORD, key="s:b")
    state.save_records("mine", "moodle", [RECORD, other])
    before, _ = state.standing("mine", "moodle")
    state.save_records("mine", "moodle", [replace(RECORD, version="4"), replace(other, **turned)])
    assert state.standing_after(before, "mine", "moodle", [RECORD]) != state.standing("mine", "moodle")[0]


def test_a_run_is_known_by_its_route_and_its_name(state: State) -> None:
    state.history.begin_run("1", "east", "moodle", started=NOW, checksum="c")
    known = [state.history.has_run(run, route) for run, route in (("1", "east"), ("1", "west"), ("2", "east"))]
    assert known == [True, False, False]


def test_a_run_that_looked_at_a_part_leaves_the_conflicts_of_the_rest(state: State) -> None:
    other = replace(CONFLICT, key="s:b")
    state.history.save_reviews("r", [CONFLICT, other], found=NOW)
    state.history.save_reviews("r", [], found=NOW, judged=[(PLACE.id, "s:b")])
    assert [review.key for review in state.history.reviews("r")] == ["s:a"]
    later = NOW + timedelta(hours=1)
    state.history.save_reviews("r", [replace(CONFLICT, reason="still"), other], found=later, judged=[])
    assert [(review.key, review.reason, review.found) for review in state.history.reviews("r")] == [
        ("s:a", "still", NOW),
        ("s:b", "both changed", later),
    ]


@pytest.mark.parametrize(
    ("entry", "record", "address"),
    [
        (ENTRY, RECORD, ENTRY.url),
        (ENTRY, None, ENTRY.url),
        (replace(ENTRY, url=None), RECORD, RECORD.url),
        (None, RECORD, RECORD.url),
        (None, None, None),
    ],
)
def test_a_conflict_leads_to_where_the_entry_stands_or_to_where_it_stood(
    state: State, entry: Entry | None, record: Record | None, address: str | None
) -> None:
    state.history.save_reviews("r", [replace(CONFLICT, entry=entry, record=record)], found=NOW)
    (review,) = state.history.reviews("r")
    assert review.url == address


@pytest.mark.parametrize(
    ("record", "forget", "closed", "open_after"),
    [(RECORD, False, False, 0), (None, True, False, 0), (None, False, True, 0), (None, False, False, 1)],
    ids=["a record", "nothing stands there", "known otherwise", "not known"],
)
def test_earlier_writes_are_closed_once_it_is_known_what_stands_there(
    state: State, record: Record | None, forget: bool, closed: bool, open_after: int
) -> None:
    for run in ("1", "2"):
        state.history.begin_run(run, "r", "moodle", started=NOW, checksum="c")
    state.write_intents([INTENT])
    outcome = Outcome(change=replace(CONFLICT, action=Action.UPDATE), status=Status.DONE)
    state.settle("r", "moodle", "2", [Settled(outcome=outcome, record=record, forget=forget, closed=closed)])
    assert len(state.open_intents("r")) == open_after


def test_writes_whose_end_became_known_are_closed_and_no_others(state: State) -> None:
    state.write_intents([INTENT, replace(INTENT, key="s:b"), replace(INTENT, route="other")])
    state.close_intents("r", [(PLACE.id, "s:a")])
    assert [intent.key for intent in state.open_intents("r")] == ["s:b"]
    assert [intent.key for intent in state.open_intents("other")] == ["s:a"]
