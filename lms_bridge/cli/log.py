"""The log that `-v` shows: a line a record, whatever it quotes, and none of the config's secrets in it.

Apart because records come from everywhere, tracebacks of errors that nobody foresaw among them.
"""

import logging
import os
import sys
from collections.abc import Iterable

from lms_bridge.cli.printing import harmless
from lms_bridge.masking import masking
from lms_bridge.unquoted import MARK, Marked

_FURTHER = "\n    | "


class LineFormatter(logging.Formatter):
    """Further lines, as those of a traceback, are marked as such: no text can forge a record."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        self._mask = masking(())

    def hide(self, secrets: Iterable[str]) -> None:
        self._mask = masking(secrets)

    def format(self, record: logging.LogRecord) -> str:
        text = self._mask(super().format(record))
        return _FURTHER.join(harmless(line).replace("\t", " ") for line in text.splitlines())


def show_log() -> None:
    """Everything that this package logs, on standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter())
    log = logging.getLogger("lms_bridge")
    log.handlers = [handler]
    log.setLevel(logging.DEBUG)


def show_unquoted() -> bool:
    """Where whoever began this process asks for it: nothing but what may be kept anywhere, each line marked as they
    say. The first says that from then on no other is of the log."""
    mark = os.environ.get(MARK, "")
    if not mark:
        return False
    handler = logging.StreamHandler()
    handler.setFormatter(Marked(mark))
    logging.getLogger().handlers = [handler]
    # How a command ended: of an error that nobody foresaw its report says nothing.
    logging.getLogger("lms_bridge.cli.sentences").setLevel(logging.DEBUG)
    sys.stderr.write(f"{mark}\n")
    return True


def hide_in_log(secrets: Iterable[str]) -> None:
    for handler in logging.getLogger("lms_bridge").handlers:
        if isinstance(handler.formatter, LineFormatter):
            handler.formatter.hide(secrets)
