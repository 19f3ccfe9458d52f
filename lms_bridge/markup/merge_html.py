"""HTML → blocks and pieces that can be merged, and back."""

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from lxml import etree

from lms_bridge.markup.fragment import parse, serialize
from lms_bridge.markup.merge_tree import (
    ALONE,
    BLANK,
    ENTRY,
    LINE,
    WORDS,
    Attributes,
    Block,
    Mark,
    Piece,
    make_block,
    marked,
    seen,
    written,
)
from lms_bridge.markup.normal import KEPT_EMPTY, normalise
from lms_bridge.markup.vocabulary import BLOCKS, VOID

# Vowel signs and joiners of Indic, Hebrew and Arabic writing are no word characters to `re`, and yet part of words.
_SIGNS = "\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0900-\u0903\u093a-\u094f\u0980-\u0dff\u0e31-\u0e4e\u200c\u200d"
_PART = rf"(?:[^\W{ALONE}]|[{_SIGNS}])+"
_PIECE = re.compile(rf"[ \t\n\r\f\u00a0]+|[{ALONE}]|{_PART}(?:['’.-]{_PART})*|.", re.DOTALL)
_PIECE_OF_CODE = re.compile(r"\n|[^\n]+")
_WHOLE = frozenset(("code", "kbd", "samp", "var"))


def tree_of(html: str) -> Block:
    """The text as one nameless block. What does not show is not in it."""
    fragment = parse(html)
    normalise(fragment)
    return make_block("root", (), _children(fragment.root))


def html_of(*blocks: Block) -> str:
    """The blocks as canonical HTML; parts of lists and tables stand in a list or table of their own."""
    return canonical("".join(_in_its_place(block) for block in blocks))


def canonical(html: str) -> str:
    """The normal form in which a merge gives its texts."""
    fragment = parse(html)
    normalise(fragment)
    return serialize(fragment)


def _children(element: etree._Element) -> Iterator[Block]:
    run: list[Piece] = list(_text_pieces(element.text, ()))
    for child in element:
        if child.tag in BLOCKS:
            yield from _run(run)
            run = []
            if (block := _block(child)) is not None:
                yield block
        else:
            run.extend(_inline_pieces(child, ()))
        run.extend(_text_pieces(child.tail, ()))
    yield from _run(run)


def _run(pieces: Sequence[Piece]) -> Iterator[Block]:
    if any(piece.key != BLANK for piece in pieces):
        yield make_block("", (), (), pieces)


def _block(element: etree._Element) -> Block | None:
    tag, attributes = str(element.tag), _attributes(element)
    if tag in WORDS:
        pieces = tuple(_content_pieces(element, (), code=tag == "pre"))
        shows = any(piece.key not in (BLANK, LINE) for piece in pieces)
        return make_block(tag, attributes, (), pieces) if shows else None
    children: Iterable[Block] = _children(element)
    children = tuple(_entries(children) if tag == "dl" else children)
    return make_block(tag, attributes, children) if children or tag in KEPT_EMPTY else None


def _entries(children: Iterable[Block]) -> Iterator[Block]:
    entry: list[Block] = []
    for child in children:
        if child.tag == "dt" and any(part.tag == "dd" for part in entry):
            yield make_block(ENTRY, (), entry)
            entry = []
        entry.append(child)
    if entry:
        yield make_block(ENTRY, (), entry)


def _content_pieces(element: etree._Element, marks: tuple[Mark, ...], *, code: bool) -> Iterator[Piece]:
    yield from _text_pieces(element.text, marks, code=code)
    for child in element:
        yield from _inline_pieces(child, marks, code=code)
        yield from _text_pieces(child.tail, marks, code=code)


def _inline_pieces(element: etree._Element, marks: tuple[Mark, ...], *, code: bool = False) -> Iterator[Piece]:
    tag, attributes = str(element.tag), _attributes(element)
    if tag in VOID:
        yield Piece(f"\0{tag}{written(seen(attributes))}", f"<{tag}{written(attributes)}>", marks)
    else:
        yield from _content_pieces(element, (*marks, Mark(tag, attributes)), code=code)


def _text_pieces(text: str | None, marks: tuple[Mark, ...], *, code: bool = False) -> Iterator[Piece]:
    if not text:
        return
    if code:
        found = _PIECE_OF_CODE.findall(text)
    elif any(mark.tag in _WHOLE for mark in marks):
        found = [text]
    else:
        found = _PIECE.findall(text)
    for piece in found:
        blank = not code and not piece.strip(" \t\n\r\f\u00a0")
        yield Piece(BLANK if blank else piece.replace("\u00a0", " "), escape(piece, quote=False), marks)


def _attributes(element: etree._Element) -> Attributes:
    return tuple((str(name), str(value)) for name, value in element.attrib.items())


def _written_words(pieces: Iterable[Piece]) -> str:
    return marked((tuple(f"<{mark.tag}{written(mark.attributes)}>" for mark in p.marks), p.html) for p in pieces)


def _written_block(block: Block) -> str:
    inner = _written_words(block.pieces)
    before = None
    for child in block.children:
        # Two runs of words that come to stand side by side would become one.
        apart = child.tag == before == ""
        inner += f"<p>{_written_block(child)}</p>" if apart else _written_block(child)
        before = child.tag
    if block.tag in ("", "root", ENTRY):
        return inner
    opening = f"<{block.tag}{written(block.attributes)}>"
    if block.tag in VOID:
        return opening
    return f"{opening}{inner}</{block.tag}>"


def _in_its_place(block: Block) -> str:
    match block.tag:
        case "li":
            return f"<ul>{_written_block(block)}</ul>"
        case "tr":
            return f"<table>{_written_block(block)}</table>"
        case "entry":
            return f"<dl>{_written_block(block)}</dl>"
        case "" | "caption":
            return f"<p>{_written_words(block.pieces)}</p>"
        case "td" | "th" | "dt" | "dd":
            return "".join(map(_in_its_place, block.children))
    return _written_block(block)
