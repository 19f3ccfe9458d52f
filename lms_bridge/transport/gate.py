"""Where every call waits: while its host asks to be left alone; and where a run that ends lets nobody through any more.

One for all calls of a destination, because what a host asks of one of them is meant for all.
"""

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lms_bridge.connector import CallEnd, SharedBudget
from lms_bridge.errors import Problem, Unreachable
from lms_bridge.transport.messages import Limits, Request

_A_MONTH = 30 * 86_400.0
_IN_A_ROW = 5
"""Calls to a host, with all their tries, that came to nothing one after the other: it is not asked again."""


@dataclass(frozen=True, slots=True)
class _Host:
    """`troubled_since`: when it began to send calls away, with no call that went well in between; `given_up`: how many
    calls came to nothing since."""

    closed_until: float = -math.inf
    troubled_since: float | None = None
    given_up: int = 0


class Gate:
    """Safe for many threads. `clock` and `sleep` belong together: a test that replaces one replaces both.

    `until`: the moment of `clock` after which nothing is sent.
    """

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], object] | None = None
    ) -> None:
        self.clock = clock
        self.until: float | None = None
        self.shared: SharedBudget | None = None
        """Where other processes talk to the same hosts: what one of them is told, all heed."""
        self._hurried = threading.Event()
        self._stopped = False
        self._sleep = sleep or self._hurried.wait
        self._lock = threading.Lock()
        self._hosts: dict[str, _Host] = {}
        self._ended: Counter[CallEnd] = Counter()

    def enter(self, request: Request, limits: Limits) -> None:
        """Wait until the host may be asked. Raises Unreachable (surely not sent) when that takes too long, and when too
        many calls came to nothing."""
        self._check()
        while (left := self._left(request.host)) > 0:
            if left > limits.longest_wait or self.troubled(request.host) + left > limits.patience:
                cause = f"{request.host} asked to be left alone for another {left:.0f} seconds."
                raise Unreachable(cause, where=request.where, next_step=_come_back(left))
            self.rest(left)
        if self._host(request.host).given_up >= _IN_A_ROW:
            cause = f"{request.host} gave no usable answer to {_IN_A_ROW} calls in a row, each with all its tries."
            step = "Nothing more was sent: see to the server or the network, then run again."
            raise Unreachable(cause, where=request.where, next_step=step)

    def rest(self, seconds: float) -> None:
        """Wait, unless the run ends before that: a host may ask for minutes, and Ctrl-C must not take them."""
        if self.until is not None and self.clock() + seconds > self.until:
            raise _over()
        if seconds > 0:
            if not self._hurried.is_set():
                self._sleep(seconds)
            if self._hurried.is_set():
                raise _ended()
        self._check()

    def _left(self, host: str) -> float:
        """For how long the host is to be left alone."""
        own = self._host(host).closed_until - self.clock()
        return own if own > 0 or self.shared is None else self.shared.closed(host)

    def close(self, host: str, seconds: float) -> None:
        """Nobody goes to the host for so long."""
        if self.shared is not None and seconds > 0:
            self.shared.close(host, seconds)
        with self._lock:
            known = self._hosts.get(host, _Host())
            self._hosts[host] = replace(known, closed_until=max(known.closed_until, self.clock() + seconds))

    def note(self, host: str, end: CallEnd, *, trouble: bool) -> None:
        """How a call went."""
        with self._lock:
            self._ended[end] += 1
            known = self._hosts.get(host, _Host())
            if not trouble:
                self._hosts[host] = replace(known, troubled_since=None, given_up=0)
            elif known.troubled_since is None:
                self._hosts[host] = replace(known, troubled_since=self.clock())

    def ended(self) -> Mapping[CallEnd, int]:
        """How calls ended since this was asked last."""
        with self._lock:
            told, self._ended = self._ended, Counter()
            return told

    def gave_up(self, host: str) -> None:
        """A call, with all its tries, came to nothing."""
        with self._lock:
            known = self._hosts.get(host, _Host())
            self._hosts[host] = replace(known, given_up=known.given_up + 1)

    def troubled(self, host: str) -> float:
        """For how many seconds no call to the host went well."""
        since = self._host(host).troubled_since
        return 0.0 if since is None else self.clock() - since

    def stop(self, *, finish: bool = False) -> None:
        """Whoever waits is woken, and nothing more is sent. `finish`: what need not wait is still sent, so that a write
        that is under way can be read back and recorded."""
        self._stopped = self._stopped or not finish
        self._hurried.set()

    def _host(self, host: str) -> _Host:
        with self._lock:
            return self._hosts.get(host, _Host())

    def _check(self) -> None:
        if self._stopped:
            raise _ended()
        if self.until is not None and self.clock() >= self.until:
            raise _over()


def too_long(problem: Problem, seconds: float, longest: float) -> Unreachable:
    cause = f"{problem.cause} It asks to wait {seconds:.0f} seconds, and {longest:.0f} is the most we wait."
    return Unreachable(cause, where=problem.where, next_step=_come_back(seconds))


def _ended() -> Unreachable:
    return Unreachable("the run was stopped before this was sent.", next_step="Run again.")


def _over() -> Unreachable:
    return Unreachable("the run's time was over before this was sent.", next_step="Run again.")


def _come_back(seconds: float) -> str:
    if seconds > _A_MONTH:
        return "Ask the server's admin: that is more than a month."
    then = datetime.now().astimezone() + timedelta(seconds=seconds)
    return f"Run again after {then:%Y-%m-%d %H:%M} ({then:%Z})."
