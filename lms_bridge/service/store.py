"""The state as the service opens it, and all that it asks there. One that has to be made or migrated first is so by a
process of its own: what does that stays in memory.
"""

import logging
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING

from lms_bridge.audit.line import Act, Actor
from lms_bridge.errors import BridgeError, StateError
from lms_bridge.service.attempt import Attempt, read, written
from lms_bridge.service.standing import Ended, Seen, look

if TYPE_CHECKING:
    from lms_bridge.sync.intent import Doing
    from lms_bridge.sync.spent import Asked
    from lms_bridge.sync.state import State

_log = logging.getLogger(__name__)
# The location comes over standard input: it may hold a password, and arguments are seen by everybody.
_MOMENT = 2.0
"""Seconds that one question waits for another; and after which one that failed is not asked again at once."""
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
    return State.open(location, sparing=True)


class Stored:
    """Opened when something is asked first, and anew where another state is named. From any thread: one question at a
    time, and whoever comes while one is not answered is told so after a moment, instead of waiting along with it."""

    def __init__(self, location: str) -> None:
        self._location = location
        self._state: State | None = None
        self._counted_from = 0
        self._problem = "the state is not open yet"
        self._turn = Lock()
        self._since: float | None = None
        """When what is being asked was asked."""
        self._refused: tuple[float, StateError] | None = None
        """When and how a question failed for which it had taken its time."""

    @property
    def problem(self) -> str:
        """Why it cannot be read; empty when it was, the last time, and answers."""
        since = self._since
        late = since is not None and monotonic() - since > _MOMENT
        return str(_silent(self._location).problem) if late else self._problem

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

    @contextmanager
    def _asked(self) -> "Iterator[State]":
        """Raises StateError."""
        if self._refused is not None and monotonic() - self._refused[0] < _MOMENT:
            raise self._refused[1]
        if not self._turn.acquire(timeout=_MOMENT):
            raise _silent(self._location)
        self._since = begun = monotonic()
        try:
            yield self._opened()
            self._refused = None
        except StateError as error:
            late = monotonic() - begun > _MOMENT
            self._refused = (monotonic(), error) if late else None
            raise
        finally:
            self._since = None
            self._turn.release()

    def _opened(self) -> "State":
        if self._state is not None:
            return self._state
        location = self._location
        opened = open_state(location)
        counted_from = opened.figures.last_outcome()
        if location != self._location:
            opened.close()
            raise StateError("The state was exchanged for another one meanwhile.")
        self._state, self._counted_from = opened, counted_from
        return opened

    def look(self, route: str, attempts: Sequence[Ended], *, running: bool, before: Seen) -> Seen | None:
        """None where the state cannot be read, which is logged once."""
        try:
            with self._asked() as state:
                seen = look(state, route, attempts, running=running, before=before)
        except BridgeError as error:
            if str(error.problem) != self._problem:
                _log.error("%s", error.problem)
            self._problem = str(error.problem)
            return None
        self._problem = ""
        return seen

    def is_leased(self, route: str) -> bool:
        try:
            with self._asked() as state:
                return state.is_leased(route)
        except BridgeError:
            return False

    def doing(self, route: str) -> "Doing | None":
        """The last sign of life of the route's run; none where the state is not open."""
        if self._state is None:
            return None
        try:
            with self._asked() as state:
                return state.history.doing(route)
        except BridgeError:
            return None

    def tried(self) -> dict[tuple[str, str, str], int]:
        """Counted from when the state was first opened: what it remembers of earlier runs shrinks with time, and a
        counter that shrinks passes for one that began anew."""
        try:
            with self._asked() as state:
                return state.figures.tried(self._counted_from)
        except BridgeError:
            return {}

    def asked(self, destinations: Sequence[str], now: datetime) -> "list[Asked]":
        """Of each, by all processes so far; nothing where the state cannot be read."""
        from lms_bridge.sync.spent import asked_of

        try:
            with self._asked() as state:
                return asked_of(state, destinations, now)
        except BridgeError:
            return []

    def last_attempt(self, route: str) -> Attempt | None:
        from lms_bridge.sync.intent import Topic

        try:
            with self._asked() as state:
                note = state.notes.find(Topic.ATTEMPT, route)
        except BridgeError:
            return None
        return read(note.text, note.at) if note is not None else None

    def keep_attempt(self, route: str, attempt: Attempt) -> None:
        from lms_bridge.sync.intent import Topic

        try:
            with self._asked() as state:
                state.notes.put(Topic.ATTEMPT, {route: written(attempt)}, attempt.ended.begun)
        except BridgeError as error:
            _log.error("that it was tried is forgotten at a restart: %s", error.problem, extra={"route": route})

    def tell(self, act: Act, by: Actor) -> None:
        """Into the audit trail."""
        try:
            with self._asked() as state:
                state.trail.add(act, by=by)
        except BridgeError as error:
            about = {"route": act.route, "by": by.name}
            _log.error("that somebody did this is not in the audit trail: %s: %s", act.deed, error.problem, extra=about)


def _silent(location: str) -> StateError:
    from lms_bridge.sync.state_engine import shown

    return StateError(
        "The state store does not answer.",
        where=shown(location),
        next_step="Look at its server and the network on the way; what was asked is waited for.",
    )
