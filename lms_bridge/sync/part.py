"""A part of a route: some of its places, planned and written by one worker beside others. The closing of the whole.

A part creates, updates, merges and adopts. What looks at a route as a whole waits for the closing, which is an ordinary
sync: whatever takes away, limits on deletes, the cursor, reviews, the report. It lists a place that was listed in this
run only where something is left to do.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lms_bridge.connector import Action, Change, Outcome, Placement, PlaceRef, Record, Status
from lms_bridge.errors import Problem, Trouble
from lms_bridge.items import Item, Key
from lms_bridge.sync.apply import WRITES, apply
from lms_bridge.sync.catalogue import Catalogue
from lms_bridge.sync.intent import SharedRun
from lms_bridge.sync.report import exit_code, summary_of
from lms_bridge.sync.route import Within, prepare
from lms_bridge.sync.run import Failure, Plan, Report, Route
from lms_bridge.sync.searching import Whole
from lms_bridge.sync.spent import keep_fidelity
from lms_bridge.sync.stop import Stop

if TYPE_CHECKING:
    # The database library takes a third of a second to load, and types need none.
    from lms_bridge.sync.state import State
    from lms_bridge.sync.state_part import ClosingState

MOST_PLACES = 16
MOST_ITEMS = 400
"""A group is no larger: what a worker that dies leaves undone is begun again by another."""
FEW = 64
"""So many groups at the least, as long as there are places: the last ones should not wait for one worker."""
_TOLD = (Status.DONE.value, Status.CONFLICT.value, "skipped", "held", "postponed")
"""How outcomes are called that the report tells one by one."""
_MOST_LEFT = 5_000
"""Of more places the state is not asked one by one: it is read as a whole."""
_CLEAR = frozenset({Action.CREATE, Action.UPDATE})
"""What leaves nothing behind that another look might find."""

Hold = Callable[[Plan, datetime], Plan]
"""A plan without what is not to be done at this moment (see `frozen.hold`)."""


def hold_nothing(plan: Plan, now: datetime) -> Plan:
    """Where no windows are."""
    return plan


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


@dataclass(frozen=True, slots=True)
class Remainder:
    """How places were left. `left`: those that the closing is to look at; none of them: all of the route, as links may
    lead elsewhere by now. `still`: how many items are in step in the others."""

    left: tuple[str, ...] | None
    still: int = 0


def sync_part(
    whole: Whole, places: Sequence[str], state: "State", *, now: datetime, stop: Stop, hold: Hold = hold_nothing
) -> Remainder | None:
    """Bring some places in step, as far as that takes nothing away. Raises StateError when somebody else has them.
    None when it was to stop before the end."""
    from lms_bridge.sync.state_part import PartState

    mine = frozenset(places)
    items = _of(whole, mine)
    view = replace(whole.view, items=_items(items), failures=(), cursor=None, catalogue=Catalogue())
    within = Within(view, Placement(items))
    with_state = PartState(state, mine, whole.addresses)
    with with_state.lease_mine(whole.route.name):
        planned = hold(prepare(whole.route, with_state, now=now, within=within), now)
        # What is only told is told here too: the closing may have no reason to look at this place again.
        going = [change for change in planned.changes if change.action in WRITES and not change.guarded]
        told = [change for change in planned.changes if change.action is Action.SKIP and not change.conflict]
        plan = replace(planned, changes=tuple(change for change in (*going, *told) if change.place.id in mine))
        report = apply(plan, whole.route, with_state, now=now, run=whole.run, stop=stop)
        if report.stopped:
            return None
        if _named_otherwise(whole, with_state.records_in_short(whole.route.name), view.items, mine):
            return Remainder(None)
        left = _left(planned, report, mine) | {intent.place for intent in with_state.open_intents(whole.route.name)}
        still = [change for change in (*planned.in_step, *planned.changes) if change.place.id not in left]
        return Remainder(tuple(sorted(left)), len(still))


def _named_otherwise(whole: Whole, records: Sequence[Record], items: Sequence[Item], places: Set[str]) -> bool:
    """Whether links to what stands in these places are others than everybody went by."""
    names = {record.key: record.name for record in records if not record.deleted}
    meant = {item.key for item in items}
    expected = {
        key: at.name
        for key in meant.union(record.key for record in records)
        if (at := whole.addresses.get(key)) is not None and at.place.id in places
    }
    return any(names.get(key) != expected.get(key) for key in meant | expected.keys())


def _left(planned: Plan, report: Report, places: Set[str]) -> set[str]:
    """Where not everything was made or written anew that is to stand."""
    if report.failures:
        return set(places)
    done = {_at(each.change) for each in report.outcomes if each.status is Status.DONE and each.change.action in _CLEAR}
    outcomes = [outcome.change for outcome in report.outcomes]
    return {change.place.id for change in (*planned.changes, *outcomes) if _at(change) not in done}


def _of(whole: Whole, places: Set[str]) -> dict[PlaceRef, Sequence[Item]]:
    return {ref: of for ref, of in whole.placement.places.items() if ref.id in places}


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
    now = clock()
    looked = _looked_at(shared, route, state, whole, now) if whole is not None else None
    if looked is None or looked[1].pending or looked[1].failures:
        # What is left is done by what source and destination say now: others made things since.
        closing = ClosingState(state)
        looked = closing, prepare(route, closing, now=now)
    closing, plan = looked
    report = apply(hold(plan, now), route, closing, now=now, run=shared.run, stop=stop)
    if report.stopped:
        return False
    told = state.sharing.told(shared.run, route.name, _TOLD)
    done = state.sharing.told(shared.run, route.name, [Status.DONE.value])
    told_already = sum(_at(change) in told for change in plan.in_step)
    torn = {key: of for (place, key), of in state.figures.torn(route.name).items() if (place, key) in done}
    rest = _rest(replace(report, unchanged=report.unchanged - told_already, fidelity=torn))
    _end(shared, state, rest, clock())
    state.sharing.end(shared.run, route.name, rest)
    return True


def _looked_at(
    shared: SharedRun, route: Route, state: "State", whole: Whole, now: datetime
) -> tuple["ClosingState", Plan]:
    """The places where something was left, by what this worker knows."""
    from lms_bridge.sync.state_part import ClosingState

    known = state.sharing.groups.left(shared.run, route.name)
    if known is None or len(known[0]) > _MOST_LEFT:
        closing = ClosingState(state)
        return closing, prepare(route, closing, now=now, within=Within(whole.view, whole.placement))
    left, still = known
    items = _of(whole, left)
    elsewhere = frozenset(item.key for ref, of in whole.placement.places.items() if ref.id not in left for item in of)
    closing = ClosingState(state, left, whole.addresses)
    within = Within(whole.view, replace(whole.placement, places=items), elsewhere=elsewhere)
    plan = prepare(route, closing, now=now, within=within)
    told = sum(place not in left for place, _ in state.sharing.told(shared.run, route.name, _TOLD))
    return closing, replace(plan, still=plan.still + still - told)


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
