"""What is stored after a person opened a text in Moodle's editor (TinyMCE, Moodle 4.5) and saved it unchanged.

The server cleans before the editor opens, so comments, data-*, ids and names are gone; the editor drops what is empty,
wraps loose text into paragraphs and puts every block on a line of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lms_bridge.sandbox.moodle.cleaning.balance import balance
from lms_bridge.sandbox.moodle.cleaning.lexing import tokenize
from lms_bridge.sandbox.moodle.cleaning.nesting import grow
from lms_bridge.sandbox.moodle.cleaning.tokens import Node, names
from lms_bridge.sandbox.moodle.purifier import clean

_ON_OWN_LINES = names("p h1 h2 h3 h4 h5 h6 blockquote div pre td th ul ol li dl dt dd table thead tfoot tbody tr")
_BLOCKS = _ON_OWN_LINES | names("hr address center caption colgroup col")
_GONE_WHEN_EMPTY = names(
    """span a strong em b u s strike sub sup code small del ins q cite abbr samp kbd var font big tt ul ol
    blockquote table tbody"""
)
_PADDED_WHEN_EMPTY = names("h1 h2 h3 h4 h5 h6 th td pre div address caption li")
_HOLD_WORDS = names("p h1 h2 h3 h4 h5 h6 td th li dt dd div caption blockquote address center")
_VOID = names("br hr img col source track basefont")
_BOOLEAN = names("controls autoplay loop muted playsinline default")
_HARD_SPACE = "\u00a0"


def after_person_edit(html: str) -> str:
    root = grow(balance(tokenize(clean(html, allow_ids=False))))
    root.children = _in_paragraphs(_tidied(root, in_pre=False))
    return "".join(_lines(root.children)).removesuffix("\n")


def _tidied(node: Node, *, in_pre: bool) -> list[Node]:
    children: list[Node] = []
    for child in node.children:
        if child.is_text:
            child.text = child.text if in_pre else re.sub("[ \t\r\n]+", " ", child.text)
            children.append(child)
            continue
        child.name = "strong" if child.name == "b" else child.name
        child.children = _tidied(child, in_pre=in_pre or child.name == "pre")
        if child.name == "span" and not child.attrs:
            children.extend(child.children)
        elif child.children or child.name not in _GONE_WHEN_EMPTY:
            children.append(child)
    return children if in_pre else _finished(node, children)


def _finished(node: Node, children: list[Node]) -> list[Node]:
    children = list(_without_loose_blanks(children, is_block=node.name in _BLOCKS))
    if node.name in _HOLD_WORDS and len(children) > 1 and children[-1].name == "br":
        children.pop()
    if not children and node.name in _PADDED_WHEN_EMPTY:
        return [Node("#PCDATA", text=_HARD_SPACE)]
    if node.name == "table" and any(child.name == "tr" for child in children):
        rows = [child for child in children if child.name == "tr"]
        return [child for child in children if child.name != "tr"] + [Node("tbody", children=rows)]
    return children


def _without_loose_blanks(children: list[Node], *, is_block: bool) -> Iterator[Node]:
    """Blanks next to a block, or at the edge of one, show as nothing and are dropped."""
    for position, child in enumerate(children):
        if child.is_text:
            before = children[position - 1].name if position else ""
            after = children[position + 1].name if position + 1 < len(children) else ""
            if before in _BLOCKS or (not before and is_block):
                child.text = child.text.lstrip(" ")
            if after in _BLOCKS or (not after and is_block):
                child.text = child.text.rstrip(" ")
            if not child.text:
                continue
        yield child


def _in_paragraphs(children: list[Node]) -> list[Node]:
    out: list[Node] = []
    loose: Node | None = None
    for child in children:
        if child.name in _BLOCKS:
            loose = None
            out.append(child)
            continue
        if loose is None:
            loose = Node("p")
            out.append(loose)
        loose.children.append(child)
    return out


def _lines(nodes: list[Node]) -> Iterator[str]:
    """TinyMCE's writer: a new line before and after the tags of these blocks, never two."""
    at_line_start = True
    for piece, breaks_before, breaks_after in _pieces(nodes):
        if breaks_before and not at_line_start:
            yield "\n"
        yield piece
        at_line_start = breaks_after
        if breaks_after:
            yield "\n"


def _pieces(nodes: list[Node]) -> Iterator[tuple[str, bool, bool]]:
    for node in nodes:
        if node.is_text:
            yield _escaped(node.text), False, False
            continue
        attrs = "".join(_attribute(*pair) for pair in node.attrs.items())
        own_line = node.name in _ON_OWN_LINES
        if node.name in _VOID:
            yield f"<{node.name}{attrs}>", own_line, own_line
            continue
        yield f"<{node.name}{attrs}>", own_line, False
        yield from _pieces(node.children)
        yield f"</{node.name}>", False, own_line


def _attribute(name: str, value: str) -> str:
    if name == "style":
        value = _spread(value)
    elif name in _BOOLEAN:
        value = name
    return f' {name}="{_escaped(value).replace(chr(34), "&quot;")}"'


def _spread(style: str) -> str:
    declarations = [part.partition(":") for part in style.split(";") if part]
    spread = " ".join(f"{name.strip()}: {value.strip()};" for name, _, value in declarations)
    return re.sub("#[0-9A-F]{6}\\b", lambda match: match[0].lower(), spread)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
