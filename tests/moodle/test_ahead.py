"""A sync over many courses asks a site that answers at once in as few requests as one that takes its time."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import pytest
from moodle_world import BIO, Opened, World
from starlette.types import ASGIApp, Receive, Scope, Send
from test_client import course, open_client

from lms_bridge.errors import DestinationError
from lms_bridge.items import Page, Prompt
from lms_bridge.moodle.ahead import MOST_CALLS, MOST_ENTRIES, Ahead
from lms_bridge.moodle.protocol import BATCH, Call
from lms_bridge.sandbox.moodle import SeedCourse
from lms_bridge.testing.sample import make_page, make_prompt
from lms_bridge.transport import Pace

LOOK_UP = "core_course_get_courses_by_field"


@dataclass
class Held:
    """Lets no request go on until it is told to; counts those that came."""

    app: ASGIApp
    come: int = 0
    arrived: threading.Condition = field(default_factory=threading.Condition)
    free: threading.Event = field(default_factory=threading.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self.arrived:
            self.come += 1
            self.arrived.notify_all()
        await asyncio.to_thread(self.free.wait, 20)
        await self.app(scope, receive, send)

    def wait_for(self, requests: int) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: self.come >= requests, 20)


@dataclass
class Counted:
    app: ASGIApp
    requests: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests += 1
        await self.app(scope, receive, send)


def programme(courses: int) -> list[Page | Prompt]:
    made: list[Page | Prompt] = []
    for number in range(courses):
        here = replace(BIO, idnumber=f"C-{number}")
        made += [replace(make_page(here, f"page-{number}", "<p>Words.</p>"), index=True)]
        made += [make_prompt(here, f"prompt-{number}")]
    return made


def requests_of(world: World, deed: Callable[[], object]) -> int:
    assert world.switch.app
    counted = world.switch.app = Counted(world.switch.app)
    deed()
    world.switch.app = counted.app
    return counted.requests


def test_looking_at_forty_courses_takes_about_as_many_requests_as_looking_at_four(
    make_world: Callable[..., World], opened: Opened
) -> None:
    names = [f"C-{number}" for number in range(40)]
    world = make_world(*(SeedCourse(name, shortname=name, fullname=name) for name in names))
    bench = opened(world)
    bench.fill(*programme(40))
    bench.sync()
    assert requests_of(world, bench.sync) <= 15, "ten for what must be found first, and two a wave of listings"


def look_up(number: int) -> tuple[str, list[Call], int]:
    return f"place-{number}", [course(number)], 10


def test_each_place_is_told_what_stands_in_it_whichever_asks_first(world: World) -> None:
    ahead = Ahead(open_client(world))
    wanted = [look_up(number) for number in range(2, 60)]
    ahead.expect(wanted)
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda each: ahead.ask(each[0], each[1]), reversed(wanted)))
    found = [[row["id"] for row in reply.take()["courses"]] for (reply,) in reversed(replies)]
    there = set(world.site.courses)
    assert found == [[number] if number in there else [] for number in range(2, 60)]


def test_who_asks_again_is_told_what_stands_there_now(world: World) -> None:
    client = open_client(world)
    ahead = Ahead(client)
    (number,) = {course.id for course in world.site.courses.values() if course.idnumber == "BIO-101"}
    place, calls, _ = look_up(number)
    ahead.expect([(place, calls, 1)])
    before = ahead.ask(place, calls)[0].take()["courses"][0]["fullname"]
    world.site.courses[number].fullname = f"{before}, renamed"
    assert ahead.ask(place, calls)[0].take()["courses"][0]["fullname"] == f"{before}, renamed"


def test_a_place_that_nobody_spoke_of_is_asked_for_all_the_same(world: World) -> None:
    (reply,) = Ahead(open_client(world)).ask("elsewhere", [course(2)])
    assert reply.take()["courses"]


def test_a_place_that_cannot_be_listed_costs_only_itself(world: World) -> None:
    ahead = Ahead(open_client(world))
    wrong = ("wrong", [Call(function="mod_wiki_get_subwikis", args={"wikiid": 999})], 1)
    ahead.expect([look_up(2), wrong, look_up(3)])
    with pytest.raises(DestinationError, match="Wiki ID is incorrect"):
        ahead.ask(*wrong[:2])[0].take()
    assert ahead.ask("place-3", [course(3)])[0].error is None
    assert ahead.ask("place-2", [course(2)])[0].take()["courses"]


@pytest.mark.parametrize(
    ("standing", "calls", "asked"),
    [(MOST_ENTRIES, 1, 2), (MOST_ENTRIES // 2, 1, 2), (MOST_ENTRIES // 2 + 1, 1, 2), (1, MOST_CALLS, 2)],
)
def test_of_large_places_few_are_asked_ahead_so_that_few_are_in_memory(
    world: World, standing: int, calls: int, asked: int
) -> None:
    client = open_client(world)
    ahead = Ahead(client)
    ahead.expect([(f"place-{number}", [course(2)] * calls, standing) for number in range(40)])
    ahead.ask("place-0", [])
    client.close()
    waves = 2 if standing == MOST_ENTRIES // 2 else 1
    assert client.calls()[LOOK_UP] <= asked * waves * calls


def test_while_all_connections_are_busy_calls_gather_for_a_whole_request(world: World) -> None:
    client = open_client(world, pace=Pace(2, 2))
    client.site()
    assert world.switch.app
    held = world.switch.app = Held(world.switch.app)
    first = client.begin([Call(function=LOOK_UP, args={"field": "id", "value": "2"}, alone=True)] * 2)
    held.wait_for(2)
    rest = client.begin([course(2)] * 60)
    held.free.set()
    assert all(answer.result().take()["courses"] for answer in (*first, *rest))
    assert client.calls()[BATCH] == 2, "forty and twenty, not two halves and what they leave"


def test_a_call_that_comes_alone_goes_at_once(world: World) -> None:
    """While another connection is kept waiting by the site."""
    client = open_client(world, pace=Pace(2, 2))
    client.site()
    assert world.switch.app
    held = world.switch.app = Held(world.switch.app)
    slow = client.begin([course(2)])
    held.wait_for(1)
    alone = client.begin([course(2)])
    held.wait_for(2)
    held.free.set()
    assert all(answer.result().take()["courses"] for answer in (*slow, *alone))
