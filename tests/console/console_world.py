"""A console on a small programme, with a service that does just what the console asks of one."""

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.testclient import TestClient

from lms_bridge.bridge import open_bridge
from lms_bridge.config.load import load_config
from lms_bridge.console.access.passwords import PasswordFile
from lms_bridge.console.access.roles import Role
from lms_bridge.console.app import Console, console
from lms_bridge.console.desk import Access
from lms_bridge.errors import UsageError
from lms_bridge.service.doors import ConnectorStatus, Health, LastRun, Progress, RouteStatus, SyncStatus
from lms_bridge.sync.state import State
from lms_bridge.sync.stop import Stop

PASSWORD = "a quiet green heron wades"
PEOPLE = {"vera": Role.VIEWER, "anna": Role.APPROVER, "ada": Role.ADMIN}
ADDRESS = "http://localhost"
_WORDS = {0: "done", 1: "failed", 4: "approval", 5: "conflict", 6: "unreachable", 10: "stopped"}


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Service:
    """Runs routes when it is told to, one at a time, in a thread; and notes what it was told."""

    def __init__(self, config_file: Path) -> None:
        self.config_file = config_file
        self.told: list[dict[str, object]] = []
        self._threads: dict[str, threading.Thread] = {}
        self._stops: dict[str, Stop] = {}

    def health(self) -> Health:
        return Health(True, ())

    def routes(self) -> Sequence[RouteStatus]:
        config = load_config(self.config_file, without_secrets=True)
        with State.open(config.state) as state:
            return [self._status(route.name, state) for route in config.routes]

    def start(
        self,
        route: str,
        *,
        by: str,
        only: Sequence[str] = (),
        checksum: str | None = None,
        approve: str | None = None,
        override: bool = False,
    ) -> None:
        if self._runs(route):
            raise UsageError(f"{route} runs already.")
        self.told.append({"route": route, "by": by, "only": [*only], "checksum": checksum, "approve": approve})
        self._stops[route] = Stop()
        known, approved = [checksum] if checksum else [], [approve] if approve else []
        run = partial(self.run, route, only, known, approved, override=override)
        self._threads[route] = threading.Thread(target=run)
        self._threads[route].start()

    def progress(self, route: str) -> Progress | None:
        with State.open(load_config(self.config_file, without_secrets=True).state) as state:
            doing = state.history.doing(route)
        if doing is None:
            return None
        return Progress(
            run=doing.run, stage=doing.stage, done=doing.done, total=doing.total, since=doing.since, beat=doing.beat
        )

    def cancel(self, route: str, *, by: str) -> bool:
        if not self._runs(route):
            return False
        self._stops[route].ask(f"{by} ended it")
        return True

    def wait(self) -> None:
        for thread in self._threads.values():
            thread.join()

    def _runs(self, route: str) -> bool:
        return route in self._threads and self._threads[route].is_alive()

    def run(
        self,
        route: str,
        only: Sequence[str],
        checksums: Sequence[str],
        approved: Sequence[str],
        *,
        override: bool = False,
    ) -> None:
        with open_bridge(load_config(self.config_file), only_routes=[route]) as bridge:
            bridge.sync(
                clock=lambda: datetime.now(UTC),
                only=only,
                checksums=checksums,
                approved=approved,
                stop=self._stops.get(route),
                through_windows=override,
            )

    def _status(self, name: str, state: State) -> RouteStatus:
        runs = state.history.last_runs(name)
        last = runs[0] if runs else None
        held = state.looking.held(last.run, name)[1] if last else 0
        waits = len(state.history.reviews(name)) + held
        return RouteStatus(
            name=name,
            sync=SyncStatus.CONFLICT if waits else SyncStatus.IN_STEP if last else SyncStatus.PENDING,
            connector=ConnectorStatus.HEALTHY,
            last_run=last
            and LastRun(
                run=last.run,
                started=last.started,
                ended=last.ended,
                exit_code=last.exit_code,
                word=_WORDS.get(last.exit_code or 0, "failed")
                if last.ended
                else "running"
                if self._runs(name)
                else "cut_off",
            ),
            next_run=None,
            running=self._runs(name),
            waits=waits,
            detail="",
        )


@dataclass
class Room:
    """A console and what stands behind it. `decisions` are what the audit was told."""

    folder: Path
    service: Service
    console: Console
    app: Starlette
    clock: Clock
    passwords: PasswordFile
    decisions: list[tuple[str, str, str, dict[str, str]]] = field(default_factory=list)

    @property
    def config_file(self) -> Path:
        return self.folder / "connectors.yaml"

    def visitor(self, *, address: str = ADDRESS, at: str = "testclient") -> TestClient:
        return TestClient(self.app, base_url=address, follow_redirects=False, client=(at, 50_000))

    def signed_in(self, name: str) -> TestClient:
        """A person's browser, whose session began by the back door: comparing passwords takes long."""
        from lms_bridge.console.access.roles import Person

        client = self.visitor()
        client.cookies.set("lms-bridge", self.console.desk.sessions.begin(Person(name, PEOPLE[name])))
        return client

    def let_edit(self) -> None:
        """Admins may change the config here."""
        with self.config_file.open("a", encoding="utf-8") as file:
            file.write("\nconsole:\n  edit_config: true\n")

    def close(self) -> None:
        self.service.wait()
        self.console.close()


def make_room(folder: Path, passwords: PasswordFile, *, clock: Clock | None = None) -> Room:
    clock = clock or Clock()
    service = Service(folder / "connectors.yaml")
    decisions: list[tuple[str, str, str, dict[str, str]]] = []

    def audit(who: str, what: str, about: str, **details: str) -> None:
        decisions.append((who, what, about, details))

    load = partial(load_config, folder / "connectors.yaml")
    made = console(service, load, Access(passwords=passwords), audit=audit, clock=clock)
    return Room(folder, service, made, made.app, clock, passwords, decisions)


def token_of(page: str) -> str:
    """What a form of the page carries."""
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found, page
    return found[1]


def look(client: TestClient, path: str, *, seen_at: str = "/", **fields: str) -> str:
    """The page that tells what was found, once it is."""
    begun = post(client, path, seen_at=seen_at, **fields)
    assert begun.status_code == 303, begun.text
    errands = client.app.state.console.desk.errands
    id_ = begun.headers["location"].rpartition("/")[2]
    errands.wait(id_)
    found = client.get(begun.headers["location"])
    assert found.status_code == 200
    return found.text


def post(client: TestClient, path: str, *, seen_at: str = "/", **fields: str):
    """A form that a person sends from a page that they see."""
    token = token_of(client.get(seen_at).text)
    return client.post(path, data={"token": token, **fields}, headers={"Origin": ADDRESS})
