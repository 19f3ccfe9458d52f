"""A sync as a process of its own, which can be killed: forked from one that is warm and has no threads.

Apart from the tests, because the processes import it. Starting an interpreter and loading the libraries for each takes
longer than a sync of this size.
"""

import multiprocessing
import os
import signal
import traceback
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

from crash_boundaries import Boundary, watch_commits
from crash_content import MOMENT

from lms_bridge.bridge import Bridge, open_bridge
from lms_bridge.config.load import load_config
from lms_bridge.sync.run import Report, Route
from lms_bridge.sync.undo import plan_undo, undo

LONG = 60.0


@dataclass(frozen=True, slots=True)
class Job:
    """`last` is the commit that the process kills itself at; a request's boundary is met by whoever keeps the door."""

    config: Path
    route: str
    at_once: int = 1
    last: Boundary | None = None


class Nursery:
    """A process that forks others, one at a time."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._line, far_end = context.Pipe()
        self._process = context.Process(target=_nurse, args=(far_end,), daemon=True)
        self._process.start()
        far_end.close()

    def warm_up(self, job: Job) -> None:
        """Does the job itself, so that whatever is loaded and built once is there for all of its children."""
        self._line.send((job, True))
        self._line.recv()

    def start(self, job: Job) -> int:
        """The number of a new process that does the job."""
        self._line.send((job, False))
        number: int = self._line.recv()
        return number

    def wait(self) -> int:
        """For the end of the process: its exit code, below zero when it was killed."""
        assert self._line.poll(LONG), "the process does not end"
        code: int = self._line.recv()
        return code

    def close(self) -> None:
        self._line.close()
        self._process.join(LONG)


def sync(job: Job) -> tuple[Report, int]:
    """The report, and how many intents are open afterwards."""
    with open_bridge(load_config(job.config), only_routes=[job.route]) as bridge:
        (report,) = _paced(bridge, job.at_once).sync(clock=lambda: MOMENT)
        return report, len(bridge.state.open_intents(job.route))


def undo_killed(job: Job) -> Report:
    """Takes back the one run of the route that did not come to its end."""
    with open_bridge(load_config(job.config), only_routes=[job.route]) as bridge, bridge.state.lease(job.route):
        (killed,) = (run.run for run in bridge.state.history.last_runs(job.route, 9) if run.ended is None)
        (route,) = bridge.routes
        return undo(route, bridge.state, plan_undo(route, bridge.state, killed, now=MOMENT), now=MOMENT)


def _nurse(line: Connection) -> None:
    while True:
        try:
            job, itself = line.recv()
        except EOFError:
            return
        if itself:
            sync(job)
            line.send(0)
            continue
        number = os.fork()
        if number == 0:
            _live(job)
        line.send(number)
        line.send(os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]))


def _live(job: Job) -> None:
    if job.last is not None:
        watch_commits(lambda boundary: boundary == job.last and _die())
    try:
        sync(job)
    except BaseException:
        job.config.with_name("trouble").write_text(traceback.format_exc(), encoding="utf-8")
    # Not as a Python process ends: what it inherited is its parent's to clean up.
    os._exit(0)


def _die() -> bool:
    os.kill(os.getpid(), signal.SIGKILL)
    return True


def _paced(bridge: Bridge, at_once: int) -> Bridge:
    """One place after the other: the same boundaries in the same order each time."""
    return replace(bridge, routes=tuple(_with_pace(route, at_once) for route in bridge.routes))


def _with_pace(route: Route, at_once: int) -> Route:
    return replace(route, policy=replace(route.policy, places_at_once=at_once))
