"""One route on a bench: a source that the test fills, a destination under test, and a state file that can be lost."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from lms_bridge.connector import Destination, Entry, Place, PlaceRef, Record
from lms_bridge.items import Item, Key, Kind, mark
from lms_bridge.sync.apply import apply
from lms_bridge.sync.policy import Deleted, Drift, Policy, Prune
from lms_bridge.sync.route import prepare
from lms_bridge.sync.run import Plan, Report, Route
from lms_bridge.sync.state import State
from lms_bridge.sync.undo import plan_undo, undo
from lms_bridge.testing.memory_source import MemorySource
from lms_bridge.testing.sample import SOURCE

OVERWRITE = Policy(drift=dict.fromkeys(Kind, Drift.OVERWRITE))
LEAVE = Policy(drift=dict.fromkeys(Kind, Drift.REPORT))
PRUNE = Policy(prune=dict.fromkeys(Kind, Prune.DELETE))
HIDE = Policy(prune=dict.fromkeys(Kind, Prune.HIDE))
MERGE = Policy(drift=dict.fromkeys(Kind, Drift.MERGE))
KEEP_BOTH = Policy(drift=dict.fromkeys(Kind, Drift.KEEP_BOTH))
RECREATE = Policy(deleted=Deleted.RECREATE)


@cache
def empty_state() -> bytes:
    """A fresh state file: making it anew each time would be most of a short test's time."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "state.sqlite"
        State.open(file).close()
        return file.read_bytes()


@dataclass(slots=True)
class Bench:
    destination: Destination
    folder: Path
    source: MemorySource = field(default_factory=lambda: MemorySource(SOURCE))
    now: datetime = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    name: str = "bench"

    @property
    def file(self) -> Path:
        return self.folder / "state.sqlite"

    def open(self) -> State:
        if not self.file.exists():
            self.file.write_bytes(empty_state())
        return State.open(self.file)

    def route(self, policy: Policy | None = None) -> Route:
        return Route(self.name, self.source, self.destination, self.destination.kinds, policy or Policy())

    def fill(self, *items: Item) -> None:
        self.source.content = list(items)

    def change(self, item: Item) -> None:
        """Put an item in the place of the one with its key."""
        self.source.content = [item if old.key == item.key else old for old in self.source.content]

    def plan(self, policy: Policy | None = None, only: Sequence[str] = ()) -> Plan:
        with self.open() as state:
            return prepare(self.route(policy), state, now=self.now, only=only)

    def sync(self, policy: Policy | None = None, *, approve: bool = False, only: Sequence[str] = ()) -> Report:
        route = self.route(policy)
        with self.open() as state, state.lease(route.name):
            plan = prepare(route, state, now=self.now, only=only)
            return apply(plan, route, state, now=self.now, approve=approve)

    def records(self) -> list[Record]:
        """What is remembered of what was applied."""
        with self.open() as state:
            return list(state.records(self.name))

    def undo(self, report: Report, *only: Key) -> Report:
        """Take back what a sync wrote."""
        route = self.route()
        with self.open() as state, state.lease(route.name):
            return undo(route, state, plan_undo(route, state, report.run, now=self.now, only=only), now=self.now)

    def lose_state(self) -> None:
        for file in self.folder.glob(f"{self.file.name}*"):
            file.unlink()

    def place(self, key: Key) -> Place:
        """The place of an item, opened as in a run: located first."""
        placement = self.destination.locate(self.source.content)
        for ref, items in placement.places.items():
            if any(item.key == key for item in items):
                return self.destination.open(ref)
        raise LookupError(key)

    def entries(self, key: Key) -> list[Entry]:
        """Everything that stands under an item's mark, in the item's place."""
        return [entry for entry in self.place(key).entries() if entry.mark == mark(key)]

    def entry(self, key: Key) -> Entry:
        (entry,) = self.entries(key)
        return entry

    def places(self) -> list[PlaceRef]:
        return list(self.destination.locate(self.source.content).places)
