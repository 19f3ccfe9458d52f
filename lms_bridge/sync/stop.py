"""Ending a run early and safely: what is in flight is finished and recorded, and nothing new is begun.

Asked by a signal or by the run's deadline. Apart from `apply`, because sources and destinations are told as well.
"""

import time
from collections.abc import Callable
from threading import Lock


class Stop:
    """May be asked from any thread and from a signal handler; `deadline` counts in seconds from now, none for never."""

    def __init__(self, deadline: float | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = None if deadline is None else clock() + deadline
        self._deadline = deadline
        self._asked = ""
        self._overdue = False
        self._interrupts: list[Callable[[], None]] = []
        self._lock = Lock()

    @property
    def reason(self) -> str:
        """Why to stop; empty while there is none."""
        if not self._asked and self._until is not None and self._clock() >= self._until:
            self._overdue = True
            self.ask(f"its deadline of {self._deadline:.0f} seconds passed")
        return self._asked

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked, and not the deadline."""
        return bool(self._asked) and not self._overdue

    def ask(self, reason: str) -> None:
        """The first reason counts. Whoever waits is woken up."""
        if not self._asked:
            self._asked = reason
            for interrupt in tuple(self._interrupts):
                interrupt()

    def on_ask(self, interrupt: Callable[[], None]) -> None:
        """`interrupt` is called once when it is time to stop; it must be quick and safe in any thread."""
        with self._lock:
            self._interrupts.append(interrupt)
        if self._asked:
            interrupt()
