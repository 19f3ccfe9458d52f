"""What a listing knew of every file, kept in the memory so that a later one need read only the files that were touched.

What links lead to, and so what other items say, hangs on nothing but keys, titles and front matter: as long as those of
the touched files are as they were, no other item can be another one. It is kept by the folders of courses, so that of a
large folder only what is asked for need be recalled.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from lms_bridge.items import Course
from lms_bridge.sources.files import folder as folders
from lms_bridge.sources.files.converting import mark_of
from lms_bridge.sources.files.glance import Home, Stamps, digest_of, look, stamps_in
from lms_bridge.sources.files.memory import Memory

_MOST = 1000
"""With more files than these touched since, it is time for a listing of everything."""
_NEVER = ("", "")
_MARK = 4
"""Where the text's mark stands in a row."""

Since = Mapping[str, tuple[str, str]]
"""Stamp and text's mark of each file that was touched, and read, after an outline."""


class Lost(Exception):
    """Something of an outline is not in the memory any more."""


class Outline:
    """`name` is what it is kept under. Its parts are recalled when they are asked for: raises Lost."""

    def __init__(self, memory: Memory, name: str, since: Since, kept: Mapping[str, Any]) -> None:
        self.name = name
        self.since = since
        self.mean: float = kept["mean"]
        """Of all stars."""
        self.seen: Mapping[str, str] = {home: row[0] for home, row in kept["homes"].items()}
        """Each home's stamps, in short."""
        self.courses: Mapping[str, Course] = {
            home: Course(*row[2]) for home, row in kept["homes"].items() if row[2] is not None
        }
        self._memory = memory
        self._rows: Mapping[str, str | None] = {home: row[1] for home, row in kept["homes"].items()}
        self._leaves: dict[str, Mapping[str, Any]] = {}

    def stamps(self, home: str) -> Stamps:
        stamps: Stamps = self._recalled("stamps", self.seen[home])
        return stamps

    def leaves(self, home: str) -> Mapping[str, Any]:
        """Kind, key, title, text's line and mark, and front matter of every page and prompt in a home, by name."""
        if home not in self._leaves:
            self._leaves[home] = self.passing(home)
        return self._leaves[home]

    def passing(self, home: str) -> Mapping[str, Any]:
        """The same, without holding on to it: for who goes through all of them."""
        if home in self._leaves:
            return self._leaves[home]
        name = self._rows.get(home)
        leaves: Mapping[str, Any] = {} if name is None else self._recalled("leaves", name)
        return leaves

    def _recalled(self, what: str, name: str) -> Any:
        found = self._memory.recall(self._memory.mark(what, name))
        if found is None:
            raise Lost
        return found


@dataclass(frozen=True, slots=True)
class Differing:
    """Files that were touched since an outline, and of these the ones that nobody has read since."""

    touched: Stamps
    unread: tuple[str, ...]


def begin(memory: Memory, root: Path) -> Mapping[str, str] | None:
    """The stamps of each home in short, and kept: taken before any file is read. None where it cannot be said."""
    seen = {}
    try:
        for home in look(root, memory.begun):
            assert home.stamps is not None
            seen[home.name] = _keep_row(memory, "stamps", home.digest, home.stamps)
    except (OSError, RuntimeError, ValueError):
        return None
    return seen


def keep(
    memory: Memory,
    root: Path,
    seen: Mapping[str, str],
    links: folders.Map,
    courses: Iterable[folders.CourseFolder],
    mean: float,
) -> str | None:
    """What `recall` needs to be told for it. None where a file is not known under the name by which it is read.

    `mean`: of all stars.
    """
    first = len(os.path.join(root, ""))
    leaves: dict[str, str] = {}
    named = ((file[first:], leaf) for file, leaf in links.leaves.items())
    # A home at a time, as they were read: the rows of all would be much.
    for home, within in groupby(named, key=lambda each: home_of(each[0])):
        rows = {name: _row(memory, leaf) for name, leaf in within}
        stamps = memory.recall(memory.mark("stamps", seen.get(home, "")))
        if stamps is None or not rows.keys() <= stamps.keys():
            return None
        leaves[home] = _keep_row(memory, "leaves", digest_of(rows), rows)
    of = {each.folder.name: [each.course.idnumber, each.course.title, each.course.placement] for each in courses}
    kept = {"mean": mean, "homes": {home: [digest, leaves.get(home), of.get(home)] for home, digest in seen.items()}}
    return told(_keep_row(memory, "outline", digest_of(kept), kept), {})


def home_of(name: str) -> str:
    """What a file lies in, directly below the content folder: the folder of a course, most of the time."""
    return name.partition(os.sep)[0]


def told(name: str, since: Since) -> str:
    return json.dumps([name, since])


def recall(memory: Memory, outline: str) -> Outline | None:
    try:
        name, raw = json.loads(outline)
        since = {file: (str(seen), bytes.fromhex(mark).hex()) for file, (seen, mark) in raw.items()}
        kept = memory.recall(memory.mark("outline", name))
    except (AttributeError, TypeError, ValueError):
        return None
    return None if kept is None else Outline(memory, name, since, kept)


def differing(outline: Outline, root: Path, begun: int, seen: Iterable[Home] | None = None) -> Differing | None:
    """None where anything else than the text of pages and prompts may be another one. Raises Lost. `begun` is now, in
    nanoseconds; `seen` is what a glance that was taken before saw."""
    touched: dict[str, str] = {}
    left = dict(outline.seen)
    try:
        for home in look(root, begun) if seen is None else seen:
            before = left.pop(home.name, None)
            if before is None:
                return None
            if before == home.digest and not home.is_fresh:
                continue
            now = home.stamps if home.stamps is not None else stamps_in(root, home.name, begun)
            known = outline.stamps(home.name)
            if now.keys() != known.keys():
                return None
            touched |= {name: stamp for name, stamp in now.items() if not stamp or stamp != known[name]}
            if len(touched) > _MOST:
                return None
    except (OSError, RuntimeError, ValueError):
        return None
    if left or any(name not in outline.leaves(home_of(name)) for name in touched):
        return None
    unread = (name for name, seen in touched.items() if not seen or outline.since.get(name, _NEVER)[0] != seen)
    return Differing(touched, tuple(unread))


def is_same(leaf: folders.Leaf, before: folders.Leaf) -> bool:
    """Whether it is the same one but for its text."""
    return (leaf.kind, leaf.key, leaf.title, leaf.matter) == (before.kind, before.key, before.title, before.matter)


def mark_before(outline: Outline, name: str) -> bytes:
    """What the conversion of the text that stood there is remembered by."""
    kept = outline.since[name][1] if name in outline.since else outline.leaves(home_of(name))[name][_MARK]
    return bytes.fromhex(kept)


def _keep_row(memory: Memory, what: str, name: str, found: Mapping[str, Any]) -> str:
    """What it is kept under. Equal ones are kept once."""
    mark = memory.mark(what, name)
    if not memory.holds(mark):
        memory.keep(mark, found)
    return name


def _row(memory: Memory, leaf: folders.Leaf) -> list[Any]:
    raw = leaf.matter.model_dump(mode="json", exclude_unset=True)
    mark = leaf.mark or mark_of(memory, leaf.text, leaf.text_line)
    return [leaf.kind.value, leaf.key, leaf.title, leaf.text_line, mark.hex(), raw]
