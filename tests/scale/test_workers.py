"""Workers as processes that share a run, one of which dies: each item stands once, and one report tells of all."""

import json
import signal
from pathlib import Path

import pytest
from scale_world import standing, wait_until

pytest.importorskip("pgqueuer", reason="install the extra `scale` to try workers")


@pytest.mark.postgresql
@pytest.mark.timeout(300)
def test_what_a_worker_left_that_was_killed_amid_a_write_another_finishes_once(
    tmp_path: Path, postgresql_server: str
) -> None:
    with standing(tmp_path, postgresql_server, courses=4) as world:
        for course in range(4):
            world.write(course, pages=1)
        world.hang_at_a_write("mod_wiki_new_page")
        first = world.worker()
        asked = world.command("sync", "--shared", "--output", "json")
        # It was stored, and the one who sent it will never hear of that.
        wait_until(lambda: not world.server.faults.pending() and bool(world.standing()))
        first.send_signal(signal.SIGKILL)
        world.worker("--until-idle")
        out, err = asked.communicate(timeout=240)
        assert asked.returncode == 0, f"{err}\n{world.logs()}"
        done = {name: count for name, count in json.loads(out)["summary"].items() if count}
        # A page for each course, and the index that leads to it.
        assert sum(done.values()) == len(world.standing()) == 8
        assert set(done) == {"created", "adopted"}
        assert set(world.standing().values()) == {1}
