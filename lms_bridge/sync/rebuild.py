"""A state made anew from what stands at the destination, and a look at whether the two agree. Writes nothing there."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from lms_bridge.audit.line import Act, Deed
from lms_bridge.connector import Action, Change
from lms_bridge.errors import Problem
from lms_bridge.items import Key
from lms_bridge.sync.apply import apply
from lms_bridge.sync.decision import (
    BACK_AGAIN,
    ORPHAN_DELETE,
    ORPHAN_PARENT,
    ORPHAN_REPORT,
    SOURCE_CHANGED,
)
from lms_bridge.sync.policy import Refresh
from lms_bridge.sync.route import prepare
from lms_bridge.sync.run import Progress, Report, Route, no_progress

if TYPE_CHECKING:
    # The database library takes a third of a second to load, and types need none.
    from lms_bridge.sync.state import State

_SAME_AS_REMEMBERED = frozenset({SOURCE_CHANGED, BACK_AGAIN, ORPHAN_REPORT, ORPHAN_DELETE, ORPHAN_PARENT})


def rebuild(route: Route, state: "State", *, now: datetime, progress: Progress = no_progress) -> Report:
    """Forget what is remembered of what stands, and adopt what carries our mark. Lease the route around it.

    What people deleted stays remembered, since no mark tells it. Where the destination cannot be looked at as a whole,
    everything that was remembered stays.
    """
    state.trail.add(Act(deed=Deed.REBUILD, route=route.name))
    looking = replace(route, policy=replace(route.policy, refresh=Refresh.ALWAYS))
    before = [record for record in state.records(route.name) if not record.deleted]
    state.forget_records(route.name, before)
    plan = prepare(looking, state, now=now, progress=progress)
    if plan.failures:
        state.save_records(route.name, route.destination.name, before)
    adopting = tuple(change for change in plan.changes if change.action is Action.ADOPT)
    return apply(
        replace(plan, changes=adopting, refreshed=(), partial=True), looking, state, now=now, progress=progress
    )


@dataclass(frozen=True, slots=True)
class Verified:
    """How a route's state and destination agree: how many entries do, and for which keys they do not, and how."""

    route: str
    agree: int
    wrong: Mapping[Key, str]
    problems: tuple[Problem, ...]


def verify(route: Route, state: "State", *, now: datetime, progress: Progress = no_progress) -> Verified:
    """Looks at every place, whatever `refresh` says, and changes neither side."""
    looking = replace(route, policy=replace(route.policy, refresh=Refresh.ALWAYS))
    plan = prepare(looking, state, now=now, progress=progress)
    wrong = {change.key: f"{change.action.value}: {change.reason}" for change in plan.changes if not _agrees(change)}
    agree = len(plan.in_step) + sum(change.record is not None for change in plan.changes if _agrees(change))
    return Verified(route.name, agree, wrong, plan.problems)


def _agrees(change: Change) -> bool:
    """What we remember is what stands there, whatever the source says: nothing on both sides, or the same."""
    if change.record is None or change.record.deleted:
        return change.entry is None
    return change.reason in _SAME_AS_REMEMBERED
