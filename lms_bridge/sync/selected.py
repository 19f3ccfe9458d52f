"""A selection of a route: only that is looked at, and what it hangs on, where the source can give a part of itself.

What stands in the same courses, and in those that texts lead to, is known without its text: links, names and index
pages come out as by a look at everything.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from lms_bridge.connector import Part
from lms_bridge.sync.catalogue import catalogue_of
from lms_bridge.sync.checksum import checksum
from lms_bridge.sync.listing import view_part
from lms_bridge.sync.route import Within, prepare
from lms_bridge.sync.run import Plan, Progress, Route, no_progress
from lms_bridge.sync.selection import meant_by, select
from lms_bridge.sync.survey import locate
from lms_bridge.sync.touched import linked

if TYPE_CHECKING:
    # The database library takes a third of a second to load, and types need none.
    from lms_bridge.sync.state import State

_log = logging.getLogger(__name__)


def prepare_selected(
    route: Route, state: "State", only: Sequence[str], *, now: datetime, progress: Progress = no_progress
) -> Plan:
    """As `prepare` has it of a selection; what is wrong with anything else is not told where it was not looked at."""
    part = _part(route, only)
    found = _looked_at(route, state, part, only, now, progress) if part is not None else None
    return found or prepare(route, state, now=now, only=only, progress=progress)


def _part(route: Route, only: Sequence[str]) -> Part | None:
    ask = getattr(route.source, "part", None)
    try:
        return ask(meant_by(only, route.kinds)) if ask is not None else None
    except Exception as error:
        _log.info("%s could not give a part: %s", route.source.name, type(error).__name__)
        return None


def _looked_at(
    route: Route, state: "State", part: Part, only: Sequence[str], now: datetime, progress: Progress
) -> Plan | None:
    from lms_bridge.sync.state_part import PartState

    there, name = route.destination.name, route.name
    linkable = frozenset(state.addresses(there, besides=name, keys=[item.key for item in part.items]))
    view = view_part(route, part.items, now, linkable, state.history.kept_away(name))
    chosen = select(view.items, only)
    if not chosen:
        return replace(Plan(route=name, destination=there, made=now), partial=True, checksum=checksum(()))
    try:
        placement = locate(route.destination, view.items, [known.place for known in state.places(name).values()])
    except Exception as error:
        _log.info("%s could not tell where things go: %s", there, type(error).__name__)
        return None
    keys = frozenset(item.key for item in view.items)
    places = {place.id for place in placement.places}
    placed = {item.key: place.id for place, of in placement.places.items() for item in of}
    standing = {key: at.place.id for key, at in state.own_addresses(there, name, keys).items()}
    # What is new gets a name that nothing else has in its place: then all that stands there must be known.
    all_stand = placed == standing
    elsewhere = state.addresses(there, besides=name, keys=set().union(*map(linked, chosen)))
    mine = PartState(state, places, elsewhere, keys=keys if all_stand else None)
    within = Within(
        replace(view, catalogue=catalogue_of(chosen, None, whole=False)),
        placement,
        frozenset(item.key for item in chosen),
        state.population(name, places) if all_stand else None,
    )
    return prepare(route, mine, now=now, within=within, progress=progress)
