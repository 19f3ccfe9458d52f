"""The normal form of a fragment: one spelling for what means the same, so that texts can be compared and merged.

One top-level block a line, no blanks that are not shown, no empty elements, blocks never inside paragraphs.
"""

from collections.abc import Mapping, Set
from types import MappingProxyType

from lxml import etree

from lms_bridge.markup.fragment import BLOCKS, Fragment
from lms_bridge.markup.links import replace_with_text, unwrap

RENAMED: Mapping[str, str] = MappingProxyType(
    {"b": "strong", "i": "em", "strike": "s", "tt": "code", "acronym": "abbr", "figcaption": "p", "summary": "p"}
    | dict.fromkeys(["article", "aside", "section", "header", "footer", "main", "nav", "figure", "details", "center", "address"], "div")
    | dict.fromkeys(("menu", "dir"), "ul")
)
_SPACES = " \t\n\r\f"


def normalise(fragment: Fragment, *, tags: Set[str]) -> None:
    """Brings a cleaned fragment into normal form, in place; `tags` are the elements that may be in it."""
    _rename(fragment, tags)
    for element in list(fragment):
        if (element.tag == "a" and not element.get("href")) or (element.tag == "span" and not element.attrib):
            unwrap(element)
        elif element.tag == "img" and not element.get("src"):
            replace_with_text(element, element.get("alt", ""))
    _top_lines(fragment.root)


def _rename(fragment: Fragment, tags: Set[str]) -> None:
    for element in list(fragment):
        name = RENAMED.get(str(element.tag))
        if name in tags:
            element.tag = name
        elif element.tag not in tags:
            unwrap(element)


def _top_lines(root: etree._Element) -> None:
    children = list(root)
    if not any(child.tag in BLOCKS for child in children):
        return
    if not (root.text or "").strip(_SPACES):
        root.text = None
    for child in children:
        if child.tag in BLOCKS and not (child.tail or "").strip(_SPACES):
            child.tail = "\n" if child is not children[-1] else None
