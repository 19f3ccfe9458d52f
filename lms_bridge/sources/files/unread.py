"""What stands in the content folder and is never read, so that `check` can tell it: apart, since no sync needs it."""

import difflib
import os
from collections.abc import Iterator
from pathlib import Path

from lms_bridge.errors import Problem
from lms_bridge.sources.files.folder import CourseFolder
from lms_bridge.sources.files.reading import Reading

_ROOMS = ("wiki", "prompts", "course.yaml", "ratings.csv", "ratings.xlsx")
_MARKDOWN = (".md", ".markdown", ".mdown", ".mkd")
_NO_COURSE = "Put its pages into `wiki` and its prompts into `prompts`, or begin its name with an underscore."


def unread(reading: Reading, home: CourseFolder) -> Iterator[Problem]:
    """Folders that cannot be listed are passed over here: the listing tells them."""
    for path in _within(home.folder):
        yield from _misnamed(reading, path)
    rooms = [home.folder / "wiki", home.folder / "prompts"]
    if not any(os.path.isdir(room) for room in rooms):
        if any(_is_markdown(path) for path in _walk(home.folder)):
            yield Problem("holds Markdown files, and none of them is read.", reading.shown(home.folder), _NO_COURSE)
        return
    wiki, prompts = rooms
    for path in _walk(home.folder):
        if problem := _unread(reading, path, wiki, prompts):
            yield problem


def _unread(reading: Reading, path: Path, wiki: Path, prompts: Path) -> Problem | None:
    shown = reading.shown(path)
    step = _step(path, wiki, prompts)
    if _is_markdown(path) and step:
        return Problem("is not read.", shown, step)
    if not os.path.islink(path) or _is_markdown(path) or path in {wiki.parent / name for name in _ROOMS}:
        return None  # what the listing reads, it tells itself where it leads nowhere
    # os.path and not Path: no error where a folder on the way may not be entered.
    if os.path.isdir(path):
        return Problem("is a symbolic link to a folder, and is not read.", shown, "Copy the folder here.")
    if not os.path.exists(path):
        return Problem("is a symbolic link that leads nowhere.", shown, "Remove it, or mend it.")
    return None


def _step(path: Path, wiki: Path, prompts: Path) -> str:
    """What to do so that a Markdown file of this name is read; empty where it is."""
    if not path.is_relative_to(wiki) and not path.is_relative_to(prompts):
        return "Put it into `wiki` or `prompts`."
    if path.suffix != ".md":
        return f"Name it {path.with_suffix('.md').name!r}."
    if path.is_relative_to(prompts) and path.parent != prompts:
        return "Put it directly into `prompts`."
    return ""


def _misnamed(reading: Reading, path: Path) -> Iterator[Problem]:
    near = difflib.get_close_matches(path.name.lower(), _ROOMS, n=1, cutoff=0.75)
    if path.name not in _ROOMS and near:
        yield Problem("is not read.", reading.shown(path), f"Did you mean {near[0]!r}?")


def _is_markdown(path: Path) -> bool:
    """A README tells designers about the folder itself; nobody expects to see it sent."""
    return path.suffix.lower() in _MARKDOWN and path.stem.lower() != "readme"


def _within(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _walk(folder: Path) -> Iterator[Path]:
    """Everything that is not a folder of its own, links to folders among it; hidden names are the designer's own."""
    for place, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if not name.startswith((".", "_")))
        links = [name for name in below if os.path.islink(Path(place, name))]
        for name in sorted([*names, *links]):
            if not name.startswith((".", "_")):
                yield Path(place, name)
