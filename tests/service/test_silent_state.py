"""A database that takes connections and says nothing holds nobody up but whoever asks it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest

from lms_bridge.service.doors import SyncStatus
from lms_bridge.service.reading import Served, ServedRoute
from lms_bridge.service.rota import Rota
from lms_bridge.service.running import Processes
from lms_bridge.service.timetable import Timetable
from tests.service.serve_world import Home, home

NOW = datetime(2027, 1, 11, 8, 0, tzinfo=UTC)
HOURLY = Timetable(every=timedelta(hours=1))


class Silent:
    """A server that says nothing until it is told to hang up."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self.address = f"postgresql://bridge@127.0.0.1:{listening.getsockname()[1]}/lms?connect_timeout=60"
        self.called = Event()
        self._held: list[socket.socket] = []
        self._thread = Thread(target=self._take, daemon=True)
        self._thread.start()

    def _take(self) -> None:
        while True:
            try:
                self._held.append(self._listening.accept()[0])
            except OSError:
                return
            self.called.set()

    def hang_up(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()
        for each in self._held:
            each.close()


@contextmanager
def silent() -> Iterator[Silent]:
    server = Silent(socket.create_server(("127.0.0.1", 0)))
    try:
        yield server
    finally:
        if server.address:
            server.hang_up()


def test_while_it_is_waited_for_everything_else_is_answered_with_the_truth(tmp_path: Path) -> None:
    server = Silent(socket.create_server(("127.0.0.1", 0)))
    route = ServedRoute("pages", "programme", "moodle", HOURLY)
    rota = Rota(Served(tmp_path / "connectors.yaml", server.address, (), (route,)), Processes(), lambda: NOW)
    ticking = Thread(target=rota.tick, daemon=True)
    ticking.start()
    assert server.called.wait(60)
    metrics = rota.metrics().decode()
    health, (status,) = rota.health(), rota.routes()
    assert rota.progress("pages") is None
    assert not rota.cancel("pages", by="ann")
    rota.refuse("a mistake")
    assert rota.end() == []
    assert ticking.is_alive(), "all this was answered while the state was still asked"
    assert not health.ready
    assert "state" in health.problems[0]
    assert status.sync is SyncStatus.UNKNOWN
    assert 'status="unknown"' in metrics
    server.hang_up()
    ticking.join(60)
    assert not ticking.is_alive()
    assert any("The state store" in problem for problem in rota.health().problems)
    rota.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Home]:
    with home(tmp_path) as made:
        yield made


def test_the_service_begins_and_answers_although_its_state_says_nothing(served: Home) -> None:
    with silent() as server:
        served.write_config()
        text = served.config.read_text(encoding="utf-8").replace("state.sqlite", server.address)
        served.config.write_text(text, encoding="utf-8")
        served.begin()
        served.until(lambda: "does not answer" in "".join(served.ready()["problems"]))
        assert [served.get(path)[0] for path in ("/healthz", "/readyz", "/metrics")] == [200, 503, 200]
        assert "bridge@127.0.0.1" in "".join(served.ready()["problems"]), "where it is"
