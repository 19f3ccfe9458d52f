"""Undoing a run: what stood there before its writes is put back, where nobody changed it since.

What is put back counts as a person's word from then on: the next sync leaves it, as the route's `drift` says.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from lms_bridge.audit.line import Act, Deed
from lms_bridge.connector import Action, Body, Change, Entry, Place, PlaceRef, Record
from lms_bridge.errors import BridgeError, NotFound, UsageError
from lms_bridge.items import Key, mark
from lms_bridge.sync.apply import apply, new_run
from lms_bridge.sync.asked import plan_asked, stand_at
from lms_bridge.sync.digest import body_digest
from lms_bridge.sync.intent import Image
from lms_bridge.sync.remembered import payload_of
from lms_bridge.sync.run import Failure, Plan, Report, Route

if TYPE_CHECKING:
    # The database library takes a third of a second to load, and types need none.
    from lms_bridge.sync.state import State

CHANGED_SINCE = "it was changed since that run; it is left as it is"
STANDS_STILL = "what stood there before that run stands there; there is nothing to put back"
GONE_SINCE = "it is not there any more; there is nothing to put back"
STANDS_AGAIN = "something stands there again; it is left as it is"
NO_WAY_TO_DELETE = "this destination has no way to delete what that run made: remove it there by hand"
NO_WAY_TO_WRITE = "this destination has no way to write the text that stood there: {url}"
NOTHING_KNOWN = "what stood there before is not known"
UNDONE = "the run {run} is undone: what stood there before is put back"
TAKEN_BACK = "the run {run} is undone: what it made is taken away"


@dataclass(frozen=True, slots=True)
class Undo:
    """What undoing a run would do. `left` says for which keys it would do nothing, and why."""

    plan: Plan
    left: Mapping[Key, str]
    images: Mapping[tuple[str, Key], Image]
    run: str


@dataclass(frozen=True, slots=True)
class _There:
    """One place as it stands now."""

    place: Place
    records: Mapping[Key, Record]
    entries: Mapping[str, Entry]


def plan_undo(route: Route, state: "State", run: str, *, now: datetime, only: Sequence[Key] = ()) -> Undo:
    """Reads both the state and the destination, and writes nothing. Raises UsageError when there is no such run."""
    images = _images(state, route.name, run)
    if not images and not state.history.has_run(run, route.name):
        raise UsageError(f"there is no run {run} of the route {route.name}.", next_step="See `lms-bridge runs list`.")
    records = {(record.place, record.key): record for record in state.records(route.name)}
    known = state.places(route.name)
    changes: list[Change] = []
    places: dict[str, Place] = {}
    left: dict[Key, str] = {}
    failures: list[Failure] = []
    try:
        # The connectors know their courses by what is located, and a place by being opened.
        route.destination.locate(())
    except BridgeError as error:
        failures.append(Failure("", error.problem))
        images = {}
    for place_id in dict.fromkeys(place for place, _ in images):
        there = _look(route, known[place_id].place, records, failures)
        if there is None:
            continue
        places[place_id] = there.place
        for (place, key), image in images.items():
            if place != place_id or (only and key not in only):
                continue
            found = _undoing(there, image, run)
            if isinstance(found, str):
                left[key] = found
            else:
                changes.append(found)
    plan = plan_asked(route, changes, places, failures, selected=len(changes), now=now)
    return Undo(plan, left, images, run)


def undo(route: Route, state: "State", planned: Undo, *, now: datetime) -> Report:
    """Do it, as a run of its own that can be undone as well. Lease the route around `plan_undo` and `undo`."""
    before = {(record.place, record.key): record for record in state.records(route.name)}
    run = new_run(now)
    state.trail.add(Act(deed=Deed.UNDO, route=route.name, run=run, about=planned.run))
    report = apply(planned.plan, route, state, now=now, run=run)
    kept = []
    written = {(record.place, record.key): record for record in state.records(route.name)}
    for outcome in report.done:
        change = outcome.change
        at = (change.place.id, change.key)
        image, old = planned.images[at], before.get(at)
        if change.action is Action.DELETE:
            kept += [replace(old, deleted=True)] if old is not None else []
        elif at in written:
            ours = old or image.record_before
            assert ours is not None, "only what we remember is put back"
            kept.append(_as_a_persons(written[at], ours))
    state.save_records(route.name, route.destination.name, kept)
    return report


def _as_a_persons(written: Record, ours: Record) -> Record:
    """Stands as written, and holds a person's word: what we would have left there ourselves is remembered beside it."""
    return replace(ours, ref=written.ref, version=written.version, url=written.url, drifted=True, hidden=False)


