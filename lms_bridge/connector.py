"""The contract between the engine and the connectors. Types only; every connector passes `lms_bridge.testing`.

A destination holds places (one kind in one container). For each place the engine calls, in this order:
`entries` (unless the state suffices), `addresses`, `render` for each item, `cost`, `write`. Only `entries`, `read` and
`write` talk to the destination.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lms_bridge.changes import (
    Action,
    Body,
    Change,
    Cost,
    Edit,
    Entry,
    Outcome,
    Payload,
    PlaceRef,
    Record,
    Rewrite,
    Sides,
    Status,
)
from lms_bridge.errors import Problem
from lms_bridge.items import Draft, Item, Key, Kind, Withheld
from lms_bridge.spending import CallEnd, Left, SharedBudget, Spent

if TYPE_CHECKING:
    # Whoever only reads the state needs no settings, and these take 8 MB.
    from pydantic import BaseModel

__all__ = [
    "Action",
    "Address",
    "Body",
    "CallEnd",
    "Change",
    "Connector",
    "Context",
    "Cost",
    "Destination",
    "DestinationFactory",
    "Edit",
    "Entry",
    "Finding",
    "Left",
    "Level",
    "Listing",
    "Outcome",
    "Payload",
    "Place",
    "PlaceRef",
    "Placement",
    "Record",
    "Revision",
    "Rewrite",
    "SharedBudget",
    "Sides",
    "Source",
    "SourceFactory",
    "Spent",
    "Status",
]


@dataclass(frozen=True, slots=True)
class Listing:
    """What a source lists. Consume `items` to the end before reading `problems`.

    `complete` is true only when everything the source holds was listed: a guard against pruning by accident.
    `problems` are items that could not be read; the rest of the listing stands. `withheld` names those of them whose
    key is known: read it after `items`, too. `drafts` are no items yet.
    """

    items: Iterable[Item]
    complete: bool = True
    problems: Sequence[Problem] = ()
    withheld: Sequence[Withheld] = ()
    drafts: Sequence[Draft] = ()
    cursor: str | None = None
    outline: str | None = None
    """What `touched` goes by later; none when not everything was listed."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What a source looks like from outside. `told` is equal as long as `items` would give the same for the same
    cursor, and empty where that cannot be said. `seen` is the source's own: `touched` may be handed it, so that nothing
    is looked at twice."""

    told: str
    seen: Any = None


@dataclass(frozen=True, slots=True)
class Touched:
    """What may be another one since an outline was made: `items`, whole, and nothing else. `outline` is the next."""

    items: Sequence[Item]
    outline: str


@dataclass(frozen=True, slots=True)
class Meant:
    """Some of a source. `item`: whether the one of this kind, key and title is meant, in the course of this id number.
    `any_in`: whether any is of this kind, in the course of this id number, whose key begins so."""

    item: Callable[[Kind, Key, str, str], bool]
    any_in: Callable[[Kind, str, str], bool]


@dataclass(frozen=True, slots=True)
class Part:
    """What is meant of a source, whole. With it, and without text and images: what stands in the same courses, and in
    those that texts lead to. Reviews and ratings of the latter are left out. All in the order of a listing."""

    items: Sequence[Item]


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
    """What rendering may know besides the item: the moment, where the item and those that its text links to stand in
    this destination (others need not be in `addresses`), and the name that this installation signs its marks with
    (empty: they are not signed)."""

    now: datetime
    addresses: Mapping[Key, Address]
    installation: str = ""


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


@dataclass(frozen=True, slots=True)
class Ending:
    """Something without which a destination lets nobody in, that ends at a moment."""

    what: str
    where: str
    ends: datetime
    next_step: str


class Source(Protocol):
    """One that can be written to has `revised(edits) -> Revision`, which writes nothing yet.

    One that can save itself work has `remember(folder, code)`, called before any listing: a folder of its own, to be
    made by it, for what it may lose at any time; `code` is equal as long as the program and its libraries are the same.

    One that can tell what little changed has `touched(outline, seen) -> Touched | None`: since the listing, or the
    answer, that named the outline. `seen` is what a glance saw that was taken before, or none. None where it cannot
    say, or where items came, went, or are called otherwise.

    One that need not read everything for a part of it has `part(meant) -> Part | None`. None where it cannot say that
    the part is what a listing of everything would have of it. An index page that is to be made for a course is asked
    about as well, by `index_key` and the course's title.

    One whose drafts can be approved from outside has `approved(key) -> Rewrite`, the draft's file as it is and as it
    would be, and `approve(rewrite)`, which writes it. Both raise NotFound when no draft has the key any more, and
    ContentError when it cannot be done.
    """

    name: str

    def items(self, since: str | None = None) -> Listing:
        """Everything the source holds, or what changed since a cursor. Raises SourceError when it cannot be read."""
        ...

    def check(self) -> Iterable[Finding]: ...


@dataclass(frozen=True, slots=True)
class Revision:
    """A source as it would be with people's edits in it: `source` lists it so. `files` are all that differ from what
    lies there; `held` are edits that it cannot take, by key."""

    source: Source
    files: Sequence[Rewrite]
    held: Mapping[Key, Problem]
    by_key: Mapping[Key, str] = field(default_factory=dict)
    """The file of each edit that was taken, as people call it."""


class Place(Protocol):
    """One kind in one container. One thread at a time.

    `prunes` names the ways in which an entry can be taken away here: "hide" (a notice in place of its text), "recycle"
    (into a bin that people can empty and search) and "delete"; without it, it is "delete" alone. A place that must be
    told where to look has `expect(records)`, called before `entries` with what we last applied there. One that can
    write any text in the form that `read` gives, a merged one for example, has `adapt(like, body)`: the payload `like`
    with that title, text and fields in place of its own, pure; everything else (mark, fingerprint, address) stays. One
    that can hide has `hide(like, notice)`: the payload that says the notice (HTML) in place of its text, pure.
    One that writes many together, within a second or two, has `at_once`: how many are begun before it is asked whether
    the run is to end; their outcomes, which come together, are saved together. One that writes an entry by several
    calls has `halfway(payload)`: the bodies that may stand there between them, pure.
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
        """Exactly one outcome a change, as soon as it is known. Gets create, update, merge, hide, adopt and delete.

        A create carries the key as a marker inside the call itself. An update, a merge and a hiding write the payload
        and refuse (CONFLICT) when the entry's version is no longer `change.entry.version`. Adopt reads only. What was
        written is read back. Raises nothing for a single change; DestinationError when the place itself is lost: what
        became of the rest is looked up by the next run.
        """
        ...


