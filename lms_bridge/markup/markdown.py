"""Markdown to canonical HTML: CommonMark with tables, footnotes, task and definition lists, and [[Title]]."""

import re
from dataclasses import dataclass
from html import unescape

from lms_bridge.markup.addresses import Addresses, Problem, Resolve
from lms_bridge.markup.clean import clean
from lms_bridge.markup.everyday import everyday
from lms_bridge.markup.fragment import MAX_LENGTH, MarkupError

_FRONT_MATTER = re.compile(r"\ufeff?---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_HREF = re.compile(r'<a (?:[^<>]* )?href="([^"<>]+)"')
_SRC = re.compile(r'<img (?:[^<>]* )?src="([^"<>]+)"')
# A line in which no sign of Markdown stands.
_WORDS = re.compile(r"[^\\`*_\[\]<&~!\n]*")


@dataclass(frozen=True, slots=True)
class Conversion:
    """A converted text, and where it leads."""

    html: str
    problems: tuple[Problem, ...]
    links: tuple[str, ...]
    images: tuple[str, ...]


def split_front_matter(text: str) -> tuple[str, str, int]:
    """The YAML between the opening `---` lines, the text after it, and how many lines come before that text."""
    found = _FRONT_MATTER.match(text)
    if not found:
        return "", text.removeprefix("\ufeff"), 0
    return found[1], text[found.end() :], found[0].count("\n")


def plain_text(line: str) -> str:
    """The words of a line of Markdown, a heading for one, as its reader sees them."""
    if _WORDS.fullmatch(line):
        return " ".join(line.split())
    from lms_bridge.markup.sections import line_of_words

    return " ".join(line_of_words(line).split())


def to_html(
    text: str,
    *,
    resolve_link: Resolve,
    resolve_image: Resolve,
    wiki_link: Resolve,
    line_offset: int = 0,
) -> Conversion:
    """Converts Markdown. Addresses come to the callbacks percent-encoded; None from a callback is a broken link.

    Addresses that are https, mailto, item or asset already are kept and not asked for, and so are links, not images,
    that are http. `line_offset` is the number of lines before the text in its file. Raises MarkupError.
    """
    if len(text) > MAX_LENGTH:
        raise MarkupError(f"the text has {len(text):,} characters; at most {MAX_LENGTH:,} are taken: split the text")
    addresses = Addresses(resolve_link, resolve_image, wiki_link)
    first_line = line_offset + 1
    try:
        quick = everyday(text, first_line, addresses)
        html = clean(quick) if quick is not None else _by_tokens(text, first_line, addresses)
    except MarkupError as error:
        raise MarkupError(str(error), error.line and error.line + line_offset) from error
    return Conversion(
        html=html,
        problems=tuple(sorted(addresses.problems, key=lambda problem: problem.line)),
        links=tuple(dict.fromkeys(map(unescape, _HREF.findall(html)))),
        images=tuple(dict.fromkeys(map(unescape, _SRC.findall(html)))),
    )


def _by_tokens(text: str, first_line: int, addresses: Addresses) -> str:
    # Most texts need no markdown-it, and a run in which little changed is over before it would be loaded.
    from lms_bridge.markup.sections import converted

    return converted(text, first_line, addresses)
