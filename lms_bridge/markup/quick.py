"""Shortcuts through markdown-it for what most texts are: the same tokens, without asking rules that cannot apply.

markdown-it asks every rule about every line, and reads words sign by sign. Which rules may apply is seen from the sign
that a line begins with, and one search tells whether words are nothing but words.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import mdTrim
from markdown_it.parser_block import ParserBlock
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from lms_bridge.markup.fragment import MarkupError

Rule = Callable[[StateBlock, int, int, bool], bool]

# What a line must begin with for a rule; every other rule may apply to any line.
_SIGNS: Mapping[str, str] = {
    "fence": "`~",
    "blockquote": ">",
    "hr": "*-_",
    "list": "*+-0123456789",
    "footnote_def": "[",
    "reference": "[",
    "html_block": "<",
    "heading": "#",
}
_EVERY_SIGN = frozenset("".join(_SIGNS.values()))
# What a text must hold for these rules; the signs of lists, quotes and numbers may stand before it.
_BEFORE = r"(?m)^[ \t>*+.)\d-]*"
_NEEDED: Mapping[str, re.Pattern[str]] = {
    "table": re.compile(r"\|"),
    "deflist": re.compile(_BEFORE + r"[:~][ \t]"),
    "lheading": re.compile(_BEFORE + r"(?:=+|-+)[ \t]*$"),
}
# Signs that some inline rule begins at.
_MARKED = re.compile(r"[\\`~*_\[<&]")
_DEPTH = "lists or quotes are nested too deeply: at most 9 lists or 19 quotes in each other are taken"


class _Chain(dict[str, Sequence[Rule]]):
    """Rules in their order, by the sign that a line begins with; what no rule asks for is ""."""

    def __init__(self, named: Iterable[tuple[str, Rule]]) -> None:
        every = list(named)
        for sign in ("", *_EVERY_SIGN):
            self[sign] = [rule for name, rule in every if name not in _SIGNS or (sign and sign in _SIGNS[name])]

    def __missing__(self, sign: str) -> Sequence[Rule]:
        return self[""]


@dataclass(frozen=True, slots=True)
class _Rules:
    begin: _Chain
    """For a line that is not indented as code."""
    end: _Chain
    """Those that end a paragraph."""


class _State(StateBlock):
    rules: _Rules


class _QuickBlocks(ParserBlock):
    def __init__(self, like: ParserBlock) -> None:
        super().__init__()
        self.ruler = like.ruler
        self.ruler.at("paragraph", _paragraph)
        self._rules: dict[frozenset[str], _Rules] = {}

    def parse(self, src: str, md: MarkdownIt, env: Any, outTokens: list[Token]) -> list[Token] | None:
        if not src:
            return None
        state = _State(src, md, env, outTokens)
        state.rules = self._for(frozenset(name for name, needed in _NEEDED.items() if not needed.search(src)))
        self.tokenize(state, state.line, state.lineMax)
        return state.tokens

    def tokenize(self, state: StateBlock, startLine: int, endLine: int) -> None:
        """As the original, but for the choice of rules, and that nothing is left out where the original does not go
        deeper. Raises MarkupError."""
        assert isinstance(state, _State)
        every, begin = self.ruler.getRules(""), state.rules.begin
        line, after_empty = startLine, False
        while line < endLine:
            state.line = line = state.skipEmptyLines(line)
            if line >= endLine or state.sCount[line] < state.blkIndent:
                return
            if state.level >= state.md.options.maxNesting:
                raise MarkupError(_DEPTH, line + 1)
            sign = state.src[state.bMarks[line] + state.tShift[line]]
            for rule in every if state.is_code_block(line) else begin[sign]:
                if rule(state, line, endLine, False):
                    break
            state.tight = not after_empty
            line = state.line
            after_empty = after_empty or (line - 1 < endLine and state.isEmpty(line - 1))
            if line < endLine and state.isEmpty(line):
                after_empty = True
                line += 1
                state.line = line

    def _for(self, without: frozenset[str]) -> _Rules:
        found = self._rules.get(without)
        if found is None:
            names = dict(zip(self.ruler.getRules(""), self.ruler.get_active_rules(), strict=True))
            begin = [(name, rule) for rule, name in names.items() if name not in {*without, "code"}]
            end = [(names[rule], rule) for rule in self.ruler.getRules("paragraph") if names[rule] not in without]
            found = self._rules[without] = _Rules(_Chain(begin), _Chain(end))
        return found


def _paragraph(state: StateBlock, startLine: int, endLine: int, silent: bool) -> bool:
    """As the original, but for the choice of rules that may end it."""
    assert isinstance(state, _State)
    line, end = startLine + 1, state.rules.end
    within, state.parentType = state.parentType, "paragraph"
    while line < state.lineMax:
        begins = state.bMarks[line] + state.tShift[line]
        if begins >= state.eMarks[line]:
            break
        # Deeper than that it goes on whatever stands there; less than nothing is a line that a quote has claimed.
        if 0 <= state.sCount[line] <= state.blkIndent + 3 and any(
            rule(state, line, state.lineMax, True) for rule in end[state.src[begins]]
        ):
            break
        line += 1
    content = mdTrim(state.getLines(startLine, line, state.blkIndent, False))
    state.line = line
    state.push("paragraph_open", "p", 1).map = [startLine, line]
    words = state.push("inline", "", 0)
    words.content, words.map, words.children = content, [startLine, line], []
    state.push("paragraph_close", "p", -1)
    state.parentType = within
    return True


def _inline(state: StateCore) -> None:
    """As the original, but for words that are nothing else."""
    for token in state.tokens:
        if token.type != "inline":
            continue
        if _MARKED.search(token.content):
            token.children = token.children or []
            state.md.inline.parse(token.content, state.md, state.env, token.children)
        else:
            token.children = list(_plain(token.content))


def _plain(content: str) -> Iterable[Token]:
    first, *others = content.split("\n")
    before = first
    for line in others:
        words = before.rstrip(" ")
        hard = len(before) - len(words) > 1
        if words:
            yield _text(words)
        yield Token("hardbreak" if hard else "softbreak", "br", 0)
        before = line.lstrip(" \t")
    if before:
        yield _text(before)


def _text(words: str) -> Token:
    return Token("text", "", 0, content=words)


def hasten(md: MarkdownIt) -> None:
    """Gives a parser the shortcuts. It must have all its rules by now."""
    md.block = _QuickBlocks(md.block)
    md.core.ruler.at("inline", _inline)
