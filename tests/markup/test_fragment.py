"""Reading and writing fragments, and the bounds that keep hostile markup from taking the machine."""

import time
from contextlib import suppress

import pytest
from hypothesis import given

from lms_bridge.markup.clean import clean
from lms_bridge.markup.fragment import MAX_LENGTH, MAX_REFERENCES, MarkupError, bounded, parse, rows, serialize, text_of
from tests.markup import junk


@pytest.mark.parametrize(
    "html",
    [
        '<p class="lmsb" title="a &quot;b&quot; &amp; c">x <a href="https://e.org/?a=1&amp;b=2#c">y</a><br>z</p>',
        "<pre><code>a\n\n  b &lt; c\n</code></pre>",
        "<pre>\n\nthe newline that is meant</pre>\n<p>\nx</p>",
        "<table><caption>C</caption>"
        '<thead><tr><th scope="col">a</th></tr></thead><tbody><tr><td></td></tr></tbody></table>',
        '<ul><li>a<ol start="4"><li>b</li></ol></li></ul>\n<hr>\n<p>Ünï\u00a0cödé 🚀 \u200b</p>',
        "words without any element",
        "",
    ],
)
def test_well_written_markup_is_read_and_written_unchanged(html: str) -> None:
    assert serialize(parse(html)) == html


@pytest.mark.parametrize(
    ("html", "read"),
    [
        ("<b>x<i>y</b>z</i>", "<strong>x<em>y</em></strong><em>z</em>"),
        ("x</br>y", "x<br>y"),
        ("<p>x</body>y<p>z</html>w", "<p>xy</p><p>zw</p>"),
        ("<figure><img src='a.png'><figcaption>c</figcaption></figure>", '<div><p><img src="a.png"></p><p>c</p></div>'),
        ("x <fieldset>y</fieldset> <dfn>z</dfn>", "<p>x </p><div>y</div><p> <em>z</em></p>"),
        ("a & b &amp c < d", "a &amp; b &amp;amp c &lt; d"),
        ("<a href='https://e.org/a\n\tb?c=\rd' title='t'>x</a>", '<a href="https://e.org/ab?c=d" title="t">x</a>'),
        ("<img alt='x' src='a\nb.png'>", '<img alt="x" src="ab.png">'),
        ("<a href='ftp://e.org' id='i' onclick='x()'>a</a>", '<a href="ftp://e.org" id="i">a</a>'),
    ],
)
def test_broken_markup_is_read_as_browsers_read_it(html: str, read: str) -> None:
    assert serialize(parse(html)) == read


def test_a_long_text_is_read_like_a_short_one() -> None:
    html = '<h2>words <b>here</b></h2><p>a <a href="https://e.org/?a=1&amp;b=2">ü</a></p>\n'
    assert serialize(parse(html * 1_000)) == serialize(parse(html)) * 1_000


@pytest.mark.parametrize("end", ["</body>", "</html>", "</BODY\n></html >", "<body><p>", "</html><html><body>"])
def test_a_long_text_goes_on_after_a_tag_that_ends_a_document(end: str) -> None:
    long = "<p>word</p>" * 3_001
    assert text_of(parse(f"first &lt;b&gt; {long}{end}last").root).split() == [
        "first",
        "<b>",
        *["word"] * 3_001,
        "last",
    ]


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("<p>one<br>two</p><p>three</p>four", "one two three four"),
        ("<p>o<b>n</b>e</p><ul><li>two</li></ul>", "one two"),
        ("see <img src='a.png' alt='a chart'>, then<img src='b.png'> on", "see a chart, then on"),
    ],
)
def test_the_words_of_an_element_are_parted_where_a_reader_sees_them_parted(html: str, said: str) -> None:
    holder = parse(f"<div>{html}</div>after").root
    assert text_of(holder[0]) == said
    assert text_of(holder) == f"{said} after"


def test_a_table_has_its_own_rows_in_order_and_those_of_no_table_inside_it() -> None:
    html = "<table><caption>c</caption><thead><tr><th>1<tbody><tr><td><table><tr><td>2</table><tfoot><tr><td>3</table>"
    table = parse(html).root[0]
    assert [text_of(row) for row in rows(table)] == ["1", "2", "3"]


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


def test_a_text_may_be_as_long_as_is_said_and_no_longer() -> None:
    assert bounded("x" * MAX_LENGTH) == "x" * MAX_LENGTH
    assert bounded("&" * MAX_REFERENCES) == "&amp;" * MAX_REFERENCES
    with pytest.raises(MarkupError, match="more than 50,000 ampersands"):
        clean("&" * (MAX_REFERENCES + 1))


@pytest.mark.parametrize("element", ["div", "ul><li", "table><tr><td", "blockquote", "b title=x"])
@pytest.mark.parametrize("times", [400, 30_000])
def test_markup_that_is_nested_too_deeply_is_refused(element: str, times: int) -> None:
    with pytest.raises(MarkupError, match=r"deep|[Dd]epth"):
        clean(f"<{element}>" * times + "x")


def test_what_would_be_cut_off_for_its_depth_is_refused_though_its_elements_are_none_of_ours() -> None:
    with pytest.raises(MarkupError, match="nested too deeply"):
        clean("<font>" * 3_001 + "last words")


def test_of_levels_as_many_are_taken_as_can_be_read_again() -> None:
    assert clean("<blockquote>" * 250 + "x").count("<blockquote>") == 250
    with pytest.raises(MarkupError, match="at most about 250 levels"):
        clean("<blockquote>" * 251 + "x")


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
