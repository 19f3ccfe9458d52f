"""Normal form straight from what nh3 gave, for markup in which everything stands where it may: most of it.

No tree is made. Whatever would have to be moved, renamed, dropped or joined is left to `nesting` and `normal`, which
come to the same where both can be used; a test holds them against each other.
"""

import re
from collections.abc import Mapping, Set

from lms_bridge.markup.normal import KEPT_EMPTY, collapsed
from lms_bridge.markup.standing import CONTAINERS
from lms_bridge.markup.vocabulary import BLOCKS, TAGS, VOID

# An attribute with signs that XML reads in its own way, or that we write in another, is not matched.
_TAG = re.compile(
    r"<(?P<whole>p|h[1-6]|li|t[dh]|d[dt])>(?P<words>[^<>]*)</(?P=whole)>"
    r'|<(/?)([a-z][a-z0-9]*)((?: [a-z-]+="[^"<>\t\n\r]*")*)>'
)
"""A block of nothing but words, which is most of a text, or any other tag."""
_CLASS = re.compile(r' class="([^"]*)"')
_NEEDS = {"a": re.compile(r' href="[^"]'), "img": re.compile(r' src="[^"]')}
_LEVELS = 40

_ROOT, _WORDS, _FLOW, _PRE = "root", "words", "flow", "pre"
_KINDS: Mapping[str, str] = {
    "blockquote": _ROOT,
    "pre": _PRE,
    **dict.fromkeys(("li", "td", "th", "dd", "dt"), _FLOW),
    **dict.fromkeys(("p", "h1", "h2", "h3", "h4", "h5", "h6"), _WORDS),
    **{container: container for container in CONTAINERS},
}
"""What may stand in an element. Inline elements hold words, as what they stand in lets them."""
_INLINE = TAGS - BLOCKS - {"span"}
_PARTS = frozenset().union(*(parts for parts, _ in CONTAINERS.values()))
_WHOLE = BLOCKS - _PARTS - {"div"}
_INNER: Mapping[str, Set[str]] = {
    _ROOT: _WHOLE,
    _WORDS: _INLINE,
    _FLOW: _WHOLE | _INLINE,
    _PRE: _INLINE - VOID,
    **{container: parts - {"caption"} for container, (parts, _) in CONTAINERS.items()},
}
_WITHOUT_WORDS = frozenset({_ROOT, *CONTAINERS})


class _Unfit(Exception):
    """Something must be moved, renamed or dropped."""


def tidy(markup: str, *, tags: Set[str], classes: re.Pattern[str]) -> str | None:
    """The normal form; None where it takes a tree to find it."""
    writer = _Writer(tags, classes)
    pieces = _TAG.split(markup.replace("&nbsp;", "\u00a0"))
    try:
        for at in range(0, len(pieces) - 1, 6):
            text, whole, words, closing, name, attributes = pieces[at : at + 6]
            if text:
                writer.text(text)
            if whole:
                writer.whole(whole, words)
            elif closing:
                writer.close(name)
            else:
                writer.open(name, attributes)
        writer.text(pieces[-1])
    except _Unfit:
        return None
    return "".join(writer.out)


class _Writer:
    def __init__(self, tags: Set[str], classes: re.Pattern[str]) -> None:
        self.out: list[str] = []
        self._tags, self._classes = tags, classes
        self._names: list[str] = []
        self._kinds = [_ROOT]
        self._filled = [False]
        """Whether an open element has anything in it, and the root."""
        self._words = False
        """Whether a blank would part words here."""
        self._last = -1
        """The text whose blank at its end goes where a block ends."""
        self._broken = False
        """Nothing shows since a line break."""

    def text(self, text: str) -> None:
        if "<" in text or ">" in text:
            raise _Unfit
        kind = self._kinds[-1]
        blank = not text.strip(" \t\n\r\f")
        if kind is _PRE:
            self.out.append(text.lstrip("\n") if self.out[-1].startswith("<pre") else text)
        elif kind in _WITHOUT_WORDS:
            if not blank:
                raise _Unfit
            return
        else:
            self._run(collapsed(text))
        if not blank:
            self._filled[-1] = True
            self._broken = False

    def _run(self, text: str) -> None:
        if not self._words:
            text = text.removeprefix(" ")
        if text:
            self._words = not text.endswith(" ")
            self._last = len(self.out)
            self.out.append(text)

    def _edge(self) -> None:
        if self._last >= 0:
            self.out[self._last] = self.out[self._last].removesuffix(" ")
            self._last = -1
        self._words = False

    def open(self, name: str, attributes: str) -> None:
        kind = self._kinds[-1]
        if name not in _INNER[kind] or name not in self._tags or len(self._names) > _LEVELS:
            raise _Unfit
        if attributes or name in _NEEDS:
            self._look_at(name, attributes)
        self._broken = False
        if name in BLOCKS:
            self._edge()
            if not self._names and self._filled[0]:
                self.out.append("\n")
        self._filled[-1] = True
        self.out.append(f"<{name}{attributes}>")
        if name in VOID:
            self._void(name)
            return
        self._names.append(name)
        self._filled.append(False)
        self._kinds.append(_KINDS.get(name) or (_PRE if kind is _PRE else _WORDS))

    def whole(self, name: str, words: str) -> None:
        """A block from its start to its end."""
        words = collapsed(words).strip(" ")
        if not words or self._kinds[-1] is _PRE:
            self.open(name, "")
            self.text(words)
            self.close(name)
            return
        if name not in _INNER[self._kinds[-1]] or name not in self._tags or len(self._names) > _LEVELS:
            raise _Unfit
        self._broken = False
        self._edge()
        between = "\n" if not self._names and self._filled[0] else ""
        self._filled[-1] = True
        self.out.append(f"{between}<{name}>{words}</{name}>")

    def _void(self, name: str) -> None:
        if name == "img":
            self._words, self._last = True, -1
        else:
            self._edge()
            self._broken = name == "br"

    def _look_at(self, name: str, attributes: str) -> None:
        needed = _NEEDS.get(name)
        if (needed and not needed.search(attributes)) or (name == "a" and "a" in self._names):
            raise _Unfit
        named = _CLASS.search(attributes)
        if named and not self._classes.fullmatch(named[1]):
            raise _Unfit

    def close(self, name: str) -> None:
        filled = self._filled.pop()
        if not self._names or self._names.pop() != name or self._broken or not (filled or name in KEPT_EMPTY):
            raise _Unfit
        self._kinds.pop()
        if name in BLOCKS:
            self._edge()
        self.out.append(f"</{name}>")
