"""Whose turn it is: keeps the next moment of every route, has it run, and answers the console. No run is decided here:
`timetable` does, from what the state knows.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Condition, RLock
from typing import TYPE_CHECKING

from lms_bridge.audit.line import Act, Actor, Deed, Role
from lms_bridge.errors import BridgeError, StateError, UsageError
from lms_bridge.service.alarm import Alarm
from lms_bridge.service.doors import Health, Progress, RouteStatus
from lms_bridge.service.reading import Served, ServedRoute
from lms_bridge.service.running import Request, Runner
from lms_bridge.service.standing import Ended, Seen, look, past_of, refusal, route_status
from lms_bridge.service.store import open_state
from lms_bridge.service.timetable import Next, next_run
from lms_bridge.windows import closed

if TYPE_CHECKING:
    from lms_bridge.sync.state import State

_log = logging.getLogger(__name__)
_STILL = timedelta(seconds=60)
"""So long without a tick, and the scheduler is taken for dead."""
_ATTEMPTS = 20


@dataclass(slots=True)
class _Turn:
    """What is remembered of one route. Lost with the process, and nothing hangs on it."""

    seen: Seen = field(default_factory=Seen)
    next: Next = field(default_factory=lambda: Next(None, "not looked at yet"))
    attempts: list[Ended] = field(default_factory=list)
    asked: Request | None = None
    running: Request | None = None
    unwanted: bool = False
    """Somebody asked the running one to end, perhaps before its process had begun."""
    went_by: str | None = None
    """The input of the last attempt."""
    looked: datetime | None = None


class Rota:
    """The `Doors` of the service. Safe to use from several threads; `ring` and `tick` are called by the alarm."""

    def __init__(self, served: Served, runner: Runner, clock: Callable[[], datetime]) -> None:
        self._served = served
        self._runner = runner
        self._clock = clock
        self._turns: dict[str, _Turn] = {route.name: _Turn() for route in served.routes}
        self._lock = RLock()
        self._ended = Condition(self._lock)
        self._alarm: Alarm | None = None
        self._state: State | None = None
        self._counted_from = 0
        self._state_problem = "the state is not open yet"
        self._config_problem = ""
        self._ticked: datetime | None = None
        self._ending = False

    # Driven by the service

    def use(self, alarm: Alarm) -> None:
        self._alarm = alarm

    def metrics(self) -> bytes:
        from lms_bridge.service.metrics import Service, Told, exposition

        with self._lock:
            turns = [(route, self._turns[route.name]) for route in self._served.routes]
            told = [Told(self._status(route, turn), route.destination, turn.seen) for route, turn in turns]
            about = Service(config_valid=not self._config_problem, ticked=self._ticked, tried=self._tried())
            calendars = self._served.calendars
        return exposition(told, calendars, about)

    @property
    def served(self) -> Served:
        return self._served

    @property
    def config_problem(self) -> str:
        """What is wrong with the file as it is now, while the service goes on by an older one."""
        return self._config_problem

    def tick(self) -> None:
        """Every few seconds: see what others did meanwhile, and set each route's next moment."""
        with self._lock:
            self._ticked = self._clock()
            for name, turn in self._turns.items():
                if turn.running is not None or self._ending:
                    self._look(name, turn)
                else:
                    self._plan(name, turn)

    def ring(self, name: str) -> None:
        """A route's moment has come. Returns when its run has ended."""
        with self._lock:
            turn = self._turns.get(name)
            if turn is None or turn.running is not None or self._ending:
                return
            request, turn.asked = turn.asked, None
            if request is None:
                planned = self._decide(name, turn)
                if planned.at is None or planned.at > self._clock() or self._is_leased(name):
                    # It was exchanged for another moment while this one was on its way, or somebody else runs it: the
                    # next tick looks again.
                    return
                request = Request(route=name)
            file = self._served.file
            turn.running, turn.unwanted = request, False
        try:
            self._run(name, turn, request, file)
        finally:
            with self._lock:
                turn.running = None
                self._ended.notify_all()
                if not self._ending and self._turns.get(name) is turn:
                    self._plan(name, turn)

    def exchange(self, served: Served) -> None:
        """Go by another config from now on. What runs goes on by the one that it began with."""
        with self._lock:
            if served.state != self._served.state:
                self._close_state()
            self._served, self._config_problem = served, ""
            names = [route.name for route in served.routes]
            for gone in self._turns.keys() - set(names):
                if self._alarm is not None:
                    self._alarm.drop(gone)
            self._turns = {name: self._turns.get(name) or _Turn() for name in names}
            self.tick()

    def keep_to(self, served: Served) -> None:
        """The same config, with windows as they are known now."""
        with self._lock:
            self._served = served

    def refuse(self, problem: str) -> None:
        """The file changed and cannot be used: the last one stays."""
        with self._lock:
            self._config_problem = problem

    def end(self) -> list[str]:
        """No run begins any more, and those under way are asked to end; gives their routes."""
        with self._lock:
            self._ending = True
            under_way = [name for name, turn in self._turns.items() if turn.running is not None]
        return [name for name in under_way if self._runner.stop(name)]

    def close(self) -> None:
        """Waits for the runs under way."""
        with self._ended:
            self._ended.wait_for(lambda: not any(turn.running for turn in self._turns.values()))
            self._close_state()

    # Asked by the console, by health and by metrics

    @property
    def config_file(self) -> Path:
        return self._served.file

    def health(self) -> Health:
        with self._lock:
            ticking = self._ticked is not None and self._clock() - self._ticked < _STILL
            lacking = [] if ticking else ["the scheduler does not tick"]
            lacking += [self._state_problem] if self._state_problem else []
            told = [f"connectors.yaml changed and is not used: {self._config_problem}"] if self._config_problem else []
            told += [str(each.problem) for each in self._served.calendars if each.problem is not None]
        return Health(ready=not lacking, problems=(*lacking, *told))

    def routes(self) -> Sequence[RouteStatus]:
        with self._lock:
            return [self._status(route, self._turns[route.name]) for route in self._served.routes]

    def start(
        self,
        route: str,
        *,
        by: str,
        only: Sequence[str] = (),
        checksum: str | None = None,
        approve: str | None = None,
        override: bool = False,
    ) -> None:
        with self._lock:
            served = self._known(route)
            turn, now = self._turns[route], self._clock()
            if turn.running is not None or turn.asked is not None or self._is_leased(route):
                raise UsageError(f"the route {route} runs already.", next_step="Wait until it has ended.")
            shut = closed(served.timetable.windows, now)
            if shut is not None and not override:
                raise refusal(route, shut, self._served.file)
            if shut is not None:
                _log.warning("runs although it is closed: %s", shut.why, extra={"route": route, "by": by})
            turn.asked = Request(
                route=route, by=by, only=tuple(only), checksum=checksum, approve=approve, override=override
            )
            if self._alarm is not None:
                self._alarm.set(route, now)

    def progress(self, route: str) -> Progress | None:
        with self._lock:
            state = self._state
            turn = self._turns.get(route)
        if state is None or turn is None or not (turn.running or turn.seen.elsewhere):
            return None
        try:
            doing = state.history.doing(route)
        except StateError:
            return None
        if doing is None:
            return None
        return Progress(
            run=doing.run, stage=doing.stage, done=doing.done, total=doing.total, since=doing.since, beat=doing.beat
        )

    def cancel(self, route: str, *, by: str) -> bool:
        with self._lock:
            self._known(route)
            turn = self._turns[route]
            if turn.running is None:
                return False
            turn.unwanted = True
            self._runner.stop(route)
            _log.warning("run is ended", extra={"route": route, "by": by})
            try:
                self._opened().trail.add(Act(deed=Deed.CANCEL, route=route), by=Actor(Role.PERSON, by))
            except BridgeError as error:
                _log.error("that %s ended it is not in the audit trail: %s", by, error)
        return True

    # Inside

    def _tried(self) -> dict[tuple[str, str, str], int]:
        """Counted from when the state was first opened: what it remembers of earlier runs shrinks with time, and a
        counter that shrinks passes for one that began anew."""
        try:
            return self._opened().figures.tried(self._counted_from)
        except BridgeError:
            return {}

    def _run(self, name: str, turn: _Turn, request: Request, file: Path) -> None:
        about = {"route": name, "by": request.by or "timetable"}
        begun = self._clock()
        went_by = self._runner.input(file, name)
        if turn.next.only_if_changed and not request.by and went_by is not None and went_by == turn.went_by:
            turn.looked = begun
            _log.info("left: nothing changed since a run that did not end well", extra=about)
            return
        _log.info("run begins: %s", "a person asked for it" if request.by else turn.next.why, extra=about)
        code = self._runner.run(
            file,
            request,
            lambda line: _log.warning("%s", line, extra=about),
            wanted=lambda: not (self._ending or turn.unwanted),
        )
        turn.went_by, turn.looked = went_by, None
        with self._lock:
            turn.attempts = [*turn.attempts, Ended("", begun, self._clock(), code)][-_ATTEMPTS:]
            self._look(name, turn)
        run = turn.seen.last.run if turn.seen.last is not None else ""
        _log.info("run ended with %s", code, extra={**about, "run": run})

    def _plan(self, name: str, turn: _Turn) -> None:
        """Look at the route, and set its alarm. Without a state nothing is set: nobody knows what ran."""
        at = self._decide(name, turn).at
        if self._alarm is None or (self._state_problem and turn.asked is None):
            return
        held, now = self._alarm.at(name), self._clock()
        # What a person asked for has its moment, unless that went by while the run before still held its place.
        at = now if turn.asked is not None else at
        if at is None:
            self._alarm.drop(name)
        elif held is None or (held != at and max(held, at) > now):
            self._alarm.set(name, at)

    def _decide(self, name: str, turn: _Turn) -> Next:
        route = self._served.route(name)
        if route is not None and self._look(name, turn):
            past = past_of(turn.seen, turn.looked)
            turn.next = next_run(name, route.timetable, past, turn.seen.due, self._clock())
        return turn.next

    def _look(self, name: str, turn: _Turn) -> bool:
        try:
            turn.seen = look(self._opened(), name, turn.attempts, running=turn.running is not None, before=turn.seen)
        except BridgeError as error:
            if str(error.problem) != self._state_problem:
                _log.error("%s", error.problem)
            self._state_problem = str(error.problem)
            return False
        self._state_problem = ""
        return True

    def _is_leased(self, name: str) -> bool:
        try:
            return self._opened().is_leased(name)
        except BridgeError:
            return False

    def _opened(self) -> "State":
        if self._state is None:
            opened = open_state(self._served.state)
            self._counted_from = opened.figures.last_outcome()
            self._state = opened
        return self._state

    def _close_state(self) -> None:
        if self._state is not None:
            self._state.close()
            self._state = None

    def _known(self, name: str) -> ServedRoute:
        route = self._served.route(name)
        if route is None:
            known = ", ".join(each.name for each in self._served.routes)
            raise UsageError(
                f"there is no route {name!r}.", where=str(self._served.file), next_step=f"Known routes: {known}."
            )
        return route

    def _status(self, route: ServedRoute, turn: _Turn) -> RouteStatus:
        seen = replace(turn.seen, running=turn.running is not None)
        return route_status(route.name, route.timetable, seen, turn.next, self._state_problem, self._clock())
