"""The port to an engine that hands out jobs: what we ask of one, and no more. Types only.

An engine delivers at least once: a job whose worker died is given to another, and a job may run twice at once when its
worker was only slow. Leases of places and the intent journal make once of that.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Protocol

from lms_bridge.sync.stop import Stop


class Step(StrEnum):
    OPEN = "open"
    """Read the source, and see to it that all of the run is done, whoever dies."""
    SEARCH = "search"
    """Look for the places of some courses."""
    SPLIT = "split"
    """Split the route's places into groups."""
    PART = "part"
    CLOSE = "close"
    """What looks at the route as a whole, once every group is done."""


@dataclass(frozen=True, slots=True)
class Job:
    """One step of one run of one route; `group` tells searches, or parts, apart."""

    run: str
    route: str
    step: Step
    group: int = 0

    @property
    def name(self) -> str:
        """Two jobs of one name are one."""
        return f"{self.run}/{self.route}/{self.step}/{self.group}"

    def as_bytes(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, text: bytes) -> "Job":
        told = json.loads(text)
        return cls(str(told["run"]), str(told["route"]), Step(told["step"]), int(told["group"]))


@dataclass(frozen=True, slots=True)
class Stats:
    waiting: int
    working: int


Work = Callable[[Job], float | None]
"""Does a job, in a thread of its own. None: it is done; else the seconds after which it is to be tried again."""


class Queue(Protocol):
    """Raises StateError where the engine's store cannot be reached."""

    def submit(self, jobs: Sequence[Job]) -> int:
        """How many of them are new: what waits or is worked at already is not taken twice."""
        ...

    def run(self, work: Work, stop: Stop, *, until_idle: bool = False) -> None:
        """Give jobs to `work` until it is time to stop, or until none is left. Returns when what is under way ended."""
        ...

    def cancel(self, run: str) -> int:
        """How many jobs of the run were taken back before anybody had begun them."""
        ...

    def stats(self) -> Stats: ...
