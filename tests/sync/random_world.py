"""What the random lives are lived in: a destination with troubles, a process that can die anywhere, people who type.

Apart from the rules of such a life, which stand in `test_random`.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Engine

from lms_bridge.audit.actor import account
from lms_bridge.audit.line import Actor
from lms_bridge.connector import Change, Entry, Outcome, PlaceRef
from lms_bridge.errors import Unreachable
from lms_bridge.items import Key, mark
from lms_bridge.sync.state import State
from lms_bridge.sync.state_engine import Store
from lms_bridge.sync.state_history import History
from lms_bridge.sync.state_trail import Trail
from lms_bridge.testing.memory import MemoryDestination, MemoryPlace, Thing


class Killed(BaseException):
    """Stands for `kill -9`: nothing may catch it."""


@dataclass(slots=True)
class Fate:
    """How many boundaries a process lives to see; none: all of them. A dead one reaches nothing any more."""

    left: int | None = None
    dead: bool = False

    def reached(self) -> None:
        """At each boundary: before and after a transaction, before and after a write is stored."""
        if self.left is not None:
            self.left -= 1
            self.dead = self.dead or self.left < 0
        if self.dead:
            raise Killed


class MortalStore(Store):
    fate = Fate()

    @contextmanager
    def transaction(self, *, on_disk: bool = False) -> Iterator[Any]:
        self.fate.reached()
        with super().transaction(on_disk=on_disk) as connection:
            yield connection
        self.fate.reached()


class MortalState(State):
    """A state whose process dies when its fate says so."""

    def __init__(self, engine: Engine, location: str, by: Actor | None = None) -> None:
        super().__init__(engine, location, by)
        self._store = MortalStore(engine)
        self.history = History(self._store)
        self.trail = Trail(self._store, account())

    def meet(self, fate: Fate) -> None:
        assert isinstance(self._store, MortalStore)
        self._store.fate = fate


@dataclass(slots=True)
class Troubled(MemoryDestination):
    """`busy`: places that send everybody away after so many writes. `flaky`: listed with another version each time;
    `versionless`: listed without one; both by mark."""

    fate: Fate = field(default_factory=Fate)
    busy: dict[str, int] = field(default_factory=dict)
    flaky: set[str] = field(default_factory=set)
    versionless: set[str] = field(default_factory=set)
    listings: int = 0

    def open(self, ref: PlaceRef) -> "TroubledPlace":
        return TroubledPlace(ref, self)

    def calm_down(self) -> None:
        for troubles in (self.lost, self.refused, self.closed, self.busy, self.flaky, self.versionless):
            troubles.clear()
        self.unreachable, self.fate = False, Fate()

    def bearing(self, key: Key, place: str) -> list[Thing]:
        """What stands in a place under an item's mark."""
        return [thing for thing in self.things.get(place, {}).values() if thing.mark == mark(key)]


class TroubledPlace(MemoryPlace):
    def entries(self) -> Iterable[Entry]:
        there = self.destination
        assert isinstance(there, Troubled)
        there.listings += 1
        return [self._shown(there, entry) for entry in super().entries()]

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        there = self.destination
        assert isinstance(there, Troubled)
        self._reach()
        for change in changes:
            if there.busy.get(self.ref.id) == 0:
                raise Unreachable("Too many requests.", where=self.ref.title, next_step="Try again later.")
            if self.ref.id in there.busy:
                there.busy[self.ref.id] -= 1
            there.fate.reached()
            outcome = self._write(change)
            there.fate.reached()
            yield outcome

    @staticmethod
    def _shown(there: Troubled, entry: Entry) -> Entry:
        if entry.mark in there.versionless:
            return replace(entry, version="")
        return replace(entry, version=f"{entry.version}~{there.listings}") if entry.mark in there.flaky else entry


@dataclass(slots=True)
class Typed:
    """Words that people typed, each different, and that must be somewhere as long as no person took them away."""

    words: set[str] = field(default_factory=set)
    count: int = 0

    def word(self) -> str:
        self.count += 1
        return f"typed{self.count:03}."

    def replaced(self, old: str, new: str) -> None:
        """A person saved `new` where `old` stood."""
        self.words = {word for word in self.words if word not in old or word in new}
        self.words |= {word for word in new.split() if word.startswith("typed")}

    def lost(self, texts: Iterable[str]) -> set[str]:
        everything = "\n".join(texts)
        return {word for word in self.words if word not in everything}


def text_of(thing: Thing) -> str:
    """All that can be read in an entry, as words."""
    text = " ".join((thing.title, thing.html, json.dumps(dict(thing.fields))))
    return text.replace("<", " <").replace(">", "> ").replace('"', " ")


def remembered(file: Path) -> str:
    """All that the state keeps, as text."""
    with closing(sqlite3.connect(file)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return "\n".join(str(row) for table in tables for row in connection.execute(f'SELECT * FROM "{table}"'))  # noqa: S608
