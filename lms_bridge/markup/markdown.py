"""Markdown to canonical HTML: CommonMark with tables, footnotes, task and definition lists, and [[Title]]."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from html import unescape
from typing import Any

from lxml import etree
from markdown_it.token import Token

from lms_bridge.markup.clean import CANONICAL, clean
from lms_bridge.markup.commonmark import WIKI, parser
from lms_bridge.markup.fragment import MAX_LENGTH, Cleaned, Fragment, MarkupError, parse, serialize, text_of
from lms_bridge.markup.links import images, links, replace_with_text
from lms_bridge.markup.normal import dissolve

Resolve = Callable[[str, int], str | None]

_FRONT_MATTER = re.compile(r"\ufeff?---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_WEB = re.compile(r"(?i)https?:")
_WEB_WITH_SERVER = re.compile(r"(?i)https?://[^/?#\\\s]")
_RAW_ADDRESS = re.compile(r"""(?i)\b(?:href|src)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
# In a cleaned text, where no attribute holds a bracket.
_ADDRESS = re.compile(r' (?:href|src)="([^"<>]*)"')
_HREF = re.compile(r'<a (?:[^<>]* )?href="([^"<>]+)"')
_SRC = re.compile(r'<img (?:[^<>]* )?src="([^"<>]+)"')
_WHOLE = re.compile("(?i)(?:" + "|".join(sorted(CANONICAL.schemes)) + "):")
# Relative addresses live until they are resolved; none is left in the result.
_BEFORE_RESOLVING = replace(CANONICAL, relative=True)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a text that a designer should look at; `line` counts from 1 in the whole file."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Conversion:
    """A converted text. `leading_heading`: the text opens with its title as a first-level heading."""

    html: str
    title: str | None
    leading_heading: bool
    problems: tuple[Problem, ...]
    links: tuple[str, ...]
    images: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A top-level block of a text: its lines from `first` up to `last`, counted from 0, and what it becomes."""

    first: int
    last: int
    html: str


@dataclass(frozen=True, slots=True)
class _Addresses:
    """The callers' answers about addresses, and what was found wrong on the way."""

    link: Resolve
    image: Resolve
    wiki: Resolve
    problems: list[Problem] = field(default_factory=list)
    raw_lines: dict[str, int] = field(default_factory=dict)

    def find(self, address: str, line: int, resolve: Resolve, what: str) -> str | None:
        scheme = _SCHEME.match(address)
        if address.startswith("//") or (_WEB.match(address) and not _WEB_WITH_SERVER.match(address)):
            # Browsers mend these each in their own way; `//e.org` is http or https as the page around it is.
            self.problems.append(Problem(line, f"{what} “{address}”: write the whole address, https://…"))
            return None
        if scheme and not (resolve is self.image and scheme[1].lower() == "http"):
            if scheme[1].lower() in CANONICAL.schemes:
                return address
            self.problems.append(Problem(line, f"{what} “{address}”: addresses of this kind are not sent"))
            return None
        if address.startswith("#"):
            self.problems.append(Problem(line, f"{what} “{address}”: links within a page do not work where it is sent"))
            return None
        found = resolve(address, line)
        if found is None:
            self.problems.append(Problem(line, f"{what} “{address}” leads nowhere"))
        return found


def split_front_matter(text: str) -> tuple[str, str, int]:
    """The YAML between the opening `---` lines, the text after it, and how many lines come before that text."""
    found = _FRONT_MATTER.match(text)
    if not found:
        return "", text.removeprefix("\ufeff"), 0
    return found[1], text[found.end() :], found[0].count("\n")


def plain_text(line: str) -> str:
    """The words of a line of Markdown, a heading for one, as its reader sees them."""
    return " ".join(_words(parser().parseInline(line)).split())


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


def to_html(
    text: str,
    *,
    resolve_link: Resolve,
    resolve_image: Resolve,
    wiki_link: Resolve,
    line_offset: int = 0,
) -> Conversion:
    """Converts Markdown. Addresses come to the callbacks percent-encoded; None from a callback is a broken link.

    Addresses that are https, mailto, item or asset already are kept and not asked for, and so are links, not images,
    that are http. `line_offset` is the number of lines before the text in its file. Raises MarkupError.
    """
    if len(text) > MAX_LENGTH:
        raise MarkupError(f"the text has {len(text):,} characters; at most {MAX_LENGTH:,} are taken: split the text")
    addresses = _Addresses(resolve_link, resolve_image, wiki_link)
    env: dict[str, Any] = {}
    try:
        tokens = parser().parse(text, env)
        _resolve_tokens(tokens, line_offset + 1, addresses)
        html = _rendered(tokens, env, line_offset + 1, addresses)
    except MarkupError as error:
        raise MarkupError(str(error), error.line and error.line + line_offset) from error
    return _conversion(html, addresses.problems)


