"""A destination in memory whose connector has mistakes in it, or cannot do everything that others can."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from lms_bridge.connector import Body, Change, Entry, Outcome, Payload, PlaceRef
from lms_bridge.items import Item, Key, Page, mark
from lms_bridge.testing.memory import MemoryDestination, MemoryPlace

Way = Callable[[Sequence[Change], Iterator[Outcome]], Iterator[Outcome]]
"""How a connector answers: what it was given, and what a good one would say."""


def well(changes: Sequence[Change], good: Iterator[Outcome]) -> Iterator[Outcome]:
    return good


class Odd(MemoryDestination):
    """A destination whose connector has a mistake in it for a while."""

    way: Way = staticmethod(well)
    unread: Exception | None = None
    kind_of_place: "type[OddPlace] | None" = None
    threads: frozenset[str] = frozenset()
    """Those that listed or wrote something."""

    def open(self, ref: PlaceRef) -> "OddPlace":
        return (self.kind_of_place or OddPlace)(ref, self)


class OddPlace(MemoryPlace):
    destination: Odd

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        self.destination.threads |= {threading.current_thread().name}
        return self.destination.way(changes, MemoryPlace.write(self, changes))

    def entries(self) -> Iterable[Entry]:
        self.destination.threads |= {threading.current_thread().name}
        return MemoryPlace.entries(self)

    def read(self, entry: Entry) -> Body:
        if self.destination.unread is not None:
            raise self.destination.unread
        return MemoryPlace.read(self, entry)


class Wordless(OddPlace):
    """Cannot write any text but an item's own."""

    adapt = None  # type: ignore[assignment]


class TwoCalls(OddPlace):
    """Writes the title of an entry first, and its text by a call of its own."""

    def halfway(self, payload: Payload) -> list[Body]:
        return [Body(title=payload.title, html="", fields=dict(payload.fields))]


FRONT = "Front page"


class Wiki(OddPlace):
    """As Moodle's: its first page is the course's index page, and no two pages have one name."""

    def addresses(self, items: Sequence[Item], standing: Mapping[Key, str]) -> Mapping[Key, str]:
        taken = {FRONT, *standing.values()}
        names: dict[Key, str] = {}
        for item in items:
            first = FRONT if isinstance(item, Page) and item.index else item.title
            free = first if first == FRONT or first not in taken else f"{first} ({mark(item.key)[:4]})"
            names[item.key] = standing.get(item.key, free)
            taken.add(names[item.key])
        return names
