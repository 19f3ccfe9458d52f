"""A route, what a run plans for it and what became of that. Types only: what `prepare` and `apply` hand to reports."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from lms_bridge.connector import (
    Action,
    Change,
    Cost,
    Destination,
    Glance,
    Outcome,
    Place,
    PlaceRef,
    Record,
    Source,
    Status,
)
from lms_bridge.errors import Problem
from lms_bridge.items import Key, Kind
from lms_bridge.sync.catalogue import Catalogue
from lms_bridge.sync.intent import Waiting
from lms_bridge.sync.policy import Policy

Progress = Callable[[str, int, int], None]
"""Called with what is going on ("reading", "listing", "writing"), how much of it is done, and of how many."""


def no_progress(stage: str, done: int, total: int) -> None:
    """For callers that show nothing."""


@dataclass(frozen=True, slots=True)
class Route:
    """One source into one destination, for some kinds."""

    name: str
    source: Source
    destination: Destination
    kinds: frozenset[Kind] = frozenset(Kind)
    policy: Policy = field(default_factory=Policy)
    glance: Callable[[], Glance] | None = None
    """Of a source that can tell whether it changed (see `Connector`)."""
    basis: str = ""
    """What the outcome rests on besides items, state and destination, in one line: settings and code. Empty: unknown.
    """


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that could not be done. `key` is empty where it is not about one item."""

    key: Key
    problem: Problem


@dataclass(frozen=True, slots=True)
class Ground:
    """What the outcome of a route rests on: equal ground, equal outcome. Each is one line."""

    basis: str
    source: str
    """Empty where it cannot be told: something was touched just now."""
    standing: str
    beside: str
    """What other routes have at the destination."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a sync of one route would do.

    `approvals` says in sentences which limits were met; those changes are `guarded`. `places` are open and belong to
    this plan; `refreshed` and `listed` are what the store should remember although nothing is written.
    """

    route: str
    destination: str
    made: datetime
    changes: tuple[Change, ...] = ()
    in_step: tuple[Change, ...] = field(default=(), repr=False)
    """What needs nothing done, as skips without a reason."""
    still: int = 0
    """What is known to need nothing done without having been looked at one by one."""
    ground: Ground | None = field(default=None, repr=False)
    """What it rests on, where a run that finds the same may take it for its own."""
    outline: str | None = field(default=None, repr=False)
    """What its source may be asked for later: what was touched since."""
    until: datetime | None = None
    """The next moment at which an item turns into something else by itself, as far as its source tells."""
    selected: int = 0
    """How many items were looked at."""
    partial: bool = False
    """A selection was looked at, so what was not looked at is as it was."""
    takes_away_at_once: bool = False
    """Deletes wait for nothing, whatever else fails."""
    cost: Cost = field(default_factory=Cost)
    checksum: str = ""
    failures: tuple[Failure, ...] = ()
    notices: tuple[Problem, ...] = ()
    approvals: tuple[str, ...] = ()
    unreachable: bool = False
    waiting: tuple[Waiting, ...] = ()
    refreshed: tuple[Record, ...] = field(default=(), repr=False)
    deleted: tuple[Record, ...] = field(default=(), repr=False)
    """Of entries that a delete without an answer took away, while the source has their items again."""
    listed: tuple[PlaceRef, ...] = field(default=(), repr=False)
    ours: Mapping[tuple[str, Key], frozenset[str]] = field(default_factory=dict, repr=False)
    """Digests of earlier writes whose answer never came, by place and key."""
    texts: Mapping[Key, str] = field(default_factory=dict, repr=False)
    """The items' own texts: how much of them arrived is told by what is read back."""
    catalogue: Catalogue = field(default_factory=Catalogue, repr=False)
    cursor: str | None = None
    """What the source wants to be told next time; none when it did not list as a whole."""
    places: Mapping[str, Place] = field(default_factory=dict, repr=False)

    @property
    def unchanged(self) -> int:
        return len(self.in_step) + self.still

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(failure.problem for failure in self.failures)

    @property
    def pending(self) -> tuple[Change, ...]:
        """What would be written or forgotten, with or without approval."""
        return tuple(change for change in self.changes if change.action is not Action.SKIP)

    @property
    def conflicts(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.conflict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of one route in a run. `outcomes` are of what was tried; `held` waits for approval."""

    run: str
    route: str
    destination: str
    started: datetime
    ended: datetime
    outcomes: tuple[Outcome, ...] = ()
    skipped: tuple[Change, ...] = ()
    held: tuple[Change, ...] = ()
    postponed: tuple[Change, ...] = ()
    """Deletes that were not tried, because something else failed."""
    unchanged: int = 0
    failures: tuple[Failure, ...] = ()
    notices: tuple[Problem, ...] = ()
    approvals: tuple[str, ...] = ()
    unreachable: bool = False
    stopped: str = ""
    """Why the run ended before everything was tried; empty when it came to its end."""
    fidelity: Mapping[Key, Mapping[str, float]] = field(default_factory=dict)
    """Pages that were written and did not arrive whole, with the shares that did."""

    @property
    def done(self) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.status is Status.DONE)

    @property
    def conflicts(self) -> tuple[Change, ...]:
        """What waits for a person: known when planned, or met while writing."""
        met = tuple(outcome.change for outcome in self.outcomes if outcome.status is Status.CONFLICT)
        return tuple(change for change in self.skipped if change.conflict) + met
