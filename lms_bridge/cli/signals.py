"""Signals and deadlines → a `Stop`: the first asks a run to end in good order, the second ends the process at once.

Ending at once is safe at any moment: what was under way stands in the state as an open intent.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from lms_bridge.cli.printing import say
from lms_bridge.sync.report import STOPPED
from lms_bridge.sync.stop import Stop

_GRACE = 120.0
"""Seconds that a run gets after its deadline to finish what is in flight."""


@contextmanager
def stopping(seconds: float) -> Iterator[Stop]:
    """A `Stop` that SIGTERM, Ctrl-C and the deadline ask."""
    stop = Stop(seconds)
    seen: list[int] = []

    def asked(number: int, frame: FrameType | None) -> None:
        if seen:
            os._exit(128 + number)
        seen.append(number)
        name = signal.Signals(number).name
        _tell("Stopping: what is under way is finished and recorded. Once more to stop at once.")
        # A signal interrupts the main thread wherever it is, perhaps under a lock that an interrupt needs.
        threading.Thread(target=stop.ask, args=(f"{name} was received",), daemon=True).start()

    def overdue() -> None:
        _tell(f"The deadline passed {_GRACE:.0f} seconds ago, and what is under way does not end: stopped at once.")
        os._exit(STOPPED)

    timers = [threading.Timer(seconds, lambda: stop.reason), threading.Timer(seconds + _GRACE, overdue)]
    before = {number: signal.signal(number, asked) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        for timer in timers:
            timer.daemon = True
            timer.start()
        yield stop
    finally:
        for timer in timers:
            timer.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell(sentence: str) -> None:
    say(sentence, err=True)
