"""Selections of items by hand: `course:BIO-101`, `page:Cell*`, `prompt:…`, `review:…`, `rating:…`, or a key.

Apart from planning, because a selection never decides what happens to an item, only whether it is looked at.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from lms_bridge.connector import Meant
from lms_bridge.items import Item, Key, Kind

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
    return _selects(selection, item.kind, item.key, item.title, item.course.idnumber)


def meant_by(only: Sequence[str], kinds: Collection[Kind]) -> Meant:
    """The selections, as a source is asked for what they name of these kinds."""
    selections = [parse_selection(text) for text in only]

    def item(kind: Kind, key: Key, title: str, course: str) -> bool:
        return kind in kinds and any(_selects(each, kind, key, title, course) for each in selections)

    def any_in(kind: Kind, course: str, begin: str) -> bool:
        return kind in kinds and any(_may_select(each, kind, course, begin) for each in selections)

    return Meant(item, any_in)


def _selects(selection: Selection, kind: Kind, key: Key, title: str, course: str) -> bool:
    if selection.what == "":
        return key == selection.pattern
    pattern = selection.pattern.casefold()
    if selection.what == COURSE:
        return fnmatchcase(course.casefold(), pattern)
    names = (title, key, key.partition(":")[2])
    return kind == selection.what and any(fnmatchcase(name.casefold(), pattern) for name in names)


def _may_select(selection: Selection, kind: Kind, course: str, begin: str) -> bool:
    """Any item of this kind in a course, whose key begins so."""
    if selection.what == "":
        return selection.pattern.startswith(begin)
    if selection.what == COURSE:
        return fnmatchcase(course.casefold(), selection.pattern.casefold())
    return kind == selection.what


def select(items: Iterable[Item], only: Sequence[str]) -> list[Item]:
    """The items that any of the selections names; all of them when there is no selection."""
    selections = [parse_selection(text) for text in only]
    return [item for item in items if not selections or any(selects(s, item) for s in selections)]
