"""How Moodle's wiki shows a page of its html format: headings re-levelled, `[[links]]` and addresses linked.

The damage is faithful too (Moodle 4.5, mod/wiki/parser): repeated headings become paragraphs, blanks in <pre>
are eaten, an address in the text swallows the tags after it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import quote_plus

from lms_bridge.sandbox.moodle.cleaning.tokens import PHP_BLANKS
from lms_bridge.sandbox.moodle.wiki_toc import Heading, attribute, contents_table

HEADING = re.compile(r"<\s*h([1-6])\s*>(.+?)</h[1-6]>", re.I | re.S | re.A)
_ANCHOR = re.compile(r"<a\s[^>]+?>.*?</a>", re.I | re.S | re.A)
_LINK = re.compile(r"\[\[(.+?)\]\]", re.I | re.S | re.A)
_ADDRESS = re.compile(r"(?<!=\")((?:https?|ftp)://[^\s\n]+[^,.?!:;\"'\n ])", re.I | re.A)
_OUTSIDE = re.compile(r"(?:https?|s?ftp)://.+", re.I | re.A)
_SHIELD = re.compile(r"%!(\d+)%!", re.A)
_DEEPEST_IN_CONTENTS = 3


@dataclass(frozen=True)
class LinkTarget:
    """Where `[[title]]` leads. `url` is written into the page as it is, so `&` in it has to be `&amp;`."""

    url: str
    missing: bool = False


@dataclass(frozen=True)
class WikiDisplay:
    """`html` is what Moodle caches and shows after cleaning; `links` are the titles linked to."""

    html: str
    links: tuple[str, ...]
    repeated_headings: tuple[str, ...]


@dataclass
class _Shields:
    """Text put aside while the rest is parsed, `%!n%!` standing in for it."""

    kept: list[str] = field(default_factory=list)

    def keep(self, text: str) -> str:
        self.kept.append(text)
        return f"%!{len(self.kept) - 1}%!"

    def restore(self, text: str) -> str:
        return _SHIELD.sub(self._kept, text)

    def _kept(self, match: re.Match[str]) -> str:
        number = int(match[1])
        return self.kept[number] if number < len(self.kept) else ""


@dataclass
class _Page:
    page_id: int
    link_to: Callable[[str], LinkTarget]
    shields: _Shields = field(default_factory=_Shields)
    headings: list[Heading] = field(default_factory=list)
    links: list[str] = field(default_factory=list)


def render_wiki_html(text: str, *, page_id: int, link_to: Callable[[str], LinkTarget]) -> str:
    """The page before cleaning. `link_to` finds a page by the title between the brackets."""
    return parse_wiki_html(text, page_id=page_id, link_to=link_to).html


def parse_wiki_html(text: str, *, page_id: int, link_to: Callable[[str], LinkTarget]) -> WikiDisplay:
    page = _Page(page_id, link_to)
    text = _SHIELD.sub(lambda match: page.shields.keep(match[0]), text)
    text = with_plain_newlines(text) + "\n\n"
    text, repeated = _demote_repeated(text)
    top = smallest_heading(text)
    for anchor in dict.fromkeys(match[0] for match in _ANCHOR.finditer(text)):
        text = text.replace(anchor, page.shields.keep(anchor))
    text = HEADING.sub(partial(_heading, page, top), text)
    text = _LINK.sub(partial(_link, page), text)
    text = _ADDRESS.sub(partial(_address, page), text)
    text = page.shields.restore(text)
    # A blank at the start of a line goes with the runs of newlines: code in <pre> loses its indent here.
    text = re.sub(r"\n\s", "\n", text, flags=re.A)
    text = re.sub(r"\n{2,}", "\n", text).strip(PHP_BLANKS) + "\n"
    return WikiDisplay(contents_table(page.headings) + text, tuple(dict.fromkeys(page.links)), repeated)


def with_plain_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def smallest_heading(text: str) -> int:
    return min((int(match[1]) for match in HEADING.finditer(text)), default=1)


def _demote_repeated(text: str) -> tuple[str, tuple[str, ...]]:
    seen: set[str | float] = set()
    repeated: dict[str, None] = {}

    def demoted(match: re.Match[str]) -> str:
        words = match[2].strip(PHP_BLANKS)
        if _as_compared(words) not in seen:
            seen.add(_as_compared(words))
            return match[0]
        repeated[words] = None
        return f"<p>{words}</p>"

    return HEADING.sub(demoted, text), tuple(repeated)


def _as_compared(words: str) -> str | float:
    """PHP's loose comparison: "1" and "1.0" are the same heading."""
    return float(words) if re.fullmatch(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", words, re.A) else words


def php_urlencode(text: str) -> str:
    return quote_plus(text, safe="").replace("~", "%7E")


def _heading(page: _Page, top: int, match: re.Match[str]) -> str:
    level = int(match[1]) - top + 1
    shown = listed = match[2].strip(PHP_BLANKS)
    if level == 1:
        url = attribute("href", f"edit.php?pageid={page.page_id}&section={php_urlencode(shown)}")
        opening = f"<a{url}{attribute('class', 'wiki_edit_section')}>"
        shown = f"{shown} {opening}{page.shields.keep('[edit]')}</a>"
        listed = f"{listed} {opening}[edit]</a>"
    if level <= _DEEPEST_IN_CONTENTS:
        page.headings.append(Heading(level, listed))
        shown = f'<a name="toc-{len(page.headings)}"></a>{shown}'
    tag = f"h{min(6, level + 2)}"
    return f"<{tag}>{shown}</{tag}>\n\n"


def _link(page: _Page, match: re.Match[str]) -> str:
    target, label = _target(page, match[1])
    label, url = page.shields.keep(label), page.shields.keep(target.url)
    css = attribute("class", "wiki_newentry") if target.missing else ""
    return f"<a{css}{attribute('href', url)}>{label}</a>"


def _target(page: _Page, text: str) -> tuple[LinkTarget, str]:
    parts = re.fullmatch(r"([^|]+)\|(.+)\n?", text)
    if parts is None:
        return _find(page, text)
    title, label = parts[1], parts[2].strip(PHP_BLANKS)
    with_anchor = re.search(r"(.+)#(.*)", title, re.S)
    if with_anchor:
        # The anchor is lost: Moodle hands it on to a function that does not look at it.
        return _find(page, with_anchor[1])[0], label
    if title.startswith("#"):
        return LinkTarget("#" + php_urlencode(title[1:])), label
    return _find(page, title)[0], label


def _find(page: _Page, title: str) -> tuple[LinkTarget, str]:
    title = title.strip(PHP_BLANKS)
    if _OUTSIDE.fullmatch(title):
        title = title.strip(",.?!")
        return LinkTarget(title), title
    page.links.append(title)
    return page.link_to(title), title


def _address(page: _Page, match: re.Match[str]) -> str:
    url = page.shields.keep(match[1])
    return f"<a{attribute('href', url)}>{url}</a>"
