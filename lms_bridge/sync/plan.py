"""From what was found in a place to its changes. Pure: no clock, no network, no state store.

Apart from `survey`, which finds it, and from `decision`, which is the table of cases.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from lms_bridge.connector import Action, Change, Entry, Payload, PlaceRef, Record
from lms_bridge.items import Key, Kind, mark
from lms_bridge.sync.decision import Case, Listed, Stands, Verdict, decide
from lms_bridge.sync.policy import Policy
from lms_bridge.sync.rename import hinted


@dataclass(frozen=True, slots=True)
class Waiting:
    """An item that is not due yet."""

    key: Key
    place: str
    title: str
    course: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """What stands in an entry now."""

    digest: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found for one place.

    `entries` none: it was not listed. `readings` are of entries that were read because their version changed (none: it
    could not be read), by ref; `expected` are digests of how payloads would read back, for the same keys; `ours` are
    digests of writes whose answer never came. `withheld` are keys whose item exists but cannot be judged in this run.
    """

    place: PlaceRef
    payloads: Sequence[Payload]
    records: Sequence[Record] = ()
    entries: Sequence[Entry] | None = None
    readings: Mapping[str, Reading | None] = field(default_factory=dict)
    expected: Mapping[Key, str] = field(default_factory=dict)
    ours: Mapping[Key, frozenset[str]] = field(default_factory=dict)
    withheld: frozenset[Key] = frozenset()
    held: Mapping[Key, str] = field(default_factory=dict)
    """Keys whose item the source could not give, and where the problem is."""
    listed: Listed = Listed.WHOLE
    can_delete: bool = True
    elsewhere: frozenset[Key] = frozenset()
    """Keys whose item belongs in another place now."""
    selected: frozenset[Key] | None = None
    """Only these are looked at, and nothing is an orphan."""


@dataclass(frozen=True, slots=True)
class Decided:
    """The changes of one place, and what needs none. `refreshed` are records to keep although nothing is written."""

    changes: tuple[Change, ...] = ()
    in_step: tuple[Change, ...] = ()
    refreshed: tuple[Record, ...] = ()
    waiting: tuple[Waiting, ...] = ()


@dataclass(frozen=True, slots=True)
class _Row:
    key: Key
    payload: Payload | None
    record: Record | None
    entry: Entry | None
    stands: Stands


def make_plan(found: Found, policy: Policy, now: datetime) -> Decided:
    changes: list[Change] = []
    refreshed: list[Record] = []
    waiting: list[Waiting] = []
    in_step: list[Change] = []
    for row in _rows(found):
        verdict = decide(_case(found, row, now), policy)
        record = _refreshed(row, verdict, found)
        if record is not None and record != row.record:
            refreshed.append(record)
        if verdict.action is None:
            in_step.append(_change(found, row, Verdict(Action.SKIP)))
            continue
        changes.append(_change(found, row, verdict))
        if verdict.waits and row.payload is not None and row.payload.not_before is not None:
            of = row.payload
            waiting.append(Waiting(row.key, found.place.id, of.title, of.course, row.payload.not_before))
    return Decided(_ordered(hinted(changes)), tuple(in_step), tuple(refreshed), tuple(waiting))


def _case(found: Found, row: _Row, now: datetime) -> Case:
    held = row.payload is None and row.key in found.held
    return Case(
        kind=found.place.kind,
        payload=row.payload,
        record=row.record,
        stands=row.stands,
        listed=Listed.HELD if held else found.listed,
        held_at=found.held.get(row.key, ""),
        can_delete=found.can_delete,
        now=now,
    )


def to_read(found: Found) -> list[Entry]:
    """The entries whose text must be read before it can be said whether a person changed them."""
    rows = _rows(replace(found, readings={}))
    return [row.entry for row in rows if row.entry and row.record and _must_read(row.payload, row.record, row.entry)]


def _must_read(payload: Payload | None, record: Record, entry: Entry) -> bool:
    if record.deleted:
        return False
    source_changed = payload is not None and payload.fingerprint != record.fingerprint
    return entry.version != record.version or (record.drifted and source_changed)


