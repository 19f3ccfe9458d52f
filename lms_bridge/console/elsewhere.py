"""`python -m lms_bridge.console.elsewhere`: does what `apart` hands over, tells how far it is and what came of it."""

import logging
import os
import pickle
import sys
import time
from datetime import datetime, timedelta
from typing import IO

from lms_bridge.console.apart import Ended, Step
from lms_bridge.console.desk import Clock
from lms_bridge.console.errands import problems_of


class _Sent(logging.Handler):
    """What is logged here is logged by the service, which knows how."""

    def __init__(self, out: IO[bytes]) -> None:
        super().__init__()
        self._out = out

    def emit(self, record: logging.LogRecord) -> None:
        record.msg, record.args, record.exc_info = record.getMessage(), None, None
        _send(self._out, record)


def _main() -> None:
    out = os.fdopen(os.dup(1), "wb")
    # What a library prints must not come between.
    os.dup2(2, 1)
    logging.getLogger().handlers = [_Sent(out)]
    logging.getLogger("lms_bridge").setLevel(logging.INFO)
    work, now = pickle.load(sys.stdin.buffer)  # noqa: S301 - the service wrote it
    try:
        ended = Ended(work(_clock_from(now), lambda stage, done, total: _send(out, Step(stage, done, total))))
    except Exception as error:
        ended = Ended(None, problems_of(error))
    _send(out, ended)


def _clock_from(now: datetime) -> Clock:
    """Goes on from that moment."""
    begun = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - begun)


def _send(out: IO[bytes], message: object) -> None:
    pickle.dump(message, out)
    out.flush()


if __name__ == "__main__":
    _main()
