"""A text as values that can be compared, shared and put together anew: blocks, and pieces of words.

Apart from the lxml tree because a merge takes parts of three texts: with elements, each would have to be copied out
of its tree, and two that read the same would still differ by their blanks, classes and attributes.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TypeVar

from lxml import etree

from lms_bridge.markup.digest import SEEN
from lms_bridge.markup.fragment import parse, serialize
from lms_bridge.markup.normal import normalise
from lms_bridge.markup.vocabulary import BLOCKS, VOID

WORDS = frozenset(("", "p", "h1", "h2", "h3", "h4", "h5", "h6", "caption", "pre"))
"""Blocks that hold pieces and no blocks; the nameless one is a run of words that stands beside blocks."""

ENTRY = "entry"
"""The terms and definitions of a definition list that belong together. It has no tags of its own."""

# The keys of blanks, of a new line in code, and of a line break: no text can hold the first sign of the last.
BLANK, LINE, BREAK = " ", "\n", "\0br"

_MEANT_EMPTY = frozenset(("td", "th", "tr", "table", "thead", "tbody", "tfoot", "dt", "dd", "li", "hr"))
# Chinese and Japanese have no blanks between words: there, each character is a piece.
ALONE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# Vowel signs and joiners of Indic, Hebrew and Arabic writing are no word characters to `re`, and yet part of words.
_SIGNS = "\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0900-\u0903\u093a-\u094f\u0980-\u0dff\u0e31-\u0e4e\u200c\u200d"
_PART = rf"(?:[^\W{ALONE}]|[{_SIGNS}])+"
_PIECE = re.compile(rf"[ \t\n\r\f\u00a0]+|[{ALONE}]|{_PART}(?:['’.-]{_PART})*|.", re.DOTALL)
_PIECE_OF_CODE = re.compile(r"\n|[^\n]+")
_WHOLE = frozenset(("code", "kbd", "samp", "var"))

# What may become one another when a person edits it; everything else stays what it is.
_KIN = {**dict.fromkeys(("", "p", "h1", "h2", "h3", "h4", "h5", "h6"), "words"), "ul": "list", "ol": "list", "th": "td"}
_GROWN = 0.6

V = TypeVar("V")
Attributes = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """An inline element around a piece."""

    tag: str
    attributes: Attributes

    @property
    def key(self) -> str:
        """As it is compared; empty for what cannot be seen."""
        seen = _written(_seen(self.attributes))
        return "" if self.tag == "span" and not seen else f"<{self.tag}{seen}>"


@dataclass(frozen=True, slots=True)
class Piece:
    """A word, a sign, a run of blanks, an image, a line break, a line of code. `key` is what is compared."""

    key: str
    html: str
    marks: tuple[Mark, ...] = ()

    @property
    def marks_key(self) -> tuple[str, ...]:
        return tuple(key for mark in self.marks if (key := mark.key)) if self.marks else ()


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A block element with its blocks or its pieces. Blocks whose `key` is the same read the same."""

    tag: str
    attributes: Attributes
    children: tuple["Block", ...]
    pieces: tuple[Piece, ...]
    key: str
    words: Counter[str]


Dispute = tuple[Block | None, Block | None, Block | None]
"""The base's, theirs and ours of what both sides changed differently; none where it is absent."""


def make_block(
    tag: str, attributes: Attributes = (), children: Iterable[Block] = (), pieces: Iterable[Piece] = ()
) -> Block:
    children, pieces = tuple(children), tuple(pieces)
    inner = "".join(child.key for child in children) + _words_key(pieces)
    known = tag if tag != "tbody" else ""
    key = f"<{known}{_written(_seen(attributes))}>{inner}</{known}>" if known else inner
    words = Counter(piece.key for piece in pieces if piece.key not in (BLANK, LINE))
    for child in children:
        words.update(child.words)
    return Block(tag, attributes, children, pieces, key, words)


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


def likeness(one: Block, other: Block) -> float:
    """From 0 to 1; 0 for blocks that cannot become one another."""
    if _KIN.get(one.tag, one.tag) != _KIN.get(other.tag, other.tag):
        return 0.0
    alike = share(one.words, other.words)
    if one.tag == ENTRY:
        # It is known by its term.
        return (alike + (one.children[0].key == other.children[0].key)) / 2
    if one.children and other.children:
        # A list that grew is the same list.
        common = (one.words & other.words).total()
        return max(alike, _GROWN * common / max(1, min(one.words.total(), other.words.total())))
    return alike


