"""What people changed, written into a Markdown text: their words are there, and every other line is as it was."""

import difflib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lms_bridge.markup.digest import plain_form
from lms_bridge.markup.markdown import to_html
from lms_bridge.markup.merge_html import canonical
from lms_bridge.markup.rewriting import rewritten
from lms_bridge.markup.sections import Section, footnotes, sections
from lms_bridge.markup.to_markdown import Spelling
from tests.markup.editing import edited, reindented
from tests.markup.test_edit_pairs import FOLDER, page

TEXT = """
One line here
that goes on, with _emphasis_ and [a](a.md).
Second sentence.


* alpha
* beta with **bold** word
  going on
* [x] done

| Name | B   |
|------|:---:|
| one  | 1   |
| two  | 2   |

Term
:   A definition
    over lines.

```python
x = 1

y = 2
```

See [[Cells]] and a [reference][ref] and note[^n].

<!-- a comment -->

## Head ##
Text right below. ![pic](c.png)

[ref]: https://e.org/

[^n]: The note.
"""
SPELLING = Spelling({"item:a.md": "a.md", "asset:c.png": "c.png"}, {"item:Cells.md": "Cells"}, {"1": "n"})


def convert(text: str) -> list[Section]:
    return sections(
        text,
        resolve_link=lambda href, _: f"item:{href}",
        resolve_image=lambda src, _: f"asset:{src}",
        wiki_link=lambda title, _: f"item:{title}.md",
    )


def html(text: str) -> str:
    return to_html(
        text,
        resolve_link=lambda href, _: f"item:{href}",
        resolve_image=lambda src, _: f"asset:{src}",
        wiki_link=lambda title, _: f"item:{title}.md",
    ).html


def after(old: str, new: str, text: str = TEXT) -> str | None:
    shown = html(text)
    assert shown.count(old) == 1, shown
    return rewritten(text, shown.replace(old, new), SPELLING, convert)


def changes(new: str | None, text: str = TEXT) -> list[str]:
    assert new is not None
    lines = difflib.ndiff(text.splitlines(), new.splitlines())
    return [line for line in lines if line[:1] in "+-"]


def test_a_text_that_nobody_changed_keeps_every_sign() -> None:
    assert rewritten(TEXT, html(TEXT), SPELLING, convert) == TEXT


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("Second sentence", "Second, longer sentence", ["- Second sentence.", "+ Second, longer sentence."]),
        (
            "that goes on",
            "that simply goes on",
            [
                "- that goes on, with _emphasis_ and [a](a.md).",
                "+ that simply goes on, with _emphasis_ and [a](a.md).",
            ],
        ),
        ("going on</li>", "going on</li><li>gamma</li>", ["+ * gamma"]),
        ("☑ done", "☐ done", ["- * [x] done", "+ * [ ] done"]),
        ("<td>2</td>", "<td>22</td>", ["- | two  | 2   |", "+ | two  | 22 |"]),
        ("A definition", "One definition", ["- :   A definition", "+ :   One definition"]),
        ("x = 1", "x = 10", ["- x = 1", "+ x = 10"]),
        (
            'See <a href="item:Cells.md">Cells</a>',
            'See, see <a href="item:Cells.md">my cells</a>, <a href="item:Cells.md">Cells</a>',
            [
                "- See [[Cells]] and a [reference][ref] and note[^n].",
                "+ See, see [[Cells|my cells]], [[Cells]] and a [reference](https://e.org/) and note[^n].",
            ],
        ),
        ("</h2>", "</h2><p>New, says Ann.</p><h3>More</h3>", ["+ ", "+ New, says Ann.", "+ ", "+ ### More", "+ "]),
        ("<h2>Head</h2>", "", ["- ## Head ##"]),
    ],
)
def test_only_the_lines_of_what_changed_are_written_anew(old: str, new: str, expected: list[str]) -> None:
    assert [line for line in changes(after(old, new)) if line[0] != "?"] == expected


