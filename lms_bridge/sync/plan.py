"""From what was found in a place to its changes. Pure: no clock, no network, no state store.

Apart from `rows`, which tells what stands, and from `decision`, which is the table of cases.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from lms_bridge.connector import Action, Body, Change, Record, Sides
from lms_bridge.items import Key, mark
from lms_bridge.sync.decision import DRIFT_CONFLICT, MERGE_CUT_OFF, Case, Listed, Stands, Verdict, decide
from lms_bridge.sync.digest import body_digest
from lms_bridge.sync.intent import Waiting
from lms_bridge.sync.merging import merged
from lms_bridge.sync.policy import Answer, Edited, Policy
from lms_bridge.sync.remembered import base_of, copy_key, copy_title, with_base
from lms_bridge.sync.rename import hinted
from lms_bridge.sync.rows import Found, Row, rows
from lms_bridge.sync.withdrawal import hiding


@dataclass(frozen=True, slots=True)
class Decided:
    """The changes of one place, and what needs none. `refreshed` are records to keep although nothing is written."""

    changes: tuple[Change, ...] = ()
    in_step: tuple[Change, ...] = ()
    refreshed: tuple[Record, ...] = ()
    waiting: tuple[Waiting, ...] = ()


@dataclass(slots=True)
class _Planning:
    """What a place's plan gathers while its rows are gone through."""

    found: Found
    policy: Policy
    now: datetime
    parents: frozenset[Key]
    changes: list[Change] = field(default_factory=list)
    in_step: list[Change] = field(default_factory=list)
    refreshed: list[Record] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)


def make_plan(found: Found, policy: Policy, now: datetime) -> Decided:
    planning = _Planning(found, policy, now, _parents(found))
    for row in rows(found, policy):
        verdict = decide(_case(planning, row), policy)
        if verdict.action is Action.MERGE:
            verdict = _brought_together(planning, row, verdict)
        if verdict.settled and row.entry is not None and row.entry.unfinished:
            verdict = Verdict(Action.MERGE, MERGE_CUT_OFF)
        _keep(planning, row, verdict)
    changes = _ordered(hinted(planning.changes))
    return Decided(changes, tuple(planning.in_step), tuple(planning.refreshed), tuple(planning.waiting))


def _parents(found: Found) -> frozenset[Key]:
    """What items that stay stand below: those of the source, and those that cannot be judged now."""
    staying = {payload.parent for payload in found.payloads}
    staying |= {record.parent for record in found.records if record.key in found.withheld}
    return frozenset(key for key in staying if key is not None)


def _case(planning: _Planning, row: Row) -> Case:
    found = planning.found
    held = row.payload is None and row.key in found.held
    return Case(
        kind=found.place.kind,
        payload=row.payload,
        record=row.record,
        stands=row.stands,
        listed=Listed.HELD if held else found.listed,
        held_at=found.held.get(row.key, ""),
        prunes=found.prunes,
        is_parent=row.key in planning.parents,
        answer=_answer(found, row) or _decided_before(found, row),
        now=planning.now,
    )


def _answer(found: Found, row: Row) -> Answer | None:
    given = found.answers.get(row.key)
    return Answer.MERGED if isinstance(given, Edited) else given


def _decided_before(found: Found, row: Row) -> Answer | None:
    """A merge of ours that stands there, although no answer came, is what was decided: it is not asked about again."""
    reading = found.readings.get(row.entry.ref) if row.entry is not None else None
    if reading is None or row.payload is None:
        return None
    arrived = (row.payload.fingerprint, reading.digest) in found.merges.get(row.key, ())
    return Answer.THEIRS if arrived else None


def _keep(planning: _Planning, row: Row, verdict: Verdict) -> None:
    """Put a row where its verdict says, and remember what was learnt without writing."""
    record = _refreshed(row, verdict, planning.found)
    # A record that is kept closes the intents of earlier runs: what became of them is known.
    if record is not None and (record != row.record or row.key in planning.found.ours):
        planning.refreshed.append(record)
    if verdict.action is None:
        # Of the many that need nothing done, what stood there is not held.
        still = _change(planning.found, row, Verdict(Action.SKIP))
        planning.in_step.append(replace(still, record=None, before=None))
        return
    planning.changes += _changes(planning, row, verdict)
    of = row.payload
    if verdict.waits and of is not None and of.not_before is not None:
        planning.waiting.append(Waiting(row.key, planning.found.place.id, of.title, of.course, of.not_before))


def _changes(planning: _Planning, row: Row, verdict: Verdict) -> Iterator[Change]:
    change = _change(planning.found, row, verdict)
    if verdict.action is Action.MERGE or (verdict.conflict and row.stands in (Stands.DRIFTED, Stands.RETITLED)):
        change = replace(change, sides=_sides(planning.found, row))
    if verdict.action is Action.MERGE:
        assert change.sides is not None
        assert change.payload is not None
        assert planning.found.writing.adapt is not None
        change = replace(change, payload=planning.found.writing.adapt(change.payload, change.sides.merged))
    if verdict.action is Action.HIDE:
        change = hiding(change, planning.found.writing, planning.now)
    if not verdict.keeps:
        yield change
        return
    copy = _copy(planning, row, change)
    if copy is None:
        yield replace(
            change, action=Action.SKIP, reason=DRIFT_CONFLICT, conflict=True, sides=_sides(planning.found, row)
        )
        return
    standing = {entry.mark for entry in planning.found.entries or () if not entry.unfinished}
    if mark(copy.key) in standing:
        yield change
    else:
        yield from (copy, replace(change, after=copy.key))