def share(one: Counter[str], other: Counter[str]) -> float:
    """What part of two collections of words they have in common."""
    common = (one & other).total()
    return 2 * common / (one.total() + other.total()) if common else 0.0


def settled(base: V, theirs: V, ours: V, key: Callable[[V], object]) -> V | None:
    """A value that one side changed, or both alike; none where they changed it differently."""
    if key(theirs) == key(base):
        return ours
    return theirs if key(ours) in (key(base), key(theirs)) else None


def settled_attributes(base: Block, theirs: Block, ours: Block) -> Attributes | None:
    """The attributes of three versions of a block; none where the sides clash in what can be seen."""
    sides = [dict(block.attributes) for block in (base, theirs, ours)]
    merged = {}
    for name in dict.fromkeys(name for side in sides for name in side):
        values = [side.get(name, "") for side in sides]
        value = settled(values[0], values[1], values[2], key=str)
        if value is None and name in SEEN:
            return None
        merged[name] = values[1] if value is None else value
    return tuple((name, value) for name, value in merged.items() if value)


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
    return make_block(tag, attributes, children) if children or tag in _MEANT_EMPTY else None


def _entries(children: Iterable[Block]) -> Iterator[Block]:
    entry: list[Block] = []
    for child in children:
        if child.tag == "dt" and any(part.tag == "dd" for part in entry):
            yield make_block(ENTRY, (), entry)
            entry = []
        entry.append(child)
    if entry:
        yield make_block(ENTRY, (), entry)


def _content_pieces(element: etree._Element, marks: tuple[Mark, ...], *, code: bool = False) -> Iterator[Piece]:
    yield from _text_pieces(element.text, marks, code=code)
    for child in element:
        yield from _inline_pieces(child, marks, code=code)
        yield from _text_pieces(child.tail, marks, code=code)


def _inline_pieces(element: etree._Element, marks: tuple[Mark, ...], *, code: bool = False) -> Iterator[Piece]:
    tag, attributes = str(element.tag), _attributes(element)
    if tag in VOID:
        yield Piece(f"\0{tag}{_written(_seen(attributes))}", f"<{tag}{_written(attributes)}>", marks)
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


def _seen(attributes: Attributes) -> Attributes:
    return tuple(sorted((name, value) for name, value in attributes if name in SEEN))


def _written(attributes: Attributes) -> str:
    return "".join(f' {name}="{escape(value)}"' for name, value in attributes)


def _words_key(pieces: Sequence[Piece]) -> str:
    shown = list(pieces)
    while shown and shown[0].key == BLANK:
        del shown[0]
    while shown and shown[-1].key == BLANK:
        del shown[-1]
    return _marked((piece.marks_key, escape(piece.key)) for piece in shown)


def _marked(runs: Iterable[tuple[tuple[str, ...], str]]) -> str:
    """Pieces inside the elements around them: those that go on from one piece to the next stay open."""
    out: list[str] = []
    opened: tuple[str, ...] = ()
    for marks, text in [*runs, ((), "")]:
        common = 0
        while common < min(len(opened), len(marks)) and opened[common] == marks[common]:
            common += 1
        out.extend(f"</{mark[1:-1].split(' ', 1)[0]}>" for mark in reversed(opened[common:]))
        out.extend(marks[common:])
        out.append(text)
        opened = marks
    return "".join(out)


def _written_words(pieces: Iterable[Piece]) -> str:
    return _marked((tuple(f"<{mark.tag}{_written(mark.attributes)}>" for mark in p.marks), p.html) for p in pieces)


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
    opening = f"<{block.tag}{_written(block.attributes)}>"
    if block.tag in VOID:
        return opening
    # HTML drops the first newline of a <pre>.
    return f"{opening}{LINE if inner.startswith(LINE) else ''}{inner}</{block.tag}>"


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
        case "td" | "th" | "dt" | "dd" | "root":
            return "".join(map(_in_its_place, block.children))
    return _written_block(block)
