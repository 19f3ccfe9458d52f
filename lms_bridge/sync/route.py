"""Preparing a route: everything up to the plan. Reads both sides and writes nothing, anywhere."""

import logging
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from lms_bridge.connector import Body, Placement, PlaceRef, Record
from lms_bridge.errors import BridgeError, Trouble, Unreachable, known_as
from lms_bridge.items import Item, Key, Page
from lms_bridge.sync.checksum import checksum
from lms_bridge.sync.copies import names_of_copies
from lms_bridge.sync.decision import Listed
from lms_bridge.sync.fault import fault
from lms_bridge.sync.intent import Intent
from lms_bridge.sync.limits import check_limits
from lms_bridge.sync.listing import SourceView, read_source
from lms_bridge.sync.plan import Decided, make_plan
from lms_bridge.sync.policy import Answers, Prune
from lms_bridge.sync.pricing import notices_of, price
from lms_bridge.sync.rendering import Texts
from lms_bridge.sync.rows import Found, Writing, to_read
from lms_bridge.sync.run import Failure, Plan, Progress, Route, no_progress
from lms_bridge.sync.selection import select
from lms_bridge.sync.survey import Look, locate, look_at, must_list, open_place, read_entries
from lms_bridge.sync.unanswered import deleted_without_answer, digests_of, merges_of, without_record

if TYPE_CHECKING:
    # The database library takes a third of a second to load, and types need none.
    from lms_bridge.sync.state import State


log = logging.getLogger(__name__)

_NO_ANSWERS: Answers = MappingProxyType({})
_FEW = 5_000
"""So many records are read with their texts at once: to ask for each place would take longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the run goes by, so that functions need not pass it piecemeal."""

    route: Route
    view: SourceView
    intents: Sequence[Intent]
    elsewhere: frozenset[Key]
    missing: frozenset[Key]
    selected: frozenset[Key] | None
    population: Mapping[str, int]
    answers: Answers
    now: datetime


@dataclass(frozen=True, slots=True)
class Within:
    """What is known already where only some places of a route are meant: their items, and which belong where."""

    view: SourceView
    placement: Placement
    selected: frozenset[Key] | None = None
    """Only these are judged."""
    population: Mapping[str, int] | None = None
    """How many entries stand in each place, where not all of their records are read."""
    elsewhere: frozenset[Key] = frozenset()
    """What belongs in places that are not meant."""


def prepare(
    route: Route,
    state: "State",
    *,
    now: datetime,
    only: Sequence[str] = (),
    answers: Answers = _NO_ANSWERS,
    progress: Progress = no_progress,
    within: Within | None = None,
) -> Plan:
    """What a sync of this route would do now. `only` are selections (see `selection`); they never delete anything.

    `answers` are what a person decided where both sides changed; only these items are looked at then.

    A place or a source that fails costs only itself and is told in `Plan.failures`.
    """
    others = state.addresses(route.destination.name, besides=route.name)
    view = within.view if within is not None else view_of(route, state, frozenset(others), now)
    progress("source", len(view.items), len(view.items))
    empty = Plan(route=route.name, destination=route.destination.name, made=now, failures=view.failures)
    if view.failed:
        return replace(empty, checksum=checksum(()))
    try:
        placement = within.placement if within is not None else placement_of(route, state, view.items)
    except BridgeError as error:
        return _lost(empty, Failure("", error.problem), unreachable=isinstance(error, Unreachable))
    except Exception as error:
        return _lost(empty, Failure("", fault(error, route.destination.name, "asked where things go")))

    intents = state.open_intents(route.name)
    selection = frozenset(item.key for item in select(view.items, only)) if only else None
    if within is not None:
        selection = within.selected
    if answers:
        selection = frozenset(answers)
    looks, failures = open_all(route, state, view, placement, intents, now)
    _narrow(looks, selection, answers)
    look_at(looks, others, route.policy, now, progress, route.destination)
    whole = view.listed is Listed.WHOLE
    deleted = [record for look in looks for record in deleted_without_answer(look, intents, whole=whole)]
    for look in looks:
        look.records = {key: record for key, record in look.records.items() if record not in deleted}

    known = _Known(
        route=route,
        view=view,
        intents=intents,
        elsewhere=_elsewhere(looks, intents) | (within.elsewhere if within is not None else frozenset()),
        missing=frozenset(placement.missing),
        selected=selection,
        population=(within and within.population) or {look.ref.id: look.population for look in looks},
        answers=answers,
        now=now,
    )
    decided = _decide_all([look for look in looks if look.wanted], known, progress)
    failures += _failures(looks, placement)
    return replace(_assembled(empty, looks, decided, failures, known), deleted=tuple(deleted))


