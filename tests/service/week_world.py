"""A service whose clock a test turns: real state, real engine, a destination in memory, and nobody sleeps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lms_bridge.calendars.feed import Feed
from lms_bridge.calendars.refresh import refresh
from lms_bridge.connector import CallEnd, Left, Spent
from lms_bridge.items import Course, Item, Key, Kind, Prompt
from lms_bridge.service.calendars import with_calendars
from lms_bridge.service.reading import Served, ServedRoute
from lms_bridge.service.rota import Rota
from lms_bridge.service.running import STOPPED, Request, Said
from lms_bridge.service.timetable import Timetable
from lms_bridge.sync.apply import apply
from lms_bridge.sync.policy import Policy, Prune
from lms_bridge.sync.report import exit_code
from lms_bridge.sync.route import prepare
from lms_bridge.sync.run import Route
from lms_bridge.sync.spent import keep_fidelity, keep_spent
from lms_bridge.sync.state import State
from lms_bridge.testing.bench import empty_state
from lms_bridge.testing.memory import MemoryDestination
from lms_bridge.testing.memory_source import MemorySource
from lms_bridge.testing.sample import SOURCE, make_prompt

BIO = Course("BIO-101", "Cell Biology")
HOURLY = Timetable(every=timedelta(hours=1))
_TICK = timedelta(minutes=30)
"""Rarer than in the service: nothing but what others do waits for it."""


@dataclass
class Ran:
    route: str
    begun: datetime
    by: str
    code: int = -1
    ended: datetime | None = None


@dataclass
class Counting(MemoryDestination):
    """One that tells what it was asked since, and has a budget of ten requests an hour."""

    asked: int = 0

    def spent(self) -> Spent:
        since, self.asked = sum(self.counts.values()) - self.asked, sum(self.counts.values())
        end = CallEnd.UNREACHABLE if self.unreachable else CallEnd.DONE
        return Spent({end: since} if since else {}, {"requests": Left(10.0 - since, 10 / 3600, 10.0)})


@dataclass
class Line:
    """What one route leads from and to."""

    source: MemorySource = field(default_factory=lambda: MemorySource(SOURCE))
    there: MemoryDestination = field(default_factory=Counting)
    takes: timedelta = timedelta(seconds=20)
    ends_with: int | None = None
    """The exit code of a run that comes to nothing, before it is kept as one."""
    policy: Policy = field(default_factory=Policy)
    before: Callable[[], None] = lambda: None
    meanwhile: Callable[[], None] = lambda: None

    def policy_that_deletes(self) -> Policy:
        return replace(self.policy, prune=dict.fromkeys(Kind, Prune.DELETE))


class World:
    """`alarms` are set by the service; `pass_until` turns the clock and rings them. Also the service's `Runner`."""

    def __init__(self, folder: Path, now: datetime, feeds: tuple[Feed, ...] = (), **timetables: Timetable) -> None:
        self.now = now.astimezone(UTC)
        self.file = folder / "state.sqlite"
        self.file.write_bytes(empty_state())
        self.lines = {name: Line() for name in timetables}
        self.timetables = timetables
        self.feeds = feeds
        self.alarms: dict[str, datetime] = {}
        self.ran: list[Ran] = []
        self.posted: dict[Key, list[datetime]] = {}
        self.under_way: set[str] = set()
        self.next_tick = self.now
        self.rota = self._start()

    def clock(self) -> datetime:
        return self.now

    # The service goes, and comes again

    def _start(self) -> Rota:
        routes = tuple(
            ServedRoute(name, SOURCE, "memory", each, each.windows, self.feeds)
            for name, each in self.timetables.items()
        )
        rota = Rota(Served(Path("connectors.yaml"), str(self.file), (), routes), self, self.clock)
        rota.use(self)
        self._look_at_calendars(rota)
        self.next_tick = self.now
        return rota

    def down_until(self, moment: datetime) -> None:
        self.rota.close()
        self.alarms.clear()
        self.now = moment.astimezone(UTC)
        self.rota = self._start()

    def close(self) -> None:
        self.rota.close()

    # Time

    def pass_until(self, moment: datetime) -> None:
        end = moment.astimezone(UTC)
        while True:
            name, at = min([*self.alarms.items(), ("", self.next_tick)], key=lambda pair: pair[1])
            if at > end:
                self.now = max(self.now, end)
                return
            self.now = max(self.now, at)
            if not name:
                self.next_tick = self.now + _TICK
                self._look_at_calendars(self.rota)
                self.rota.tick()
            else:
                del self.alarms[name]
                self.rota.ring(name)

    def _look_at_calendars(self, rota: Rota) -> None:
        """As the service does, but for waiting until they are read."""
        refresh(self.feeds, self.now)
        rota.keep_to(with_calendars(rota.served, self.now))

    def set(self, route: str, at: datetime) -> None:
        self.alarms[route] = at

    def drop(self, route: str) -> None:
        self.alarms.pop(route, None)

    def at(self, route: str) -> datetime | None:
        return self.alarms.get(route)

    # Runs

    def run(
        self, file: Path, request: Request, told: Callable[[Said], None], wanted: Callable[[], bool] = lambda: True
    ) -> int:
        line = self.lines[request.route]
        if not wanted():
            return STOPPED
        assert request.route not in self.under_way, "two runs of a route at once"
        self.under_way.add(request.route)
        ran = Ran(request.route, self.now, request.by)
        self.ran.append(ran)
        if line.ends_with is not None:
            return self._came_to_nothing(ran, line.ends_with)
        route = Route(request.route, line.source, line.there, line.there.kinds, line.policy)
        with State.open(self.file) as state, state.lease(route.name):
            plan = prepare(route, state, now=self.now, only=request.only)
            report = apply(plan, route, state, now=self.now, approve=plan.checksum == request.approve)
            keep_fidelity(state, report)
            keep_spent(state, [line.there], self.now)
            self._note_posts(line.there)
            line.meanwhile()
            # Whatever else is due meanwhile happens while this one still holds its lease.
            self.pass_until(self.now + line.takes)
        self.under_way.remove(request.route)
        ran.code, ran.ended = exit_code([report]), self.now
        return ran.code

    def _came_to_nothing(self, ran: Ran, code: int) -> int:
        self.under_way.remove(ran.route)
        ran.code, ran.ended = code, self.now
        return code

    def stop(self, route: str) -> bool:
        return route in self.under_way

    def input(self, file: Path, route: str) -> str | None:
        self.lines[route].before()
        source = self.lines[route].source
        return repr([(item.key, item.body if isinstance(item, Prompt) else "") for item in source.content])

    def _note_posts(self, there: MemoryDestination) -> None:
        for thing in (thing for things in there.things.values() for thing in things.values()):
            known = self.posted.setdefault(thing.title, [])
            if thing.version == 1 and not known:
                known.append(self.now)

    # What a test asks

    def fill(self, route: str, *items: Item) -> None:
        self.lines[route].source.content = list(items)

    def began(self, route: str) -> list[datetime]:
        return [ran.begun for ran in self.ran if ran.route == route]

    def standing(self, route: str) -> Sequence[str]:
        things = self.lines[route].there.things
        return sorted(thing.title for place in things.values() for thing in place.values())


def prompt(name: str, publish: datetime) -> Prompt:
    return make_prompt(BIO, name, publish=publish)


def title(name: str) -> str:
    return f"Sample prompt {name}"
