"""What a destination is asked, and what it bears of that. Types only; `connector` has them for everybody."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class CallEnd(StrEnum):
    """How a request to a destination ended, each try for itself."""

    DONE = "done"
    REFUSED = "refused"
    BUSY = "busy"
    """It is to come again later: throttled, closed for maintenance, or not answered properly."""
    UNANSWERED = "unanswered"
    """Sent, and no whole answer came."""
    UNREACHABLE = "unreachable"
    """Surely not sent."""


@dataclass(frozen=True, slots=True)
class Left:
    """What a budget has left now, what flows into it, and what it holds at most."""

    level: float
    per_second: float
    burst: float


@dataclass(frozen=True, slots=True)
class Spent:
    """What a destination was asked, by how that ended, and what may be asked still, by what is counted."""

    calls: Mapping[CallEnd, int]
    left: Mapping[str, Left]


class SharedBudget(Protocol):
    """What a destination bears from all processes that work on one state. `name` is a part of it that is counted for
    itself: a host, a kind of unit. Called from several threads."""

    def closed(self, name: str) -> float:
        """For how many seconds it asked anybody to be left alone."""
        ...

    def close(self, name: str, seconds: float) -> None:
        """It asked to be left alone for so long: all are to heed it."""
        ...

    def draw(self, name: str, amount: float, *, per_second: float, burst: float) -> float:
        """0: the amount is taken; else the seconds after which to ask again."""
        ...

    def left(self) -> Mapping[str, Left]:
        """Of what was drawn from here, by name."""
        ...
