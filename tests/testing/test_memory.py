"""The source and destination in memory keep the contract; so the contract can be kept."""

from collections.abc import Sequence

import pytest

from lms_bridge.connector import Entry, PlaceRef
from lms_bridge.items import Course, Kind
from lms_bridge.testing.contract import DestinationContract, SourceContract
from lms_bridge.testing.memory import MemoryDestination
from lms_bridge.testing.memory_source import MemorySource
from lms_bridge.testing.sample import SOURCE, make_item


class TestMemorySource(SourceContract):
    @pytest.fixture
    def source(self) -> MemorySource:
        course = Course("BIO-101", "Cell Biology")
        return MemorySource(SOURCE, [make_item(kind, course) for kind in Kind])


class MemoryHand:
    def __init__(self, destination: MemoryDestination) -> None:
        self.destination = destination

    def edit(self, place: PlaceRef, entry: Entry, words: str) -> None:
        thing = self.destination.things[place.id][entry.ref]
        thing.html, thing.version = f"<p>{words}</p>", thing.version + 1

    def delete(self, place: PlaceRef, entry: Entry) -> None:
        del self.destination.things[place.id][entry.ref]

    def put(self, place: PlaceRef, title: str) -> None:
        self.destination.put(place.kind, place.container, title, "<p>Mine.</p>")

    def titles(self, place: PlaceRef) -> Sequence[str]:
        return [thing.title for thing in self.destination.things.get(place.id, {}).values()]

    def lose_next_answer(self) -> None:
        self.destination.lose_next = True


class TestMemoryDestination(DestinationContract):
    @pytest.fixture
    def destination(self) -> MemoryDestination:
        return MemoryDestination(courses=frozenset({"BIO-101"}))

    @pytest.fixture
    def hand(self, destination: MemoryDestination) -> MemoryHand:
        return MemoryHand(destination)