@pytest.mark.parametrize(
    "words",
    [
        "1. no list, * no list, # no heading",
        "5 * 6 * 7 and a_b_c and _x_",
        "&lt;b&gt; is a tag and &amp;amp; is a sign",
        "[x] and [[Cells]] and ![y](z)",
        "a `tick` and | a bar",
        "<u>under</u> and <kbd>Ctrl</kbd> and H<sub>2</sub>O",
        'a <a href="https://e.org/a_b(c)">link</a> and <a href="item:a.md"><strong>fat</strong></a>',
        "one<br>two",
        "- minus first",
        "+ plus first",
        "Term\n: no definition",
        "trailing backslash \\",
        "[ref]: https://elsewhere.example/",
    ],
)
@pytest.mark.parametrize(
    "around", ["<p>{}</p>", "<ul><li>{}</li></ul>", "<blockquote><p>{}</p></blockquote>", "<h3>{}</h3>"]
)
def test_whatever_people_write_reads_back_as_they_wrote_it(words: str, around: str) -> None:
    shown = html(TEXT).replace("</h2>", "</h2>" + around.format(words))
    new = rewritten(TEXT, shown, SPELLING, convert)
    assert new is not None
    assert plain_form(html(new)) == plain_form(shown)


@pytest.mark.parametrize(
    ("text", "old", "new", "expected"),
    [
        pytest.param(
            "One.\n\n[ref]: https://e.org/\n\nTwo [x][ref].\n",
            "One",
            "Uno",
            "Uno.\n\n[ref]: https://e.org/\n\nTwo [x][ref].\n",
            id="the address of a link stands between blocks once",
        ),
        pytest.param(
            "One.\n\n<!-- why -->\nTwo.\n\nThree.\n",
            "Two",
            "Dos",
            "One.\n\n<!-- why -->\nDos.\n\nThree.\n",
            id="a comment stays above what it is about",
        ),
        pytest.param(
            "One.\n\nTwo.\n<!-- why -->\n",
            "<p>Two.</p>",
            "",
            "One.\n<!-- why -->\n",
            id="a comment stays though its block is taken out",
        ),
        pytest.param(
            "One.\n\n## Two\nThree.\n## Four\nFive.\n",
            "<h2>Two</h2>\n<p>Three.</p>\n",
            "",
            "One.\n\n## Four\nFive.\n",
            id="what is taken out leaves the blank line above it",
        ),
        pytest.param(
            "One.\n\n\n## Two\nThree.\n\nFour.\n",
            "<h2>Two</h2>\n<p>Three.",
            "<p>Other.",
            "One.\n\n\nOther.\n\nFour.\n",
            id="what comes in the place of two blocks stands where the first stood",
        ),
        pytest.param(
            "One.\n\n## Two\nThree.\n\nFour.\n",
            "Two</h2>\n<p>Three.",
            "Second</h2>\n<p>Third.",
            "One.\n\n## Second\n\nThird.\n\nFour.\n",
            id="of two blocks that change each is a block",
        ),
        pytest.param(
            "One.\n\nTwo.\n- three\n- four\n",
            "<p>One.</p>\n<p>Two.</p>\n<ul><li>three</li><li>four</li></ul>",
            "<p>Uno.</p>\n<p>Two.</p>\n<p>Three.</p>",
            "Uno.\n\nTwo.\n\nThree.\n",
            id="a paragraph does not run into the one above it, and no blank line comes before the text",
        ),
        pytest.param(
            "- one\n- two\n\nThree.\n",
            "</ul>",
            "</ul><ul><li>new</li></ul>",
            "- one\n- two\n\n<ul><li>new</li></ul>\n\nThree.\n",
            id="a second list does not become one with the first",
        ),
        pytest.param(
            "- one\n## Two\nThree.\n",
            "<h2>Two</h2>",
            "<ul><li>new</li></ul>",
            "- one\n\n<ul><li>new</li></ul>\n\nThree.\n",
            id="HTML stands apart from the lines above it",
        ),
        pytest.param(
            "One.\n\n" + "## Again ##\n" * 210,
            "<p>One.</p>\n<h2>",
            "<p>Uno.</p>\n<h2>",
            "Uno.\n\n" + "## Again ##\n" * 210,
            id="the same heading again and again keeps its lines",
        ),
        pytest.param(
            "See this[^n]\nand what\ngoes on.\n\n[^n]: Note.\n",
            "what",
            "all that",
            "See this[^n]\nand all that\ngoes on.\n\n[^n]: Note.\n",
            id="a block with a footnote keeps its line ends",
        ),
        pytest.param("One.", "One", "Uno", "Uno.", id="a text without an end of its last line stays so"),
        pytest.param(
            "One.\n\nTwo.\n", "<p>One", "<p>New.</p><p>One", "New.\n\nOne.\n\nTwo.\n", id="words come at the top"
        ),
        pytest.param(
            "\nOne.\n", "<p>One", "<p>New.</p><p>One", "\nNew.\n\nOne.\n", id="words come below a blank line at the top"
        ),
        pytest.param("", "", "<p>New.</p>", "New.\n", id="an empty page gets words"),
    ],
)
def test_what_stands_around_a_change_stays_where_it_is(text: str, old: str, new: str, expected: str) -> None:
    assert after(old, new, text) == expected


