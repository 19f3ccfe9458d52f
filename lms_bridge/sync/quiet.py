"""Nothing changed since a run that found nothing to do: then there is nothing to do, and no item need be looked at.

What that run found is noted beside the state. A note says what it rests on, and holds only as long as all of that is
the same; one that is lost, damaged or of another form costs a run that looks, and nothing else.
"""

import json
import logging
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lms_bridge.connector import Action, Change, PlaceRef
from lms_bridge.items import Kind
from lms_bridge.sync.checksum import checksum
from lms_bridge.sync.policy import Refresh
from lms_bridge.sync.run import Ground, Plan, Route

if TYPE_CHECKING:
    # The database library takes a third of a second to load, and types need none.
    from lms_bridge.sync.state import State

_log = logging.getLogger(__name__)
_FORM = 1
_DAY = timedelta(days=1)


def ground_of(route: Route, state: "State") -> Ground | None:
    """Taken before anything is read, so that whatever is touched meanwhile is seen by the next run. None for a route
    that looks at its destination each time, and for a source that cannot tell whether it changed."""
    if route.policy.refresh is Refresh.ALWAYS or not route.basis:
        return None
    # What became of a write whose answer never came is looked up, whatever else is as it was.
    source = route.glance() if route.glance is not None and not state.open_intents(route.name) else None
    return Ground(route.basis, source, state.standing(route.name, route.destination.name)) if source else None


def recalled(notes: Path, route: Route, ground: Ground, now: datetime) -> Plan | None:
    """The plan of a run that found nothing to do, if it would be the same now."""
    note = _read(_file(notes, route.name))
    try:
        if note["form"] != _FORM or Ground(**note["ground"]) != ground:
            return None
        until = note["until"]
        if not datetime.fromisoformat(note["made"]) <= now or (until and now >= datetime.fromisoformat(until)):
            return None
        return Plan(
            route=route.name,
            destination=route.destination.name,
            made=now,
            changes=tuple(_left(row) for row in note["left"]),
            still=int(note["still"]),
            selected=int(note["selected"]),
            checksum=checksum(()),
        )
    except (KeyError, TypeError, ValueError):
        return None


def keep(notes: Path, route: Route, plan: Plan, state: "State") -> None:
    """Note that nothing was to do. A run that had something to do, or that failed with something, leaves no note."""
    ground = plan.ground
    if ground is None or plan.still or plan.pending or plan.conflicts or plan.failures or plan.refreshed:
        return
    until = _until(route, plan, state)
    note = {
        "form": _FORM,
        "ground": {"basis": ground.basis, "source": ground.source, "standing": ground.standing},
        "made": plan.made.isoformat(),
        "until": until.isoformat() if until else None,
        "still": plan.unchanged,
        "selected": plan.selected,
        "left": [_row(change) for change in plan.changes],
    }
    try:
        _write(_file(notes, route.name), json.dumps(note))
    except OSError as error:
        _log.info("what was found could not be noted beside the state: %s", error)


def _until(route: Route, plan: Plan, state: "State") -> datetime | None:
    moments = [plan.until] if plan.until is not None else []
    if route.policy.refresh is Refresh.DAILY:
        moments += [known.listed + _DAY for known in state.places(route.name).values() if known.listed is not None]
    return min(moments, default=None)


def _file(notes: Path, route: str) -> Path:
    return notes / f"{route}.json"


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, text: str) -> None:
    """As a whole or not at all, since another run may read it meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _row(change: Change) -> dict[str, Any]:
    place = change.place
    return {
        "key": change.key,
        "kind": change.kind.value,
        "place": [place.kind.value, place.container, place.title, place.course],
        "course": change.course,
        "title": change.title,
        "reason": change.reason,
    }


def _left(row: Mapping[str, Any]) -> Change:
    kind, *place = row["place"]
    return Change(
        action=Action.SKIP,
        key=row["key"],
        kind=Kind(row["kind"]),
        place=PlaceRef(Kind(kind), *place),
        course=row["course"],
        title=row["title"],
        reason=row["reason"],
    )
