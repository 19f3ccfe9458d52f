"""A part of a route: some of its places, planned and written by one worker beside others. The closing of the whole.

A part creates, updates, merges and adopts. What looks at a route as a whole waits for the closing, which is an ordinary
sync: whatever takes away, limits on deletes, the cursor, reviews, the report. It lists a place that was listed in this
run only where something is left to do.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lms_bridge.connector import Action, Address, Change, Outcome, Placement, PlaceRef, Status
from lms_bridge.errors import Problem, Trouble
from lms_bridge.items import Item, Key
from lms_bridge.sync.apply import WRITES, apply, not_whole
from lms_bridge.sync.catalogue import Catalogue
from lms_bridge.sync.intent import SharedRun
from lms_bridge.sync.listing import SourceView
from lms_bridge.sync.report import exit_code, summary_of
from lms_bridge.sync.route import Within, located, prepare
from lms_bridge.sync.run import Failure, Plan, Report, Route
from lms_bridge.sync.spent import keep_fidelity
from lms_bridge.sync.stop import Stop

if TYPE_CHECKING:
    # The database library takes a third of a second to load, and types need none.
    from lms_bridge.sync.state import State

MOST_PLACES = 16
MOST_ITEMS = 400
"""A group is no larger: what a worker that dies leaves undone is begun again by another."""
FEW = 64
"""So many groups at the least, as long as there are places: the last ones should not wait for one worker."""
_TOLD = (Status.DONE.value, Status.CONFLICT.value, "skipped", "held", "postponed")
"""How outcomes are called that the report tells one by one."""


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


Hold = Callable[[Plan, datetime], Plan]
"""A plan without what is not to be done at this moment (see `frozen.hold`)."""


def hold_nothing(plan: Plan, now: datetime) -> Plan:
    """Where no windows are."""
    return plan


def survey(route: Route, state: "State", run: str, *, now: datetime) -> Whole | None:
    """None where nothing can be known now: the closing tells why."""
    seen = located(route, state, now=now)
    if seen is None:
        return None
    places = {ref.id: ref for ref in seen.places}
    return Whole(
        run=run, route=route, view=seen.view, placement=seen.placement, places=places, addresses=seen.addresses
    )


def grouped(whole: Whole) -> list[list[str]]:
    """The places in groups: few enough for little overhead, many enough for many workers."""
    counts = {ref.id: len(items) for ref, items in whole.placement.places.items()}
    most = min(MOST_PLACES, max(1, len(whole.places) // FEW))
    groups: list[list[str]] = []
    items = 0
    # By name, so that the places of a course tend to be looked at together.
    for place in sorted(whole.places, key=lambda place: (whole.places[place].course or "", place)):
        if not groups or len(groups[-1]) >= most or items + counts.get(place, 0) > MOST_ITEMS:
            groups.append([])
            items = 0
        groups[-1].append(place)
        items += counts.get(place, 0)
    return groups


def sync_part(
    whole: Whole, places: Sequence[str], state: "State", *, now: datetime, stop: Stop, hold: Hold = hold_nothing
) -> bool:
    """Bring some places in step, as far as that takes nothing away. Raises StateError when somebody else has them.
    False when it was to stop before the end."""
    from lms_bridge.sync.state_part import PartState

    mine = frozenset(places)
    items = {ref: of for ref, of in whole.placement.places.items() if ref.id in mine}
    view = replace(whole.view, items=_items(items), failures=(), cursor=None, catalogue=Catalogue())
    within = Within(view, Placement(items))
    with_state = PartState(state, mine, whole.addresses)
    with with_state.lease_mine(whole.route.name):
        plan = hold(prepare(whole.route, with_state, now=now, within=within), now)
        # What is only told is told here too: the closing may have no reason to look at this place again.
        going = [change for change in plan.changes if change.action in WRITES and not change.guarded]
        told = [change for change in plan.changes if change.action is Action.SKIP and not change.conflict]
        plan = replace(plan, changes=tuple(change for change in (*going, *told) if change.place.id in mine))
        report = apply(plan, whole.route, with_state, now=now, run=whole.run, stop=stop)
    return not report.stopped


def _items(placed: Mapping[PlaceRef, Sequence[Item]]) -> tuple[Item, ...]:
    return tuple(item for items in placed.values() for item in items)


def close_run(
    shared: SharedRun,
    route: Route,
    state: "State",
    *,
    clock: Callable[[], datetime],
    stop: Stop,
    whole: Whole | None = None,
    hold: Hold = hold_nothing,
) -> bool:
    """What looks at the route as a whole, and the report. Lease the route around it. `whole`: as this worker saw it
    when it did its parts. False when it was to stop."""
    from lms_bridge.sync.state_part import ClosingState

    route = replace(route, policy=replace(route.policy, fresh_since=shared.opened))
    closing = ClosingState(state)
    now = clock()
    plan = prepare(route, closing, now=now, within=Within(whole.view, whole.placement)) if whole is not None else None
    if plan is None or plan.pending or plan.failures:
        # What is left is done by what source and destination say now: others made things since.
        plan = prepare(route, closing, now=now)
    report = apply(hold(plan, now), route, closing, now=now, run=shared.run, stop=stop)
    if report.stopped:
        return False
    told = {_at(each.change): status for each, status in state.sharing.outcomes(shared.run, route.name)}
    done = Status.DONE.value
    told_already = sum(told.get(_at(change)) in _TOLD for change in plan.in_step)
    written = [record for record in closing.records(route.name) if told.get((record.place, record.key)) == done]
    rest = _rest(replace(report, unchanged=report.unchanged - told_already, fidelity=not_whole(written)))
    _end(shared, state, rest, clock())
    state.sharing.end(shared.run, route.name, rest)
    return True


def end_early(shared: SharedRun, state: "State", reason: str, *, now: datetime) -> None:
    """Workers begin nothing more of it."""
    nothing = Report(run=shared.run, route=shared.route, destination="", started=shared.opened, ended=now)
    rest = _rest(replace(nothing, stopped=reason))
    state.sharing.end(shared.run, shared.route, rest)
    _end(shared, state, rest, now)


def _end(shared: SharedRun, state: "State", rest: Mapping[str, Any], now: datetime) -> None:
    whole = report_of(replace(shared, ended=now, rest=rest), state)
    keep_fidelity(state, whole)
    code, summary = exit_code([whole]), summary_of([whole])
    state.trail.add_run(shared.run, shared.route)
    state.history.end_run(shared.run, shared.route, ended=now, exit_code=code, summary=summary)


def _rest(report: Report) -> dict[str, Any]:
    return {
        "destination": report.destination,
        "unchanged": report.unchanged,
        "failures": [_kept(failure) for failure in report.failures],
        "notices": [[n.cause, n.where, n.next_step] for n in report.notices],
        "approvals": list(report.approvals),
        "unreachable": report.unreachable,
        "stopped": report.stopped,
        "fidelity": {key: dict(shares) for key, shares in report.fidelity.items()},
    }


def report_of(shared: SharedRun, state: "State") -> Report:
    """The one report of a shared run that ended, the same for everybody who asks."""
    assert shared.ended is not None
    assert shared.rest is not None
    rest = shared.rest
    told = state.sharing.outcomes(shared.run, shared.route)
    done = {_at(each.change): place for place, (each, status) in enumerate(told) if status == Status.DONE.value}

    def left(*names: str) -> tuple[Change, ...]:
        """What could be done after all, by another or in a second closing, is not told as left."""
        return tuple(
            each.change
            for place, (each, status) in enumerate(told)
            if status in names and place > done.get(_at(each.change), -1)
        )

    return Report(
        run=shared.run,
        route=shared.route,
        destination=rest["destination"],
        started=shared.opened,
        ended=shared.ended,
        outcomes=_once(o for o, status in told if status == Status.DONE.value),
        skipped=left("skipped", Status.CONFLICT.value),
        held=left("held"),
        postponed=left("postponed"),
        unchanged=rest["unchanged"],
        failures=tuple(_failure(*words) for words in rest["failures"]),
        notices=tuple(Problem(*words) for words in rest["notices"]),
        approvals=tuple(rest["approvals"]),
        unreachable=rest["unreachable"],
        stopped=rest["stopped"],
        fidelity=rest["fidelity"],
    )


def _kept(failure: Failure) -> list[str]:
    told = failure.problem
    return [failure.key, told.cause, told.where, told.next_step, told.trouble.value]


def _failure(key: Key, cause: str, where: str, next_step: str, trouble: str = Trouble.OTHER.value) -> Failure:
    """As a run keeps it; one that an earlier version kept names no kind."""
    return Failure(key, Problem(cause, where, next_step, trouble=Trouble(trouble)))


def _at(change: Change) -> tuple[str, Key]:
    """An item may stand in two places, while it moves."""
    return change.place.id, change.key


def _once(told: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """What was done, each thing once. A worker that lost its places with the database finishes the write that is under
    way: meanwhile another may have found and adopted what it had just created."""
    done = {(each.change.place.id, each.change.key, each.change.action): each for each in told}
    created = {(place, key) for place, key, action in done if action is Action.CREATE}
    return tuple(
        each for (place, key, action), each in done.items() if action is not Action.ADOPT or (place, key) not in created
    )
