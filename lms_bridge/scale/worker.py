"""What a worker does with a job, and how a run begins that workers share.

Knows no engine: only the port in `queue`, the state, and routes that somebody opened.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock

from lms_bridge.audit.line import Act, Deed
from lms_bridge.errors import StateError
from lms_bridge.scale.queue import Job, Queue, Step
from lms_bridge.sync.apply import new_run
from lms_bridge.sync.intent import SharedRun
from lms_bridge.sync.listing import SourceView
from lms_bridge.sync.part import Hold, Remainder, close_run, end_early, grouped, hold_nothing, sync_part
from lms_bridge.sync.run import Route
from lms_bridge.sync.searching import Whole, search, seen, shares, survey
from lms_bridge.sync.state import State
from lms_bridge.sync.state_part import begin_once
from lms_bridge.sync.stop import Stop

log = logging.getLogger(__name__)

_SOON = 0.5
_TRIES = 3
_LATER = 10.0
"""The closing is asked for by whoever does the last group; should that one die right then, it comes by itself."""


def start(names: Sequence[str], state: State, queue: Queue, *, within: timedelta = timedelta()) -> dict[str, str]:
    """Begin a run of each route, or join the one that is under way or ended `within` this time: its name by route."""
    run = new_run(state.sharing.now())
    runs = {name: state.sharing.join(name, run, within=within) for name in names}
    # Again when joining: whoever began it may have died before it said so.
    told = [_shared(state, each, name) for name, each in runs.items()]
    unopened = [shared for shared in told if shared.ended is None and not shared.groups]
    queue.submit([Job(shared.run, shared.route, Step.OPEN) for shared in unopened])
    return runs


def cancel(run: str, names: Sequence[str], state: State, queue: Queue) -> list[str]:
    """End a run early: what is under way is finished, and nothing new is begun. The routes whose run that was."""
    ended = []
    for name in names:
        shared = state.sharing.shared_run(run, name)
        if shared is not None and shared.ended is None:
            end_early(shared, state, "it was cancelled", now=state.sharing.now())
            ended.append(name)
    state.trail.add(*(Act(deed=Deed.CANCEL, route=name, run=run) for name in ended))
    queue.cancel(run)
    return ended


def _shared(state: State, run: str, route: str) -> SharedRun:
    shared = state.sharing.shared_run(run, route)
    assert shared is not None, "a run that was joined is known"
    return shared


@dataclass(slots=True)
class Worker:
    """`routes` are open, each with connectors of its own. What was read of a source is kept for one run."""

    routes: Mapping[str, Route]
    state: State
    queue: Queue
    stop: Stop
    hold: Hold = hold_nothing
    """What windows keep from being pushed is left out of a plan."""
    views: dict[str, tuple[str, SourceView]] = field(default_factory=dict)
    read: dict[str, Whole] = field(default_factory=dict)
    reading: dict[str, Lock] = field(default_factory=dict)
    offset: timedelta = timedelta()
    broken: dict[str, int] = field(default_factory=dict)
    """How often a job could not be done for a reason that nobody foresaw."""

    def work(self, job: Job) -> float | None:
        """See `queue.Work`."""
        route = self.routes.get(job.route)
        shared = self.state.sharing.shared_run(job.run, job.route)
        if route is None or self.stop.reason:
            # Another worker may know the route, and another will take what this one leaves.
            return _SOON if self.stop.reason else _LATER
        if shared is None or shared.ended is not None:
            return None
        steps: Mapping[Step, Callable[[SharedRun, Route, Job], float | None]]
        steps = {
            Step.OPEN: self._open,
            Step.SEARCH: self._search,
            Step.SPLIT: self._split,
            Step.PART: self._part,
            Step.CLOSE: self._close,
        }
        try:
            return steps[job.step](shared, route, job)
        except StateError as error:
            # Somebody else has the route or the places, or the database went away: it is tried again.
            log.info("%s: %s", job.name, error.problem.cause)
            return _SOON
        except Exception:
            log.exception("%s: this is a mistake in lms-bridge or in a connector", job.name)
            return self._broke(shared, job)

    def _broke(self, shared: SharedRun, job: Job) -> float | None:
        """A job that breaks whoever does it must not keep the run from its end."""
        self.broken[job.name] = self.broken.get(job.name, 0) + 1
        if self.broken[job.name] < _TRIES:
            return _SOON
        if job.step is not Step.PART:
            reason = "its work could not be shared out or closed: see the log of `lms-bridge --verbose worker`"
            end_early(shared, self.state, reason, now=self.now())
            self.queue.cancel(job.run)
            return None
        # The closing looks at these places itself, and tells what is wrong.
        self._done(job)
        return None

    def _done(self, job: Job, part: Remainder | None = None) -> None:
        left, still = (part.left, part.still) if part is not None else (None, 0)
        if self.state.sharing.groups.done(job.run, job.route, job.group, left=left, still=still) == 0:
            self.queue.submit([Job(job.run, job.route, Step.CLOSE)])

    def _open(self, shared: SharedRun, route: Route, job: Job) -> float | None:
        """Comes again, so that nothing is left when those die who had it."""
        by, there = self.state.trail.by, route.destination.name
        begin_once(self.state.history, job.run, job.route, there, started=shared.opened, by=by)
        if shared.groups:
            return self._hand_out(job, self.state.sharing.groups.split(job.run, job.route, []))
        wanted = shares(route, self._view(job.run, route))
        left = self.state.sharing.searches.split(job.run, job.route, wanted) if wanted else []
        if not left:
            return self._split(shared, route, job)
        self.queue.submit([Job(job.run, job.route, Step.SEARCH, number) for number in left])
        return _LATER

    def _search(self, shared: SharedRun, route: Route, job: Job) -> float | None:
        searches = self.state.sharing.searches
        courses = searches.get(job.run, job.route, job.group)
        if courses is not None:
            told = search(route, self.state, self._view(job.run, route), courses)
            if searches.done(job.run, job.route, job.group, told=told) == 0:
                self.queue.submit([Job(job.run, job.route, Step.SPLIT)])
        return None

    def _split(self, shared: SharedRun, route: Route, job: Job) -> float | None:
        whole = self._whole(job.run, route)
        if whole is not None:
            # Whoever takes a part finds them sooner when he knows where they are.
            self.state.save_places(job.route, whole.places.values(), listed={})
        groups = grouped(whole) if whole is not None else []
        again = self._hand_out(job, self.state.sharing.groups.split(job.run, job.route, groups))
        return again if job.step is Step.OPEN else None

    def _hand_out(self, job: Job, left: Sequence[int]) -> float | None:
        self.queue.submit([Job(job.run, job.route, Step.PART, number) for number in left])
        if left:
            return _LATER
        self.queue.submit([Job(job.run, job.route, Step.CLOSE)])
        return None

    def _part(self, shared: SharedRun, route: Route, job: Job) -> float | None:
        places = self.state.sharing.groups.get(job.run, job.route, job.group)
        if places is None:
            return None
        whole = self._whole(job.run, route)
        part = None
        if whole is not None:
            part = sync_part(whole, places, self.state, now=self.now(), stop=self.stop, hold=self.hold)
            if part is None:
                return _SOON
        self._done(job, part)
        return None

    def _close(self, shared: SharedRun, route: Route, job: Job) -> float | None:
        if shared.left:
            return _LATER
        with self.state.lease(job.route):
            whole = self.read.get(route.name)
            known = whole if whole is not None and whole.run == job.run else None
            closed = close_run(shared, route, self.state, clock=self.now, stop=self.stop, whole=known, hold=self.hold)
            if not closed:
                return _SOON
        # What looks after the run, should all its workers die, is not needed any more.
        self.queue.cancel(job.run)
        return None

    def now(self) -> datetime:
        """By the database's clock, as all workers."""
        return datetime.now(UTC) + self.offset

    def _view(self, run: str, route: Route) -> SourceView:
        with self.reading.setdefault(route.name, Lock()):
            return self._viewed(run, route)

    def _viewed(self, run: str, route: Route) -> SourceView:
        known = self.views.get(route.name)
        if known is not None and known[0] == run:
            return known[1]
        view = seen(route, self.state, now=self.now())
        if not view.failed:
            # A source that could not be read is read again for the next job.
            self.views[route.name] = run, view
        return view

    def _whole(self, run: str, route: Route) -> Whole | None:
        with self.reading.setdefault(route.name, Lock()):
            known = self.read.get(route.name)
            if known is None or known.run != run:
                view, told = self._viewed(run, route), self.state.sharing.searches.told(run, route.name)
                whole = survey(route, self.state, run, view, now=self.now(), told=told)
                if whole is None:
                    return None
                self.read[route.name] = known = whole
            return known
