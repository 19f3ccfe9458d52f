"""Who came in, who went and who was refused, for the audit trail: in so few lines that nobody fills it by guessing.

Refusals are counted by the name that they were for, and told at the first, tenth, hundredth … of them. A name that
nobody has is not told: it may be somebody's password in the wrong field, and no line of the trail is ever removed.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from lms_bridge.audit.line import Act, Actor, Deed, Role
from lms_bridge.console.access.roles import Person
from lms_bridge.errors import BridgeError

NOBODY = "somebody unknown"
"""No one can be called so in a password file."""
_FORGOTTEN = timedelta(hours=1)
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Refused:
    times: int
    last: datetime
    kept_waiting: bool = False


class Entrances:
    """`tell` adds a line and may raise BridgeError; `is_known`: whether somebody has that name. Safe in many threads.

    Counts are held for as many names as are known, and one besides.
    """

    def __init__(
        self, tell: Callable[[Act, Actor], None], clock: Callable[[], datetime], is_known: Callable[[str], bool]
    ) -> None:
        self._tell = tell
        self._clock = clock
        self._is_known = is_known
        self._refused: dict[str, _Refused] = {}
        self._lock = threading.Lock()

    def came(self, person: Person) -> None:
        with self._lock:
            before = self._refused.pop(person.name, None)
        tries = f", after {before.times} refused" if before is not None else ""
        self._add(Deed.SIGN_IN, person.name, f"as {person.role.word}{tries}")

    def went(self, name: str) -> None:
        self._add(Deed.SIGN_OUT, name, "")

    def refused(self, name: str = "") -> None:
        """A password that was wrong, or Entra's no."""
        who = self._known(name)
        with self._lock:
            known = self._counted(who)
            known.times += 1
            times = known.times
        if is_round(times):
            self._add(Deed.REFUSED, who, f"{times} times" if times > 1 else "")

    def kept_waiting(self, name: str, seconds: float) -> None:
        """After too many wrong ones nobody may try for a while: told once until an hour passed without any."""
        who = self._known(name)
        with self._lock:
            known = self._counted(who)
            told, known.kept_waiting = known.kept_waiting, True
        if not told:
            self._add(Deed.LOCKED_OUT, who, f"for {seconds:.0f} seconds")

    def _known(self, name: str) -> str:
        try:
            return name if self._is_known(name) else NOBODY
        except BridgeError:
            return NOBODY

    def _counted(self, who: str) -> _Refused:
        now = self._clock()
        known = self._refused.get(who)
        if known is None or now - known.last >= _FORGOTTEN:
            known = self._refused[who] = _Refused(0, now)
        known.last = now
        return known

    def _add(self, deed: Deed, who: str, about: str) -> None:
        """Nobody is kept out, or in, because the state cannot be written: the log tells it all the same."""
        try:
            self._tell(Act(deed=deed, about=about), Actor(Role.PERSON, who))
        except BridgeError as error:
            _log.error("not in the audit trail: %s: %s", deed.value, error.problem, extra={"by": who})


def is_round(number: int) -> bool:
    """1, 10, 100 and so on."""
    return number > 0 and str(number).strip("0") == "1"
