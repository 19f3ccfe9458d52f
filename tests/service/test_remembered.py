"""What the service still knows after a restart: what is held, what failed, and what a person had end."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lms_bridge.service.attempt import Attempt, digest_of, read, written
from lms_bridge.service.doors import SyncStatus
from lms_bridge.service.standing import Ended
from lms_bridge.service.timetable import Timetable
from tests.service.week_world import World, prompt

NOW = datetime(2027, 1, 11, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, NOW, one=Timetable(every=15 * MINUTE))
    yield made
    made.close()


def restart(world: World) -> None:
    world.down_until(world.now + MINUTE)


def test_what_a_limit_holds_back_is_not_tried_again_for_a_restart(world: World) -> None:
    old = [prompt(f"p{n}", NOW) for n in range(12)]
    world.lines["one"].policy = world.lines["one"].policy_that_deletes()
    world.fill("one", *old)
    world.pass_until(NOW + MINUTE)
    world.fill("one", prompt("later", NOW + 9 * HOUR))
    world.pass_until(NOW + HOUR)
    assert [ran.code for ran in world.ran] == [0, 4]
    for _ in range(3):
        restart(world)
        world.pass_until(world.now + HOUR)
    assert [ran.code for ran in world.ran] == [0, 4]
    world.fill("one", *old)
    world.pass_until(world.now + 16 * MINUTE)
    assert [ran.code for ran in world.ran] == [0, 4, 0]


def test_what_is_wrong_in_a_route_s_settings_is_not_tried_again_for_a_restart_although_it_left_no_run(
    world: World,
) -> None:
    world.lines["one"].ends_with = 2
    world.pass_until(NOW + MINUTE)
    restart(world)
    world.pass_until(world.now + 5 * HOUR)
    assert [ran.code for ran in world.ran] == [2]
    assert world.rota.routes()[0].detail == "a person has to decide, or content or config to change"
    world.fill("one", prompt("new", NOW))
    world.pass_until(world.now + HOUR)
    assert [ran.code for ran in world.ran][:2] == [2, 2]


def test_a_failure_that_left_no_run_keeps_its_wait_through_a_restart(world: World) -> None:
    world.lines["one"].ends_with = 7
    world.pass_until(NOW)
    world.down_until(NOW + timedelta(seconds=10))
    world.pass_until(NOW + timedelta(seconds=59))
    assert world.began("one") == [NOW]
    world.pass_until(NOW + MINUTE)
    assert world.began("one") == [NOW, NOW + MINUTE]


@pytest.mark.parametrize("restarted", [False, True])
def test_what_a_person_cancels_neither_failed_nor_begins_again_by_itself_before_its_next_moment(
    world: World, restarted: bool
) -> None:
    def cancel() -> None:
        world.lines["one"].before = lambda: None
        assert world.rota.cancel("one", by="ada")

    world.lines["one"].ends_with = 6
    world.pass_until(NOW + 10 * MINUTE)
    failed = len(world.ran)
    world.lines["one"].ends_with = None
    world.lines["one"].before = cancel
    world.rota.start("one", by="bob")
    world.pass_until(NOW + 10 * MINUTE)
    if restarted:
        world.down_until(NOW + 11 * MINUTE)
    world.pass_until(NOW + 24 * MINUTE)
    assert len(world.ran) == failed, "it was not even begun"
    (status,) = world.rota.routes()
    assert (status.sync, status.next_run) == (SyncStatus.DEFERRED, NOW + 25 * MINUTE)
    assert b'lmsbridge_failures_in_a_row{route="one"} 0.0' in world.rota.metrics()
    world.pass_until(NOW + 25 * MINUTE)
    assert world.began("one")[failed:] == [NOW + 25 * MINUTE]
    assert world.ran[-1].code == 0


def test_a_run_that_ends_early_by_itself_is_taken_up_again_in_a_minute(world: World) -> None:
    world.lines["one"].ends_with = 10
    world.pass_until(NOW)
    world.lines["one"].ends_with = None
    world.pass_until(NOW + 2 * MINUTE)
    assert world.began("one") == [NOW, NOW + MINUTE]


@pytest.mark.parametrize(
    "attempt",
    [
        Attempt(Ended("", NOW, NOW + timedelta(days=30), -15, cancelled=True), digest_of("content, and all")),
        Attempt(Ended("", NOW, NOW, None), None),
        Attempt(Ended("", NOW, NOW + HOUR, 4), digest_of("other content")),
    ],
)
def test_an_attempt_is_read_as_it_was_written_in_a_line_that_fits_its_place(attempt: Attempt) -> None:
    assert read(written(attempt), NOW) == attempt
    assert len(written(attempt)) <= 40
    assert digest_of("content, and all") != digest_of("other content")
