"""The composition root: a config becomes open connectors, a state and routes. The only place that knows all rooms."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event
from types import MappingProxyType
from typing import TYPE_CHECKING

from lms_bridge.audit.line import Actor
from lms_bridge.config.load import Config, Opening, RouteConfig
from lms_bridge.connector import Destination, Finding, Level, Source
from lms_bridge.errors import BridgeError, StateError, Unreachable, UsageError
from lms_bridge.expiry import findings as ending_soon
from lms_bridge.holding import calendar_findings, held, let_through
from lms_bridge.items import Key
from lms_bridge.late import Late
from lms_bridge.logged import about
from lms_bridge.opening import (
    basis_for,
    endings_of,
    glance_of,
    notes_of,
    open_connectors,
    open_destination,
    open_source,
    policy_of,
)
from lms_bridge.sync.decided import acts_of
from lms_bridge.sync.heartbeat import heartbeat
from lms_bridge.sync.intent import Review
from lms_bridge.sync.policy import Answer, Answers, Edited
from lms_bridge.sync.quiet import Before, before, keep, recalled
from lms_bridge.sync.reviewed import nothing_meant, refuse_unknown, refuse_unreviewed, refuse_unseen
from lms_bridge.sync.run import Failure, Plan, Progress, Report, Route, no_progress
from lms_bridge.sync.shared_budget import StateBudget
from lms_bridge.sync.spent import keep_fidelity, keep_spent
from lms_bridge.sync.stop import Stop

if TYPE_CHECKING:
    from lms_bridge.sync.state import State

_log = logging.getLogger(__name__)
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Bridge:
    """Routes whose connectors are open, and the state they share. Made by `open_bridge`."""

    config: Config
    routes: tuple[Route, ...]
    sources: Mapping[str, Source]
    destinations: Mapping[str, Destination]
    state: "State"
    notes: Path
    """Where it is noted what was found when nothing was to do."""

    def plan(
        self,
        *,
        clock: Clock,
        only: Sequence[str] = (),
        answers: Answers = MappingProxyType({}),
        progress_of: Callable[[str], Progress] = lambda route: no_progress,
        through_windows: bool = False,
    ) -> list[Plan]:
        """Raises UsageError when `only` selects nothing at all. `through_windows`: a person lets also that be pushed
        which `windows` hold back."""
        plans = []
        for route in self.routes:
            known = None if only or answers else before(self.notes, route, self.state)
            plan = recalled(known, route, clock()) if known is not None else None
            with about(route=route.name):
                found = plan or self._looked_at(route, known, clock(), only, answers, progress_of(route.name))
            plans.append(found if through_windows else self.hold(found, clock()))
        if only and plans and not any(plan.selected or plan.failures for plan in plans):
            raise nothing_meant(only)
        return plans

    def _looked_at(
        self,
        route: Route,
        known: Before | None,
        now: datetime,
        only: Sequence[str],
        answers: Answers,
        progress: Progress,
    ) -> Plan:
        from lms_bridge.sync.route import prepare
        from lms_bridge.sync.touched import plan_touched

        # What cannot be opened at all ends the command, before anything is read.
        for end in (route.source, route.destination):
            if isinstance(end, Late):
                end.opened()
        if only and not answers:
            from lms_bridge.sync.selected import prepare_selected

            return prepare_selected(route, self.state, only, now=now, progress=progress)
        plan = plan_touched(route, self.state, known, now=now, progress=progress) if known is not None else None
        whole = plan or prepare(route, self.state, now=now, answers=answers, progress=progress)
        return replace(whole, ground=known.ground if known is not None else None)

    def hold(self, plan: Plan, now: datetime) -> Plan:
        """The plan without what windows hold back."""
        return held(self.config, plan, now)

    def _overridden(self, plans: Sequence[Plan], now: datetime) -> dict[str, str]:
        """The routes of which a person lets something through windows, and what."""
        told = {plan.route: let_through(self.config, plan, now) for plan in plans}
        for route, why in told.items():
            if why:
                _log.warning("what windows hold back is pushed all the same", extra={"route": route})
        return {route: why for route, why in told.items() if why}

    def sync(
        self,
        *,
        clock: Clock,
        only: Sequence[str] = (),
        checksums: Sequence[str] = (),
        approved: Sequence[str] = (),
        answers: Answers = MappingProxyType({}),
        refuse: Callable[[Sequence[Plan]], None] = lambda plans: None,
        stop: Stop | None = None,
        progress: Progress = no_progress,
        through_windows: bool = False,
    ) -> list[Report]:
        """Plan every route, then apply every route. Raises StateError, before any write, when checksums are given and
        a route that would change something has none of them. A route that somebody else applies is told as failed.

        `answers` are a person's in reviews; `refuse` may raise when it has seen the plans.
        """
        from lms_bridge.sync.apply import new_run

        run = new_run(clock())
        stop = stop or Stop()
        writing = Event()
        # What is only looked at may break off anywhere; a write that is under way is to be read back and recorded.
        stop.on_ask(lambda: self._interrupt(finish=writing.is_set()))
        with ExitStack() as leases:
            taken = self._leased(leases)
            free = replace(self, routes=tuple(route for route in self.routes if route.name not in taken))
            names = [route.name for route in free.routes]
            leases.enter_context(about(run=run))
            spent = partial(keep_spent, self.state, self.destinations.values())
            beating = leases.enter_context(heartbeat(self.state, names, run, clock, progress, beaten=spent))
            plans = free.plan(
                clock=clock, only=only, answers=answers, progress_of=beating, through_windows=through_windows
            )
            if checksums:
                refuse_unreviewed(plans, checksums)
            if not taken:
                refuse_unknown(approved, plans)
            refuse(plans)
            overridden = free._overridden(plans, clock()) if through_windows else {}
            acts = acts_of(free.routes, plans, run, approved=approved, answers=answers, overridden=overridden)
            self.state.trail.note_config(self.config.file, self.config.digest)
            self.state.trail.add(*acts)
            writing.set()
            done = free._applied(plans, run, clock, approved, stop, beating)
        now = clock()
        return done + [
            Report(run=run, route=name, destination="", started=now, ended=now, failures=(Failure("", error.problem),))
            for name, error in taken.items()
        ]

    def _applied(
        self,
        plans: Sequence[Plan],
        run: str,
        clock: Clock,
        approved: Sequence[str],
        stop: Stop,
        progress_of: Callable[[str], Progress],
    ) -> list[Report]:
        """Every route by its plan, and what is worth knowing at the next look noted."""
        from lms_bridge.sync.apply import apply

        done = []
        for route, plan in zip(self.routes, plans, strict=True):
            told, approve = progress_of(route.name), plan.checksum in approved
            with about(route=route.name):
                done.append(
                    apply(plan, route, self.state, now=clock(), run=run, approve=approve, stop=stop, progress=told)
                )
        for plan, route, report in zip(plans, self.routes, done, strict=True):
            keep(self.notes, route, plan, report, self.state)
            keep_fidelity(self.state, report)
        return done

    def interrupt(self) -> None:
        """Nobody waits any longer; what is under way is read back and recorded."""
        self._interrupt(finish=True)

    def share_budgets(self) -> None:
        """Let all processes on this state heed what any of them is told by a destination."""
        for name, destination in self.destinations.items():
            share = getattr(destination, "share", None)
            if share is not None:
                share(StateBudget(self.state, name))

    def _interrupt(self, *, finish: bool) -> None:
        for destination in self.destinations.values():
            interrupt = getattr(destination, "interrupt", None)
            if interrupt is not None:
                interrupt(finish=finish)

    def settle(
        self, key: Key, answer: Answer | Edited, *, clock: Clock, seen: Review | None = None, stop: Stop | None = None
    ) -> list[Report]:
        """Apply what a person decided about one item, on every route where it waits for that; `seen` is what they
        looked at, where another may wait by now.

        Raises StateError, and writes nothing, when one of the two sides is no longer what the person looked at.
        """
        waiting = {
            route.name: review
            for route in self.routes
            for review in self.state.history.reviews(route.name)
            if review.key == key
        }
        if seen is not None and seen.route in waiting:
            waiting[seen.route] = seen
        concerned = replace(self, routes=tuple(route for route in self.routes if route.name in waiting))
        if not concerned.routes:
            return []

        def refuse(plans: Sequence[Plan]) -> None:
            for plan in plans:
                refuse_unseen(plan, waiting[plan.route])

        return concerned.sync(clock=clock, answers={key: answer}, refuse=refuse, stop=stop)

    def _leased(self, leases: ExitStack) -> dict[str, StateError]:
        """Take every route; those that somebody else applies just now are told, and the others go on."""
        held = {}
        for route in self.routes:
            try:
                leases.enter_context(self.state.lease(route.name))
            except StateError as error:
                held[route.name] = error
        return held


@contextmanager
def open_bridge(
    config: Config, *, only_routes: Sequence[str] = (), takeover: bool = False, by: Actor | None = None
) -> Iterator[Bridge]:
    """Open what the routes need, and close it again. Raises BridgeError for a route that is not configured.

    `takeover`: what carries another installation's mark is taken over. `by`: who acts, for the audit trail; the
    operating system's account unless told.
    """
    chosen = _chosen(config, only_routes)
    with open_connectors(config, chosen) as (sources, destinations):
        from lms_bridge.sync.state import State

        with State.open(config.state, by=by) as state:
            routes = tuple(
                Route(
                    route.name,
                    sources[route.source.name],
                    destinations[route.destination.name],
                    route.kinds,
                    policy := replace(
                        policy_of(route.policy),
                        installation=config.installation,
                        takeover=takeover,
                        history_days=config.history_days,
                    ),
                    glance_of(route.source, config.folder),
                    basis_for(config, route, policy),
                )
                for route in chosen
            )
            try:
                yield Bridge(config, routes, sources, destinations, state, notes_of(config))
            finally:
                keep_spent(state, destinations.values(), datetime.now(UTC))


def check(config: Config, *, now: datetime | None = None) -> Iterator[tuple[str, Finding]]:
    """Pre-flight of every source and destination that a route uses. One that cannot be opened is a finding too, and so
    is what ends soon."""
    for source in {route.source.name: route.source for route in config.routes}.values():
        yield from _findings(config, source, open_source)
    for destination in {route.destination.name: route.destination for route in config.routes}.values():
        yield from _findings(config, destination, open_destination)
        for finding in ending_soon(endings_of(config, destination), now or datetime.now(UTC)):
            yield destination.name, finding
    yield from calendar_findings(config, now or datetime.now(UTC))


def _findings(
    config: Config, opening: Opening, open_: Callable[[Config, Opening], Source | Destination]
) -> Iterator[tuple[str, Finding]]:
    try:
        opened = open_(config, opening)
        try:
            for finding in opened.check():
                yield opening.name, finding
        finally:
            close = getattr(opened, "close", None)
            if close is not None:
                close()
    except BridgeError as error:
        unreachable = isinstance(error, Unreachable)
        yield opening.name, Finding(Level.ERROR, "connection", error.problem, unreachable=unreachable)


def _chosen(config: Config, only_routes: Sequence[str]) -> list[RouteConfig]:
    known = [route.name for route in config.routes]
    unknown = [name for name in only_routes if name not in known]
    if unknown:
        step = f"Known routes: {', '.join(known)}."
        raise UsageError(f"there is no route {unknown[0]!r}.", where=config.file, next_step=step)
    return [route for route in config.routes if not only_routes or route.name in only_routes]
