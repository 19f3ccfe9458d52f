"""Readable differences between two texts: blocks as lines, changed words marked."""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest
from typing import Literal

from lms_bridge.markup.text import to_text

_PIECE = re.compile(r"\s+|\w+|[^\w\s]")
# Word by word is worth its time only where the lines have something in common.
_ALIKE = 0.3
# Above this many lines frequent ones are not matched and only the first ones have their words marked: it takes minutes.
_MANY = 2_000


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a difference. `changed`: spans (from, to) of `text`; none where only the other line has words of its
    own. A gap stands for equal lines."""

    kind: Literal["same", "added", "removed", "gap"]
    text: str
    changed: tuple[tuple[int, int], ...] = ()


def text_diff(before: str, after: str, *, context: int = 2) -> list[DiffLine]:
    """What changed between two HTML texts, as a person reads them; empty when nothing that can be read changed."""
    return line_diff(to_text(before), to_text(after), context=context)


def line_diff(before: str, after: str, *, context: int = 2) -> list[DiffLine]:
    """The same for two plain texts, one block a line."""
    old, new = before.splitlines(), after.splitlines()
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=len(new) > _MANY)
    out: list[DiffLine] = []
    for group in matcher.get_grouped_opcodes(context):
        if out or group[0][1] > 0:
            out.append(DiffLine("gap", ""))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                out.extend(DiffLine("same", line) for line in old[i1:i2])
            else:
                out.extend(_replaced(old[i1:i2], new[j1:j2]))
    return out


def unified(before: str, after: str, *, context: int = 2) -> str:
    """The same as plain lines: `- ` removed, `+ ` added, `  ` same, `…` left out."""
    return as_lines(text_diff(before, after, context=context))


def as_lines(diff: Sequence[DiffLine]) -> str:
    signs = {"same": "  ", "added": "+ ", "removed": "- ", "gap": "…"}
    return "\n".join((signs[line.kind] + line.text).rstrip() for line in diff)


@dataclass(frozen=True, slots=True)
class Pair:
    """A row of a difference that is shown side by side; none where one side has no such line."""

    before: DiffLine | None
    after: DiffLine | None


def side_by_side(diff: Sequence[DiffLine]) -> list[Pair]:
    """Lines that took each other's place stand beside each other."""
    pairs: list[Pair] = []
    for kind, group in groupby(diff, key=lambda line: line.kind in ("added", "removed")):
        lines = list(group)
        if kind:
            before = [line for line in lines if line.kind == "removed"]
            after = [line for line in lines if line.kind == "added"]
            pairs += [Pair(*both) for both in zip_longest(before, after)]
        else:
            pairs += [Pair(line, line) for line in lines]
    return pairs


def word_diff(before: str, after: str, *, context: int = 1) -> list[str]:
    """What changed between two plain texts, line by line, with `[-words taken out-]` and `{+words put in+}`."""
    return [_marked(line) for line in line_diff(before, after, context=context)]


def _marked(line: DiffLine) -> str:
    if line.kind not in ("added", "removed"):
        return "…" if line.kind == "gap" else f"  {line.text}"
    opening, closing = ("{+", "+}") if line.kind == "added" else ("[-", "-]")
    parts, at = [], 0
    for start, end in line.changed:
        parts += [line.text[at:start], opening, line.text[start:end], closing]
        at = end
    return f"{'+' if line.kind == 'added' else '-'} {''.join(parts)}{line.text[at:]}"


def _replaced(old: Sequence[str], new: Sequence[str]) -> Iterator[DiffLine]:
    pairs = list(zip(old, new, strict=False))
    spans = [_changed_words(a, b) for a, b in pairs[:_MANY]]
    for at, line in enumerate(old):
        yield DiffLine("removed", line, spans[at][0] if at < len(spans) else _whole(line))
    for at, line in enumerate(new):
        yield DiffLine("added", line, spans[at][1] if at < len(spans) else _whole(line))


def _whole(line: str) -> tuple[tuple[int, int], ...]:
    return ((0, len(line)),) if line else ()


def _changed_words(old: str, new: str) -> tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]:
    a, b = _PIECE.findall(old), _PIECE.findall(new)
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    if matcher.real_quick_ratio() < _ALIKE or matcher.ratio() < _ALIKE:
        return _whole(old), _whole(new)
    removed, added = [], []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            removed.append(_span(a, i1, i2))
            added.append(_span(b, j1, j2))
    return tuple(s for s in removed if s[0] < s[1]), tuple(s for s in added if s[0] < s[1])


def _span(pieces: Sequence[str], start: int, end: int) -> tuple[int, int]:
    at = sum(map(len, pieces[:start]))
    return at, at + sum(map(len, pieces[start:end]))
