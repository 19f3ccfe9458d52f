"""The stores that the state tests run against: a SQLite file, and a PostgreSQL of our own where its programs are."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


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
def postgresql_server() -> Iterator[str]:
    # Not below pytest's own folder: that is closed to the user that PostgreSQL runs as.
    with tempfile.TemporaryDirectory() as folder, postgresql(Path(folder)) as address:
        yield address
