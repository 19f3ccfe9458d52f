"""Three sequences laid side by side: what belongs together, and in which order it stands in the end.

The same for blocks, list items, rows and columns. Apart from what happens inside of those, so that the rules of order
can be read in one place:

- What one side took out and the other left alone is out. What the other changed or moved meanwhile clashes.
- What both added at the same spot is kept, theirs first; what both added alike is kept once. Where it is so similar
  that it must be meant for the same thing, or where both put something else in the place of one thing, it clashes.
- What was added behind, or between, two things that the other side took out has lost what it belonged to: it clashes.
- What one side moved is found in its new place with what the other side changed in it.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise, zip_longest
from typing import Generic, NamedTuple

from lms_bridge.markup.merge_pairs import COMPARED, Likeness, Pairing, T, paired

# From this likeness on, two additions are meant for the same thing.
_SAME = 0.75


@dataclass(frozen=True, slots=True)
class Slot(Generic[T]):
    """What belongs together, none where it is absent. `clash`: its place or its being there is in dispute."""

    base: T | None
    theirs: T | None
    ours: T | None
    clash: bool


class _Match(NamedTuple):
    """A slot by positions."""

    i: int | None
    j: int | None
    k: int | None
    clash: bool = False


_Gaps = defaultdict[int, list[_Match]]


@dataclass(frozen=True, slots=True)
class _Side(Generic[T]):
    """One side. `gap`: for all that it moved or added, the position in the base of what comes after it; `gone`: for all
    that it took out, the whole span of the base that it took out there."""

    things: Sequence[T]
    pairing: Pairing
    gap: Mapping[int, int]
    gone: Mapping[int, range]

    def stays(self, i: int) -> bool:
        return i in self.pairing.at and i not in self.pairing.moved

    def added(self) -> list[int]:
        return sorted(self.gap.keys() - {self.pairing.at[i] for i in self.pairing.moved})

    def lost(self, gap: int) -> Sequence[int]:
        """What this side took out that a thing belonged to which the other side added in this gap."""
        span = self.gone.get(gap - 1, ())
        return span if len(span) > 1 else ()


@dataclass(frozen=True, slots=True)
class _Sides(Generic[T]):
    """Both. `stretch`: for each gap, how many things before it were left in their places by both."""

    base: Sequence[T]
    them: _Side[T]
    us: _Side[T]
    stretch: Sequence[int]

    def slot(self, match: _Match) -> Slot[T]:
        return Slot(
            self.base[match.i] if match.i is not None else None,
            self.them.things[match.j] if match.j is not None else None,
            self.us.things[match.k] if match.k is not None else None,
            match.clash,
        )


def side_by_side(base: Sequence[T], theirs: Sequence[T], ours: Sequence[T], likeness: Likeness[T]) -> Iterator[Slot[T]]:
    """The slots in the order of the merged sequence."""
    them, us = _side(base, theirs, likeness), _side(base, ours, likeness)
    both_stay = (them.stays(i) and us.stays(i) for i in range(len(base)))
    sides = _Sides(base, them, us, list(accumulate(both_stay, initial=0)))
    their_gaps, our_gaps, in_place = _by_gap(sides, [*_unmoved(sides), *_moved(sides), *_added(sides, likeness)])
    for gap in range(len(base) + 1):
        yield from map(sides.slot, _in_order(their_gaps[gap], our_gaps[gap]))
        if gap in in_place:
            yield sides.slot(in_place[gap])


def _side(base: Sequence[T], things: Sequence[T], likeness: Likeness[T]) -> _Side[T]:
    pairing = paired(base, things, likeness)
    in_place = {j: i for i, j in pairing.at.items() if i not in pairing.moved}
    gap, gaps = 0, {}
    for j in range(len(things)):
        if j in in_place:
            gap = in_place[j] + 1
        else:
            gaps[j] = gap
    gone: dict[int, range] = {}
    for left, right in pairwise([-1, *sorted(pairing.at), len(base)]):
        span = range(left + 1, right)
        gone.update(dict.fromkeys(span, span))
    return _Side(things, pairing, gaps, gone)


def _in_order(theirs: Iterable[_Match], ours: Iterable[_Match]) -> Iterator[_Match]:
    """Theirs first; but what is on both sides stands behind all that either side has before it."""
    waiting = deque(ours)
    for match in theirs:
        while waiting and (_precedes(waiting[0].k, match.k) or _precedes(waiting[0].j, match.j)):
            yield waiting.popleft()
        yield match
    yield from waiting


def _precedes(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and one < other


def _by_gap(sides: _Sides[T], matches: Iterable[_Match]) -> tuple[_Gaps, _Gaps, Mapping[int, _Match]]:
    """What each side moved or added, by its gap and in its order, and what stands in its place, by its place.

    What both sides moved or added stands where they have it.
    """
    theirs: dict[int, _Match] = {}
    ours: dict[int, _Match] = {}
    in_place: dict[int, _Match] = {}
    for match in matches:
        if match.j is not None and match.j in sides.them.gap:
            theirs[match.j] = match
        elif match.k is not None and match.k in sides.us.gap:
            ours[match.k] = match
        elif match.i is not None:
            in_place[match.i] = match
    return _gaps(theirs, sides.them), _gaps(ours, sides.us), in_place


def _gaps(matches: Mapping[int, _Match], side: _Side[T]) -> _Gaps:
    gaps: _Gaps = defaultdict(list)
    for position in sorted(matches):
        gaps[side.gap[position]].append(matches[position])
    return gaps


def _unmoved(sides: _Sides[T]) -> Iterator[_Match]:
    theirs, ours = sides.them.pairing, sides.us.pairing
    for i in range(len(sides.base)):
        if i not in theirs.moved and i not in ours.moved:
            yield _Match(i, theirs.at.get(i), ours.at.get(i))


def _moved(sides: _Sides[T]) -> Iterator[_Match]:
    theirs, ours = sides.them.pairing, sides.us.pairing
    for i in theirs.moved:
        elsewhere = i in ours.moved and (
            sides.stretch[sides.them.gap[theirs.at[i]]] != sides.stretch[sides.us.gap[ours.at[i]]]
        )
        yield _Match(i, theirs.at[i], ours.at.get(i), i not in ours.at or elsewhere)
    for i in ours.moved - theirs.moved:
        yield _Match(i, theirs.at.get(i), ours.at[i], i not in theirs.at)


def _added(sides: _Sides[T], likeness: Likeness[T]) -> Iterator[_Match]:
    """What is new on either side, stretch by stretch."""
    theirs, ours, gone = defaultdict(list), defaultdict(list), defaultdict(list)
    for j in sides.them.added():
        theirs[sides.stretch[sides.them.gap[j]]].append(j)
    for k in sides.us.added():
        ours[sides.stretch[sides.us.gap[k]]].append(k)
    for i in range(len(sides.base)):
        if i not in sides.them.pairing.at and i not in sides.us.pairing.at:
            gone[sides.stretch[i]].append(i)
    for stretch in sorted(theirs.keys() | ours.keys()):
        yield from _added_at(sides, gone[stretch], theirs[stretch], ours[stretch], likeness)


def _added_at(
    sides: _Sides[T], gone: Sequence[int], theirs: list[int], ours: list[int], likeness: Likeness[T]
) -> Iterator[_Match]:
    by_both = [*_added_by_both(sides, theirs, ours, likeness)]
    yield from by_both
    left_theirs = sorted(set(theirs) - {match.j for match in by_both})
    left_ours = sorted(set(ours) - {match.k for match in by_both})
    if gone and left_theirs and left_ours:
        for i, j, k in zip_longest(gone, left_theirs, left_ours):
            yield _Match(i, j, k, clash=True)
        return
    for j in left_theirs:
        yield _Match(None, j, None, clash=bool(sides.us.lost(sides.them.gap[j])))
    for k in left_ours:
        yield _Match(None, None, k, clash=bool(sides.them.lost(sides.us.gap[k])))
    # Theirs stands: what their addition belongs to, too.
    for span in {sides.us.lost(sides.them.gap[j]) for j in left_theirs}:
        yield from (_Match(i, sides.them.pairing.at[i], None, clash=True) for i in span if sides.them.stays(i))


def _added_by_both(
    sides: _Sides[T], theirs: Sequence[int], ours: Sequence[int], likeness: Likeness[T]
) -> Iterator[_Match]:
    """The same, in whatever order; and, in dispute, what is nearly the same."""
    equal: dict[str, list[int]] = defaultdict(list)
    for k in reversed(ours):
        equal[sides.us.things[k].key].append(k)
    others = []
    for j in theirs:
        if alike := equal[sides.them.things[j].key]:
            yield _Match(None, j, alike.pop())
        else:
            others.append(j)
    left = sorted(k for positions in equal.values() for k in positions)
    if len(others) * len(left) > COMPARED:
        return
    for j in others:
        for k in left:
            if likeness(sides.them.things[j], sides.us.things[k]) >= _SAME:
                yield _Match(None, j, k, clash=True)
                left.remove(k)
                break
