"""`lms-bridge serve` as a process, with a sandbox Moodle behind it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lms_bridge.sandbox.moodle import MoodleSite, SeedCourse, demo_site, moodle_app
from lms_bridge.sandbox.server import SandboxServer
from lms_bridge.sandbox.wire_log import WireLog
from lms_bridge.sync.state import State

ROOT = Path(__file__).parent.parent.parent
_TOKEN = "sandbox-0123456789abcdef01234567"
_PATIENCE = 60.0
PAGES = 6
CONFIG = """\
version: 1
state: state.sqlite
sources:
  programme: {{type: files, path: content}}
destinations:
  moodle: {{type: moodle, url: "{url}", token: "${{file:token}}"}}
routes:
  pages: {{from: programme, to: moodle, kinds: [page], schedule: {{every: {every}}}}}
"""


@dataclass
class Home:
    """A folder with a config. `begin` serves it."""

    folder: Path
    server: SandboxServer
    site: MoodleSite
    wire: WireLog
    processes: list[subprocess.Popen[str]] = field(default_factory=list)
    port: int = 0

    @property
    def config(self) -> Path:
        return self.folder / "connectors.yaml"

    def write_config(self, every: str = "1h", extra: str = "") -> None:
        self.config.write_text(CONFIG.format(url=self.server.url, every=every) + extra, encoding="utf-8")

    def begin(self, *words: str) -> subprocess.Popen[str]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", "lms_bridge.service", f"--port={self.port}", "--tick=0.1", *words],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def get(self, path: str, host: str = "", *, at: str = "127.0.0.1") -> tuple[int, str]:
        request = urllib.request.Request(f"http://{at}:{self.port}{path}", headers={"Host": host} if host else {})
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: S310 - our own address
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def ready(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.get("/readyz")[1])
        return told

    def until(self, holds: Callable[[], bool]) -> None:
        """Looks until it holds. What is asked about is another process, and nothing tells when it is as far."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            try:
                if holds():
                    return
            except (urllib.error.URLError, ConnectionError):
                pass
            time.sleep(0.02)
        raise AssertionError("it never came to that")

    def runs(self) -> list[tuple[int | None, bool]]:
        """Exit code and whether it ended, from the oldest on."""
        if not (self.folder / "state.sqlite").exists():
            return []
        with State.open(self.folder / "state.sqlite") as state:
            return [(run.exit_code, run.ended is not None) for run in reversed(state.history.last_runs("pages", 99))]

    def is_leased(self) -> bool:
        with State.open(self.folder / "state.sqlite") as state:
            return state.is_leased("pages")


@contextmanager
def home(folder: Path) -> Iterator[Home]:
    for number in range(PAGES):
        page = folder / "content" / "BIO" / "wiki" / f"p{number}.md"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(f"# Page {number}\n\nWords.\n", encoding="utf-8")
    (folder / "content" / "BIO" / "course.yaml").write_text("title: Biology\n", encoding="utf-8")
    (folder / "token").write_text(_TOKEN, encoding="utf-8")
    site = demo_site([SeedCourse("BIO", shortname="BIO", fullname="Biology")], token=_TOKEN)
    wire = WireLog()
    with SandboxServer(moodle_app(site), log=wire) as server:
        site.settings.wwwroot = server.url
        made = Home(folder, server, site, wire)
        made.write_config()
        try:
            yield made
        finally:
            for process in made.processes:
                if process.poll() is None:
                    process.send_signal(signal.SIGKILL)
                assert process.stderr is not None
                process.stderr.close()
                process.wait()
