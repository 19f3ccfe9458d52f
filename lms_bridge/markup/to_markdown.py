"""Blocks of canonical HTML → Markdown, as its writer would have written it.

`markdownify` knows the syntax. What it cannot say in Markdown, or what would read back as something else, is kept as
the HTML that it is: callers compare, and take the next way.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bs4.element import Tag
from markdownify import ATX, BACKSLASH, MarkdownConverter

from lms_bridge.markup.links import map_images, map_links

_BOX = re.compile(r"^((?:> )*[ ]*(?:[-*+]|\d+[.)]) )([☐☑]) ", re.MULTILINE)
_BOXES = {"☐": "[ ]", "☑": "[x]"}
_UNDERSCORED = re.compile(r"(?<![\w_])_[^\s_]")
_BULLET = re.compile(r"^(?:> )*[ ]*([-*+]) ", re.MULTILINE)
_FENCE = re.compile(r"^(?:`{3,}|~{3,})[ ]*([^`\s]+)", re.MULTILINE)
_BLANK_BETWEEN_ENTRIES = re.compile(r"\n(?=: {3})")
_RULER = re.compile(r"^[ ]*\|?[ ]*:?-+:?[ ]*(?:\|[ ]*:?-+:?[ ]*)*\|?[ ]*$", re.MULTILINE)
_SAID_IN_HTML = ("u", "ins", "small", "q", "kbd", "samp", "var", "cite", "abbr", "sub")
_TOKEN = re.compile(r"\S+|\s+")


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a writer spells addresses: by `item:` and `asset:`, the path beside the text; `titles` are written as
    [[Title]]; `footnotes` are their labels by number."""

    paths: Mapping[str, str]
    titles: Mapping[str, str]
    footnotes: Mapping[str, str]


def ways(html: str, was: str, spelling: Spelling) -> Iterator[str]:
    """Ways to write some blocks, the most like what stood there first; the last is the HTML itself.

    `was` is the Markdown that stood in their place, empty where nothing did.
    """
    plain = _markdown(html, was, spelling, careful=False)
    yield _as_it_was(plain, was)
    yield plain
    yield _markdown(html, was, spelling, careful=True)
    yield in_html(html, spelling)


_Converter: Any = MarkdownConverter


class _Writer(_Converter):  # type: ignore[misc]  # its published types leave out what is meant to be overridden
    """`emphasis` is the sign that the writer uses for it."""

    def __init__(self, spelling: Spelling, emphasis: str, **options: Any) -> None:
        super().__init__(**options)
        self._spelling, self._emphasis = spelling, emphasis

    def convert_a(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        title = self._spelling.titles.get(str(el.get("href", "")))
        label = text.strip()
        if title and label and not any(sign in label for sign in "[]|\n\\*`"):
            return f"[[{title}]]" if label == title else f"[[{title}|{label}]]"
        _spell(el, "href", self._spelling)
        return str(super().convert_a(el, text, parent_tags))

    def convert_img(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        _spell(el, "src", self._spelling)
        return str(super().convert_img(el, text, parent_tags))

    def convert_em(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        written = str(super().convert_em(el, text, parent_tags))
        return re.sub(r"^( ?)\*|\*( ?)$", rf"\1{self._emphasis}\2", written) if self._emphasis != "*" else written

    def get_conv_fn(self, tag_name: str) -> Any:
        """Markdown has no words for some elements: they stay elements."""
        if tag_name in _SAID_IN_HTML:
            return lambda el, text, parent_tags: f"<{el.name}>{text}</{el.name}>" if text else ""
        return super().get_conv_fn(tag_name)

    def convert_sup(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        label = self._spelling.footnotes.get(text.strip())
        return f"[^{label}]" if label else f"<sup>{text}</sup>"


def _spell(el: Tag, name: str, spelling: Spelling) -> None:
    address = str(el.get(name, ""))
    el[name] = spelling.paths.get(address, address)


def _markdown(html: str, was: str, spelling: Spelling, *, careful: bool) -> str:
    bullet = _BULLET.search(was)
    fence = _FENCE.search(was)
    writer = _Writer(
        spelling,
        "_" if _UNDERSCORED.search(was) else "*",
        heading_style=ATX,
        bullets=bullet[1] if bullet else "-",
        newline_style=BACKSLASH,
        code_language=fence[1] if fence else "",
        escape_misc=careful,
        escape_underscores=careful,
        keep_inline_images_in=["td", "th", "h1", "h2", "h3", "h4", "h5", "h6"],
    )
    text = str(writer.convert(html)).strip("\n")
    if not was or "[ ]" in was or "[x]" in was.lower():
        text = _BOX.sub(lambda found: f"{found[1]}{_BOXES[found[2]]} ", text)
    return _BLANK_BETWEEN_ENTRIES.sub("\n", text)


def in_html(html: str, spelling: Spelling) -> str:
    """A blank line would end a block of HTML: its line feeds are written as references."""
    html = map_images(html, lambda src: spelling.paths.get(src, src))
    html = map_links(html, lambda href: spelling.paths.get(href, href))
    return re.sub(r"\n(?=\n)", "&#10;", html)


def _as_it_was(new: str, was: str) -> str:
    """The new text with its writer's own line ends and indents wherever the same words follow one another."""
    ruler, own = _RULER.search(was), _RULER.search(new)
    if ruler and own and ruler[0].strip(" |").count("|") == own[0].strip(" |").count("|"):
        new = new[: own.start()] + ruler[0] + new[own.end() :]
    old_words, old_gaps = _taken_apart(was)
    new_words, gaps = _taken_apart(new)
    matcher = difflib.SequenceMatcher(None, old_words, new_words, autojunk=False)
    for kind, first, _, at, end in matcher.get_opcodes():
        for n in range(at, {"equal": end, "replace": at + 1}.get(kind, at)):
            old = old_gaps[first + n - at]
            follows = kind == "equal" and n > at
            if (follows and ("\n" in gaps[n]) <= ("\n" in old)) or (gaps[n] == " " and old.count("\n") == 1):
                gaps[n] = old
    return "".join(gap + word for gap, word in zip(gaps, new_words, strict=True)).strip("\n")


def _taken_apart(text: str) -> tuple[list[str], list[str]]:
    """The words, and the blanks before each of them."""
    words: list[str] = []
    gaps: list[str] = []
    gap = ""
    for token in _TOKEN.findall(text):
        if token.isspace():
            gap = token
        else:
            words.append(token)
            gaps.append(gap)
            gap = ""
    return words, gaps
