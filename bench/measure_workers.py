"""Workers that share a run: how much faster many are than one, at a Moodle that takes its time for each request.

With latency, so that waiting, which many can do at once, is what takes long, as at a real site; and two cores suffice.
A second is what a full request takes at a real one that four connections keep busy (200 writes a second, 50 in each).
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from bench.figure import Asked, Figure, skipped
from lms_bridge.sandbox.moodle import SeedCourse, demo_site, moodle_app
from lms_bridge.sandbox.server import SandboxServer
from lms_bridge.sync.state import State

_PLACES = 2000
_LATENCY = 1.0
_TOKEN = "0123456789abcdef0123456789abcdef"  # noqa: S105 - the sandbox's own
_COMMAND = [sys.executable, "-c", "from lms_bridge.cli import main; main()"]
_CONFIG = """
version: 1
state: "{state}"
sources:
  programme: {{type: files, path: content, timezone: Europe/Berlin}}
destinations:
  moodle: {{type: moodle, url: "{moodle}", token: "${{file:token}}"}}
routes:
  moodle: {{from: programme, to: moodle, kinds: [page]}}
"""
_NAMES = {2: "2 workers", 4: "4 workers"}
_GOALS = {2: ">= 1.7", 4: ">= 3.2"}


def figures(asked: Asked) -> list[Figure]:
    try:
        import pgqueuer  # noqa: F401 - whether it is there is what is asked
    except ImportError:
        return [skipped("4 workers", "needs the extra `scale`: pip install -e '.[scale]'")]
    with ExitStack() as stack:
        server = stack.enter_context(_server())
        if server is None:
            return [
                skipped("4 workers", "needs PostgreSQL: its programs, or LMS_BRIDGE_BENCH_POSTGRESQL=postgresql://…")
            ]
        places = asked.size(_PLACES)
        seconds = {count: asked.median(lambda count=count: _run(server, count, places)) for count in (1, 2, 4)}  # type: ignore[misc]
    told = f"1 worker, {seconds[1]:.0f} s for {places} places at {_LATENCY * 1000:.0f} ms a request"
    return [
        Figure(name, seconds[count], "s", told, seconds[1] / seconds[count], _GOALS[count])
        for count, name in _NAMES.items()
    ]


def _run(server: str, workers: int, places: int) -> float:
    """Seconds of a first sync from its beginning to its report, by the database's clock."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        state = stack.enter_context(_database(server))
        seeds = tuple(SeedCourse(f"C{n}", fullname=f"Course {n}") for n in range(places))
        site = demo_site(seeds, token=_TOKEN)
        moodle = stack.enter_context(SandboxServer(_slow(moodle_app(site))))
        site.settings.wwwroot = moodle.url
        _write(folder, places)
        (folder / "token").write_text(_TOKEN, encoding="utf-8")
        (folder / "connectors.yaml").write_text(_CONFIG.format(state=state, moodle=moodle.url), encoding="utf-8")
        State.open(state).close()
        processes = [stack.enter_context(_process(folder, n)) for n in range(workers)]
        for n in range(workers):
            _wait_for("Working for", folder / f"worker{n}.log", processes[n])
        subprocess.run([*_COMMAND, "sync", "--shared"], cwd=folder, check=True, capture_output=True)
        with State.open(state) as opened:
            (run,) = opened.history.last_runs("moodle")
            shared = opened.sharing.shared_run(run.run, "moodle")
            assert shared is not None
            assert shared.ended is not None
            assert len(site.wiki_pages) == 2 * places
            return (shared.ended - shared.opened).total_seconds()


def _write(folder: Path, places: int) -> None:
    for n in range(places):
        wiki = folder / "content" / f"C{n}" / "wiki"
        wiki.mkdir(parents=True)
        (wiki.parent / "course.yaml").write_text(f"title: Course {n}\n", encoding="utf-8")
        (wiki / "page.md").write_text(f"# Page of {n}\n\nSome words.\n", encoding="utf-8")


def _slow(app: ASGIApp) -> ASGIApp:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await asyncio.sleep(_LATENCY)
        await app(scope, receive, send)

    return slow


@contextmanager
def _process(folder: Path, number: int) -> Iterator["subprocess.Popen[bytes]"]:
    with (folder / f"worker{number}.log").open("wb") as log:
        process = subprocess.Popen([*_COMMAND, "worker"], cwd=folder, stderr=log, stdout=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _wait_for(words: str, log: Path, process: "subprocess.Popen[bytes]") -> None:
    while words not in log.read_text(encoding="utf-8"):
        assert process.poll() is None, log.read_text(encoding="utf-8")
        time.sleep(0.1)


@contextmanager
def _database(server: str) -> Iterator[str]:
    """A fresh one on the server."""
    import psycopg

    name = f"lms_bridge_bench_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
        yield f"{server.rpartition('/')[0]}/{name}"
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def _server() -> Iterator[str | None]:
    """The one that the environment names, or Debian's own on a free port of this machine."""
    named = os.environ.get("LMS_BRIDGE_BENCH_POSTGRESQL")
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if named or not programs or (os.geteuid() == 0 and shutil.which("setpriv") is None):
        yield named
        return
    from tests.conftest import postgresql

    with tempfile.TemporaryDirectory() as folder, postgresql(Path(folder)) as address:
        yield address
