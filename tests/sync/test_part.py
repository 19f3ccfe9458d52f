"""How a route's places are shared out among workers, and how what all of them did is told once."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from lms_bridge.connector import Action, Change, Outcome, Placement, PlaceRef, Status
from lms_bridge.errors import Problem
from lms_bridge.items import Course, Kind
from lms_bridge.sync.intent import SharedRun
from lms_bridge.sync.part import FEW, MOST_ITEMS, MOST_PLACES, Whole, grouped, report_of
from lms_bridge.sync.report import summary_of
from lms_bridge.sync.state_rows import outcome_row, to_outcome
from lms_bridge.testing.sample import make_item

PLACE = PlaceRef(Kind.PAGE, "7", "the wiki of BIO-101", "BIO-101")
ITEM = make_item(Kind.PAGE, Course("BIO-101", "Cell Biology"))


def sizes(places: int, items: list[int | None]) -> list[int]:
    """Of the groups of so many places, the first of which hold so many items; none: only records stand there."""
    refs = [PlaceRef(Kind.PAGE, f"{n:05}", f"the wiki of {n:05}", f"C{n:05}") for n in range(places)]
    placement = Placement({ref: [ITEM] * count for ref, count in zip(refs, items, strict=False) if count is not None})
    by_id = {ref.id: ref for ref in reversed(refs)}
    whole = Whole(run="1", route=None, view=None, placement=placement, places=by_id, addresses={})  # type: ignore[arg-type]
    groups = grouped(whole)
    assert [place for group in groups for place in group] == [ref.id for ref in refs], "each once, course by course"
    return [len(group) for group in groups]


MANY = FEW * MOST_PLACES


@pytest.mark.parametrize(
    ("places", "items", "groups"),
    [
        (0, [], []),
        (3, [1, 1, 1], [1, 1, 1]),
        (2 * FEW - 1, [], [1] * (2 * FEW - 1)),
        (2 * FEW, [], [2] * FEW),
        (2 * MANY, [], [MOST_PLACES] * (2 * FEW)),
        (MANY, [MOST_ITEMS - 1, 1, 1], [2, *[MOST_PLACES] * (FEW - 1), MOST_PLACES - 2]),
        (MANY, [MOST_ITEMS, 1], [1, *[MOST_PLACES] * (FEW - 1), MOST_PLACES - 1]),
        (MANY, [5 * MOST_ITEMS, MOST_ITEMS, 1], [1, 1, *[MOST_PLACES] * (FEW - 1), MOST_PLACES - 2]),
        (MANY, [MOST_ITEMS], [MOST_PLACES] * FEW),
        (MANY, [MOST_ITEMS + 1], [1, *[MOST_PLACES] * (FEW - 1), MOST_PLACES - 1]),
        (MANY, [MOST_ITEMS, None, 1], [2, *[MOST_PLACES] * (FEW - 1), MOST_PLACES - 2]),
        (MANY, [0, MOST_ITEMS, 1], [2, *[MOST_PLACES] * (FEW - 1), MOST_PLACES - 2]),
    ],
    ids=["none", "few places", "not yet two in a group", "two in a group", "very many places", "items fill a group",
         "a place fills a group", "a place is larger than a group", "records join a full group",
         "and none too full", "records are no items", "a place without items"],
)  # fmt: skip
def test_groups_are_small_enough_to_be_begun_again_and_many_enough_for_many_workers(
    places: int, items: list[int | None], groups: list[int]
) -> None:
    assert sizes(places, items) == groups


CREATED, ADOPTED, UPDATED = Action.CREATE, Action.ADOPT, Action.UPDATE


@pytest.mark.parametrize(
    ("told", "counted"),
    [
        ([CREATED], {"created": 1}),
        ([CREATED, ADOPTED], {"created": 1}),
        ([ADOPTED, CREATED], {"created": 1}),
        ([ADOPTED, ADOPTED], {"adopted": 1}),
        ([ADOPTED, UPDATED], {"adopted": 1, "updated": 1}),
    ],
)
def test_what_one_worker_created_and_another_found_is_told_once(told: list[Action], counted: dict[str, int]) -> None:
    """A database that went away takes a worker's places from it, while the answer to its write is on the way."""
    now = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    shared = SharedRun(run="1", route="r", opened=now, ended=now, rest={}, groups=1, left=0)
    change = {"key": "s:a", "kind": Kind.PAGE, "place": PLACE, "course": "BIO-101", "title": "Cells", "reason": ""}
    done = [(Outcome(change=Change(action=action, **change), status=Status.DONE), "done") for action in told]  # type: ignore[arg-type]
    state = SimpleNamespace(sharing=SimpleNamespace(outcomes=lambda _run, _route: done))
    report = report_of(shared, state)  # type: ignore[arg-type]
    assert {name: count for name, count in summary_of([report]).items() if count} == counted


REFUSED = Problem("It was refused.", "BIO-101/cells.md:3", "Ask why.")


@pytest.mark.parametrize(
    ("called", "problem", "status", "conflict", "guarded"),
    [
        ("done", None, Status.DONE, False, False),
        ("failed", REFUSED, Status.FAILED, False, False),
        ("failed", Problem("It was refused."), Status.FAILED, False, False),
        ("ambiguous", REFUSED, Status.AMBIGUOUS, False, False),
        ("conflict", None, Status.CONFLICT, True, False),
        ("held", None, Status.DONE, False, True),
        ("skipped", None, Status.DONE, False, False),
        ("postponed", None, Status.DONE, False, False),
    ],
)
@pytest.mark.parametrize("known", [True, False], ids=["a place of the route", "a place that it had"])
def test_what_a_worker_did_or_left_is_told_in_the_report_as_it_was(
    called: str, problem: Problem | None, status: Status, *, conflict: bool, guarded: bool, known: bool
) -> None:
    change = Change(
        action=Action.UPDATE, key="s:a", kind=Kind.PAGE, place=PLACE, course="BIO-101", title="Cells", reason="newer"
    )
    row = outcome_row("1", "r", Outcome(change=change, status=status, problem=problem)) | {"status": called}
    told = to_outcome(row, {PLACE.id: PLACE} if known else {})  # type: ignore[arg-type]
    assert (told.status, told.problem, told.change.place.id) == (status, problem, PLACE.id)
    assert (told.change.conflict, told.change.guarded) == (conflict, guarded)
    if known:
        assert told.change == replace(change, conflict=conflict, guarded=guarded)
