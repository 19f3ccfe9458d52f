"""What several rooms' tests stand on: a PostgreSQL of our own and one browser, each where the machine has its programs.

One browser for all: a process cannot hold two.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# A busy machine is no fault of a text: tests never fail for seconds.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def postgresql_programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).parent if initdb else None


def _as_somebody_else(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root: it runs as its own user, or as nobody."""
    if os.geteuid() != 0:
        return []
    import pwd

    names = {entry.pw_name for entry in pwd.getpwall()}
    user = "postgres" if "postgres" in names else "nobody"
    entry = pwd.getpwnam(user)
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    return ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups"]


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """The address of a fresh server that lives as long as the block. Skips the test where there are no programs."""
    programs = postgresql_programs()
    if programs is None or (os.geteuid() == 0 and shutil.which("setpriv") is None):
        pytest.skip("PostgreSQL's programs (initdb, pg_ctl) are not installed: the state was tested on SQLite only.")
    prefix = _as_somebody_else(folder)
    data = folder / "data"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    make = [str(programs / "initdb"), "-D", str(data), "-U", "bridge", "-A", "trust", "--no-sync", "-E", "UTF8"]
    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c fsync=off"
    pg_ctl = [*prefix, str(programs / "pg_ctl"), "-D", str(data), "-w"]
    env = {**os.environ, "LC_ALL": "C.UTF-8"}
    subprocess.run([*prefix, *make], check=True, capture_output=True, cwd=folder, env=env)
    start = [*pg_ctl, "-l", str(folder / "log"), "-o", options, "start"]
    subprocess.run(start, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, env=env)
    try:
        yield f"postgresql://bridge@127.0.0.1:{port}/postgres"
    finally:
        stop = [*pg_ctl, "-m", "immediate", "stop"]
        subprocess.run(stop, check=True, capture_output=True, cwd=folder, env=env)


@pytest.fixture(scope="module")
def touched_long_ago() -> Iterator[None]:
    """Whatever lies in a content folder was touched long ago."""
    from lms_bridge.sources.files import glance

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(glance, "_GRAIN_NS", -60_000_000_000)
        yield


@pytest.fixture(scope="module")
def postgresql_server() -> Iterator[str]:
    # Not below pytest's own folder: that is closed to the user that PostgreSQL runs as.
    with tempfile.TemporaryDirectory() as folder, postgresql(Path(folder)) as address:
        yield address


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty state is: a file whose folder is not there yet, and a database."""
    if request.param == "sqlite":
        return str(tmp_path / "state" / "bridge.sqlite")
    import sqlalchemy as sa

    address: str = request.getfixturevalue("postgresql_server")
    engine = sa.create_engine(address.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
    return address


def restart_postgresql(folder: Path) -> None:
    """As after a crash of the server that lives in the folder: every connection breaks, and it comes back."""
    programs = postgresql_programs()
    assert programs is not None
    command = [*_as_somebody_else(folder), str(programs / "pg_ctl"), "-D", str(folder / "data"), "-w"]
    command += ["-m", "immediate", "-l", str(folder / "log"), "restart"]
    env = {**os.environ, "LC_ALL": "C.UTF-8"}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, env=env)


@pytest.fixture
def postgresql_to_crash() -> Iterator[tuple[str, Callable[[], None]]]:
    """A server's address, and what makes it crash and come back."""
    with tempfile.TemporaryDirectory() as folder, postgresql(Path(folder)) as address:
        yield address, lambda: restart_postgresql(Path(folder))


@pytest.fixture(scope="session")
def browser():
    program = next((found for name in NAMES if (found := shutil.which(name))), "")
    if not program:
        pytest.skip("no Chromium on this machine: install Debian's chromium to look at the sandboxes' pages")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield chromium
        chromium.close()
