"""Where the items of a run belong that workers share: each looks for some courses, and knows what all of them found."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from lms_bridge.connector import Address, Placement, PlaceRef
from lms_bridge.items import Key
from lms_bridge.sync.listing import SourceView
from lms_bridge.sync.route import open_all, placement_of, view_of
from lms_bridge.sync.run import Route
from lms_bridge.sync.survey import addresses_of, whereabouts

if TYPE_CHECKING:
    # The database library takes a third of a second to load, and types need none.
    from lms_bridge.sync.state import State

log = logging.getLogger(__name__)

FEW_COURSES = 40
MANY_COURSES = 80
SEARCHES = 32
"""Courses are looked for in shares of few, and of many where there would be more than so many shares: each share asks
some things once. As many as fill requests (`batch` of a Moodle)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A route as a worker sees it in one run: read once, for all the parts that this worker gets."""

    run: str
    route: Route
    view: SourceView
    placement: Placement
    places: Mapping[str, PlaceRef]
    """Every place that items belong in or records stand in, by id."""
    addresses: Mapping[Key, Address] = field(repr=False)


def seen(route: Route, state: "State", *, now: datetime) -> SourceView:
    """What is to stand."""
    others = state.addresses(route.destination.name, besides=route.name)
    return view_of(route, state, frozenset(others), now)


def shares(route: Route, view: SourceView) -> list[list[str]]:
    """Courses whose places are to be looked for, in shares for several workers. None where that is one worker's matter:
    they are few, or the destination cannot tell one worker what another found."""
    courses = sorted({item.course.idnumber for item in view.items})
    if getattr(route.destination, "whereabouts", None) is None or len(courses) <= FEW_COURSES:
        return []
    each = FEW_COURSES if len(courses) <= SEARCHES * FEW_COURSES else MANY_COURSES
    return [courses[at : at + each] for at in range(0, len(courses), each)]


def search(route: Route, state: "State", view: SourceView, courses: Collection[str]) -> str | None:
    """What is found of some courses. None where it cannot be found now: whoever needs it looks again."""
    wanted = frozenset(courses)
    items = [item for item in view.items if item.course.idnumber in wanted]
    try:
        return whereabouts(route.destination, items, [known.place for known in state.places(route.name).values()])
    except Exception as error:
        # Also what nobody foresaw: a run must not end for what is only help.
        log.warning("%s: some courses could not be looked for: %s", route.destination.name, type(error).__name__)
        return None


def survey(
    route: Route, state: "State", run: str, view: SourceView, *, now: datetime, told: Sequence[str] = ()
) -> Whole | None:
    """Where everything belongs. None where that cannot be known now: the closing tells why. `told`: what `search` gave
    to any worker."""
    if view.failed:
        return None
    try:
        placement = placement_of(route, state, view.items, told)
    except Exception as error:
        log.warning("%s: it could not be found out where things go: %s", route.destination.name, type(error).__name__)
        return None
    looks, _ = open_all(route, state, view, placement, state.open_intents(route.name), now)
    others = state.addresses(route.destination.name, besides=route.name)
    addresses = addresses_of(looks, others, route.policy, now)
    places = {look.ref.id: look.ref for look in looks}
    return Whole(run=run, route=route, view=view, placement=placement, places=places, addresses=addresses)
