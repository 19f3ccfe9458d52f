"""SharePoint's resource units: a token bucket that all threads draw from, and the pauses that the service asks for.

https://learn.microsoft.com/sharepoint/dev/general-development/how-to-avoid-getting-throttled-or-blocked-in-sharepoint-online
"""

import threading
import time
from collections.abc import Callable, Mapping

from lms_bridge.errors import Unreachable
from lms_bridge.transport import Answer, Request, retry_after

SHARE = 0.7
THROTTLED = frozenset({429, 503})
MAX_PAUSE = 600.0
NEARLY_SPENT = 0.1


class Budget:
    """70 % of the configured units flow in each minute and the other 30 % may be spent at once.

    So no minute takes more than the configured units, and a small run does not wait at all.
    """

    def __init__(
        self,
        units_per_minute: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self._rate = units_per_minute * SHARE / 60
        self._burst = units_per_minute * (1 - SHARE)
        self._clock = clock
        self._stopped = threading.Event()
        self._sleep = sleep or self._stopped.wait
        self._lock = threading.Lock()
        self._level = self._burst
        self._filled = clock()
        self._closed_until = self._filled

    def before(self, request: Request) -> float:
        """Waits by itself, because a pause may begin while it waits; so nothing is left to wait for."""
        self.spend(getattr(request, "units", 0))
        return 0.0

    def after(self, request: Request, answer: Answer) -> None:
        if hasattr(request, "units"):
            self.heed(answer.status, {name.lower(): value for name, value in answer.headers.items()})

    def spend(self, units: int) -> None:
        """Wait until the units are there and no pause is on, then take them.

        A call that is dearer than the burst waits for a full bucket and leaves a debt.
        """
        while (wait := self._take(units)) > 0:
            self.rest(wait)
        if self._stopped.is_set():
            raise _stopped()

    def rest(self, seconds: float) -> None:
        """Wait, unless somebody stops: the service may ask for minutes, and Ctrl-C must not take them."""
        self._sleep(seconds)
        if self._stopped.is_set():
            raise _stopped()

    def stop(self) -> None:
        """Whoever waits is woken, and nothing more is sent."""
        self._stopped.set()

    def pause(self, seconds: float) -> None:
        """Nobody spends for so long."""
        with self._lock:
            self._closed_until = max(self._closed_until, self._clock() + min(max(seconds, 0.0), MAX_PAUSE))

    def heed(self, status: int, headers: Mapping[str, str]) -> None:
        """Obey `Retry-After` and `RateLimit-*` of an answer, also of one inside a batch (names in lower case)."""
        reset = seconds_in(headers.get("ratelimit-reset")) or 0.0
        if status in THROTTLED:
            self.pause(asked_wait(headers) or 1.0)
            return
        limit = seconds_in(headers.get("ratelimit-limit"))
        remaining = seconds_in(headers.get("ratelimit-remaining"))
        if limit and remaining is not None and remaining <= limit * NEARLY_SPENT:
            self.pause(reset)

    def _take(self, units: int) -> float:
        """Take the units and return 0, or return how long to wait before trying again."""
        with self._lock:
            now = self._clock()
            self._level = min(self._burst, self._level + (now - self._filled) * self._rate)
            self._filled = now
            if now < self._closed_until:
                return self._closed_until - now
            missing = min(units, self._burst) - self._level
            if missing > 1e-6:
                return missing / self._rate
            self._level -= units
            return 0.0


def _stopped() -> Unreachable:
    return Unreachable("the run was stopped before this was sent", next_step="Run again.")


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """How long the service asks to stay away: the greater of its two words; none when it says nothing."""
    asked = [retry_after({"Retry-After": headers.get("retry-after", "")}), seconds_in(headers.get("ratelimit-reset"))]
    return max((seconds for seconds in asked if seconds is not None), default=None)


def seconds_in(value: str | None) -> float | None:
    try:
        number = float(value) if value is not None else None
    except ValueError:
        return None
    return number if number is not None and number >= 0 else None
