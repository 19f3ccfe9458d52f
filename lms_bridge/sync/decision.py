"""The decision table: what becomes of one item, from its payload, its record and what stands. Pure.

Apart from `plan`, which finds the rows: here is every case, and a test enumerates all of them.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lms_bridge.connector import Action, Payload, Record
from lms_bridge.items import Kind
from lms_bridge.sync.policy import Answer, Deleted, Drift, Policy, Prune


class Stands(StrEnum):
    """What stands in the place under an item's mark or its record's ref."""

    ABSENT = "absent"
    UNCHANGED = "unchanged"
    DRIFTED = "drifted"
    RETITLED = "retitled"
    """A person gave it another title, and changed nothing else."""
    EQUAL = "equal"
    """Changed since our record, but it reads exactly as what we would write now."""
    TAKEN = "taken"
    """A person changed it since our record, and the source says all of that by now."""
    OURS = "ours"
    """Changed since our record, but by a write of ours whose answer never came."""
    FOREIGN = "foreign"
    """Somebody else's entry has the place or the name."""
    OTHERS = "others"
    """It carries the mark of the same item, signed by another installation."""
    UNLISTED = "unlisted"
    """The place was not looked at."""
    UNREAD = "unread"
    """It changed, but could not be read."""


class Listed(StrEnum):
    """How far the source's listing can be trusted for saying that an item is gone."""

    WHOLE = "whole"
    EMPTY = "empty"
    PARTLY = "partly"
    HELD = "held"
    """The item is there, but the source could not give it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row. At least one of payload and record is there."""

    kind: Kind
    payload: Payload | None
    record: Record | None
    stands: Stands
    listed: Listed = Listed.WHOLE
    held_at: str = ""
    """Where the problem is for which the source could not give the item."""
    prunes: frozenset[str] = frozenset({Prune.DELETE})
    """The ways in which its place can take an entry away."""
    is_parent: bool
    """Items that stay stand below it."""
    answer: Answer | None = None
    """What a person decided in a review."""
    now: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """`action` none: in step. `forgetful`: from now on the record remembers that a person deleted the entry. `settled`:
    it remembers what a person left as an answer to the item as it is now. `keeps`: what a person left is copied first.
    """

    action: Action | None = None
    reason: str = ""
    conflict: bool = False
    guarded: bool = False
    forgetful: bool = False
    settled: bool = False
    keeps: bool = False
    waits: bool = False


IN_STEP = Verdict()
NEW = "it is new in the source"
SOURCE_CHANGED = "the source changed since the last sync"
ANSWER_LOST = "our last write arrived without an answer, and the source changed since"
RECOGNISED = "it stands there already and carries our mark; it is remembered again, not written"
CAME_BACK = "a person deleted it and it stands there again"
DELETED_RECREATE = "a person deleted it on the destination; the policy is recreate"
DELETED_RESPECT = "a person deleted it on the destination; it is not made again, as the policy is respect"
DRIFT_OVERWRITE = "a person changed it on the destination since we wrote it; the policy is overwrite"
DRIFT_REPORT = "a person changed it on the destination since we wrote it; the source did not change, so it is left"
DRIFT_CONFLICT = (
    "a person changed it on the destination since we wrote it, and the source changed, too; the policy is report: "
    "look at both with `lms-bridge review show`, take what is worth keeping into the source, or set `drift: merge`"
)
DRIFT_MERGE = "a person changed it on the destination since we wrote it, and the source changed, too; both are kept"
DRIFT_KEEP_BOTH = (
    "a person changed it on the destination since we wrote it, and the source changed, too; "
    "what the person left is kept beside it, as the policy is keep_both"
)
DRIFT_GONE = (
    "its item is gone from the source, but a person changed it since we wrote it; it is not taken away: "
    "do it by hand, put the item back, or set `drift: overwrite`"
)
MERGE_CUT_OFF = "both versions were brought together in an earlier run that was cut off before readers saw it"
TITLE_KEPT = "the source changed since the last sync; the title that a person gave it stays"
TITLE_DRIFT = "a person gave it another title; the source did not change, so it is left"
HEARD = "the source says by now what a person changed on the destination; it is written in the source's form"
ANSWERED_OURS = "a person decided that the source's version is to stand"
ANSWERED_MERGED = "a person decided that both versions are to stand as they were merged"
ANSWERED_THEIRS_GONE = "its item is gone from the source, and a person decided to keep what stands there"
MARK_OF_OTHERS = (
    "it carries the mark of another installation of lms-bridge and is left untouched: "
    "stop the other one and sync with --takeover, or take this item out of one of them"
)
NAME_TAKEN = (
    "something that is not ours stands there under the same name; it is left untouched: "
    "rename or remove that one, or give the item another title"
)
REF_TAKEN = "something that is not ours stands where it was; it is left untouched: look there, and remove what is wrong"
NOT_READ = "it changed on the destination and could not be read; nothing is written over it"
NOT_LISTED = "its place could not be looked at"
ORPHAN_REPORT = "its item is gone from the source; the policy is to report it, not to delete it"
ORPHAN_DELETE = "its item is gone from the source"
ORPHAN_STAYS = "its item is gone from the source; this destination has no way to {prune} it: remove it by hand"
ORPHAN_PARENT = "its item is gone from the source, but pages that stay stand below it; it is left as it is"
ORPHAN_PARTLY = "its item was not listed, but the source could not be read as a whole, so nothing is deleted"
HELD_BACK = "its item is held back because of the problem told for {where}; what stands is left as it is"
SOURCE_EMPTY = "the source lists nothing at all any more"
BOTH_GONE = "its item and its entry are both gone"
TAKEN_OVER = "it carried the mark of another installation and is ours now: the mark is written anew"
BACK_AGAIN = "it was hidden, and its item is in the source again"
ITEM_GONE_OTHERS = "its item is gone, and another installation of lms-bridge keeps what stands in its place"
ITEM_GONE_FOREIGN = "its item is gone, and something that is not ours stands in its place"


