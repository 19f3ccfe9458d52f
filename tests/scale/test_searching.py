"""Where courses are many, workers share looking for them: each course is looked for once, whoever needs it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain

import pytest
from team_world import Team, done, programme

from lms_bridge.connector import Placement, PlaceRef
from lms_bridge.errors import Unreachable
from lms_bridge.items import Item
from lms_bridge.scale.queue import Step
from lms_bridge.scale.worker import cancel
from lms_bridge.sync.searching import FEW_COURSES, MANY_COURSES, SEARCHES, shares
from lms_bridge.sync.stop import Stop
from lms_bridge.testing.memory import MemoryDestination
from lms_bridge.testing.sample import make_item

pytestmark = pytest.mark.postgresql
MANY = 2 * FEW_COURSES + 1


@dataclass
class Telling(MemoryDestination):
    """One whose courses are dear to find. `asked` are those that were looked for, by whoever."""

    asked: list[str] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    trouble: Exception | None = None

    def whereabouts(self, items: Iterable[Item], places: Iterable[PlaceRef]) -> str:
        if self.trouble is not None:
            raise self.trouble
        return json.dumps(self._look_for(items))

    def trust(self, told: Iterable[str]) -> None:
        self.told = {course for text in told for course in json.loads(text)}

    def locate(self, items: Iterable[Item]) -> Placement:
        every = list(items)
        self._look_for(item for item in every if item.course.idnumber not in self.told)
        self.told = set()
        return super().locate(every)

    def _look_for(self, items: Iterable[Item]) -> list[str]:
        courses = sorted({item.course.idnumber for item in items})
        self.asked += courses
        return courses


@pytest.fixture
def there(team: Team) -> Telling:
    team.destination = Telling()
    team.source.content = programme(MANY)
    return team.destination


def test_many_workers_look_for_each_course_once(team: Team, there: Telling) -> None:
    run = team.start()
    workers = [team.worker() for _ in range(3)]
    turn = iter(range(10_000))
    team.queue.run_while(lambda job: workers[next(turn) % 3].work(job), lambda job: True)
    assert done(team.report(run)) == {"created": 3 * MANY}
    assert all(worker.read for worker in workers)
    assert sorted(there.asked) == sorted(f"C{n}" for n in range(MANY))
    searches = [job for job in team.queue.handed_out if job.step is Step.SEARCH]
    assert len(searches) == 3


def test_few_courses_are_looked_for_by_whoever_needs_them(team: Team, there: Telling) -> None:
    team.source.content = programme(FEW_COURSES)
    team.run()
    assert Step.SEARCH not in {job.step for job in team.queue.handed_out}


@pytest.mark.parametrize("trouble", [Unreachable("It does not answer.", where="there"), ZeroDivisionError()], ids=repr)
def test_what_could_not_be_looked_for_is_looked_for_by_whoever_needs_it(
    trouble: Exception, team: Team, there: Telling
) -> None:
    there.trouble = trouble
    assert done(team.run()) == {"created": 3 * MANY}
    assert sorted(there.asked) == sorted(f"C{n}" for n in range(MANY))


def test_a_search_whose_worker_died_is_done_by_another(team: Team, there: Telling) -> None:
    run = team.start()
    team.queue.run_while(team.worker().work, lambda job: job.step is Step.OPEN)
    lost, *_ = [job for job in team.queue.waiting if job.step is Step.SEARCH]
    team.queue.waiting.remove(lost)
    team.queue.run(team.worker().work, Stop())
    assert done(team.report(run)) == {"created": 3 * MANY}
    assert sorted(there.asked) == sorted(f"C{n}" for n in range(MANY))


def test_a_run_that_is_cancelled_while_courses_are_looked_for_ends(team: Team, there: Telling) -> None:
    run, worker = team.start(), team.worker()
    team.queue.run_while(worker.work, lambda job: job.step is Step.OPEN)
    cancel(run, [team.name], team.state, team.queue)
    team.queue.run(worker.work, Stop())
    assert there.asked == []
    assert team.report(run).stopped == "it was cancelled"
    assert team.state.sharing.searches.told(run, team.name) == []


@pytest.mark.parametrize(
    ("courses", "sizes"),
    [
        (FEW_COURSES, []),
        (FEW_COURSES + 1, [FEW_COURSES, 1]),
        (SEARCHES * FEW_COURSES, [FEW_COURSES] * SEARCHES),
        (SEARCHES * FEW_COURSES + 1, [MANY_COURSES] * (SEARCHES // 2) + [1]),
    ],
    ids=["few", "one too many for one", "as many as fill all shares", "more than that"],
)
def test_shares_fill_requests(team: Team, there: Telling, courses: int, sizes: list[int]) -> None:
    team.source.content = [make_item(item.kind, item.course) for item in programme(courses)]
    shared = shares(team.route, team.worker()._view("1", team.route))
    assert [len(share) for share in shared] == sizes
    assert list(chain(*shared)) == (sorted({item.course.idnumber for item in team.source.content}) if sizes else [])
