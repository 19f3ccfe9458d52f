"""Which thing of one text is which of the other: equal ones first, then what was changed, moved, or both."""

from dataclasses import dataclass
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_bridge.markup.merge_pairs import Pairing, chain, equal_pairs, paired


@dataclass(frozen=True)
class Thing:
    key: str
    tag: str = "p"


def changed(one: Thing, other: Thing) -> float:
    """Alike what is called the same; in capitals, things were changed."""
    return 0.9 if one.key.casefold() == other.key.casefold() else 0.0


@pytest.mark.parametrize(
    ("one", "other", "pairs"),
    [
        ("", "", []),
        ("a", "", []),
        ("", "a", []),
        ("a", "b", []),
        ("abc", "abc", [(0, 0), (1, 1), (2, 2)]),
        ("abc", "axc", [(0, 0), (2, 2)]),
        ("ab", "abb", [(0, 0), (1, 1)]),
        ("abb", "ab", [(0, 0), (1, 1)]),
        ("abc", "xabc", [(0, 1), (1, 2), (2, 3)]),
        ("xabc", "abc", [(1, 0), (2, 1), (3, 2)]),
        ("abxcd", "yabzcdw", [(0, 1), (1, 2), (3, 4), (4, 5)]),
    ],
)
def test_what_is_the_same_is_found_in_its_order(one: str, other: str, pairs: list[tuple[int, int]]) -> None:
    assert equal_pairs(one, other) == pairs


def test_in_a_long_text_what_is_the_same_is_found_between_lines_that_stand_once() -> None:
    """Every other line is empty, each twentieth was changed, the last moved to the top, the title taken out."""
    old = [f"line {n}" if n % 2 else "" for n in range(400)]
    new = [f"new {n}" if n % 20 == 1 else line for n, line in enumerate(old)]
    one, other = ["title", *old], ["", "line 399", "second", *new[1:-1], "last"]
    pairs = [(1, 0), *((n + 1, n + 2) for n in range(1, 399) if n % 20 != 1)]
    assert equal_pairs(one, other) == pairs
    assert equal_pairs(other, one) == [(j, i) for i, j in pairs]


def test_words_that_stand_very_often_are_found_as_well() -> None:
    often = ["the", "cup"]
    assert len(equal_pairs(["one", *often * 49, "two"], ["three", *often * 99, "four"])) == 98


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from([0.5, 0.75, 1.0])), max_size=7))
def test_of_all_that_could_belong_together_the_most_is_taken(candidates: list[tuple[int, int, float]]) -> None:
    heaviest = {(i, j): max(w for *p, w in candidates if p == [i, j]) for i, j, _ in candidates}

    def goes_up(pairs: tuple[tuple[int, int], ...]) -> bool:
        return all(a < c and b < d for (a, b), (c, d) in pairwise(pairs))

    choices = [pairs for n in range(8) for pairs in combinations(sorted(heaviest), n) if goes_up(pairs)]
    found = chain(candidates)
    assert goes_up(tuple(found))
    assert sum(heaviest[pair] for pair in found) == max(sum(heaviest[pair] for pair in pairs) for pairs in choices)


# Base, the other sequence, and the positions in it; `>` before those that were moved.
PAIRED = {
    "changed in its place, at the beginning, in the middle and at the end": ("abcde", "AbCdE", "0 1 2 3 4"),
    "changed before something new": ("x", "Xn", "0"),
    "changed behind something new": ("x", "nX", "1"),
    "two changed in a row": ("axyb", "aXYb", "0 1 2 3"),
    "rewritten, and the only one there": ("axb", "ayb", "0 1 2"),
    "rewritten into two": ("axb", "ayzb", "0 - 3"),
    "two rewritten into two": ("axwb", "ayzb", "0 - - 3"),
    "moved up": ("abcd", "dabc", "1 2 3 >0"),
    "moved down": ("abcd", "bcda", ">3 0 1 2"),
    "moved up and changed": ("abcd", "Dabc", "1 2 3 >0"),
    "moved down and changed": ("abcd", "bcdA", ">3 0 1 2"),
    "moved behind one that is new there": ("abcd", "dnabc", "2 3 4 >0"),
    "two that were moved and changed": ("kxyabc", "kabcYX", "0 >5 >4 1 2 3"),
    "moved, and changed in the place that it left": ("abcxd", "xabcnd", "1 2 3 >0 5"),
    "taken out, and something new elsewhere": ("abcd", "nbcd", "0 1 2 3"),
    "taken out, and something unlike it elsewhere": ("abcd", "bcdn", "- 0 1 2"),
}


@pytest.mark.parametrize(("base", "other", "positions"), PAIRED.values(), ids=PAIRED)
def test_a_thing_is_found_again(base: str, other: str, positions: str) -> None:
    assert told(paired(list(map(Thing, base)), list(map(Thing, other)), changed), len(base)) == positions


def told(pairing: Pairing, size: int) -> str:
    places = [str(pairing.at.get(i, "-")) for i in range(size)]
    return " ".join(f">{place}" if i in pairing.moved else place for i, place in enumerate(places))


@pytest.mark.parametrize(
    ("likeness", "positions"),
    [
        ({"xu": 0.8, "xv": 0.9, "yu": 0.75, "yv": 0.95}, "0 >4 >5 1 2 3"),
        ({"xu": 0.8, "xv": 0.9, "yu": 0.75, "yv": 0.85}, "0 >5 >4 1 2 3"),
        ({"xu": 0.8, "xv": 0.8, "yu": 0.8, "yv": 0.8}, "0 >4 >5 1 2 3"),
        ({"xu": 0.8, "yu": 0.9}, "0 - >4 1 2 3"),
        ({"xu": 0.6, "yv": 0.8}, "0 - >5 1 2 3"),
    ],
    ids=["best first", "best first, crosswise", "all alike: in their order", "one for two", "too little alike"],
)
def test_of_things_elsewhere_the_most_alike_are_taken_first(likeness: dict[str, float], positions: str) -> None:
    pairing = paired(
        list(map(Thing, "kxyabc")),
        list(map(Thing, "kabcuv")),
        lambda one, other: likeness.get(one.key + other.key, 0.0),
    )
    assert told(pairing, 6) == positions


def test_half_alike_is_enough_for_a_thing_in_its_place() -> None:
    pairing = paired(list(map(Thing, "axb")), list(map(Thing, "aunb")), lambda one, other: 0.5 * (other.key == "u"))
    assert told(pairing, 3) == "0 1 3"


def test_what_was_rewritten_is_known_by_its_kind_as_far_as_kinds_kept_their_order() -> None:
    base = [Thing("a", "h2"), Thing("b", "p"), Thing("c", "ul")]
    other = [Thing("d", "ul"), Thing("e", "h2"), Thing("f", "p")]
    assert told(paired(base, other, changed), 3) == "1 2 -"


@pytest.mark.parametrize("size", [60, 2_600])
def test_where_everything_was_changed_each_thing_is_looked_for_near_its_place(size: int) -> None:
    base, other = ([Thing(f"{letter}{n}") for n in range(size)] for letter in "xX")
    asked = 0

    def likeness(one: Thing, other: Thing) -> float:
        nonlocal asked
        asked += 1
        return changed(one, other)

    assert paired(base, other, likeness).at == {n: n for n in range(size)}
    assert asked <= 2 * max(2_500, size)
