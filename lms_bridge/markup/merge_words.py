"""Words with their links and emphasis, and lines of code: two changed versions of one block made into one.

The words and the elements around them are merged apart from each other, so that one side may make a sentence bold
while the other mends a word of it.
"""

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import NamedTuple

from lms_bridge.markup.merge_pairs import equal_pairs
from lms_bridge.markup.merge_tree import ALONE, BLANK, BREAK, LINE, Piece, settled

Pieces = Sequence[Piece]

# What is unchanged must weigh as much as a word to keep two changes apart; of Chinese characters it takes two.
_WORD = 2
_ALONE = re.compile(f"[{ALONE}]")


def merge_words(base: Pieces, theirs: Pieces, ours: Pieces) -> list[Piece] | None:
    """The merged pieces; none where the sides clash: between their changes no word is left that neither touched.

    What was merged must come out the same when it is merged again with either side, as happens after an answer that
    got lost. Where a word stands many times it might not: that is no clean merge.
    """
    merged = _merged(base, theirs, ours)
    if merged is None:
        return None
    again = [_merged(base, merged, side) for side in (theirs, ours)]
    return merged if all(side is not None and _same(side, merged) for side in again) else None


class _Change(NamedTuple):
    """A span of the base, and the span of a side that stands in its place."""

    start: int
    end: int
    new_start: int
    new_end: int


class _Region(NamedTuple):
    """A span in which words were changed, on all three sides."""

    base: slice
    theirs: slice
    ours: slice


def _merged(base: Pieces, theirs: Pieces, ours: Pieces) -> list[Piece] | None:
    merged: list[Piece] = []
    regions = list(_regions(base, _changes(base, theirs), _changes(base, ours)))
    end = _Region(*(slice(len(side), len(side)) for side in (base, theirs, ours)))
    last = _Region(slice(0), slice(0), slice(0))
    for region in [*regions, end]:
        kept = base[last.base.stop : region.base.start]
        their_kept, our_kept = theirs[last.theirs.stop : region.theirs.start], ours[last.ours.stop : region.ours.start]
        for old, their_piece, our_piece in zip(kept, their_kept, our_kept, strict=True):
            piece = settled(old, their_piece, our_piece, key=lambda piece: piece.marks_key)
            if piece is None:
                return None
            merged.append(piece)
        new = _replaced(base, theirs, ours, region)
        if new is None:
            return None
        merged.extend(new)
        last = region
    return merged


def _changes(base: Pieces, side: Pieces) -> list[_Change]:
    """Where the words differ."""
    pairs = equal_pairs([piece.key for piece in base], [piece.key for piece in side])
    ends = pairwise([(-1, -1), *pairs, (len(base), len(side))])
    changes = [_Change(i + 1, k, j + 1, m) for (i, j), (k, m) in ends if k > i + 1 or m > j + 1]
    return _without_chance(changes, base, side)


def _without_chance(changes: Sequence[_Change], base: Pieces, side: Pieces) -> list[_Change]:
    """Fewer equal words than were changed on either side of them are there by chance: all of it is one change."""
    old, new = (list(accumulate(map(_weight, pieces), initial=0)) for pieces in (base, side))

    def size(change: _Change) -> int:
        return max(old[change.end] - old[change.start], new[change.new_end] - new[change.new_start])

    joined: list[_Change] = []
    for change in changes:
        while joined and old[change.start] - old[joined[-1].end] < min(size(joined[-1]), size(change)):
            before = joined.pop()
            change = _Change(before.start, change.end, before.new_start, change.new_end)
        joined.append(change)
    return joined


def _weight(piece: Piece) -> int:
    if _ALONE.fullmatch(piece.key):
        return _WORD // 2
    return _WORD if any(letter.isalnum() for letter in piece.key) and piece.key != BREAK else 0


def _regions(base: Pieces, theirs: Sequence[_Change], ours: Sequence[_Change]) -> Iterator[_Region]:
    """The changes of both sides; those that have no unchanged word between them as one."""
    groups: list[list[tuple[_Change, bool]]] = []
    end = 0
    for change, is_ours in sorted([*((c, False) for c in theirs), *((c, True) for c in ours)]):
        if groups and not _apart(base[end : change.start]):
            groups[-1].append((change, is_ours))
            end = max(end, change.end)
        else:
            groups.append([(change, is_ours)])
            end = change.end
    shifts = [0, 0]
    for group in groups:
        start, end = group[0][0].start, max(change.end for change, _ in group)
        starts = [start + shift for shift in shifts]
        for change, is_ours in group:
            shifts[is_ours] = change.new_end - change.end
        yield _Region(slice(start, end), slice(starts[0], end + shifts[0]), slice(starts[1], end + shifts[1]))


def _apart(between: Pieces) -> bool:
    """Whether two changes cannot have to do with each other, nor grow together into one word."""
    ends = any(piece.key in (BLANK, LINE, BREAK) or _ALONE.fullmatch(piece.key) for piece in between)
    return ends and sum(map(_weight, between)) >= _WORD


def _replaced(base: Pieces, theirs: Pieces, ours: Pieces, region: _Region) -> Pieces | None:
    old, their_new, our_new = base[region.base], theirs[region.theirs], ours[region.ours]
    if _read_alike(their_new, our_new):
        known = {piece.marks_key for piece in base[max(0, region.base.start - 1) : region.base.stop + 1]}
        return _agreed(their_new, our_new, known)
    if _read_alike(old, our_new):
        return _carried(their_new, base, region.base, ours, region.ours)
    if _read_alike(old, their_new):
        return _carried(our_new, base, region.base, theirs, region.theirs)
    return None


def _agreed(theirs: Pieces, ours: Pieces, known: Set[tuple[str, ...]]) -> Pieces | None:
    """The same new words from both sides, within the elements that are new here where only one side has those."""
    agreed = []
    for their_piece, our_piece in zip(theirs, ours, strict=True):
        if our_piece.marks_key == their_piece.marks_key or our_piece.marks_key in known:
            agreed.append(their_piece)
        elif their_piece.marks_key in known:
            agreed.append(our_piece)
        else:
            return None
    return agreed


def _carried(new: Pieces, base: Pieces, span: slice, other: Pieces, other_span: slice) -> Pieces | None:
    """New words within the elements that the other side put around those that they replace, or stand between."""
    added = span.start == span.stop
    if added and 0 < span.start < len(base):
        span = slice(span.start - 1, span.stop + 1)
        other_span = slice(other_span.start - 1, other_span.stop + 1)
    pairs = list(zip(base[span], other[other_span], strict=True))
    if all(old.marks_key == now.marks_key for old, now in pairs):
        return new
    clear = len({(old.marks_key, now.marks_key) for old, now in pairs}) == len({old.marks_key for old, _ in pairs})
    marks = {now.marks_key: now.marks for _, now in pairs} | {old.marks_key: now.marks for old, now in pairs}
    if new and clear and all(piece.marks_key in marks for piece in new):
        return [replace(piece, marks=marks[piece.marks_key]) for piece in new]
    return new if added else None


def _read_alike(one: Pieces, two: Pieces) -> bool:
    return [piece.key for piece in one] == [piece.key for piece in two]


def _same(one: Pieces, two: Pieces) -> bool:
    return _read_alike(one, two) and all(a.marks_key == b.marks_key for a, b in zip(one, two, strict=True))
