"""What was looked at is what is applied: whatever else would be written is refused, whichever of them comes first."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from lms_bridge.connector import Action, Change, Entry, Payload, PlaceRef
from lms_bridge.errors import StateError, UsageError
from lms_bridge.items import Course, Kind
from lms_bridge.sync.intent import Review
from lms_bridge.sync.reviewed import refuse_unknown, refuse_unreviewed, refuse_unseen
from lms_bridge.sync.run import Plan
from lms_bridge.testing.sample import make_page

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
PAGE = make_page(Course("BIO-101", "Cell Biology"), "cells", "<p>Ours.</p>", title="Cells")
PLACE = PlaceRef(Kind.PAGE, "7", "the wiki of BIO-101", "BIO-101")
ENTRY = Entry(ref="17", version="3", name="Cells")
CHANGE = Change(
    action=Action.SKIP, key=PAGE.key, kind=Kind.PAGE, place=PLACE, course="BIO-101", title="Cells",
    reason="both changed", entry=ENTRY, conflict=True,
)  # fmt: skip
OURS = Payload(
    key=PAGE.key, kind=Kind.PAGE, course="BIO-101", title="Cells", address="cells", body="<p>Ours.</p>", fingerprint="f"
)
REVIEW = Review(
    route="r", place=PLACE.id, key=PAGE.key, kind=Kind.PAGE, title="Cells", course="BIO-101", reason="both changed",
    found=NOW, url=None, fingerprint="", version="3", sides=None,
)  # fmt: skip
NEWER = replace(CHANGE, entry=replace(ENTRY, version="4"))
ELSEWHERE = replace(NEWER, place=replace(PLACE, container="8"))
ANOTHER = replace(NEWER, key="s:other")


def plan(*changes: Change, in_step: Sequence[Change] = (), checksum: str = "") -> Plan:
    return Plan(route="r", destination="moodle", made=NOW, changes=changes, in_step=tuple(in_step), checksum=checksum)


@pytest.mark.parametrize(
    ("planned", "in_step"),
    [
        ([CHANGE], []),
        ([ANOTHER, ELSEWHERE, CHANGE], []),
        ([ANOTHER], [ELSEWHERE, CHANGE]),
        ([ELSEWHERE], [ANOTHER]),
    ],
    ids=["alone", "after others", "in step by now", "gone by now"],
)
def test_an_answer_goes_by_what_it_was_given_to_and_by_nothing_else(
    planned: Sequence[Change], in_step: Sequence[Change]
) -> None:
    refuse_unseen(plan(*planned, in_step=in_step), REVIEW)


@pytest.mark.parametrize(
    "now",
    [
        NEWER,
        replace(CHANGE, entry=None),
        replace(CHANGE, payload=OURS),
    ],
    ids=["written there", "gone there", "written here"],
)
@pytest.mark.parametrize("in_step", [False, True])
def test_an_answer_to_what_changed_since_is_refused_whatever_else_is_planned(now: Change, in_step: bool) -> None:
    others = [replace(ANOTHER, place=replace(PLACE, container="8")), ELSEWHERE, ANOTHER]
    planned = plan(*others, in_step=[now]) if in_step else plan(*others, now)
    with pytest.raises(StateError, match=f"{PAGE.key}: one of the two sides changed"):
        refuse_unseen(planned, REVIEW)


def test_both_sides_are_the_ones_that_were_looked_at() -> None:
    both = plan(replace(CHANGE, payload=OURS))
    refuse_unseen(both, replace(REVIEW, fingerprint=OURS.fingerprint))
    with pytest.raises(StateError):
        refuse_unseen(both, REVIEW)
    with pytest.raises(StateError):
        refuse_unseen(plan(replace(CHANGE, entry=None)), replace(REVIEW, fingerprint=OURS.fingerprint, version=""))


def test_of_many_routes_each_that_would_write_must_have_been_reviewed() -> None:
    writes = replace(CHANGE, action=Action.UPDATE)
    still = plan(CHANGE, checksum="nothing to write")
    refuse_unreviewed([still, plan(writes, checksum="a"), plan(writes, checksum="b")], ["b", "a"])
    with pytest.raises(StateError, match=r"no longer what was reviewed \(checksum b\)"):
        refuse_unreviewed([still, plan(writes, checksum="a"), plan(writes, checksum="b")], ["a"])


def test_an_approval_of_what_is_not_planned_is_told_though_others_are() -> None:
    plans = [plan(checksum="a"), plan(checksum="b")]
    refuse_unknown(["b", "a"], plans)
    refuse_unknown([], plans)
    with pytest.raises(UsageError, match="no plan has the checksum c now"):
        refuse_unknown(["a", "c"], plans)
