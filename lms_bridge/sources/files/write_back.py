"""What people changed in a destination → the text of a file: its front matter and every untouched line stay."""

import difflib
import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import yaml

from lms_bridge.connector import Edit
from lms_bridge.errors import ContentError
from lms_bridge.markup.fragment import parse
from lms_bridge.markup.links import asset_digest, images, item_href
from lms_bridge.markup.markdown import plain_text
from lms_bridge.markup.rewriting import rewritten
from lms_bridge.markup.sections import Section, footnotes
from lms_bridge.markup.to_markdown import Spelling
from lms_bridge.sources.files import folder as folders
from lms_bridge.sources.files.conversion import Conversion
from lms_bridge.sources.files.leaves import ATX, SETEXT
from lms_bridge.sources.files.reading import Reading, decoded, read_bytes

_BY_HAND = "Take the words over by hand: `lms-bridge diff KEY` shows them."
_TITLE_LINE = re.compile(r"^(title:[ \t]*)(?P<value>\S.*)$")
_SIGNS = re.compile(r"([\\`*_\[\]<>&#])")
_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Room:
    """What is known of the folder that an edit goes back into."""

    reading: Reading
    links: folders.Map
    conversion: Conversion
    limit: int
    """Bytes that a text may have."""


def write_back(room: Room, leaf: folders.Leaf, edit: Edit) -> bytes:
    """The file's new content. Raises ContentError when it cannot say what people wrote."""
    where = room.reading.shown(leaf.file)
    text = decoded(room.reading, leaf.path, limit=room.limit).removeprefix("\ufeff")
    head = text.removesuffix(leaf.text)
    body = leaf.text
    if edit.body is not None:
        body = _body(room, leaf, edit.body, where)
    if edit.title is not None:
        head = _retitled(leaf, head, edit.title, where)
    content = _encoded(head + body, like=room.reading.instead.get(leaf.path) or _raw(room, leaf.path))
    if len(content) > room.limit:
        step = "Split the page, or raise `max_page_bytes` in connectors.yaml; then pull again."
        raise ContentError("would be larger than `max_page_bytes` with people's words.", where=where, next_step=step)
    return content


def _raw(room: Room, path: Path) -> bytes:
    return read_bytes(room.reading, path, limit=room.limit, step="", where=room.reading.shown(path))


def _encoded(text: str, *, like: bytes) -> bytes:
    """With the byte order mark that the file has, and the end that each line had; new ones end as most do."""
    old = _LINE.findall(like.removeprefix(_BOM).decode())
    ends = Counter(end for _, end in old if end)
    usual = ends.most_common(1)[0][0] if ends else "\n"
    new = text.split("\n")
    out = [usual] * (len(new) - 1) + [""]
    if len(ends) > 1:
        matcher = difflib.SequenceMatcher(None, [line for line, _ in old], new, autojunk=False)
        for match in matcher.get_matching_blocks():
            for n in range(match.size):
                out[match.b + n] = out[match.b + n] and (old[match.a + n][1] or usual)
    content = "".join(map(str.__add__, new, out)).encode()
    return _BOM + content if like.startswith(_BOM) else content


def _body(room: Room, leaf: folders.Leaf, html: str, where: str) -> str:
    spelled: dict[str, str] = {}
    titles: dict[str, str] = {}
    room.conversion.sections(leaf, leaf.text, spelled, titles)
    for image in images(parse(html)):
        src = image.get("src", "")
        if src not in spelled and (asset_digest(src) is not None or not src.startswith("https://")):
            cause = "got an image in the destination, which cannot be fetched from there."
            step = f"Save the image beside the page and show it there. {_BY_HAND}"
            raise ContentError(cause, where=where, next_step=step)
    paths = {item_href(other.key): _relative(leaf.path, other.path) for other in room.links.leaves.values()}
    spelling = Spelling({**paths, **spelled}, titles, footnotes(leaf.text))

    def convert(text: str) -> list[Section]:
        return room.conversion.sections(leaf, text, {}, {})

    text = rewritten(leaf.text, html, spelling, convert)
    if text is None:
        cause = "holds something that cannot be written anew in Markdown: footnotes, or HTML around several blocks."
        raise ContentError(cause, where=where, next_step=_BY_HAND)
    return text


def _relative(page: Path, other: Path) -> str:
    return quote(Path(os.path.relpath(other, page.parent)).as_posix())


def _retitled(leaf: folders.Leaf, head: str, title: str, where: str) -> str:
    """The head of the file with another title: in the front matter, in the first heading, or in both."""
    lines = head.split("\n")
    at = leaf.lines.get("title")
    if at is not None:
        found = _TITLE_LINE.match(lines[at - 1])
        if found is None or lines[at][:1] in (" ", "\t"):
            step = f"Write the title on one line. {_BY_HAND}"
            raise ContentError("has a title of several lines.", where=f"{where}:{at}", next_step=step)
        lines[at - 1] = found[1] + _as_yaml(title, found["value"])
    closing = next((n for n, line in enumerate(lines[1:], 2) if line.rstrip() in ("---", "...")), 0)
    start = closing if lines[0].rstrip() == "---" else 0
    kept, heading = lines[:start], "\n".join(lines[start:])
    return "\n".join([*kept, _other_heading(heading, title)])


def _as_yaml(title: str, was: str) -> str:
    style = was[0] if was[0] in "'\"" else None
    return str(yaml.safe_dump(title, allow_unicode=True, width=10_000, default_style=style)).split("\n")[0]


def _other_heading(heading: str, title: str) -> str:
    found = ATX.match(heading) or SETEXT.match(heading)
    if found is None:
        return heading
    written = title if plain_text(title) == title else _SIGNS.sub(r"\\\1", title)
    begin, end = found.span("title")
    rest = heading[end:]
    if heading[: found.start("title")].lstrip().startswith("#"):
        return heading[:begin] + written + rest
    return heading[:begin] + written + re.sub(r"=+", "=" * max(3, len(written)), rest, count=1)
