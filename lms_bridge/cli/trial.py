"""A config on the sandboxes: servers up, lists provisioned. What `sandbox`, `demo` and their tests share."""

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lms_bridge.bridge import open_sources
from lms_bridge.cli.init import write_example
from lms_bridge.config.load import Config, load_config
from lms_bridge.connector import Level
from lms_bridge.errors import BridgeError
from lms_bridge.sandbox.pair import MOODLE_PORT, SHAREPOINT_PORT, Ports, SandboxPair, forget, write_credentials

SANDBOX_FOLDER = ".sandbox"
_STATE = "state.sqlite"


@dataclass(frozen=True, slots=True)
class Trial:
    """A config file whose destinations are sandboxes that are running."""

    path: Path
    pair: SandboxPair
    config: Config


@contextmanager
def open_trial(path: Path, *, port: int | None, reset: bool) -> Iterator[Trial]:
    """Raises ConfigError for a config that is wrong, BridgeError for a port that was asked for and is taken."""
    folder = path.resolve().parent / SANDBOX_FOLDER
    if reset:
        forget(folder)
        for left in folder.glob(f"{_STATE}*"):
            left.unlink()
    ports = _ports(port)
    write_credentials(folder)
    config = load_config(path, addresses=_addresses(ports))
    with SandboxPair(folder, _courses(config), ports) as pair:
        _provision(config)
        yield Trial(path, pair, config)


def example_config(folder: Path) -> Path:
    """The shipped example in a folder of its own; one that is there already is used as it is."""
    if not (folder / "connectors.yaml").exists():
        write_example(folder)
    return folder / "connectors.yaml"


def wait_until_stopped() -> None:
    """Until Ctrl-C or SIGTERM."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()


def _ports(asked: int | None) -> Ports:
    wanted = Ports() if asked is None else Ports(asked, asked + 1)
    taken = [port for port in (wanted.moodle, wanted.sharepoint) if not _is_free(port)]
    if not taken:
        return wanted
    if asked is not None:
        raise BridgeError(f"port {taken[0]} is taken.", next_step="Stop what listens there, or give another `--port`.")
    return Ports(_free_port(), _free_port())


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _addresses(ports: Ports) -> dict[str, str]:
    """The example's addresses, where the sandboxes listen elsewhere."""
    pairs = ((MOODLE_PORT, ports.moodle), (SHAREPOINT_PORT, ports.sharepoint))
    return {f"127.0.0.1:{usual}": f"127.0.0.1:{port}" for usual, port in pairs if usual != port}


def _courses(config: Config) -> dict[str, str]:
    """Titles by idnumber of every course that a route's source knows."""
    sources = open_sources(config, config.routes).values()
    return {item.course.idnumber: item.course.title for source in sources for item in source.items().items}


def _provision(config: Config) -> None:
    """An administrator's part: the lists that SharePoint needs."""
    from lms_bridge.sharepoint.settings import SharePointSettings
    from lms_bridge.sharepoint.setup import provision

    for destination in config.destinations.values():
        if isinstance(destination.settings, SharePointSettings):
            for finding in provision(destination.settings, config.folder):
                if finding.level is Level.ERROR and finding.problem is not None:
                    problem = finding.problem
                    raise BridgeError(problem.cause, where=problem.where, next_step=problem.next_step)
