"""The contract between the engine and the connectors. Types only; every connector passes `lms_bridge.testing`.

A destination holds places (one kind in one container). For each place the engine calls, in this order:
`entries` (unless the state suffices), `addresses`, `render` for each item, `cost`, `write`. Only `entries`, `read` and
`write` talk to the destination.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

from lms_bridge.errors import Problem
from lms_bridge.items import Asset, Item, Key, Kind, Withheld


@dataclass(frozen=True, slots=True)
class Listing:
    """What a source lists. Consume `items` to the end before reading `problems`.

    `complete` is true only when everything the source holds was listed: a guard against pruning by accident.
    `problems` are items that could not be read; the rest of the listing stands. `withheld` names those of them whose
    key is known: read it after `items`, too.
    """

    items: Iterable[Item]
    complete: bool = True
    problems: Sequence[Problem] = ()
    withheld: Sequence[Withheld] = ()
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class PlaceRef:
    """One kind in one container. `container` is the destination's own stable id; `title` is for people."""

    kind: Kind
    container: str
    title: str
    course: str | None = None
    """The course's idnumber where the place belongs to one course."""

    @property
    def id(self) -> str:
        return f"{self.kind.value}@{self.container}"


@dataclass(frozen=True, slots=True)
class Placement:
    """Which items belong in which place; items without a place are told as findings, by key."""

    places: Mapping[PlaceRef, Sequence[Item]]
    missing: Mapping[Key, Problem] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Address:
    """How the destination will name an item: a wiki title, a slug. Chosen once, kept for the entry's life."""

    place: PlaceRef
    name: str


@dataclass(frozen=True, slots=True)
class Context:
    """What rendering may know besides the item: the moment, and where linked items stand in this destination."""

    now: datetime
    addresses: Mapping[Key, Address]


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """An item rendered for one place. Equal fingerprints mean: nothing to write.

    `body` is destination HTML whose images are still `asset:DIGEST`; `fields` are plain JSON values.
    `not_before`: the moment before which it must not be created. `parent` is written first.
    """

    key: Key
    kind: Kind
    course: str
    title: str
    address: str
    body: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: str
    not_before: datetime | None = None
    parent: Key | None = None
    assets: tuple[Asset, ...] = ()
    notices: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What stands in a place now.

    `mark` is `items.mark(key)` as read back from the entry, or none when it is not ours. `version` is the destination's
    own (wiki version, ETag) or a digest. `fingerprint` is the one of our last write where the entry carries it.
    """

    ref: str
    version: str
    name: str
    mark: str | None = None
    fingerprint: str | None = None
    title: str = ""
    url: str | None = None
    unfinished: bool = False
    """A write of ours stands there that was cut off before readers saw it: it is to be written again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The text that stands in an entry, as the destination gives it back; `text` is readable, for diffs."""

    title: str
    html: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What we last applied. `digest` and `base` are of what the destination gave back, not of what we sent.

    `drifted` marks an entry that was adopted although its text is not what we would have written.
    """

    key: Key
    kind: Kind
    place: str
    ref: str
    name: str
    fingerprint: str
    version: str
    digest: str
    base: str = ""
    title: str = ""
    course: str = ""
    url: str | None = None
    drifted: bool = False
    deleted: bool = False
    """A person deleted the entry: it is not made again unless the policy says so."""


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    MERGE = "merge"
    ADOPT = "adopt"
    DELETE = "delete"
    FORGET = "forget"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One step of a plan. `reason` says why in words; `conflict` marks a skip that waits for a person,
    `guarded` a change that waits for approval by a limit."""

    action: Action
    key: Key
    kind: Kind
    place: PlaceRef
    course: str
    title: str
    reason: str
    payload: Payload | None = None
    entry: Entry | None = None
    record: Record | None = None
    conflict: bool = False
    guarded: bool = False


class Status(StrEnum):
    DONE = "done"
    FAILED = "failed"
    CONFLICT = "conflict"
    AMBIGUOUS = "ambiguous"
    """Sent, and no usable answer: the intent stays open and is looked up in the next run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one change. After a write that stands, `entry` and `body` are what was read back."""

    change: Change
    status: Status
    entry: Entry | None = None
    body: Body | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """What changes will cost: HTTP calls, SharePoint resource units, seconds, and what people should know first."""

    calls: int = 0
    units: int = 0
    seconds: float = 0.0
    notices: tuple[Problem, ...] = ()

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.calls + other.calls,
            self.units + other.units,
            self.seconds + other.seconds,
            self.notices + tuple(n for n in other.notices if n not in self.notices),
        )


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a pre-flight check: what was looked at, how it is, and what to click when it is wrong."""

    level: Level
    what: str
    problem: Problem | None = None
    unreachable: bool = False


