"""connectors.yaml changed by a person at the console: looked at, checked as `check` would, and written in one step.

Nothing that is masked where people look at the file is given out here, and so a file that holds such a thing is not
edited here: what was masked could not be written back.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from lms_bridge.config.document import MAX_BYTES, parse_document, read_text
from lms_bridge.config.effective import effective
from lms_bridge.config.load import config_of
from lms_bridge.errors import ConfigError, Problem, UsageError

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Editable:
    """`digest` is of the file's bytes; lines of `text` end in a line feed, whatever they end in there."""

    text: str
    digest: str


@dataclass(frozen=True, slots=True)
class Saved:
    """Digests of the file's bytes, and what the copy of the old ones is called."""

    before: str
    after: str
    backup: str


def editable(path: Path) -> Editable:
    """Raises UsageError where the file holds what must not be shown, ConfigError where it cannot be read."""
    # In this order: a file that is exchanged meanwhile is not saved over, and nothing of it is given out.
    digest = _digest(path.read_bytes()) if path.exists() else ""
    text = read_text(path, name=path.name)
    shown = effective(path).lines
    own = text.splitlines()
    if len(shown) != len(own):
        raise UsageError("the file changed while it was read.", where=path.name, next_step="Open it again.")
    hidden = [line.number for line, written in zip(shown, own, strict=True) if line.text != written]
    if hidden:
        lines = ", ".join(map(str, hidden[:10])) + (", …" if len(hidden) > 10 else "")
        raise UsageError(
            f"what may be a secret stands in line {lines}; it is not shown, so the file is not edited here.",
            where=path.name,
            next_step="On the machine, put a reference such as `${env:NAME}` in its place, and nothing behind it.",
        )
    return Editable(_plain(text), digest)


def faults(path: Path, text: str) -> tuple[Problem, ...]:
    """What would be wrong with the file if it held this text: none where it could be used."""
    if len(text.encode()) > MAX_BYTES:
        return (Problem(f"is larger than {MAX_BYTES:,} bytes.", path.name, "Remove what is not settings."),)
    try:
        config_of(parse_document(_plain(text), name=path.name), path.resolve().parent)
    except ConfigError as error:
        return error.problems
    return ()


def save(path: Path, text: str, *, seen: str, now: datetime) -> Saved:
    """Put the text in the place of the file whose digest is `seen`, and keep that one beside it.

    Raises UsageError, and changes nothing, where the file is another one by now or cannot be written.
    """
    target = path.resolve()
    try:
        old = target.read_bytes()
        refuse_another(_digest(old), seen, path.name)
        new = written_as(old, text)
        backup = target.with_name(f"{target.name}.{now.astimezone(UTC):%Y%m%dT%H%M%S%fZ}.backup")
        _replace(target, new, backup)
    except OSError as error:
        raise UsageError(
            f"the file cannot be written ({error.strerror}); nothing was changed.",
            where=path.name,
            next_step="Change it where it is deployed from, or let the service's account write it and its folder.",
        ) from error
    return Saved(_digest(old), _digest(new), backup.name)


def refuse_another(digest: str, seen: str, name: str) -> None:
    """Raises UsageError where the file is not the one that was looked at."""
    if digest != seen:
        step = "Open it anew, and make your change there once more."
        raise UsageError("somebody changed the file meanwhile; nothing was written.", where=name, next_step=step)


def written_as(old: bytes, text: str) -> bytes:
    """With the byte order mark and the line ends that the file has."""
    content = _plain(text).encode()
    if b"\r\n" in old:
        content = content.replace(b"\n", b"\r\n")
    return _BOM + content if old.startswith(_BOM) else content


def _replace(target: Path, content: bytes, backup: Path) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(target, name)
        shutil.copy2(target, backup)
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)


def _plain(text: str) -> str:
    """Browsers send line ends of their own; a file ends with one."""
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()
