"""Runs that are to end before they are done: a person says so, or their route is taken out of the config."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import PIPE

import pytest

from lms_bridge.sandbox.faults import Fault
from lms_bridge.service.reading import Reading, Served
from lms_bridge.service.rota import Rota
from lms_bridge.service.running import Processes
from lms_bridge.sync.state import State
from tests.service.serve_world import PAGES, ROOT, Home, home


class Alarms:
    """Rung by the test."""

    def __init__(self) -> None:
        self.moments: dict[str, datetime] = {}

    def set(self, route: str, at: datetime) -> None:
        self.moments[route] = at

    def drop(self, route: str) -> None:
        self.moments.pop(route, None)

    def at(self, route: str) -> datetime | None:
        return self.moments.get(route)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Home]:
    with home(tmp_path) as made:
        made.server.faults.add(*(Fault(kind="delay", seconds=0.7, body="mod_wiki_new_page") for _ in range(PAGES)))
        yield made


@contextmanager
def under_way(served: Home) -> Iterator[tuple[Rota, Alarms, Served, threading.Thread]]:
    """A service of which a run is writing."""
    config, alarms = Reading(served.config).served(), Alarms()
    rota = Rota(config, Processes(), lambda: datetime.now(UTC))
    rota.use(alarms)
    rota.tick()
    run = threading.Thread(target=rota.ring, args=["pages"])
    run.start()
    try:
        served.until(lambda: served.runs() == [(None, False)])
        yield rota, alarms, config, run
    finally:
        rota.end()
        run.join()
        rota.close()


def test_the_run_of_a_route_that_is_taken_out_of_the_config_ends_in_good_order(
    served: Home, caplog: pytest.LogCaptureFixture
) -> None:
    with under_way(served) as (rota, alarms, config, run):
        rota.exchange(replace(config, routes=()))
        assert rota.routes() == []
        # Whoever ends the service meanwhile waits for it.
        rota.close()
        assert not served.is_leased()
        run.join()
        assert served.runs() == [(10, True)]
        assert alarms.moments == {}
    (record,) = [record for record in caplog.records if "not in the config any more" in record.message]
    assert record.__dict__["route"] == "pages"


def test_a_route_that_is_back_before_its_run_has_ended_is_run_again_and_never_twice_at_once(served: Home) -> None:
    with under_way(served) as (rota, alarms, config, run):
        rota.exchange(replace(config, routes=()))
        rota.exchange(config)
        (status,) = rota.routes()
        assert status.running
        rota.ring("pages")
        run.join()
        assert served.runs() == [(10, True)]
        (status,) = rota.routes()
        assert not status.running
        # It stopped halfway: what is left is not kept waiting for a whole cycle.
        assert alarms.moments["pages"] - datetime.now(UTC) <= timedelta(minutes=1)


def test_a_run_that_a_person_cancels_ends_in_good_order_and_comes_again_by_the_timetable(served: Home) -> None:
    with under_way(served) as (rota, alarms, _, run):
        begun = datetime.now(UTC)
        assert rota.cancel("pages", by="ada")
        run.join()
        assert served.runs() == [(10, True)]
        assert alarms.moments["pages"] - begun > timedelta(minutes=50)
        with State.open(served.folder / "state.sqlite") as state:
            assert [(line.deed, line.actor) for line in state.trail.lines() if line.deed == "cancel"] == [
                ("cancel", "ada")
            ]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no way to send one process Ctrl-C")
def test_a_sync_by_hand_that_somebody_ends_did_not_fail_and_comes_again_by_the_timetable(served: Home) -> None:
    alarms = Alarms()
    begun = datetime.now(UTC)
    command = [sys.executable, "-c", "from lms_bridge.cli import main; main()", "sync", f"--config={served.config}"]
    by_hand = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=PIPE, stderr=PIPE)
    served.until(lambda: served.runs() == [(None, False)])
    by_hand.send_signal(signal.SIGINT)
    by_hand.communicate()
    assert by_hand.returncode == 10
    rota = Rota(Reading(served.config).served(), Processes(), lambda: datetime.now(UTC))
    rota.use(alarms)
    rota.tick()
    assert b'lmsbridge_failures_in_a_row{route="pages"} 0.0' in rota.metrics()
    assert alarms.moments["pages"] - begun > timedelta(minutes=50)
    rota.close()