_NOT_OURS = {Stands.FOREIGN: REF_TAKEN, Stands.OTHERS: MARK_OF_OTHERS}


def decide(case: Case, policy: Policy) -> Verdict:
    if case.payload is None:
        return _without_item(case, policy)
    if case.record is None or case.record.deleted:
        return _without_live_record(case, case.payload, policy)
    return _with_both(case, case.payload, case.record, policy)


def _without_live_record(case: Case, payload: Payload, policy: Policy) -> Verdict:
    deleted = case.record is not None
    match case.stands:
        case Stands.ABSENT | Stands.UNLISTED if deleted and policy.deleted is Deleted.RESPECT:
            return Verdict(Action.SKIP, DELETED_RESPECT)
        case Stands.ABSENT:
            return _create(case, payload, DELETED_RECREATE if deleted else NEW)
        case Stands.FOREIGN:
            return Verdict(Action.SKIP, NAME_TAKEN, conflict=True)
        case Stands.OTHERS:
            return Verdict(Action.SKIP, MARK_OF_OTHERS, conflict=True)
        case Stands.UNLISTED:
            create = _create(case, payload, NEW)
            return create if create.waits else Verdict(Action.SKIP, NOT_LISTED)
        case _:
            return Verdict(Action.ADOPT, CAME_BACK if deleted else RECOGNISED)


def _with_both(case: Case, payload: Payload, record: Record, policy: Policy) -> Verdict:
    changed = payload.fingerprint != record.fingerprint
    match case.stands:
        case Stands.ABSENT if policy.deleted is Deleted.RECREATE:
            return _create(case, payload, DELETED_RECREATE)
        case Stands.ABSENT:
            return Verdict(Action.SKIP, DELETED_RESPECT, forgetful=True)
        case Stands.UNCHANGED if changed:
            return Verdict(Action.UPDATE, BACK_AGAIN if record.hidden else SOURCE_CHANGED)
        case Stands.OURS:
            return Verdict(Action.UPDATE, ANSWER_LOST)
        case Stands.TAKEN:
            return Verdict(Action.UPDATE, HEARD)
        case Stands.UNLISTED if changed:
            return Verdict(Action.SKIP, NOT_LISTED)
        case Stands.UNCHANGED | Stands.EQUAL | Stands.UNLISTED:
            return IN_STEP
        case Stands.DRIFTED | Stands.RETITLED:
            return _drifted(case, policy.drift_of(case.kind), changed=changed)
        case Stands.FOREIGN | Stands.OTHERS:
            return Verdict(Action.SKIP, _NOT_OURS[case.stands], conflict=True)
        case Stands.UNREAD:
            return Verdict(Action.SKIP, NOT_READ)


