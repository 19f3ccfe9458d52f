"""Edits of people → a content folder that reads as they left it: tried on a copy in memory, and nothing written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from lms_bridge.connector import Edit, Listing, Revision, Rewrite, Source
from lms_bridge.errors import ContentError, Problem
from lms_bridge.items import Item, Key, Page, Prompt
from lms_bridge.markup.digest import plain_form
from lms_bridge.sources.files.reading import Reading, read_bytes
from lms_bridge.sources.files.write_back import Room, write_back

_NO_FILE = Problem("is made by lms-bridge and has no file of its own.", "", "Write the page, and its words stay.")
_OTHERWISE = "would read otherwise in the source than people left it."
_BREAKS = "is named by its title somewhere else, which would lead nowhere under another one."
_BY_HAND = "Take the words over by hand: `lms-bridge diff KEY` shows them."


def revise(
    reading: Reading,
    edits: Sequence[Edit],
    room_of: Callable[[Reading], Room],
    source_of: Callable[[Mapping[Path, bytes]], Source],
) -> Revision:
    """`source_of` opens the folder with some texts in the place of what lies there."""
    room = room_of(reading)
    leaves = {leaf.key: leaf for leaf in room.links.leaves.values()}
    before = set(source_of(reading.instead).items().problems)
    held: dict[Key, Problem] = {}
    written: dict[Key, tuple[Path, bytes]] = {}
    for edit in edits:
        leaf = leaves.get(edit.key)
        if leaf is None:
            held[edit.key] = replace(_NO_FILE, where=edit.key)
            continue
        try:
            written[edit.key] = (leaf.path, write_back(room, leaf, edit))
        except ContentError as error:
            held[edit.key] = error.problem
    while True:
        instead = {**reading.instead, **dict(written.values())}
        source = source_of(instead)
        wrong = _wrong([edit for edit in edits if edit.key in written], source.items(), before)
        if not wrong:
            break
        for key, problem in wrong.items():
            path, _ = written.pop(key)
            held[key] = replace(problem, where=problem.where or reading.shown(path))
    files = [_rewrite(room, path, content) for path, content in sorted(instead.items())]
    names = {key: reading.shown(path) for key, (path, _) in written.items()}
    return Revision(source, [file for file in files if file.before != file.after], held, names)


def _wrong(edits: Sequence[Edit], listing: Listing, before: set[Problem]) -> dict[Key, Problem]:
    """Edits that do not read as they should, else those that make something else wrong."""
    items: dict[Key, Item] = {item.key: item for item in listing.items}
    unlike = {edit.key: Problem(_OTHERWISE, "", _BY_HAND) for edit in edits if not _reads(edit, items.get(edit.key))}
    if unlike or not (new := [problem for problem in listing.problems if problem not in before]):
        return unlike
    blamed = [edit for edit in edits if edit.title is not None] or edits
    return {edit.key: Problem(_BREAKS, "", f"Change {new[0].where} as well. {_BY_HAND}") for edit in blamed}


def _reads(edit: Edit, item: Item | None) -> bool:
    if not isinstance(item, Page | Prompt):
        return False
    return edit.title in (None, item.title) and (edit.body is None or plain_form(edit.body) == plain_form(item.body))


def _rewrite(room: Room, path: Path, content: bytes) -> Rewrite:
    reading = room.reading
    shown = reading.shown(path)
    before = read_bytes(reading, path, limit=room.limit, step="", where=shown)
    return Rewrite(
        folder=reading.root,
        path=PurePosixPath(path.relative_to(reading.root)),
        name=shown,
        before=before,
        after=content,
    )
