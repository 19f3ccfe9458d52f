"""What passes between the engine and the connectors: payloads, entries, records and changes. Types only.

Apart from `connector`, which holds the verbs; import these names from there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any

from lms_bridge.demand import body_on_demand
from lms_bridge.errors import Problem
from lms_bridge.items import Asset, Key, Kind


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


@body_on_demand
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
    own (wiki version, ETag) or a digest. `fingerprint` is the one of our last write where the entry carries it, and
    `installation` the name that the mark is signed with.
    """

    ref: str
    version: str
    name: str
    mark: str | None = None
    fingerprint: str | None = None
    installation: str | None = None
    title: str = ""
    url: str | None = None
    unfinished: bool = False
    """A write of ours stands there that was cut off before readers saw it: it is to be written again."""
    unseen: bool = False
    """Readers see it only once somebody there approves it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The text that stands in an entry, as the destination gives it back. What is no HTML is in `fields`."""

    title: str
    html: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What we last applied. `digest` and `base` are of what the destination gave back, not of what we sent.

    `drifted` marks an entry that holds words of people: what stands there is not what we would have written alone.
    `fields` are the payload's, so that what stands can be written again when its item is gone. `fidelity` tells the
    shares of a text that arrived.
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
    base_title: str = ""
    base_fields: Mapping[str, Any] | None = None
    """None: nobody knows what the destination gave back last time."""
    title: str = ""
    course: str = ""
    parent: Key | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    fidelity: Mapping[str, float] = field(default_factory=dict)
    url: str | None = None
    drifted: bool = False
    deleted: bool = False
    """A person deleted the entry: it is not made again unless the policy says so."""
    hidden: bool = False
    """Its item is gone, and a notice stands in place of its text."""
    unseen: bool = False
    """Readers see it only once somebody there approves it."""


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    MERGE = "merge"
    ADOPT = "adopt"
    HIDE = "hide"
    DELETE = "delete"
    FORGET = "forget"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """What a person and the source made of one entry since `base`, and both in one. `clashes` counts where they meet;
    there `merged` keeps the person's words."""

    base: Body
    theirs: Body
    ours: Body
    merged: Body
    clashes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One step of a plan. `reason` says why in words; `conflict` marks a skip that waits for a person,
    `guarded` a change that waits for approval by a limit.

    `before` is what stands there now, where that is known. A merge writes its payload, which holds both `sides`, and so
    does a create that is a copy `of` another entry: what a person left, kept beside ours. A change `after` another one
    is written only once that one stands.
    """

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
    before: Body | None = None
    sides: Sides | None = None
    of: Key | None = None
    after: Key | None = None
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What an item is to be in its source, as people made it in a destination: its title, and its text in canonical
    HTML; none where it stays as it is."""

    key: Key
    title: str | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """A file of a source with people's words in it. `path` is relative to the source's `folder`; `name` is what people
    call it. `before` is what lies there, as bytes, like `after`."""

    folder: Path
    path: PurePosixPath
    name: str
    before: bytes
    after: bytes
