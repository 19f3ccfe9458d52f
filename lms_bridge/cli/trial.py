"""A config on the sandboxes: servers up, lists provisioned. What `sandbox`, `demo` and their tests share."""

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from lms_bridge.cli.init import write_example
from lms_bridge.config.load import Config, load_config
from lms_bridge.connector import Level
from lms_bridge.errors import BridgeError
from lms_bridge.opening import open_sources
from lms_bridge.sandbox.pair import MOODLE_PORT, SHAREPOINT_PORT, Ports, SandboxPair, forget, write_credentials

SANDBOX_FOLDER = ".sandbox"
_STATE = "state.sqlite"
_PORTS = "ports"


@dataclass(frozen=True, slots=True)
class Trial:
    """A config file whose destinations are sandboxes that are running."""

    path: Path
    pair: SandboxPair
    config: Config


@contextmanager
def open_trial(path: Path, *, port: int | None, reset: bool, elsewhere: bool = False) -> Iterator[Trial]:
    """`elsewhere` allows other ports than the config names when those are taken. Raises ConfigError for a config that
    is wrong, BridgeError for a port that is taken."""
    folder = path.absolute().parent / SANDBOX_FOLDER
    if reset:
        forget(folder)
        for left in folder.glob(f"{_STATE}*"):
            left.unlink()
    ports = _ports(folder, port, elsewhere)
    write_credentials(folder)
    config = load_config(path, addresses=_addresses(ports))
    _refuse_others(config, ports)
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


def _ports(folder: Path, asked: int | None, elsewhere: bool) -> Ports:
    wanted = Ports() if asked is None else Ports(asked, asked + 1)
    taken = _taken(wanted)
    if not taken:
        return wanted
    if asked is not None or not elsewhere:
        raise BridgeError(
            f"port {taken[0]} is taken, perhaps by another sandbox.",
            next_step="Stop what listens there, or give another `--port` and write its addresses into connectors.yaml.",
        )
    return _other_ports(folder)


def _other_ports(folder: Path) -> Ports:
    """Free ones, and the same as the last time: texts that were pushed hold the addresses."""
    kept = folder / _PORTS
    try:
        ports = Ports(*map(int, kept.read_text(encoding="ascii").split()))
    except (OSError, ValueError, TypeError):
        ports = None
    if ports is None or _taken(ports):
        ports = Ports(_free_port(), _free_port())
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept.write_text(f"{ports.moodle} {ports.sharepoint}", encoding="ascii")
    return ports


def _taken(ports: Ports) -> list[int]:
    return [port for port in (ports.moodle, ports.sharepoint) if not _is_free(port)]


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


def _refuse_others(config: Config, ports: Ports) -> None:
    """The sandbox commands make lists and push content: never into anything but the sandboxes."""
    ours = {f"http://127.0.0.1:{ports.moodle}", f"https://127.0.0.1:{ports.sharepoint}"}
    for name, opening in config.destinations.items():
        address = str(getattr(opening.settings, "url", None) or getattr(opening.settings, "site", None))
        parts = urlsplit(address)
        endpoints = getattr(opening.settings, "endpoints", None)
        graph = getattr(endpoints, "graph_root", None) if endpoints is not None else None
        reached = {f"{parts.scheme}://{parts.netloc}"} | ({str(graph)} if endpoints is not None else set())
        if not reached <= ours:
            raise BridgeError(
                f"{address} is no sandbox, and this command only ever writes to sandboxes.",
                where=f"{config.file}: destinations.{name}",
                next_step="Use `lms-bridge sync` for real destinations, or another folder: `lms-bridge init FOLDER`.",
            )


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
