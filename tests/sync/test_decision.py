"""The decision table, whole: every combination of what the source wants, what we remember and what stands there."""

import re
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from lms_bridge.connector import Action, Payload, Record
from lms_bridge.items import Kind
from lms_bridge.sync.decision import (
    DRIFT_CONFLICT,
    DRIFT_GONE,
    NAME_TAKEN,
    REF_TAKEN,
    Case,
    Listed,
    Stands,
    Verdict,
    decide,
)
from lms_bridge.sync.policy import Deleted, Drift, Policy, Prune

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

ITEM = ("none", "wanted", "later")
RECORD = ("none", "same", "other", "deleted")
STANDS = tuple(Stands)
AXES = (ITEM, RECORD, STANDS, tuple(Listed), tuple(Drift), tuple(Deleted), tuple(Prune))

# Each row: item · record · what stands · source listing · drift · deleted · prune → what is done.
# Words in one cell separated by a space are alternatives; * is anything. No two rows may fit one case.
ROWS = """
wanted        none         absent                             *      *         *        *      → create
later         none         absent                             *      *         *        *      → skip waits
wanted        none         unlisted                           *      *         *        *      → skip
later         none         unlisted                           *      *         *        *      → skip waits
wanted,later  none         foreign                            *      *         *        *      → skip conflict
wanted,later  none         unchanged,drifted,equal,ours,unread *     *         *        *      → adopt

wanted,later  deleted      absent,unlisted                    *      *         respect  *      → skip
wanted        deleted      absent                             *      *         recreate *      → create
later         deleted      absent,unlisted                    *      *         recreate *      → skip waits
wanted        deleted      unlisted                           *      *         recreate *      → skip
wanted,later  deleted      foreign                            *      *         *        *      → skip conflict
wanted,later  deleted      unchanged,drifted,equal,ours,unread *     *         *        *      → adopt

wanted,later  same,other   absent                             *      *         respect  *      → skip forgetful
wanted        same,other   absent                             *      *         recreate *      → create
later         same,other   absent                             *      *         recreate *      → skip waits
wanted,later  same         unchanged,equal,unlisted           *      *         *        *      → nothing
wanted,later  other        equal                              *      *         *        *      → nothing
wanted,later  other        unchanged                          *      *         *        *      → update
wanted,later  other        unlisted                           *      *         *        *      → skip
wanted,later  same,other   ours                               *      *         *        *      → update
wanted,later  same,other   drifted                            *      overwrite *        *      → update
wanted,later  same         drifted                            *      report    *        *      → skip
wanted,later  other        drifted                            *      report    *        *      → skip conflict
wanted,later  same,other   foreign                            *      *         *        *      → skip conflict
wanted,later  same,other   unread                             *      *         *        *      → skip

none          *            *                                  partly,held *    *        *      → skip
none          *            absent,foreign                     whole  *         *        *      → forget
none          *            absent                             empty  *         *        *      → skip
none          *            foreign                            empty  *         *        *      → forget
none          *            unlisted,unread                    whole,empty *    *        *      → skip
none          *            unchanged,drifted,equal,ours       whole,empty *    *        report → skip
none          *            drifted                            whole,empty report *      delete → skip conflict
none          *            drifted                            whole  overwrite *        delete → delete
none          *            drifted                            empty  overwrite *        delete → delete guarded
none          *            unchanged,equal,ours               whole  *         *        delete → delete
none          *            unchanged,equal,ours               empty  *         *        delete → delete guarded
"""


def rows() -> list[tuple[list[str], str]]:
    lines = [line.split("→") for line in ROWS.splitlines() if line.strip()]
    return [(left.split(), right.strip()) for left, right in lines]


def fits(row: list[str], case: tuple[str, ...]) -> bool:
    return all(cell == "*" or value in cell.split(",") for cell, value in zip(row, case, strict=True))


def payload(fingerprint: str, *, later: bool = False) -> Payload:
    return Payload(
        key="s:a",
        kind=Kind.PAGE,
        course="BIO-101",
        title="Cells",
        address="Cells",
        fingerprint=fingerprint,
        not_before=NOW + timedelta(minutes=1) if later else NOW,
    )


