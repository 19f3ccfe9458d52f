"""What a destination bears, shared by every process that works on one state: see `connector.SharedBudget`."""

import logging
import time
from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING

from lms_bridge.connector import Left
from lms_bridge.errors import StateError

if TYPE_CHECKING:
    # The database library takes a third of a second to load, and types need none.
    from lms_bridge.sync.state import State

log = logging.getLogger(__name__)

_FRESH = 0.25
_WITHOUT_WORD = 1.0


class StateBudget:
    """Rows of the state, on the database's clock. While the state cannot be asked, nobody goes to the destination: what
    is written there could not be recorded either."""

    def __init__(self, state: "State", destination: str) -> None:
        self._state = state
        self._destination = destination
        self._lock = Lock()
        self._closed: dict[str, float] = {}
        self._drawn: dict[str, tuple[float, float]] = {}
        self._asked = float("-inf")

    def closed(self, name: str) -> float:
        with self._lock:
            now = time.monotonic()
            if now - self._asked > _FRESH:
                try:
                    told = self._state.sharing.closed(self._destination)
                except StateError:
                    return _WITHOUT_WORD
                self._closed = {part: now + seconds for part, seconds in told.items()}
                self._asked = now
            return max(0.0, self._closed.get(name, now) - now)

    def close(self, name: str, seconds: float) -> None:
        try:
            self._state.sharing.close_for(self._destination, name, seconds)
        except StateError:
            log.warning("other workers could not be told to leave %s alone", name)

    def draw(self, name: str, amount: float, *, per_second: float, burst: float) -> float:
        self._drawn[name] = per_second, burst
        try:
            return self._state.sharing.draw(self._destination, name, amount, per_second=per_second, burst=burst)
        except StateError:
            return _WITHOUT_WORD

    def left(self) -> Mapping[str, Left]:
        try:
            levels = self._state.sharing.levels(self._destination)
        except StateError:
            return {}
        left = {}
        for name, (per_second, burst) in tuple(self._drawn.items()):
            level, since = levels.get(name, (burst, 0.0))
            left[name] = Left(min(burst, level + since * per_second), per_second, burst)
        return left
