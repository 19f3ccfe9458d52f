"""SharePoint's resource units: what all who talk to a tenant may spend, and the pauses that it asks for.

https://learn.microsoft.com/sharepoint/dev/general-development/how-to-avoid-getting-throttled-or-blocked-in-sharepoint-online
"""

import threading
from collections.abc import Hashable, Mapping

from lms_bridge.connector import Left
from lms_bridge.transport import Answer, Gate, Pace, Purse, Request, purse_of, retry_after

SHARE = 0.92
"""Of a minute's units flow; what flows and what may come at once are together less than what is permitted."""
_AT_ONCE = 0.05
_BATCH = 40
"""Units of a full batch of writes: a budget that holds it is not stopped by each."""
_DAY = 960
"""A day's units for each of a minute's, the same for tenants of every size."""
_DAY_AT_ONCE = 0.5
_RESERVE = 0.025
_WHOLE = 1.0
"""The service tells whole seconds."""
THROTTLED = frozenset({429, 503})


class Budget:
    """Spends no more units than are permitted in any minute and any day. Safe for many threads. All budgets of one
    `tenant` spend together.

    What is spent and who asked for peace stands in the gate's `shared`: another process's word counts as ours.
    """

    def __init__(
        self,
        units_per_minute: int,
        gate: Gate | None = None,
        *,
        tenant: Hashable = None,
        pace: Pace | None = None,
        calls_per_minute: int | None = None,
    ) -> None:
        self.gate = gate or Gate()
        if self.gate.shared is None:
            clock = self.gate.clock
            self.gate.shared = Purse(clock) if tenant is None else purse_of(tenant, clock)
        self.pace = pace
        self._minute = units_per_minute
        self._burst = max(_AT_ONCE * units_per_minute, min(_BATCH, 0.3 * units_per_minute))
        self._rate = ((SHARE + _AT_ONCE) * units_per_minute - self._burst) / 60
        self._calls = calls_per_minute
        self._lock = threading.Lock()
        self._under_way = 0
        self._left: float | None = None
        """How many units the service still gives until `_until`, once it told."""
        self._until = 0.0
        self._reserve = 0.0

    def before(self, request: Request) -> float:
        units = getattr(request, "units", 0)
        if not units:
            return 0.0
        wait = self._call() or self.take(units, request.host)
        if not wait:
            with self._lock:
                self._under_way += units
        return wait

    def after(self, request: Request, answer: Answer) -> None:
        units = getattr(request, "units", 0)
        if not units:
            return
        with self._lock:
            self._under_way = max(0, self._under_way - units)
        if self.pace is not None and 200 <= answer.status < 300:
            # A batch's answer takes the longer the more is in it.
            self.pace.took((request.kind, request.calls.bit_length()), answer.seconds)
        self.heed(request.host, answer.status, {name.lower(): value for name, value in answer.headers.items()})

    def left(self) -> Mapping[str, Left]:
        assert self.gate.shared is not None
        return self.gate.shared.left()

    def take(self, units: int, host: str = "") -> float:
        """Take the units and return 0, or return how long to wait before trying again.

        A call that is dearer than the burst waits for a full bucket and leaves a debt.
        """
        assert self.gate.shared is not None
        if (wait := self._reserved(units)) > 0:
            self.gate.close(host, wait)
            return wait
        wait = self.gate.shared.draw("units", units, per_second=self._rate, burst=self._burst)
        # What the minute gave and the day does not is lost: a day's wait is the longer by far.
        wait = wait or self._of_day(units)
        if not wait:
            with self._lock:
                self._left = None if self._left is None else self._left - units
        return wait

    def _of_day(self, units: int) -> float:
        assert self.gate.shared is not None
        day = self._minute * _DAY * (SHARE + _AT_ONCE)
        flow = day * (1 - _DAY_AT_ONCE) / 86_400
        return self.gate.shared.draw("units a day", units, per_second=flow, burst=day * _DAY_AT_ONCE)

    def _call(self) -> float:
        if self._calls is None:
            return 0.0
        assert self.gate.shared is not None
        burst = max(1.0, self._calls * _AT_ONCE)
        return self.gate.shared.draw("calls", 1, per_second=max(1.0, self._calls - burst) / 60, burst=burst)

    def _reserved(self, units: int) -> float:
        """How long until the service gives anew, where the call would take what it has left."""
        with self._lock:
            now = self.gate.clock()
            if self._left is None or now >= self._until:
                self._left = None
                return 0.0
            return self._until - now if self._left - units < self._reserve else 0.0

    def heed(self, host: str, status: int, headers: Mapping[str, str]) -> None:
        """Obey `Retry-After` and `RateLimit-*` of an answer, also of one inside a batch (names in lower case)."""
        if status in THROTTLED:
            self.gate.close(host, asked_wait(headers) or 1.0)
            return
        remaining = seconds_in(headers.get("ratelimit-remaining"))
        reset = seconds_in(headers.get("ratelimit-reset"))
        if remaining is not None and reset is not None:
            self._told(remaining, reset, limit=seconds_in(headers.get("ratelimit-limit")) or self._minute)

    def _told(self, remaining: float, reset: float, *, limit: float) -> None:
        """What is under way is still to be counted by the service. Several answers tell of one minute: the least."""
        with self._lock:
            self._reserve = limit * _RESERVE
            left, until = remaining - self._under_way, self.gate.clock() + reset + _WHOLE
            if self._left is None or self.gate.clock() >= self._until:
                self._left, self._until = left, until
            else:
                self._left, self._until = min(left, self._left), max(until, self._until)


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
