"""What the service takes while nothing is to be done, and how soon after its start it answers."""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.figure import Asked, Figure, skipped
from bench.process import environment
from bench.worlds import ROOT, World, on_moodle

_SECONDS = 60
_SETTLED = 20
"""Seconds after the start in which what was missed is run, and what was loaded settles."""
_SCRAPE = 15
_PATIENCE = 30.0
_ROUTES = """\
routes:
  pages: {from: programme, to: there, kinds: [page], schedule: {every: 15m}}
  prompts: {from: programme, to: there, kinds: [prompt], schedule: {cron: "*/20 * * * *", timezone: Europe/Berlin}}
  ratings: {from: programme, to: there, kinds: [rating, review], schedule: {every: 1h, jitter: 5m}}
"""


@dataclass(frozen=True, slots=True)
class _Started:
    pid: int
    url: str
    alive: float
    ready: float


def figures(asked: Asked) -> Iterator[Figure]:
    if not Path("/proc/self/status").exists():
        yield skipped("an idle service", "its memory is read from /proc, which Linux alone has")
        return
    with (
        tempfile.TemporaryDirectory(prefix="idle-") as folder,
        on_moodle(Path(folder) / "m", asked.size(1000)) as world,
    ):
        config = world.folder / "connectors.yaml"
        config.write_text(config.read_text(encoding="utf-8").split("routes:")[0] + _ROUTES, encoding="utf-8")
        world.run("sync")
        started = []
        for _ in range(asked.runs):
            with _service(world) as each:
                started.append(each)
        yield from _starts(started)
        with _service(world) as service:
            _scraped(service, _SETTLED)
            before, begun = _cpu(service.pid), time.monotonic()
            _scraped(service, asked.size(_SECONDS))
            share = 100 * (_cpu(service.pid) - before) / (time.monotonic() - begun)
            yield Figure("memory of an idle service of three routes", _resident(service.pid) / 1e6, "MB", goal="<= 60")
            yield Figure(f"its work, scraped every {_SCRAPE} s", share, "% of a core", goal="<= 1")


def _starts(started: list[_Started]) -> Iterator[Figure]:
    for name, seconds in (("healthz", [each.alive for each in started]), ("readyz", [each.ready for each in started])):
        yield Figure(f"from start to the first 200 of /{name}", statistics.median(seconds), "s", goal="<= 1")


@contextmanager
def _service(world: World) -> Iterator[_Started]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from lms_bridge.cli import main; main()", "serve", f"--port={port}"]
    begun, url = time.monotonic(), f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        command, cwd=world.folder, env=environment({"PYTHONPATH": str(ROOT)}), stderr=subprocess.DEVNULL
    ) as process:
        try:
            alive = _answered(f"{url}/healthz", begun)
            yield _Started(process.pid, url, alive, _answered(f"{url}/readyz", begun))
        finally:
            process.terminate()


def _answered(url: str, begun: float) -> float:
    while time.monotonic() - begun < _PATIENCE:
        try:
            with urllib.request.urlopen(url):  # noqa: S310 - our own address
                return time.monotonic() - begun
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.005)
    raise RuntimeError(f"{url} did not answer within {_PATIENCE:.0f} seconds")


def _scraped(service: _Started, seconds: int) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        with urllib.request.urlopen(f"{service.url}/metrics") as answer:  # noqa: S310 - our own address
            answer.read()
        time.sleep(min(left, _SCRAPE))


def _cpu(pid: int) -> float:
    """Seconds of a core, without its children's: proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
