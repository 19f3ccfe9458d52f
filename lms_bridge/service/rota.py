"""Whose turn it is: keeps the next moment of every route, has it run, and answers the console. No run is decided here:
`timetable` does, from what the state knows.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Condition, RLock

from lms_bridge.audit.line import Act, Actor, Deed, Role
from lms_bridge.errors import UsageError
from lms_bridge.service.alarm import Alarm
from lms_bridge.service.attempt import Attempt, digest_of
from lms_bridge.service.doors import Health, Progress, RouteStatus
from lms_bridge.service.reading import Served, ServedRoute
from lms_bridge.service.running import STOPPED, Request, Runner
from lms_bridge.service.standing import Ended, past_of, refusal, route_status
from lms_bridge.service.store import Stored
from lms_bridge.service.timetable import Next, next_run
from lms_bridge.service.turn import Turn, Unwanted
from lms_bridge.windows import closed

_log = logging.getLogger(__name__)
_STILL = timedelta(seconds=60)
"""So long without a tick, and the scheduler is taken for dead."""


class Rota:
    """The `Doors` of the service. Safe to use from several threads; `ring` and `tick` are called by the alarm."""

    def __init__(self, served: Served, runner: Runner, clock: Callable[[], datetime]) -> None:
        self._served = served
        self._runner = runner
        self._clock = clock
        self._turns: dict[str, Turn] = {route.name: Turn() for route in served.routes}
        self._lock = RLock()
        self._ended = Condition(self._lock)
        self._leaving: list[Turn] = []
        """Of routes that are in the config no more, and whose run has not ended yet."""
        self._alarm: Alarm | None = None
        self._stored = Stored(served.state)
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
            valid, ticked = not self._config_problem, self._ticked
            destinations, calendars = self._served.destinations, self._served.calendars
        about = Service(config_valid=valid, ticked=ticked, tried=self._stored.tried())
        return exposition(told, self._stored.asked(destinations, self._clock()), calendars, about)

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
            turns = list(self._turns.items())
        for name, turn in turns:
            self._plan(name, turn)

    def ring(self, name: str) -> None:
        """A route's moment has come. Returns when its run has ended."""
        with self._lock:
            turn = self._turns.get(name)
            if turn is None or turn.running is not None or self._ending:
                return
            asked = turn.asked is not None
        # Not begun where nobody knows what ran: once the state answers, its moment has come anyway.
        free = asked or (self._look(name, turn) and not self._stored.is_leased(name))
        with self._lock:
            if self._turns.get(name) is not turn or turn.running is not None or self._ending:
                return
            request, turn.asked = turn.asked, None
            if request is None:
                at = None if asked else self._decide(name, turn).at
                if at is None or at > self._clock() or not free:
                    # It was exchanged for another moment while this one was on its way, or somebody else runs it: the
                    # next tick looks again.
                    return
                request = Request(route=name)
            file = self._served.file
            turn.running, turn.unwanted = request, None
        try:
            self._run(name, turn, request, file)
        finally:
            with self._lock:
                turn.running = None
                self._leaving = [each for each in self._leaving if each is not turn]
                self._ended.notify_all()
            self._plan(name, turn)

    def exchange(self, served: Served) -> None:
        """Go by another config from now on. What runs goes on by the one that it began with, unless its route is gone:
        that is asked to end."""
        with self._lock:
            names = [route.name for route in served.routes]
            for gone in self._turns.keys() - set(names):
                self._leave(gone, self._turns[gone])
            under_way = {turn.running.route: turn for turn in self._every() if turn.running is not None}
            # What another state does not know was not tried.
            known = self._turns if self._stored.use(served.state) else {}
            self._served, self._config_problem = served, ""
            self._leaving = [turn for name, turn in under_way.items() if name not in names]
            self._turns = {name: under_way.get(name) or known.get(name) or Turn() for name in names}
        self.tick()

    def _leave(self, name: str, turn: Turn) -> None:
        if self._alarm is not None:
            self._alarm.drop(name)
        if turn.running is None:
            return
        turn.unwanted = turn.unwanted or Unwanted.BY_THE_CONFIG
        self._leaving.append(turn)
        self._runner.stop(name)
        about = {"route": name, "run": self._run_of(name)}
        _log.warning("run is ended: its route is not in the config any more", extra=about)

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
            under_way = [turn.running.route for turn in self._every() if turn.running is not None]
        return [name for name in under_way if self._runner.stop(name)]

    def close(self) -> None:
        """Waits for the runs under way."""
        with self._ended:
            self._ended.wait_for(lambda: not any(turn.running for turn in self._every()))
            self._stored.close()

    # Asked by the console, by health and by metrics

    @property
    def config_file(self) -> Path:
        return self._served.file

    def health(self) -> Health:
        with self._lock:
            ticking = self._ticked is not None and self._clock() - self._ticked < _STILL
            lacking = [] if ticking else ["the scheduler does not tick"]
            lacking += [self._stored.problem] if self._stored.problem else []
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
        self._known(route)
        leased = self._stored.is_leased(route)
        with self._lock:
            served = self._known(route)
            turn, now = self._turns[route], self._clock()
            if turn.running is not None or turn.asked is not None or leased:
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
            turn = self._turns.get(route)
        if turn is None or not (turn.running or turn.seen.elsewhere):
            return None
        doing = self._stored.doing(route)
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
            turn.unwanted = Unwanted.BY_A_PERSON
            self._runner.stop(route)
        _log.warning("run is ended", extra={"route": route, "run": self._run_of(route), "by": by})
        self._stored.tell(Act(deed=Deed.CANCEL, route=route), Actor(Role.PERSON, by))
        return True

    # Inside

    def _run_of(self, name: str) -> str:
        """The run that is under way, once it said so."""
        doing = self._stored.doing(name)
        return doing.run if doing is not None else ""

    def _every(self) -> list[Turn]:
        return [*self._turns.values(), *self._leaving]

    def _run(self, name: str, turn: Turn, request: Request, file: Path) -> None:
        about = {"route": name, "by": request.by or "timetable"}
        begun = self._clock()
        went_by = digest_of(self._runner.input(file, name))
        if turn.next.only_if_changed and not request.by and went_by is not None and went_by == turn.went_by:
            turn.looked = begun
            _log.info("left: nothing changed since a run that did not end well", extra=about)
            return
        _log.info("run begins: %s", "a person asked for it" if request.by else turn.next.why, extra=about)
        code = self._runner.run(
            file,
            request,
            lambda said: _log.log(said.level, "%s", said.text, extra={**said.about, **about}),
            wanted=lambda: not (self._ending or turn.unwanted),
        )
        with self._lock:
            cancelled = turn.unwanted is Unwanted.BY_A_PERSON and code == STOPPED
            ended = Ended("", begun, self._clock(), code, cancelled=cancelled)
            turn.remember(Attempt(ended, went_by))
        self._stored.keep_attempt(name, Attempt(ended, went_by))
        self._look(name, turn)
        run = turn.seen.last.run if turn.seen.last is not None else ""
        _log.info("run ended with %s", code, extra={**about, "run": run})

    def _plan(self, name: str, turn: Turn) -> None:
        """Look at the route, and set its alarm. Without a state nothing is set: nobody knows what ran."""
        looked = self._look(name, turn)
        with self._lock:
            if self._turns.get(name) is not turn or turn.running is not None or self._ending:
                return
            at = (self._decide(name, turn) if looked else turn.next).at
            if self._alarm is None or (not looked and turn.asked is None):
                return
            held, now = self._alarm.at(name), self._clock()
            # What a person asked for has its moment, unless that went by while the run before still held its place.
            at = now if turn.asked is not None else at
            if at is None:
                self._alarm.drop(name)
            elif held is None or (held != at and max(held, at) > now):
                self._alarm.set(name, at)

    def _decide(self, name: str, turn: Turn) -> Next:
        """By what was seen last. With the lock."""
        route = self._served.route(name)
        if route is not None:
            past = past_of(turn.seen, turn.looked)
            turn.next = next_run(name, route.timetable, past, turn.seen.due, self._clock())
        return turn.next

    def _look(self, name: str, turn: Turn) -> bool:
        """Without the lock: a state that does not answer holds up nobody else."""
        seen = self._seen(name, turn)
        if seen and not turn.recalled:
            # What an earlier process tried: what is held is not tried again for a restart.
            last, turn.recalled = self._stored.last_attempt(name), True
            with self._lock:
                new = last is not None and not turn.attempts
                if last is not None and new:
                    turn.remember(last)
            seen = self._seen(name, turn) if new else seen
        return seen

    def _seen(self, name: str, turn: Turn) -> bool:
        with self._lock:
            if self._turns.get(name) is not turn and turn.running is None:
                return False
            running, attempts, before = turn.running, turn.attempts, turn.seen
        seen = self._stored.look(name, attempts, running=running is not None, before=before)
        with self._lock:
            # Unless a run began or ended meanwhile: then somebody has looked again, or will.
            if seen is not None and turn.running is running and turn.attempts is attempts:
                turn.seen = seen
        return seen is not None

    def _known(self, name: str) -> ServedRoute:
        route = self._served.route(name)
        if route is None:
            known = ", ".join(each.name for each in self._served.routes)
            raise UsageError(
                f"there is no route {name!r}.", where=str(self._served.file), next_step=f"Known routes: {known}."
            )
        return route

    def _status(self, route: ServedRoute, turn: Turn) -> RouteStatus:
        seen = replace(turn.seen, running=turn.running is not None)
        return route_status(route.name, route.timetable, seen, turn.next, self._stored.problem, self._clock())