def _copy(planning: _Planning, row: Row, change: Change) -> Change | None:
    """What a person left, to be kept beside ours; none where the place has no way to write it."""
    found = planning.found
    reading = found.readings.get(row.entry.ref) if row.entry is not None else None
    if reading is None or row.payload is None or found.writing.adapt is None:
        return None
    key = copy_key(row.key, reading.digest)
    name = found.copies.get(key)
    if name is None:
        return None
    base = base_of(row.record) if row.record is not None else None
    # After a lost state nobody knows which title we gave it: any but the one that we would give it now is a person's.
    given, stands = (base or found.expected[row.key]).title.strip(), reading.body.title.strip()
    title = copy_title(row.payload.title if stands == given else stands, planning.now)
    like = replace(row.payload, key=key, address=name, title=title, fingerprint=reading.digest, notices=())
    payload = found.writing.adapt(like, replace(reading.body, title=title))
    reason = "what a person left there is kept under a name of its own"
    return replace(
        change, action=Action.CREATE, key=key, of=row.key, title=title, reason=reason, payload=payload, entry=None,
        record=None, before=None,
    )  # fmt: skip


def _sides(found: Found, row: Row) -> Sides | None:
    reading = found.readings.get(row.entry.ref) if row.entry is not None else None
    expected = found.expected.get(row.key)
    if reading is None or expected is None or row.record is None:
        return None
    sides = merged(base_of(row.record), reading.body, expected)
    given = found.answers.get(row.key)
    if not isinstance(given, Edited):
        return sides
    written = replace(sides.merged, html=given.html, fields={**sides.merged.fields, **given.fields})
    return replace(sides, merged=written)


def _brought_together(planning: _Planning, row: Row, verdict: Verdict) -> Verdict:
    """A merge that clashes waits for a person; one that leaves what stands there needs no writing."""
    sides = _sides(planning.found, row)
    answered = _answer(planning.found, row) is Answer.MERGED
    if sides is None or planning.found.writing.adapt is None or (sides.clashes and not answered):
        return Verdict(Action.SKIP, DRIFT_CONFLICT, conflict=True)
    if body_digest(sides.merged) == body_digest(sides.theirs):
        return Verdict(settled=True)
    return verdict


def _refreshed(row: Row, verdict: Verdict, found: Found) -> Record | None:
    """The record as it should be kept when nothing is written for it, or none when a write will make it anew."""
    if row.record is None or verdict.action not in (None, Action.SKIP):
        return None
    if verdict.forgetful:
        return replace(row.record, deleted=True)
    if row.entry is None or row.record.deleted:
        return None
    entry, url = row.entry, row.entry.url or row.record.url
    seen = replace(row.record, version=entry.version, ref=entry.ref, url=url, unseen=entry.unseen)
    if verdict.settled and row.payload is not None:
        return _answered(seen, row, found.expected[row.key])
    match row.stands:
        case Stands.UNCHANGED:
            return replace(seen, drifted=False)
        case Stands.DRIFTED | Stands.RETITLED:
            # Remembered, so that an entry that people keep is not read again in every run.
            return replace(seen, drifted=True)
        case Stands.EQUAL:
            reading = found.readings[row.entry.ref]
            assert reading is not None
            return replace(_answered(seen, row, reading.body), drifted=False)
        case Stands.OURS if (reading := found.readings.get(row.entry.ref)) is not None:
            # Its item is gone: nothing will be written that would make the record anew.
            arrived = replace(seen, fingerprint=row.entry.fingerprint or "", digest=reading.digest, drifted=False)
            return with_base(arrived, reading.body)
        case _:
            return None


def _answered(record: Record, row: Row, ours: Body) -> Record:
    """What stands is the answer to the item as it is now: the next merge begins with `ours`."""
    assert row.payload is not None
    same = replace(record, fingerprint=row.payload.fingerprint, title=row.payload.title, fields=row.payload.fields)
    return with_base(replace(same, digest=body_digest(ours), drifted=True, hidden=False), ours)


def _change(found: Found, row: Row, verdict: Verdict) -> Change:
    assert verdict.action is not None
    place = found.place
    moved = row.payload is None and row.key in found.elsewhere
    course = row.payload.course if row.payload else row.record.course if row.record else ""
    return Change(
        action=verdict.action,
        key=row.key,
        kind=place.kind,
        place=place,
        course=course or place.course or "",
        title=row.title,
        reason=f"its item belongs in another place now; here, {verdict.reason}" if moved else verdict.reason,
        payload=row.payload,
        entry=row.entry,
        record=row.record,
        before=_before(found, row),
        conflict=verdict.conflict,
        guarded=verdict.guarded,
    )


def _before(found: Found, row: Row) -> Body | None:
    """What stands there now, where that is known without asking."""
    if row.entry is None or row.record is None:
        return None
    reading = found.readings.get(row.entry.ref)
    if reading is not None:
        return reading.body
    same = row.stands is Stands.UNCHANGED and not row.record.drifted and row.record.version == row.entry.version
    return base_of(row.record) if same else None


_ORDER = {action: at for at, action in enumerate(Action)}


def _ordered(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Creates first and parents before their children, what takes away after everything that is written."""
    parents = {c.key: c.payload.parent for c in changes if c.payload is not None}

    def depth(key: Key) -> int:
        seen: set[Key] = set()
        at: Key | None = key
        while at is not None and at in parents and at not in seen:
            seen.add(at)
            at = parents[at]
        return len(seen)

    return tuple(sorted(changes, key=lambda c: (_ORDER[c.action], depth(c.key), c.key)))
