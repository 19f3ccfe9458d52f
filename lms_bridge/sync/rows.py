"""From what was found in a place to one row an item: what it wants, what we remember, and what stands. Pure.

Apart from `plan`, which says what to do about it: here it is decided whose an entry is and who changed it last.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lms_bridge.connector import Body, Entry, Payload, PlaceRef, Record
from lms_bridge.items import Key, Kind, mark
from lms_bridge.markup.digest import digest as html_digest
from lms_bridge.sync.decision import Listed, Stands
from lms_bridge.sync.digest import body_digest
from lms_bridge.sync.merging import in_the_source
from lms_bridge.sync.policy import Answers, Drift, Policy, Prune
from lms_bridge.sync.remembered import base_of


@dataclass(frozen=True, slots=True)
class Reading:
    """What stands in an entry now."""

    digest: str
    body: Body


@dataclass(frozen=True, slots=True)
class Writing:
    """How a place writes what is not an item's own text: none where it has no way to."""

    adapt: Callable[[Payload, Body], Payload] | None = None
    hide: Callable[[Payload, str], Payload] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found for one place.

    `entries` none: it was not listed. `readings` are of entries that were read because their version changed (none: it
    could not be read), by ref; `expected` says how payloads would read back, for the same keys; `ours` are digests of
    writes whose answer never came. `withheld` are keys whose item exists but cannot be judged in this run.
    """

    place: PlaceRef
    payloads: Sequence[Payload]
    records: Sequence[Record] = ()
    entries: Sequence[Entry] | None = None
    readings: Mapping[str, Reading | None] = field(default_factory=dict)
    expected: Mapping[Key, Body] = field(default_factory=dict)
    ours: Mapping[Key, frozenset[str]] = field(default_factory=dict)
    merges: Mapping[Key, frozenset[tuple[str, str]]] = field(default_factory=dict)
    """Fingerprints and digests of merges whose answer never came: they hold words of people."""
    withheld: frozenset[Key] = frozenset()
    held: Mapping[Key, str] = field(default_factory=dict)
    """Keys whose item the source could not give, and where the problem is."""
    listed: Listed = Listed.WHOLE
    prunes: frozenset[str] = frozenset({Prune.DELETE})
    writing: Writing = field(default_factory=Writing)
    copies: Mapping[Key, str] = field(default_factory=dict)
    """Names for copies of what people left, by the copy's key."""
    answers: Answers = field(default_factory=dict)
    """What a person decided in a review."""
    elsewhere: frozenset[Key] = frozenset()
    """Keys whose item belongs in another place now."""
    selected: frozenset[Key] | None = None
    """Only these are looked at, and nothing is an orphan."""


@dataclass(frozen=True, slots=True)
class Row:
    key: Key
    payload: Payload | None
    record: Record | None
    entry: Entry | None
    stands: Stands

    @property
    def title(self) -> str:
        return self.payload.title if self.payload else self.record.title if self.record else ""


def rows(found: Found, policy: Policy) -> Iterator[Row]:
    payloads = {payload.key: payload for payload in found.payloads}
    records = {record.key: record for record in found.records}
    looking = _Looking(found, policy)
    for key in sorted({*payloads, *records} - found.withheld):
        if found.selected is not None and key not in found.selected:
            continue
        payload, record = payloads.get(key), records.get(key)
        entry, stands = looking.at(key, payload, record)
        if entry is not None and payload is not None and looking.is_taken_over(entry):
            # Adopted anew, whatever we remember of it: what another one wrote since is its business.
            record, stands = None, Stands.UNCHANGED
        yield Row(key, payload, record, entry, stands)


def to_read(found: Found, policy: Policy) -> list[Entry]:
    """The entries whose text must be read before it can be said whether a person changed them."""
    each = rows(replace(found, readings={}), policy)
    return [row.entry for row in each if row.entry and _must_read(row, found, policy)]


def _must_read(row: Row, found: Found, policy: Policy) -> bool:
    record, entry = row.record, row.entry
    if record is None or entry is None or record.deleted:
        return False
    if row.stands is Stands.OTHERS:
        return False
    changed = row.payload is not None and row.payload.fingerprint != record.fingerprint
    # What is written over is read first: it can be put back.
    over = row.payload is not None and policy.drift_of(record.kind) is Drift.OVERWRITE
    return entry.version != record.version or (record.drifted and (changed or over or row.key in found.answers))


