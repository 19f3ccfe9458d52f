"""Three-way merge of texts, as people read them: blocks, then items, rows, cells and words; never lines of markup.

For pages that a person edited in a destination while their source changed. Bounded in time for any texts: where a
coarser look must do, more may clash, and nothing is lost.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lms_bridge.markup.digest import plain_form
from lms_bridge.markup.merge_html import canonical, html_of, tree_of
from lms_bridge.markup.merge_order import Slot, side_by_side
from lms_bridge.markup.merge_tables import merge_table
from lms_bridge.markup.merge_tree import (
    WORDS,
    Block,
    Dispute,
    likeness,
    make_block,
    settled,
    settled_attributes,
)
from lms_bridge.markup.merge_words import merge_words


@dataclass(frozen=True, slots=True)
class Clash:
    """What both sides changed differently, as HTML of the blocks concerned; empty where it is absent."""

    base: str
    theirs: str
    ours: str


@dataclass(frozen=True, slots=True)
class Merge:
    """A merged text, canonical HTML. Where the sides clash, theirs stands: a person's words are never lost."""

    html: str
    clashes: tuple[Clash, ...] = ()

    @property
    def clean(self) -> bool:
        return not self.clashes


def merge(base: str, theirs: str, ours: str) -> Merge:
    """`base`: as the destination gave the text back last time; `theirs`: what people made of it; `ours`: the source's.

    All three are in the same normal form. A side that differs only in what no reader sees is unchanged.
    """
    was, them, us = map(plain_form, (base, theirs, ours))
    if them == was:
        return Merge(canonical(ours))
    if us in (was, them):
        return Merge(canonical(theirs))
    trees = (tree_of(base), tree_of(theirs), tree_of(ours))
    merged, disputes = _merged(*trees)
    if disputes:
        return Merge(html_of(merged), tuple(Clash(*map(_html, dispute)) for dispute in disputes))
    if not _lasting(*trees, merged):
        return Merge(canonical(theirs), (Clash(canonical(base), canonical(theirs), canonical(ours)),))
    return Merge(html_of(merged))


def _html(block: Block | None) -> str:
    return html_of(block) if block is not None else ""


def _merged(base: Block, theirs: Block, ours: Block) -> tuple[Block, list[Dispute]]:
    disputes: list[Dispute] = []
    return _merge_block(base, theirs, ours, disputes), disputes


def _lasting(base: Block, theirs: Block, ours: Block, merged: Block) -> bool:
    """Whether a merge comes out the same when it is merged again, as after an answer that got lost, from either side.

    Where equal blocks stand many times it might not: the same addition is then found in another place.
    """
    mirrored, _ = _merged(base, ours, theirs)
    for once, other in ((merged, ours), (mirrored, theirs)):
        once = tree_of(html_of(once))
        twice, disputes = _merged(base, once, other)
        if disputes or twice.key != once.key:
            return False
    return True


def _merge_block(base: Block, theirs: Block, ours: Block, disputes: list[Dispute]) -> Block:
    if theirs.key == base.key:
        return ours
    if ours.key in (base.key, theirs.key):
        return theirs
    tag = settled(base.tag, theirs.tag, ours.tag, key=str)
    attributes = settled_attributes(base, theirs, ours)
    if tag is None or attributes is None:
        disputes.append((base, theirs, ours))
        return theirs
    if tag in WORDS:
        pieces = merge_words(base.pieces, theirs.pieces, ours.pieces)
        if pieces is not None:
            return make_block(tag, attributes, (), pieces)
    elif tag == "table":
        rows = merge_table(base, theirs, ours, lambda b, t, o: _merge_block(b, t, o, disputes), disputes)
        if rows is not None:
            return make_block(tag, attributes, rows)
    else:
        return make_block(tag, attributes, _merge_children(base.children, theirs.children, ours.children, disputes))
    disputes.append((base, theirs, ours))
    return theirs


def _merge_children(
    base: Sequence[Block], theirs: Sequence[Block], ours: Sequence[Block], disputes: list[Dispute]
) -> Iterator[Block]:
    for slot in side_by_side(base, theirs, ours, likeness):
        block = _merge_slot(slot, disputes)
        if block is not None:
            yield block


def _merge_slot(slot: Slot[Block], disputes: list[Dispute]) -> Block | None:
    base, theirs, ours = slot.base, slot.theirs, slot.ours
    if slot.clash:
        disputes.append((base, theirs, ours))
        return theirs
    if base is None:
        return theirs or ours
    if theirs is not None and ours is not None:
        return _merge_block(base, theirs, ours, disputes)
    # One side took it out: that stands as long as the other side left it alone.
    left = theirs or ours
    if left is None or left.key == base.key:
        return None
    disputes.append((base, theirs, ours))
    return theirs
