"""What all in this process who talk to one server may spend, and who was asked for peace: one for a server, or for a
tenant and an app.

It is `connector.SharedBudget` in memory; where several processes share the work, a row of the state stands in for it.
"""

import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from weakref import WeakValueDictionary

from lms_bridge.connector import Left


@dataclass(slots=True)
class _Bucket:
    level: float
    filled: float
    per_second: float = 0.0
    burst: float = 0.0

    def level_at(self, now: float) -> float:
        return min(self.burst, self.level + (now - self.filled) * self.per_second)


class Purse:
    """Safe for many threads."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, _Bucket] = {}
        self._closed: dict[str, float] = {}

    def closed(self, name: str) -> float:
        with self._lock:
            return max(0.0, self._closed.get(name, 0.0) - self._clock())

    def close(self, name: str, seconds: float) -> None:
        with self._lock:
            self._closed[name] = max(self._closed.get(name, 0.0), self._clock() + seconds)

    def draw(self, name: str, amount: float, *, per_second: float, burst: float) -> float:
        with self._lock:
            now = self._clock()
            bucket = self._buckets.setdefault(name, _Bucket(burst, now))
            bucket.per_second, bucket.burst = per_second, burst
            bucket.level, bucket.filled = bucket.level_at(now), now
            missing = min(amount, burst) - bucket.level
            if missing > 1e-6:
                return missing / per_second
            bucket.level -= amount
            return 0.0

    def left(self) -> Mapping[str, Left]:
        with self._lock:
            now = self._clock()
            return {name: Left(each.level_at(now), each.per_second, each.burst) for name, each in self._buckets.items()}


_KNOWN: "WeakValueDictionary[Hashable, Purse]" = WeakValueDictionary()
_LOCK = threading.Lock()


def purse_of(tenant: Hashable, clock: Callable[[], float]) -> Purse:
    """The same one for everybody who means the same tenant by the same clock, as long as anybody holds it."""
    with _LOCK:
        return _KNOWN.setdefault((tenant, clock), Purse(clock))
