"""A Markdown text whose words changed elsewhere: the changed blocks are written anew, the others keep their lines."""

import difflib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from lms_bridge.markup.digest import plain_form
from lms_bridge.markup.fragment import MarkupError
from lms_bridge.markup.sections import Section
from lms_bridge.markup.split import blocks
from lms_bridge.markup.to_markdown import Spelling, in_html, ways

Convert = Callable[[str], list[Section]]
"""Markdown → its sections, addresses resolved."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Some lines of the text, or the `new` HTML blocks that come in their place."""

    lines: Sequence[str]
    forms: Sequence[str]
    gap: int
    """Blank lines before it."""
    new: Sequence[str] = ()


def rewritten(text: str, html: str, spelling: Spelling, convert: Convert) -> str | None:
    """The text so that it becomes `html`, canonical. None where it cannot be written so that it does.

    Lines of blocks that stay are untouched, and so are comments and the addresses of reference links.
    """
    target = blocks(html)
    wanted = [plain_form(block) for block in target]
    parts = _parts(text, convert(text))
    if parts is None:
        return None
    references = "\n".join(line for part in parts if not part.forms for line in part.lines)
    parts = list(_aligned(parts, target, wanted))
    near = [[_nearest(part, spelling, convert, references)] if part.new else part.lines for part in parts]
    raw = [[in_html("\n".join(part.new), spelling)] if part.new else part.lines for part in parts]
    for written, apart in ((near, False), (near, True), (raw, True)):
        composed = _composed(parts, written, apart=apart)
        if _forms(convert(composed)) == wanted:
            return composed + ("\n" if text.endswith("\n") or not text.strip() else "")
    return None


def _forms(found: Sequence[Section]) -> list[str]:
    return [plain_form(block) for section in found for block in blocks(section.html)]


def _parts(text: str, found: Sequence[Section]) -> list[_Part] | None:
    """The text as parts that hold all its lines. None for blocks that no lines of their own make, but for footnotes:
    those are left out here, and compared once the text is whole again."""
    lines = text.split("\n")
    parts: list[_Part] = []
    at = 0
    for section in found:
        if section.first >= len(lines):
            parts.append(_part([], section))
            continue
        if section.first < at:
            return None
        # Between blocks stand blank lines, and what becomes nothing: the addresses of reference links, footnotes.
        for end, block in ((section.first, None), (section.last, section)):
            part = _part(lines[at:end], block)
            if part.lines:
                parts.append(part)
                at += part.gap + len(part.lines)
    rest = _part(lines[at:])
    return [*parts, rest] if rest.lines else parts


def _part(lines: Sequence[str], section: Section | None = None) -> _Part:
    """Without the blank lines at its end, and with those before it counted."""
    filled = [number for number, line in enumerate(lines) if line.strip()]
    forms = [plain_form(block) for block in blocks(section.html)] if section is not None else []
    if not filled:
        return _Part([], forms, gap=0)
    return _Part(lines[filled[0] : filled[-1] + 1], forms, gap=filled[0])


def _aligned(parts: Sequence[_Part], target: Sequence[str], wanted: Sequence[str]) -> Iterator[_Part]:
    """The parts that stay, and new ones in the place of the others."""
    standing = [form for part in parts for form in part.forms]
    matcher = difflib.SequenceMatcher(None, standing, wanted, autojunk=False)
    at = {match.a + n: match.b + n for match in matcher.get_matching_blocks() for n in range(match.size)}
    first = done = 0
    above = sum(part.gap for part in parts[:1])
    changed: list[_Part] = []
    waiting: list[_Part] = []
    for part in parts:
        places = [at.get(first + n) for n in range(len(part.forms))]
        first += len(part.forms)
        start = places[0] if places else None
        if not part.forms:
            waiting.append(part)
        elif start is not None and places == list(range(start, start + len(places))):
            yield from _between(changed, waiting, target[done:start], above)
            # What is taken out leaves the blank line that stood before it.
            yield replace(part, gap=max(part.gap, changed[0].gap)) if changed and done == start else part
            changed, waiting, done, above = [], [], start + len(places), 1
        else:
            if not changed:
                yield from waiting
                waiting = []
            changed.append(part)
    yield from _between(changed, waiting, target[done:], above)


def _between(changed: Sequence[_Part], loose: Sequence[_Part], new: Sequence[str], above: int) -> Iterator[_Part]:
    """`above`: the blank lines before what comes in nobody's place."""
    if new:
        lines = [line for part in changed for line in (*[""] * part.gap, *part.lines)]
        yield _Part(lines, [], changed[0].gap if changed else above, new)
    yield from loose


def _composed(parts: Sequence[_Part], written: Sequence[Sequence[str]], *, apart: bool) -> str:
    """`apart`: a blank line at least before what is new, as there is after it always."""
    lines: list[str] = []
    after_new = False
    for part, own in zip(parts, written, strict=True):
        if not own:
            continue
        wide = after_new or (apart and part.new and lines)
        lines += [""] * (part.gap or int(bool(wide)))
        lines += own
        after_new = bool(part.new)
    return "\n".join(lines)


def _nearest(part: _Part, spelling: Spelling, convert: Convert, references: str) -> str:
    """The way most like what stood there that still reads back as what it is to say."""
    html = "\n".join(part.new)
    wanted = [plain_form(block) for block in part.new]
    *likely, as_html = ways(html, "\n".join(part.lines), spelling)
    if any(f"<sup>{number}</sup>" in html for number in spelling.footnotes):
        # Alone it would have no footnotes: only the whole text tells.
        return likely[0]
    for way in likely:
        # Of HTML more levels are read than of Markdown.
        with suppress(MarkupError):
            if _forms(convert(f"{way}\n\n{references}")) == wanted:
                return way
    return as_html
