"""How much a server is asked for at once: found by how long it takes, and bounded by what its owner allows. Politeness
that no answer asks for; what a server does ask for is the gate's.
"""

import math
import statistics
import threading
from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence

from lms_bridge.connector import Left
from lms_bridge.transport.gate import Gate
from lms_bridge.transport.messages import Answer, Request
from lms_bridge.transport.purse import Purse

WINDOW = 20
"""So many answers of a kind are judged together."""
_SLOWED = 2.0
_RECOVERED = 1.5
_GAIN = 1.1
_PATIENCE = 8
"""After one request more was tried in vain, so many windows pass before it is tried again."""
_FORGETTING = 1.02
_BURST = 1 / 6
_REMEMBERED = 0.3
"""So many idle seconds count as rest for the work that follows."""
_WORTH_A_REST = 0.001
_OK = 200


class Pace:
    """How many requests may be under way at once. Safe for many threads.

    It begins with `first`. When the 95th percentile of a kind's answers doubles, one less is under way; when it has
    come back, one more again. Beyond `first`, up to `most`, one more stays only where that gets more done.
    """

    def __init__(self, first: int, most: int, *, is_quiet: Callable[[], bool] = lambda: False) -> None:
        self.most = most
        self._first = min(first, most)
        self._level = self._first
        self._is_quiet = is_quiet
        self._lock = threading.Lock()
        self._windows: dict[Hashable, deque[float]] = {}
        self._best: dict[Hashable, float] = {}
        self._tried: tuple[Hashable, float] | None = None
        """What was measured before one more was let in: the kind, and how much got done."""
        self._rest = 0

    def allowed(self) -> int:
        return 1 if self._is_quiet() else self._level

    def took(self, kind: Hashable, seconds: float) -> None:
        """How long the server took for a request; `kind`: only what is alike is compared."""
        with self._lock:
            window = self._windows.setdefault(kind, deque(maxlen=WINDOW))
            window.append(seconds)
            if len(window) == WINDOW:
                self._judge(kind, sorted(window))
                window.clear()

    def _judge(self, kind: Hashable, times: Sequence[float]) -> None:
        slow = times[math.ceil(0.95 * len(times)) - 1]
        # A server that stays slower, because more stands in it, is not held against its youth for ever.
        best = min(slow, self._best.get(kind, math.inf))
        self._best[kind] = min(slow, best * _FORGETTING)
        done = self._level / max(statistics.median(times), 1e-9)
        self._rest = max(0, self._rest - 1)
        if slow >= _SLOWED * best:
            self._step(-1)
        elif self._tried is not None and self._tried[0] == kind and done < _GAIN * self._tried[1]:
            self._rest = _PATIENCE
            self._step(-1)
        elif self._level < self._first and slow <= _RECOVERED * best:
            self._step(+1)
        elif self._first <= self._level < self.most and not self._rest:
            self._step(+1)
            self._tried = (kind, done)
        elif self._tried is not None and self._tried[0] == kind:
            self._tried = None

    def _step(self, by: int) -> None:
        self._level = min(self.most, max(1, self._level + by))
        self._tried = None
        for window in self._windows.values():
            window.clear()


class Rest:
    """Leaves `share` of a server's time to others: each thread rests after its work, so that one connection may rest
    while the others go on.

    Seconds in which it had nothing to ask count as rest, but not more of them than `_REMEMBERED`: who was idle for an
    hour does not work the next one through.
    """

    def __init__(self, share: float, clock: Callable[[], float]) -> None:
        self._rests = share / (1 - share)
        """Seconds of rest for one of work."""
        self._clock = clock
        self._mine = threading.local()

    def worked(self, seconds: float) -> None:
        """The calling thread did, until now."""
        now = self._clock()
        owed = max(-_REMEMBERED, self._owed(now - seconds))
        self._mine.owed, self._mine.since = owed + seconds * self._rests, now

    def due(self) -> float:
        """Seconds until the calling thread may send its next request."""
        owed = self._owed(self._clock())
        return owed if owed > _WORTH_A_REST else 0.0

    def _owed(self, now: float) -> float:
        return float(getattr(self._mine, "owed", 0.0)) - (now - float(getattr(self._mine, "since", now)))


class Politeness:
    """A budget of calls, a sixth of a minute's at once and the others in a flow; its answers set a pace, and a
    rest follows them. Safe for many threads. Where the gate knows of other processes, all draw from one budget."""

    def __init__(self, pace: Pace, calls_per_minute: int | None, gate: Gate, *, rest: float = 0.0) -> None:
        """`rest`: the part of the time that is left to others, at least 0 and less than 1."""
        self._pace = pace
        self._gate = gate
        self._own = Purse(gate.clock)
        self._calls = calls_per_minute
        self._rest = Rest(rest, gate.clock)

    def before(self, request: Request) -> float:
        """A request with more calls than may come at once waits for all of these, and leaves a debt."""
        if due := self._rest.due():
            return due
        if self._calls is None:
            return 0.0
        budget = self._gate.shared or self._own
        rate, burst = self._calls * (1 - _BURST) / 60, max(1.0, self._calls * _BURST)
        return budget.draw("calls", request.calls, per_second=rate, burst=burst)

    def left(self) -> Mapping[str, Left]:
        return {} if self._calls is None else (self._gate.shared or self._own).left()

    def after(self, request: Request, answer: Answer) -> None:
        """Only whole answers tell how the server is: what is sent away is sent away at once."""
        self._rest.worked(answer.seconds)
        if request.kind and answer.status == _OK:
            size = (request.calls.bit_length(), len(answer.content).bit_length())
            self._pace.took((request.kind, *size), answer.seconds)
