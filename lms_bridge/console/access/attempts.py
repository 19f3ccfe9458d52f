"""How often somebody tried to sign in, how long they wait after too many failures, and who need not."""

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
    """Failures by key. After so many as are `free`, each further one doubles the wait, up to `longest` seconds.

    The right password does not help while one waits: else guessing would go on unhindered.
    """

    def __init__(self, clock: Callable[[], datetime], *, free: int, longest: float = LONGEST) -> None:
        self._clock = clock
        self._longest = longest
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
        wait = min(self._longest, 2.0 ** min(failed.times - self._free + 1, 20))
        return max(0.0, wait - (now - failed.last).total_seconds())


class Familiar:
    """Where people signed in, so that whoever guesses at a name from elsewhere does not keep its owner out. The latest
    ten thousand, and none after a restart."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, key: str) -> None:
        with self._lock:
            self._known[key] = None
            self._known.move_to_end(key)
            if len(self._known) > MOST:
                self._known.popitem(last=False)

    def __contains__(self, key: str) -> bool:
        with self._lock:
            return key in self._known