def test_what_markdown_cannot_say_becomes_html_and_nothing_is_lost() -> None:
    row = '<tr><td colspan="2"><p>a</p><ul><li>b</li></ul></td></tr>'
    table = f"<table><tbody>{row}<tr><td>c</td><td>d</td></tr></tbody></table>"
    new = after("</h2>", f"</h2>{table}<pre>a\n\nb</pre>")
    assert new is not None
    assert "colspan" in new
    assert plain_form(html(new)) == plain_form(html(TEXT).replace("</h2>", f"</h2>{table}<pre>a\n\nb</pre>"))


def test_lists_deeper_than_markdown_is_read_become_html_and_nothing_is_lost() -> None:
    shown = "<p>Before.</p>" + "<ul><li>level" * 12 + "</li></ul>" * 12
    new = rewritten("Before.\n", shown, SPELLING, convert)
    assert new is not None
    assert new.startswith("Before.\n\n<ul>")
    assert html(new).count("level") == 12


def test_a_changed_footnote_is_refused_rather_than_guessed() -> None:
    assert after("The note.", "Another note.") is None
    assert footnotes(TEXT) == {"1": "n"}


def test_html_around_several_blocks_is_refused_when_they_change() -> None:
    text = "<div>\n\nInside.\n\n</div>\n\nOutside.\n"
    new = rewritten(text, html(text).replace("Outside", "Far outside"), SPELLING, convert)
    assert new is None or plain_form(html(new)) == plain_form(html(text).replace("Outside", "Far outside"))


@given(st.text(alphabet="ab *_`#-+>|:[]()!&<\\\n1.~=", max_size=40), st.sampled_from(["p", "li", "td"]))
def test_no_signs_of_a_person_become_markup(words: str, tag: str) -> None:
    escaped = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    around = {"p": "<p>{}</p>", "li": "<ul><li>x</li><li>{}</li></ul>", "td": "<table><tr><td>{}</td></tr></table>"}
    shown = html("Before.\n\nAfter.\n").replace("<p>After", around[tag].format(f"w {escaped} w") + "<p>After")
    new = rewritten("Before.\n\nAfter.\n", shown, SPELLING, convert)
    assert new is not None
    assert new.startswith("Before.\n\n")
    assert plain_form(html(new)) == plain_form(shown)


# Of the hundred edits by people in `edit_pairs/`, so many become the very lines that a writer would have changed; the
# others stand in HTML, or in another spelling. Fewer is a step back.
AS_WRITTEN = 72


def test_of_a_hundred_edits_by_people_each_is_written_and_most_as_a_writer_would() -> None:
    alike = 0
    every = [(text["base"], pair) for text in described() for pair in text["pairs"]]
    for base, pair in every:
        paths: dict[str, str] = {}
        titles: dict[str, str] = {}

        def spelled(text: str, paths: dict[str, str] = paths, titles: dict[str, str] = titles) -> list[Section]:
            return sections(
                text,
                resolve_link=lambda href, _: noted(paths, f"item:{href}", href),
                resolve_image=lambda src, _: noted(paths, f"asset:{src.encode().hex()}", src),
                wiki_link=lambda title, _: noted(titles, f"item:{title}", title),
            )

        spelled(base)
        wanted = canonical(reindented(page(base, pair["theirs"])))
        new = rewritten(base, wanted, Spelling(dict(paths), dict(titles), footnotes(base)), spelled)
        assert new is not None, pair["name"]
        assert plain_form("\n".join(section.html for section in spelled(new))) == plain_form(wanted), pair["name"]
        alike += new.splitlines() == edited(base, pair["theirs"]).splitlines()
    assert len(every) == 100
    assert alike >= AS_WRITTEN


def noted(into: dict[str, str], address: str, spelling: str) -> str:
    into.setdefault(address, spelling)
    return address


def described() -> Iterator[Any]:
    for file in sorted(FOLDER.glob("*.yaml")):
        yield yaml.safe_load(file.read_text(encoding="utf-8"))
