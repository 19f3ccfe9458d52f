"""The decision table, whole: every combination of what the source wants, what we remember and what stands there."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import product
from typing import Any

import pytest

from lms_bridge.connector import Action, Payload, Record
from lms_bridge.items import Kind
from lms_bridge.sync.decision import (
    DRIFT_CONFLICT,
    DRIFT_GONE,
    MARK_OF_OTHERS,
    NAME_TAKEN,
    REF_TAKEN,
    Case,
    Listed,
    Stands,
    Verdict,
    decide,
)
from lms_bridge.sync.policy import Answer, Deleted, Drift, Policy, Prune

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

RECORD = ("none", "same", "other", "deleted", "hidden")
STANDS = tuple(Stands)
ANSWER = ("-", *Answer)
YES_NO = ("no", "yes")

# What becomes of an item that the source has. Each row: item · record · what stands · drift · deleted · answer of a
# review → what is done. Words in one cell separated by a comma are alternatives; * is anything; no two rows may fit one
# case. Nothing else in a case matters here.
WANTED = """
wanted        none         absent                            *         *        *      → create
later         none         absent                            *         *        *      → skip waits
wanted        none         unlisted                          *         *        *      → skip
later         none         unlisted                          *         *        *      → skip waits
wanted,later  none,deleted foreign,others                    *         *        *      → skip conflict
wanted,later  none,deleted unchanged,drifted,retitled,equal,ours,taken,unread * *     *      → adopt

wanted,later  deleted      absent,unlisted                   *         respect  *      → skip
wanted        deleted      absent                            *         recreate *      → create
later         deleted      absent,unlisted                   *         recreate *      → skip waits
wanted        deleted      unlisted                          *         recreate *      → skip

wanted,later  same,other,hidden absent                       *         respect  *      → skip forgetful
wanted        same,other,hidden absent                       *         recreate *      → create
later         same,other,hidden absent                       *         recreate *      → skip waits
wanted,later  same         unchanged,equal,unlisted          *         *        *      → nothing
wanted,later  other,hidden equal                             *         *        *      → nothing
wanted,later  other,hidden unchanged                         *         *        *      → update
wanted,later  other,hidden unlisted                          *         *        *      → skip
wanted,later  same,other,hidden ours,taken                   *         *        *      → update
wanted,later  same,other,hidden drifted,retitled             *         *        ours   → update
wanted,later  same,other,hidden drifted,retitled             *         *        merged → merge
wanted,later  same,other,hidden drifted,retitled             *         *        theirs → nothing settled
wanted,later  same,other,hidden drifted,retitled             overwrite *        -      → update
wanted,later  same         drifted,retitled                  merge     *        -      → nothing
wanted,later  same         drifted,retitled                  report,keep_both * -      → skip
wanted,later  other,hidden drifted                           report    *        -      → skip conflict
wanted,later  other,hidden drifted                           merge     *        -      → merge
wanted,later  other,hidden drifted                           keep_both *        -      → update keeps
wanted,later  other,hidden retitled                          report,merge,keep_both * - → merge
wanted,later  same,other,hidden foreign,others               *         *        *      → skip conflict
wanted,later  same,other,hidden unread                       *         *        *      → skip
"""

# What becomes of an entry whose item is gone. Each row: record · what stands · source listing · drift · prune ·
# whether the place can take it away so · whether items that stay stand below it · answer of a review → what is done.
GONE = """
*           *                            partly,held *              *      *   *   *          → skip
*           absent,foreign,others        whole       *              *      *   *   *          → forget
*           absent                       empty       *              *      *   *   *          → skip
*           foreign,others               empty       *              *      *   *   *          → forget
*           unlisted,unread              whole,empty *              *      *   *   *          → skip
*           drifted,retitled             whole,empty *              *      *   *   theirs     → forget
same,other,deleted  unchanged,equal,ours,taken whole,empty *              report *   *   *          → skip
same,other,deleted,hidden drifted,retitled whole,empty *            report *   *   -,ours,merged → skip
hidden      equal,ours,taken                   whole,empty *              report *   *   *          → skip
hidden      unchanged                    whole,empty *              report,hide * * *         → nothing

same,other,deleted  unchanged,equal,ours,taken whole,empty *     hide,recycle,delete no  *   *      → skip
hidden      equal,ours,taken                   whole,empty *     hide,recycle,delete no  *   *      → skip
hidden      unchanged                    whole,empty *     recycle,delete      no  *   *      → skip
*           drifted,retitled             whole,empty *     hide,recycle,delete no  *   -,ours,merged → skip
same,other,deleted  unchanged,equal,ours,taken whole,empty *     hide,recycle,delete yes yes *      → skip
hidden      equal,ours,taken                   whole,empty *     hide,recycle,delete yes yes *      → skip
hidden      unchanged                    whole,empty *     recycle,delete      yes yes *      → skip
*           drifted,retitled             whole,empty *     hide,recycle,delete yes yes -,ours,merged → skip
*           drifted,retitled   whole,empty report,merge,keep_both hide,recycle,delete yes no -,merged → skip conflict