def _narrow(looks: Sequence[Look], selection: frozenset[Key] | None, answers: Answers) -> None:
    """Let only places be looked at that hold anything of a selection, and of these only that."""
    if selection is None:
        return
    for look in looks:
        look.wanted = not selection.isdisjoint({*look.keys, *look.records} if answers else look.keys)
        # What stands below an item says whether that may go, as an answer may have it.
        look.meant = None if answers else selection


def view_of(route: Route, state: "State", linkable: frozenset[Key], now: datetime) -> SourceView:
    cursor, kept_away = state.cursor(route.name), state.history.kept_away(route.name)
    return read_source(route, now, linkable, partial(state.records_in_short, route.name), cursor, kept_away)


def placement_of(route: Route, state: "State", items: Sequence[Item], told: Sequence[str] = ()) -> Placement:
    """`told`: see `survey.locate`. Raises DestinationError."""
    return locate(route.destination, items, [known.place for known in state.places(route.name).values()], told)


def _lost(plan: Plan, failure: Failure, *, unreachable: bool = False) -> Plan:
    return replace(plan, failures=(*plan.failures, failure), unreachable=unreachable, checksum=checksum(()))


def open_all(
    route: Route,
    state: "State",
    view: SourceView,
    placement: Placement,
    intents: Sequence[Intent],
    now: datetime,
) -> tuple[list[Look], list[Failure]]:
    """Every place that items belong in or records stand in."""
    by_place: dict[str, dict[Key, Record]] = {}
    said = (text for item in view.items for text in (item.key, item.title))
    short = state.records_in_short(route.name, said)
    few = len(short) <= _FEW
    for record in state.records(route.name) if few else short:
        by_place.setdefault(record.place, {})[record.key] = record
    stored = state.places(route.name)
    unsettled = {intent.place for intent in intents}
    items: dict[PlaceRef, Sequence[Item]] = dict(placement.places)
    ids = {ref.id for ref in items}
    for known in stored.values():
        used = known.place.id in unsettled or known.place.id in by_place
        if known.place.id not in ids and used and known.place.kind in route.kinds:
            items[known.place] = ()
    listed = {item.key for item in view.items}
    looks: list[Look] = []
    failures: list[Failure] = []
    for ref, standing in items.items():
        place = open_place(route.destination, ref)
        if isinstance(place, Failure):
            failures.append(place)
            continue
        last = stored[ref.id].listed if ref.id in stored else None
        known_here = by_place.get(ref.id, {})
        looks.append(
            Look(
                place=place,
                items=standing,
                records=known_here,
                recall=None if few else partial(state.records, route.name, place=ref.id),
                unjudged=_unjudged(known_here, listed) if view.listed is Listed.PARTLY else frozenset(),
                must_list=ref.id in unsettled or must_list(route.policy, last, now),
            )
        )
    return looks, failures


def _unjudged(records: Mapping[Key, Record], listed: Set[Key]) -> frozenset[Key]:
    return frozenset(key for key, record in records.items() if not record.deleted and key not in listed)


def _elsewhere(looks: Sequence[Look], intents: Sequence[Intent]) -> frozenset[Key]:
    """What belongs in a place, of all that another may remember. The keys of everything would be much beside it."""
    astray = {intent.key for intent in intents}
    for look in looks:
        astray |= look.records.keys() - look.keys
    return frozenset(item.key for look in looks for item in look.items if item.key in astray)


