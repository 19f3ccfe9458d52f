"""Two thousand places, four workers that are killed at random, a PostgreSQL that crashes, a run that is begun twice."""

import json
import random
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest
from scale_world import ScaleWorld, standing

pytest.importorskip("pgqueuer", reason="install the extra `scale` to try workers")

COURSES = 1000
"""Each has two places: a wiki, whose index is a page as well, and a forum."""
KILLS = 8


@pytest.mark.crash
@pytest.mark.postgresql
@pytest.mark.timeout(1800)
def test_each_item_stands_once_and_none_is_lost_whatever_dies(
    tmp_path: Path, postgresql_to_crash: tuple[str, Callable[[], None]]
) -> None:
    address, crash = postgresql_to_crash
    with standing(tmp_path, address, courses=COURSES) as world:
        for course in range(COURSES):
            world.write(course, pages=1, prompts=1)
        for _ in range(4):
            world.worker()
        asked = [world.command("sync", "--shared", "--output", "json", "--deadline", "25") for _ in range(2)]
        over = Event()
        death = Thread(target=kill_now_and_then, args=[world, over, crash])
        death.start()
        try:
            told = [told_by(each) for each in asked]
        finally:
            over.set()
            death.join()
        assert len(world.workers) == 4 + KILLS - 1, "not everybody died who was to"
        assert told[0] == told[1], "whoever asked for the run is told the same"
        assert told[0]["failures"] == [], world.logs()[-5000:]
        assert set(world.standing().values()) == {1}
        assert len(world.standing()) == 3 * COURSES
        done = {name: count for name, count in told[0]["summary"].items() if count}
        assert set(done) <= {"created", "adopted", "unchanged"}
        assert sum(done.values()) == 3 * COURSES
        again = told_by(world.command("plan", "--output", "json"))
        assert again["summary"]["unchanged"] == 3 * COURSES


def kill_now_and_then(world: ScaleWorld, over: Event, crash: Callable[[], None]) -> None:
    """Whenever so much more stands, one of those who may be writing dies, or the database does."""
    draw = random.Random(4)  # noqa: S311 - the same each time
    for kill in range(KILLS):
        while len(world.site.wiki_pages) + len(world.site.discussions) < 3 * COURSES * (kill + 0.5) / KILLS:
            if over.wait(0.05):
                return
        if kill == KILLS // 2:
            crash()
            continue
        living = [process for process in world.workers if process.poll() is None]
        draw.choice(living).send_signal(signal.SIGKILL)
        world.worker()


def told_by(process: "subprocess.Popen[str]") -> dict[str, dict[str, int]]:
    out, err = process.communicate(timeout=1700)
    assert process.returncode == 0, err
    document: dict[str, dict[str, int]] = json.loads(out)
    return document
