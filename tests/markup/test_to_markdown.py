"""A changed block is written in the hand of the one who wrote what stood there."""

import pytest

from lms_bridge.markup.to_markdown import Spelling, ways

SPELLING = Spelling({"item:a.md": "a.md", "asset:c.png": "c.png"}, {"item:Cells.md": "Cells"}, {"1": "n"})


@pytest.mark.parametrize(
    ("html", "was", "written"),
    [
        ("<p>a <em>b</em> c</p>", "a _b_", "a _b_ c"),
        ("<p>a <em>b</em> c</p>", "a *b*", "a *b* c"),
        ("<p>a <em>b</em> c</p>", "snake_case", "a *b* c"),
        ("<ul><li>a</li><li>b</li></ul>", "+ a", "+ a\n+ b"),
        ("<ul><li>a<ul><li>b</li></ul></li></ul>", "> * a", "* a\n  * b"),
        ("<ul><li>a</li><li>b</li></ul>", "", "- a\n- b"),
        ("<pre>x = 10</pre>", "~~~ python\nx = 1\n~~~", "```python\nx = 10\n```"),
        ("<pre>x = 10</pre>", "", "```\nx = 10\n```"),
        # Boxes are boxes where the writer has any, and signs where they were written as signs.
        ("<ul><li>☑ a</li><li>☐ b</li></ul>", "", "- [x] a\n- [ ] b"),
        ("<ul><li>☑ a</li><li>☐ b</li></ul>", "* [ ] a\n* [ ] b", "* [x] a\n* [ ] b"),
        ("<ul><li>☑ a</li><li>☐ b</li></ul>", "* [X] a\n* [x] b", "* [x] a\n* [ ] b"),
        ("<ul><li>☑ a</li><li>☐ b</li></ul>", "* ☑ a\n* ☑ b", "* ☑ a\n* ☐ b"),
        ("<blockquote><ol><li>☑ a</li></ol></blockquote>", "", "> 1. [x] a"),
        # Addresses as they are written beside the text, and titles where the title is the address.
        ('<p><a href="item:a.md">x</a> <img src="asset:c.png" alt="p"></p>', "", "[x](a.md) ![p](c.png)"),
        ('<p><a href="item:Cells.md">Cells</a></p>', "", "[[Cells]]"),
        ('<p><a href="item:Cells.md">these</a></p>', "", "[[Cells|these]]"),
        ('<p><a href="item:Cells.md">this|that</a></p>', "", "[this|that](item:Cells.md)"),
        ('<p>a <a href="item:Cells.md"></a>b</p>', "", "a b"),
        # What Markdown has no signs for.
        ("<p>H<sub>2</sub>O<sup>2</sup>, see<sup>1</sup></p>", "", "H<sub>2</sub>O<sup>2</sup>, see[^n]"),
        ("<p>a <u></u>b</p>", "", "a b"),
        # Signs that mean nothing where they stand are not escaped.
        ("<p>a_b_c, 1+1</p>", "", "a_b_c, 1+1"),
    ],
)
def test_the_signs_are_those_of_the_writer(html: str, was: str, written: str) -> None:
    assert next(ways(html, was, SPELLING)) == written


@pytest.mark.parametrize(
    ("html", "was", "written"),
    [
        ("<p>one new three four</p>", "one\ntwo three\nfour", "one\nnew three\nfour"),
        ("<p>one new words three four</p>", "one\ntwo\nthree\nfour", "one\nnew words\nthree\nfour"),
        ("<p>one three four</p>", "one\ntwo three\nfour", "one three\nfour"),
        ("<p>one two new three four</p>", "one\ntwo\nthree  four", "one\ntwo new\nthree  four"),
        ("<p>one</p><p>two three</p>", "one two\nthree", "one\n\ntwo\nthree"),
        ("<p>one new</p>", "one\n\ntwo", "one new"),
        ("<p>new two</p>", "\none  two", "new two"),
        ("<p>new</p>", "one\ntwo", "new"),
    ],
)
def test_lines_end_and_are_indented_where_the_writer_did_so(html: str, was: str, written: str) -> None:
    assert next(ways(html, was, SPELLING)) == written


def test_lines_of_the_same_words_again_and_again_end_where_they_did() -> None:
    was = "\n".join(["la la li"] * 80)
    html = f"<p>oh la li{' la la li' * 79}</p>"
    assert next(ways(html, was, SPELLING)) == "oh" + was.removeprefix("la")


TABLE = "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>{}</td></tr></table>"


@pytest.mark.parametrize(
    ("html", "was", "ruler"),
    [
        (TABLE.format("3"), "A | B\n:-|-:\n1 | 2", [":-|-:"]),
        (TABLE.format("3"), "| A | B |\n|:-|-:|\n| 1 | 2 |", ["|:-|-:|"]),
        (TABLE.format("3"), "| A |\n|:--|\n| 1 |", ["| --- | --- |"]),
        (TABLE.format("3"), "A and B", ["| --- | --- |"]),
        ("<p>A and B</p>", "| A | B |\n|:--|--:|\n| 1 | 2 |", []),
    ],
)
def test_the_ruler_of_a_table_stays_while_it_has_as_many_columns(html: str, was: str, ruler: list[str]) -> None:
    written = next(ways(html, was, SPELLING))
    assert [line for line in written.splitlines() if "-" in line] == ruler


def test_when_words_would_read_as_signs_they_are_escaped_and_at_last_html_is_left() -> None:
    assert list(ways("<p>_x_ [y]</p>", "", SPELLING)) == [
        "_x_ [y]",
        "_x_ [y]",
        "\\_x\\_ \\[y\\]",
        "<p>_x_ [y]</p>",
    ]
