"""What the state store remembers besides records: intents, places, runs, before-images, reviews. Types only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from lms_bridge.connector import Action, Body, Outcome, PlaceRef, Record, Sides
from lms_bridge.items import Key, Kind

COPY = "copy"
"""The action of an intent to keep what a person left beside ours: no item has its key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A write that was about to be sent. `digest` is of how it would read back, to know it again without an answer."""

    route: str
    place: str
    key: Key
    run: str
    action: str
    fingerprint: str
    digest: str
    opened: datetime


@dataclass(frozen=True, slots=True)
class KnownPlace:
    place: PlaceRef
    listed: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """`ended` none: the run did not come to its end. `role` and `actor`: who ran it, where that was kept."""

    run: str
    route: str
    destination: str
    started: datetime
    ended: datetime | None
    checksum: str
    exit_code: int | None
    summary: Mapping[str, int]
    role: str | None = None
    actor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What stood in an entry before a write, and what we remembered of it; kept so that a run can be undone.

    `digest_after`: of what the write left there; empty when it took the entry away.
    """

    place: str
    key: Key
    action: Action
    ref: str
    before: Body | None
    record_before: Record | None
    digest_after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """An outcome, and what is remembered from then on: the record that it leaves, and what stood there.

    `before`: the digest of what stood there. `forget`: nothing of ours stands there any more. `closed`: what became of
    it is known although it leaves no record.
    """

    outcome: Outcome
    record: Record | None = None
    image: Image | None = None
    before: str = ""
    forget: bool = False
    closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A conflict that waits for a person. `fingerprint` and `version`: of the two sides as they were when it was found;
    `sides` none: they cannot be shown."""

    route: str
    place: str
    key: Key
    kind: Kind
    title: str
    course: str
    reason: str
    found: datetime
    url: str | None
    fingerprint: str
    version: str
    sides: Sides | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """What a run is doing: `since` when it does it, and the last sign of life."""

    route: str
    run: str
    process: str
    stage: str
    done: int
    total: int
    since: datetime
    beat: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """An item that is not due yet."""

    key: Key
    place: str
    title: str
    course: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedRun:
    """A run of one route that several workers share. `left` of its `groups` of places are not done; `rest` is what its
    report tells besides outcomes, once it has `ended`."""

    run: str
    route: str
    opened: datetime
    ended: datetime | None
    rest: Mapping[str, Any] | None
    groups: int
    left: int


class Topic(StrEnum):
    """No channel's name begins so."""

    ATTEMPT = "_attempt"
    """The service's last try of a route."""
    CANCELLED = "_cancelled"
    """The last run of a route that somebody ended where he had begun it, by hand."""
    CALLS = "_calls"
    """How often a destination was called, by how that ended."""
    BUDGET = "_budget"
    """What a destination's budget had left."""
    FIDELITY = "_fidelity"
    """How much of the pages arrived that a route wrote last."""


@dataclass(frozen=True, slots=True)
class Note:
    """At most 40 signs."""

    text: str
    at: datetime
