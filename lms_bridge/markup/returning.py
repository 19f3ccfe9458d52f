"""What people changed in a destination's form of a text → the same change in the source's own form.

A destination shows a text with its own addresses, with headings of other levels, without what it cannot show, and with
lines of ours around it. Whoever takes a change back wants none of that in the source.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from lxml import etree

from lms_bridge.markup.digest import plain_form, tight_form
from lms_bridge.markup.fragment import Fragment, parse, serialize, text_of
from lms_bridge.markup.links import links, map_links
from lms_bridge.markup.merge import merge
from lms_bridge.markup.merge_html import canonical
from lms_bridge.markup.split import blocks
from lms_bridge.markup.text import words

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_FIRST_LEVEL = 2
"""Of what stands below a page's title."""
_LOOK_AHEAD, _LARGEST_SPAN = 3, 60
"""Blocks: how far apart the same words may begin on both sides, and into how many one may have been taken apart."""
_AT_THE_HEAD = 3
"""Blocks of ours before a text, at most: a heading, in a wiki whose first page has a name of its own."""


def addresses(item: str, shown: str) -> dict[str, str]:
    """Where links of the shown text lead in the item: links of the same words, in their order."""
    ours = [(text_of(a), a.get("href", "")) for a in links(parse(item))]
    found: dict[str, str] = {}
    for a in links(parse(shown)):
        at = next((n for n, (text, _) in enumerate(ours) if text == text_of(a)), None)
        if at is not None:
            found.setdefault(a.get("href", ""), ours.pop(at)[1])
    return found


def returned(item: str, shown: str, now: str, known: Mapping[str, str]) -> Iterator[str]:
    """The item's text with what people made of it, canonical HTML; the most faithful way first.

    `shown` is how the item reads in the destination and `now` what stands there; `known` says where addresses of the
    destination lead in the source. A destination may forget what it cannot show, so one way may not read there as
    `now` does, and the next one may.
    """
    known = {**known, **addresses(item, shown)}
    shown, now = (map_links(html, lambda href: known.get(href, href)) for html in (shown, now))
    before, around = _parted(words(item), blocks(shown))
    after = _with_our_blank_lines(before, _without(around, blocks(now)))
    levels = _levels(item, "\n".join(before))
    before, after = (blocks(_lifted(part, levels)) for part in (before, after))
    base, theirs = map("\n".join, _in_own_form(blocks(item), before, after))
    ways = [merge(base, theirs, canonical(item)).html, canonical(theirs)]
    yield from dict.fromkeys([*ways, *(_above_the_notes(way, item) for way in ways)])


def _above_the_notes(html: str, item: str) -> str:
    """What people added below a text's footnotes: in a source, those come last."""
    notes = [plain_form(block) for block in blocks(item)[-2:]]
    found = blocks(html)
    if not notes or notes[0] != "<hr>":
        return html
    at = next((n for n, block in enumerate(found) if [*map(plain_form, found[n : n + 2])] == notes), len(found))
    return canonical("\n".join([*found[:at], *found[at + 2 :], *found[at : at + 2]]))


def _parted(wanted: Sequence[str], shown: Sequence[str]) -> tuple[list[str], list[str]]:
    """The blocks that are the item's text, and those that stand around it."""
    counts = [Counter(words(block)) for block in shown]
    goal = Counter(wanted)
    best, cut = -1.0, (0, len(shown))
    for first in range(min(_AT_THE_HEAD, len(shown)) + 1):
        held = sum(counts[first:], Counter[str]())
        for last in range(len(shown), first - 1, -1):
            total = held.total() + goal.total()
            alike = 2 * (held & goal).total() / total if total else 1.0
            if alike > best:
                best, cut = alike, (first, last)
            held = held - counts[last - 1] if last else held
    first, last = cut
    return list(shown[first:last]), [*shown[:first], *shown[last:]]


def _without(around: Sequence[str], now: Sequence[str]) -> list[str]:
    """What stands, without what we put around a text: people add below it as well as above."""
    left = Counter(map(plain_form, around))
    kept: list[str] = []
    for block in reversed(now):
        form = plain_form(block)
        if left[form] > 0:
            left[form] -= 1
        else:
            kept.append(block)
    return kept[::-1]


def _with_our_blank_lines(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """Code from which only an editor took something."""
    ours = {tight_form(block): block for block in before if "<pre" in block}
    return [ours.get(tight_form(block), block) if "<pre" in block else block for block in after]


def _in_own_form(item: Sequence[str], before: list[str], after: list[str]) -> tuple[list[str], list[str]]:
    """Blocks that a destination shows in another form, and that nobody changed, in the item's own on both sides: a
    definition list, for instance, that stands there as paragraphs."""
    start = 0
    for block in item:
        wanted = words(block)
        found = next((span for span in _spans(before, start) if _words_of(before, span) == wanted), None)
        if found is None or not wanted:
            continue
        first, last = found
        forms = [plain_form(part) for part in before[first:last]]
        there = [plain_form(part) for part in after]
        at = next((n for n in range(len(there)) if there[n : n + len(forms)] == forms), None)
        if at is None or forms == [plain_form(block)]:
            start = last
            continue
        before = [*before[:first], block, *before[last:]]
        after = [*after[:at], block, *after[at + len(forms) :]]
        start = first + 1
    return before, after


def _spans(found: Sequence[str], start: int) -> Iterator[tuple[int, int]]:
    """From the next block on, as few blocks as possible: a rule or an image before the words is not one of them."""
    for first in range(start, min(start + _LOOK_AHEAD, len(found))):
        if not words(found[first]):
            continue
        for last in range(first + 1, min(first + _LARGEST_SPAN, len(found)) + 1):
            yield first, last


def _words_of(found: Sequence[str], span: tuple[int, int]) -> list[str]:
    return words("\n".join(found[slice(*span)]))


def _lifted(part: Sequence[str], levels: Mapping[str, str]) -> str:
    """The blocks as one text, headings at the source's levels."""
    fragment = parse("\n".join(part))
    for element, tag in [(each, _level(str(each.tag), levels, fragment)) for each in _headings(fragment)]:
        element.tag = tag
    return serialize(fragment)


def _headings(fragment: Fragment) -> list[etree._Element]:
    return [element for element in fragment if element.tag in _HEADINGS]


def _levels(item: str, shown: str) -> dict[str, str]:
    """Which level of the shown text is which of the item's, by headings of the same words."""
    ours = {text_of(element): str(element.tag) for element in _headings(parse(item))}
    found: dict[str, str] = {}
    for element in _headings(parse(shown)):
        if level := ours.get(text_of(element)):
            found.setdefault(str(element.tag), level)
    return found


def _level(tag: str, levels: Mapping[str, str], fragment: Fragment) -> str:
    if tag in levels:
        return levels[tag]
    if levels:
        near, own = min(levels.items(), key=lambda pair: abs(int(pair[0][1]) - int(tag[1])))
        return f"h{min(6, max(1, int(own[1]) + int(tag[1]) - int(near[1])))}"
    top = min(int(str(element.tag)[1]) for element in _headings(fragment))
    return f"h{min(6, int(tag[1]) - top + _FIRST_LEVEL)}"
