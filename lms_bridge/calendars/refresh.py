"""Which calendars are to be read anew now, and having that done."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from lms_bridge.calendars import kept
from lms_bridge.calendars.feed import Feed, as_plain

_log = logging.getLogger(__name__)
PATIENCE = 75.0
"""Seconds after which a reading is given up: longer than its server may take."""
_AGAIN = timedelta(minutes=5)
_NEVER_READ = timedelta(minutes=1)
# -P: a file of the current folder, which authors may write, is never taken for a library.
_COMMAND = (sys.executable, "-P", "-m", "lms_bridge.calendars")


def is_due(feed: Feed, now: datetime) -> bool:
    copy = kept.read(feed)
    if copy is None or copy.tried > now or copy.rules not in ("", feed.rules.digest()):
        return True
    if copy.expanded is None:
        return now - copy.tried >= _NEVER_READ
    if copy.problem is not None:
        return now - copy.tried >= min(_AGAIN, feed.every)
    if now - copy.expanded >= kept.HOLDS:
        return True
    return _changed(feed, copy) if feed.file is not None else now - copy.tried >= feed.every


def _changed(feed: Feed, copy: kept.Copy) -> bool:
    with suppress(OSError):
        return feed.file is None or kept.stamp_of(feed.file) != copy.stamp
    return True


class Refreshing:
    """A calendar's reading that is under way from when it is made. Raises nothing: what goes wrong is kept."""

    def __init__(self, feed: Feed, now: datetime) -> None:
        self._feed = feed
        self._now = now
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert self._process.stdin is not None
        # It may have ended already, which is told by its code.
        with suppress(OSError), self._process.stdin as pipe:
            pipe.write(json.dumps({"feed": as_plain(feed), "now": now.isoformat()}).encode())
        self._process.stdin = None

    def is_over(self) -> bool:
        return self._process.poll() is not None

    def is_late(self, now: datetime) -> bool:
        return now - self._now >= timedelta(seconds=PATIENCE)

    def give_up(self) -> None:
        """Nobody waits for it any more: what was known stays."""
        with self._process as process:
            process.kill()
            process.communicate()

    def end(self, *, patience: float = PATIENCE) -> None:
        """Waits for its end, or brings it about."""
        with self._process as process:
            try:
                told = process.communicate(timeout=patience)[1]
            except subprocess.TimeoutExpired:
                process.kill()
                told = process.communicate()[1]
        try:
            if process.returncode == 1:
                last = told.decode(errors="replace").strip().splitlines()[-1:] or ["it ended early"]
                _log.error("what the calendar %s says cannot be kept: %s", self._feed.name, last[0])
            elif process.returncode:
                kept.unforeseen(self._feed, "it takes too long to read, or too much memory.", self._now)
        except OSError as error:
            _log.error("what the calendar %s says cannot be kept: %s", self._feed.name, error)


def refresh(feeds: Iterable[Feed], now: datetime, *, at_once: bool = False) -> None:
    """Read anew those that are due, or all of them `at_once`."""
    for each in [Refreshing(feed, now) for feed in feeds if at_once or is_due(feed, now)]:
        each.end()
