"""What is converted in one step reads as markdown-it reads it, and most of what people write is."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bench.content import page_text
from lms_bridge.markup.addresses import Addresses
from lms_bridge.markup.clean import clean
from lms_bridge.markup.everyday import everyday
from lms_bridge.markup.sections import converted
from tests.markup.test_shortcuts import GOLDEN, MARKDOWN

_WORDS = st.sampled_from(
    [
        "word",
        "two words",
        "Äpfel",
        "R&D",
        "a < b",
        "2 > 1",
        "x_y_z",
        "3*4",
        "“so”",
        "1.",
        "10)",
        "#",
        "-",
        "+",
        "|",
        "!",
    ]
)
_MARKED = st.sampled_from(
    [
        "**{}**",
        "*{}*",
        "__{}__",
        "_{}_",
        "`{}`",
        "[{}](cells.md)",
        '[{}](../a/b.md "A title")',
        "![{}](leaf.png)",
        "[{}](https://example.org/a?b=c&d=%20#e)",
        "[[{}]]",
        "[[Plants|{}]]",
        "[{}](http:nowhere)",
        "[{}](#part)",
        "[{}](missing.md)",
        "![{}](missing.png)",
        "[{}]",
        "({})",
        "[{}](a b.md)",
        "**{}",
        "[[{}]",
    ]
)
_INLINE = st.recursive(_WORDS, lambda inner: st.builds(str.format, _MARKED, inner), max_leaves=3)
_LINE = st.lists(_INLINE, min_size=1, max_size=5).map(" ".join)
_BEGINS = st.sampled_from(
    [
        "",
        "",
        "# ",
        "## ",
        "###",
        "- ",
        "* ",
        "+ ",
        "1. ",
        "2) ",
        "7. ",
        "> ",
        "> - ",
        "  ",
        "    ",
        "      ",
        "   - ",
        "| ",
        "|---|:-:|\n| ",
        "---\n",
        "***\n",
        "===\n",
        "```\n",
        "```py\n",
        "--\n",
        "a | b\n--|--\n",
        "  - ",
        "     1. ",
    ]
)
_ENDS = st.sampled_from(["\n", "\n", "\n\n", "  \n", " |\n", "\n\n\n", " | x |\n", " #\n", " "])
ANYTHING = st.lists(st.builds("{}{}{}".format, _BEGINS, _LINE, _ENDS), max_size=8).map("".join)

_TAME = st.sampled_from(
    [
        "word",
        "two words",
        "Äpfel",
        "a < b",
        "x_y_z",
        "“so”",
        "**bold**",
        "*slant*",
        "***both***",
        "`code`",
        "**a *b* c**",
        "[to](cells.md)",
        "![seen](leaf.png)",
        "[[Plants]]",
        "[[Plants|green]]",
        "[out](https://e.org/?a=b&c)",
        "*a*b",
        "x.",
        "_s_",
        "[a **b** c](cells.md)",
        "*[to](cells.md)*",
        "**[[Plants]]**",
        "(a)",
        "a*",
        "4 * 3 * 2",
        "“**a**”",
        "**a**: b",
        "R&D",
    ]
)
_TAME_LINE = st.lists(_TAME, min_size=1, max_size=6).map(" ".join)
_LINES = st.lists(st.builds("{}{}".format, _TAME_LINE, st.sampled_from(["", "", "  ", " "])), min_size=1, max_size=3)
_PARAGRAPH = _LINES.map("\n".join)


@st.composite
def _list(draw: st.DrawFn, levels: int = 2) -> str:
    sign = draw(st.sampled_from(["- ", "* ", "+ ", "1. ", "3. ", "10. ", "-  "]))
    gap = draw(st.sampled_from(["\n", "\n", "\n\n"]))
    items = []
    for _ in range(draw(st.integers(1, 3))):
        inner = draw(_TAME_LINE)
        if levels and draw(st.booleans()):
            more = draw(_list(levels - 1) | _PARAGRAPH | st.just("```\ncode\n```") | st.just("> quoted"))
            inner += draw(st.sampled_from(["\n", "\n\n"])) + more
        # Some are indented less or more than their item asks for.
        indent = draw(st.sampled_from([len(sign)] * 4 + [1, 2, 4]))
        items.append(sign + inner.replace("\n", "\n" + " " * indent))
    return gap.join(items)


def _table(rows: list[list[str]]) -> str:
    rule = "|" + "---|" * len(rows[0])
    return "\n".join(["| " + " | ".join(rows[0]) + " |", rule, *("|" + "|".join(row) + "|" for row in rows[1:])])


_CELLS = st.lists(
    st.lists(_TAME.filter(lambda words: "|" not in words) | st.just(""), min_size=2, max_size=3), min_size=1, max_size=3
)
_BLOCK = st.one_of(
    _PARAGRAPH,
    _PARAGRAPH,
    st.builds("{} {}".format, st.sampled_from(["#", "##", "###"]), _TAME_LINE),
    _list(),
    _CELLS.map(_table),
    st.builds("> {}".format, _PARAGRAPH | _list(1)),
    st.sampled_from(["---", "***", "```py\nx < 1\n\n  y\n```", "    indented\n\n    more", "Over\n====", "Over\n---"]),
)
_GAP = st.sampled_from(["\n\n", "\n\n", "\n\n", "\n", "\n\n\n"])
ORDERLY = st.lists(st.builds("{}{}".format, _BLOCK, _GAP), max_size=5).map("".join)


def addresses() -> Addresses:
    """Every other page and image is missing."""

    def resolve(address: str, line: int) -> str | None:
        return None if "missing" in address else f"item:programme:C/wiki/{line}-{len(address)}"

    return Addresses(resolve, resolve, resolve)


def in_one_step(text: str) -> tuple[str, object] | None:
    asked = addresses()
    html = everyday(text, 3, asked)
    return None if html is None else (clean(html), asked.problems)


def by_tokens(text: str) -> tuple[str, object]:
    asked = addresses()
    return converted(text, 3, asked), asked.problems


@given(ANYTHING | MARKDOWN | ORDERLY)
@example("[a](b.md)\n\n`[c](d.md)` and [e](f.md)\n")
@example("`[a](b.md)` [c [d] e](f.md)\n")
@example("[e](f.md) `[c](d.md)`\n")
@example("`[[Plants]]` [c [d] e](f.md)\n")
@example("[c [d] e](f.md)\n")
@example("\n[a](missing.md)\n")
@example("[a](b%zz.md)\n")
@example("[[Plants ]]\n")
@example("| a\n---\n")
@example("**a**\u2e3b b\u00a0\n")
@example("term\n: def\n")
@example('<img alt="p" src="missing.png">\n')
@example("> - [a]: /u\n--")
def test_what_is_taken_becomes_what_markdown_it_makes_of_it(text: str) -> None:
    quick = in_one_step(text)
    assert quick is None or quick == by_tokens(text)


@pytest.mark.parametrize("source", GOLDEN, ids=lambda path: path.stem)
def test_a_programme_s_texts_become_the_same_either_way(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    quick = in_one_step(text)
    assert quick is None or quick == by_tokens(text)


def test_most_of_what_people_write_is_taken() -> None:
    assert all(in_one_step(page_text(1, number, 60)) for number in range(60))


@pytest.mark.parametrize(
    "text",
    [
        "words",
        "```\ncode\n```\n",
        "R & D, and a < b\n",
        "Äpfel – “so” – at 20 °C\n",
        "![seen](leaf.png) and [to](cells.md), ![missing](missing.png)\n",
        '[[Plants]], [[Plants|green]] and [[Ada\'s "Notes"]]\n',
        "| a | b |\n|---|---|\n| c | d |\n",
        "[[Plants|green]]\n\n| a | b |\n|---|---|\n| [c](cells.md) | d |\n",
    ],
    ids=["one line", "code", "signs", "beyond ASCII", "images", "titles", "a table", "a label beside a table"],
)
def test_what_people_write_every_day_is_taken(text: str) -> None:
    assert in_one_step(text) == by_tokens(text)