class _Looking:
    """The entries of a place, ready to be looked up by ref, by mark and by name."""

    def __init__(self, found: Found, policy: Policy) -> None:
        self._found = found
        self._policy = policy
        entries = found.entries or ()
        self._by_ref = {entry.ref: entry for entry in entries}
        self._by_mark: dict[str, Entry] = {}
        for listed in entries:
            if listed.mark is not None:
                self._by_mark.setdefault(listed.mark, listed)
        self._unmarked = {entry.name.casefold(): entry for entry in entries if entry.mark is None}
        # An entry of ours whose mark a person removed is known by its ref, and is nobody else's.
        for live in found.records:
            known = self._by_ref.get(live.ref)
            if known is not None and known.mark is None and not live.deleted:
                self._unmarked.pop(known.name.casefold(), None)

    def at(self, key: Key, payload: Payload | None, record: Record | None) -> tuple[Entry | None, Stands]:
        if self._found.entries is None:
            return None, Stands.UNLISTED
        entry = self._own(key, record)
        if entry is None:
            # Only pages have names that are theirs alone: two discussions may well have one title.
            named = payload is not None and self._found.place.kind is Kind.PAGE
            taken = self._unmarked.get(payload.address.casefold()) if named and payload is not None else None
            return taken, Stands.FOREIGN if taken else Stands.ABSENT
        if entry.mark not in (None, mark(key)):
            return entry, Stands.FOREIGN
        if self._is_others(entry):
            return entry, Stands.OTHERS
        if record is None or record.deleted:
            return entry, Stands.UNCHANGED
        return entry, self._changed(Row(key, payload, record, entry, Stands.UNCHANGED))

    def _own(self, key: Key, record: Record | None) -> Entry | None:
        """By what we remember, else by mark; another item's entry only when it stands where ours was."""
        own = mark(key)
        entry = self._by_ref.get(record.ref) if record is not None and not record.deleted else None
        if entry is not None and entry.mark not in (None, own):
            return self._by_mark.get(own) or entry
        return entry or self._by_mark.get(own)

    def _is_others(self, entry: Entry) -> bool:
        """Marks without a name are older than names: they are anybody's who knows the item."""
        return bool(entry.installation) and entry.installation != self._policy.installation

    def is_taken_over(self, entry: Entry) -> bool:
        return self._policy.takeover and self._is_others(entry)

    def _is_in_the_source(self, row: Row, theirs: Body, ours: Body) -> bool:
        assert row.record is not None
        changed = row.payload is not None and row.payload.fingerprint != row.record.fingerprint
        return changed and row.key not in self._found.answers and in_the_source(base_of(row.record), theirs, ours)

    def _changed(self, row: Row) -> Stands:
        found, record, entry = self._found, row.record, row.entry
        assert record is not None
        assert entry is not None
        if entry.unfinished and entry.version != record.version and row.key not in found.merges:
            return Stands.OURS
        if not _must_read(row, found, self._policy):
            return Stands.DRIFTED if record.drifted else Stands.UNCHANGED
        reading = found.readings.get(entry.ref)
        if reading is None:
            return Stands.UNREAD
        if reading.digest == record.digest:
            return Stands.UNCHANGED
        expected = found.expected.get(row.key) if row.payload is not None else None
        if expected is not None and reading.digest == body_digest(expected):
            return Stands.OURS if entry.unfinished else Stands.EQUAL
        if reading.digest in found.ours.get(row.key, frozenset()):
            return Stands.OURS
        if expected is not None and self._is_in_the_source(row, reading.body, expected):
            return Stands.TAKEN
        return Stands.RETITLED if _only_title_changed(record, reading.body) else Stands.DRIFTED


def _only_title_changed(record: Record, body: Body) -> bool:
    base = base_of(record)
    return (
        base is not None
        and base.title.strip() != body.title.strip()
        and dict(base.fields) == dict(body.fields)
        and html_digest(base.html) == html_digest(body.html)
    )
