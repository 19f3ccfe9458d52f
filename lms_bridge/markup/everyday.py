"""Everyday Markdown to HTML in one step: what most texts are made of, by pulldown-cmark (pyromark).

It knows CommonMark as markdown-it does, and takes a fiftieth of its time. Whatever
the two might read in different ways is not converted here; a test holds them against each other.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape, unescape

import pyromark

from lms_bridge.markup.addresses import Addresses

_OPTIONS = pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_WIKILINKS

# Raw HTML, entities, escapes, strikethrough and signs that are neither words nor usual blanks; beyond ASCII, what is
# neither a letter nor often seen.
_RARE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f<&~\\]")
_HARMLESS = re.compile(r"<(?![A-Za-z/!?])|&(?![A-Za-z#])")
_RARE_BEYOND_ASCII = re.compile(r"[^\n -\x7e\w§°·×–—‘’“”„…•→«»€£²³½]|[*_][^\w\s!-\x7e]|[^\w\s!-\x7e][*_]")
"""Beside emphasis, signs are classed by tables of different ages."""
# Footnotes, boxes, and links in or around links.
_RARE_PAIRS = ("[^", "]](", "[![", "[ ] ", "[x] ", "[X] ")
# Definition lists, quotes in lists, references, and lists deep enough to be refused.
_RARE_LINES = re.compile(r"\n(?:[ >*+.)\d-]*:[ ]| +>|[ >*+.)\d-]*\[[^\]]*\]:|[ >*+.)\d-]{14})")
_LINK = re.compile(
    r"""\[(?:[^\[\]\n]*\]\((?P<address>[\w./~#%:?=&;@$,+-]+)(?:[ ]"[^"\\\n]*")?\)"""
    r"""|\[(?P<title>[^\[\]\n|]+)(?:\|(?P<label>[^\[\]\n|]+))?\]\])""",
    re.ASCII,
)
# A table by itself, with a bar at both ends of each row: of all others the two have views of their own.
_TABLE = re.compile(r"\n\n(\|[^\n]*\w[^\n]*\|\n\|(?: *:?-+:? *\|)+(?:\n\|[^\n]*\|)+)(?=\n\n|\n?\Z)")
# Whether such a text is one for people at all is for markdown-it to say.
_MANY = 2_000
_SIGNS_IN_TITLE = re.compile(r"[`*_&<!]|^\s|\s$")
_ODD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_MADE = re.compile(r'<(?:a href|img src)="([^"]*)"([^>]*>)([^<]*)')


@dataclass(frozen=True, slots=True)
class _Written:
    """A link or an image as its writer spelled it; `title` for [[Title]]."""

    line: int
    is_image: bool
    address: str
    title: str
    label: str


def everyday(text: str, first_line: int, addresses: Addresses) -> str | None:
    """The text as HTML that is still to be cleaned; None for one that markdown-it is to read. `addresses` are asked
    only when the text is taken."""
    if _has_rare_signs(text):
        return None
    written = _written(text, first_line)
    if written is None or not _tables_are_plain(text, written):
        return None
    html = pyromark.html(text, options=_OPTIONS)
    if "<pre" in html and not text.endswith("\n"):
        return None
    made = list(_MADE.finditer(html))
    if len(made) != len(written) or not all(map(_same, made, written)):
        return None
    parts, at = [], 0
    for found, link in zip(made, written, strict=True):
        parts += [html[at : found.start()], _opened(link, addresses), found[2]]
        at = found.start(3)
    return "".join([*parts, html[at:]])


def _has_rare_signs(text: str) -> bool:
    rare = _RARE.search(text)
    if rare is not None and _RARE.search(_HARMLESS.sub("", text)):
        return True
    if not text.isascii() and _RARE_BEYOND_ASCII.search(text):
        return True
    return any(pair in text for pair in _RARE_PAIRS) or bool(_RARE_LINES.search(f"\n{text}"))


def _tables_are_plain(text: str, links: Sequence[_Written]) -> bool:
    bars = text.count("|")
    if bars == 0:
        return True
    tables: list[str] = _TABLE.findall(f"\n\n{text}")
    # A bar in [[Title|label]] ends a table's cell.
    if any("[[" in table or "`" in table for table in tables):
        return False
    return bars == sum(table.count("|") for table in tables) + sum(bool(link.label) for link in links)


def _written(text: str, first_line: int) -> list[_Written] | None:
    """The links and images of a text; None where some are written in ways that are not looked for here."""
    if "[" not in text:
        return []
    if text.count("[") > _MANY:
        return None
    found = list(_links(text, first_line))
    titles = sum(bool(link.title) for link in found)
    odd = any(_SIGNS_IN_TITLE.search(part) for link in found for part in (link.title, link.label) if part)
    return None if odd or titles != text.count("[[") else found


def _links(text: str, first_line: int) -> Iterator[_Written]:
    line, at = first_line, 0
    for found in _LINK.finditer(text):
        line += text.count("\n", at, found.start())
        at = found.start()
        is_image = text[at - 1 : at] == "!" and not found["title"]
        yield _Written(line, is_image, found["address"] or "", found["title"] or "", found["label"] or "")


def _same(made: re.Match[str], link: _Written) -> bool:
    if link.title:
        words: str = made[3]
        return made[0].startswith("<a ") and words == escape(link.label or link.title, quote=False)
    plain = unescape(made[1]) == link.address and not _ODD_ESCAPE.search(link.address)
    return plain and made[0].startswith("<img " if link.is_image else "<a ")


def _opened(link: _Written, addresses: Addresses) -> str:
    """The start of its tag, without an address where it leads nowhere."""
    if link.title:
        address = addresses.titled(link.title, link.line)
    elif link.is_image:
        address = addresses.found_image(link.address, link.line)
    else:
        address = addresses.found_link(link.address, link.line)
    name, attribute = ("img", "src") if link.is_image else ("a", "href")
    return f"<{name}" if address is None else f'<{name} {attribute}="{escape(address)}"'
