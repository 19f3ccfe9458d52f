"""Who is signed in: random ids in a cookie, everything else here in memory. A restart signs everybody out.

https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html
"""

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lms_bridge.console.access.roles import Person

IDLE = timedelta(minutes=30)
WHOLE = timedelta(hours=10)
MOST = 1_000
"""Sessions at once; the one that was not used for longest makes way."""


@dataclass(frozen=True, slots=True)
class Session:
    person: Person
    began: datetime
    seen: datetime
    token: str
    """What each form of the session carries, so that no other site can send one."""


class Sessions:
    """Safe in several threads. Ids are kept as digests: a look into memory gives none away."""

    def __init__(self, clock: Callable[[], datetime], *, idle: timedelta = IDLE, whole: timedelta = WHOLE) -> None:
        self._clock = clock
        self._idle, self._whole = idle, whole
        self._held: dict[bytes, Session] = {}
        self._lock = threading.Lock()
        self._secret = secrets.token_bytes(32)

    def begin(self, person: Person) -> str:
        """A new id, whatever the visitor carried before."""
        now, id_ = self._clock(), secrets.token_urlsafe(32)
        with self._lock:
            for key in [key for key, held in self._held.items() if self._is_over(held, now)]:
                del self._held[key]
            while len(self._held) >= MOST:
                del self._held[min(self._held, key=lambda key: self._held[key].seen)]
            self._held[_digest(id_)] = Session(person, now, now, secrets.token_urlsafe(32))
        return id_

    def find(self, id_: str) -> Session | None:
        now, key = self._clock(), _digest(id_)
        with self._lock:
            held = self._held.get(key)
            if held is None or self._is_over(held, now):
                self._held.pop(key, None)
                return None
            self._held[key] = replace(held, seen=now)
            return held

    def end(self, id_: str) -> None:
        with self._lock:
            self._held.pop(_digest(id_), None)

    def token_before(self, visitor: str) -> str:
        """The token of the sign-in form, for somebody who has no session yet. `visitor` is in a cookie of theirs."""
        return hmac.new(self._secret, visitor.encode(), hashlib.sha256).hexdigest()

    def _is_over(self, held: Session, now: datetime) -> bool:
        return now - held.seen > self._idle or now - held.began > self._whole


def _digest(id_: str) -> bytes:
    return hashlib.sha256(id_.encode()).digest()
