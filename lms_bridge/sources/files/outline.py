"""What a listing knew of every file, kept in the memory so that a later one need read only the files that were touched.

What links lead to, and so what other items say, hangs on nothing but keys, titles and front matter: as long as those of
the touched files are as they were, no other item can be another one.
"""

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lms_bridge.sources.files import folder as folders
from lms_bridge.sources.files.converting import mark_of
from lms_bridge.sources.files.glance import is_fresh, stamp, walk
from lms_bridge.sources.files.memory import Memory

_MOST = 1000
"""With more files than these touched since, it is time for a listing of everything."""
_NEVER = ("", "")
_MARK = 4
"""Where the text's mark stands in a row."""

Stamps = Mapping[str, str]
"""Every name below the folder with what is seen of it from outside; "" for what was touched too lately to be sure."""


Since = Mapping[str, tuple[str, str]]
"""Stamp and text's mark of each file that was touched, and read, after an outline."""


@dataclass(frozen=True, slots=True)
class Outline:
    """`name` is what it is kept under."""

    name: str
    stamps: Stamps
    leaves: Mapping[str, Any]
    """Kind, key, title, text's line and mark, and front matter of every page and prompt, by name."""
    courses: Mapping[str, Any]
    """Id number, title and placement of the course of each folder that any of these lies in."""
    since: Since


@dataclass(frozen=True, slots=True)
class Differing:
    """Files that were touched since an outline, and of these the ones that nobody has read since."""

    touched: Stamps
    unread: tuple[str, ...]


def stamps_of(root: Path, begun: int) -> Stamps | None:
    """None where it cannot be said. `begun` is now, in nanoseconds; taken before any file is read."""
    found = {}
    folder = os.fsencode(root)
    begin = len(os.path.join(folder, b""))
    try:
        # Names, and not only what stands under them, are compared, so that a folder's own date says nothing more.
        for name, status in walk(folder):
            seen = f"{status.st_ino} {status.st_mode}" if stat.S_ISDIR(status.st_mode) else stamp(status)
            found[os.fsdecode(name[begin:])] = "" if is_fresh(status, begun) and seen.count(" ") > 1 else seen
    except (OSError, RuntimeError, ValueError):
        return None
    return found


def keep(memory: Memory, root: Path, stamps: Stamps, links: folders.Map) -> str | None:
    """What `recall` needs to be told for it. None where a file is not known under the name by which it is read."""
    begin = len(os.path.join(root, ""))
    found = {str(path)[begin:]: leaf for path, leaf in links.leaves.items()}
    if not found.keys() <= stamps.keys():
        return None
    courses = {home_of(name): leaf.course for name, leaf in found.items()}
    kept = {
        "stamps": stamps,
        "leaves": {name: _row(memory, leaf) for name, leaf in found.items()},
        "courses": {home: [course.idnumber, course.title, course.placement] for home, course in courses.items()},
    }
    seen = hashlib.blake2b(json.dumps(kept).encode(), digest_size=16).hexdigest()
    memory.keep(memory.mark("outline", seen), kept)
    return told(seen, {})


def home_of(name: str) -> str:
    """The course's folder that a file lies in."""
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
    return None if kept is None else Outline(name, kept["stamps"], kept["leaves"], kept["courses"], since)


def differing(outline: Outline, now: Stamps) -> Differing | None:
    """None where anything else than the text of pages and prompts may be another one."""
    if now.keys() != outline.stamps.keys():
        return None
    touched = {name: seen for name, seen in now.items() if not seen or seen != outline.stamps[name]}
    if len(touched) > _MOST or any(name not in outline.leaves for name in touched):
        return None
    unread = (name for name, seen in touched.items() if not seen or outline.since.get(name, _NEVER)[0] != seen)
    return Differing(touched, tuple(unread))


def is_same(leaf: folders.Leaf, before: folders.Leaf) -> bool:
    """Whether it is the same one but for its text."""
    return (leaf.kind, leaf.key, leaf.title, leaf.matter) == (before.kind, before.key, before.title, before.matter)


def mark_before(outline: Outline, name: str) -> bytes:
    """What the conversion of the text that stood there is remembered by."""
    return bytes.fromhex(outline.since[name][1] if name in outline.since else outline.leaves[name][_MARK])


def _row(memory: Memory, leaf: folders.Leaf) -> list[Any]:
    raw = leaf.matter.model_dump(mode="json", exclude_unset=True)
    mark = leaf.mark or mark_of(memory, leaf.text, leaf.text_line)
    return [leaf.kind.value, leaf.key, leaf.title, leaf.text_line, mark.hex(), raw]
