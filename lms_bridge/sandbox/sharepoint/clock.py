"""The emulator's time and its identifiers: both can be fixed, so that a test sees the same answers twice.

Apart because everything that expires (tokens, digests, throttling windows) must agree on one clock.
"""

import random
import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any


class Clock:
    """Real time plus an offset that can be moved; frozen when a start is given."""

    def __init__(self, start: datetime | None = None) -> None:
        self._frozen = start
        self._offset = timedelta()

    def now(self) -> datetime:
        return (self._frozen or datetime.now(UTC)) + self._offset

    def advance(self, seconds: float) -> datetime:
        self._offset += timedelta(seconds=seconds)
        return self.now()

    def timestamp(self) -> float:
        return self.now().timestamp()


class Ids:
    """GUIDs and other opaque names, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - reproducible names, not secrets
        self._lock = threading.Lock()

    def guid(self) -> str:
        with self._lock:
            return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def shuffle(self, things: list[Any]) -> None:
        with self._lock:
            self._random.shuffle(things)

    def word(self, length: int = 24) -> str:
        with self._lock:
            return "".join(self._random.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=length))


def iso(moment: datetime) -> str:
    """As Graph and SharePoint write it: whole seconds, Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_moment(text: str) -> datetime | None:
    """An ISO date or date-time, as UTC; None when it is neither."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
