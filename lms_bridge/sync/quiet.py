"""Nothing changed since a run that found nothing to do: then there is nothing to do, and no item need be looked at.

What that run found is noted beside the state. A note says what it rests on, and holds only as long as all of that is
the same; one that is lost, damaged or of another form costs a run that looks, and nothing else.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lms_bridge.connector import Action, Change, PlaceRef
from lms_bridge.items import Kind
from lms_bridge.sync.checksum import checksum
from lms_bridge.sync.policy import Refresh
from lms_bridge.sync.run import Ground, Plan, Report, Route
from lms_bridge.whole import write_whole

if TYPE_CHECKING:
    # The database library takes a third of a second to load, and types need none.
    from lms_bridge.sync.state import State

_log = logging.getLogger(__name__)
_FORM = 2
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What was found when nothing was left to do. `left` is what the run told of and did not do, as skips."""

    ground: Ground
    made: datetime
    until: datetime | None
    still: int
    selected: int
    left: tuple[Change, ...]
    outline: str | None
    """What the source may be asked for: what was touched since."""

    def holds(self, ground: Ground, now: datetime) -> bool:
        """For the same settings, code and state, at a moment at which nothing has turned into something else."""
        same = replace(self.ground, source=ground.source) == ground
        return same and self.made <= now and not (self.until and now >= self.until)


@dataclass(frozen=True, slots=True)
class Before:
    """What a run may go by instead of looking at everything."""

    ground: Ground
    note: Note | None
    """None where there is none, or none that can be read."""
    seen: Any
    """By the source's glance."""


def before(notes: Path, route: Route, state: "State") -> Before | None:
    """Taken before anything is read, so that whatever is touched meanwhile is seen by the next run. None for a route
    that looks at its destination each time, and for a source that cannot tell whether it changed."""
    if route.policy.refresh is Refresh.ALWAYS or not route.basis or route.glance is None:
        return None
    # What became of a write whose answer never came is looked up, whatever else is as it was.
    if state.open_intents(route.name):
        return None
    glance = route.glance()
    ground = Ground(route.basis, glance.told, *state.standing(route.name, route.destination.name))
    return Before(ground, _note(notes, route), glance.seen)


def recalled(before: Before, route: Route, now: datetime) -> Plan | None:
    """The plan of a run that found nothing to do, if it would be the same now."""
    ground, note = before.ground, before.note
    if note is None or not ground.source or note.ground != ground or not note.holds(ground, now):
        return None
    return Plan(
        route=route.name,
        destination=route.destination.name,
        made=now,
        changes=note.left,
        still=note.still,
        selected=note.selected,
        checksum=checksum(()),
    )


def _note(notes: Path, route: Route) -> Note | None:
    told = _read(_file(notes, route.name))
    try:
        if told["form"] != _FORM:
            return None
        until, outline = told["until"], told["outline"]
        return Note(
            ground=Ground(**told["ground"]),
            made=datetime.fromisoformat(told["made"]),
            until=datetime.fromisoformat(until) if until else None,
            still=int(told["still"]),
            selected=int(told["selected"]),
            left=tuple(_left(row) for row in told["left"]),
            outline=str(outline) if outline else None,
        )
    except (KeyError, TypeError, ValueError):
        return None


def keep(notes: Path, route: Route, plan: Plan, report: Report, state: "State") -> None:
    """Note that nothing is left to do. A run that failed with something leaves no note, nor does one that did more than
    write texts anew: what came or went may have others say something else."""
    if plan.ground is None or plan.conflicts or plan.failures or plan.refreshed:
        return
    if any(change.action is not Action.UPDATE for change in plan.pending):
        return
    ground = plan.ground
    if plan.pending or plan.partial:
        if len(report.done) != len(plan.pending):
            return
        ground = replace(ground, standing=_standing_now(plan, ground, state))
    elif plan.still:
        return
    until = _until(route, plan, state)
    note = {
        "form": _FORM,
        "ground": asdict(ground),
        "made": plan.made.isoformat(),
        "until": until.isoformat() if until else None,
        "still": plan.unchanged + len(plan.pending),
        "selected": plan.selected,
        "left": [_row(change) for change in plan.changes if change.action is Action.SKIP],
        "outline": plan.outline,
    }
    try:
        write_whole(_file(notes, route.name), json.dumps(note).encode())
    except OSError as error:
        _log.info("what was found could not be noted beside the state: %s", error)


def _standing_now(plan: Plan, ground: Ground, state: "State") -> str:
    """With what the run wrote. Whatever else came to differ meanwhile, the next run sees."""
    written = [change.record for change in plan.pending if change.record is not None]
    return state.standing_after(ground.standing, plan.route, plan.destination, [*written, *plan.deleted])


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
