"""What a person asked for by name, outside the order of a sync: a plan of it alone, and a look at one place."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from lms_bridge.connector import Change, Entry, Place, PlaceRef, Record
from lms_bridge.errors import BridgeError
from lms_bridge.sync.checksum import checksum
from lms_bridge.sync.pricing import notices_of, price
from lms_bridge.sync.run import Failure, Plan, Route


def plan_asked(
    route: Route,
    changes: Sequence[Change],
    places: Mapping[str, Place],
    failures: Sequence[Failure],
    *,
    selected: int,
    now: datetime,
) -> Plan:
    """A partial plan, priced: nothing beside these changes is decided or remembered by it."""
    cost, troubles = price(changes, places)
    return Plan(
        route=route.name,
        destination=route.destination.name,
        made=now,
        changes=tuple(changes),
        selected=selected,
        partial=True,
        cost=cost,
        checksum=checksum(changes),
        failures=(*failures, *troubles),
        notices=notices_of(changes, cost),
        places=places,
    )


def stand_at(
    route: Route, ref: PlaceRef, records: Iterable[Record], failures: list[Failure]
) -> tuple[Place, list[Entry]] | None:
    """The place and what stands there. None when it cannot be looked at, which `failures` then tells.

    `records` are those of the place. The connectors know their courses by what was located before this.
    """
    try:
        place = route.destination.open(ref)
        expect = getattr(place, "expect", None)
        if expect is not None:
            expect([record for record in records if not record.deleted])
        return place, list(place.entries())
    except BridgeError as error:
        failures.append(Failure("", replace(error.problem, where=error.problem.where or ref.title)))
        return None
