"""What is remembered of one route between two looks at it. Lost with the process; what must not be is in the state."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto

from lms_bridge.service.attempt import Attempt
from lms_bridge.service.running import Request
from lms_bridge.service.standing import Ended, Seen
from lms_bridge.service.timetable import Next

_ATTEMPTS = 20


class Unwanted(Enum):
    """Why the running one is to end, perhaps before its process has begun."""

    BY_A_PERSON = auto()
    BY_THE_CONFIG = auto()


@dataclass(slots=True)
class Turn:
    seen: Seen = field(default_factory=Seen)
    next: Next = field(default_factory=lambda: Next(None, "not looked at yet"))
    attempts: list[Ended] = field(default_factory=list)
    recalled: bool = False
    """Whether the state was asked for the last attempt of an earlier process."""
    asked: Request | None = None
    running: Request | None = None
    unwanted: Unwanted | None = None
    went_by: str | None = None
    """What the last attempt went by."""
    looked: datetime | None = None
    """When it was last found that nothing had changed since."""

    def remember(self, attempt: Attempt) -> None:
        self.attempts = [*self.attempts, attempt.ended][-_ATTEMPTS:]
        self.went_by, self.looked = attempt.went_by, None
