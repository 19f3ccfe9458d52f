"""Erasing one person: their reviews leave the destination, and what is remembered of them leaves the state.

They are not pushed again while they stand in the source: only a mark is kept, which tells nobody who it was.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from lms_bridge.audit.line import Act, Deed
from lms_bridge.connector import Action, Change, Entry, Place, Record
from lms_bridge.errors import UsageError
from lms_bridge.items import Item, Key, Kind, Review, mark
from lms_bridge.sync.apply import apply, new_run
from lms_bridge.sync.asked import plan_asked, stand_at
from lms_bridge.sync.remembered import payload_of
from lms_bridge.sync.run import Failure, Plan, Report, Route
from lms_bridge.sync.survey import locate

if TYPE_CHECKING:
    # The database library takes a third of a second to load, and types need none.
    from lms_bridge.sync.state import State

ASKED = "its author is to be forgotten"
NOTICE = "<p>This review was removed at its author's request.</p>"


@runtime_checkable
class KnowsAuthors(Protocol):
    """A source that can tell whose a review is, whatever name readers see."""

    def reviews_by(self, author: str, keys: Iterable[Key]) -> frozenset[Key]:
        """Of these keys, and of what the source holds, those of the author's reviews."""
        ...

    def rows_by(self, author: str) -> Sequence[str]:
        """Where the author's words stand in the source itself."""
        ...


@dataclass(frozen=True, slots=True)
class Erasure:
    """What forgetting a person would do on one route. `rows` still stand in the source."""

    plan: Plan
    keys: frozenset[Key]
    rows: tuple[str, ...]


def plan_erasure(route: Route, state: "State", author: str, *, now: datetime) -> Erasure:
    """Raises UsageError when the source cannot tell whose a review is; BridgeError when it cannot be read."""
    source = route.source
    if not isinstance(source, KnowsAuthors):
        raise UsageError(f"the source {source.name} cannot tell whose a review is.", where=route.name)
    records = [record for record in state.records(route.name) if record.kind is Kind.REVIEW]
    items = {item.key: item for item in source.items().items if isinstance(item, Review)}
    keys = source.reviews_by(author, [*items, *(record.key for record in records)])
    changes: list[Change] = []
    failures: list[Failure] = []
    places: dict[str, Place] = {}
    for place, wanted in _places(route, state, [items[key] for key in keys if key in items], records, keys, failures):
        places[place.ref.id] = place
        changes += wanted
    plan = plan_asked(route, changes, places, failures, selected=len(keys), now=now)
    # Words that stay in one course are no reason to leave those in another.
    plan = replace(plan, takes_away_at_once=True)
    return Erasure(plan, keys, tuple(source.rows_by(author)))


def erase(route: Route, state: "State", planned: Erasure, *, now: datetime) -> Report:
    """Do it. Lease the route around `plan_erasure` and `erase`. The state keeps nothing but marks; what could not be
    taken away at the destination is in the report, and remembered until it is, as it may be nowhere else."""
    state.history.keep_away(route.name, [mark(key) for key in planned.keys], now)
    run = new_run(now)
    # Nobody's name: the trail is kept longer than anything that is to be forgotten.
    state.trail.add(Act(deed=Deed.FORGET, route=route.name, run=run, about=f"{len(planned.keys)} reviews"))
    report = apply(planned.plan, route, state, now=now, run=run)
    gone = {(outcome.change.place.id, outcome.change.key) for outcome in report.done}
    stand = {change.key for change in planned.plan.changes if (change.place.id, change.key) not in gone}
    unseen = {record.key for record in state.records(route.name) if record.place not in planned.plan.places}
    state.history.erase(route.name, planned.keys - stand - unseen)
    return report


def _places(
    route: Route,
    state: "State",
    items: Sequence[Item],
    records: Sequence[Record],
    keys: frozenset[Key],
    failures: list[Failure],
) -> list[tuple[Place, list[Change]]]:
    refs = {known.place.id: known.place for known in state.places(route.name).values()}
    here: dict[str, list[Record]] = {}
    for record in records:
        if record.key in keys and not record.deleted:
            here.setdefault(record.place, []).append(record)
    wanted = {refs[place] for place in here if place in refs} | {
        *locate(route.destination, items, refs.values()).places
    }
    found = []
    for ref in wanted:
        there = stand_at(route, ref, here.get(ref.id, ()), failures)
        if there is None:
            continue
        place, entries = there
        by_key = {record.key: record for record in here.get(ref.id, [])}
        marks = {mark(key): key for key in keys}
        ours = [entry for entry in entries if entry.mark in marks]
        found.append((place, [_removal(place, marks[entry.mark or ""], entry, by_key) for entry in ours]))
    return found


def _removal(place: Place, key: Key, entry: Entry, records: dict[Key, Record]) -> Change:
    record = records.get(key)
    change = Change(
        action=Action.DELETE,
        key=key,
        kind=Kind.REVIEW,
        place=place.ref,
        course=place.ref.course or "",
        title=record.title if record is not None else "a review",
        reason=ASKED,
        entry=entry,
        record=record,
    )
    if {"delete", "recycle"} & set(getattr(place, "prunes", {"delete"})) or record is None:
        return change
    hide = getattr(place, "hide", None)
    return replace(change, action=Action.HIDE, payload=hide(payload_of(record), NOTICE)) if hide else change
