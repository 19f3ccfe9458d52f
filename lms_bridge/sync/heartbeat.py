"""A run's sign of life in the state, so that `status` can tell what it is doing and since when."""

import os
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from lms_bridge.sync.intent import Doing
from lms_bridge.sync.run import Progress

if TYPE_CHECKING:
    # The database library takes a third of a second to load, and types need none.
    from lms_bridge.sync.state import State

_EVERY = timedelta(seconds=2)


@contextmanager
def heartbeat(
    state: "State",
    routes: Sequence[str],
    run: str,
    clock: Callable[[], datetime],
    progress: Progress,
    *,
    beaten: Callable[[datetime], None] = lambda now: None,
) -> Iterator[Callable[[str], Progress]]:
    """Gives, by route, a progress that is told to the state as well: at each new stage, and every two seconds.
    `beaten` is called after each, with its moment."""
    process = f"{os.getpid()} on {platform.node()}"
    told: dict[str, Doing] = {}
    turn = Lock()

    def of(route: str) -> Progress:
        def beat(stage: str, done: int, total: int) -> None:
            progress(stage, done, total)
            now = clock()
            with turn:
                last = told.get(route)
                new = last is None or last.stage != stage
                if last is not None and not new and timedelta() <= now - last.beat < _EVERY:
                    return
                since = now if last is None or new else last.since
                told[route] = Doing(
                    route=route, run=run, process=process, stage=stage, done=done, total=total, since=since, beat=now
                )
                state.history.beat(told[route])
                beaten(now)

        return beat

    try:
        yield of
    finally:
        for route in routes:
            state.history.stop_beating(route)
