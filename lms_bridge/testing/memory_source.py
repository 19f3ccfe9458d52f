"""A source in memory: it lists what a test puts into it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lms_bridge.connector import Finding, Level, Listing
from lms_bridge.errors import Problem, SourceError
from lms_bridge.items import Item, Key, Withheld


@dataclass(slots=True)
class MemorySource:
    """Lists what is put into `content`."""

    name: str = "memory"
    content: list[Item] = field(default_factory=list)
    complete: bool = True
    problems: tuple[Problem, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    broken: bool = False
    authors: Mapping[str, frozenset[Key]] = field(default_factory=dict)

    def reviews_by(self, author: str, keys: Iterable[Key]) -> frozenset[Key]:
        return self.authors.get(author, frozenset())

    def rows_by(self, author: str) -> Sequence[str]:
        return [item.origin.name for item in self.content if item.key in self.authors.get(author, ())]

    def items(self, since: str | None = None) -> Listing:
        if self.broken:
            raise SourceError("The source cannot be read.", where=self.name, next_step="Mend it.")
        return Listing(list(self.content), self.complete, self.problems, self.withheld)

    def check(self) -> Iterable[Finding]:
        yield Finding(Level.OK, f"{self.name} can be read")
