"""What Moodle gives back → one normal form that can be compared, read and merged. Pure.

Left out is what Moodle adds by itself: the table of contents, [edit] links, "Edited by", our own last paragraph.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape, unescape
from urllib.parse import parse_qs, quote, urlsplit

from lxml import etree

from lms_bridge.markup.fragment import Cleaned, Fragment, parse, serialize, text_of
from lms_bridge.markup.links import images, links
from lms_bridge.markup.text import words
from lms_bridge.markup.tidy import tidy
from lms_bridge.markup.vocabulary import TAGS
from lms_bridge.moodle.dialect import HEADING_CLASS
from lms_bridge.moodle.marker import is_marker_text

FILE_PREFIX = "lmsb-"
_OUR_FILE = re.compile(r"/pluginfile\.php/.*/lmsb-([0-9a-f]{64})\.[a-z0-9]+(?:$|\?)")
_ADDED_CLASSES = frozenset({"wiki-toc", "wiki_edit_section"})
_EDITED = "edited"
_EMPTY_BLOCKS = ("p", "div", "span", "br")
_WIKI_LINK = re.compile(r"\[\[([^\[\]|]+)\|([^\[\]|]+)\]\]")
_SHOWN_LINK = re.compile(r'<a (?:class="wiki_newentry" )?href="([^"<>]*/mod/wiki/[^"<>]*)">')
_OUR_END = re.compile(r'\n<p class="([^"<>]*)">(?:<a href="[^"<>]*">([^<>]*)</a>|([^<>]*))</p>\Z')
_TAKES_A_TREE = re.compile(r'&#|<(?:img|tfoot)\b|<a (?!href="[^"]*">)|/webservice/')
_NO_CLASS = re.compile(r"(?!)")
_AS_SHOWN = "as Moodle shows it"


@dataclass(frozen=True, slots=True)
class WikiAddress:
    """How a page of one wiki is addressed by its title, which outlives its number."""

    site: str
    wiki: int
    group: int
    titles: Mapping[int, str] = field(default_factory=dict)

    def url(self, title: str) -> str:
        return f"{self.site}/mod/wiki/view.php?wid={self.wiki}&title={quote(title, safe='')}&group={self.group}"


def normal(html: str, *, site: str, wiki: WikiAddress | None = None) -> str:
    """Displayed HTML in normal form: no blanks around it, image addresses are `asset:DIGEST` again, wiki links go by
    title, and files have the addresses that people's browsers open."""
    fragment = parse(html.replace(f'="{site}/webservice/pluginfile.php/', f'="{site}/pluginfile.php/'))
    _drop_additions(fragment)
    for foot in list(fragment.root.iter("tfoot")):
        # HTML Purifier puts a table's foot before its body, where XHTML 1.0 wants it.
        table = foot.getparent()
        if table is not None:
            table.append(foot)
    for img in images(fragment):
        src = img.get("src", "")
        found = _OUR_FILE.search(src) if src.startswith(f"{site}/") else None
        if found:
            img.set("src", f"asset:{found[1]}")
    if wiki is not None:
        for a in links(fragment):
            href = a.get("href", "")
            if (by_title := _by_title(href, wiki)) != href:
                a.set("href", by_title)
                if "class" in a.attrib:
                    del a.attrib["class"]
    return serialize(fragment).strip()


def expected_form(body: str, *, site: str, wiki: WikiAddress | None = None) -> str:
    """How a body of ours will read back."""
    return form_of(linked(body, wiki), site=site, wiki=wiki)


def linked(body: str, wiki: WikiAddress | None) -> str:
    """A body of ours as Moodle will show it, but for links to the wiki's own pages, which go by title: what `by_titles`
    makes of what is shown is the same, to the letter, unless somebody changed it."""
    if wiki is None:
        return body
    body = by_titles(body, wiki)
    return _WIKI_LINK.sub(lambda found: f'<a href="{escape(wiki.url(found[1]))}">{found[2]}</a>', body)


