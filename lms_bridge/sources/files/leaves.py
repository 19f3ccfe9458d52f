"""Markdown files → leaves: front matter, title and identity."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from lms_bridge.errors import ContentError, Problem
from lms_bridge.items import Key, Kind, index_key
from lms_bridge.markup.markdown import plain_text, split_front_matter
from lms_bridge.sources.files import folder as folders
from lms_bridge.sources.files.front_matter import PageMatter, PromptMatter, read_yaml
from lms_bridge.sources.files.reading import Reading, read_text
from lms_bridge.sources.files.settings import FilesSettings

ATX = re.compile(r"\s*\n?# +(?P<title>[^\n]+?)(?: +#+)? *(?:\n|$)")
SETEXT = re.compile(r"(?:[ \t]*\n)*(?P<title>\S[^\n]*)\n=+ *(?:\n|$)")
_PLAIN_LINE = re.compile(r"^(?P<name>id|title):[ \t]+(?P<value>[^\n]*\S)", re.MULTILINE)
_MAX_TITLE = 255
# A line longer than this is no title, whatever its marks stand for: it is not read for them.
_MAX_HEADING = 5_000
WIKI = "wiki"
ROOMS = {Kind.PAGE: WIKI, Kind.PROMPT: "prompts"}


def read_leaf(
    reading: Reading, path: Path, home: folders.CourseFolder, kind: Kind, source: str, settings: FilesSettings
) -> folders.Leaf:
    """Raises ContentError for a file that cannot become a page or a prompt."""
    where = reading.shown(path)
    text = read_text(reading, path, limit=settings.max_page_bytes)
    raw, body, offset = split_front_matter(text)
    model: type[PageMatter | PromptMatter] = PageMatter if kind is Kind.PAGE else PromptMatter
    matter, lines = read_yaml(raw, model, where=where, first_line=2)
    title, body, dropped = _title(matter.title, body)
    if not title and body.startswith("---"):
        cause, step = "opens with `---`, and no other such line follows.", "Close the front matter with a line `---`."
        raise ContentError(cause, where=f"{where}:1", next_step=step)
    if not title:
        raise ContentError(
            "has no title.",
            where=where,
            next_step="Begin the text with `# Title`, or write `title: …` in its front matter.",
        )
    if len(title) > _MAX_TITLE:
        raise ContentError(f"has a title of {len(title)} characters.", where=where, next_step="Keep it under 256.")
    key = key_of(path, home, kind, source, matter.id, matter.group)
    return folders.Leaf(kind, key, str(path), home.course, title, matter, lambda: body, offset + dropped, lines)


def salvaged(
    reading: Reading, path: Path, home: folders.CourseFolder, kind: Kind, source: str, settings: FilesSettings
) -> folders.Leaf:
    """What can be told of a file with a mistake in it, so that links to it need not be taken for dead."""
    try:
        raw, body, _ = split_front_matter(read_text(reading, path, limit=settings.max_page_bytes))
    except ContentError:
        raw = body = ""
    told = {found["name"]: found["value"].strip("'\"") for found in _PLAIN_LINE.finditer(raw)}
    title, _, _ = _title(told.get("title"), body)
    matter = PageMatter() if kind is Kind.PAGE else PromptMatter()
    key = key_of(path, home, kind, source, told.get("id"), told.get("group"))
    return folders.Leaf(kind, key, str(path), home.course, title, matter, str, 0)


def key_of(
    path: Path, home: folders.CourseFolder, kind: Kind, source: str, given: str | None, group: str | None
) -> Key:
    """By the id that the front matter gives, else by the path without its suffix."""
    room = ROOMS[kind]
    # As text, since this is asked for every file of a large folder.
    within = str(path)[len(f"{home.folder}{os.sep}{room}{os.sep}") :].replace(os.sep, "/")
    if kind is Kind.PAGE and within == "index.md":
        return index_key(source, home.course.idnumber, group)
    identity = given or within.removesuffix(".md")
    return f"{source}:{home.course.idnumber}/{room}/{identity}"


def _title(given: str | None, body: str) -> tuple[str, str, int]:
    """The title, the text without its first heading where that is the title, and how many lines were taken off."""
    found = ATX.match(body) or SETEXT.match(body)
    line = found["title"] if found else ""
    heading = plain_text(line) if len(line) <= _MAX_HEADING else line
    if given is not None and folders.folded(given) != folders.folded(heading):
        return " ".join(given.split()), body, 0
    if found is None:
        return "", body, 0
    taken = body[: found.end()]
    return " ".join((given or heading).split()), body[found.end() :], taken.count("\n")


def shared_keys(leaves: Iterable[folders.Leaf], reading: Reading) -> frozenset[Key]:
    """Keys that several files claim. All of those files are left out, since nobody knows which is meant."""
    by_key: dict[Key, list[folders.Leaf]] = {}
    for leaf in leaves:
        by_key.setdefault(leaf.key, []).append(leaf)
    shared = {key: sharing for key, sharing in by_key.items() if len(sharing) > 1}
    for key, sharing in shared.items():
        places = " and ".join(reading.shown(leaf.file) for leaf in sharing)
        prefix = f"{key.partition(':')[0]}:{sharing[0].course.idnumber}/{ROOMS[sharing[0].kind]}/"
        cause = f"the id {key.removeprefix(prefix)!r} is used twice."
        reading.leave_out(Problem(cause, places, "Give each file its own id; none was sent."))
    return frozenset(shared)
