"""What is planned for one page: what a change tells, and what is remembered although nothing is written."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from found_world import (
    BASE,
    BIO,
    BOTH,
    CLASH,
    ENTRY,
    KEY,
    NOW,
    PERSON,
    RECORD,
    SOURCE,
    adapt,
    found,
    text,
    wanted,
)  # fmt: skip

from lms_bridge.connector import Action, Change, Record
from lms_bridge.items import Kind
from lms_bridge.sync.decision import BOTH_GONE, DRIFT_CONFLICT, MERGE_CUT_OFF, NEW, ORPHAN_REPORT, Listed
from lms_bridge.sync.digest import body_digest
from lms_bridge.sync.plan import make_plan
from lms_bridge.sync.policy import Answer, Drift, Policy, Prune
from lms_bridge.sync.remembered import copy_key
from lms_bridge.sync.rows import Found, Writing

REPORT, MERGE, KEEP = (Policy(drift={Kind.PAGE: drift}) for drift in (Drift.REPORT, Drift.MERGE, Drift.KEEP_BOTH))
NEWER, HALF = replace(ENTRY, version="2"), replace(ENTRY, version="2", unfinished=True)
THEIRS = {"answers": {KEY: Answer.THEIRS}}
COPY = copy_key(KEY, body_digest(text(PERSON)))


def planned(told: Found, policy: Policy = REPORT) -> Change:
    decided = make_plan(told, policy, NOW)
    (change,) = [*decided.changes, *decided.in_step]
    return change


def remembered(told: Found, policy: Policy = REPORT) -> Record:
    (record,) = make_plan(told, policy, NOW).refreshed
    return record


CUT_OFF: dict[str, Any] = {"merges": {KEY: frozenset({("elsewhere", "another")})}}


def test_what_a_person_decided_to_keep_is_written_again_only_where_readers_do_not_see_it_yet() -> None:
    half, whole = (found(wanted(SOURCE), RECORD, e, stands=PERSON, **CUT_OFF, **THEIRS) for e in (HALF, NEWER))
    assert planned(half).reason == MERGE_CUT_OFF
    assert make_plan(whole, REPORT, NOW).changes == ()
    undecided = found(wanted(CLASH), RECORD, HALF, stands=PERSON, **CUT_OFF)
    assert planned(undecided).reason == DRIFT_CONFLICT


def test_a_decision_is_remembered_as_the_answer_to_the_item_as_it_is_now() -> None:
    hidden = replace(RECORD, hidden=True)
    record = remembered(found(wanted(SOURCE), hidden, NEWER, stands=PERSON, **THEIRS))
    assert (record.fingerprint, record.base, record.drifted, record.hidden) == (SOURCE, SOURCE, True, False)


def test_who_took_the_sources_change_over_and_added_to_it_is_not_written_over() -> None:
    told = found(wanted(SOURCE), RECORD, NEWER, stands=BOTH)
    assert make_plan(told, MERGE, NOW).changes == ()
    assert remembered(told, MERGE).fingerprint == SOURCE


def test_what_a_person_wrote_as_the_source_has_it_is_no_longer_a_persons() -> None:
    told = found(wanted(SOURCE), replace(RECORD, drifted=True), NEWER, stands=SOURCE)
    assert remembered(told).drifted is False


@pytest.mark.parametrize(("url", "kept"), [("https://new", "https://new"), (None, "https://old")])
def test_where_an_entry_stands_is_remembered_from_the_last_listing_that_tells_it(url: str | None, kept: str) -> None:
    record = replace(RECORD, url="https://old", version="0")
    assert remembered(found(wanted(), record, replace(ENTRY, url=url), stands=BASE)).url == kept


@pytest.mark.parametrize(("carried", "kept"), [("print", "print"), (None, "")])
def test_a_write_that_arrived_for_an_item_that_is_gone_is_remembered(carried: str | None, kept: str) -> None:
    arrived = {KEY: frozenset({body_digest(text(SOURCE))})}
    told = found(None, RECORD, replace(NEWER, fingerprint=carried), stands=SOURCE, ours=arrived)
    assert (remembered(told).fingerprint, remembered(told).base) == (kept, SOURCE)


@pytest.mark.parametrize(
    ("payload", "stands", "policy", "shown"),
    [
        (wanted(), PERSON, REPORT, False),
        (wanted(CLASH), PERSON, REPORT, True),
        (wanted(SOURCE), PERSON, MERGE, True),
        (wanted(SOURCE), BASE, MERGE, False),
    ],
    ids=["the person's alone", "a conflict", "merged", "the source's alone"],
)
def test_both_sides_are_shown_where_both_changed(payload: Any, stands: str, policy: Policy, *, shown: bool) -> None:
    assert (planned(found(payload, RECORD, NEWER, stands=stands), policy).sides is not None) is shown


@pytest.mark.parametrize("policy", [MERGE, KEEP])
def test_where_a_persons_words_cannot_be_written_again_it_is_a_conflict(policy: Policy) -> None:
    told = found(wanted(SOURCE), RECORD, NEWER, stands=PERSON, writing=Writing(), copies={COPY: "Copy"})
    change = planned(told, policy)
    assert (change.action, change.reason, change.conflict) == (Action.SKIP, DRIFT_CONFLICT, True)
    unnamed = replace(told, writing=Writing(adapt), copies={})
    assert planned(unnamed, KEEP).conflict


@pytest.mark.parametrize(("theirs", "copied"), [("Cells", "All cells"), ("Ann's cells", "Ann's cells")])
def test_a_copy_has_the_title_of_the_source_unless_the_person_gave_another(theirs: str, copied: str) -> None:
    body = text(PERSON, theirs)
    told = found(
        wanted(CLASH, title="All cells"), RECORD, NEWER, stands=body,
        copies={copy_key(KEY, body_digest(body)): "Copy"},
    )  # fmt: skip
    (copy, ours) = make_plan(told, KEEP, NOW).changes
    assert (copy.action, copy.title) == (Action.CREATE, f"{copied} (as people left it, 2026-11-23)")
    assert ours.after == copy.key


@pytest.mark.parametrize(("theirs", "copied"), [("Cells", "All cells"), ("Ann's cells", "Ann's cells")])
def test_where_nobody_knows_which_title_we_gave_it_a_copy_has_any_that_we_would_not_give_it(
    theirs: str, copied: str
) -> None:
    """As in a wiki, where a page keeps its name whatever title the source gives it later."""
    body = text(PERSON, theirs)
    told = found(
        wanted(CLASH, title="All cells"), replace(RECORD, drifted=True, base="", base_title="", base_fields=None),
        NEWER, stands=body, copies={copy_key(KEY, body_digest(body)): "Copy"}, expected={KEY: text(CLASH)},
    )  # fmt: skip
    (copy, _) = make_plan(told, KEEP, NOW).changes
    assert copy.title == f"{copied} (as people left it, 2026-11-23)"


def test_only_what_is_not_due_yet_waits() -> None:
    hour = timedelta(hours=1)
    later, due = wanted(SOURCE, not_before=NOW + hour), wanted(SOURCE, not_before=NOW - hour)
    assert [waiting.until for waiting in make_plan(found(later, None), REPORT, NOW).waiting] == [NOW + hour]
    assert make_plan(found(due, None), REPORT, NOW).waiting == ()
    assert make_plan(found(later, RECORD, ENTRY), REPORT, NOW).waiting == ()


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({}, ORPHAN_REPORT),
        ({"elsewhere": frozenset({KEY})}, f"its item belongs in another place now; here, {ORPHAN_REPORT}"),
        (
            {"held": {KEY: "cells.md:3"}, "listed": Listed.PARTLY},
            "its item is held back because of the problem told for cells.md:3; what stands is left as it is",
        ),
    ],
)
def test_an_orphan_tells_why_it_is_one(other: dict[str, Any], reason: str) -> None:
    assert planned(found(None, RECORD, ENTRY, **other)).reason == reason


def test_an_item_in_its_place_does_not_belong_elsewhere() -> None:
    told = found(wanted(SOURCE), RECORD, ENTRY, elsewhere=frozenset({KEY}))
    assert "another place" not in planned(told).reason


def test_a_page_with_a_page_below_it_is_not_deleted() -> None:
    below = wanted(key="s:BIO-101/page/below", parent=KEY, address="Below")
    told = replace(found(None, RECORD, ENTRY), payloads=[below])
    changes = make_plan(told, Policy(prune={Kind.PAGE: Prune.DELETE}), NOW).changes
    assert [change.action for change in changes if change.key == KEY] == [Action.SKIP]


@pytest.mark.parametrize(("known", "told"), [("ECO-200", "ECO-200"), ("", "BIO-101")])
def test_an_orphan_is_told_under_the_course_that_it_was_written_for_or_that_of_its_place(known: str, told: str) -> None:
    assert planned(found(None, replace(RECORD, course=known), ENTRY)).course == told
    assert planned(found(None, replace(RECORD, course=""), ENTRY, place=replace(BIO, course=None))).course == ""


@pytest.mark.parametrize(
    ("record", "entry", "stands", "known"),
    [
        (RECORD, ENTRY, None, BASE),
        (RECORD, NEWER, PERSON, PERSON),
        (RECORD, NEWER, None, None),
        (replace(RECORD, drifted=True), ENTRY, None, None),
        (replace(RECORD, deleted=True), NEWER, None, None),
    ],
    ids=["as we wrote it", "read", "another version that was not read", "a person's words", "deleted and back"],
)
def test_what_stands_there_is_told_where_it_is_known(
    record: Record, entry: Any, stands: str | None, known: str | None
) -> None:
    before = planned(found(wanted(fingerprint="another"), record, entry, stands=stands)).before
    assert (before.html if before is not None else None) == known


def test_a_page_is_made_before_the_pages_below_it() -> None:
    parent = wanted(key="s:BIO-101/page/z", address="Z")
    child = wanted(key="s:BIO-101/page/a", address="A", parent=parent.key)
    told = replace(found(None, None), payloads=[child, parent])
    assert [change.key for change in make_plan(told, REPORT, NOW).changes] == [parent.key, child.key]


def test_a_page_that_a_person_deleted_is_not_said_to_be_renamed() -> None:
    """With the identity of the deleted one the new one would never be made."""
    renamed = wanted(key="s:BIO-101/page/rooms")
    standing = make_plan(found(renamed, RECORD, ENTRY), REPORT, NOW).changes
    deleted = make_plan(found(renamed, replace(RECORD, deleted=True)), REPORT, NOW).changes
    assert ["looks like a rename" in change.reason for change in standing] == [True, True]
    assert [change.reason for change in deleted] == [NEW, BOTH_GONE]
