"""Applying a plan: intent committed, destination written, record kept. The only module that lets anything be written.

A run that dies anywhere leaves an open intent for whatever it may have sent; the next plan looks those up first.
"""

import logging
import secrets
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from lms_bridge.audit.line import named
from lms_bridge.connector import Action, Change, Outcome, Record, Status
from lms_bridge.errors import Problem, StateError, Trouble, known_as
from lms_bridge.items import Key
from lms_bridge.sync.report import exit_code, summary_of
from lms_bridge.sync.run import Failure, Plan, Progress, Report, Route, no_progress
from lms_bridge.sync.stop import Stop
from lms_bridge.sync.writing import Writer

if TYPE_CHECKING:
    # The database library takes a third of a second to load, and types need none.
    from lms_bridge.sync.state import State

log = logging.getLogger(__name__)

WRITES = frozenset({Action.CREATE, Action.UPDATE, Action.MERGE, Action.ADOPT})
TAKES_AWAY = frozenset({Action.HIDE, Action.DELETE})


def new_run(now: datetime) -> str:
    """A name for one execution over all its routes; sorts by time."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def apply(
    plan: Plan,
    route: Route,
    state: "State",
    *,
    now: datetime,
    run: str | None = None,
    checksum: str | None = None,
    approve: bool = False,
    stop: Stop | None = None,
    progress: Progress = no_progress,
) -> Report:
    """Do what the plan says. Lease the route (`state.lease`) around `prepare` and `apply`.

    Raises StateError, and writes nothing, when `checksum` is not the plan's. `approve` lets guarded changes through;
    `stop` says when to end early.
    """
    if checksum is not None and checksum != plan.checksum:
        raise StateError(
            f"What would be done is no longer what was reviewed (checksum {plan.checksum}).",
            where=route.name,
            next_step="Look at the plan again and pass its new checksum.",
        )
    run = run or new_run(now)
    state.trail.catch_up(route.name, besides=run)
    by = state.trail.by
    state.history.begin_run(run, route.name, plan.destination, started=now, checksum=plan.checksum, by=by)
    held = tuple(change for change in plan.changes if change.guarded and not approve)
    going = [change for change in plan.changes if change.action is not Action.SKIP and change not in held]
    writer = Writer(plan, state, run, now, stop or Stop())
    applying = _Applying(writer, progress, total=len(going))
    _remember(plan, route, state)
    applying.write([change for change in going if change.action in WRITES], route.policy.places_at_once)
    again = applying.writer.follow_up(route.policy)
    applying.total += len(again)
    applying.write(again, route.policy.places_at_once)
    deletes = [change for change in going if change.action in TAKES_AWAY]
    # A half-done run may have failed to write what a deleted page was replaced by.
    done = all(outcome.status is Status.DONE for outcome in applying.outcomes) and not plan.failures
    clean = (done or plan.takes_away_at_once) and not writer.stop.reason
    if clean:
        applying.write(deletes, route.policy.places_at_once)
    applying.forget([change for change in going if change.action is Action.FORGET])
    report = _report(plan, run, now, applying, held=held, postponed=() if clean else tuple(deletes))
    _close(plan, route, state, report)
    return report


@dataclass(slots=True)
class _Applying:
    """One apply under way: places write side by side, outcomes are gathered as they come."""

    writer: Writer
    progress: Progress
    total: int
    outcomes: list[Outcome] = field(default_factory=list)
    unreachable: bool = False
    lock: Lock = field(default_factory=Lock)

    def write(self, changes: Sequence[Change], at_once: int) -> None:
        """What comes after something else is written when that stands, and not otherwise."""
        self._write([change for change in changes if change.after is None], at_once)
        stands = {outcome.change.key for outcome in self.outcomes if outcome.status is Status.DONE}
        later = [change for change in changes if change.after is not None]
        self._write([change for change in later if change.after in stands], at_once)
        if self.writer.stop.reason:
            return
        for change in later:
            if change.after not in stands:
                self._gather(self.writer.withhold(change))

    def _write(self, changes: Sequence[Change], at_once: int) -> None:
        by_place: dict[str, list[Change]] = {}
        for change in changes:
            by_place.setdefault(change.place.id, []).append(change)
        if not by_place:
            return
        with ThreadPoolExecutor(max_workers=min(at_once, len(by_place))) as pool:
            for unreachable in pool.map(self._write_place, by_place, by_place.values()):
                self.unreachable = self.unreachable or unreachable

    def _write_place(self, place: str, changes: Sequence[Change]) -> bool:
        return self.writer.write(place, changes, self._gather)

    def forget(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self._gather(self.writer.forget(change))

    def _gather(self, outcome: Outcome) -> None:
        self._log(outcome)
        with self.lock:
            # What stands there is recorded, and nobody reads it out of a report.
            self.outcomes.append(replace(outcome, body=None))
            self.progress("writing", len(self.outcomes), self.total)

    def _log(self, outcome: Outcome) -> None:
        change, route = outcome.change, self.writer.plan.route
        # A review's key may tell whose it is.
        about = {"run": self.writer.run, "route": route, "course": change.course, "key": named(change.key, change.kind)}
        if outcome.problem is None:
            log.info("%s: %s", change.action, outcome.status, extra=about)
        else:
            log.warning("%s: %s: %s", change.action, outcome.status, outcome.problem, extra=about)


def _remember(plan: Plan, route: Route, state: "State") -> None:
    """What the plan learnt without writing: places and when they were listed, records seen, items that wait."""
    listed = {place.id: plan.made for place in plan.listed}
    seen = {place.ref.id: place.ref for place in plan.places.values()}
    state.save_places(route.name, seen.values(), listed=listed)
    if plan.cursor is not None:
        state.save_cursor(route.name, plan.cursor)
    state.catalogue.keep(route.name, plan.catalogue)
    state.forget_records(route.name, plan.deleted)
    state.close_intents(route.name, [(record.place, record.key) for record in plan.deleted])
    state.save_records(route.name, plan.destination, plan.refreshed)
    if not plan.partial:
        state.save_waiting(route.name, plan.waiting, places=[*seen])


def _report(
    plan: Plan,
    run: str,
    started: datetime,
    applying: _Applying,
    *,
    held: tuple[Change, ...],
    postponed: tuple[Change, ...],
) -> Report:
    return Report(
        run=run,
        route=plan.route,
        destination=plan.destination,
        started=started,
        ended=datetime.now(UTC),
        outcomes=tuple(applying.outcomes),
        skipped=tuple(change for change in plan.changes if change.action is Action.SKIP),
        held=held,
        postponed=postponed,
        unchanged=plan.unchanged,
        failures=(*plan.failures, *_failures(applying.outcomes)),
        notices=plan.notices,
        approvals=plan.approvals if held else (),
        unreachable=plan.unreachable or applying.unreachable,
        stopped=applying.writer.stop.reason,
        fidelity=not_whole(applying.writer.torn),
    )


def not_whole(written: Iterable[Record]) -> dict[Key, Mapping[str, float]]:
    """Of the pages that were written and did not arrive whole."""
    return {record.key: record.fidelity for record in written if min(record.fidelity.values(), default=1.0) < 1.0}


def _failures(outcomes: Sequence[Outcome]) -> list[Failure]:
    failures = []
    for outcome in outcomes:
        if outcome.status in (Status.FAILED, Status.AMBIGUOUS):
            key = outcome.change.key
            problem = outcome.problem or Problem("It could not be written.", key, "Sync again.")
            kind = Trouble.UNANSWERED if outcome.status is Status.AMBIGUOUS else Trouble.REFUSED
            failures.append(Failure(key, known_as(problem if problem.where else replace(problem, where=key), kind)))
    return failures


def _close(plan: Plan, route: Route, state: "State", report: Report) -> None:
    """Keep what was not tried, close earlier intents whose end is known now, and end the run."""
    untried = [(change, "conflict" if change.conflict else "skipped") for change in report.skipped]
    untried += [(change, "held") for change in report.held]
    untried += [(change, "postponed") for change in report.postponed]
    listed = {place.id for place in plan.listed} if not plan.partial else set()
    if report.stopped:
        tried = {(outcome.change.place.id, outcome.change.key) for outcome in report.outcomes}
        left = [change for change in plan.pending if (change.place.id, change.key) not in tried]
        untried += [(change, "stopped") for change in left if change not in (*report.postponed, *report.held)]
    state.history.note(report.run, route.name, untried)
    open_ended = [outcome.change for outcome in report.outcomes if outcome.status is not Status.DONE]
    # Where the place was looked at and nothing stands, nothing has to be known again.
    kept = [change for change, _ in untried if change.entry is not None or change.action is not Action.SKIP]
    unsettled: set[tuple[str, Key]] = {(change.place.id, change.key) for change in [*open_ended, *kept]}
    settled = [(i.place, i.key) for i in state.open_intents(route.name) if i.run != report.run and i.place in listed]
    failed = {failure.key for failure in report.failures}
    state.close_intents(route.name, [at for at in settled if at not in unsettled and at[1] not in failed])
    # Only a run that saw everything can tell that an item which it did not meet is no conflict any more.
    whole = not plan.partial and not plan.failures
    judged = [(change.place.id, change.key) for change in (*plan.changes, *plan.in_step)]
    found = report.started
    state.history.save_reviews(route.name, report.conflicts, found=found, judged=None if whole else judged)
    if route.policy.history_days:
        state.history.trim(found - timedelta(days=route.policy.history_days))
    state.trail.add_run(report.run, route.name)
    state.history.end_run(
        report.run,
        route.name,
        ended=report.ended,
        exit_code=exit_code([report]),
        summary=summary_of([report]),
    )
