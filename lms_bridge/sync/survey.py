"""Looking at the places of a route: opening, naming, rendering, listing and reading. No decisions are made here.

Everything that talks to a destination before a write is in this module; places are looked at side by side.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from lms_bridge.audit.line import named
from lms_bridge.connector import Address, Context, Destination, Entry, Payload, Place, Placement, PlaceRef, Record
from lms_bridge.errors import BridgeError, Problem, Unreachable
from lms_bridge.items import Item, Key, mark
from lms_bridge.sync.digest import body_digest
from lms_bridge.sync.fault import fault
from lms_bridge.sync.index import is_due
from lms_bridge.sync.policy import Deleted, Drift, Policy, Refresh
from lms_bridge.sync.rendering import Rendering
from lms_bridge.sync.rows import Reading
from lms_bridge.sync.run import Failure, Progress

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Look:
    """What is known of one place so far."""

    place: Place
    items: Sequence[Item]
    records: Mapping[Key, Record]
    """In short where `recall` gives them with their texts: most places need not be listed, and theirs are much."""
    recall: Callable[[], Sequence[Record]] | None = None
    unjudged: frozenset[Key] = frozenset()
    """Keys of records whose item was not listed and is not known to be gone: links still lead there."""
    must_list: bool = False
    wanted: bool = True
    meant: frozenset[Key] | None = None
    """Only these are rendered, and say whether anything must be listed; none: all of them."""
    payloads: dict[Key, Payload] = field(default_factory=dict)
    unrendered: dict[Key, Problem] = field(default_factory=dict)
    entries: list[Entry] | None = None
    readings: dict[str, Reading | None] = field(default_factory=dict)
    problem: Problem | None = None
    unreachable: bool = False

    @property
    def ref(self) -> PlaceRef:
        return self.place.ref

    @property
    def keys(self) -> frozenset[Key]:
        return frozenset(item.key for item in self.items)

    @property
    def rendered(self) -> list[Item]:
        """What links may lead to needs no text: only what is judged does."""
        if not self.wanted:
            return []
        return [item for item in self.items if self.meant is None or item.key in self.meant]

    def whole_records(self) -> Mapping[Key, Record]:
        """With their texts, which only where something was listed say anything."""
        if self.recall is None or self.entries is None or not self.records:
            return self.records
        return {record.key: record for record in self.recall() if record.key in self.records}

    @property
    def population(self) -> int:
        """How many entries we know to stand here."""
        return sum(not record.deleted for record in self.records.values())

    @property
    def withheld(self) -> frozenset[Key]:
        return frozenset(self.unrendered)


def locate(
    destination: Destination, items: Sequence[Item], standing: Iterable[PlaceRef], told: Sequence[str] = ()
) -> Placement:
    """Where these items belong now. `standing`: where anything of the route is known to stand; `told`: what others
    found out (see `whereabouts`)."""
    recall = getattr(destination, "recall", None)
    if recall is not None:
        recall(_of_courses(standing, items))
    trust = getattr(destination, "trust", None)
    if trust is not None and told:
        trust(told)
    return destination.locate(items)


def whereabouts(destination: Destination, items: Sequence[Item], standing: Iterable[PlaceRef]) -> str:
    """What locating these items goes by, for others to be told, of a destination that can say."""
    found: str = getattr(destination, "whereabouts")(items, _of_courses(standing, items))  # noqa: B009 - not all have it
    return found


def _of_courses(standing: Iterable[PlaceRef], items: Iterable[Item]) -> list[PlaceRef]:
    courses = {item.course.idnumber for item in items}
    return [ref for ref in standing if ref.course in courses]


def open_place(destination: Destination, ref: PlaceRef) -> Place | Failure:
    try:
        return destination.open(ref)
    except BridgeError as error:
        return Failure("", _placed(error.problem, ref))
    except Exception as error:
        log.exception("%s could not be opened", ref.title, extra={"course": ref.course})
        return Failure("", fault(error, ref.title, "opened"))


def must_list(policy: Policy, last: datetime | None, now: datetime) -> bool:
    if policy.fresh_since is not None and last is not None and last >= policy.fresh_since:
        return False
    match policy.refresh:
        case Refresh.ALWAYS:
            return True
        case Refresh.DAILY:
            return last is None or now - last >= timedelta(days=1)
        case Refresh.NEVER:
            return last is None


def look_at(
    looks: Sequence[Look],
    elsewhere: Mapping[Key, Address],
    policy: Policy,
    now: datetime,
    progress: Progress,
    destination: Destination | None = None,
) -> None:
    """Render every item that is meant, and list every place that needs it. `destination`: where they are, if it is to
    be told which places are listed.

    Names that are found by listing can change what links say, so it goes round until nothing more must be listed.
    """
    tell = getattr(destination, "ahead", None)
    addresses = addresses_of(looks, elsewhere, policy, now)
    _render(looks, Context(now, addresses, policy.installation), progress)
    while True:
        unlisted = [look for look in looks if look.wanted and look.entries is None and look.problem is None]
        needed = [look for look in unlisted if look.must_list or not _in_step(look, policy, now)]
        if not needed:
            return
        if tell is not None:
            tell([(look.place, max(len(look.items), len(look.records))) for look in needed])
        side_by_side(_list_entries, needed, policy.places_at_once, "listing", progress)
        found = (at for look in needed for at in _named(look, policy, now).items())
        if any(addresses.get(key) != address for key, address in found):
            addresses = addresses_of(looks, elsewhere, policy, now)
            _render(looks, Context(now, addresses, policy.installation), progress)


def _in_step(look: Look, policy: Policy, now: datetime) -> bool:
    """Nothing would be done here whatever stands there, as long as nobody touched it."""
    for key, payload in look.payloads.items():
        record = look.records.get(key)
        if record is None:
            if payload.not_before is None or payload.not_before <= now:
                return False
        elif record.deleted:
            if policy.deleted is Deleted.RECREATE:
                return False
        elif record.fingerprint != payload.fingerprint or (
            record.drifted and policy.drift_of(record.kind) is Drift.OVERWRITE
        ):
            return False
    # A selection takes nothing away.
    return look.meant is not None or all(key in look.payloads or key in look.unrendered for key in look.records)


def addresses_of(
    looks: Iterable[Look], elsewhere: Mapping[Key, Address], policy: Policy, now: datetime
) -> dict[Key, Address]:
    """Where links may lead: to what stands or is about to, by all that is known so far."""
    addresses = dict(elsewhere)
    for look in looks:
        for key, address in _named(look, policy, now).items():
            if address is not None:
                addresses[key] = address
            else:
                addresses.pop(key, None)
    return addresses


def _named(look: Look, policy: Policy, now: datetime) -> dict[Key, Address | None]:
    """Where links may lead to of one place; none: to this nowhere."""
    standing = _standing(look)
    names = look.place.addresses(look.items, standing)
    gone = _gone(look) if policy.deleted is Deleted.RESPECT else frozenset()
    named: dict[Key, Address | None] = {}
    for item in look.items:
        leads = item.key in names and item.key not in gone and (is_due(item, now) or item.key in standing)
        named[item.key] = Address(look.ref, names[item.key]) if leads else None
    for key in look.unjudged:
        named[key] = Address(look.ref, standing[key]) if key not in gone else None
    return named


def _standing(look: Look) -> dict[Key, str]:
    by_mark = {entry.mark: entry.name for entry in reversed(look.entries or []) if entry.mark is not None}
    found = {item.key: by_mark[m] for item in look.items if (m := mark(item.key)) in by_mark}
    return found | {key: record.name for key, record in look.records.items() if not record.deleted}


def _gone(look: Look) -> frozenset[Key]:
    """What a person deleted: links to it would lead nowhere."""
    if look.entries is None:
        return frozenset(key for key, record in look.records.items() if record.deleted)
    refs = {entry.ref for entry in look.entries}
    marks = {entry.mark for entry in look.entries}
    return frozenset(
        key
        for key, record in look.records.items()
        if mark(key) not in marks and (record.deleted or record.ref not in refs)
    )


def _render(looks: Sequence[Look], context: Context, progress: Progress) -> None:
    rendering = Rendering(context)
    work = [(look, look.rendered) for look in looks]
    total = sum(len(items) for _, items in work)
    done = 0
    for look, items in work:
        look.payloads.clear()
        look.unrendered.clear()
        for item in items:
            try:
                look.payloads[item.key] = rendering.of(item, look.place, look.records.get(item.key))
            except BridgeError as error:
                look.unrendered[item.key] = error.problem
            except Exception as error:
                about = {"key": named(item.key, item.kind), "course": item.course.idnumber}
                log.exception("it could not be rendered", extra=about)
                look.unrendered[item.key] = fault(error, str(item.origin), "rendered")
            done += 1
        progress("rendering", done, total)


def _list_entries(look: Look) -> None:
    expect = getattr(look.place, "expect", None)
    if expect is not None:
        records = look.recall() if look.recall is not None and look.records else look.records.values()
        expect([record for record in records if not record.deleted])
    look.entries = list(look.place.entries())


def read_entries(work: Mapping[str, Sequence[Entry]], looks: Sequence[Look], at_once: int, progress: Progress) -> None:
    """Read the given entries of each place, so that it can be said whether a person changed them."""

    def read(look: Look) -> None:
        for entry in work[look.ref.id]:
            look.readings[entry.ref] = _read(look.place, entry)

    side_by_side(read, [look for look in looks if work.get(look.ref.id)], at_once, "reading", progress)


def _read(place: Place, entry: Entry) -> Reading | None:
    try:
        body = place.read(entry)
    except Unreachable:
        raise
    except BridgeError as error:
        log.warning("%s could not be read: %s", entry.name, error, extra={"course": place.ref.course})
        return None
    return Reading(body_digest(body), body)


def side_by_side(
    work: Callable[[Look], None], looks: Sequence[Look], at_once: int, stage: str, progress: Progress
) -> None:
    """One thread a place. What goes wrong in a place is told in it and stops nothing else."""
    if not looks:
        return
    with ThreadPoolExecutor(max_workers=min(at_once, len(looks))) as pool:
        futures = {pool.submit(work, look): look for look in looks}
        for done, future in enumerate(as_completed(futures), start=1):
            look = futures[future]
            try:
                future.result()
            except BridgeError as error:
                look.problem = _placed(error.problem, look.ref)
                look.unreachable = isinstance(error, Unreachable)
            except Exception as error:
                log.exception("%s could not be looked at", look.ref.title, extra={"course": look.ref.course})
                look.problem = fault(error, look.ref.title, "looked at")
            progress(stage, done, len(looks))


def _placed(problem: Problem, ref: PlaceRef) -> Problem:
    return replace(problem, where=problem.where or ref.title)
