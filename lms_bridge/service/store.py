"""The state as the service opens it, and all that it asks there. One that has to be made or migrated first is so by a
process of its own: what does that stays in memory.
"""

import logging
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from lms_bridge.audit.line import Act, Actor
from lms_bridge.errors import BridgeError
from lms_bridge.service.attempt import Attempt, read, written
from lms_bridge.service.standing import Ended, Seen, look

if TYPE_CHECKING:
    from lms_bridge.sync.intent import Doing
    from lms_bridge.sync.spent import Asked
    from lms_bridge.sync.state import State

_log = logging.getLogger(__name__)
# The location comes over standard input: it may hold a password, and arguments are seen by everybody.
_PREPARE = "import sys; from lms_bridge.sync.state import State; State.open(sys.stdin.read()).close()"


def open_state(location: str) -> "State":
    """Raises StateError."""
    from lms_bridge.sync.state import State
    from lms_bridge.sync.state_versions import is_current

    if not is_current(location):
        # Whether it came to anything is told by opening.
        subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-P", "-c", _PREPARE],
            input=location,
            text=True,
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    return State.open(location)


class Stored:
    """Opened when something is asked first, and anew where another state is named. One thread at a time."""

    def __init__(self, location: str) -> None:
        self._location = location
        self._state: State | None = None
        self._counted_from = 0
        self.problem = "the state is not open yet"
        """Why it cannot be read; empty when it was, the last time."""

    def use(self, location: str) -> bool:
        """Whether it is the same one as before."""
        same = location == self._location
        if not same:
            self.close()
            self._location = location
        return same

    def close(self) -> None:
        if self._state is not None:
            self._state.close()
            self._state = None

    def opened(self) -> "State":
        """Raises StateError."""
        if self._state is None:
            opened = open_state(self._location)
            self._counted_from = opened.figures.last_outcome()
            self._state = opened
        return self._state

    def look(self, route: str, attempts: Sequence[Ended], *, running: bool, before: Seen) -> Seen | None:
        """None where the state cannot be read, which is logged once."""
        try:
            seen = look(self.opened(), route, attempts, running=running, before=before)
        except BridgeError as error:
            if str(error.problem) != self.problem:
                _log.error("%s", error.problem)
            self.problem = str(error.problem)
            return None
        self.problem = ""
        return seen

    def is_leased(self, route: str) -> bool:
        try:
            return self.opened().is_leased(route)
        except BridgeError:
            return False

    def doing(self, route: str) -> "Doing | None":
        """The last sign of life of the route's run; none where the state is not open."""
        state = self._state
        try:
            return state.history.doing(route) if state is not None else None
        except BridgeError:
            return None

    def tried(self) -> dict[tuple[str, str, str], int]:
        """Counted from when the state was first opened: what it remembers of earlier runs shrinks with time, and a
        counter that shrinks passes for one that began anew."""
        try:
            return self.opened().figures.tried(self._counted_from)
        except BridgeError:
            return {}

    def asked(self, destinations: Sequence[str], now: datetime) -> "list[Asked]":
        """Of each, by all processes so far; nothing where the state cannot be read."""
        from lms_bridge.sync.spent import asked_of

        try:
            return asked_of(self.opened(), destinations, now)
        except BridgeError:
            return []

    def last_attempt(self, route: str) -> Attempt | None:
        from lms_bridge.sync.intent import Topic

        try:
            note = self.opened().notes.find(Topic.ATTEMPT, route)
        except BridgeError:
            return None
        return read(note.text, note.at) if note is not None else None

    def keep_attempt(self, route: str, attempt: Attempt) -> None:
        from lms_bridge.sync.intent import Topic

        try:
            self.opened().notes.put(Topic.ATTEMPT, {route: written(attempt)}, attempt.ended.begun)
        except BridgeError as error:
            _log.error("that it was tried is forgotten at a restart: %s", error.problem, extra={"route": route})

    def tell(self, act: Act, by: Actor) -> None:
        """Into the audit trail."""
        try:
            self.opened().trail.add(act, by=by)
        except BridgeError as error:
            about = {"route": act.route, "by": by.name}
            _log.error("that somebody did this is not in the audit trail: %s: %s", act.deed, error.problem, extra=about)
