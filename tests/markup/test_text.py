"""A text as plain lines, for reports and differences."""

import pytest
from hypothesis import example, given

from lms_bridge.markup.clean import clean
from lms_bridge.markup.text import to_text, words
from tests.markup import junk


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<h2>Goals</h2><p>One <b>two</b>\nthree</p>", "## Goals\nOne two three"),
        ("<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>", "- a\n- b\n  - c"),
        ("<ol start='9'><li>a</li><li><p>b</p><p>c</p></li></ol>", "9. a\n10. b\n    c"),
        ("<ul><li></li><li><pre>x</pre></li></ul>", "-\n-     x"),
        (
            "<table><caption>C</caption><tr><th>a</th><th>b</th></tr><tr><td>1|2</td><td></td></tr></table>",
            "C\n| a | b |\n| 1\\|2 |  |",
        ),
        ("<pre><code>if x:\n\n    y\n</code></pre>", "    if x:\n\n        y"),
        ('<p><a href="https://e.org">site</a> <a href="item:x">page</a></p>', "site <https://e.org> page"),
        ('<a href="https://e.org/">https://e.org/</a>', "https://e.org/"),
        ('<p><img src="asset:ab" alt="a chart"> and <img src="asset:cd"></p>', "[image: a chart] and [image]"),
        ("<blockquote><p>a</p><p>b</p></blockquote>", "> a\n> b"),
        ("<p>a<br>b</p><hr>", "a\nb\n---"),
        ("<dl><dt>term</dt><dd>meaning</dd></dl>", "term\n  meaning"),
        ("loose <p>block</p> words", "loose\nblock\nwords"),
        ("<h1>First</h1><h6>Sixth</h6>", "# First\n###### Sixth"),
        ("<ol start='many'><li>a</li></ol>", "1. a"),
        ("<b>one <i>two</i> three<p>four</p>five</b>", "one two three\nfour\nfive"),
        ("<p><b>pan<i>ic</i>s</b></p>", "panics"),
    ],
)
def test_each_block_is_a_line_that_a_person_can_read(html: str, text: str) -> None:
    assert to_text(html) == text


def test_tables_in_tables_are_read_once() -> None:
    html = "<table><tr><td>" * 40 + "x" + "</td></tr></table>" * 40
    assert to_text(html).count("x") == 1


def test_words_are_those_a_reader_sees() -> None:
    html = '<p>Don\'t <b>pan</b>ic, <a href="https://e.org">it is</a><img src="asset:a" alt="no">4.5</p><td>x'
    assert words(html) == ["Don't", "panic", ",", "it", "is", "4.5", "x"]


def test_words_stay_in_their_order_whatever_is_set_inside_what() -> None:
    assert words("<p>one<b>two <i>three</i> four</b> five</p>six<p>seven</p>eight") == [
        *("onetwo", "three", "four", "five", "six", "seven", "eight")
    ]


@given(junk.html)
@example("word<b>word<table>")
def test_cleaning_and_normalising_lose_no_word(html: str) -> None:
    assert words(clean(html)) == words(html)
