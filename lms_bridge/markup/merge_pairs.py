"""Two sequences laid side by side: which thing of one is which of the other, still in its place, changed, or moved.

Bounded in time for any two texts: where too much would have to be compared, less is found to belong together.
"""

import difflib
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, TypeVar


class Keyed(Protocol):
    """What is paired: equal keys read the same, and a thing that has no equal may be alike one of the same tag."""

    @property
    def key(self) -> str: ...

    @property
    def tag(self) -> str: ...


T = TypeVar("T", bound=Keyed)
Likeness = Callable[[T, T], float]
Pair = tuple[int, int]

CHANGED = 0.5
"""From this likeness on, two things are one thing that was changed."""

# The same for things in different places, where chance has more to choose from.
_MOVED = 0.7

# Products of lengths. Up to the first, difflib finds the best; the second bounds its work on one pair of sequences.
_NEAR = 40_000
_BUDGET = 4_000_000
# So many things in a stretch are compared by their likeness: those nearest to each other, where there are more.
COMPARED = 2_500


@dataclass(frozen=True, slots=True)
class Pairing:
    """Positions in the base → positions in the other sequence. `moved`: those in the base that left their places."""

    at: Mapping[int, int]
    moved: frozenset[int]


def paired(base: Sequence[T], other: Sequence[T], likeness: Likeness[T]) -> Pairing:
    """Equal ones in the same order, then equal ones elsewhere that cannot be mistaken, then what is most alike."""
    in_place = equal_pairs([thing.key for thing in base], [thing.key for thing in other])
    moved = _moved(base, other, in_place)
    taken = set(moved.values())
    for find in (_alike, _only_ones):
        known = [(-1, -1), *in_place, (len(base), len(other))]
        for left, right in pairwise(known):
            before = [i for i in range(left[0] + 1, right[0]) if i not in moved]
            after = [j for j in range(left[1] + 1, right[1]) if j not in taken]
            in_place.extend(find(base, before, other, after, likeness))
        in_place.sort()
    at = dict(in_place) | moved
    moved |= _moved_and_changed(base, other, at, likeness)
    return Pairing(at | moved, frozenset(moved))


def equal_pairs(a: Sequence[str], b: Sequence[str]) -> list[Pair]:
    """Positions of what is the same in two sequences, both ascending."""
    pairs: list[Pair] = []
    budget = _BUDGET
    stretches = [(0, len(a), 0, len(b))]
    while stretches:
        a1, a2, b1, b2 = stretches.pop()
        while a1 < a2 and b1 < b2 and a[a1] == b[b1]:
            pairs.append((a1, b1))
            a1, b1 = a1 + 1, b1 + 1
        while a1 < a2 and b1 < b2 and a[a2 - 1] == b[b2 - 1]:
            a2, b2 = a2 - 1, b2 - 1
            pairs.append((a2, b2))
        size = (a2 - a1) * (b2 - b1)
        if 0 < size <= min(_NEAR, budget):
            budget -= size
            matcher = difflib.SequenceMatcher(None, a[a1:a2], b[b1:b2], autojunk=False)
            pairs.extend((a1 + i + n, b1 + j + n) for i, j, k in matcher.get_matching_blocks() for n in range(k))
        elif size and (anchors := _anchors(a, range(a1, a2), b, range(b1, b2))):
            pairs.extend(anchors)
            ends = [(a1 - 1, b1 - 1), *anchors, (a2, b2)]
            stretches.extend((i + 1, k, j + 1, m) for (i, j), (k, m) in pairwise(ends))
    return sorted(pairs)


def _anchors(a: Sequence[str], in_a: range, b: Sequence[str], in_b: range) -> list[Pair]:
    """What stands once in either stretch, as far as it kept its order."""
    once_a, once_b = _once((a[i], i) for i in in_a), _once((b[j], j) for j in in_b)
    return chain((i, once_b[key], 1.0) for key, i in once_a.items() if key in once_b)


def _once(keys: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The keys that stand once among these, each with its position."""
    keys = list(keys)
    counts = Counter(key for key, _ in keys)
    return {key: i for key, i in keys if counts[key] == 1}


def chain(candidates: Iterable[tuple[int, int, float]]) -> list[Pair]:
    """Of candidate pairs with their weights, those that go up on both sides and weigh most together."""
    # The best chain so far for each last position on the right: both lists ascend.
    ends: list[int] = []
    best: list[tuple[float, Pair, object]] = []
    for i, j, weight in sorted(candidates, key=lambda candidate: (candidate[0], -candidate[1])):
        at = bisect_left(ends, j)
        before = best[at - 1] if at else None
        total = weight + (before[0] if before else 0.0)
        if at < len(ends) and ends[at] == j and best[at][0] >= total:
            continue
        after = at
        while after < len(ends) and best[after][0] <= total:
            after += 1
        ends[at:after] = [j]
        best[at:after] = [(total, (i, j), before)]
    return _followed(best[-1] if best else None)


def _followed(link: object) -> list[Pair]:
    pairs: list[Pair] = []
    while isinstance(link, tuple):
        pairs.append(link[1])
        link = link[2]
    pairs.reverse()
    return pairs


def _moved(base: Sequence[T], other: Sequence[T], in_place: Sequence[Pair]) -> dict[int, int]:
    left, right = {i for i, _ in in_place}, {j for _, j in in_place}
    gone = _once((thing.key, i) for i, thing in enumerate(base) if i not in left)
    come = _once((thing.key, j) for j, thing in enumerate(other) if j not in right)
    return {i: come[key] for key, i in gone.items() if key in come}


def _moved_and_changed(
    base: Sequence[T], other: Sequence[T], at: Mapping[int, int], likeness: Likeness[T]
) -> dict[int, int]:
    """What is much alike, and to nothing else so much."""
    come = sorted(set(range(len(other))) - set(at.values()))
    gone = [i for i in range(len(base)) if i not in at]
    if len(gone) * len(come) > COMPARED:
        return {}
    alike = sorted(((likeness(base[i], other[j]), -i, -j) for i in gone for j in come), reverse=True)
    moved: dict[int, int] = {}
    for weight, i, j in alike:
        if weight >= _MOVED and -i not in moved and -j not in moved.values():
            moved[-i] = -j
    return moved


def _alike(
    base: Sequence[T], before: Sequence[int], other: Sequence[T], after: Sequence[int], likeness: Likeness[T]
) -> list[Pair]:
    """What was changed between two places."""
    near = max(1, COMPARED // len(before)) if len(before) * len(after) > COMPARED else len(after)
    candidates: list[tuple[int, int, float]] = []
    for n, i in enumerate(before):
        middle = n * len(after) // len(before)
        weights = ((i, j, likeness(base[i], other[j])) for j in after[max(0, middle - near) : middle + near])
        candidates.extend(candidate for candidate in weights if candidate[2] >= CHANGED)
    return chain(candidates)


def _only_ones(
    base: Sequence[T], before: Sequence[int], other: Sequence[T], after: Sequence[int], _: Likeness[T]
) -> list[Pair]:
    """Between two places, the only one of its tag is the same one, whatever has become of it."""
    gone, come = _once((base[i].tag, i) for i in before), _once((other[j].tag, j) for j in after)
    return chain((i, come[tag], 1.0) for tag, i in gone.items() if tag in come)