def _images(state: "State", route: str, run: str) -> dict[tuple[str, Key], Image]:
    """By place and key: a run writes each entry once at the most, and where it is tried again by another worker, the
    first found what stood there before the run."""
    images: dict[tuple[str, Key], Image] = {}
    for image in state.history.images(run, route):
        images.setdefault((image.place, image.key), image)
    return images


def _look(
    route: Route, ref: PlaceRef, records: Mapping[tuple[str, Key], Record], failures: list[Failure]
) -> _There | None:
    here = {key: record for (place, key), record in records.items() if place == ref.id}
    there = stand_at(route, ref, here.values(), failures)
    if there is None:
        return None
    place, entries = there
    by_mark: dict[str, Entry] = {}
    for entry in entries:
        if entry.mark is not None:
            by_mark.setdefault(entry.mark, entry)
        by_mark.setdefault(f"ref {entry.ref}", entry)
    return _There(place, here, by_mark)


def _undoing(there: _There, image: Image, run: str) -> Change | str:
    entry = there.entries.get(mark(image.key)) or there.entries.get(f"ref {image.ref}")
    made = image.action is Action.CREATE and image.before is None
    if image.action is Action.DELETE:
        return STANDS_AGAIN if entry is not None else _put_back(there, image, None, None, run)
    if entry is None:
        return GONE_SINCE
    try:
        stands = there.place.read(entry)
    except NotFound:
        return GONE_SINCE
    except BridgeError as error:
        return str(error.problem)
    digest = body_digest(stands)
    if image.before is not None and digest == body_digest(image.before):
        return STANDS_STILL
    if digest != image.digest_after:
        return CHANGED_SINCE
    if not made:
        return _put_back(there, image, entry, stands, run)
    if not {"delete", "recycle"} & set(getattr(there.place, "prunes", {"delete"})):
        return NO_WAY_TO_DELETE
    return replace(_change(there, image, Action.DELETE, TAKEN_BACK.format(run=run)), entry=entry, before=stands)


def _put_back(there: _There, image: Image, entry: Entry | None, stands: Body | None, run: str) -> Change | str:
    record = there.records.get(image.key)
    like = record if record is not None and entry is not None else image.record_before or record
    adapt = getattr(there.place, "adapt", None)
    if image.before is None or like is None:
        return NOTHING_KNOWN
    if adapt is None:
        return NO_WAY_TO_WRITE.format(url=(entry.url if entry else None) or like.url or like.name)
    action = Action.CREATE if entry is None else Action.UPDATE
    change = _change(there, image, action, UNDONE.format(run=run))
    return replace(change, payload=adapt(payload_of(like), image.before), entry=entry, before=stands)


def _change(there: _There, image: Image, action: Action, reason: str) -> Change:
    record = there.records.get(image.key) or image.record_before
    return Change(
        action=action,
        key=image.key,
        kind=there.place.ref.kind,
        place=there.place.ref,
        course=record.course if record is not None else there.place.ref.course or "",
        title=record.title if record is not None else image.key,
        reason=reason,
        record=record,
    )


def told(undo: Undo) -> Iterator[str]:
    """A line for each entry that cannot be put back."""
    for key, reason in undo.left.items():
        yield f"{key}: {reason}"