class Destination(Protocol):
    """One that waits for its server has `interrupt(finish=…)`, called from another thread when a run is to end: nobody
    waits any longer, and unless `finish` nothing more is sent. One that heeds what its server bears has `share(budget)`
    with a SharedBudget, called before any work where several processes work side by side. One that answers many
    listings at once for little more than one has `ahead(places)`: places that are listed next, about in this order,
    each with how many entries are thought to stand there; what was asked ahead, the next `entries` alone gives. One
    that finds sooner what it is told the whereabouts of has `recall(places)`, called before `locate`: where the items
    stood when they were last located. They may have moved since, or be gone. One whose items are dear to locate has
    `whereabouts(items, places) -> str`, what locating them goes by, with the places as for `recall`; of several threads
    at once; and `trust(told)`, called before `locate`, where what other processes found so is looked up no more. Raises
    ValueError for what is no such text. One that counts its requests has `spent() -> Spent`: what was asked since it
    was asked last."""

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
    settings: "type[BaseModel]"
    source: SourceFactory | None = None
    destination: DestinationFactory | None = None
    glance: Callable[[Any, Path], Glance] | None = None
    """Of a source that can tell cheaply, from its settings and the folder, whether anything changed. Moments that items
    name may pass."""
    endings: Callable[[Any, Path], Iterable[Ending]] | None = None
    """What ends, as far as settings and files tell; asks nobody, and says nothing of what cannot be read."""