def _found(look: Look, known: _Known, texts: Mapping[Key, Record]) -> Found:
    place = look.place
    standing = frozenset(look.payloads)
    intents = [intent for intent in known.intents if intent.place == look.ref.id]
    records = [*texts.values(), *without_record(look, intents)]
    selected = known.selected
    if selected is not None and not known.answers:
        # What moved to another place is gone from here, and a selection takes nothing away.
        selected &= look.keys
    return Found(
        place=look.ref,
        payloads=list(look.payloads.values()),
        records=records,
        entries=look.entries,
        readings=look.readings,
        ours={key: digests for (_, key), digests in digests_of(intents).items()},
        merges=merges_of(intents),
        withheld=look.withheld | (known.missing | known.view.withheld) - standing,
        held=known.view.held,
        listed=known.view.listed,
        prunes=frozenset(getattr(place, "prunes", {Prune.DELETE})),
        writing=Writing(getattr(place, "adapt", None), getattr(place, "hide", None)),
        copies=names_of_copies(look, known.route.policy, known.now),
        answers=known.answers,
        elsewhere=known.elsewhere.intersection(record.key for record in records) - look.keys,
        selected=selected,
    )


def _decide_all(looks: Sequence[Look], known: _Known, progress: Progress) -> dict[str, Decided]:
    policy = known.route.policy
    reads = {
        look.ref.id: entries
        for look in looks
        if look.problem is None and (entries := to_read(_found(look, known, look.records), policy))
    }
    if reads:
        read_entries(reads, looks, policy.places_at_once, progress)
    decided: dict[str, Decided] = {}
    for look in looks:
        if look.problem is None:
            decided[look.ref.id] = _decided(look, known)
            # What was decided has what it needs of them, and those of a large route are much.
            look.records = {}
    return decided


def _decided(look: Look, known: _Known) -> Decided:
    """Texts of records are read only where something comes of it: those of all quiet places would take long."""
    policy = known.route.policy
    if look.recall is not None and look.records and not look.readings:
        found = make_plan(_found(look, known, look.records), policy, known.now)
        if look.entries is None or not (found.changes or found.refreshed):
            return found
    of = _found(look, known, look.whole_records())
    return make_plan(replace(of, expected=_expected(look)), policy, known.now)


def _expected(look: Look) -> dict[Key, Body]:
    """How the payloads of entries that were read would read back."""
    refs = set(look.readings)
    return {
        key: look.place.expected(look.payloads[key])
        for key, record in look.records.items()
        if key in look.payloads and record.ref in refs
    }


def _failures(looks: Sequence[Look], placement: Placement) -> list[Failure]:
    failures = [Failure(key, known_as(problem, Trouble.NOT_FOUND)) for key, problem in placement.missing.items()]
    for look in looks:
        failures += [Failure(key, known_as(problem, Trouble.CONTENT)) for key, problem in look.unrendered.items()]
        if look.problem is not None:
            failures.append(Failure("", look.problem))
    return failures


def _assembled(
    empty: Plan, looks: Sequence[Look], decided: Mapping[str, Decided], failures: Sequence[Failure], known: _Known
) -> Plan:
    places = {look.ref.id: look.place for look in looks if look.problem is None}
    every = [change for of in decided.values() for change in of.changes]
    changes, approvals = check_limits(every, known.route.policy.limits, known.population)
    cost, troubles = price(changes, places)
    return replace(
        empty,
        changes=changes,
        in_step=tuple(change for of in decided.values() for change in of.in_step),
        selected=len(known.view.items) if known.selected is None else len(known.selected),
        partial=known.selected is not None,
        cost=cost,
        checksum=checksum(changes),
        failures=(*empty.failures, *failures, *troubles),
        notices=notices_of(changes, cost),
        texts=Texts({item.key: item for look in looks for item in look.rendered if isinstance(item, Page)}),
        catalogue=known.view.catalogue,
        cursor=known.view.cursor,
        outline=known.view.outline,
        until=known.view.until,
        approvals=approvals,
        unreachable=any(look.unreachable for look in looks),
        waiting=tuple(waiting for of in decided.values() for waiting in of.waiting),
        refreshed=tuple(record for of in decided.values() for record in of.refreshed),
        ours=digests_of(known.intents),
        listed=tuple(look.ref for look in looks if look.entries is not None and look.problem is None),
        places=places,
    )
