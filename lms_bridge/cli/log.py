"""The log that `-v` and `--log` show: a line a record, whatever it quotes, and none of the config's secrets in it.

Apart because records come from everywhere, tracebacks of errors that nobody foresaw among them.
"""

import json
import logging
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime

from lms_bridge.cli.printing import harmless
from lms_bridge.logged import fields_of
from lms_bridge.masking import masking
from lms_bridge.unquoted import MARK, Marked

_FURTHER = "\n    | "


class LogFormatter(logging.Formatter):
    """For people: further lines, as those of a traceback, are marked as such, so that no text can forge a record. For
    programs, `as_json`: an object a line, with the same fields."""

    def __init__(self, *, as_json: bool = False) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        self._as_json = as_json
        self._mask = masking(())

    def hide(self, secrets: Iterable[str]) -> None:
        self._mask = masking(secrets)

    def format(self, record: logging.LogRecord) -> str:
        if self._as_json:
            return self._object(record)
        text = self._mask(super().format(record))
        return _FURTHER.join(harmless(line).replace("\t", " ") for line in text.splitlines())

    def formatMessage(self, record: logging.LogRecord) -> str:
        return super().formatMessage(record) + "".join(f" {name}={value}" for name, value in fields_of(record).items())

    def _object(self, record: logging.LogRecord) -> str:
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **fields_of(record),
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps({name: self._mask(value) for name, value in told.items()}, ensure_ascii=False)


def show_log(*, every_call: bool = True, as_json: bool = False) -> None:
    """What this package logs, on standard error: all of it, or what was done and what went wrong."""
    handler = logging.StreamHandler()
    handler.setFormatter(LogFormatter(as_json=as_json))
    log = logging.getLogger("lms_bridge")
    log.handlers = [handler]
    log.setLevel(logging.DEBUG if every_call else logging.INFO)


def show_unquoted() -> bool:
    """Where whoever began this process asks for it: nothing but what may be kept anywhere, each line marked as they
    say. The first says that from then on no other is of the log."""
    mark = os.environ.get(MARK, "")
    if not mark:
        return False
    handler = logging.StreamHandler()
    handler.setFormatter(Marked(mark))
    logging.getLogger().handlers = [handler]
    logging.getLogger("lms_bridge").setLevel(logging.INFO)
    # How a command ended: of an error that nobody foresaw its report says nothing.
    logging.getLogger("lms_bridge.cli.sentences").setLevel(logging.DEBUG)
    sys.stderr.write(f"{mark}\n")
    return True


def hide_in_log(secrets: Iterable[str]) -> None:
    for handler in logging.getLogger("lms_bridge").handlers:
        if isinstance(handler.formatter, LogFormatter):
            handler.formatter.hide(secrets)
