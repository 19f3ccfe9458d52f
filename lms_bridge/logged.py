"""What a line of the log is about: its run, route, course and item, whoever writes it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

FIELDS = ("run", "route", "course", "key", "by")
_now: dict[str, str] = {}


@contextmanager
def about(**fields: str) -> Iterator[None]:
    """Holds for all lines until it ends, of whatever thread: places are written in threads of their own. For processes
    that do one thing at a time."""
    before = dict(_now)
    _now.update(fields)
    try:
        yield
    finally:
        _now.clear()
        _now.update(before)


def fields_of(record: logging.LogRecord) -> dict[str, str]:
    """Those that are known: the record's own, given by `extra`, before what holds now."""
    known = {name: str(getattr(record, name, "") or _now.get(name, "")) for name in FIELDS}
    return {name: value for name, value in known.items() if value}
