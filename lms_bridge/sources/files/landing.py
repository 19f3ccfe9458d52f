"""Rewritten files → the content folder, or a patch that people apply themselves."""

import difflib
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lms_bridge.connector import Rewrite
from lms_bridge.errors import ContentError

_CHANGED = "changed while this went on; nothing was written."


def write_files(files: Sequence[Rewrite]) -> None:
    """Each file is replaced in one step. Raises ContentError, before any is, when one is no longer what was read."""
    for file in files:
        if _target(file).read_bytes() != file.before:
            raise ContentError(_CHANGED, where=file.name, next_step="Pull again.")
    for file in files:
        _replace(_target(file), file)


def _target(file: Rewrite) -> Path:
    """The file itself, also behind a symbolic link. It was read from inside the folder, and is written there alone."""
    try:
        target = (file.folder / file.path).resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise ContentError(_CHANGED, where=file.name, next_step="Pull again.") from error
    if not target.is_relative_to(file.folder):
        raise ContentError("leads out of the content folder.", where=file.name, next_step="Remove the symbolic link.")
    return target


def _replace(target: Path, file: Rewrite) -> None:
    try:
        handle, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as temporary:
                temporary.write(file.after)
                temporary.flush()
                os.fsync(temporary.fileno())
            shutil.copymode(target, name)
            os.replace(name, target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        cause = f"cannot be written ({error.strerror})."
        raise ContentError(
            cause, where=file.name, next_step="Check the rights of its folder, and pull again."
        ) from error


def patch(files: Sequence[Rewrite], top: Path | None = None) -> bytes:
    """A patch for `git apply` or `patch -p1`, from `top` or the content folder on."""
    return b"".join(_patch_of(file, top or file.folder) for file in files)


def _patch_of(file: Rewrite, top: Path) -> bytes:
    name = os.fsencode((file.folder / file.path).relative_to(top).as_posix())
    # Without the tab, `patch` takes a blank for the end of the name.
    end = b"\t" if b" " in name else b""
    lines = difflib.diff_bytes(
        difflib.unified_diff, _lines(file.before), _lines(file.after), b"a/" + name + end, b"b/" + name + end
    )
    return b"diff --git a/%s b/%s\n" % (name, name) + b"".join(
        line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n" for line in lines
    )


def _lines(content: bytes) -> list[bytes]:
    """By line feeds alone, as `git` counts."""
    return [line + b"\n" for line in content.split(b"\n")[:-1]] + [line for line in content.split(b"\n")[-1:] if line]
