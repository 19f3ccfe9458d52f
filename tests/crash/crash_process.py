"""A sync as a process of its own, which can be killed: forked from one that has everything loaded and no threads.

Apart from the tests, because the process imports it.
"""

import multiprocessing
import os
import signal
import traceback
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path

from crash_boundaries import Boundary, watch_commits
from crash_content import MOMENT

from lms_bridge.bridge import Bridge, open_bridge
from lms_bridge.config.load import load_config
from lms_bridge.sync.run import Report, Route

# Starting an interpreter and loading the libraries takes longer than a sync of this size.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "alembic.migration",
        "lms_bridge.bridge",
        "lms_bridge.moodle.destination",
        "lms_bridge.sharepoint.connection",
        "lms_bridge.sources.files.source",
        "lms_bridge.sync.apply",
        "lms_bridge.sync.route",
        "lms_bridge.sync.state",
        "msal",
        "sqlalchemy.dialects.postgresql.psycopg",
        "sqlalchemy.dialects.sqlite.pysqlite",
    ]
)


def sync(config: Path, route: str, *, at_once: int = 1) -> tuple[Report, int]:
    """The report, and how many intents are open afterwards."""
    with open_bridge(load_config(config), only_routes=[route]) as bridge:
        (report,) = _paced(bridge, at_once).sync(clock=lambda: MOMENT)
        return report, len(bridge.state.open_intents(route))


def start(config: Path, route: str, *, at_once: int = 1, last: Boundary | None = None) -> BaseProcess:
    """`last` is the commit that the process kills itself at; a request's boundary is met by whoever keeps the door."""
    process = FORKS.Process(target=_live, args=(config, route, at_once, last), daemon=True)
    process.start()
    return process


def _live(config: Path, route: str, at_once: int, last: Boundary | None) -> None:
    if last is not None:
        watch_commits(lambda boundary: boundary == last and _die())
    try:
        sync(config, route, at_once=at_once)
    except BaseException:
        config.with_name("trouble").write_text(traceback.format_exc(), encoding="utf-8")
        raise


def _die() -> bool:
    os.kill(os.getpid(), signal.SIGKILL)
    return True


def _paced(bridge: Bridge, at_once: int) -> Bridge:
    """One place after the other: the same boundaries in the same order each time."""
    return replace(bridge, routes=tuple(_with_pace(route, at_once) for route in bridge.routes))


def _with_pace(route: Route, at_once: int) -> Route:
    return replace(route, policy=replace(route.policy, places_at_once=at_once))
