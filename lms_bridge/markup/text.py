"""Readable plain text of a fragment, for differences and reports: one block a line."""

import re

from lxml import etree

from lms_bridge.markup.fragment import Fragment, parse, rows, text_of
from lms_bridge.markup.vocabulary import BLOCKS

_WORD = re.compile(r"\w+(?:['’.-]\w+)*|[^\w\s]")
_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}


def to_text(html: str) -> str:
    """The text as a person reads it, with signs for headings, lists, tables, links and images."""
    lines: list[str] = []
    _blocks(parse(html).root, "", lines)
    return "\n".join(lines)


def words(html: str) -> list[str]:
    """The words and signs of the text in reading order, without those of addresses and images."""
    return words_of(parse(html))


def words_of(fragment: Fragment) -> list[str]:
    """The same. The fragment's images have no descriptions any more afterwards."""
    for img in list(fragment.root.iter("img")):
        img.set("alt", " ")
    return _WORD.findall(text_of(fragment.root))


def _blocks(element: etree._Element, indent: str, lines: list[str]) -> None:
    pending = _Line(indent, lines)
    pending.add(element.text)
    for child in element:
        if child.tag in BLOCKS:
            pending.end()
            _block(child, indent, lines)
        else:
            pending.add(_inline(child))
        pending.add(child.tail)
    pending.end()


class _Line:
    """Collects inline text until a block ends it."""

    def __init__(self, indent: str, lines: list[str]) -> None:
        self._indent, self._lines, self._parts = indent, lines, [""]

    def add(self, text: str | None) -> None:
        self._parts.append(text or "")

    def end(self) -> None:
        for line in "".join(self._parts).split("\v"):
            if text := " ".join(line.split()):
                self._lines.append(self._indent + text)
        self._parts = [""]


def _block(element: etree._Element, indent: str, lines: list[str]) -> None:
    match element.tag:
        case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
            lines.append(f"{indent}{_HEADINGS[str(element.tag)]} {_line(element)}".rstrip())
        case "ul" | "ol":
            _list(element, indent, lines)
        case "table":
            _table(element, indent, lines)
        case "pre":
            code = "".join(map(str, element.itertext())).rstrip("\n")
            lines.extend(f"{indent}    {line}".rstrip() for line in code.split("\n"))
        case "blockquote":
            _blocks(element, indent + "> ", lines)
        case "dd":
            _blocks(element, indent + "  ", lines)
        case "hr":
            lines.append(indent + "---")
        case _:
            _blocks(element, indent, lines)


def _list(element: etree._Element, indent: str, lines: list[str]) -> None:
    start = element.get("start", "1")
    number = int(start) if re.fullmatch(r"-?\d{1,9}", start) else 1
    for child in element:
        bullet = f"{number}. " if element.tag == "ol" else "- "
        at = len(lines)
        _blocks(child, indent + " " * len(bullet), lines)
        if len(lines) == at:
            lines.append(indent + bullet.rstrip())
        else:
            lines[at] = indent + bullet + lines[at][len(indent) + len(bullet) :]
        number += 1


def _table(element: etree._Element, indent: str, lines: list[str]) -> None:
    for caption in element.iterchildren("caption"):
        lines.append(f"{indent}{_line(caption)}")
    for row in rows(element):
        cells = [_line(cell).replace("|", "\\|") for cell in row if cell.tag in ("td", "th")]
        lines.append(f"{indent}| {' | '.join(cells)} |")


def _line(element: etree._Element) -> str:
    """All of an element's text on one line."""
    inner: list[str] = []
    _blocks(element, "", inner)
    return " ".join(inner)


def _inline(element: etree._Element) -> str:
    if element.tag == "br":
        return "\v"
    if element.tag == "img":
        return f"[image: {element.get('alt', '')}]" if element.get("alt") else "[image]"
    # No block stands in here: reading the text parted them.
    text = (element.text or "") + "".join(_inline(child) + (child.tail or "") for child in element)
    href = element.get("href", "")
    if element.tag == "a" and href.startswith(("http:", "https:")) and href != text.strip():
        return f"{text} <{href}>"
    return text