def record(fingerprint: str, *, deleted: bool = False) -> Record:
    return Record(
        key="s:a",
        kind=Kind.PAGE,
        place="page@BIO-101",
        ref="1",
        name="Cells",
        fingerprint=fingerprint,
        version="1",
        digest="d",
        deleted=deleted,
    )


PAYLOADS = {"none": None, "wanted": payload("new"), "later": payload("new", later=True)}
RECORDS = {"none": None, "same": record("new"), "other": record("old"), "deleted": record("new", deleted=True)}


def verdict_of(case: tuple[str, ...]) -> Verdict:
    item, rec, stands, listed, drift, deleted, prune = case
    policy = Policy(drift={Kind.PAGE: Drift(drift)}, deleted=Deleted(deleted), prune={Kind.PAGE: Prune(prune)})
    return decide(
        Case(
            kind=Kind.PAGE,
            payload=PAYLOADS[item],
            record=RECORDS[rec],
            stands=Stands(stands),
            listed=Listed(listed),
            now=NOW,
        ),
        policy,
    )


def told(verdict: Verdict) -> str:
    marks = [name for name in ("conflict", "guarded", "forgetful", "waits") if getattr(verdict, name)]
    return " ".join([verdict.action.value if verdict.action else "nothing", *marks])


CASES = [case for case in product(*AXES) if case[:2] != ("none", "none")]


def test_the_table_names_every_case_exactly_once() -> None:
    counts = {case: sum(fits(row, case) for row, _ in rows()) for case in CASES}
    assert {case: n for case, n in counts.items() if n != 1} == {}
    assert len(CASES) == 11 * 8 * 4 * 2 * 2 * 2


@pytest.mark.parametrize(
    ("row", "expected"), rows(), ids=lambda part: part if isinstance(part, str) else " ".join(part)
)
def test_each_row_decides_as_the_table_says(row: list[str], expected: str) -> None:
    cases = [case for case in CASES if fits(row, case)]
    assert cases
    assert {told(verdict_of(case)) for case in cases} == {expected}


def test_whatever_is_done_or_left_undone_has_a_reason() -> None:
    for case in CASES:
        verdict = verdict_of(case)
        assert (verdict.action is None) == (verdict.reason == ""), case


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (("wanted", "other", "unchanged"), "the source changed since the last sync"),
        (("wanted", "other", "drifted"), "a person changed it on the destination since we wrote it"),
        (("wanted", "same", "absent"), "a person deleted it on the destination"),
        (("later", "none", "absent"), "waits until 2026-11-23 08:01+00:00"),
        (("none", "same", "unchanged"), "its item is gone from the source"),
    ],
)
def test_reasons_are_in_plain_words(case: tuple[str, str, str], words: str) -> None:
    verdict = verdict_of((*case, "whole", "report", "respect", "report"))
    assert verdict.reason.startswith(words)


@pytest.mark.parametrize("stands", [Stands.UNCHANGED, Stands.DRIFTED])
@pytest.mark.parametrize("listed", [Listed.WHOLE, Listed.EMPTY])
def test_what_cannot_be_deleted_is_left_for_a_person_to_remove(stands: Stands, listed: Listed) -> None:
    policy = Policy(prune={Kind.PAGE: Prune.DELETE})
    case = Case(
        kind=Kind.PAGE,
        payload=None,
        record=RECORDS["same"],
        stands=stands,
        listed=listed,
        can_delete=False,
        now=NOW,
    )
    reason = "its item is gone from the source; this destination has no way to delete it: remove it by hand"
    assert decide(case, policy) == Verdict(Action.SKIP, reason)


def test_a_prompt_is_due_at_its_moment_and_not_before() -> None:
    assert verdict_of(("wanted", "none", "absent", "whole", "report", "respect", "report")).action is Action.CREATE


@pytest.mark.parametrize("reason", [DRIFT_CONFLICT, DRIFT_GONE, NAME_TAKEN, REF_TAKEN])
def test_every_conflict_says_once_what_a_person_can_do(reason: str) -> None:
    why, _, step = reason.partition(": ")
    assert why
    assert re.match(r"(look|delete|rename|take) ", step)
    assert reason.count("drift: overwrite") == ("person changed" in reason)
