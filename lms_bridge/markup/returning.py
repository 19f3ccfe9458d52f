"""What people changed in a destination's form of a text → the same change in the source's own form.

A destination shows a text with its own addresses, with headings of other levels, without what it cannot show, and with
lines of ours around it. Whoever takes a change back wants none of that in the source.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from lms_bridge.markup.digest import plain_form
from lms_bridge.markup.fragment import Fragment, parse, serialize, text_of
from lms_bridge.markup.links import links, map_links
from lms_bridge.markup.merge import merge
from lms_bridge.markup.merge_html import canonical
from lms_bridge.markup.split import blocks
from lms_bridge.markup.text import words

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_FIRST_LEVEL = 2
"""Of what stands below a page's title."""
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
    after = _without(around, blocks(now))
    base, theirs = (_lifted(part, item, before) for part in (before, after))
    ways = (merge(base, theirs, canonical(item)).html, canonical(theirs))
    yield from dict.fromkeys(ways)


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


def _lifted(part: Sequence[str], item: str, before: Sequence[str]) -> str:
    """The blocks as one text, headings at the source's levels."""
    fragment = parse("\n".join(part))
    levels = _levels(item, "\n".join(before))
    for element in fragment:
        if element.tag in _HEADINGS:
            element.tag = _level(str(element.tag), levels, fragment)
    return serialize(fragment)


def _levels(item: str, shown: str) -> dict[str, str]:
    """Which level of the shown text is which of the item's, by headings of the same words."""
    ours = {text_of(element): str(element.tag) for element in parse(item) if element.tag in _HEADINGS}
    found: dict[str, str] = {}
    for element in parse(shown):
        if element.tag in _HEADINGS and (level := ours.get(text_of(element))):
            found.setdefault(str(element.tag), level)
    return found


def _level(tag: str, levels: Mapping[str, str], fragment: Fragment) -> str:
    if tag in levels:
        return levels[tag]
    if levels:
        near, own = min(levels.items(), key=lambda pair: abs(int(pair[0][1]) - int(tag[1])))
        return f"h{min(6, max(1, int(own[1]) + int(tag[1]) - int(near[1])))}"
    top = min(int(str(element.tag)[1]) for element in fragment if element.tag in _HEADINGS)
    return f"h{min(6, int(tag[1]) - top + _FIRST_LEVEL)}"
