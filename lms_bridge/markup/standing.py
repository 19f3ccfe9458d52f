"""Which elements may stand where, and whether a tree is so already: most texts are, and need not be built anew.

Apart from `nesting`, which puts them there.
"""

from collections.abc import Mapping, Set
from types import MappingProxyType

from lxml import etree

from lms_bridge.markup.vocabulary import BLOCKS, RENAMED, VOID

# Containers, what may stand in them, and what other content is wrapped in.
CONTAINERS: Mapping[str, tuple[frozenset[str], str]] = MappingProxyType(
    {
        "ul": (frozenset(("li",)), "li"),
        "ol": (frozenset(("li",)), "li"),
        "dl": (frozenset(("dt", "dd")), "dd"),
        "tr": (frozenset(("td", "th")), "td"),
        "thead": (frozenset(("tr",)), "tr"),
        "tbody": (frozenset(("tr",)), "tr"),
        "tfoot": (frozenset(("tr",)), "tr"),
        "table": (frozenset(("caption", "thead", "tbody", "tfoot", "tr")), "tbody"),
    }
)
PARTS = frozenset().union(*(parts for parts, _ in CONTAINERS.values()))
WORDS_ONLY = frozenset(("p", "h1", "h2", "h3", "h4", "h5", "h6"))
_BLANKS = " \t\n\r\f"


def stands(root: etree._Element, *, tags: Set[str]) -> bool:
    """Only these elements are there, each where it may stand. Blanks between the parts of lists and tables go, as they
    do where a tree is built anew."""
    return _apart(root, tags) and all(_fits(child, tags) for child in root)


def _fits(element: etree._Element, tags: Set[str]) -> bool:
    tag = str(element.tag)
    if tag not in tags or tag in RENAMED:
        return False
    if tag in CONTAINERS:
        return _holds_parts(element, tag, tags)
    if tag in PARTS:
        inside = not _has(element, PARTS) if tag != "caption" else not _has(element, BLOCKS)
    elif tag in WORDS_ONLY:
        inside = not _has(element, BLOCKS) and not (len(element) == 0 and _blank(element.text))
    elif tag == "pre":
        inside = not _has(element, BLOCKS)
    elif tag in BLOCKS and tag not in VOID:
        inside = _apart(element, tags)
    else:
        return _words(element, tag, tags)
    return inside and all(_fits(child, tags) for child in element)


def _words(element: etree._Element, tag: str, tags: Set[str], *, linked: bool = False) -> bool:
    """An inline element, with nothing but inline elements in it, and no link in a link."""
    if tag not in tags or tag in RENAMED:
        return False
    if tag in VOID:
        return len(element) == 0 and not element.text and (tag != "img" or bool(element.get("src")))
    if tag == "a" and (linked or not element.get("href")):
        return False
    linked = linked or tag == "a"
    return all(child.tag not in BLOCKS and _words(child, str(child.tag), tags, linked=linked) for child in element)


def _holds_parts(element: etree._Element, tag: str, tags: Set[str]) -> bool:
    allowed, _ = CONTAINERS[tag]
    if not _blank(element.text) or not all(child.tag in allowed and _blank(child.tail) for child in element):
        return False
    element.text = None
    for child in element:
        child.tail = None
    return all(_fits(child, tags) for child in element)


def _apart(element: etree._Element, tags: Set[str]) -> bool:
    """No part is without its container, and no words stand beside blocks."""
    if _has(element, PARTS):
        return False
    if "p" not in tags or not _has(element, BLOCKS):
        return True
    return _blank(element.text) and all(child.tag in BLOCKS and _blank(child.tail) for child in element)


def _has(element: etree._Element, tags: Set[str]) -> bool:
    return any(child.tag in tags for child in element)


def _blank(text: str | None) -> bool:
    return not text or not text.strip(_BLANKS)
