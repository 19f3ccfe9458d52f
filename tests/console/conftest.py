"""The console of a small programme, with both sandboxes behind it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from lms_bridge.cli.trial import Trial, open_trial
from lms_bridge.console.access import passwords as passwords_module
from lms_bridge.console.access.passwords import PasswordFile
from lms_bridge.sandbox.server import SandboxServer
from tests.cli.conftest import ROOT, SMALL, free_ports
from tests.console.console_world import PASSWORD, PEOPLE, Clock, Room, make_room

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[pytest.MonkeyPatch]:
    """Hashing a password takes as long as it should, and tests do it often."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords_module, "_hasher", lambda: QUICK)
        patch.setattr(passwords_module, "_NOBODY", QUICK.hash("nobody"))
        yield patch


@pytest.fixture
def real_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords_module, "_hasher", PasswordHasher)


@pytest.fixture(scope="session")
def passwords(tmp_path_factory: pytest.TempPathFactory, quick_hashes: pytest.MonkeyPatch) -> PasswordFile:
    file = PasswordFile(tmp_path_factory.mktemp("passwords") / "console-users.json")
    for name, role in PEOPLE.items():
        file.put(name, PASSWORD, role)
    return file


def write_programme(folder: Path, port: int) -> None:
    text = (ROOT / "connectors.yaml").read_text(encoding="utf-8")
    text = text.replace("127.0.0.1:8801", f"127.0.0.1:{port}").replace("127.0.0.1:8802", f"127.0.0.1:{port + 1}")
    (folder / "connectors.yaml").write_text(text, encoding="utf-8")
    for name, content in SMALL.items():
        path = folder / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.fixture
def room(tmp_path: Path, passwords: PasswordFile) -> Iterator[Room]:
    """Nothing was run yet, and no destination answers."""
    write_programme(tmp_path, free_ports())
    (tmp_path / ".sandbox").mkdir()
    room = make_room(tmp_path, passwords)
    yield room
    room.close()


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    port = free_ports()
    write_programme(tmp_path, port)
    with open_trial(tmp_path / "connectors.yaml", port=port, reset=False) as trial:
        yield trial


@pytest.fixture
def living(trial: Trial, passwords: PasswordFile) -> Iterator[Room]:
    """With both sandboxes behind it."""
    room = make_room(trial.path.parent, passwords)
    yield room
    room.close()


@pytest.fixture
def live_room(trial: Trial, passwords) -> Iterator[Room]:
    clock = Clock()
    room = make_room(trial.path.parent, passwords, clock=clock)
    yield room
    room.close()


@pytest.fixture
def served(live_room: Room) -> Iterator[str]:
    with SandboxServer(live_room.app) as server:
        yield server.url


@pytest.fixture
def contexts(browser):
    made = []

    def make(**how):
        made.append(browser.new_context(viewport={"width": 1100, "height": 750}, **how))
        return made[-1]

    yield make
    for context in made:
        context.close()
