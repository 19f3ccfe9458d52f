"""A text as values that can be compared, shared and put together anew: blocks, and pieces of words.

Apart from the lxml tree because a merge takes parts of three texts: with elements, each would have to be copied out
of its tree, and two that read the same would still differ by their blanks, classes and attributes.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TypeVar

from lms_bridge.markup.digest import SEEN

WORDS = frozenset(("", "p", "h1", "h2", "h3", "h4", "h5", "h6", "caption", "pre"))
"""Blocks that hold pieces and no blocks; the nameless one is a run of words that stands beside blocks."""

ENTRY = "entry"
"""The terms and definitions of a definition list that belong together. It has no tags of its own."""

# The keys of blanks, of a new line in code, and of a line break: no text can hold the first sign of the last.
BLANK, LINE, BREAK = " ", "\n", "\0br"

# Chinese and Japanese have no blanks between words: there, each character is a piece.
ALONE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"

# What may become one another when a person edits it; everything else stays what it is.
_KIN = {**dict.fromkeys(("", "p", "h1", "h2", "h3", "h4", "h5", "h6"), "words"), "ul": "list", "ol": "list", "th": "td"}
# How much it counts that all of a list stands in a longer one; that two rows differ in their first cell.
_GROWN = 0.6
_OTHER_NAME = 0.7

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
        shown = written(seen(self.attributes))
        return "" if self.tag == "span" and not shown else f"<{self.tag}{shown}>"


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
    shown = written(seen(attributes))
    known = _known_as(tag, children) if not shown else tag
    key = f"<{known}{shown}>{inner}</{known}>" if known else inner
    words = Counter(piece.key for piece in pieces if piece.key not in (BLANK, LINE))
    for child in children:
        words.update(child.words)
    return Block(tag, attributes, children, pieces, key, words)


def _known_as(tag: str, children: Sequence[Block]) -> str:
    """The tag that readers see: a <div> around words is a paragraph, and one around blocks is nothing."""
    if tag == "div":
        return "" if any(child.tag for child in children) else "p"
    return "" if tag == "tbody" else tag


def likeness(one: Block, other: Block) -> float:
    """From 0 to 1; 0 for blocks that cannot become one another."""
    if _KIN.get(one.tag, one.tag) != _KIN.get(other.tag, other.tag):
        return 0.0
    alike = share(one.words, other.words)
    if one.tag == ENTRY:
        return named_likeness(alike, same_name=one.children[0].key == other.children[0].key)
    if one.children and other.children:
        # A list that grew is the same list.
        common = (one.words & other.words).total()
        return max(alike, _GROWN * common / max(1, min(one.words.total(), other.words.total())))
    return alike


def named_likeness(alike: float, *, same_name: bool) -> float:
    """The same for what is known by its beginning: a definition by its term, a row by its first cell."""
    return (1 + alike) / 2 if same_name else _OTHER_NAME * alike


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


def seen(attributes: Attributes) -> Attributes:
    return tuple(sorted((name, value) for name, value in attributes if name in SEEN))


def written(attributes: Attributes) -> str:
    return "".join(f' {name}="{escape(value)}"' for name, value in attributes)


def _words_key(pieces: Sequence[Piece]) -> str:
    shown = list(pieces)
    while shown and shown[0].key == BLANK:
        del shown[0]
    while shown and shown[-1].key == BLANK:
        del shown[-1]
    return marked((piece.marks_key, escape(piece.key)) for piece in shown)


def marked(runs: Iterable[tuple[tuple[str, ...], str]]) -> str:
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
