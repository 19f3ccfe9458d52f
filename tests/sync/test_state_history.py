"""What the state keeps apart for each route and each run, and what it holds on to until somebody has decided."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lms_bridge.connector import Action, Change, Entry, Outcome, PlaceRef, Record, Status
from lms_bridge.items import Kind
from lms_bridge.sync.intent import Doing, Intent
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
    state.settle("r", "moodle", "2", outcome, record=record, forget=forget, closed=closed)
    assert len(state.open_intents("r")) == open_after


def test_writes_whose_end_became_known_are_closed_and_no_others(state: State) -> None:
    state.write_intents([INTENT, replace(INTENT, key="s:b"), replace(INTENT, route="other")])
    state.close_intents("r", [(PLACE.id, "s:a")])
    assert [intent.key for intent in state.open_intents("r")] == ["s:b"]
    assert [intent.key for intent in state.open_intents("other")] == ["s:a"]
