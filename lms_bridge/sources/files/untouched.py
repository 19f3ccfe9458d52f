"""Files that nobody touched since they were last read: what was read out of them, without opening them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lms_bridge.errors import ContentError
from lms_bridge.items import Kind
from lms_bridge.sources.files.converting import mark_of
from lms_bridge.sources.files.folder import CourseFolder, Leaf
from lms_bridge.sources.files.front_matter import PageMatter, PromptMatter
from lms_bridge.sources.files.glance import of_file
from lms_bridge.sources.files.leaves import key_of, read_leaf
from lms_bridge.sources.files.memory import Memory
from lms_bridge.sources.files.reading import Reading
from lms_bridge.sources.files.settings import FilesSettings
from lms_bridge.sources.files.spool import Spool


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where the files of one listing are read from. `source` is what the config calls it; texts that were read are put
    into the `spool`."""

    reading: Reading
    source: str
    settings: FilesSettings
    memory: Memory | None = None
    spool: Spool | None = None


def leaf_of(shelf: Shelf, path: Path, home: CourseFolder, kind: Kind) -> Leaf:
    """As `read_leaf` has it. Where it is remembered, the text is read when it is asked for. Raises ContentError."""
    memory = shelf.memory
    seen = of_file(path, memory.begun) if memory is not None else None
    if memory is None or seen is None:
        return _put_down(shelf, _lean(_read(shelf, path, home, kind)))
    mark = memory.mark("file", kind, str(shelf.settings.max_page_bytes), seen)
    kept = memory.recall(mark)
    if kept is None:
        leaf = _read(shelf, path, home, kind)
        leaf = replace(leaf, mark=mark_of(memory, leaf.text, leaf.text_line))
        if _is_plain(leaf.matter):
            memory.keep(mark, _written(leaf))
        return _put_down(shelf, _lean(leaf))
    matter = _matter(kind, json.dumps(kept["matter"]))
    key = key_of(path, home, kind, shelf.source, matter.id, matter.group)
    text = bytes.fromhex(kept["text"])
    body, lines = _Again(shelf, path, home, kind, text), _lines(tuple(kept["lines"].items()))
    return Leaf(kind, key, str(path), home.course, kept["title"], matter, body, kept["line"], lines, text)


@dataclass(frozen=True, slots=True)
class _Again:
    """Reads a file's text once more. `mark`: what it is remembered by."""

    shelf: Shelf
    path: Path
    home: CourseFolder
    kind: Kind
    mark: bytes

    def __call__(self) -> str:
        found = _read(self.shelf, self.path, self.home, self.kind)
        assert self.shelf.memory is not None
        if mark_of(self.shelf.memory, found.text, found.text_line) != self.mark:
            where = self.shelf.reading.shown(self.path)
            raise ContentError("changed while the run went on.", where=where, next_step="Run again.")
        return found.text


def _read(shelf: Shelf, path: Path, home: CourseFolder, kind: Kind) -> Leaf:
    return read_leaf(shelf.reading, path, home, kind, shelf.source, shelf.settings)


def _put_down(shelf: Shelf, leaf: Leaf) -> Leaf:
    """All files are read before the first is converted, as links may lead anywhere: their texts are not held."""
    if shelf.spool is None:
        return leaf
    try:
        return replace(leaf, body=shelf.spool.put(leaf.text))
    except OSError:
        return leaf


def _lean(leaf: Leaf) -> Leaf:
    """Many pages say the same few things above their text, or nothing: then it is one and the same."""
    if not _is_plain(leaf.matter):
        return leaf
    matter = _matter(leaf.kind, json.dumps(_said(leaf)))
    return replace(leaf, matter=matter, lines=_lines(tuple(leaf.lines.items())))


@lru_cache(maxsize=4096)
def _matter(kind: Kind, written: str) -> PageMatter | PromptMatter:
    return (PageMatter if kind is Kind.PAGE else PromptMatter).model_validate_json(written)


@lru_cache(maxsize=4096)
def _lines(lines: tuple[tuple[str, int], ...]) -> Mapping[str, int]:
    return MappingProxyType(dict(lines))


def _said(leaf: Leaf) -> Mapping[str, Any]:
    return leaf.matter.model_dump(mode="json", exclude_unset=True)


def _is_plain(matter: PageMatter | PromptMatter) -> bool:
    """A date and a time of day are one and the same as words."""
    return not isinstance(matter, PromptMatter) or (matter.publish is None and matter.close is None)


def _written(leaf: Leaf) -> Mapping[str, Any]:
    assert leaf.mark is not None
    return {
        "title": leaf.title,
        "matter": _said(leaf),
        "line": leaf.text_line,
        "lines": dict(leaf.lines),
        "text": leaf.mark.hex(),
    }
