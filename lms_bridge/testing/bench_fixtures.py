"""The fixtures of the destination contract: the bench that its tests stand on, and a person at the destination.

Needs pytest, so only the contract imports it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import pytest

from lms_bridge.connector import Destination, Entry, PlaceRef
from lms_bridge.items import Course, Item, Kind
from lms_bridge.sync.report import summary_of
from lms_bridge.testing.bench import Bench
from lms_bridge.testing.sample import make_item

EVERY_KIND = pytest.mark.parametrize("kind", list(Kind), ids=str)
WRITTEN = ("created", "updated", "merged", "deleted")


class Hand(Protocol):
    """A person (and bad luck) at the destination. A method that makes no sense for a kind calls `pytest.skip`."""

    def edit(self, place: PlaceRef, entry: Entry, words: str) -> None:
        """Replace the entry's words, as a person would in the browser, keeping what a person cannot see."""
        ...

    def delete(self, place: PlaceRef, entry: Entry) -> None: ...

    def put(self, place: PlaceRef, title: str) -> None:
        """Somebody else's entry of that title."""
        ...

    def titles(self, place: PlaceRef) -> Sequence[str]:
        """The titles of everything that stands there, ours or not."""
        ...

    def lose_next_answer(self) -> None:
        """The next write is stored, but the connection breaks before its answer."""
        ...


def wrote(bench: Bench) -> dict[str, int]:
    counts = summary_of([bench.sync()])
    assert counts["failed"] == 0
    return {name: count for name, count in counts.items() if count and name in WRITTEN}


class DestinationFixtures:
    """Give fixtures `destination` (empty, with the course of `course`), `course` and `hand`."""

    @pytest.fixture
    def destination(self) -> Destination:
        raise NotImplementedError("Give a fixture `destination` that opens an empty destination.")

    @pytest.fixture
    def hand(self, destination: Destination) -> Hand:
        raise NotImplementedError("Give a fixture `hand` that acts as a person at the destination.")

    @pytest.fixture
    def course(self) -> Course:
        """A course that exists at the destination, with a place for every kind."""
        return Course("BIO-101", "Cell Biology")

    @pytest.fixture
    def bench(self, destination: Destination, tmp_path: Path) -> Bench:
        return Bench(destination, tmp_path)

    @pytest.fixture
    def item(self, kind: Kind, course: Course, bench: Bench) -> Item:
        """One item of the kind under test, which the source lists."""
        if kind not in bench.destination.kinds:
            pytest.skip(f"This destination takes no {kind.value}.")
        item = make_item(kind, course)
        bench.fill(item)
        return item
