"""SharePoint's resource units: a token bucket that all threads draw from, and the pauses that the service asks for.

https://learn.microsoft.com/sharepoint/dev/general-development/how-to-avoid-getting-throttled-or-blocked-in-sharepoint-online
"""

import threading
from collections.abc import Mapping

from lms_bridge.transport import Answer, Gate, Request, retry_after

SHARE = 0.7
THROTTLED = frozenset({429, 503})
NEARLY_SPENT = 0.1


class Budget:
    """70 % of the configured units flow in each minute and the other 30 % may be spent at once.

    So no minute takes more than the configured units, and a small run does not wait at all. Pauses are kept by the
    gate, which closes for all.
    """

    def __init__(self, units_per_minute: int, gate: Gate | None = None) -> None:
        self.gate = gate or Gate()
        self._rate = units_per_minute * SHARE / 60
        self._burst = units_per_minute * (1 - SHARE)
        self._lock = threading.Lock()
        self._level = self._burst
        self._filled = self.gate.clock()

    def before(self, request: Request) -> float:
        return self.take(getattr(request, "units", 0))

    def after(self, request: Request, answer: Answer) -> None:
        if hasattr(request, "units"):
            self.heed(request.host, answer.status, {name.lower(): value for name, value in answer.headers.items()})

    def take(self, units: int) -> float:
        """Take the units and return 0, or return how long to wait before trying again.

        A call that is dearer than the burst waits for a full bucket and leaves a debt.
        """
        if self.gate.shared is not None and units:
            return self.gate.shared.draw("units", units, per_second=self._rate, burst=self._burst)
        with self._lock:
            now = self.gate.clock()
            self._level = min(self._burst, self._level + (now - self._filled) * self._rate)
            self._filled = now
            missing = min(units, self._burst) - self._level
            if missing > 1e-6:
                return missing / self._rate
            self._level -= units
            return 0.0

    def heed(self, host: str, status: int, headers: Mapping[str, str]) -> None:
        """Obey `Retry-After` and `RateLimit-*` of an answer, also of one inside a batch (names in lower case)."""
        if status in THROTTLED:
            self.gate.close(host, asked_wait(headers) or 1.0)
            return
        limit = seconds_in(headers.get("ratelimit-limit"))
        remaining = seconds_in(headers.get("ratelimit-remaining"))
        if limit and remaining is not None and remaining <= limit * NEARLY_SPENT:
            self.gate.close(host, seconds_in(headers.get("ratelimit-reset")) or 0.0)


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """How long the service asks to stay away: the greater of its two words; none when it says nothing."""
    # A moment is meant by the service's own clock.
    told = {"Retry-After": headers.get("retry-after", ""), "Date": headers.get("date", "")}
    asked = [retry_after(told), seconds_in(headers.get("ratelimit-reset"))]
    return max((seconds for seconds in asked if seconds is not None), default=None)


def seconds_in(value: str | None) -> float | None:
    try:
        number = float(value) if value is not None else None
    except ValueError:
        return None
    return number if number is not None and number >= 0 else None