class Source(Protocol):
    name: str

    def items(self, since: str | None = None) -> Listing:
        """Everything the source holds, or what changed since a cursor. Raises SourceError when it cannot be read."""
        ...

    def check(self) -> Iterable[Finding]: ...


class Place(Protocol):
    """One kind in one container. One thread at a time.

    A place whose destination has no way to delete an entry says so with `can_delete = False`; without it, it can. One
    that must be told where to look has `expect(records)`, called before `entries` with what we last applied there.
    """

    ref: PlaceRef

    def addresses(self, items: Sequence[Item], standing: Mapping[Key, str]) -> Mapping[Key, str]:
        """Name every item. Names in `standing` are kept; new ones are unique in the place. Pure."""
        ...

    def render(self, item: Item, context: Context) -> Payload:
        """Raises ContentError for an item that cannot stand here. Pure."""
        ...

    def entries(self) -> Iterable[Entry]:
        """What stands there, in one bulk listing. Raises DestinationError; never lists half."""
        ...

    def read(self, entry: Entry) -> Body:
        """The text now standing there. Raises NotFound, DestinationError."""
        ...

    def expected(self, payload: Payload) -> Body:
        """How the payload would read back: for diffs, and to tell on adoption whether a person changed it. Pure."""
        ...

    def cost(self, changes: Sequence[Change]) -> Cost:
        """What `write` would cost. Pure."""
        ...

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Exactly one outcome a change, as soon as it is known. Gets create, update, merge, adopt and delete.

        A create carries the key as a marker inside the call itself. An update refuses (CONFLICT) when the entry's
        version is no longer `change.entry.version`. Adopt reads only. What was written is read back. Raises nothing
        for a single change; DestinationError when the place itself is lost (the rest is then not written).
        """
        ...


class Destination(Protocol):
    name: str
    kinds: frozenset[Kind]

    def locate(self, items: Iterable[Item]) -> Placement:
        """Find each item's place, with bulk look-ups. What has no place is told in `missing`."""
        ...

    def open(self, ref: PlaceRef) -> Place: ...

    def check(self) -> Iterable[Finding]:
        """Pre-flight: every function, capability, permission, field and activity, by name. Writes nothing."""
        ...

    def calls(self) -> Mapping[str, int]:
        """Calls made so far, by name, for reports and tests."""
        ...

    def close(self) -> None: ...


class SourceFactory(Protocol):
    def __call__(self, name: str, settings: Any, folder: Path) -> Source: ...


class DestinationFactory(Protocol):
    def __call__(self, name: str, settings: Any, folder: Path) -> Destination: ...


@dataclass(frozen=True, slots=True)
class Connector:
    """What a connector's package exports as `CONNECTOR`.

    `settings` is a pydantic model (`extra="forbid"`); secrets in it are `pydantic.SecretStr`. `source` and
    `destination` open it with the name it has in connectors.yaml and the folder that relative paths start from.
    """

    name: str
    settings: type[BaseModel]
    source: SourceFactory | None = None
    destination: DestinationFactory | None = None
