"""A destination in memory: the contract suite's first citizen, and a model for new connectors.

It has a person's hand (`edit`, `remove`, `put`) and faults on request (`lose_answers`, `refuse`).
"""

import hashlib
import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from lms_bridge.connector import (
    Action,
    Body,
    Change,
    Context,
    Cost,
    Entry,
    Finding,
    Level,
    Outcome,
    Payload,
    Placement,
    PlaceRef,
    Status,
)
from lms_bridge.errors import ContentError, NotFound, Problem, Unreachable
from lms_bridge.items import Item, Key, Kind, Page, Prompt, Rating, Review, mark
from lms_bridge.markup.links import item_key, map_links


@dataclass(slots=True)
class Thing:
    """What stands in a place: ours when it has a mark."""

    ref: str
    name: str
    title: str
    html: str
    fields: Mapping[str, Any]
    mark: str | None
    fingerprint: str | None
    version: int = 1
    installation: str | None = None

    def entry(self) -> Entry:
        return Entry(
            ref=self.ref,
            version=str(self.version),
            name=self.name,
            mark=self.mark,
            fingerprint=self.fingerprint,
            installation=self.installation,
            title=self.title,
            url=f"memory:{self.ref}",
        )

    def body(self) -> Body:
        return Body(title=self.title, html=self.html, fields=dict(self.fields))


