"""Whose an entry is, who changed it last, and which are read to know it."""

from dataclasses import replace
from typing import Any

import pytest
from found_world import BASE, BIO, ENTRY, KEY, PERSON, RECORD, SOURCE, found, text, wanted

from lms_bridge.connector import Entry, Record
from lms_bridge.items import Kind, mark
from lms_bridge.sync.decision import Stands
from lms_bridge.sync.digest import body_digest
from lms_bridge.sync.policy import Answer, Drift, Policy
from lms_bridge.sync.rows import Found, rows, to_read

POLICY = Policy(installation="north")
OVER = replace(POLICY, drift={Kind.PAGE: Drift.OVERWRITE})
DRIFTED, DELETED = replace(RECORD, drifted=True), replace(RECORD, deleted=True)
NEWER, UNMARKED = replace(ENTRY, version="2"), replace(ENTRY, mark=None)
OTHER = "s:BIO-101/page/other"
FOREIGN = Entry(ref="7", version="1", name="CELLS")


def stands(told: Found, key: str = KEY) -> tuple[str | None, Stands]:
    (row,) = [row for row in rows(told, POLICY) if row.key == key]
    return row.entry.ref if row.entry else None, row.stands


@pytest.mark.parametrize(
    ("payload", "record", "entry", "policy", "answered", "read"),
    [
        (wanted(), RECORD, ENTRY, POLICY, False, False),
        (wanted(), RECORD, ENTRY, OVER, False, False),
        (wanted(SOURCE), RECORD, ENTRY, POLICY, False, False),
        (wanted(), RECORD, NEWER, POLICY, False, True),
        (None, RECORD, NEWER, POLICY, False, True),
        (wanted(), DRIFTED, ENTRY, POLICY, False, False),
        (wanted(SOURCE), DRIFTED, ENTRY, POLICY, False, True),
        (wanted(), DRIFTED, ENTRY, OVER, False, True),
        (None, DRIFTED, ENTRY, OVER, False, False),
        (wanted(), DRIFTED, ENTRY, POLICY, True, True),
        (wanted(), DELETED, NEWER, POLICY, False, False),
        (wanted(), None, ENTRY, POLICY, False, False),
        (wanted(), RECORD, replace(NEWER, installation="south"), POLICY, False, False),
    ],
    ids=[
        "in step", "in step, and a person's words would be written over", "changed in the source alone",
        "another version", "another version of an orphan",
        "known to hold a person's words", "the same, and the source changed", "the same, to be written over",
        "an orphan with a person's words", "the same, and decided on", "deleted and back", "never remembered",
        "another installation's",
    ],
)  # fmt: skip
def test_an_entry_is_read_only_where_it_must_be_known_what_a_person_made_of_it(
    payload: Any, record: Record | None, entry: Entry, policy: Policy, *, answered: bool, read: bool
) -> None:
    told = found(payload, record, entry, answers={KEY: Answer.OURS} if answered else {})
    assert to_read(told, policy) == ([entry] if read else [])


@pytest.mark.parametrize(
    ("record", "entries", "where", "how"),
    [
        (RECORD, [UNMARKED], "1", Stands.UNCHANGED),
        (DELETED, [UNMARKED], "1", Stands.FOREIGN),
        (RECORD, [replace(ENTRY, mark=mark(OTHER))], "1", Stands.FOREIGN),
        (RECORD, [replace(ENTRY, mark=mark(OTHER)), replace(ENTRY, ref="2")], "2", Stands.UNCHANGED),
        (None, [FOREIGN], "7", Stands.FOREIGN),
        (RECORD, [replace(ENTRY, unfinished=True)], "1", Stands.UNCHANGED),
        (RECORD, [replace(NEWER, unfinished=True)], "1", Stands.OURS),
    ],
    ids=[
        "a person took the mark away", "the same after it was deleted", "another item's stands where ours was",
        "the same, and ours stands elsewhere", "somebody has the name", "it was cut off and is remembered",
        "it was cut off and is not",
    ],
)  # fmt: skip
def test_an_entry_is_ours_by_what_is_remembered_or_by_its_mark(
    record: Record | None, entries: list[Entry], where: str | None, how: Stands
) -> None:
    assert stands(found(wanted(), record, *entries)) == (where, how)


@pytest.mark.parametrize(("taking", "how"), [({}, Stands.OTHERS), ({"takeover": True}, Stands.UNCHANGED)])
def test_what_another_installation_wrote_is_its_own_unless_it_was_said_to_be_taken_over(
    taking: dict[str, bool], how: Stands
) -> None:
    told = found(wanted(), RECORD, replace(ENTRY, installation="south"))
    (row,) = rows(told, Policy(installation="north", **taking))  # type: ignore[arg-type]
    assert row.stands is how


@pytest.mark.parametrize(("deleted", "how"), [(False, Stands.ABSENT), (True, Stands.FOREIGN)])
def test_a_page_of_ours_without_its_mark_is_nobody_elses_unless_it_was_deleted(*, deleted: bool, how: Stands) -> None:
    told = found(wanted(key=OTHER, address="cells"), replace(RECORD, deleted=deleted), UNMARKED)
    assert stands(told, OTHER)[1] is how


def test_a_discussion_may_have_the_title_of_somebody_elses() -> None:
    told = found(wanted(kind=Kind.PROMPT), None, FOREIGN, place=replace(BIO, kind=Kind.PROMPT))
    assert stands(told) == (None, Stands.ABSENT)


def test_a_row_has_the_title_of_the_source_or_else_the_one_that_is_remembered() -> None:
    titles = [next(rows(found(p, replace(RECORD, title="Old"), ENTRY), POLICY)).title for p in (wanted(), None)]
    assert titles == ["Cells", "Old"]


LOSSY = "<p>1.</p><p>2.</p>"


@pytest.mark.parametrize(
    ("left", "person"), [(BASE, PERSON), (LOSSY, LOSSY.replace("1", "One"))], ids=["their own", "what was lost there"]
)
def test_what_a_person_wrote_is_theirs_while_the_source_stays_as_it_was(left: str, person: str) -> None:
    """Even where they put back a part of what the destination did not keep of it: no sync wrestles with them."""
    record = replace(RECORD, base=left, digest=body_digest(text(left)))
    assert stands(found(wanted(BASE), record, NEWER, stands=person)) == ("1", Stands.DRIFTED)
