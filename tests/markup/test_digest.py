"""The digest tells an edited text from one that an editor only wrote anew."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_bridge.markup.clean import clean
from lms_bridge.markup.digest import digest, plain_form, tight_form
from lms_bridge.markup.fragment import MarkupError, parse, serialize
from lms_bridge.markup.vocabulary import BLOCKS
from tests.markup import junk
from tests.markup.test_shortcuts import POLICIES, in_order

TEXT = (
    '<h2>Title</h2>\n<p title="t" lang="en">One <strong>two</strong> &amp; three.</p>\n'
    "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>1</td></tr><tr><td></td></tr></tbody></table>\n"
    '<ul><li>x<ul><li>y</li></ul></li></ul>\n<p><a href="https://e.org/?a=1&amp;b=2">l</a> '
    '<img src="https://e.org/p.png" alt="p"></p>\n<pre>a\n  b</pre>'
)


def reindented(html: str) -> str:
    """As an editor writes it: a new line before and after each block, but nothing touched inside <pre>."""
    pieces = re.split(r"(<pre>.*?</pre>)", html, flags=re.DOTALL)
    names = "|".join(sorted(BLOCKS - {"pre"}, key=len, reverse=True))
    return "".join(
        piece if piece.startswith("<pre>") else re.sub(rf"(</?(?:{names})\b[^>]*>)", r"\n  \1\n", piece)
        for piece in pieces
    )


@pytest.mark.parametrize(
    "same",
    [
        reindented(TEXT),
        TEXT.replace("<tbody>", "").replace("</tbody>", ""),
        TEXT.replace('title="t" lang="en"', 'lang="en" title="t" class="x" id="y"'),
        TEXT.replace("&amp; three", "&#38;&nbsp;three"),
        TEXT.replace("strong>", "b>"),
        TEXT.replace("<td></td>", "<td>&nbsp;</td>"),
        TEXT.replace("<td></td>", "<td><br></td>"),
        TEXT.replace("<a href", '<a target="_blank" rel="noopener" href'),
        TEXT.replace("<li>y", '<li class="x" id="y">y'),
        TEXT + "\n",
        TEXT + "<p>&nbsp;</p><!-- c -->",
    ],
)
def test_a_text_written_anew_but_not_edited_has_the_same_digest(same: str) -> None:
    assert digest(same) == digest(TEXT)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("One", "Two"),
        ("strong>", "em>"),
        ("b=2", "b=3"),
        ("p.png", "q.png"),
        ("<td>1</td>", "<td>1</td><td>2</td>"),
        ("a\n  b", "a\n b"),
        ("<h2>Title</h2>", "<h3>Title</h3>"),
        ("<li>y</li>", "<li>y</li><li>z</li>"),
        ("three.", "three"),
    ],
)
def test_an_edited_text_has_another_digest(old: str, new: str) -> None:
    assert old in TEXT.replace("</h2>", "</h2>")
    assert digest(TEXT.replace(old, new).replace("</h2>", "</h3>" if "h3" in new else "</h2>")) != digest(TEXT)


@pytest.mark.parametrize(
    ("stood", "stands", "same"),
    [
        ("<pre>a\n\n \t\nb\n\nc</pre>", "<pre>a\nb\nc</pre>", True),
        ("<p>x</p><pre>a\n\nb</pre><pre>c\n\nd</pre>", "<p>x</p><pre>a\nb</pre><pre>c\nd</pre>", True),
        ("<pre>a\n\nb</pre>", "<pre>a b</pre>", False),
        ("<pre>a\n\nb</pre>", "<pre>a\n b</pre>", False),
        ("<pre>a\n\nb</pre>", "<pre>a\n\nc</pre>", False),
        ("<pre>a</pre><p>b</p><pre>c</pre>", "<pre>a</pre><p>d</p><pre>c</pre>", False),
    ],
)
def test_code_without_its_blank_lines_is_the_same_code_to_moodles_editor_alone(
    stood: str, stands: str, same: bool
) -> None:
    assert (tight_form(stood) == tight_form(stands)) is same
    assert plain_form(stood) != plain_form(stands)


@given(junk.html)
def test_any_clean_text_keeps_its_digest_when_it_is_reindented(html: str) -> None:
    cleaned = clean(html)
    if "<pre" not in cleaned:
        assert digest(reindented(cleaned)) == digest(cleaned)


@given(junk.html)
def test_reading_and_writing_keeps_the_digest(html: str) -> None:
    assert digest(serialize(parse(html))) == digest(html)
    assert digest(clean(html)) == digest(clean(str(clean(html))))


@given(st.text(alphabet="abc ", min_size=1), st.text(alphabet="abc ", min_size=1))
def test_different_words_have_different_digests(one: str, two: str) -> None:
    assert (digest(f"<p>{one}</p>") == digest(f"<p>{two}</p>")) == (one.split() == two.split())


@given(junk.html | in_order(), POLICIES)
def test_the_form_of_a_clean_text_is_the_one_that_a_tree_gives(html: str, policy: Any) -> None:
    try:
        cleaned = clean(html, policy=policy)
    except MarkupError:
        return
    assert plain_form(cleaned) == plain_form(str(cleaned))
