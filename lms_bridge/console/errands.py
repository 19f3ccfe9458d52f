"""Work that takes longer than a page may: plans, previews, checks, answers to reviews. Each in a thread, watched.

Held in memory only, and only so much of it: what they find is for the person who looks, and is made anew at any time.
"""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from typing import Any

from lms_bridge.errors import BridgeError, ConfigError, Problem, UsageError

MOST = 24
"""Errands that are remembered; the oldest finished ones make way."""
MOST_EACH = 8
"""Of one person: nobody's looks push everybody else's out."""
MOST_BYTES = 30_000_000
"""Of what the finished ones found; the newest is kept whatever it holds."""
_EACH = 50
"""Bytes that each thing takes beside its text."""
AT_ONCE = 2
WAITING = 8

Progress = Callable[[str, int, int], None]


def _nothing() -> None:
    """For work that ends by itself."""


@dataclass(slots=True)
class Errand:
    """`what` it is and `about` what; `result` when it ended well, `problems` when it did not."""

    id: str
    what: str
    about: str
    by: str
    began: datetime
    end: Callable[[], None] = field(default=_nothing, repr=False)
    ended: datetime | None = None
    stage: str = ""
    done: int = 0
    total: int = 0
    result: Any = field(default=None, repr=False)
    problems: tuple[Problem, ...] = ()
    weight: int = 0
    """About so many bytes of `result`."""


class Failed(Exception):
    """Work that did not end well, with why."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(*problems)
        self.problems = problems


class Errands:
    """Closed with `close`. What a person asks for twice while it runs is one errand."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._held: OrderedDict[str, Errand] = OrderedDict()
        self._futures: dict[str, Future[None]] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="console")

    def start(
        self, what: str, about: str, work: Callable[[Progress], Any], *, by: str, end: Callable[[], None] = _nothing
    ) -> Errand:
        """`end` has it end at once, when the console closes; work that writes is waited for. Raises UsageError when too
        many wait already."""
        with self._lock:
            open_ = [each for each in self._held.values() if each.ended is None]
            same = next((each for each in open_ if (each.what, each.about, each.by) == (what, about, by)), None)
            if same is not None:
                return same
            if len(open_) >= AT_ONCE + WAITING:
                raise UsageError("too much is being looked at just now.", next_step="Try again in a minute.")
            self._make_room(by)
            errand = Errand(secrets.token_urlsafe(12), what, about, by, self._clock(), end)
            self._held[errand.id] = errand
            self._futures[errand.id] = self._pool.submit(self._run, errand, work)
        return errand

    def wait(self, id_: str) -> None:
        """Until it ended."""
        self._futures[id_].result()

    def find(self, id_: str) -> Errand | None:
        with self._lock:
            return self._held.get(id_)

    def last(self, what: str, about: str) -> Errand | None:
        """The newest one about this that ended well."""
        with self._lock:
            held = reversed(self._held.values())
            return next((e for e in held if (e.what, e.about) == (what, about) and e.result is not None), None)

    def close(self) -> None:
        with self._lock:
            open_ = [errand for errand in self._held.values() if errand.ended is None]
        for errand in open_:
            errand.end()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _make_room(self, by: str) -> None:
        """For one more of somebody."""
        ended = [errand for errand in self._held.values() if errand.ended is not None]
        mine = [errand for errand in ended if errand.by == by]
        out = mine[: max(0, len(mine) - MOST_EACH + 1)]
        rest = [errand for errand in ended if errand not in out]
        for errand in [*out, *rest[: max(0, len(self._held) - len(out) - MOST + 1)]]:
            self._forget(errand)

    def _lighten(self) -> None:
        """The oldest make way until the rest weighs no more than it may."""
        ended = [errand for errand in self._held.values() if errand.ended is not None]
        weight = sum(errand.weight for errand in ended)
        for errand in ended[:-1]:
            if weight <= MOST_BYTES:
                return
            weight -= errand.weight
            self._forget(errand)

    def _forget(self, errand: Errand) -> None:
        del self._held[errand.id], self._futures[errand.id]

    def _run(self, errand: Errand, work: Callable[[Progress], Any]) -> None:
        def progress(stage: str, done: int, total: int) -> None:
            errand.stage, errand.done, errand.total = stage, done, total

        try:
            errand.result = work(progress)
            errand.weight = weight_of(errand.result)
        except Exception as error:
            errand.problems = problems_of(error)
        with self._lock:
            errand.ended = self._clock()
            self._held.move_to_end(errand.id)
            self._lighten()


def problems_of(error: Exception) -> tuple[Problem, ...]:
    """What a person is told of it."""
    match error:
        case Failed() | ConfigError():
            return error.problems
        case BridgeError():
            return (error.problem,)
    return (unexpected(error),)


def weight_of(found: object) -> int:
    """About how many bytes it takes."""
    parts: Iterable[object] = ()
    if isinstance(found, str | bytes):
        return _EACH + len(found)
    if is_dataclass(found) and not isinstance(found, type):
        parts = (getattr(found, each.name) for each in fields(found))
    elif isinstance(found, Mapping):
        parts = (*found, *found.values())
    elif isinstance(found, Sequence):
        parts = found
    return _EACH + sum(map(weight_of, parts))


def unexpected(error: Exception) -> Problem:
    """Without the error's own words: they may quote what nobody should read."""
    import logging

    logging.getLogger(__name__).error("an unexpected %s stopped an errand of the console", type(error).__name__)
    logging.getLogger(__name__).debug("it was", exc_info=error)
    return Problem(
        f"an unexpected {type(error).__name__} stopped it.", "", "What was done is kept. Look into the service's log."
    )