@dataclass(slots=True)
class MemoryDestination:
    """A system with one place a course and kind. `courses` none: every course exists."""

    name: str = "memory"
    kinds: frozenset[Kind] = frozenset(Kind)
    courses: frozenset[str] | None = None
    things: dict[str, dict[str, Thing]] = field(default_factory=dict)
    writes: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    unreachable: bool = False
    closed: set[str] = field(default_factory=set)
    """Places that cannot be listed or written."""
    refused: set[Key] = field(default_factory=set)
    lost: set[Key] = field(default_factory=set)
    """Keys whose next write is stored, but whose answer never comes."""
    lose_next: bool = False  # the same for whatever is written next
    conflicting: set[Key] = field(default_factory=set)
    frozen: set[Key] = field(default_factory=set)
    """Keys whose writes are taken and not kept; `drops_links`: its cleaning takes links away."""
    drops_links: bool = False
    keeps: frozenset[Kind] = frozenset()
    """Kinds that cannot be deleted, as Moodle's wiki pages."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    _number: int = 0

    # The connector's side

    def locate(self, items: Iterable[Item]) -> Placement:
        self.count("locate")
        if self.unreachable:
            raise Unreachable("It does not answer.", where=self.name, next_step="Try again later.")
        places: dict[PlaceRef, list[Item]] = {}
        missing: dict[Key, Problem] = {}
        for item in items:
            course = item.course.idnumber
            if self.courses is not None and course not in self.courses:
                missing[item.key] = Problem(f"There is no course {course}.", str(item.origin), "Make it there.")
                continue
            places.setdefault(place_ref(item.kind, course), []).append(item)
        return Placement(places, missing)

    def open(self, ref: PlaceRef) -> "MemoryPlace":
        return MemoryPlace(ref, self)

    def check(self) -> Iterable[Finding]:
        yield Finding(Level.OK, f"{self.name} can be written")

    def calls(self) -> Mapping[str, int]:
        return dict(self.counts)

    def close(self) -> None:
        self.things.clear()

    def count(self, name: str) -> None:
        with self.lock:
            self.counts[name] = self.counts.get(name, 0) + 1

    def new_ref(self) -> str:
        with self.lock:
            self._number += 1
            return str(self._number)

    # A person's side

    def all(self) -> list[Thing]:
        return [thing for place in self.things.values() for thing in place.values()]

    def find(self, key: Key) -> list[Thing]:
        return [thing for thing in self.all() if thing.mark == mark(key)]

    def edit(self, key: Key, html: str) -> None:
        for thing in self.find(key):
            thing.html, thing.version = html, thing.version + 1

    def remove(self, key: Key) -> None:
        for place in self.things.values():
            for ref in [ref for ref, thing in place.items() if thing.mark == mark(key)]:
                del place[ref]

    def put(self, kind: Kind, course: str, title: str, html: str) -> str:
        ref = self.new_ref()
        thing = Thing(ref, title, title, html, {}, None, None)
        self.things.setdefault(place_ref(kind, course).id, {})[ref] = thing
        return ref


def place_ref(kind: Kind, course: str) -> PlaceRef:
    return PlaceRef(kind, course, f"the {kind.value}s of {course}", course)


@dataclass(slots=True)
class MemoryPlace:
    ref: PlaceRef
    destination: MemoryDestination
    _installation: str = ""

    @property
    def prunes(self) -> frozenset[str]:
        hides = {"hide"} if self.ref.kind in (Kind.PAGE, Kind.PROMPT) else set()
        return frozenset(hides if self.ref.kind in self.destination.keeps else {*hides, "recycle", "delete"})

    @property
    def _things(self) -> dict[str, Thing]:
        return self.destination.things.setdefault(self.ref.id, {})

    def addresses(self, items: Sequence[Item], standing: Mapping[Key, str]) -> Mapping[Key, str]:
        names = {item.key: standing[item.key] for item in items if item.key in standing}
        taken = set(names.values())
        for item in sorted(items, key=lambda i: i.key):
            if item.key not in names:
                name = item.title if item.title not in taken else f"{item.title} ({mark(item.key)[:4]})"
                names[item.key] = name
                taken.add(name)
        return names

    def render(self, item: Item, context: Context) -> Payload:
        self._installation = context.installation
        if not item.title.strip():
            raise ContentError("It has no title.", where=str(item.origin), next_step="Give it one.")
        address = context.addresses.get(item.key)
        name = address.name if address is not None else item.title
        body, fields = _written(item, context)
        print_ = hashlib.sha256(json.dumps([item.title, name, body, fields], sort_keys=True).encode()).hexdigest()
        return Payload(
            key=item.key,
            kind=item.kind,
            course=item.course.idnumber,
            title=item.title,
            address=name,
            body=body,
            fields=fields,
            fingerprint=print_,
            not_before=item.publish if isinstance(item, Prompt) else None,
            parent=item.parent if isinstance(item, Page) else None,
        )

    def entries(self) -> Iterable[Entry]:
        self.destination.count("entries")
        self._reach()
        return [thing.entry() for thing in self._things.values()]

    def read(self, entry: Entry) -> Body:
        self.destination.count("read")
        if entry.ref not in self._things:
            raise NotFound("It is not there.", where=entry.name, next_step="Look for it.")
        return self._things[entry.ref].body()

    def expected(self, payload: Payload) -> Body:
        return Body(title=payload.title, html=payload.body, fields=dict(payload.fields))

    def adapt(self, like: Payload, body: Body) -> Payload:
        return replace(like, title=body.title, body=body.html, fields=dict(body.fields))

    def hide(self, like: Payload, notice: str) -> Payload:
        return replace(like, body=notice, fields={})

    def cost(self, changes: Sequence[Change]) -> Cost:
        return Cost(calls=len(changes))

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        self._reach()
        for change in changes:
            yield self._write(change)

    def _reach(self) -> None:
        if self.destination.unreachable or self.ref.id in self.destination.closed:
            raise Unreachable("It does not answer.", where=self.ref.title, next_step="Try again later.")

    def _write(self, change: Change) -> Outcome:
        here = self.destination
        if change.key in here.refused:
            problem = Problem("It was refused.", change.key, "Ask why.")
            return Outcome(change=change, status=Status.FAILED, problem=problem)
        standing = self._things.get(change.entry.ref) if change.entry else None
        if change.action is Action.ADOPT:
            return _standing(change, standing)
        changed = standing is not None and change.entry is not None and str(standing.version) != change.entry.version
        if changed or change.key in here.conflicting:
            problem = Problem("Somebody changed it just now.", change.key, "Look at it and sync again.")
            return Outcome(change=change, status=Status.CONFLICT, problem=problem)
        thing = self._store(change, standing)
        if change.key in here.lost or here.lose_next:
            here.lost.discard(change.key)
            here.lose_next = False
            problem = Problem("No answer came.", change.key, "Sync again.")
            return Outcome(change=change, status=Status.AMBIGUOUS, problem=problem)
        left = (thing.entry(), thing.body()) if thing is not None else (None, None)
        return Outcome(change=change, status=Status.DONE, entry=left[0], body=left[1])

    def _store(self, change: Change, standing: Thing | None) -> Thing | None:
        here = self.destination
        if change.action is Action.DELETE:
            if standing is not None:
                here.writes += 1
                del self._things[standing.ref]
            return None
        here.writes += 1
        payload = change.payload
        assert payload is not None
        if standing is None:
            ref = here.new_ref()
            standing = Thing(ref, payload.address, "", "", {}, mark(payload.key), None, version=0)
            self._things[ref] = standing
        if change.key in here.frozen:
            return replace(standing)
        html = map_links(payload.body, lambda href: None) if here.drops_links else payload.body
        standing.title, standing.html, standing.fields = payload.title, html, dict(payload.fields)
        standing.mark, standing.fingerprint = mark(payload.key), payload.fingerprint[:12]
        standing.installation = self._installation or None
        standing.version += 1
        return replace(standing)


def _standing(change: Change, thing: Thing | None) -> Outcome:
    if thing is None:
        problem = Problem("It is not there any more.", change.key, "Sync again.")
        return Outcome(change=change, status=Status.FAILED, problem=problem)
    return Outcome(change=change, status=Status.DONE, entry=thing.entry(), body=thing.body())


def _written(item: Item, context: Context) -> tuple[str, dict[str, Any]]:
    match item:
        case Page() | Prompt():
            closed = isinstance(item, Prompt) and item.close is not None and item.close <= context.now
            body = map_links(item.body, lambda href: _address(href, context))
            return body, {"closed": True} if closed else {}
        case Review():
            return "", {"stars": item.stars, "comment": item.comment, "rater": item.rater}
        case Rating():
            return "", {"average": item.average, "count": item.count}


def _address(href: str, context: Context) -> str | None:
    key = item_key(href)
    if key is None:
        return href
    address = context.addresses.get(key)
    return f"https://memory.example/{address.place.id}/{quote(address.name)}" if address is not None else None
