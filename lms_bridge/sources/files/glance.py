"""A content folder's files as they are known from outside, in one line: whether anything was touched since, without
reading.
"""

import hashlib
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

_GRAIN_NS = 2_000_000_000
"""What was touched so lately may be touched once more within the same tick of a file system's clock, and look the
same: the coarsest clock that is in use, FAT's, ticks every two seconds."""
_BESIDE = frozenset({".git"})


def glance(root: Path, *, begun: int | None = None) -> str | None:
    """Equal for equal folders. None where that cannot be said: something was touched just now, or cannot be looked at.

    Modes, inodes and the time of the last change of an inode are part of it, so that a file which was exchanged for
    another one of the same size and date is noticed. `begun` is now, in nanoseconds.
    """
    begun = time.time_ns() if begun is None else begun
    seen = hashlib.blake2b(digest_size=32)
    try:
        for name, status in walk(os.fsencode(root.resolve())):
            if is_fresh(status, begun):
                return None
            seen.update(b"%b\0%b\n" % (name, stamp(status).encode()))
    except (OSError, RuntimeError, ValueError):
        # As `Path.resolve` has them.
        return None
    return seen.hexdigest()


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
    told = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_dev, status.st_mode)
    return " ".join(map(str, told))


def is_fresh(status: os.stat_result, begun: int) -> bool:
    """Whether it was touched so lately that it may be touched once more and look the same."""
    # A date of modification can be set to anything; that of the last change cannot, where there is one.
    touched = status.st_ctime_ns if os.name == "posix" else max(status.st_mtime_ns, status.st_ctime_ns)
    return touched >= begun - _GRAIN_NS


def walk(folder: bytes) -> Iterator[tuple[bytes, os.stat_result]]:
    """Whatever stands there, in a stable order. Folders that links lead to are listed where they stand."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if os.fsdecode(entry.name) not in _BESIDE:
                yield entry.path, entry.stat(follow_symlinks=False)
                yield from walk(entry.path)
            continue
        yield entry.path, entry.stat(follow_symlinks=False)
        if entry.is_symlink():
            yield entry.path + b"\0" + os.readlink(entry.path), _led_to(entry)


def _led_to(entry: "os.DirEntry[bytes]") -> os.stat_result:
    """What a link leads to, or the link itself where that is nowhere."""
    try:
        return entry.stat()
    except FileNotFoundError:
        return entry.stat(follow_symlinks=False)
