"""Reading and writing fragments, and the bounds that keep hostile markup from taking the machine."""

import time
from contextlib import suppress

import pytest
from hypothesis import given

from lms_bridge.markup.clean import clean
from lms_bridge.markup.fragment import MAX_LENGTH, MAX_REFERENCES, MarkupError, parse, serialize
from tests.markup import junk


@pytest.mark.parametrize(
    "html",
    [
        '<p class="lmsb" title="a &quot;b&quot; &amp; c">x <a href="https://e.org/?a=1&amp;b=2#c">y</a><br>z</p>',
        "<pre><code>a\n\n  b &lt; c\n</code></pre>",
        "<table><caption>C</caption>"
        '<thead><tr><th scope="col">a</th></tr></thead><tbody><tr><td></td></tr></tbody></table>',
        '<ul><li>a<ol start="4"><li>b</li></ol></li></ul>\n<hr>\n<p>Ünï\u00a0cödé 🚀 \u200b</p>',
        "words without any element",
        "",
    ],
)
def test_well_written_markup_is_read_and_written_unchanged(html: str) -> None:
    assert serialize(parse(html)) == html


def test_a_long_text_is_read_like_a_short_one() -> None:
    html = '<h2>words <b>here</b></h2><p>a <a href="https://e.org/?a=1&amp;b=2">ü</a></p>\n'
    assert serialize(parse(html * 1_000)) == serialize(parse(html)) * 1_000


@given(junk.html)
def test_what_was_written_once_is_read_and_written_unchanged(html: str) -> None:
    written = serialize(parse(html))
    assert serialize(parse(written)) == written


@pytest.mark.parametrize(
    "entity",
    ['<!DOCTYPE x [<!ENTITY a "boom">]><p>&a;</p>', '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><p>&a;</p>'],
)
def test_entities_are_never_expanded(entity: str) -> None:
    read = serialize(parse(entity))
    assert "boom" not in read
    assert "root:" not in read


def test_a_text_that_is_too_long_is_refused_with_its_length() -> None:
    with pytest.raises(MarkupError, match=r"1,000,001 characters; at most 1,000,000"):
        clean("x" * (MAX_LENGTH + 1))


@pytest.mark.parametrize("element", ["div", "ul><li", "table><tr><td", "blockquote", "b title=x"])
@pytest.mark.parametrize("times", [400, 30_000])
def test_markup_that_is_nested_too_deeply_is_refused(element: str, times: int) -> None:
    with pytest.raises(MarkupError, match=r"deep|[Dd]epth"):
        clean(f"<{element}>" * times + "x")


@pytest.mark.parametrize("piece", ["<ul>x", "<ul><li>a<ul>b", "<ol><li>", "<dl>x", "<table><tr><td>x", "<blockquote>"])
def test_what_is_taken_can_be_read_again_however_deep(piece: str) -> None:
    """Some levels nobody wrote: a list's words stand in an item of their own."""
    taken = []
    for times in (*range(50, 140), 200, 250, 254, 256):
        try:
            once = clean(piece * times)
        except MarkupError:
            continue
        assert clean(str(once)) == once
        taken.append(times)
    assert taken


@pytest.mark.parametrize(
    "junk_text",
    [
        "".join(f"<b title={n}>" for n in range(20_000)),
        "<a><p>" * 40_000,
        "<table>x" * 40_000,
        "<b><div></b>" * 40_000,
        "<b title=x><table><td></b></table>" * 20_000,
        "<div><table></div></table>" * 20_000,
        "&" * MAX_LENGTH,
        "&" * MAX_REFERENCES,
        "&a" * MAX_REFERENCES,
        "&a" * (MAX_LENGTH // 2),
        "&#" * (MAX_LENGTH // 2),
        "<" * MAX_LENGTH,
        "<!--" * (MAX_LENGTH // 4),
        "</b>" * (MAX_LENGTH // 4),
        f"<a title='{'&' * MAX_REFERENCES}'>",
        "<p " + " ".join(f"a{n}=1" for n in range(30_000)) + ">x",
    ],
    ids=lambda text: text[:24],
)
def test_hostile_markup_takes_seconds_at_most(junk_text: str) -> None:
    began = time.process_time()
    with suppress(MarkupError):
        clean(junk_text)
    assert time.process_time() - began < 5
