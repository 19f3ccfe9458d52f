"""What the console may ask of the service and tell it to do. Types only: neither room leans on the other's inside.

Every moment is aware and in UTC. Everything here is answered from memory or with one quick question to the state.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class SyncStatus(StrEnum):
    """How a route, or an item, stands: the worst that holds is told, in this order from the best."""

    IN_STEP = "in_step"
    PENDING = "pending"
    """It has work to do: never run yet, a change of the config since, or a prompt that is due."""
    DRIFTED = "drifted"
    """People changed entries, and their text was left."""
    DEFERRED = "deferred"
    """A run ended before everything was tried, or waits for a window to open."""
    CONFLICT = "conflict"
    """A person has to decide: both sides changed, or a limit waits for approval."""
    FAILED = "failed"
    UNKNOWN = "unknown"
    """The state cannot be read."""


class ConnectorStatus(StrEnum):
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    """Items fail that the other side refuses."""
    DOWN = "down"
    """It could not be reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """A run as the state remembers it. `ended` none: it is under way, or was cut off."""

    run: str
    started: datetime
    ended: datetime | None
    exit_code: int | None
    word: str
    """Of its exit code: `done`, `failed`, `config`, `approval`, `conflict`, `unreachable`, `stopped`; `cut_off` or
    `running` where it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteStatus:
    name: str
    sync: SyncStatus
    connector: ConnectorStatus
    last_run: LastRun | None
    next_run: datetime | None
    """None: nothing is scheduled, and `detail` says why."""
    running: bool
    waits: int
    """How much waits for a person: conflicts, and changes that a limit holds back."""
    detail: str
    """One sentence about anything out of the ordinary; empty otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a run that is under way does: `done` of `total` of a `stage`, since when, and the last sign of life."""

    run: str
    stage: str
    done: int
    total: int
    since: datetime
    beat: datetime


@dataclass(frozen=True, slots=True)
class Health:
    """`ready`: config valid, state reachable, scheduler ticking. `problems` tell what is not, or not quite."""

    ready: bool
    problems: tuple[str, ...]


class Doors(Protocol):
    """Made by the service, passed to the console. Safe to call from any thread."""

    @property
    def config_file(self) -> Path:
        """The connectors.yaml that the service runs by."""
        ...

    def health(self) -> Health: ...

    def routes(self) -> Sequence[RouteStatus]:
        """All routes in the order of the config."""
        ...

    def start(
        self,
        route: str,
        *,
        by: str,
        only: Sequence[str] = (),
        checksum: str | None = None,
        approve: str | None = None,
        override: bool = False,
    ) -> None:
        """Have a route run now; returns at once, before the run has begun. `by` is the person, for the log.

        `only` are selections, `checksum` and `approve` those of `lms-bridge sync`. `override`: although a window
        forbids it, which is logged. Raises BridgeError when there is no such route, when it runs already, and when a
        window forbids it.
        """
        ...

    def progress(self, route: str) -> Progress | None:
        """None while nothing is under way, or before the first sign of life."""
        ...

    def cancel(self, route: str, *, by: str) -> bool:
        """Ask a run that the service began to end in good order. False where none is under way. Returns at once."""
        ...