def sections(text: str, *, resolve_link: Resolve, resolve_image: Resolve, wiki_link: Resolve) -> list[Section]:
    """The top-level blocks of a text that `to_html` converts: together they become the same. Footnotes come last, and
    have no lines of their own."""
    addresses = _Addresses(resolve_link, resolve_image, wiki_link)
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
        html = _rendered(tokens[opened : at + 1], env, 1, addresses)
        first, last = tokens[opened].map or (text.count("\n") + 1,) * 2
        found.append(Section(first, last, html))
    return found


def footnotes(text: str) -> dict[str, str]:
    """The labels of a text's footnotes by the numbers that readers see."""
    inline = (child for token in parser().parse(text) for child in token.children or ())
    return {str(child.meta["id"] + 1): child.meta["label"] for child in inline if child.type == "footnote_ref"}


def _rendered(tokens: Sequence[Token], env: dict[str, Any], first_line: int, addresses: _Addresses) -> str:
    html = clean(parser().renderer.render(tokens, parser().options, env), policy=_BEFORE_RESOLVING)
    if addresses.raw_lines:
        fragment = parse(html)
        _resolve_raw(fragment, first_line, addresses)
        return serialize(fragment)
    # Nothing was left to resolve: where no address is relative it is what the stricter policy gives.
    return Cleaned(html, CANONICAL) if all(map(_WHOLE.match, _ADDRESS.findall(html))) else html


def _resolve_tokens(tokens: Sequence[Token], first_line: int, addresses: _Addresses) -> None:
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


def _resolve_inline(tokens: Sequence[Token], line: int, addresses: _Addresses) -> None:
    for token in tokens:
        if token.type == "text":
            continue
        if token.type in ("softbreak", "hardbreak"):
            line += 1
        else:
            _resolve_token(token, line, addresses)


def _resolve_token(token: Token, line: int, addresses: _Addresses) -> None:
    match token.type:
        case "link_open" if WIKI in token.meta:
            title = token.meta[WIKI]
            href = addresses.wiki(title, line)
            if href is None:
                addresses.problems.append(Problem(line, f"link “[[{title}]]”: there is no page with this title"))
            _set(token, "href", href)
        case "link_open":
            _set(token, "href", addresses.find(str(token.attrs.get("href", "")), line, addresses.link, "link"))
        case "image":
            _set(token, "src", addresses.find(str(token.attrs.get("src", "")), line, addresses.image, "image"))
        case "html_inline":
            _note_raw(token.content, line, addresses)


def _set(token: Token, name: str, address: str | None) -> None:
    if address is None:
        token.attrs.pop(name, None)
    else:
        token.attrs[name] = address


def _note_raw(html: str, line: int, addresses: _Addresses) -> None:
    for found in _RAW_ADDRESS.finditer(html):
        address = unescape(found[1] or found[2] or found[3] or "")
        addresses.raw_lines.setdefault(address, line + html.count("\n", 0, found.start()))


def _resolve_raw(fragment: Fragment, first_line: int, addresses: _Addresses) -> None:
    """Addresses in raw HTML are seen only in the tree; those of Markdown's own links are resolved by now."""

    def ask(element: etree._Element, name: str, resolve: Resolve, what: str) -> str | None:
        address = element.get(name, "")
        return addresses.find(address, addresses.raw_lines.get(address, first_line), resolve, what)

    for a in list(links(fragment)):
        href = ask(a, "href", addresses.link, "link")
        if href is None:
            dissolve(a)
        else:
            a.set("href", href)
    for img in list(images(fragment)):
        src = ask(img, "src", addresses.image, "image")
        if src is None:
            replace_with_text(img, img.get("alt", ""))
        else:
            img.set("src", src)


def _conversion(html: str, problems: list[Problem]) -> Conversion:
    root = parse(html).root if "<h1" in html else None
    heading = next(root.iter("h1"), None) if root is not None else None
    return Conversion(
        html=html,
        title=(text_of(heading) or None) if heading is not None else None,
        leading_heading=root is not None and root[0] is heading,
        problems=tuple(sorted(problems, key=lambda problem: problem.line)),
        links=tuple(dict.fromkeys(map(unescape, _HREF.findall(html)))),
        images=tuple(dict.fromkeys(map(unescape, _SRC.findall(html)))),
    )
