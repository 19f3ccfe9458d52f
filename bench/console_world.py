"""A service with a long past: 100,000 items and 10,000 runs in its state, both sandboxes behind it, and people who may
sign in. Sandboxes, service and the bare page are processes of their own.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import content
from bench.process import environment
from bench.worlds import ROOT, World
from lms_bridge.connector import Action, Change, PlaceRef
from lms_bridge.items import Kind
from lms_bridge.sync.state import State

PASSWORD = "a quiet green heron wades"  # noqa: S105 - of people whom this measure makes up
PEOPLE = {"vera": "viewer", "vito": "viewer", "anna": "approver", "ada": "admin"}
MOODLE, SHAREPOINT, ARCHIVE = "to-moodle", "to-sharepoint", "to-archive"
ROUTES = {MOODLE: "moodle", SHAREPOINT: "sharepoint", ARCHIVE: "paper"}
_PROGRAMME = 2_000
"""Items that go to both sandboxes; all the others go to paper, which takes whatever it is given."""
_PATIENCE = 120.0
_MADE = "made"
"""Tells that a folder holds all of it."""
_PAST = timedelta(days=80)
_BRIDGE = [sys.executable, "-c", "from lms_bridge.cli import main; main()"]
_ENDS = """\
  moodle: {{type: moodle, url: "http://127.0.0.1:{moodle}", token: "${{file:.sandbox/moodle-token}}"}}
  sharepoint:
    type: sharepoint
    site: https://127.0.0.1:{sharepoint}/sites/learning
    tenant: contoso.onmicrosoft.com
    client_id: 5a6d0c1e-6f0b-4b57-9a52-0c7d1f3b2e10
    credential:
      certificate:
        private_key: ${{file:.sandbox/app-key.pem}}
        public_certificate: ${{file:.sandbox/app-cert.pem}}
    units_per_minute: 100000
    endpoints:
      authority: https://127.0.0.1:{sharepoint}
      graph_root: https://127.0.0.1:{sharepoint}
      ca_file: .sandbox/ca.pem
"""
_SANDBOX = """\
version: 1
sources:
  programme: {{type: files, path: content}}
destinations:
{ends}routes:
  to-moodle: {{from: programme, to: moodle}}
  to-sharepoint: {{from: programme, to: sharepoint}}
"""
_CONFIG = """\
version: 1
state: state.sqlite
installation: bench
sources:
  programme: {{type: files, path: content}}
  archive: {{type: files, path: archive}}
destinations:
{ends}  paper: {{type: paper}}
routes:
  to-moodle:
    {{from: programme, to: moodle, policy: {{drift: {{page: merge}}, prune: hide}}, schedule: {{every: 2m}}}}
  to-sharepoint:
    {{from: programme, to: sharepoint, policy: {{drift: {{page: merge}}, prune: recycle}}, schedule: {{every: 3m}}}}
  to-archive:
    {{from: archive, to: paper, policy: {{refresh: daily}}, schedule: {{every: 5m}}}}
"""


@dataclass(frozen=True, slots=True)
class Home:
    """`moodle`, `port` and `bare`: where the sandbox, the service and the bare page listen on this machine."""

    folder: Path
    pid: int
    moodle: int
    port: int
    bare: int
    courses: int
    archived: int
    """Courses of the programme and of the archive."""


@contextmanager
def home(folder: Path, items: int, runs: int) -> Iterator[Home]:
    """Everything pushed once and everything up. A folder that was made before is used as it was left."""
    programme = content.of_items(min(_PROGRAMME, items // 4))
    archive = content.of_items(items - 2 * programme.items)
    moodle, port, bare = _ports(folder)
    with ExitStack() as stack:
        if not (folder / _MADE).exists():
            _make(folder, programme, archive, moodle)
        stack.enter_context(_process(folder, "sandbox", "sandbox", "--config=sandbox.yaml", f"--port={moodle}"))
        _until_answered(f"http://127.0.0.1:{moodle}/_sandbox/calls")
        if not (folder / _MADE).exists():
            World(folder, "").run("sync")
            _remember(folder / "state.sqlite", runs)
            (folder / _MADE).touch()
        stack.enter_context(_process(folder, "bare", "-m", "bench.bare_page", str(bare), bridge=False))
        service = stack.enter_context(_process(folder, "service", "serve", f"--port={port}"))
        _until_answered(f"http://127.0.0.1:{port}/readyz")
        _until_answered(f"http://127.0.0.1:{bare}/")
        yield Home(folder, service.pid, moodle, port, bare, programme.courses, archive.courses)


def _make(folder: Path, programme: content.Size, archive: content.Size, moodle: int) -> None:
    content.write(folder / "content", programme)
    content.write(folder / "archive", archive)
    ends = _ENDS.format(moodle=moodle, sharepoint=moodle + 1)
    (folder / "sandbox.yaml").write_text(_SANDBOX.format(ends=ends), encoding="utf-8")
    (folder / "connectors.yaml").write_text(_CONFIG.format(ends=ends), encoding="utf-8")
    for name, role in PEOPLE.items():
        words = [*_BRIDGE, "console", "add-user", name, f"--role={role}"]
        subprocess.run(words, cwd=folder, env=_env(), input=PASSWORD, text=True, check=True, capture_output=True)


def _remember(file: Path, runs: int) -> None:
    """So many runs of the last weeks, each with a change, as if they had been."""
    first = datetime.now(UTC) - _PAST
    routes = list(ROUTES.items())
    with State.open(file) as state:
        for number in range(runs):
            route, destination = routes[number % len(routes)]
            run, began = f"past-{number:05d}", first + number * (_PAST - timedelta(days=1)) / runs
            state.history.begin_run(run, route, destination, started=began, checksum="c" * 64)
            state.history.note(run, route, [(_change(number), "done")])
            code = 1 if number % 7 == 3 else 0
            state.history.end_run(
                run, route, ended=began + timedelta(seconds=20), exit_code=code, summary={"created": 1}
            )


def _change(number: int) -> Change:
    course = f"C-{number % 20:05d}"
    place = PlaceRef(Kind.PAGE, course, f"pages of {course}", course)
    key = f"programme:{course}/wiki/page-{number % 60:04d}"
    return Change(
        action=Action.UPDATE, key=key, kind=Kind.PAGE, place=place, course=course, title=f"Page {number % 60}",
        reason="the source changed",
    )  # fmt: skip


@contextmanager
def _process(folder: Path, name: str, *words: str, bridge: bool = True) -> Iterator["subprocess.Popen[bytes]"]:
    """What it says is in NAME.log."""
    command = [*_BRIDGE, *words] if bridge else [sys.executable, *words]
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=_env(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _env() -> dict[str, str]:
    return environment({"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "bench" / "paper")])})


def _until_answered(url: str) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise RuntimeError(f"{url} did not answer within {_PATIENCE:.0f} seconds")


def _ports(folder: Path) -> tuple[int, int, int]:
    """Of Moodle (SharePoint has the next), the service and the bare page; the same in the same folder, since what was
    pushed holds Moodle's."""
    kept = folder / "ports"
    if not kept.exists():
        kept.write_text(" ".join(map(str, _free_ports())), encoding="ascii")
    moodle, port, bare = map(int, kept.read_text(encoding="ascii").split())
    return moodle, port, bare


def _free_ports() -> tuple[int, int, int]:
    """Of those that the system gives to nobody by itself: they are used minutes later, and again."""
    for first in range(20_000, 30_000, 4):
        with ExitStack() as stack:
            try:
                for port in range(first, first + 4):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return first, first + 2, first + 3
    raise RuntimeError("no ports are free")
