"""Log records without anything that they quote: their sentence as it stands in our code, its numbers, names from
connectors.yaml, and of an error its type and where it arose.

For logs that are kept outside: what a record is given besides may be a title, a text or somebody's name. Not what it
says is looked at, but what it is.
"""

import json
import logging
import traceback
from enum import Enum
from pathlib import Path
from types import TracebackType

from lms_bridge.errors import BridgeError, Problem
from lms_bridge.logged import fields_of
from lms_bridge.troubles import counted, reason

LEFT_OUT = "…"
MARK = "LMS_BRIDGE_LOG_MARK"
"""The variable by which a process that another one began is told how to mark the lines of its log."""
_OURS = "lms_bridge"
_FRAMES = 6
Raised = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]


class Name(str):
    """A name that connectors.yaml gives: of a route, a channel or a connector."""

    __slots__ = ()


def sentence(record: logging.LogRecord) -> str:
    """Of a library's record, whose sentence may be made at run time, only who says it is told."""
    if record.name.partition(".")[0] != _OURS or not isinstance(record.msg, str):
        return f"{record.name.partition('.')[0]} has something to say"
    given = record.args if isinstance(record.args, tuple) else ()
    try:
        return record.msg % tuple(_said(each) for each in given) if given else record.msg
    except (TypeError, ValueError):
        return record.msg


def _said(value: object) -> object:
    match value:
        case bool() | int() | float() | Name() | Enum():
            return value
        case Problem():
            return reason(counted([value]))
        case BridgeError():
            return reason(counted([value.problem]))
    return LEFT_OUT


def arose(raised: Raised) -> str:
    """The error's type and the last places it went through, from the innermost; never its words."""
    kind, error, _ = raised
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:] if error is not None else []
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames)]
    name = kind.__name__ if kind is not None else "an error"
    return f"{name} at {' < '.join(places)}" if places else name


class Marked(logging.Formatter):
    """An object on a line of its own, after a mark that nothing else on the same stream can know."""

    def __init__(self, mark: str) -> None:
        super().__init__()
        self._mark = mark

    def format(self, record: logging.LogRecord) -> str:
        error = f" ({arose(record.exc_info)})" if record.exc_info and record.exc_info[0] else ""
        told = {"level": record.levelname.lower(), "event": f"{sentence(record)}{error}", **fields_of(record)}
        return self._mark + json.dumps(told, ensure_ascii=False)
