"""Some of a content folder by an outline: what was touched since, or what is asked for. The rest is not read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lms_bridge.connector import Meant, Part, Touched
from lms_bridge.items import Item, Kind, Page, Prompt, index_key
from lms_bridge.markup.links import item_keys
from lms_bridge.sources.files import outline as outlines
from lms_bridge.sources.files.conversion import Conversion
from lms_bridge.sources.files.converting import mark_of
from lms_bridge.sources.files.folder import Leaf
from lms_bridge.sources.files.front_matter import PromptMatter
from lms_bridge.sources.files.glance import Home
from lms_bridge.sources.files.leaves import read_leaf
from lms_bridge.sources.files.memory import Memory
from lms_bridge.sources.files.ratings import Reviews, course_table, ratings
from lms_bridge.sources.files.reading import Reading
from lms_bridge.sources.files.recalled import Recalled
from lms_bridge.sources.files.settings import FilesSettings
from lms_bridge.sources.files.untouched import Shelf, leaf_of

_MOST = 5_000
"""So many items of a part at the most: it is quicker to list everything than to ask for most of it."""
_DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class Known:
    """A folder as its outline has it. `source` is what the config calls it."""

    reading: Reading
    memory: Memory
    outline: outlines.Outline
    source: str
    settings: FilesSettings
    links: Recalled
    conversion: Conversion

    @property
    def is_whole(self) -> bool:
        return self.reading.complete and not self.reading.withheld and not self.reading.problems


@dataclass(frozen=True, slots=True)
class _Now:
    """What was read again: by name, none for a draft. `since`: of all that was touched."""

    read: Mapping[str, Item | None]
    since: outlines.Since


def known(reading: Reading, memory: Memory, outline: outlines.Outline, source: str, settings: FilesSettings) -> Known:
    links = Recalled(outline, reading.root)
    return Known(reading, memory, outline, source, settings, links, Conversion(reading, links, settings, memory))


def touched(known: Known, seen: Iterable[Home] | None) -> Touched | None:
    """The pages and prompts whose text changed, where nothing else did. `seen`: by a glance, just now. Raises Lost."""
    now = _read_again(known, seen)
    if now is None:
        return None
    items = [item for item in now.read.values() if item is not None]
    return Touched(items, outlines.told(known.outline.name, now.since))


def part(known: Known, meant: Meant) -> tuple[Part, str] | None:
    """What is meant, with what stands beside it, and the outline as it is now. None where more than texts changed, or
    too much is meant. Raises Lost."""
    now = _read_again(known)
    found = _found(known, meant) if now is not None else None
    if now is None or found is None or len(found.names) > _MOST:
        return None
    texts = {name: item for name, item in now.read.items() if item is not None}
    for name in found.names:
        if name not in texts and (item := _whole(known, name)) is not None:
            texts[name] = item
    led_to = _led_to(known, [texts[name] for name in found.names if name in texts])
    items: list[Item] = []
    for home in known.outline.courses:
        if home in found.homes or home in led_to:
            items += (texts.get(name) or _without_text(known, name) for name in _undrafted(known.outline.leaves(home)))
    items += _of_tables(known, [found.table(known, home) for home in known.outline.courses if home in found.homes])
    if not known.is_whole or len(items) > _MOST:
        return None
    return Part(items), outlines.told(known.outline.name, now.since)


def _read_again(known: Known, seen: Iterable[Home] | None = None) -> _Now | None:
    """What was touched since the outline. None where anything else than texts changed, or a text cannot be given."""
    outline, reading = known.outline, known.reading
    found = outlines.differing(outline, reading.root, known.memory.begun, seen)
    if found is None:
        return None
    read: dict[str, Item | None] = {}
    since = {name: outline.since[name] for name in found.touched.keys() - set(found.unread)}
    for name in found.unread:
        before = known.links.named(name)
        leaf = _leaf_again(known, name, before) if before is not None else None
        if before is None or leaf is None or not outlines.is_same(leaf, before):
            return None
        since[name] = (found.touched[name], mark_of(known.memory, leaf.text, leaf.text_line).hex())
        read[name] = next(iter(known.conversion.items(leaf)), None) if not leaf.is_draft else None
    if not known.is_whole:
        return None
    # As in a listing of everything, what left the folder leaves the memory.
    gone = {outlines.mark_before(outline, name) for name in found.unread}
    known.memory.save(without=gone - {bytes.fromhex(mark) for _, mark in since.values()})
    return _Now(read, since)


def _leaf_again(known: Known, name: str, before: Leaf) -> Leaf | None:
    with known.reading.one_file(before.path):
        home = known.links.home(name)
        return read_leaf(known.reading, before.path, home, before.kind, known.source, known.settings)
    return None


@dataclass(frozen=True, slots=True)
class _Found:
    """Names of the files that are meant, and the homes of all that is, with the tables that were read already."""

    names: list[str] = field(default_factory=list)
    homes: set[str] = field(default_factory=set)
    tables: dict[str, Reviews | None] = field(default_factory=dict)

    def table(self, known: Known, home: str) -> Reviews | None:
        if home not in self.tables:
            where = known.links.home_named(home)
            self.tables[home] = course_table(known.reading, where, source=known.source, settings=known.settings)
        return self.tables[home]


def _found(known: Known, meant: Meant) -> _Found:
    found = _Found()
    for home, course in known.outline.courses.items():
        begin = f"{known.source}:{course.idnumber}/"
        names: list[str] = []
        is_meant = meant.item(Kind.RATING, f"{begin}rating", course.title, course.idnumber)
        if meant.any_in(Kind.PAGE, course.idnumber, begin) or meant.any_in(Kind.PROMPT, course.idnumber, begin):
            rows = _undrafted(known.outline.passing(home))
            names = [name for name, row in rows.items() if meant.item(Kind(row[0]), row[1], row[2], course.idnumber)]
            indexes = {index_key(known.source, course.idnumber, group) for group in _groups(rows)}
            is_meant = is_meant or any(meant.item(Kind.PAGE, key, course.title, course.idnumber) for key in indexes)
        if not (is_meant or names) and meant.any_in(Kind.REVIEW, course.idnumber, f"{begin}reviews/"):
            table = found.table(known, home)
            reviews = table.reviews if table is not None else ()
            is_meant = any(meant.item(each.kind, each.key, each.title, course.idnumber) for each in reviews)
        if is_meant or names:
            found.homes.add(home)
            found.names.extend(names)
        if len(found.names) > _MOST:
            break
    return found


def _undrafted(leaves: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: row for name, row in leaves.items() if row[5].get("status") != _DRAFT}


def _groups(rows: Mapping[str, Any]) -> set[str | None]:
    """Each has an index page of its own."""
    return {row[5].get("group") for row in rows.values() if row[0] == Kind.PAGE}


def _whole(known: Known, name: str) -> Item | None:
    leaf = None
    with known.reading.one_file(known.reading.root / name):
        leaf = _readable(known, name)
    return next(iter(known.conversion.items(leaf)), None) if leaf is not None else None


def _readable(known: Known, name: str) -> Leaf:
    """With a text that can be asked for. Raises ContentError."""
    path, home = known.reading.root / name, known.links.home(name)
    kind = Kind(known.outline.leaves(outlines.home_of(name))[name][0])
    return leaf_of(Shelf(known.reading, known.source, known.settings, known.memory), path, home, kind)


def _without_text(known: Known, name: str) -> Item:
    """What links and index pages need of it."""
    leaf = known.links.named(name)
    assert leaf is not None
    if isinstance(leaf.matter, PromptMatter) and (leaf.matter.publish or leaf.matter.close):
        # As words a date and a time of day are one and the same.
        leaf = _readable(known, name)
    return known.conversion.without_text(leaf)


def _led_to(known: Known, items: Iterable[Item]) -> set[str]:
    """The homes of whatever these texts lead to."""
    keys = {key for item in items if isinstance(item, Page | Prompt) for key in item_keys(item.body)}
    keys |= {item.parent for item in items if isinstance(item, Page) and item.parent is not None}
    begins = {home: f"{known.source}:{course.idnumber}/" for home, course in known.outline.courses.items()}
    return {home for home, begin in begins.items() if any(key.startswith(begin) for key in keys)}


def _of_tables(known: Known, found: Iterable[Reviews | None]) -> list[Item]:
    tables = [table for table in found if table is not None]
    shown = {table.where: known.reading.shown(table.where) for table in tables}
    reviews = [review for table in tables for review in table.reviews]
    mean = known.outline.mean
    return [*reviews, *ratings(tables, mean, source=known.source, settings=known.settings, shown=shown)]
