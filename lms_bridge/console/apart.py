"""A look in a process of its own: what is loaded and held for it ends with it, and no page waits for it.

`elsewhere` is what that process runs. Both are the same program, and nobody else's bytes come between them.
"""

import logging
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any

from lms_bridge.console.desk import Clock
from lms_bridge.console.errands import Failed, Progress
from lms_bridge.errors import BridgeError, Problem

# -P: a file of the current folder, which authors may write, is never taken for a library.
_COMMAND = (sys.executable, "-P", "-m", "lms_bridge.console.elsewhere")


@dataclass(slots=True)
class Apart:
    """Work that is done elsewhere. It, and what it gives, are pickled: functions are named, not made on the way."""

    work: Callable[[Clock, Progress], Any]
    clock: Clock
    """Elsewhere it goes on from where it stands when the work begins."""
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    _unwanted: bool = field(default=False, init=False)

    def __call__(self, progress: Progress) -> Any:
        """Raises Failed with the problems that stopped it, BridgeError when its process was ended."""
        # A session of its own: Ctrl-C in a terminal asks the service, which waits for what it began.
        with subprocess.Popen(  # noqa: S603 - our own module
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            self._process = process
            if self._unwanted:
                process.terminate()
            pickle.dump((self.work, self.clock()), process.stdin)
            process.stdin.close()
            return _result(process.stdout, progress)

    def end(self) -> None:
        """At once, wherever it is: for work that writes nothing."""
        self._unwanted = True
        if self._process is not None:
            self._process.terminate()


@dataclass(frozen=True, slots=True)
class Step:
    """How far it is."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of it, or what stopped it."""

    result: Any
    problems: tuple[Problem, ...] = ()


def _result(told: IO[bytes], progress: Progress) -> Any:
    while True:
        try:
            message = pickle.load(told)  # noqa: S301 - our own process wrote it
        except (EOFError, pickle.UnpicklingError):
            raise BridgeError("the process that looked was ended.", next_step="Look once more.") from None
        match message:
            case Step(stage, done, total):
                progress(stage, done, total)
            case logging.LogRecord():
                logging.getLogger(message.name).handle(message)
            case Ended(result, problems):
                if problems:
                    raise Failed(problems)
                return result
