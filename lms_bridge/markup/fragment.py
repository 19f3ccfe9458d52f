"""The fragment: an lxml tree of one text, and the only ways into it and out of it.

Markup goes through html5ever (in nh3) and then, well formed, through the XML parser: one reading of broken HTML,
the browsers' own, and a hard limit of depth. No DTD, no entities, no network.
"""

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from functools import cache

import nh3
from lxml import etree

from lms_bridge.markup.nesting import nest
from lms_bridge.markup.vocabulary import ATTRIBUTES, BLOCKS, READ_SCHEMES, RENAMED, TAGS, VOID

MAX_LENGTH = 1_000_000
# html5ever's work grows with the square of the character references, too; real texts have some hundreds.
MAX_REFERENCES = 50_000
# html5ever's work grows with the square of the open elements; above this many tags libxml2 limits the depth first.
_TAGS_BEFORE_CHECK = 3_000

_ATTRIBUTES = {tag: set(names) for tag, names in ATTRIBUTES.items()}
_ATTRIBUTES["*"] |= {"id", "name"}

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_VOID_TAG = re.compile(rf"<({'|'.join(sorted(VOID))})((?:\s[^<>]*)?)>")
# libxml2 reads 256 levels, and ours count from a holder on.
_TOO_DEEP = etree.XPath(f"boolean({'/'.join(['*'] * 251)})")
_DEPTH = "elements are nested too deeply: at most about 250 levels are taken"

# Browsers take these out of an address; XML would make blanks of them, and another address.
_MAY_BREAK = re.compile(r"""(?:href|src)="[^"]*[\t\n\r]""")
_BROKEN_ADDRESS = re.compile(r"""(<[a-z][^<>]*?\b(?:href|src)=")([^"<>]*[\t\n\r][^"<>]*)""")
_BARE_AMPERSAND = re.compile(r"&(?!#?[A-Za-z0-9]{1,32};)")
_TAG = re.compile(r"<[A-Za-z]")
# What stands after these is lost to libxml2; browsers go on reading.
_END_OF_DOCUMENT = re.compile(r"(?i)</(?:body|html)\b[^<>]*>")
_EMPTY = re.compile(r"<([^\s<>/]+)([^<>]*)/>")
_PRE_NEWLINE = re.compile(r"<pre(?: [^<>]*)?>\n")


class MarkupError(ValueError):
    """A text that cannot be taken as markup: too long, nested too deeply, or not text. `line` counts from 1, where it
    is known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Fragment:
    """A text as a tree. `root` is a nameless holder: its text and children are the fragment."""

    root: etree._Element

    def __iter__(self) -> Iterator[etree._Element]:
        """All elements below the root, in reading order."""
        elements = self.root.iter(etree.Element)
        next(elements)
        return elements


class Cleaned(str):
    """Markup as cleaning left it, which need not be cleaned again under the same policy. What is made out of it by
    joining or cutting is an ordinary text."""

    __slots__ = ("policy",)
    policy: object

    def __new__(cls, markup: str, policy: object) -> "Cleaned":
        cleaned = super().__new__(cls, markup)
        cleaned.policy = policy
        return cleaned

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        """Where it comes from elsewhere, nobody can tell that it is clean."""
        return str, (str(self),)


def parse(html: str) -> Fragment:
    """Reads any HTML. Scripts, comments and unknown elements are not part of a fragment."""
    if isinstance(html, Cleaned):
        refuse_endless(html)
        return Fragment(_read(html))
    return nested(_reader().clean(bounded(html)), tags=TAGS)


def nested(cleaned: str, *, tags: Set[str]) -> Fragment:
    """The fragment of what nh3 gave, with these elements alone. Raises MarkupError for one that, written out, could
    not be read again: a list's items may be levels that nobody wrote."""
    root = nest(tree(cleaned), tags=tags)
    if _TOO_DEEP(root):
        raise MarkupError(_DEPTH)
    return Fragment(root)


