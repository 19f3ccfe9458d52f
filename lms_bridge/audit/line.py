"""A line of the trail and the hash that binds it to the one before. Pure.

It tells no texts and no names of those who wrote reviews: what `forget` takes away must not stay here.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from lms_bridge.items import Key, Kind, mark

FIRST = "0" * 64
"""What stands before the first line."""
_MARK = "mark:"


class Role(StrEnum):
    """In which way somebody acts: signed in as a person, as a schedule of the service, or by an account of the
    operating system at its command line."""

    PERSON = "person"
    SCHEDULE = "schedule"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Actor:
    role: Role
    name: str


class Deed(StrEnum):
    """What is told besides the changes themselves, whose deed is that of their action."""

    APPROVE = "approve"
    RESOLVE = "resolve"
    RUN = "run"
    CANCEL = "cancel"
    UNDO = "undo"
    FORGET = "forget person"
    TAKEOVER = "takeover"
    IMPORT = "import state"
    REBUILD = "rebuild state"
    CONFIG = "config"
    WINDOW = "override window"
    SIGN_IN = "sign in"
    SIGN_OUT = "sign out"
    REFUSED = "refused sign-in"
    LOCKED_OUT = "lock out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What is to be told. `before` and `after` are digests; `about` is what was decided: a checksum, an answer, a
    count. `at` none: now."""

    deed: str
    route: str = ""
    run: str = ""
    key: str = ""
    before: str = ""
    after: str = ""
    about: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What was told, as it stands in the trail. `chained` binds it to the line before."""

    number: int
    at: datetime
    role: str
    actor: str
    deed: str
    route: str
    run: str
    key: str
    before: str
    after: str
    about: str
    chained: str


def named(key: Key, kind: Kind) -> str:
    """How the trail calls an item. A review's key may tell whose it is, its mark does not."""
    return f"{_MARK}{mark(key)}" if kind is Kind.REVIEW else key


def names_of(key: str) -> frozenset[str]:
    """All that the trail may call an item."""
    return frozenset({key, f"{_MARK}{mark(key)}"})


def chained(previous: str, values: Iterable[Any]) -> str:
    """`values`: a line's own, in the order of its fields; moments count in UTC, however they were kept."""
    told = [_plain(value) for value in values]
    return hashlib.sha256(f"{previous}\n{json.dumps(told, separators=(',', ':'))}".encode()).hexdigest()


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat(timespec="microseconds") if isinstance(value, datetime) else value
