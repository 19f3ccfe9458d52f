"""Selections of items by hand: `course:BIO-101`, `page:Cell*`, `prompt:…`, `review:…`, `rating:…`, or a key.

Apart from planning, because a selection never decides what happens to an item, only whether it is looked at.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from lms_bridge.items import Item, Kind

COURSE = "course"


@dataclass(frozen=True, slots=True)
class Selection:
    """`what` is a kind, `course`, or empty for a key."""

    what: str
    pattern: str


def parse_selection(text: str) -> Selection:
    what, colon, pattern = text.strip().partition(":")
    if colon and (what == COURSE or what in set(Kind)):
        return Selection(what, pattern.strip())
    return Selection("", text.strip())


def selects(selection: Selection, item: Item) -> bool:
    if selection.what == "":
        return item.key == selection.pattern
    pattern = selection.pattern.casefold()
    if selection.what == COURSE:
        return fnmatchcase(item.course.idnumber.casefold(), pattern)
    names = (item.title, item.key, item.key.partition(":")[2])
    return item.kind == selection.what and any(fnmatchcase(name.casefold(), pattern) for name in names)


def select(items: Iterable[Item], only: Sequence[str]) -> list[Item]:
    """The items that any of the selections names; all of them when there is no selection."""
    selections = [parse_selection(text) for text in only]
    return [item for item in items if not selections or any(selects(s, item) for s in selections)]