same,other,deleted  unchanged,equal,ours,taken whole       *     recycle,delete      yes no  *      → delete
same,other,deleted  unchanged,equal,ours,taken whole       *     hide                yes no  *      → hide
same,other,deleted  unchanged,equal,ours,taken empty       *     recycle,delete      yes no  *      → delete guarded
same,other,deleted  unchanged,equal,ours,taken empty       *     hide                yes no  *      → hide guarded
hidden      unchanged,equal,ours,taken         whole       *     recycle,delete      yes no  *      → delete
hidden      equal,ours,taken                   whole       *     hide                yes no  *      → hide
hidden      unchanged,equal,ours,taken         empty       *     recycle,delete      yes no  *      → delete guarded
hidden      equal,ours,taken                   empty       *     hide                yes no  *      → hide guarded
*           drifted,retitled             whole       *     recycle,delete      yes no  ours   → delete
*           drifted,retitled             whole       *     hide                yes no  ours   → hide
*           drifted,retitled             empty       *     recycle,delete      yes no  ours   → delete guarded
*           drifted,retitled             empty       *     hide                yes no  ours   → hide guarded
*           drifted,retitled             whole       overwrite recycle,delete  yes no  -,merged → delete
*           drifted,retitled             whole       overwrite hide            yes no  -,merged → hide
*           drifted,retitled             empty       overwrite recycle,delete  yes no  -,merged → delete guarded
*           drifted,retitled             empty       overwrite hide            yes no  -,merged → hide guarded
"""

WANTED_CASES = list(product(("wanted", "later"), RECORD, STANDS, Drift, Deleted, ANSWER))
GONE_CASES = list(product(RECORD[1:], STANDS, Listed, Drift, Prune, YES_NO, YES_NO, ANSWER))
TABLES = {"wanted": (WANTED, WANTED_CASES), "gone": (GONE, GONE_CASES)}


def rows(table: str) -> list[tuple[list[str], str]]:
    lines = [line.split("→") for line in table.splitlines() if line.strip()]
    return [(left.split(), right.strip()) for left, right in lines]


def said(table: str, cases: list[tuple[str, ...]]) -> dict[tuple[str, ...], list[str]]:
    """What the rows that fit each case say."""
    columns = [list(dict.fromkeys(column)) for column in zip(*cases, strict=True)]
    found: dict[tuple[str, ...], list[str]] = {case: [] for case in cases}
    for cells, right in rows(table):
        for case in product(*(c if cell == "*" else cell.split(",") for cell, c in zip(cells, columns, strict=True))):
            found[case].append(right)
    return found


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


def record(fingerprint: str, **more: bool) -> Record:
    return Record(
        key="s:a",
        kind=Kind.PAGE,
        place="page@BIO-101",
        ref="1",
        name="Cells",
        fingerprint=fingerprint,
        version="1",
        digest="d",
        **more,
    )


PAYLOADS = {"none": None, "wanted": payload("new"), "later": payload("new", later=True)}
RECORDS = {
    "none": None,
    "same": record("new"),
    "other": record("old"),
    "deleted": record("new", deleted=True),
    "hidden": record("notice", hidden=True),
}


def wanted(item: str, rec: str, stands: str, drift: str, deleted: str, answer: str, **more: Any) -> Verdict:
    policy = Policy(drift={Kind.PAGE: Drift(drift)}, deleted=Deleted(deleted), **more.pop("policy", {}))
    return decide(_case(item, rec, stands, answer, **more), policy)


def gone(rec: str, stands: str, listed: str, drift: str, prune: str, takes: str, below: str, answer: str) -> Verdict:
    policy = gone_policy(drift, prune)
    ways = frozenset(Prune) if takes == "yes" else frozenset()
    return decide(
        _case("none", rec, stands, answer, listed=Listed(listed), prunes=ways, is_parent=below == "yes"), policy
    )


@cache
def gone_policy(drift: str, prune: str) -> Policy:
    return Policy(drift={Kind.PAGE: Drift(drift)}, prune={Kind.PAGE: Prune(prune)})


def _case(item: str, rec: str, stands: str, answer: str, *, is_parent: bool = False, **more: Any) -> Case:
    return Case(
        is_parent=is_parent,
        kind=Kind.PAGE,
        payload=PAYLOADS[item],
        record=RECORDS[rec],
        stands=Stands(stands),
        answer=None if answer == "-" else Answer(answer),
        now=NOW,
        **more,
    )


def told(verdict: Verdict) -> str:
    named = ("conflict", "guarded", "forgetful", "settled", "keeps", "waits")
    marks = [name for name in named if getattr(verdict, name)]
    return " ".join([verdict.action.value if verdict.action else "nothing", *marks])


DECIDE = {"wanted": wanted, "gone": gone}


@cache
def verdicts(name: str) -> dict[tuple[str, ...], Verdict]:
    return {case: DECIDE[name](*case) for case in TABLES[name][1]}


@pytest.mark.parametrize("name", TABLES)
def test_the_table_names_every_case_exactly_once_and_each_is_decided_as_it_says(name: str) -> None:
    found = said(*TABLES[name])
    wrong = {case: (found[case], told(v)) for case, v in verdicts(name).items() if found[case] != [told(v)]}
    assert wrong == {}


def test_nothing_but_what_the_table_names_decides_about_an_item_of_the_source() -> None:
    others = product(Listed, (frozenset(), frozenset(Prune)), (False, True), Prune)
    more = [
        {"listed": listed, "prunes": ways, "is_parent": below, "policy": {"prune": {Kind.PAGE: prune}}}
        for listed, ways, below, prune in others
    ]
    for case in WANTED_CASES[::7]:
        assert len({wanted(*case, **dict(each)) for each in more}) == 1, case


@pytest.mark.parametrize("name", TABLES)
def test_whatever_is_done_or_left_undone_has_a_reason(name: str) -> None:
    for case, verdict in verdicts(name).items():
        assert (verdict.action is None) == (verdict.reason == ""), case


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (("wanted", "other", "unchanged"), "the source changed since the last sync"),
        (("wanted", "other", "drifted"), "a person changed it on the destination since we wrote it"),
        (("wanted", "hidden", "unchanged"), "it was hidden, and its item is in the source again"),
        (("wanted", "same", "absent"), "a person deleted it on the destination"),
        (("wanted", "none", "others"), "it carries the mark of another installation"),
        (("wanted", "other", "taken"), "the source says by now what a person changed"),
        (("wanted", "none", "absent"), "it is new in the source"),
        (("wanted", "none", "unchanged"), "it stands there already and carries our mark"),
        (("wanted", "deleted", "unchanged"), "a person deleted it and it stands there again"),
        (("wanted", "same", "retitled"), "a person gave it another title; the source did not change"),
        (("wanted", "same", "drifted"), "a person changed it on the destination since we wrote it; the source did not"),
        (("later", "none", "absent"), "waits until 2026-11-23 08:01+00:00"),
    ],
)
def test_reasons_are_in_plain_words(case: tuple[str, str, str], words: str) -> None:
    assert wanted(*case, "report", "respect", "-").reason.startswith(words)


@pytest.mark.parametrize("prune", [Prune.HIDE, Prune.RECYCLE, Prune.DELETE])
def test_what_a_place_cannot_take_away_is_left_for_a_person(prune: Prune) -> None:
    verdict = gone("same", "unchanged", "whole", "report", prune, "no", "no", "-")
    assert verdict.reason.endswith(f"this destination has no way to {prune.value} it: remove it by hand")


def test_a_prompt_is_due_at_its_moment_and_not_before() -> None:
    assert wanted("wanted", "none", "absent", "report", "respect", "-").action is Action.CREATE
    due = replace(payload("new"), not_before=NOW - timedelta(days=1))
    assert decide(replace(_case("wanted", "none", "absent", "-"), payload=due), Policy()).action is Action.CREATE


def test_what_is_made_again_says_why() -> None:
    verdict = wanted("wanted", "deleted", "absent", "report", "recreate", "-")
    assert verdict.reason == "a person deleted it on the destination; the policy is recreate"


@pytest.mark.parametrize("before", ["a", "z"])
def test_any_other_fingerprint_is_a_change(before: str) -> None:
    case = replace(_case("wanted", "same", "unchanged", "-"), record=record(before))
    assert decide(case, Policy()).action is Action.UPDATE
    same = replace(case, record=record("".join(["n", "ew"])))
    assert decide(same, Policy()).action is None


def test_a_page_that_is_held_back_says_where_its_problem_is() -> None:
    case = _case("none", "same", "unchanged", "-", listed=Listed.HELD)
    assert "told for a.md:3" in decide(replace(case, held_at="a.md:3"), Policy()).reason
    assert "told for it;" in decide(case, Policy()).reason


@pytest.mark.parametrize("reason", [DRIFT_CONFLICT, DRIFT_GONE, MARK_OF_OTHERS, NAME_TAKEN, REF_TAKEN])
def test_every_conflict_says_once_what_a_person_can_do(reason: str) -> None:
    why, _, step = reason.partition(": ")
    assert why
    assert re.match(r"(look|do it|rename|stop) ", step)
