"""Headings of a text: their levels, and the title that a destination shows by itself."""

from lms_bridge.markup.fragment import parse, serialize
from lms_bridge.markup.normal import normalise

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


def drop_leading(html: str) -> str:
    """The text without the first-level heading that it opens with, for places that show the title themselves."""
    fragment = parse(html)
    root = fragment.root
    if len(root) and root[0].tag == "h1" and not (root.text or "").strip():
        root.text = root[0].tail
        del root[0]
        normalise(fragment)
    return serialize(fragment)


def shift(html: str, *, top: int, bottom: int = 6) -> str:
    """The text with its highest heading at the level `top`, the others following, none below `bottom`."""
    fragment = parse(html)
    levels = {element: int(str(element.tag)[1]) for element in fragment.root.iter(*_HEADINGS)}
    by = top - min(levels.values(), default=top)
    for element, level in levels.items():
        element.tag = f"h{min(max(level + by, 1), bottom)}"
    return serialize(fragment)