def by_titles(shown: str, wiki: WikiAddress) -> str:
    """What is shown, with its links to the wiki's own pages by title; any other text is left as it is."""

    def link(found: re.Match[str]) -> str:
        href = unescape(found[1])
        by_title = _by_title(href, wiki)
        return found[0] if by_title == href else f'<a href="{escape(by_title)}">'

    return _SHOWN_LINK.sub(link, shown)


def form_of(body: str, *, site: str, wiki: WikiAddress | None = None) -> str:
    """The normal form of a body that we made, as `linked` gives it: as `normal`, which reads whatever people may have
    written."""
    straight = _straight(body)
    return normal(body, site=site, wiki=wiki) if straight is None else straight


def _straight(body: str) -> str | None:
    """The same without a tree, for plain blocks with our paragraph at the end; None for anything else."""
    end = _OUR_END.search(body)
    if end is None or not is_marker_text(unescape(end[2] or end[3] or ""), end[1]):
        return None
    text = body[: end.start()].replace(f' class="{HEADING_CLASS}"', "")
    if _TAKES_A_TREE.search(text) or tidy(text, tags=TAGS, classes=_NO_CLASS) != text:
        return None
    return Cleaned(text, _AS_SHOWN)


def hidden_words(stored: str, shown: str, *, site: str, wiki: WikiAddress) -> list[str]:
    """The words of a stored text that its display, in normal form, does not show."""
    return list(_counted(expected_form(stored, site=site, wiki=wiki)) - _counted(shown))


def _counted(html: str) -> Counter[str]:
    return Counter(word for word in words(html) if word[0].isalnum())


def is_blank(html: str) -> bool:
    """Nothing that a person wrote or put there: an editor that was opened and saved leaves empty paragraphs."""
    fragment = parse(html)
    _drop_additions(fragment)
    return not text_of(fragment.root).strip() and all(element.tag in _EMPTY_BLOCKS for element in fragment)


def was_edited(message: str) -> bool:
    """Somebody else than its author saved the post since it was written: Moodle says so below its text."""
    # Most are not, and reading one costs as much as anything else that is asked of it.
    return _EDITED in message and any(_is_edited_line(element) for element in parse(message))


def _is_edited_line(element: etree._Element) -> bool:
    return element.tag == "span" and _EDITED in element.get("class", "").split()


def _drop_additions(fragment: Fragment) -> None:
    for element in list(fragment):
        classes = element.get("class", "").split()
        if not _ADDED_CLASSES.isdisjoint(classes) or _is_toc_anchor(element):
            _remove(element)
        elif classes == [HEADING_CLASS]:
            del element.attrib["class"]
        elif _is_edited_line(element):
            parent = element.getparent()
            alone = parent is not None and parent.tag == "p" and text_of(parent) == text_of(element)
            _remove(parent if alone and parent is not None else element)
        elif element.tag == "p" and "lmsb" in classes and is_marker_text(text_of(element), element.get("class", "")):
            _remove(element)


def _is_toc_anchor(element: etree._Element) -> bool:
    return element.tag == "a" and bool(re.fullmatch(r"toc-\d+", element.get("name", ""))) and not text_of(element)


def _remove(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is None:
        return
    previous = element.getprevious()
    if element.tail:
        if previous is not None:
            previous.tail = (previous.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)


def _by_title(href: str, wiki: WikiAddress) -> str:
    parts = urlsplit(href)
    if not href.startswith(f"{wiki.site}/mod/wiki/"):
        return href
    query = parse_qs(parts.query)
    page = query.get("pageid", [""])[0]
    if parts.path.endswith("/view.php") and page.isdigit() and int(page) in wiki.titles:
        return wiki.url(wiki.titles[int(page)])
    if parts.path.endswith("/create.php") and query.get("title"):
        return wiki.url(query["title"][0])
    if parts.path.endswith("/view.php") and query.get("wid") == [str(wiki.wiki)] and query.get("title"):
        return wiki.url(query["title"][0])
    return href