def bounded(html: str) -> str:
    """The markup, fit for the parser: limited in length and depth, without what XML has no place for."""
    refuse_endless(html)
    html = _BARE_AMPERSAND.sub("&amp;", _NOT_XML.sub("", html))
    if len(_TAG.findall(html)) > _TAGS_BEFORE_CHECK:
        html = _well_nested(html)
    return html


def refuse_endless(html: str) -> None:
    if len(html) > MAX_LENGTH:
        raise MarkupError(f"the text has {len(html):,} characters; at most {MAX_LENGTH:,} are taken: split it")
    if html.count("&") > MAX_REFERENCES:
        raise MarkupError(f"the text has more than {MAX_REFERENCES:,} ampersands: that is no text for people")


def tree(cleaned: str) -> etree._Element:
    """The tree of what nh3 gave: balanced, quoted and escaped, so that XML rules read it exactly."""
    if _MAY_BREAK.search(cleaned):
        cleaned = _BROKEN_ADDRESS.sub(lambda found: found[1] + re.sub(r"[\t\n\r]", "", found[2]), cleaned)
    return _read(_NOT_XML.sub("", cleaned).replace("&nbsp;", "\u00a0"))


def _read(legible: str) -> etree._Element:
    text = _VOID_TAG.sub(r"<\1\2/>", legible)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(f"<root>{text}</root>", parser)
    except etree.XMLSyntaxError as error:
        raise MarkupError(f"the markup cannot be read: {error.msg}") from error


def serialize(fragment: Fragment) -> str:
    """The fragment as HTML: double quotes, void elements without a slash, no entity that is not needed."""
    markup = str(etree.tostring(fragment.root, encoding="unicode", with_tail=False))
    if "/>" in markup:
        markup = _EMPTY.sub(_opened, markup)
    if "<pre" in markup:
        # HTML drops the first newline of a <pre>: one more keeps the one that is meant.
        markup = _PRE_NEWLINE.sub(r"\g<0>\n", markup)
    return markup[markup.index(">") + 1 : markup.rindex("</")]


def _opened(empty: re.Match[str]) -> str:
    return f"<{empty[1]}{empty[2]}>" if empty[1] in VOID else f"<{empty[1]}{empty[2]}></{empty[1]}>"


def text_of(element: etree._Element) -> str:
    """The words of an element, images by their alternative text, blanks collapsed."""
    if len(element) == 0 and element.tag != "img":
        return " ".join((element.text or "").split())
    parts: list[str] = []
    for event, part in etree.iterwalk(element, events=("start", "end")):
        if part.tag == "br" or part.tag in BLOCKS:
            parts.append(" ")
        if event == "start":
            parts.append(part.get("alt", "") if part.tag == "img" else part.text or "")
        elif part is not element:
            parts.append(part.tail or "")
    return " ".join("".join(parts).split())


def rows(table: etree._Element) -> Iterator[etree._Element]:
    """The rows of a table, without those of tables inside it."""
    for part in table:
        if part.tag == "tr":
            yield part
        elif part.tag in ("thead", "tbody", "tfoot"):
            yield from part.iterchildren("tr")


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _well_nested(html: str) -> str:
    # Few texts have so many tags, and it takes as long to load as the rest of lxml.
    import lxml.html

    parser = lxml.html.HTMLParser(encoding="utf-8", no_network=True)
    html = _END_OF_DOCUMENT.sub("", html)
    document = lxml.html.document_fromstring(f"<html><body>{html}</body></html>".encode(), parser=parser)
    for error in parser.error_log:
        if error.type_name == "ERR_RESOURCE_LIMIT":
            raise MarkupError(_DEPTH)
    body = document.find("body")
    if body is None:
        raise MarkupError("the markup cannot be read: it has no body")
    children = (str(etree.tostring(child, method="html", encoding="unicode")) for child in body)
    return _escape(body.text or "") + "".join(children)


@cache
def _reader() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=TAGS | RENAMED.keys(),
        attributes=_ATTRIBUTES,
        url_schemes=set(READ_SCHEMES),
        link_rel=None,
    )
