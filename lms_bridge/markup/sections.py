"""Markdown by its tokens (markdown-it): any text at all, and a text by its blocks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import unescape
from typing import Any

from lxml import etree
from markdown_it.token import Token

from lms_bridge.markup.addresses import Addresses, Problem, Resolve
from lms_bridge.markup.clean import CANONICAL, clean
from lms_bridge.markup.commonmark import WIKI, parser
from lms_bridge.markup.fragment import Cleaned, Fragment, parse, serialize
from lms_bridge.markup.links import images, links, replace_with_text
from lms_bridge.markup.normal import dissolve

_RAW_ADDRESS = re.compile(r"""(?i)\b(?:href|src)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
# In a cleaned text, where no attribute holds a bracket.
_ADDRESS = re.compile(r' (?:href|src)="([^"<>]*)"')
_WHOLE = re.compile("(?i)(?:" + "|".join(sorted(CANONICAL.schemes)) + "):")
# Relative addresses live until they are resolved; none is left in the result.
_BEFORE_RESOLVING = replace(CANONICAL, relative=True)


@dataclass(frozen=True, slots=True)
class Section:
    """A top-level block of a text: its lines from `first` up to `last`, counted from 0, and what it becomes."""

    first: int
    last: int
    html: str


def converted(text: str, first_line: int, addresses: Addresses) -> str:
    """Cleaned HTML. Raises MarkupError, whose line counts within the text."""
    env: dict[str, Any] = {}
    tokens = parser().parse(text, env)
    _resolve_tokens(tokens, first_line, addresses)
    return cleaned(parser().renderer.render(tokens, parser().options, env), first_line, addresses)


def line_of_words(line: str) -> str:
    """What of a line of Markdown is words."""
    return _words(parser().parseInline(line))


def sections(text: str, *, resolve_link: Resolve, resolve_image: Resolve, wiki_link: Resolve) -> list[Section]:
    """The top-level blocks of a text that `to_html` converts: together they become the same. Footnotes come last, and
    have no lines of their own."""
    addresses = Addresses(resolve_link, resolve_image, wiki_link)
    env: dict[str, Any] = {}
    tokens = parser().parse(text, env)
    _resolve_tokens(tokens, 1, addresses)
    found: list[Section] = []
    opened = depth = 0
    for at, token in enumerate(tokens):
        # By counting, as the tokens of footnotes tell no level.
        opened = at if depth == 0 else opened
        depth += token.nesting
        if depth > 0:
            continue
        html = cleaned(parser().renderer.render(tokens[opened : at + 1], parser().options, env), 1, addresses)
        first, last = tokens[opened].map or (text.count("\n") + 1,) * 2
        found.append(Section(first, last, html))
    return found


def footnotes(text: str) -> dict[str, str]:
    """The labels of a text's footnotes by the numbers that readers see."""
    inline = (child for token in parser().parse(text) for child in token.children or ())
    return {str(child.meta["id"] + 1): child.meta["label"] for child in inline if child.type == "footnote_ref"}


def cleaned(html: str, first_line: int, addresses: Addresses) -> str:
    """What Markdown was rendered to, with the addresses in its raw HTML resolved, too."""
    html = clean(html, policy=_BEFORE_RESOLVING)
    if addresses.raw_lines:
        fragment = parse(html)
        _resolve_raw(fragment, first_line, addresses)
        return serialize(fragment)
    # Nothing was left to resolve: where no address is relative it is what the stricter policy gives.
    return Cleaned(html, CANONICAL) if all(map(_WHOLE.match, _ADDRESS.findall(html))) else html


def _resolve_tokens(tokens: Sequence[Token], first_line: int, addresses: Addresses) -> None:
    line = first_line
    in_cell = False
    for block in tokens:
        if block.map:
            line = block.map[0] + first_line
        if block.type == "html_block":
            _note_raw(block.content, line, addresses)
        if in_cell and "[[" in block.content.rpartition("]]")[2]:
            # As in every Markdown with tables: the bar ends the cell before anything inside it is read.
            message = f"“{block.content}”: a bar ends the cell of a table; write [[Title\\|label]] there"
            addresses.problems.append(Problem(line, message))
        in_cell = block.type in ("td_open", "th_open")
        if block.children:
            _resolve_inline(block.children, line, addresses)


def _resolve_inline(tokens: Sequence[Token], line: int, addresses: Addresses) -> None:
    for token in tokens:
        if token.type == "text":
            continue
        if token.type in ("softbreak", "hardbreak"):
            line += 1
        else:
            _resolve_token(token, line, addresses)


def _resolve_token(token: Token, line: int, addresses: Addresses) -> None:
    match token.type:
        case "link_open" if WIKI in token.meta:
            _set(token, "href", addresses.titled(token.meta[WIKI], line))
        case "link_open":
            _set(token, "href", addresses.found_link(str(token.attrs.get("href", "")), line))
        case "image":
            _set(token, "src", addresses.found_image(str(token.attrs.get("src", "")), line))
        case "html_inline":
            _note_raw(token.content, line, addresses)


def _set(token: Token, name: str, address: str | None) -> None:
    if address is None:
        token.attrs.pop(name, None)
    else:
        token.attrs[name] = address


def _note_raw(html: str, line: int, addresses: Addresses) -> None:
    for found in _RAW_ADDRESS.finditer(html):
        address = unescape(found[1] or found[2] or found[3] or "")
        addresses.raw_lines.setdefault(address, line + html.count("\n", 0, found.start()))


def _resolve_raw(fragment: Fragment, first_line: int, addresses: Addresses) -> None:
    """Addresses in raw HTML are seen only in the tree; those of Markdown's own links are resolved by now."""

    def ask(element: etree._Element, name: str, find: Resolve) -> str | None:
        address = element.get(name, "")
        return find(address, addresses.raw_lines.get(address, first_line))

    for a in list(links(fragment)):
        href = ask(a, "href", addresses.found_link)
        if href is None:
            dissolve(a)
        else:
            a.set("href", href)
    for img in list(images(fragment)):
        src = ask(img, "src", addresses.found_image)
        if src is None:
            replace_with_text(img, img.get("alt", ""))
        else:
            img.set("src", src)


def _words(tokens: Sequence[Token]) -> str:
    return "".join(map(_word, tokens))


def _word(token: Token) -> str:
    match token.type:
        case "text" | "code_inline":
            return token.content
        case "softbreak" | "hardbreak":
            return " "
        case "inline" | "image":
            return _words(token.children or ())
    return ""
