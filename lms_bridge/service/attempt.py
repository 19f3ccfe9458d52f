"""What the service remembers of its last try of a route, also after a restart: how it ended, and what it went by.

Most tries leave a run in the state as well, and are told by that; one that ended before its run began leaves this.
"""

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from lms_bridge.service.standing import Ended

_UNKNOWN = "-"
_CANCELLED = "c"


@dataclass(frozen=True, slots=True)
class Attempt:
    """`went_by` none: it cannot be told whether the next one would go by the same."""

    ended: Ended
    went_by: str | None


def digest_of(input_: str | None) -> str | None:
    """Short enough for a note, and none of the config's secrets in it."""
    return hashlib.blake2b(input_.encode(), digest_size=12).hexdigest() if input_ else None


def written(attempt: Attempt) -> str:
    ended = attempt.ended
    seconds = math.ceil((ended.ended - ended.begun).total_seconds()) if ended.ended is not None else 0
    code = _UNKNOWN if ended.code is None else str(ended.code)
    return " ".join([code, str(seconds), attempt.went_by or _UNKNOWN, _CANCELLED if ended.cancelled else _UNKNOWN])


def read(text: str, begun: datetime) -> Attempt:
    code, seconds, went_by, cancelled = text.split(" ")
    ended = begun + timedelta(seconds=int(seconds))
    known = None if code == _UNKNOWN else int(code)
    return Attempt(
        Ended("", begun, ended, known, cancelled=cancelled == _CANCELLED), None if went_by == _UNKNOWN else went_by
    )
