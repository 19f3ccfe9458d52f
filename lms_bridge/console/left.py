"""What the last run of a route left: asked of the state only where there is any, since of a run of a hundred thousand
changes all are gone through for it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lms_bridge.service.doors import RouteStatus
from lms_bridge.sync.report import DONE

if TYPE_CHECKING:
    from lms_bridge.sync.state_looking import Looking, Past


def held_of(looking: "Looking", route: RouteStatus, *, limit: int) -> "tuple[Sequence[Past], int]":
    """What waits for somebody to approve, and how much it is in all."""
    if route.last_run is None or not route.waits:
        return [], 0
    return looking.held(route.last_run.run, route.name, limit=limit)


def troubles_of(looking: "Looking", route: RouteStatus) -> "Sequence[Past]":
    """What failed."""
    if route.last_run is None or route.last_run.exit_code == DONE:
        return []
    return looking.troubles(route.last_run.run, route.name)