def _rows(found: Found) -> Iterator[_Row]:
    payloads = {payload.key: payload for payload in found.payloads}
    records = {record.key: record for record in found.records}
    by_ref = {entry.ref: entry for entry in found.entries or ()}
    by_mark: dict[str, Entry] = {}
    for listed in found.entries or ():
        if listed.mark is not None:
            by_mark.setdefault(listed.mark, listed)
    unmarked_names = {entry.name.casefold(): entry for entry in found.entries or () if entry.mark is None}
    # An entry of ours whose mark a person removed is known by its ref, and is nobody else's.
    for live in found.records:
        known = by_ref.get(live.ref)
        if known is not None and known.mark is None and not live.deleted:
            unmarked_names.pop(known.name.casefold(), None)
    for key in sorted({*payloads, *records} - found.withheld):
        if found.selected is not None and key not in found.selected:
            continue
        payload, record = payloads.get(key), records.get(key)
        entry, stands = _look(found, key, payload, record, by_ref, by_mark)
        # Only pages have names that are theirs alone: two discussions may well have one title.
        if stands is Stands.ABSENT and payload and found.place.kind is Kind.PAGE:
            entry = unmarked_names.get(payload.address.casefold())
            stands = Stands.FOREIGN if entry else stands
        yield _Row(key, payload, record, entry, stands)


def _look(
    found: Found,
    key: Key,
    payload: Payload | None,
    record: Record | None,
    by_ref: Mapping[str, Entry],
    by_mark: Mapping[str, Entry],
) -> tuple[Entry | None, Stands]:
    if found.entries is None:
        return None, Stands.UNLISTED
    own_mark = mark(key)
    entry = by_ref.get(record.ref) if record is not None and not record.deleted else None
    if entry is not None and entry.mark not in (None, own_mark):
        moved = by_mark.get(own_mark)
        if moved is None:
            return entry, Stands.FOREIGN
        entry = moved
    entry = entry or by_mark.get(own_mark)
    if entry is None:
        return None, Stands.ABSENT
    if record is None or record.deleted:
        return entry, Stands.UNCHANGED
    return entry, _drift(found, key, payload, record, entry)


def _drift(found: Found, key: Key, payload: Payload | None, record: Record, entry: Entry) -> Stands:
    if entry.unfinished and entry.version != record.version:
        return Stands.OURS
    if not _must_read(payload, record, entry):
        return Stands.DRIFTED if record.drifted else Stands.UNCHANGED
    reading = found.readings.get(entry.ref)
    if reading is None:
        return Stands.UNREAD
    if reading.digest == record.digest:
        return Stands.UNCHANGED
    if payload is not None and reading.digest == found.expected.get(key):
        return Stands.EQUAL
    return Stands.OURS if reading.digest in found.ours.get(key, frozenset()) else Stands.DRIFTED


def _refreshed(row: _Row, verdict: Verdict, found: Found) -> Record | None:
    """The record as it should be kept when nothing is written for it, or none when a write will make it anew."""
    if row.record is None or verdict.action not in (None, Action.SKIP):
        return None
    if verdict.forgetful:
        return replace(row.record, deleted=True)
    if row.entry is None or row.record.deleted:
        return None
    seen = replace(row.record, version=row.entry.version, ref=row.entry.ref, url=row.entry.url or row.record.url)
    match row.stands:
        case Stands.UNCHANGED:
            return replace(seen, drifted=False)
        case Stands.DRIFTED:
            # Remembered, so that an entry that people keep is not read again in every run.
            return replace(seen, drifted=True)
        case Stands.EQUAL:
            reading = found.readings[row.entry.ref]
            assert reading is not None
            assert row.payload is not None
            same = replace(seen, fingerprint=row.payload.fingerprint, title=row.payload.title, drifted=False)
            return replace(same, digest=reading.digest, base=reading.html)
        case _:
            return None


def _change(found: Found, row: _Row, verdict: Verdict) -> Change:
    assert verdict.action is not None
    place = found.place
    moved = row.payload is None and row.key in found.elsewhere
    course = row.payload.course if row.payload else row.record.course if row.record else ""
    title = row.payload.title if row.payload else row.record.title if row.record else ""
    return Change(
        action=verdict.action,
        key=row.key,
        kind=place.kind,
        place=place,
        course=course or place.course or "",
        title=title,
        reason=f"its item belongs in another place now; here, {verdict.reason}" if moved else verdict.reason,
        payload=row.payload,
        entry=row.entry,
        record=row.record,
        conflict=verdict.conflict,
        guarded=verdict.guarded,
    )


_ORDER = {action: at for at, action in enumerate(Action)}


def _ordered(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Creates first and parents before their children, deletes after everything that is written."""
    parents = {c.key: c.payload.parent for c in changes if c.payload is not None}

    def depth(key: Key) -> int:
        seen: set[Key] = set()
        at: Key | None = key
        while at is not None and at in parents and at not in seen:
            seen.add(at)
            at = parents[at]
        return len(seen)

    return tuple(sorted(changes, key=lambda c: (_ORDER[c.action], depth(c.key), c.key)))
