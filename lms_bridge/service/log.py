"""What the service logs, a line a record: JSON for machines, sentences for people. Each names its run, route, course
and item as far as they are known.
"""

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from lms_bridge.logged import FIELDS
from lms_bridge.unquoted import arose, sentence

_OWN = ("lms_bridge.service", "lms_bridge.console.opening")


def show_log(*, as_json: bool) -> None:
    """Everything that this package and the web server log, on standard error."""
    with _without("rich"):
        # It draws tracebacks where that is installed; a service that draws nothing is 5 MB smaller without.
        import structlog

    chain: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.stdlib.ExtraAdder(allow=FIELDS),
        _known,
        _without_words,
    ]
    last = structlog.processors.JSONRenderer(ensure_ascii=False) if as_json else _line
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=chain, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
        )
    )
    root = logging.getLogger()
    handler.addFilter(_without_quotes)
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("lms_bridge").setLevel(logging.INFO)


def _without_quotes(record: logging.LogRecord) -> bool:
    """What the engine says while the console plans may quote an item; the service itself names routes and people."""
    if not record.name.startswith(_OWN):
        record.msg, record.args = sentence(record), ()
    return True


def _without_words(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    raised = event.pop("exc_info", None)
    if isinstance(raised, tuple) and raised[0] is not None:
        event["exception"] = arose(raised)
    return event


@contextmanager
def _without(library: str) -> Iterator[None]:
    """As if it were not installed, unless it is loaded already."""
    sys.modules.setdefault(library, None)  # type: ignore[arg-type]
    try:
        yield
    finally:
        if sys.modules[library] is None:
            del sys.modules[library]


def _known(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Without what nobody knows."""
    return {field: value for field, value in event.items() if field not in FIELDS or value}


def _line(logger: Any, name: str, event: MutableMapping[str, Any]) -> str:
    """No text can forge a record: what acts on a terminal or ends a line becomes a blank."""
    about = "".join(f" {field}={event[field]}" for field in FIELDS if event.get(field))
    parts = [str(event["time"]), str(event["level"]).upper(), str(event["event"]) + about, event.get("exception", "")]
    text = " ".join(part for part in parts if part)
    return "".join(sign if sign.isprintable() else " " for sign in text)
