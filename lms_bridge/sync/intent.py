"""What the state store remembers besides records. Types only, so that planning needs no database library."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from lms_bridge.connector import PlaceRef
from lms_bridge.items import Key


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
    id: int = 0


@dataclass(frozen=True, slots=True)
class KnownPlace:
    place: PlaceRef
    listed: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """`ended` none: the run did not come to its end."""

    run: str
    route: str
    destination: str
    started: datetime
    ended: datetime | None
    checksum: str
    exit_code: int | None
    summary: Mapping[str, int]
