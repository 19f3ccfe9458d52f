"""How often somebody tried to sign in, and how long they wait after too many failures."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

LONGEST = 900.0
MOST = 10_000
_FORGOTTEN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Failed:
    times: int
    last: datetime


class Attempts:
    """Failures by key. After so many as are `free`, each further one doubles the wait, up to fifteen minutes.

    The right password does not help while one waits: else guessing would go on unhindered.
    """

    def __init__(self, clock: Callable[[], datetime], *, free: int) -> None:
        self._clock = clock
        self._free = free
        self._failed: OrderedDict[str, _Failed] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, keys: Iterable[str]) -> float:
        """Seconds until the next try is taken; 0 for at once."""
        now = self._clock()
        with self._lock:
            return max((self._left(self._failed.get(key), now) for key in keys), default=0.0)

    def failed(self, keys: Iterable[str]) -> None:
        now = self._clock()
        with self._lock:
            for key in keys:
                known = self._failed.pop(key, None)
                times = known.times if known is not None and now - known.last < _FORGOTTEN else 0
                self._failed[key] = _Failed(times + 1, now)
            while len(self._failed) > MOST:
                self._failed.popitem(last=False)

    def succeeded(self, keys: Iterable[str]) -> None:
        with self._lock:
            for key in keys:
                self._failed.pop(key, None)

    def excused(self, keys: Iterable[str]) -> None:
        """The last try was none, after all; earlier ones still count."""
        with self._lock:
            for key in keys:
                known = self._failed.pop(key, None)
                if known is not None and known.times > 1:
                    self._failed[key] = _Failed(known.times - 1, known.last)

    def _left(self, failed: _Failed | None, now: datetime) -> float:
        if failed is None or failed.times < self._free:
            return 0.0
        wait = min(LONGEST, 2.0 ** min(failed.times - self._free + 1, 20))
        return max(0.0, wait - (now - failed.last).total_seconds())
