"""What changes cost at their places, and what people should know before they are made."""

import logging
from collections.abc import Mapping, Sequence

from lms_bridge.connector import Action, Change, Cost, Place
from lms_bridge.errors import Problem
from lms_bridge.sync.fault import fault
from lms_bridge.sync.run import Failure

log = logging.getLogger(__name__)


def price(changes: Sequence[Change], places: Mapping[str, Place]) -> tuple[Cost, list[Failure]]:
    """The cost of everything that is written, and which places could not tell theirs."""
    cost = Cost()
    failures = []
    written: dict[str, list[Change]] = {}
    for change in changes:
        if change.action not in (Action.SKIP, Action.FORGET):
            written.setdefault(change.place.id, []).append(change)
    for place, wanted in written.items():
        try:
            cost += places[place].cost(wanted)
        except Exception as error:
            log.exception("%s could not be priced", place, extra={"course": places[place].ref.course})
            failures.append(Failure("", fault(error, places[place].ref.title, "priced")))
    return cost, failures


def notices_of(changes: Sequence[Change], cost: Cost) -> tuple[Problem, ...]:
    """What people should know first: of what will be written, each thing once."""
    notices = dict.fromkeys(cost.notices)
    for change in changes:
        if change.payload is not None and change.action in (Action.CREATE, Action.UPDATE, Action.MERGE):
            notices |= dict.fromkeys(change.payload.notices)
    return tuple(notices)
