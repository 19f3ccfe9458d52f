"""What all readers of the folder share: bounded reads inside the folder, and problems noted instead of raised."""

import logging
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from lms_bridge.errors import ContentError, Problem
from lms_bridge.items import Withheld

_log = logging.getLogger(__name__)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")


@dataclass(slots=True)
class Reading:
    """One walk through a content folder: what was found wrong on the way, and what was left out.

    `warnings` are what a designer should look at in items that go through all the same.
    """

    root: Path
    shown_root: str
    problems: list[Problem] = field(default_factory=list)
    withheld: list[Withheld] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    complete: bool = True
    instead: Mapping[Path, bytes] = field(default_factory=lambda: MappingProxyType({}))
    """Texts to read in the place of what lies in these files."""

    def shown(self, path: Path | str, line: int | None = None) -> str:
        """A path as the designer knows it."""
        inside = within(path, self.root)
        # As text, since this is asked for every file several times.
        plain = inside and inside != "." and self.shown_root not in ("", ".", "/") and os.sep == "/"
        name = f"{self.shown_root}/{inside}" if plain else str(PurePosixPath(self.shown_root, inside))
        name = legible(name)
        return name if line is None else f"{name}:{line}"

    def leave_out(self, problem: Problem) -> None:
        """An item is left out: the listing is no longer complete, so nothing is pruned because of it."""
        self.problems.append(problem)
        self.complete = False

    def is_inside(self, path: Path) -> bool:
        """Whether a path, symbolic links followed, stays in the folder. Ask it under `told`."""
        return path.resolve().is_relative_to(self.root)

    @contextmanager
    def one_file(self, path: Path | str) -> Iterator[None]:
        """Whatever goes wrong with a file stays with it: it is left out, and the walk goes on."""
        try:
            yield
        except ContentError as error:
            self.leave_out(error.problem)
        except Exception as error:
            where = self.shown(path)
            _log.debug("unexpected error in %s", where, exc_info=True)
            cause = f"cannot be read: {type(error).__name__}: {str(error)[:200]}"
            problem = Problem(cause, where, "Report this with the file.")
            if problem not in self.problems:
                self.leave_out(problem)


def within(path: Path | str, root: Path) -> str:
    """Its name from the content folder on."""
    begin = f"{root}{os.sep}"
    text = str(path)
    return text.removeprefix(begin) if text.startswith(begin) else str(Path(path).relative_to(root))


def legible(name: str) -> str:
    """A file's name, bytes that are not UTF-8 spelled out: no terminal, state or destination takes them."""
    return name.encode(errors="backslashreplace").decode()


@contextmanager
def told(where: str = "") -> Iterator[None]:
    """What the file system refuses becomes the problem of one file. Raises ContentError."""
    try:
        yield
    except FileNotFoundError as error:
        raise ContentError("is not there", where=where, next_step="Correct the path, or put the file there.") from error
    except (OSError, RuntimeError, ValueError) as error:
        # Path.resolve: RuntimeError for a link to itself, ValueError for a null byte.
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        step = "Check its name, its permissions, and where it leads if it is a symbolic link."
        raise ContentError(f"cannot be read ({reason})", where=where, next_step=step) from error


def stands(path: Path, where: str) -> bool:
    """Whether there is anything of this name, were it a link that leads nowhere. Raises ContentError when not told."""
    with told(where):
        try:
            path.lstat()
        except FileNotFoundError:
            return False
    return True


def read_bytes(reading: Reading, path: Path, *, limit: int, step: str, where: str = "") -> bytes:
    """The content of an ordinary file inside the folder; `step` is for one that is larger than `limit`. ContentError.

    Opened once and without waiting: what was looked at is what is read, were it exchanged for a pipe meanwhile.
    """
    with told(where):
        real = path.resolve()
        if not real.is_relative_to(reading.root):
            raise _outside(reading, path, where)
        _must_be_ordinary(real.stat(), where)
        # Without waiting for the other end of a pipe; and no link is left in the path that could be followed.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(real, flags), "rb") as file:
            status = os.fstat(file.fileno())
            _must_be_ordinary(status, where)
            content = file.read(limit + 1)
    if len(content) > limit:
        size = max(status.st_size, len(content))
        raise ContentError(f"has {size / 1e6:.1f} MB; the limit is {limit / 1e6:.1f} MB.", where=where, next_step=step)
    return content


def _must_be_ordinary(status: os.stat_result, where: str) -> None:
    """To read a pipe or a device would never end."""
    if not stat.S_ISREG(status.st_mode):
        raise ContentError("is not an ordinary file", where=where, next_step="Put a file of that name there.")


def _outside(reading: Reading, path: Path, where: str) -> ContentError:
    if path.is_relative_to(reading.root):
        return linked_out(where)
    step = "Put the file beside the page, or correct the path."
    return ContentError("lies outside the content folder", where=where, next_step=step)


def linked_out(where: str) -> ContentError:
    cause = "is a symbolic link that leads out of the content folder"
    return ContentError(cause, where=where, next_step="Copy what it leads to here.")


def read_text(reading: Reading, path: Path, *, limit: int) -> str:
    """The file's text with \\n line ends, without control characters. Raises ContentError."""
    shown = reading.shown(path)
    text = decoded(reading, path, limit=limit)
    if found := _CONTROL.search(text):
        cause = f"holds the control character U+{ord(found[0]):04X}."
        number = text.count("\n", 0, found.start()) + 1
        raise ContentError(cause, where=f"{shown}:{number}", next_step="Remove it.")
    return text


def decoded(reading: Reading, path: Path, *, limit: int) -> str:
    """The file's text as it is, with \\n line ends. Raises ContentError."""
    shown = reading.shown(path)
    step = "Split it, or raise the limit in connectors.yaml (`max_page_bytes`)."
    raw = reading.instead.get(path)
    if raw is None:
        raw = read_bytes(reading, path, limit=limit, step=step, where=shown)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ContentError(
            f"is not UTF-8 (byte {error.start}).", where=shown, next_step="Save it with the encoding UTF-8."
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")
