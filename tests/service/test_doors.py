"""What the console is told and may ask for, and what is told when the state cannot be read."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Semaphore
from typing import cast

import httpx2
import pytest
from anyio.to_thread import current_default_thread_limiter
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from lms_bridge.errors import UsageError
from lms_bridge.service import app
from lms_bridge.service.doors import Doors, Health, SyncStatus
from lms_bridge.service.reading import Served, ServedRoute
from lms_bridge.service.rota import Rota
from lms_bridge.service.running import Request, words
from lms_bridge.service.timetable import Timetable
from lms_bridge.sync.intent import Doing
from lms_bridge.sync.state import State
from tests.service.week_world import World, prompt, title

NOW = datetime(2027, 1, 11, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, NOW, one=Timetable(every=timedelta(hours=1)), never=Timetable())
    yield made
    made.close()


def test_the_service_keeps_what_it_promised_to_the_console(world: World) -> None:
    doors: Doors = world.rota
    assert doors.config_file == Path("connectors.yaml")


def test_a_route_is_told_with_its_last_and_next_run_and_what_is_out_of_the_ordinary(world: World) -> None:
    world.pass_until(NOW + MINUTE)
    one, never = world.rota.routes()
    assert (one.sync, one.next_run, one.running, one.waits, one.detail) == (
        SyncStatus.IN_STEP, NOW + timedelta(hours=1), False, 0, "",
    )  # fmt: skip
    assert one.last_run is not None
    assert (one.last_run.started, one.last_run.exit_code, one.last_run.word) == (NOW, 0, "done")
    assert (never.sync, never.last_run, never.next_run) == (SyncStatus.PENDING, None, None)
    assert "when a person says so" in never.detail


def test_a_person_has_one_item_pushed_and_the_timetable_goes_on_from_there(world: World) -> None:
    world.fill("never", prompt("a", NOW), prompt("b", NOW))
    world.rota.start("never", by="ada", only=["prompt:Sample prompt a"])
    world.pass_until(NOW + MINUTE)
    assert world.standing("never") == [title("a")]


def test_what_a_run_does_is_told_while_it_does_it(world: World) -> None:
    seen = []
    doing = Doing(route="one", run="r", process="1 on h", stage="writing", done=2, total=5, since=NOW, beat=NOW)

    def meanwhile() -> None:
        with State.open(world.file) as state:
            state.history.beat(doing)
        (status, _) = world.rota.routes()
        seen.append((status.running, world.rota.progress("one"), world.rota.cancel("one", by="ada")))

    assert world.rota.progress("one") is None
    world.lines["one"].meanwhile = meanwhile
    world.pass_until(NOW + MINUTE)
    ((running, progress, cancelled),) = seen
    assert running
    assert progress is not None
    assert (progress.stage, progress.done, progress.total) == ("writing", 2, 5)
    assert cancelled
    assert world.rota.progress("one") is None
    assert not world.rota.cancel("one", by="ada")
    with State.open(world.file) as state:
        assert [(line.role, line.actor, line.route) for line in state.trail.lines() if line.deed == "cancel"] == [
            ("person", "ada", "one")
        ]


def test_a_route_that_is_not_there_is_told_with_those_that_are(world: World) -> None:
    with pytest.raises(UsageError, match=r"no route 'other'.*Known routes: one, never"):
        world.rota.start("other", by="ada")


def test_no_value_of_a_person_passes_for_an_option() -> None:
    request = Request(route="r", by="ada", only=("--takeover",), checksum="c", approve="c", override=True)
    assert words(Path("f.yaml"), request) == [
        "sync", "--config=f.yaml",
        "--route=r", "--output=json", "--only=--takeover", "--checksum=c", "--approve=c",
        "--through-windows",
    ]  # fmt: skip


def test_a_state_that_cannot_be_read_is_told_nothing_runs_and_it_heals_by_itself(tmp_path: Path, world: World) -> None:
    place = tmp_path / "later" / "state.sqlite"
    place.parent.write_text("in the way")
    routes = (ServedRoute("one", "p", "memory", Timetable(every=timedelta(hours=1))),)
    rota = Rota(Served(Path("connectors.yaml"), str(place), (), routes), world, world.clock)
    rota.use(world)
    world.drop("one")
    rota.tick()
    health = rota.health()
    assert not health.ready
    assert "state" in health.problems[0]
    assert rota.routes()[0].sync is SyncStatus.UNKNOWN
    assert world.at("one") is None
    place.parent.unlink()
    rota.tick()
    assert rota.health() == Health(True, ())
    assert world.at("one") == world.now
    rota.close()


def test_a_scheduler_that_stands_still_makes_the_service_unready(world: World) -> None:
    assert not world.rota.health().ready
    world.pass_until(NOW + MINUTE)
    world.now += timedelta(minutes=40)
    assert world.rota.health() == Health(False, ("the scheduler does not tick",))


def test_the_console_is_built_for_the_first_who_asks_for_a_page_and_health_never_needs_it(world: World) -> None:
    built: list[str] = []

    def console() -> Starlette:
        built.append("once")
        return Starlette(routes=[Route("/pages/{name}", lambda request: PlainTextResponse("a page"))])

    application = app.build_app(app.Served(doors=world.rota, metrics=world.rota.metrics, console=console))
    asking = TestClient(application, base_url="http://localhost")
    assert asking.get("/healthz").text == "ok\n"
    assert built == []
    assert [asking.get(path).status_code for path in ("/pages/a", "/nothing")] == [200, 404]
    assert built == ["once"]


def test_another_timetable_moves_the_next_run_to_now_and_a_route_that_is_gone_runs_no_more(world: World) -> None:
    world.pass_until(NOW + timedelta(minutes=20))
    assert world.at("one") == NOW + timedelta(hours=1)
    quick = ServedRoute("one", "p", "memory", Timetable(every=timedelta(minutes=5)))
    served = Served(Path("connectors.yaml"), str(world.file), (), (quick,))
    world.rota.exchange(served)
    assert world.at("one") == world.now
    assert [status.name for status in world.rota.routes()] == ["one"]
    world.rota.exchange(Served(Path("connectors.yaml"), str(world.file), (), ()))
    assert world.alarms == {}
    assert world.rota.routes() == []


def test_a_run_that_is_cancelled_before_its_process_begins_never_begins(world: World) -> None:
    cancelled: list[bool] = []
    world.lines["one"].before = lambda: cancelled.append(world.rota.cancel("one", by="ada"))
    world.rota.start("one", by="bob")
    world.pass_until(NOW)
    assert cancelled == [True]
    assert world.ran == []
    told = world.rota.routes()[0].last_run
    assert told is not None
    assert told.word == "stopped"


def test_a_service_that_ends_meanwhile_begins_no_run_any_more(world: World) -> None:
    world.lines["one"].before = lambda: world.rota.end() and None
    world.pass_until(NOW)
    assert world.ran == []


def test_what_a_person_asked_for_runs_although_its_moment_went_by(world: World) -> None:
    world.rota.start("never", by="ada")
    world.alarms.clear()
    world.pass_until(NOW + MINUTE)
    assert world.began("never") == [NOW]


def test_health_answers_although_everybody_else_waits_for_the_state() -> None:
    waiting, enough = Semaphore(0), Event()

    def metrics() -> bytes:
        waiting.release()
        enough.wait(60)
        return b""

    class Nobody:
        pass

    application = app.build_app(app.Served(doors=cast(Doors, Nobody()), metrics=metrics))

    async def ask() -> tuple[int, int]:
        transport = httpx2.ASGITransport(application)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            limit = int(current_default_thread_limiter().total_tokens)
            asking = [asyncio.create_task(client.get("/metrics")) for _ in range(limit + 1)]
            for _ in range(limit):
                # In a thread that is not among those that everybody waits in.
                assert await asyncio.to_thread(waiting.acquire, timeout=60)
            try:
                health = await asyncio.wait_for(client.get("/healthz"), 30)
            finally:
                enough.set()
            return health.status_code, len(await asyncio.gather(*asking))

    # In a thread of its own: where pages are looked at in a browser, this one has a loop that runs.
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(asyncio.run, ask()).result()[0] == 200
