"""Folders with content, a config and somewhere to push it to, for measures that run the command as people do."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from bench import content
from bench.process import Cost, cost_of
from lms_bridge.config.load import load_config
from lms_bridge.sandbox.moodle import SeedCourse, demo_site, moodle_app
from lms_bridge.sandbox.server import SandboxServer
from lms_bridge.sandbox.sharepoint import demo_tenant, sharepoint_app
from lms_bridge.sandbox.sharepoint.demo import DEMO_CLIENT
from lms_bridge.sandbox.wire_log import WireLog
from lms_bridge.sharepoint.setup import provision

ROOT = Path(__file__).parent.parent
_TOKEN = "sandbox-0123456789abcdef01234567"  # noqa: S105 - opens a sandbox on this machine, and nothing else
_SITE = "/sites/learning"
_CONFIG = """\
version: 1
installation: bench
sources:
  programme: {{type: files, path: content}}
destinations:
  there: {destination}
routes:
  all: {{from: programme, to: there, policy: {{refresh: {refresh}}}}}
"""
# The system counts what the process that began it held as its own (getrusage(2): ru_maxrss outlives execve), so that it
# tells itself.
_COMMAND = """\
import atexit, pathlib, re
status, peak = pathlib.Path("/proc/self/status"), pathlib.Path("peak").resolve()
atexit.register(lambda: peak.write_text(re.search(r"VmHWM:\\s*(\\d+)", status.read_text())[1]))
from lms_bridge.cli import main
main()
"""


@dataclass(frozen=True, slots=True)
class World:
    folder: Path
    destination: str
    """As connectors.yaml says it."""
    log: WireLog = field(default_factory=WireLog)

    def configure(self, refresh: str) -> None:
        text = _CONFIG.format(destination=self.destination, refresh=refresh)
        (self.folder / "connectors.yaml").write_text(text, encoding="utf-8")

    def run(self, *words: str) -> Cost:
        """The command in a process of its own. Raises RuntimeError unless it ends well."""
        paths = os.pathsep.join([str(ROOT), str(ROOT / "bench" / "paper")])
        cost = cost_of([sys.executable, "-c", _COMMAND, *words], self.folder, {"PYTHONPATH": paths})
        if cost.exit_code != 0:
            raise RuntimeError(f"lms-bridge {' '.join(words)} ended with {cost.exit_code}: {cost.output[-2000:]}")
        return replace(cost, peak_bytes=1024 * int((self.folder / "peak").read_text()))

    def writing(self) -> float:
        """Seconds that the last run wrote for."""
        (route,) = json.loads(self.run("status", "--output", "json").output)["routes"]
        began, ended = (datetime.fromisoformat(route["last_run"][name]) for name in ("started", "ended"))
        return (ended - began).total_seconds()

    def calls(self, *words: str) -> int:
        """HTTP calls that the command makes."""
        before = len(self.log.exchanges)
        self.run(*words)
        return len(self.log.exchanges) - before


def on_paper(folder: Path, items: int) -> World:
    """A destination that takes whatever it is given: for what is done before anything is asked."""
    folder.mkdir()
    content.write(folder / "content", content.of_items(items))
    world = World(folder, "{type: paper}")
    world.configure("never")
    return world


@contextmanager
def on_moodle(folder: Path, items: int) -> Iterator[World]:
    folder.mkdir()
    size = content.of_items(items)
    content.write(folder / "content", size)
    names = [f"C-{course:05d}" for course in range(size.courses)]
    site = demo_site([SeedCourse(name, shortname=name, fullname=name) for name in names], token=_TOKEN)
    log = WireLog()
    with SandboxServer(moodle_app(site), log=log) as server:
        site.settings.wwwroot = server.url
        (folder / "token").write_text(_TOKEN, encoding="utf-8")
        world = World(folder, f"{{type: moodle, url: {server.url}, token: '${{file:token}}'}}", log)
        world.configure("always")
        yield world


@contextmanager
def on_sharepoint(folder: Path, items: int) -> Iterator[World]:
    folder.mkdir()
    content.write(folder / "content", content.of_items(items))
    demo = demo_tenant(folder=folder, site_path=_SITE)
    certificate, log = demo.server_certificate, WireLog()
    with ExitStack() as stack:
        server = SandboxServer(
            sharepoint_app(demo.tenant),
            port=_free_port(),
            certificate=certificate.certificate,
            private_key=certificate.private_key,
            log=log,
        )
        demo.serve_at(server.url)
        stack.enter_context(server)
        world = World(folder, _sharepoint(server.url), log)
        world.configure("always")
        config = load_config(folder / "connectors.yaml")
        for _ in provision(config.destinations["there"].settings, folder):  # type: ignore[arg-type]
            pass
        yield world


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _sharepoint(url: str) -> str:
    keys = "{private_key: '${file:app-key.pem}', public_certificate: '${file:app-cert.pem}'}"
    ends = f"{{authority: {url}, graph_root: {url}, ca_file: ca.pem}}"
    return (
        f"{{type: sharepoint, site: {url}{_SITE}, tenant: contoso.onmicrosoft.com, client_id: {DEMO_CLIENT}, "
        f"credential: {{certificate: {keys}}}, units_per_minute: 100000, endpoints: {ends}}}"
    )
