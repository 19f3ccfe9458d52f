"""A run is a process: `lms-bridge sync` for one route. What it loads ends with it, and what ends it hurts nobody else.

It outlives a service that is killed, and holds the route's lease as long as it runs.
"""

import json
import logging
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from typing import IO, Protocol

from lms_bridge.audit.actor import FOR, spelled
from lms_bridge.audit.line import Actor, Role
from lms_bridge.errors import Problem, Trouble
from lms_bridge.logged import FIELDS
from lms_bridge.troubles import counted, next_step, reason
from lms_bridge.unquoted import MARK

# -P: a file of the current folder, which authors may write, is never taken for a library.
_COMMAND = (sys.executable, "-P", "-c", "from lms_bridge.cli import main; main()")

_LARGEST = 10_000_000
"""Bytes: a report that is larger is not looked into."""
_TOLD = 20
"""Pages of which something was lost, one by one in the log."""
STOPPED = 10
"""The exit code of a run that a signal ended in good order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A run that is wanted: by whom, and what `lms-bridge sync` is told. `by` is empty for the timetable."""

    route: str
    by: str = ""
    only: tuple[str, ...] = ()
    checksum: str | None = None
    approve: str | None = None
    override: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A line of what a run tells. `about`: its run, route, course and item, as far as they are known."""

    text: str
    level: int = logging.WARNING
    about: Mapping[str, str] = field(default_factory=dict)


class Runner(Protocol):
    def run(
        self, file: Path, request: Request, told: Callable[[Said], None], wanted: Callable[[], bool] = lambda: True
    ) -> int:
        """Runs to its end, and gives the exit code; `told` is given what it does, and what may be kept of what goes
        wrong, as it comes. `wanted` is asked when nothing but `stop` can keep it any more: one that is not wanted by
        then is stopped."""
        ...

    def stop(self, route: str) -> bool:
        """Ask it to end in good order; false where none runs. Returns at once."""
        ...

    def input(self, file: Path, route: str) -> str | None:
        """What a run of the route would go by, in one line; None where that cannot be told."""
        ...


class Processes:
    """The `Runner` of the service."""

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._lock = Lock()

    def run(
        self, file: Path, request: Request, told: Callable[[Said], None], wanted: Callable[[], bool] = lambda: True
    ) -> int:
        # Nothing that the run reads can know it, so that nothing it quotes passes for a line of its log.
        mark = f"{secrets.token_hex(8)} "
        with TemporaryFile() as report:
            with self._lock:
                if not wanted():
                    return STOPPED
                process = self._running[request.route] = _begun(file, request, report, mark)
            try:
                assert process.stderr is not None
                with process.stderr:
                    for line in said(process.stderr, mark):
                        told(line)
                code = process.wait()
            finally:
                with self._lock:
                    del self._running[request.route]
            for each in reported(report, request.route, failed=code not in (0, STOPPED)):
                told(each)
            return code

    def stop(self, route: str) -> bool:
        with self._lock:
            process = self._running.get(route)
            if process is None:
                return False
            process.terminate()
            return True

    def input(self, file: Path, route: str) -> str | None:
        from lms_bridge.service.reading import Reading

        return Reading(file, input_of=route).input()


def _begun(file: Path, request: Request, report: IO[bytes], mark: str) -> subprocess.Popen[str]:
    # A session of its own: Ctrl-C in a terminal asks the service, and the service asks it, once.
    return subprocess.Popen(  # noqa: S603 - our own command, each word a word of its own
        [*_COMMAND, *words(file, request)],
        stdin=subprocess.DEVNULL,
        stdout=report,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
        env={**os.environ, FOR: spelled(_whom(request)), MARK: mark},
    )


def said(lines: Iterable[str], mark: str) -> Iterator[Said]:
    """Of what a run writes to standard error its log, which quotes nothing; and everything before that begins, since
    nothing was read by then: why it could not begin, for instance."""
    begun = False
    for line in lines:
        marked = line.startswith(mark)
        text = line.removeprefix(mark).strip()
        if text and (marked or not begun):
            yield _record(text) if marked else Said(text=text)
        begun = begun or marked


def _record(text: str) -> Said:
    try:
        found = json.loads(text)
        level = logging.getLevelNamesMapping()[found["level"].upper()]
        return Said(
            text=found["event"], level=level, about={name: str(found[name]) for name in FIELDS if name in found}
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        return Said(text=text)


def reported(report: IO[bytes], route: str, *, failed: bool) -> Iterator[Said]:
    """What the run itself reports, by kind and number: of what is about no item, a token that has ended for instance,
    the state knows nothing; nor does it of what was lost of a page on its way. Causes may quote what does not belong
    into a log."""
    report.seek(0)
    try:
        found = json.loads(report.read(_LARGEST))
        run, lost = str(found.get("run", "")), found.get("fidelity", [])
        rows = found.get("failures", found.get("problems", []))
        problems = [Problem("", trouble=Trouble(each["trouble"])) for each in rows]
    except (ValueError, KeyError, TypeError, AttributeError):
        if failed:
            yield Said(text=f"it left no report: `lms-bridge sync --route {route}` by hand shows why")
        return
    if problems:
        counts = counted(problems)
        yield Said(text=f"{reason(counts)}. {next_step(counts, route)}", about={"run": run})
    for each in lost[:_TOLD]:
        parts = ", ".join(f"{name} {each[name]:.0%}" for name in ("text", "links", "images", "tables"))
        yield Said(text=f"not all of it arrived: {parts}", about={"run": run, "key": each["key"]})


def _whom(request: Request) -> Actor:
    return Actor(Role.PERSON, request.by) if request.by else Actor(Role.SCHEDULE, request.route)


def words(file: Path, request: Request) -> Sequence[str]:
    """What stands after `lms-bridge`. `--option=value`, so that no value can pass for an option."""
    given = ["sync", f"--config={file}", f"--route={request.route}", "--output=json"]
    given += [f"--only={selection}" for selection in request.only]
    given += [f"--checksum={request.checksum}"] if request.checksum else []
    given += [f"--approve={request.approve}"] if request.approve else []
    return [*given, "--through-windows"] if request.override else given
