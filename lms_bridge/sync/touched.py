"""Little was touched since a run that left nothing to do: then only that is looked at, and where it stands.

Whatever else than texts may have changed, and whatever would come of it but a text that is written anew, is left to a
run that looks at everything, and so is telling what went wrong.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lms_bridge.connector import Action, Address, Placement, Touched
from lms_bridge.items import Item, Key, Page, Prompt, mark
from lms_bridge.markup.links import item_keys
from lms_bridge.sync.checksum import checksum
from lms_bridge.sync.decision import Listed
from lms_bridge.sync.listing import SourceView
from lms_bridge.sync.quiet import Before, Note
from lms_bridge.sync.route import Within, prepare
from lms_bridge.sync.run import Plan, Progress, Route
from lms_bridge.sync.survey import locate

if TYPE_CHECKING:
    # The database library takes a third of a second to load, and types need none.
    from lms_bridge.sync.state import State

_log = logging.getLogger(__name__)


def plan_touched(
    route: Route,
    state: "State",
    before: Before,
    *,
    now: datetime,
    progress: Progress,
) -> Plan | None:
    """As `prepare` would have it, in other words: what needs nothing done is only counted. None where it cannot be told
    without looking at everything."""
    note = before.note
    if note is None or note.outline is None or not note.holds(before.ground, now):
        return None
    touched = _touched(route, note.outline, before.seen)
    if touched is None:
        return None
    kept_away = state.history.kept_away(route.name)
    items = [item for item in touched.items if item.kind in route.kinds and mark(item.key) not in kept_away]
    found = _looked_at(route, state, items, note, now, progress)
    if found is None or found.failures or found.approvals or found.refreshed:
        return None
    if any(change.action is not Action.UPDATE for change in found.changes):
        return None
    return replace(
        found,
        changes=(*found.changes, *note.left),
        still=note.still - len(items),
        selected=note.selected,
        outline=touched.outline,
        until=note.until,
        # Nobody looked at what else is listed there.
        listed=(),
    )


def _touched(route: Route, outline: str, seen: Any) -> Touched | None:
    ask = getattr(route.source, "touched", None)
    try:
        return ask(outline, seen) if ask is not None else None
    except Exception as error:
        _log.info("%s could not tell what was touched: %s", route.source.name, type(error).__name__)
        return None


def _looked_at(
    route: Route, state: "State", items: Sequence[Item], note: Note, now: datetime, progress: Progress
) -> Plan | None:
    from lms_bridge.sync.state_part import PartState

    if not items:
        empty = Plan(route=route.name, destination=route.destination.name, made=now)
        return replace(empty, partial=True, checksum=checksum(()))
    left = {change.key for change in note.left}
    # What was left undone, or lists others beside its text, hangs on more than its own text.
    if any(item.key in left or (isinstance(item, Page) and item.index) for item in items):
        return None
    keys = frozenset(item.key for item in items)
    meant = keys.union(*(linked(item) for item in items))
    own = state.own_addresses(route.destination.name, route.name, meant)
    placement = _where_they_stand(route, items, own)
    if placement is None:
        return None
    places = {place.id for place in placement.places}
    addresses = {**state.addresses(route.destination.name, besides=route.name, keys=meant), **own}
    view = SourceView(items=tuple(items), listed=Listed.PARTLY)
    within = Within(view, placement, keys, state.population(route.name, places))
    part = PartState(state, places, addresses, keys=keys)
    return prepare(route, part, now=now, within=within, progress=progress)


def linked(item: Item) -> set[Key]:
    """What its text leads to: it is only found out where these stand."""
    return item_keys(item.body) if isinstance(item, Page | Prompt) else set()


def _where_they_stand(route: Route, items: Sequence[Item], own: Mapping[Key, Address]) -> Placement | None:
    try:
        placement = locate(route.destination, items, {address.place for address in own.values()})
    except Exception as error:
        _log.info("%s could not tell where things go: %s", route.destination.name, type(error).__name__)
        return None
    placed = {item.key: place.id for place, of in placement.places.items() for item in of}
    standing = {item.key: own[item.key].place.id for item in items if item.key in own}
    return placement if placed == standing else None
