"""A content folder's files as they are known from outside, in one line: whether anything was touched since, without
reading.
"""

import hashlib
import os
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lms_bridge.connector import Glance

_GRAIN_NS = 2_000_000_000
"""What was touched so lately may be touched once more within the same tick of a file system's clock, and look the
same: the coarsest clock that is in use, FAT's, ticks every two seconds."""
_BESIDE = frozenset({".git"})
_MOST_HELD = 10_000
"""So many files at the most are remembered one by one: half a kilobyte each."""

Stamps = Mapping[str, str]
"""Every name in one home with what is seen of it from outside; "" for what was touched too lately to be sure."""


@dataclass(frozen=True, slots=True)
class Home:
    """What lies directly below a content folder, a course's folder most of the time, with all that lies in it."""

    name: str
    digest: str
    """Equal for equal stamps."""
    is_fresh: bool
    """Something in it was touched too lately to be sure."""
    stamps: Stamps | None
    """None where they would be too many to hold."""


def glance(root: Path, *, begun: int | None = None) -> Glance:
    """Tells nothing where it cannot be said: something was touched just now, or cannot be looked at.

    Modes, inodes and the time of the last change of an inode are part of it, so that a file which was exchanged for
    another one of the same size and date is noticed. `begun` is now, in nanoseconds. What was seen is a tuple of Homes.
    """
    begun = time.time_ns() if begun is None else begun
    seen: list[Home] = []
    held = 0
    try:
        for home in look(root.resolve(), begun):
            held += len(home.stamps or ())
            seen.append(home if held <= _MOST_HELD else replace(home, stamps=None))
    except (OSError, RuntimeError, ValueError):
        # As `Path.resolve` has them.
        return Glance("")
    if any(home.is_fresh for home in seen):
        return Glance("", tuple(seen))
    return Glance(digest_of({home.name: home.digest for home in seen}), tuple(seen))


def look(root: Path, begun: int) -> Iterator[Home]:
    """Whatever stands there, in a stable order. Raises what the file system does."""
    for entry in _entries(os.fspath(root)):
        stamps: dict[str, str] = {}
        _put(stamps, entry, entry.name, begun)
        if stamps:
            yield Home(entry.name, digest_of(stamps), "" in stamps.values(), stamps)


def stamps_in(root: Path, home: str, begun: int) -> Stamps:
    """Of a folder directly below. Raises what the file system does."""
    status = (root / home).lstat()
    if not stat.S_ISDIR(status.st_mode):
        # A link may lead anywhere.
        raise NotADirectoryError(home)
    stamps: dict[str, str] = {home: _of_folder(status)}
    for entry in _entries(os.fspath(root / home)):
        _put(stamps, entry, os.path.join(home, entry.name), begun)
    return stamps


def digest_of(rows: Mapping[str, Any]) -> str:
    told = "".join([f"{name}\0{row}\n" for name, row in rows.items()])
    return hashlib.blake2b(told.encode(errors="surrogateescape"), digest_size=16).hexdigest()


def of_file(path: Path, begun: int) -> str | None:
    """As `glance`, of one file. None for what is no ordinary file, too."""
    try:
        status = path.lstat()
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(status.st_mode) or is_fresh(status, begun):
        return None
    return stamp(status)


def stamp(status: os.stat_result) -> str:
    """Equal as long as nobody touched it."""
    dates = f"{status.st_mtime_ns} {status.st_ctime_ns}"
    return f"{dates} {status.st_size} {status.st_ino} {status.st_dev} {status.st_mode}"


def is_fresh(status: os.stat_result, begun: int) -> bool:
    """Whether it was touched so lately that it may be touched once more and look the same."""
    # A date of modification can be set to anything; that of the last change cannot, where there is one.
    touched = status.st_ctime_ns if os.name == "posix" else max(status.st_mtime_ns, status.st_ctime_ns)
    return touched >= begun - _GRAIN_NS


def _entries(folder: str) -> "list[os.DirEntry[str]]":
    with os.scandir(folder) as found:
        return sorted(found, key=lambda entry: entry.name)


def _put(stamps: dict[str, str], entry: "os.DirEntry[str]", name: str, begun: int) -> None:
    """Folders that links lead to are listed where they stand."""
    if entry.is_dir(follow_symlinks=False):
        if entry.name not in _BESIDE:
            stamps[name] = _of_folder(entry.stat(follow_symlinks=False))
            for inner in _entries(entry.path):
                _put(stamps, inner, f"{name}{os.sep}{inner.name}", begun)
        return
    stamps[name] = _seen(entry.stat(follow_symlinks=False), begun)
    if entry.is_symlink():
        status = _led_to(entry)
        to = _of_folder(status) if stat.S_ISDIR(status.st_mode) else _seen(status, begun)
        stamps[f"{name}\0{os.readlink(entry.path)}"] = to


def _seen(status: os.stat_result, begun: int) -> str:
    return "" if is_fresh(status, begun) else stamp(status)


def _of_folder(status: os.stat_result) -> str:
    # Names, and not only what stands under them, are compared, so that a folder's own date says nothing more.
    return f"{status.st_ino} {status.st_mode}"


def _led_to(entry: "os.DirEntry[str]") -> os.stat_result:
    """What a link leads to, or the link itself where that is nowhere."""
    try:
        return entry.stat()
    except FileNotFoundError:
        return entry.stat(follow_symlinks=False)
