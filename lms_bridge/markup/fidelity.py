"""How much of a text arrived: what was sent compared with what was read back."""

import difflib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from lms_bridge.markup.fragment import Cleaned, Fragment, parse, rows, text_of
from lms_bridge.markup.links import images, links
from lms_bridge.markup.text import words, words_of

# Above this product of lengths the order of words is left out of account: comparing sequences takes too long.
_SEQUENCE_LIMIT = 4_000_000
_ATTRIBUTES = re.compile(r"(<[a-z0-9]+) [^<>]*>")
_LEVEL = re.compile(r"(</?h)[1-6]>")


@dataclass(frozen=True, slots=True)
class Fidelity:
    """Shares between 0 and 1. `text` falls with lost, changed and added words, the others with what was lost."""

    text: float
    links: float
    images: float
    tables: float

    @property
    def whole(self) -> bool:
        """Everything arrived."""
        return min(self.text, self.links, self.images, self.tables) == 1.0


_WHOLE = Fidelity(1.0, 1.0, 1.0, 1.0)


def fidelity(sent: str, got: str) -> Fidelity:
    """Compares two texts, both as the destination writes them."""
    if sent == got:
        return _WHOLE
    before, after = parse(sent), parse(got)
    return Fidelity(
        text=_sequence_share(words(sent), words(got)),
        links=_share(_links(before), _links(after)),
        images=_share((i.get("src", "") for i in images(before)), (i.get("src", "") for i in images(after))),
        tables=_share(_cells(before), _cells(after)),
    )


def survival(source: str, got: str) -> Fidelity:
    """How much of an item's own text stands in what a destination gave back, whose addresses are its own: links count
    by their words, and what was added there is no loss."""
    if source == got or _same_but_for_addresses(source, got):
        return _WHOLE
    before, after = parse(source), parse(got)
    return Fidelity(
        links=_share((text_of(a) for a in links(before)), (text_of(a) for a in links(after))),
        images=_share((i.get("src", "") for i in images(before)), (i.get("src", "") for i in images(after))),
        tables=_share(
            (text for *_, text in _cells(before)),
            (text for *_, text in _cells(after)),
        ),
        text=_share(words_of(before), words_of(after)),
    )


def _same_but_for_addresses(source: str, got: str) -> bool:
    """Surely so: the same words in the same elements. Images are their addresses."""
    if not (isinstance(source, Cleaned) and isinstance(got, Cleaned)) or "<img" in source:
        return False
    return _bare(source) == _bare(got)


def _bare(html: str) -> str:
    """A clean text, in which no attribute holds a bracket, without attributes and the levels of headings."""
    return _LEVEL.sub(r"\1>", _ATTRIBUTES.sub(r"\1>", html))


def _links(fragment: Fragment) -> list[tuple[str, str]]:
    return [(a.get("href", ""), text_of(a)) for a in links(fragment)]


def _cells(fragment: Fragment) -> list[tuple[int, int, int, str]]:
    return [
        (number, y, x, text_of(cell))
        for number, table in enumerate(fragment.root.iter("table"))
        for y, row in enumerate(rows(table))
        for x, cell in enumerate(row)
    ]


def _share(sent: Iterable[object], got: Iterable[object]) -> float:
    sent, got = list(sent), list(got)
    if sent == got:
        return 1.0
    wanted, found = Counter(sent), Counter(got)
    total = wanted.total()
    return (wanted & found).total() / total if total else 1.0


def _sequence_share(sent: list[str], got: list[str]) -> float:
    if sent == got:
        return 1.0
    if len(sent) * len(got) > _SEQUENCE_LIMIT:
        return 2 * (Counter(sent) & Counter(got)).total() / (len(sent) + len(got))
    return difflib.SequenceMatcher(None, sent, got, autojunk=False).ratio()
