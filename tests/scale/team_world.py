"""Workers of one route on one PostgreSQL, as functions of one process: a test says who does which job when."""

from dataclasses import dataclass, field

from memory_queue import MemoryQueue

from lms_bridge.items import Course, Item, Kind
from lms_bridge.scale.worker import Worker, start
from lms_bridge.sync.part import Hold, hold_nothing, report_of
from lms_bridge.sync.policy import Policy
from lms_bridge.sync.report import summary_of
from lms_bridge.sync.run import Report, Route
from lms_bridge.sync.state import State
from lms_bridge.sync.stop import Stop
from lms_bridge.testing.memory import MemoryDestination
from lms_bridge.testing.memory_source import MemorySource
from lms_bridge.testing.sample import make_item

NAMES = iter(range(1_000_000))


@dataclass
class Team:
    """Workers of one route; each test has a route of its own in the one state."""

    location: str
    state: State
    name: str = field(default_factory=lambda: f"route{next(NAMES)}")
    source: MemorySource = field(default_factory=lambda: MemorySource("sample"))
    destination: MemoryDestination = field(default_factory=MemoryDestination)
    queue: MemoryQueue = field(default_factory=MemoryQueue)
    policy: Policy = field(default_factory=Policy)
    hold: Hold = hold_nothing
    states: list[State] = field(default_factory=list)

    @property
    def route(self) -> Route:
        return Route(self.name, self.source, self.destination, frozenset(Kind), self.policy)

    def worker(self) -> Worker:
        """One on a machine of its own: it shares nothing with others but the database and the destination."""
        state = State.open(self.location)
        self.states.append(state)
        return Worker({self.name: self.route}, state, self.queue, Stop(), hold=self.hold)

    def start(self) -> str:
        return start([self.name], self.state, self.queue)[self.name]

    def report(self, run: str) -> Report:
        shared = self.state.sharing.shared_run(run, self.name)
        assert shared is not None
        assert shared.ended is not None, "the run is not at its end"
        return report_of(shared, self.state)

    def run(self) -> Report:
        """A whole run by one worker."""
        run = self.start()
        self.queue.run(self.worker().work, Stop())
        return self.report(run)


def programme(courses: int, words: str = "Words.") -> list[Item]:
    of = [Course(f"C{n}", f"Course {n}") for n in range(courses)]
    return [make_item(kind, course, words=words) for course in of for kind in (Kind.PAGE, Kind.PROMPT)]


def done(report: Report) -> dict[str, int]:
    return {name: count for name, count in summary_of([report]).items() if count}
