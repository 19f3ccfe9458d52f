"""The sandbox's own time: it runs with the machine's until somebody sets it, then it stands still and obeys.

Two readings: `now` is the date, `elapsed` is what locks and caches age by. Setting the date ages nothing.
"""

import time


class Clock:
    """Whole seconds since 1970, as both systems keep them."""

    def __init__(self, frozen_at: float | None = None) -> None:
        self._frozen_at = frozen_at
        self._ahead = 0.0

    def now(self) -> int:
        return int(self.precise())

    def precise(self) -> float:
        if self._frozen_at is not None:
            return self._frozen_at + self._ahead
        return time.time() + self._ahead

    def elapsed(self) -> float:
        """Seconds since some beginning, the same after a restart; moved by `advance` and by a running clock, never
        by `set`."""
        return self._ahead if self._frozen_at is not None else time.time() + self._ahead

    def set(self, now: float) -> None:
        """Stops the clock at the date `now`."""
        self._frozen_at = now - self._ahead

    def advance(self, seconds: float) -> None:
        """Lets time pass; a running clock keeps running."""
        self._ahead += seconds
