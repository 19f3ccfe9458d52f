"""The normal form of a fragment: one spelling for what means the same, so that texts can be compared and merged.

One top-level block a line, no blanks that are not shown, no empty elements.
"""

import re

from lxml import etree

from lms_bridge.markup.fragment import Fragment
from lms_bridge.markup.vocabulary import BLOCKS, VOID

_BLANKS = re.compile(r"[ \t\n\r\f]+")
# These mean something when they are empty; every other empty element goes.
KEPT_EMPTY = VOID | {"td", "th", "tr", "table", "thead", "tbody", "tfoot", "dt", "dd", "li"}


def normalise(fragment: Fragment) -> None:
    """Brings a fragment into normal form, in place."""
    _drop_needless(fragment.root)
    for element in fragment.root.iter("pre"):
        # Only now: what was dropped may have stood before the first line.
        if element.text:
            element.text = element.text.lstrip("\n")
    _collapse(fragment.root)
    for child in list(fragment.root)[:-1]:
        if child.tag in BLOCKS:
            child.tail = "\n"


def _drop_needless(root: etree._Element) -> None:
    """Elements without content or meaning, innermost first."""
    for span in [span for span in root.iter("span") if not span.attrib]:
        # Before all others: a line break inside one may end its block.
        dissolve(span)
    for element in reversed(list(root.iterdescendants())):
        empty = not len(element) and _blank(element.text)
        if element.tag == "br" and _at_end(element):
            dissolve(element)
            continue
        if empty and element.tag not in KEPT_EMPTY:
            dissolve(element)
        elif element.tag == "div" and not element.attrib:
            _dissolve_division(element)


def _at_end(br: etree._Element) -> bool:
    """A line break that ends its block shows nothing; editors put it into cells and paragraphs that are empty."""
    for part in (br, *br.iterancestors()):
        if part.tag in BLOCKS:
            return True
        if part.getnext() is not None or not _blank(part.tail):
            return False
    return True


def _blank(text: str | None) -> bool:
    return not (text or "").strip(" \t\n\r\f")


def _dissolve_division(element: etree._Element) -> None:
    parent = element.getparent()
    if any(child.tag in BLOCKS for child in element):
        dissolve(element)
    elif parent is not None:
        element.tag = "p"


def dissolve(element: etree._Element) -> None:
    """Takes an element away and leaves its content standing."""
    parent = element.getparent()
    if parent is None:
        return
    # By neighbours and not by number: lxml counts all children before one to find its number.
    previous = element.getprevious()
    children = list(element)
    text = element.text or ""
    if children:
        children[-1].tail = (children[-1].tail or "") + (element.tail or "")
    else:
        text += element.tail or ""
    if previous is None:
        parent.text = (parent.text or "") + text
    else:
        previous.tail = (previous.tail or "") + text
    for child in children:
        element.addprevious(child)
    element.tail = None
    parent.remove(element)


class _Flow:
    """Blanks along a run of words, through inline elements: one between words, none at the edges."""

    def __init__(self) -> None:
        self._open = False
        self._last: tuple[etree._Element, bool] | None = None

    def text(self, element: etree._Element, *, tail: bool) -> None:
        value = (element.tail if tail else element.text) or ""
        value = collapsed(value)
        if not self._open:
            value = value.removeprefix(" ")
        if tail:
            element.tail = value or None
        else:
            element.text = value or None
        if value:
            self._open = not value.endswith(" ")
            self._last = (element, tail)

    def solid(self) -> None:
        """Something that shows and is no text."""
        self._open = True
        self._last = None

    def edge(self) -> None:
        """A block begins or ends: what stands before it ends without a blank."""
        if self._last is not None:
            element, tail = self._last
            if tail:
                element.tail = (element.tail or "").removesuffix(" ") or None
            else:
                element.text = (element.text or "").removesuffix(" ") or None
        self._open = False
        self._last = None


def _collapse(root: etree._Element) -> None:
    flow = _Flow()
    _collapse_into(root, flow)
    flow.edge()


def _collapse_into(element: etree._Element, flow: _Flow) -> None:
    flow.text(element, tail=False)
    for child in element:
        if child.tag == "br" or child.tag in BLOCKS:
            flow.edge()
        if child.tag == "img":
            flow.solid()
        elif child.tag != "pre":
            _collapse_into(child, flow)
        if child.tag in BLOCKS:
            flow.edge()
        flow.text(child, tail=True)


def collapsed(text: str) -> str:
    """One space for each run of blanks."""
    # Most texts have nothing but single spaces, and to see that costs a tenth of looking at each of them.
    return _BLANKS.sub(" ", text) if "  " in text or not text.isprintable() else text
