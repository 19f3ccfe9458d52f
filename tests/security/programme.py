"""A content folder that is made of nothing but attacks: texts, titles, names and comments."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from lms_bridge.markup.markdown import to_html
from tests.security import corpus

LAST_WORD = "lastword"
"""Ends each text, so that a page which was swallowed on the way is seen."""

_ATTACKS_A_PAGE = 700
_TITLES = 5
_COMMENTS = 12
_CLOSERS = "-->", "</script>", "</style>", "</textarea>", "</title>", "</xmp>", "</iframe>", "</noembed>", "</noframes>"
CLOSERS = "\n\n" + "".join(_CLOSERS) + "</select></template></svg>\n\n"
"""Ends whatever an attack may have left open."""


def write_course(folder: Path) -> None:
    """One course: every attack in a wiki, our own in prompts as well, some in titles, comments and names."""
    attacks = [text for attack in corpus.every() if (text := ready(attack)) is not None]
    assert len(attacks) > 0.95 * len(corpus.every()), "most of the collection goes the whole way"
    _write_texts(folder / "wiki", attacks)
    _write_texts(folder / "prompts", attacks[: len(list(corpus.own())) // 2])
    (folder / "wiki" / "x.md").write_text("# x\n\nWhat the attacks link to.\n", encoding="utf-8")
    lines = sorted({_one_line(attack) for attack in corpus.own()} - {""})
    for number, title in enumerate(lines[:: len(lines) // _TITLES]):
        for room in ("wiki", "prompts"):
            text = f"---\ntitle: {json.dumps(title)}\n---\nwords\n"
            (folder / room / f"title-{number}.md").write_text(text, encoding="utf-8")
    title = json.dumps(f"<img src=x onerror={corpus.RUN}>")
    (folder / "course.yaml").write_text(f"title: {title}\n", encoding="utf-8")
    rows = [_row(number, line) for number, line in enumerate(lines[:: len(lines) // _COMMENTS])]
    (folder / "ratings.csv").write_text("\n".join(["rater,stars,comment,date", *rows]) + "\n", encoding="utf-8")


def _write_texts(room: Path, attacks: list[str]) -> None:
    room.mkdir(parents=True)
    chunks = [attacks[at : at + _ATTACKS_A_PAGE] for at in range(0, len(attacks), _ATTACKS_A_PAGE)]
    for number, body in enumerate(text for chunk in chunks for text in _bodies(chunk)):
        text = f"# Page {number}\n\n{body}\n\n{LAST_WORD}\n"
        (room / f"page-{number}.md").write_text(text, encoding="utf-8")


def _row(number: int, line: str) -> str:
    quoted = line.replace('"', '""')
    return f'"{number} {quoted}",4,"{quoted}",2026-10-01'


def _one_line(attack: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in attack).split())[:250]


def ready(attack: str) -> str | None:
    """The attack as a page can hold it beside others: its addresses whole, and what it leaves open closed again.

    None where it cannot: a page with a link that leads nowhere, or with control characters, is held back, which is no
    way past the cleaner.
    """
    if any((sign < " " and sign not in "\t\n") or "\ud800" <= sign <= "\udfff" for sign in attack):
        return None
    asked = _asked(attack)
    for address in asked:
        before, after = r"""=\s*["'`]?|\]\(<?""", r"""["'`\s>/)]"""
        attack = re.sub(f"({before}){re.escape(address)}(?={after})", rf"\g<1>{corpus.EVIL}/{quote(address)}", attack)
    if asked and _asked(attack):
        return None
    for text in (attack, attack + CLOSERS):
        if LAST_WORD in _converted(f"{text}\n\n{LAST_WORD}\n\n"):
            return text
    return None


def _bodies(attacks: list[str]) -> Iterator[str]:
    """The attacks together on one page, or on two where they make something of each other that holds it back."""
    body = "\n\n".join(attacks)
    if len(attacks) == 1 or (not _asked(body) and LAST_WORD in _converted(f"{body}\n\n{LAST_WORD}\n\n")):
        yield body
        return
    yield from _bodies(attacks[: len(attacks) // 2])
    yield from _bodies(attacks[len(attacks) // 2 :])


def _asked(attack: str) -> list[str]:
    asked: list[str] = []
    _converted(attack, asked)
    return sorted(set(asked), key=len, reverse=True)


def _converted(text: str, asked: list[str] | None = None) -> str:
    def note(address: str, line: int) -> str:
        if asked is not None:
            asked.append(address)
        return "https://e.org/"

    def page(title: str, line: int) -> str:
        return "item:x" if title.split("#")[0] == "x" else note(title, line)

    return to_html(text, resolve_link=note, resolve_image=note, wiki_link=page).html
