"""In which order things stand after a merge, whatever they are: here each is a letter.

The same letter in capitals is a thing that was changed; figures are different things of one kind.
"""

from dataclasses import dataclass

import pytest

from lms_bridge.markup.merge_order import Slot, side_by_side


@dataclass(frozen=True)
class Letter:
    key: str

    @property
    def tag(self) -> str:
        return "figure" if self.key.isdigit() else self.key.casefold()


def likeness(one: Letter, other: Letter) -> float:
    return 0.9 if one.key.casefold() == other.key.casefold() else 0.0


def merged(base: str, theirs: str, ours: str) -> str:
    """The letters in the merged order; a clash as `[base theirs ours]` without the blanks, `-` where it is absent."""
    slots = side_by_side(*(list(map(Letter, side)) for side in (base, theirs, ours)), likeness)
    return "".join(map(shown, slots))


def shown(slot: Slot[Letter]) -> str:
    base, theirs, ours = (thing.key if thing else "-" for thing in (slot.base, slot.theirs, slot.ours))
    if slot.clash:
        return f"[{base}{theirs}{ours}]"
    if base == "-":
        return theirs if theirs != "-" else ours
    if "-" in (theirs, ours):
        return ""
    return theirs if theirs != base else ours


ADDED = {
    "on either side, apart": ("ab", "xab", "aby", "xaby"),
    "in an empty text": ("", "x", "y", "xy"),
    "at one spot: theirs first": ("ab", "axb", "ayb", "axyb"),
    "the same in an empty text": ("", "x", "x", "x"),
    "the same": ("ab", "axb", "axb", "axb"),
    "the same in another order: as theirs": ("ab", "axyb", "ayxb", "axyb"),
    "the same twice and once": ("ab", "axxb", "axb", "axxb"),
    "the same, with others before": ("ab", "axzb", "ayzb", "axyzb"),
    "the same, with others behind": ("ab", "azxb", "azyb", "azxyb"),
    "the same, with another before and another behind": ("ab", "axzb", "ayzwb", "axyzwb"),
    "the same, with two of theirs and two of ours before": ("ab", "axvzb", "aywzb", "axvywzb"),
    "something nearly the same": ("ab", "axb", "aXb", "a[-xX]b"),
    "something nearly the same, three times": ("ab", "axb", "aXXXb", "a[-xX]XXb"),
    "two that are nearly the same": ("ab", "axyb", "aXYb", "a[-xX][-yY]b"),
    "behind one that the other takes out": ("abc", "abxc", "ac", "axc"),
    "in the place of one, and behind it": ("abc", "axc", "abyc", "axyc"),
    "in the place of one that the other takes out too": ("abc", "axc", "ac", "axc"),
    "in the place of the same": ("abc", "axc", "ayc", "a[bxy]c"),
    "in the place of the same two": ("abcd", "axd", "ayzd", "a[bxy][c-z]d"),
    "the same in the place of the same": ("abc", "axc", "axc", "axc"),
    "behind another than the one that both take out": ("abcd", "acxd", "acyd", "acxyd"),
}
TAKEN_OUT = {
    "by one": ("abc", "ac", "abc", "ac"),
    "by both": ("abc", "ac", "ac", "ac"),
    "each by one": ("abcd", "acd", "abd", "ad"),
    "everything": ("abc", "", "abc", ""),
    "two between which theirs added: they stay": ("abcd", "abxcd", "ad", "a[bb-][-x-][cc-]d"),
    "two behind which theirs added": ("abcd", "abcxd", "ad", "a[bb-][cc-][-x-]d"),
    "the first two between which theirs added": ("abcd", "axbcd", "cd", "[aa-][-x-][bb-]cd"),
    "the last two between which theirs added": ("abcd", "abcxd", "ab", "ab[cc-][-x-][dd-]"),
    "two between which ours added": ("abcd", "ad", "abxcd", "a[--x]d"),
    "two before which something was added": ("abcd", "axbcd", "ad", "axd"),
    "the first two, before which something was added": ("abcd", "xabcd", "cd", "xcd"),
    "two, of which theirs moved one and added behind the other": ("abcde", "cabxde", "ade", "[cc-]a[bb-][-x-]de"),
}
MOVED = {
    "by one": ("abcd", "dabc", "abcd", "dabc"),
    "by the other": ("abcd", "abcd", "dabc", "dabc"),
    "and changed": ("abcd", "dabc", "abcD", "Dabc"),
    "changed and": ("abcd", "abcD", "dabc", "Dabc"),
    "moved and changed at once": ("abcd", "Dabc", "abcd", "Dabc"),
    "by both to the same place": ("abcd", "dabc", "dabc", "dabc"),
    "by both to different places": ("abcd", "adbc", "dabc", "a[ddd]bc"),
    "by both to the same place, where one takes something out": ("abcd", "abdc", "adc", "adc"),
    "by theirs, and taken out": ("abcd", "dabc", "abc", "[dd-]abc"),
    "by ours, and taken out": ("abcd", "abc", "dabc", "[d-d]abc"),
    "each by one": ("abcdef", "fabcde", "bcdefa", "fbcdea"),
    "to where theirs added something behind it": ("mabc", "mabxc", "abmc", "abmxc"),
    "to where both added something behind it": ("mabc", "mabxc", "abmyc", "abmxyc"),
    "to where ours added something": ("abcd", "dabc", "xabcd", "xdabc"),
    "beside something new in its old place": ("abcd", "dabcx", "abcd", "dabcx"),
    "one of a kind for another": ("a1b", "a2b", "a1bx", "a2bx"),
    "one of a kind for another, on both sides": ("a1b", "a2b", "a3b", "a2b"),
    "two of a kind for another": ("a12b", "a3b", "a12bx", "a3bx"),
}


@pytest.mark.parametrize(("base", "theirs", "ours", "order"), ADDED.values(), ids=ADDED)
def test_what_is_added(base: str, theirs: str, ours: str, order: str) -> None:
    assert merged(base, theirs, ours) == order


@pytest.mark.parametrize(("base", "theirs", "ours", "order"), TAKEN_OUT.values(), ids=TAKEN_OUT)
def test_what_is_taken_out(base: str, theirs: str, ours: str, order: str) -> None:
    assert merged(base, theirs, ours) == order


@pytest.mark.parametrize(("base", "theirs", "ours", "order"), MOVED.values(), ids=MOVED)
def test_what_is_moved_or_replaced(base: str, theirs: str, ours: str, order: str) -> None:
    assert merged(base, theirs, ours) == order
