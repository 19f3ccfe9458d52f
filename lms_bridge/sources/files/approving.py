"""Drafts of a content folder: which there are, and how one's file looks once somebody approved it."""

import re
from pathlib import PurePosixPath

from lms_bridge.connector import Rewrite
from lms_bridge.errors import ContentError, NotFound
from lms_bridge.items import Draft, Key, Origin
from lms_bridge.sources.files.folder import Leaf, Map
from lms_bridge.sources.files.reading import Reading, read_bytes

_STATUS = re.compile(rb"^(status:[ \t]*)(draft|'draft'|\"draft\")(?=[ \t]*(#[^\r\n]*)?\r?$)")


def draft_of(reading: Reading, leaf: Leaf) -> Draft:
    origin = Origin(reading.shown(leaf.file), leaf.lines.get("status"))
    return Draft(leaf.key, leaf.kind, leaf.course.idnumber, leaf.title, origin)


def approved(reading: Reading, links: Map, key: Key, *, limit: int) -> Rewrite:
    """Its file with one word changed, and nothing else. Raises NotFound, ContentError."""
    drafts = [leaf for leaf in links.leaves.values() if leaf.key == key and leaf.is_draft]
    if len(drafts) != 1:
        raise NotFound("this is no draft any more.", where=key, next_step="Sync, and look again.")
    (leaf,) = drafts
    name = reading.shown(leaf.file)
    before = read_bytes(reading, leaf.path, limit=limit, step="", where=name)
    lines = before.split(b"\n")
    at = leaf.lines.get("status", 0) - 1
    changed, count = _STATUS.subn(rb"\g<1>approved", lines[at]) if 0 <= at < len(lines) else (b"", 0)
    if count != 1:
        step = "Write `status: approved` there by hand."
        raise ContentError("says in its own way that it is a draft.", where=leaf.at("status", name), next_step=step)
    return Rewrite(
        folder=reading.root,
        path=PurePosixPath(leaf.path.relative_to(reading.root)),
        name=name,
        before=before,
        after=b"\n".join([*lines[:at], changed, *lines[at + 1 :]]),
    )


def approve(file: Rewrite) -> None:
    """Write it. A Git checkout is left to Git. Raises ContentError."""
    from lms_bridge.sources.files.git import checkout_of
    from lms_bridge.sources.files.landing import write_files

    lines = zip(file.before.split(b"\n"), file.after.split(b"\n"), strict=True)
    where = f"{file.name}:{next(at for at, (old, new) in enumerate(lines, 1) if old != new)}"
    if checkout_of(file.folder) is not None:
        cause = "lies in a Git checkout, where people commit what they change."
        raise ContentError(cause, where=where, next_step="Write `status: approved` there, and commit it.")
    try:
        write_files([file])
    except ContentError as error:
        step = "Look at it again, or write `status: approved` there by hand."
        raise ContentError(error.problem.cause, where=where, next_step=step) from error
