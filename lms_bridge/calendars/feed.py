"""A calendar as the config names it. Types only, and their form on the way to another process."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What an event means. `zone`: of days, and of times that name none, unless the calendar names one for itself and
    `zone_is_sure` is false. `pattern` and `named` tell courses by an event's words; `others` is whether an event that
    tells none freezes everything. Without `by_course` each event does. `before` and `after` are seconds."""

    zone: str = "UTC"
    zone_is_sure: bool = False
    only: str = ""
    by_course: bool = False
    pattern: str = ""
    named: tuple[tuple[str, tuple[str, ...]], ...] = ()
    others: bool = True
    before: float = 0.0
    after: float = 0.0

    def digest(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """`address` is a secret; without one it is a `file`. `copy`: where what was read of it is kept, without an ending.
    `why` is what people are told. `where`: in the config."""

    name: str
    where: str
    copy: Path
    address: str = field(default="", repr=False)
    file: Path | None = None
    ca_file: Path | None = None
    every: timedelta = timedelta(minutes=15)
    why: str = ""
    open_unless_known: bool = False
    rules: Rules = field(default_factory=Rules)

    def at_its_place(self) -> "Feed":
        """Kept apart from what was read at another address under the same name."""
        place = hashlib.sha256(f"{self.address} {self.file or ''}".encode()).hexdigest()[:12]
        return replace(self, copy=self.copy.with_name(f"{self.copy.name}-{place}"))


def as_plain(feed: Feed) -> dict[str, Any]:
    """For a pipe: it holds the address."""
    plain = asdict(feed)
    paths = {name: str(plain[name]) if plain[name] is not None else None for name in ("copy", "file", "ca_file")}
    return plain | paths | {"every": feed.every.total_seconds()}


def from_plain(told: Mapping[str, Any]) -> Feed:
    rules = dict(told["rules"])
    rules["named"] = tuple((word, tuple(courses)) for word, courses in rules["named"])
    paths = {name: Path(told[name]) if told[name] else None for name in ("file", "ca_file")}
    every = timedelta(seconds=told["every"])
    return Feed(**{**told, **paths, "copy": Path(told["copy"]), "every": every, "rules": Rules(**rules)})
