"""What a sync asks of the site: calls for each page and prompt, for a sync with nothing to do, and how many at once."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from moodle_world import BIO, PERSON, TOKEN, Opened, World, longer, row_of, stored
from starlette.types import ASGIApp, Receive, Scope, Send

from lms_bridge.items import Course, Kind, Page, Prompt
from lms_bridge.moodle.destination import open_moodle
from lms_bridge.moodle.settings import MoodleSettings
from lms_bridge.sandbox.moodle import Hand, SeedCourse
from lms_bridge.sync.report import summary_of
from lms_bridge.testing.bench import MERGE, Bench
from lms_bridge.testing.sample import make_item, make_page, make_prompt
from lms_bridge.transport import Gate

NEW_PAGE, ADD = "mod_wiki_new_page", "mod_forum_add_discussion"
PAGES, DISCUSSIONS = "mod_wiki_get_subwiki_pages", "mod_forum_get_forum_discussions"
ONE_PAGE = "mod_wiki_get_page_contents"


def pages(number: int) -> list[Page]:
    texts = [f"<h2>Part {n}</h2>\n<p>Words {n} &amp; more.</p>" for n in range(number)]
    made = [make_page(BIO, f"page-{n}", text, title=f"Page {n}") for n, text in enumerate(texts)]
    return [replace(made[0], index=True), *made[1:]]


def prompts(number: int) -> list[Prompt]:
    return [make_prompt(BIO, f"prompt-{n}") for n in range(number)]


def calls_of_a_sync(world: World, bench: Bench) -> Counter[str]:
    """Of wikis and forums; finding the course is not counted."""
    before = Counter(world.calls())
    bench.sync(MERGE)
    return Counter({name: n for name, n in (Counter(world.calls()) - before).items() if name.startswith("mod_")})


def course_lookups(world: World, bench: Bench) -> int:
    before = Counter(world.calls())
    bench.sync()
    return (Counter(world.calls()) - before)["core_course_get_courses_by_field"]


def without_finding(calls: Counter[str]) -> Counter[str]:
    return Counter({name: n for name, n in calls.items() if not name.endswith("_by_courses")})


def test_a_new_page_costs_one_call_and_its_wiki_two(world: World, opened: Opened) -> None:
    """Listed before, to see what stands there, and after, to read back what was made of ours."""
    bench = opened(world)
    bench.fill(*pages(30))
    assert without_finding(calls_of_a_sync(world, bench)) == {NEW_PAGE: 30, PAGES: 2}


def test_a_new_prompt_costs_one_call_and_its_forum_two(world: World, opened: Opened) -> None:
    bench = opened(world)
    bench.fill(*prompts(30))
    assert without_finding(calls_of_a_sync(world, bench)) == {ADD: 30, DISCUSSIONS: 2}


def test_a_prompt_that_is_closed_costs_a_call_more_and_one_that_is_pinned_none(world: World, opened: Opened) -> None:
    bench = opened(world)
    first, second = prompts(2)
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    bench.fill(replace(first, close=long_ago), replace(second, pinned=True))
    lock = "mod_forum_set_lock_state"
    assert without_finding(calls_of_a_sync(world, bench)) == {ADD: 2, lock: 1, DISCUSSIONS: 2}


def test_one_page_more_in_a_large_wiki_does_not_list_it_twice(world: World, opened: Opened) -> None:
    bench = opened(world)
    bench.fill(*pages(30))
    bench.sync()
    bench.fill(*pages(31))
    calls = calls_of_a_sync(world, bench)
    assert (calls[PAGES], calls[NEW_PAGE]) == (1, 1)
    assert calls[ONE_PAGE] <= 4, "the new one's, and the first page's, which leads to all others"


def test_a_sync_with_nothing_to_do_costs_one_call_a_place(world: World, opened: Opened) -> None:
    bench = opened(world)
    bench.fill(*pages(30), *prompts(30))
    bench.sync()
    assert without_finding(calls_of_a_sync(world, bench)) == {PAGES: 1, DISCUSSIONS: 1}


COURSES = [Course(f"C{n}", f"Course {n}") for n in range(12)]


def with_a_page_each(make_world: Callable[..., World], opened: Opened) -> tuple[World, Bench]:
    world = make_world(*(SeedCourse(course.idnumber) for course in COURSES))
    bench = opened(world)
    bench.fill(*(make_item(Kind.PAGE, course) for course in COURSES))
    return world, bench


def test_courses_are_looked_up_by_what_they_are_called_once_and_together_from_then_on(
    make_world: Callable[..., World], opened: Opened
) -> None:
    world, bench = with_a_page_each(make_world, opened)
    assert course_lookups(world, bench) == 12
    assert course_lookups(world, bench) == 1
    again = opened(world)
    again.fill(*(make_item(Kind.PAGE, course) for course in COURSES))
    assert course_lookups(world, again) == 1, "it is in the state, not in the process"


def test_a_course_that_is_gone_costs_a_look_at_each_and_is_told_alone(
    make_world: Callable[..., World], opened: Opened
) -> None:
    """Moodle 4.5 fails as a whole where one of many courses is gone."""
    world, bench = with_a_page_each(make_world, opened)
    bench.sync()
    gone = next(course for course in world.site.courses.values() if course.idnumber == "C7")
    del world.site.courses[gone.id]
    assert course_lookups(world, bench) >= 13
    told = {failure.key: failure.problem.cause for failure in bench.plan().failures if failure.key}
    assert {key.split("/")[0] for key in told} == {"sample:C7"}
    assert all("no course with the idnumber C7" in cause for cause in told.values())


def test_a_course_whose_idnumber_another_has_now_is_the_other_one(
    make_world: Callable[..., World], opened: Opened
) -> None:
    world, bench = with_a_page_each(make_world, opened)
    bench.sync()
    by_name = {course.idnumber: course for course in world.site.courses.values()}
    by_name["C7"].idnumber, by_name["C8"].idnumber = "old C7", "C7"
    places = {change.course: change.place.container for change in bench.plan().pending if change.course == "C7"}
    assert places == {"C7": f"course-{by_name['C8'].id}"}


def test_what_a_person_changed_is_asked_for_and_nothing_else(world: World, opened: Opened) -> None:
    bench = opened(world)
    bench.fill(*pages(30))
    bench.sync()
    row = row_of(world, bench, pages(30)[7])
    Hand(world.site).edit_wiki_page(row.id, PERSON, content=f"<p>A person's words.</p>{stored(world, row)}")
    assert without_finding(calls_of_a_sync(world, bench))[ONE_PAGE] <= 2, "its version, and its text"
    bench.fill(*(longer(page) for page in pages(30)))
    summary = summary_of([bench.sync(MERGE)])
    assert (summary["updated"], summary["merged"]) == (29, 1)
    assert "A person's words." in stored(world, row)


@dataclass
class Crowd:
    """Counts the requests that are under way at once, and lets none go on until so many are there."""

    app: ASGIApp
    wanted: int
    under_way: int = 0
    most: int = 0

    def __post_init__(self) -> None:
        self.full = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        if self.under_way >= self.wanted:
            self.full.set()
        try:
            await asyncio.wait_for(self.full.wait(), 20)
            await self.app(scope, receive, send)
        finally:
            self.under_way -= 1


def ask_from_many_threads(bench: Bench) -> None:
    client = bench.destination._client  # type: ignore[attr-defined]
    asked = {"field": "id", "value": "2"}
    threads = [
        threading.Thread(target=client.call, args=("core_course_get_courses_by_field", asked), kwargs={"alone": True})
        for _ in range(24)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("connections", [1, 2, 4])
def test_as_many_requests_are_under_way_as_were_set_and_never_more(
    world: World, opened: Opened, connections: int
) -> None:
    bench = opened(world, connections=connections)
    assert world.switch.app
    crowd = world.switch.app = Crowd(world.switch.app, connections)
    ask_from_many_threads(bench)
    assert crowd.most == connections


def test_in_quiet_hours_one_request_is_under_way(world: World, opened: Opened) -> None:
    bench = opened(world, connections=4, quiet_hours=["00:00-12:00", "12:00-00:00"])
    assert world.switch.app
    crowd = world.switch.app = Crowd(world.switch.app, 1)
    ask_from_many_threads(bench)
    assert crowd.most == 1


@dataclass
class Minute:
    """A site that takes a minute for each answer."""

    app: ASGIApp
    now: float = 0.0
    rested: float = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.now += 60
        await self.app(scope, receive, send)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.rested += seconds


@pytest.mark.parametrize(("rest", "rested"), [(0, 0), (0.25, 20 * 9), (0.5, 60 * 9)])
def test_a_connection_leaves_the_site_to_people_for_the_part_of_the_time_that_was_set(
    world: World, rest: float, rested: float
) -> None:
    """Ten requests have nine rests between them."""
    assert world.switch.app
    site = world.switch.app = Minute(world.switch.app)
    settings = MoodleSettings.model_validate({"url": world.server.url, "token": TOKEN, "connections": 1, "rest": rest})
    moodle = open_moodle("moodle", settings, Path(), gate=Gate(clock=lambda: site.now, sleep=site.sleep))
    with closing(moodle):
        for _ in range(10):
            moodle._client.call("core_course_get_courses_by_field", {"field": "id", "value": "2"}, alone=True)
    assert site.rested == pytest.approx(rested, abs=1)
