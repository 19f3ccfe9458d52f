"""A run is a process: `lms-bridge sync` for one route. What it loads ends with it, and what ends it hurts nobody else.

It outlives a service that is killed, and holds the route's lease as long as it runs.
"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from typing import IO, Protocol

from lms_bridge.audit.actor import FOR, spelled
from lms_bridge.audit.line import Actor, Role
from lms_bridge.errors import Problem
from lms_bridge.logged import FIELDS

# -P: a file of the current folder, which authors may write, is never taken for a library.
_COMMAND = (sys.executable, "-P", "-c", "from lms_bridge.cli import main; main()")

_LARGEST = 10_000_000
"""Bytes: a report that is larger is not looked into."""
_TOLD = 20
"""Failures of one run."""
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
        """Runs to its end, and gives the exit code; `told` is given what it does and what goes wrong, as it comes.
        `wanted` is asked when nothing but `stop` can keep it any more: one that is not wanted by then is stopped."""
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
        with TemporaryFile() as report:
            with self._lock:
                if not wanted():
                    return STOPPED
                process = self._running[request.route] = _begun(file, request, report)
            try:
                assert process.stderr is not None
                with process.stderr:
                    for line in process.stderr:
                        told(said(line.rstrip("\n")))
                code = process.wait()
            finally:
                with self._lock:
                    del self._running[request.route]
            for each in reported(report):
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


def _begun(file: Path, request: Request, report: IO[bytes]) -> subprocess.Popen[str]:
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
        env={**os.environ, FOR: spelled(_whom(request))},
    )


def said(line: str) -> Said:
    """A line of its log is an object; anything else is what a library says, or how Python ends."""
    try:
        found = json.loads(line)
        level = logging.getLevelNamesMapping()[found["level"].upper()]
        text = " ".join([found["event"], *([found["exception"]] if "exception" in found else [])])
    except (ValueError, LookupError, TypeError, AttributeError):
        return Said(text=line)
    return Said(text=text, level=level, about={name: str(found[name]) for name in FIELDS if name in found})


def reported(report: IO[bytes]) -> Iterator[Said]:
    """What the run itself reports. Of what is about no item, a token that has ended for instance, the state knows
    nothing; nor does it of what was lost of a page on its way."""
    report.seek(0)
    try:
        found = json.loads(report.read(_LARGEST))
        failures, lost, run = found["failures"], found["fidelity"], found["run"]
    except (ValueError, LookupError):
        return
    for each in failures[:_TOLD]:
        about = {"run": run, "course": each["course"], "key": each["key"]}
        yield Said(text=str(Problem(each["cause"], each["where"], each["next_step"])), about=about)
    if len(failures) > _TOLD:
        yield Said(
            text=f"{len(failures) - _TOLD} more failures are told by `lms-bridge runs show`.", about={"run": run}
        )
    for each in lost[:_TOLD]:
        parts = ", ".join(f"{name} {each[name]:.0%}" for name in ("text", "links", "images", "tables"))
        yield Said(text=f"not all of it arrived: {parts}", about={"run": run, "key": each["key"]})


def _whom(request: Request) -> Actor:
    return Actor(Role.PERSON, request.by) if request.by else Actor(Role.SCHEDULE, request.route)


def words(file: Path, request: Request) -> Sequence[str]:
    """What stands after `lms-bridge`. `--option=value`, so that no value can pass for an option."""
    given = ["--log=json", "sync", f"--config={file}", f"--route={request.route}", "--output=json"]
    given += [f"--only={selection}" for selection in request.only]
    given += [f"--checksum={request.checksum}"] if request.checksum else []
    given += [f"--approve={request.approve}"] if request.approve else []
    return [*given, "--through-windows"] if request.override else given