def _drifted(case: Case, drift: Drift, *, changed: bool) -> Verdict:
    """What people made of it stays, unless the policy is to write over it, or a person said so."""
    if case.answer is not None:
        return _answered(case.answer)
    retitled = case.stands is Stands.RETITLED
    match drift:
        case Drift.OVERWRITE:
            return Verdict(Action.UPDATE, DRIFT_OVERWRITE)
        case Drift.MERGE if not changed:
            return IN_STEP
        case _ if not changed:
            return Verdict(Action.SKIP, TITLE_DRIFT if retitled else DRIFT_REPORT)
        case _ if retitled:
            return Verdict(Action.MERGE, TITLE_KEPT)
        case Drift.MERGE:
            return Verdict(Action.MERGE, DRIFT_MERGE)
        case Drift.KEEP_BOTH:
            return Verdict(Action.UPDATE, DRIFT_KEEP_BOTH, keeps=True)
        case _:
            return Verdict(Action.SKIP, DRIFT_CONFLICT, conflict=True)


def _answered(answer: Answer) -> Verdict:
    match answer:
        case Answer.OURS:
            return Verdict(Action.UPDATE, ANSWERED_OURS)
        case Answer.MERGED:
            return Verdict(Action.MERGE, ANSWERED_MERGED)
        case Answer.THEIRS:
            return Verdict(settled=True)


def _without_item(case: Case, policy: Policy) -> Verdict:
    if case.listed is Listed.HELD:
        return Verdict(Action.SKIP, HELD_BACK.format(where=case.held_at or "it"))
    if case.listed is Listed.PARTLY:
        return Verdict(Action.SKIP, ORPHAN_PARTLY)
    match case.stands:
        case Stands.UNLISTED:
            return Verdict(Action.SKIP, NOT_LISTED)
        case Stands.UNREAD:
            return Verdict(Action.SKIP, NOT_READ)
        case Stands.ABSENT if case.listed is Listed.EMPTY:
            return Verdict(Action.SKIP, SOURCE_EMPTY)
        case Stands.ABSENT:
            return Verdict(Action.FORGET, BOTH_GONE)
        case Stands.FOREIGN:
            return Verdict(Action.FORGET, ITEM_GONE_FOREIGN)
        case Stands.OTHERS:
            return Verdict(Action.FORGET, ITEM_GONE_OTHERS)
        case Stands.DRIFTED | Stands.RETITLED if case.answer is Answer.THEIRS:
            return Verdict(Action.FORGET, ANSWERED_THEIRS_GONE)
        case _:
            return _orphan(case, policy, policy.prune_of(case.kind))


def _orphan(case: Case, policy: Policy, prune: Prune) -> Verdict:
    hidden = case.record is not None and case.record.hidden and case.stands is Stands.UNCHANGED
    drifted = case.stands in (Stands.DRIFTED, Stands.RETITLED)
    if hidden and prune in (Prune.REPORT, Prune.HIDE):
        return IN_STEP
    if prune is Prune.REPORT:
        return Verdict(Action.SKIP, ORPHAN_REPORT)
    if prune not in case.prunes:
        return Verdict(Action.SKIP, ORPHAN_STAYS.format(prune=prune.value))
    if case.is_parent:
        return Verdict(Action.SKIP, ORPHAN_PARENT)
    if drifted and case.answer is not Answer.OURS and policy.drift_of(case.kind) is not Drift.OVERWRITE:
        return Verdict(Action.SKIP, DRIFT_GONE, conflict=True)
    action = Action.HIDE if prune is Prune.HIDE else Action.DELETE
    if case.listed is Listed.EMPTY:
        return Verdict(action, SOURCE_EMPTY, guarded=True)
    return Verdict(action, ORPHAN_DELETE)


def _create(case: Case, payload: Payload, reason: str) -> Verdict:
    if payload.not_before is not None and payload.not_before > case.now:
        moment = payload.not_before.isoformat(sep=" ", timespec="minutes")
        return Verdict(Action.SKIP, f"waits until {moment}", waits=True)
    return Verdict(Action.CREATE, reason)
