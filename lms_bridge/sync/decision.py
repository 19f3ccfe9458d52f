"""The decision table: what becomes of one item, from its payload, its record and what stands. Pure.

Apart from `plan`, which finds the rows: here is every case, and a test enumerates all of them.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lms_bridge.connector import Action, Payload, Record
from lms_bridge.items import Kind
from lms_bridge.sync.policy import Deleted, Drift, Policy, Prune


class Stands(StrEnum):
    """What stands in the place under an item's mark or its record's ref."""

    ABSENT = "absent"
    UNCHANGED = "unchanged"
    DRIFTED = "drifted"
    EQUAL = "equal"
    """Changed since our record, but it reads exactly as what we would write now."""
    OURS = "ours"
    """Changed since our record, but by a write of ours whose answer never came."""
    FOREIGN = "foreign"
    """Somebody else's entry has the place or the name."""
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
    can_delete: bool = True
    now: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """`action` none: in step. `forgetful`: from now on the record remembers that a person deleted the entry."""

    action: Action | None = None
    reason: str = ""
    conflict: bool = False
    guarded: bool = False
    forgetful: bool = False
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
    "look at the difference, take what is worth keeping into the source, or set `drift: overwrite`"
)
DRIFT_GONE = (
    "its item is gone from the source, but a person changed it since we wrote it; it is not deleted: "
    "delete it by hand, put the item back, or set `drift: overwrite`"
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
ORPHAN_STAYS = "its item is gone from the source; this destination has no way to delete it: remove it by hand"
ORPHAN_PARTLY = "its item was not listed, but the source could not be read as a whole, so nothing is deleted"
HELD_BACK = "its item is held back because of the problem told for {where}; what stands is left as it is"
SOURCE_EMPTY = "the source lists nothing at all any more"
BOTH_GONE = "its item and its entry are both gone"
ITEM_GONE_FOREIGN = "its item is gone, and something that is not ours stands in its place"


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
        case Stands.UNCHANGED:
            return Verdict(Action.UPDATE, SOURCE_CHANGED) if changed else IN_STEP
        case Stands.OURS:
            return Verdict(Action.UPDATE, ANSWER_LOST)
        case Stands.EQUAL:
            return IN_STEP
        case Stands.DRIFTED if policy.drift_of(case.kind) is Drift.OVERWRITE:
            return Verdict(Action.UPDATE, DRIFT_OVERWRITE)
        case Stands.DRIFTED:
            return Verdict(Action.SKIP, DRIFT_CONFLICT if changed else DRIFT_REPORT, conflict=changed)
        case Stands.FOREIGN:
            return Verdict(Action.SKIP, REF_TAKEN, conflict=True)
        case Stands.UNREAD:
            return Verdict(Action.SKIP, NOT_READ)
        case Stands.UNLISTED:
            return Verdict(Action.SKIP, NOT_LISTED) if changed else IN_STEP


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
        case _ if policy.prune_of(case.kind) is Prune.REPORT:
            return Verdict(Action.SKIP, ORPHAN_REPORT)
        case _ if not case.can_delete:
            return Verdict(Action.SKIP, ORPHAN_STAYS)
        case Stands.DRIFTED if policy.drift_of(case.kind) is Drift.REPORT:
            return Verdict(Action.SKIP, DRIFT_GONE, conflict=True)
        case _ if case.listed is Listed.EMPTY:
            return Verdict(Action.DELETE, SOURCE_EMPTY, guarded=True)
        case _:
            return Verdict(Action.DELETE, ORPHAN_DELETE)


def _create(case: Case, payload: Payload, reason: str) -> Verdict:
    if payload.not_before is not None and payload.not_before > case.now:
        moment = payload.not_before.isoformat(sep=" ", timespec="minutes")
        return Verdict(Action.SKIP, f"waits until {moment}", waits=True)
    return Verdict(Action.CREATE, reason)
