"""A PostgreSQL that goes away while a run is under way and comes back: the service finds the state again, and after the
next run everything is there, once."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest

from lms_bridge.sandbox.faults import Fault
from lms_bridge.service.doors import SyncStatus
from lms_bridge.service.reading import Reading
from lms_bridge.service.rota import Rota
from lms_bridge.service.running import Processes
from lms_bridge.sync.state import State
from tests.service.serve_world import PAGES, home

pytestmark = pytest.mark.postgresql
MORE = 30


def test_what_a_run_began_that_lost_its_state_is_there_once_after_the_next(
    tmp_path: Path, postgresql_to_crash: tuple[str, Callable[[], None]]
) -> None:
    address, restart = postgresql_to_crash
    now = datetime.now(UTC)
    with home(tmp_path) as served:
        text = served.config.read_text(encoding="utf-8").replace("state.sqlite", address)
        served.config.write_text(text, encoding="utf-8")
        served.server.faults.add(*(Fault(kind="delay", seconds=2.0, body="mod_wiki_new_page") for _ in range(PAGES)))
        for number in range(MORE):
            page = served.folder / "content" / "BIO" / "wiki" / f"more{number}.md"
            page.write_text(f"# More {number}\n\nWords.\n", encoding="utf-8")
        rota = Rota(Reading(served.config).served(), Processes(), lambda: now)
        rota.tick()
        running = Thread(target=rota.ring, args=["pages"])
        running.start()
        with State.open(address) as state:
            served.until(lambda: bool(state.open_intents("pages")))
        restart()
        now = datetime.now(UTC)
        running.join(120)
        assert not running.is_alive()
        rota.tick()
        assert rota.health().ready, "the state is found again"
        (after,) = rota.routes()
        # It may have been able to end well: what it was writing was answered when the state was back.
        assert after.sync in (SyncStatus.FAILED, SyncStatus.IN_STEP)
        assert after.next_run is not None
        served.server.faults.clear()
        now = after.next_run
        rota.ring("pages")
        (status,) = rota.routes()
        assert status.sync is SyncStatus.IN_STEP
        rota.close()
        titles = Counter(page.title for page in served.site.wiki_pages.values())
        assert set(titles.values()) == {1}
        assert len(titles) == PAGES + MORE + 1
        with State.open(address) as state:
            assert state.open_intents("pages") == []
            assert len(state.records("pages")) == PAGES + MORE + 1
