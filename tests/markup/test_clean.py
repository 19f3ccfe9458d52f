"""What may reach a destination, and what never does."""

import re
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lms_bridge.markup.clean import Allowed, clean
from lms_bridge.markup.fragment import MarkupError, parse, serialize
from lms_bridge.markup.normal import dissolve
from tests.markup import junk

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href=" jAvA\tscript:alert(1)">x</a>',
    '<a href="&#106;avascript:alert(1)">x</a>',
    '<a href="java&#x0A;script:alert(1)">x</a>',
    '<a href="\x01javascript:alert(1)">x</a>',
    '<a href="vbscript:msgbox(1)">x</a>',
    '<a href="data:text/html;base64,PHNjcmlwdD4=">x</a>',
    '<img src="data:image/svg+xml,<svg onload=alert(1)>">',
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    '<svg><p title="</svg><img src=x onerror=alert(1)>">',
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>',
    "<iframe src=https://evil.example></iframe>",
    '<iframe srcdoc="<script>alert(1)</script>">',
    '<object data="https://evil.example/x.swf"></object><embed src=x>',
    "<style>@import 'https://evil.example'</style>",
    '<p style="background:url(javascript:alert(1))">x</p>',
    '<link rel=stylesheet href="https://evil.example"><meta http-equiv=refresh content="0;url=javascript:alert(1)">',
    '<form action="https://evil.example"><input name=password><button formaction="javascript:alert(1)">Go</button>',
    "<details open ontoggle=alert(1)>x</details>",
    "<body onload=alert(1)><base href='https://evil.example/'>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<<script>alert(1)//<</script>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<template><script>alert(1)</script></template>",
    "<textarea><script>alert(1)</script></textarea>",
    '<a href="//evil.example/x">x</a>',
]
# What is left of an attack may be its words, escaped; never an element, attribute or address that acts.
_ACTS = re.compile(
    r"(?i)<(?!/?(?:p|br|hr|h[1-6]|strong|em|a|img|table|tbody|tr|td|div|span|ul|li)\b)|"
    r"<[^>]*\s(?:on\w+|style|srcdoc|formaction)=|(?:href|src)=\"(?!https?:|mailto:|item:|asset:)"
)


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_that_acts_survives_cleaning(attack: str) -> None:
    assert not _ACTS.search(clean(f"<p>before</p>{attack}<p>after</p>"))


@pytest.mark.parametrize(
    ("given_html", "cleaned"),
    [
        ("<b>bold</b> and <i>slanted</i>", "<strong>bold</strong> and <em>slanted</em>"),
        (" plain  words\n here ", "plain words here"),
        ("<span>a</span> <span lang=de>b</span>", 'a <span lang="de">b</span>'),
        ("<p>a <!-- said --> b</p>", "<p>a b</p>"),
        ("<div title=t>x</div><div><div>y</div></div>", '<div title="t">x</div>\n<p>y</p>'),
        ("words<p>and a paragraph", "<p>words</p>\n<p>and a paragraph</p>"),
        ("<p>one</p>   <p>two</p>", "<p>one</p>\n<p>two</p>"),
        ("<p> a <b> b</b> c<br> d </p>", "<p>a <strong>b</strong> c<br>d</p>"),
        ("<section><h2>T</h2><p>x</p></section>", "<h2>T</h2>\n<p>x</p>"),
        ("<div>only words</div>", "<p>only words</p>"),
        (
            "<figure><img src='https://e.org/p.png'><figcaption>Fig. 1</figcaption></figure>",
            '<p><img src="https://e.org/p.png"></p>\n<p>Fig. 1</p>',
        ),
        ("<p id=x style='color:red' class='note' data-k=1>x</p>", "<p>x</p>"),
        (
            '<pre><code class="language-python hl">a\n  b</code></pre>',
            '<pre><code class="language-python">a\n  b</code></pre>',
        ),
        ("<p></p><p><b> </b></p><p>x</p>", "<p>x</p>"),
        ("<p>a<ul><li>b</ul>", "<p>a</p>\n<ul><li>b</li></ul>"),
        ("<ul><li>a</li><ul><li>b</li></ul></ul>", "<ul><li>a<ul><li>b</li></ul></li></ul>"),
        ("<b><p>x</p><p>y</p></b>", "<p><strong>x</strong></p>\n<p><strong>y</strong></p>"),
        ("<a href='https://e.org'><h3>T</h3></a>", '<h3><a href="https://e.org">T</a></h3>'),
        ("<img src='data:image/png;base64,AA' alt='a chart'>", "a chart"),
        ("<img src='/local.png' alt='a chart'>", "a chart"),
        ("<a href='page.html'>words stay</a>", "words stay"),
        (
            "<a href='item:wiki%2Fa'>x</a><img src='asset:ab12' alt=''>",
            '<a href="item:wiki%2Fa">x</a><img src="asset:ab12" alt="">',
        ),
        ("<ol start=3><li>x</ol>", '<ol start="3"><li>x</li></ol>'),
        ("<p>a<img src='asset:p'> b</p>", '<p>a<img src="asset:p"> b</p>'),
        ("<p> <img src='asset:p'> <b> b</b></p>", '<p><img src="asset:p"> <strong>b</strong></p>'),
        ("<p>a</p> <pre>\n\n x  y\n</pre> b", "<p>a</p>\n<pre> x  y\n</pre>\n<p>b</p>"),
        ("<td>cell without a table</td>", "cell without a table"),
        ("a &amp; b &lt; c &quot;d&quot; &nbsp;e", 'a &amp; b &lt; c "d" \u00a0e'),
        ("<p title='say \"hi\" & go'>x</p>", '<p title="say &quot;hi&quot; &amp; go">x</p>'),
        # Signs that nothing can show, and that would stop whoever reads the text as XML, written by number.
        ("<p title='a&#1;b'>c&#xB;d&#xFFFE;</p>", '<p title="ab">cd</p>'),
    ],
)
def test_the_same_meaning_has_one_spelling(given_html: str, cleaned: str) -> None:
    assert clean(given_html) == cleaned


@pytest.mark.parametrize(
    ("given_html", "cleaned"),
    [
        ("<p>a<br></p><p><i></i>b<br><br> </p>", "<p>a</p>\n<p>b</p>"),
        ("a<br>", "a"),
        ("<p>a<b><br></b></p>", "<p>a</p>"),
        ("<p>a<span> <br></span></p>", "<p>a</p>"),
        (
            "<table><tr><td><br></td><td>x<br></td></tr></table>",
            "<table><tbody><tr><td></td><td>x</td></tr></tbody></table>",
        ),
        ("<p>a<br>b</p>", "<p>a<br>b</p>"),
        ("<p>a<br><b>b</b></p>", "<p>a<br><strong>b</strong></p>"),
        ("<p><b>a<br></b> b</p>", "<p><strong>a<br></strong>b</p>"),
        ("<p><b>a<br></b><i>b</i></p>", "<p><strong>a<br></strong><em>b</em></p>"),
    ],
)
def test_a_line_break_stays_where_a_line_follows(given_html: str, cleaned: str) -> None:
    assert clean(given_html) == cleaned


def test_a_source_text_cannot_carry_the_class_of_a_marker() -> None:
    assert clean('<p class="lmsb lmsb-KEY">x</p>') == "<p>x</p>"


def test_a_destination_narrows_what_is_allowed_without_losing_words() -> None:
    narrow = Allowed(tags=frozenset({"p", "strong", "ul", "li"}))
    html = "<h1>Title</h1><div>a<blockquote>b</blockquote></div><dl><dt>t</dt><dd>d</dd></dl><em>e</em>"
    assert clean(html, policy=narrow) == "<p>Title</p>\n<p>a</p>\n<p>b</p>\n<p>t</p>\n<p>d</p>\n<p>e</p>"
    html = "<p>one<br>two<img src='https://e.org/a.png' alt=' three'></p>four<hr>"
    assert clean(html, policy=narrow) == "<p>one two three</p>\n<p>four</p>"


@pytest.mark.parametrize(
    ("given_html", "cleaned"),
    [
        (
            "<a href=https://e.org/1>a<table><tr><td><a href=https://e.org/2>x</a></td></tr></table></a>",
            '<p><a href="https://e.org/1">a</a></p>\n'
            '<table><tbody><tr><td><a href="https://e.org/1">x</a></td></tr></tbody></table>',
        ),
        (
            "<table><caption>a<p>b</p>c</caption><tr><td>x<p>y</p></td></tr></table>",
            "<table><caption>a b c</caption><tbody><tr><td>x<p>y</p></td></tr></tbody></table>",
        ),
        ("<h2>a<ul><li>b</ul>c</h2>", "<h2>a</h2>\n<ul><li>b</li></ul>\n<h2>c</h2>"),
        ("<blockquote>a<p>b</p>c</blockquote>", "<blockquote><p>a</p><p>b</p><p>c</p></blockquote>"),
        ("<dd title=t>x</dd>y", '<div title="t">x</div>\n<p>y</p>'),
        ("<b>a<p>b</p>c</b>", "<p><strong>a</strong></p>\n<p><strong>b</strong></p>\n<p><strong>c</strong></p>"),
        ("<b><ul><li>x<hr></li></ul></b>", "<ul><li><strong>x</strong><hr></li></ul>"),
        ("<b><p>x<i>y</i>z</p></b>", "<p><strong>x<em>y</em>z</strong></p>"),
        (
            "<ul><li><b>a</b><i>b</i></li>words<ul><li>c</ul></ul>",
            "<ul><li><strong>a</strong><em>b</em>words<ul><li>c</li></ul></li></ul>",
        ),
    ],
)
def test_what_stands_where_it_may_not_comes_to_stand_where_it_may(given_html: str, cleaned: str) -> None:
    assert clean(given_html) == cleaned


def test_what_stood_around_an_element_that_goes_keeps_its_order() -> None:
    html = "<p>0<q>1<b>2</b>3<b>4</b>5<b>6</b>7</q>8<q><b>9</b></q><q>a</q>b</p>"
    assert clean(html, policy=Allowed(tags=frozenset({"p"}))) == "<p>0123456789ab</p>"
    fragment = parse(html)
    for q in list(fragment.root.iter("q")):
        dissolve(q)
    assert (
        serialize(fragment) == "<p>01<strong>2</strong>3<strong>4</strong>5<strong>6</strong>78<strong>9</strong>ab</p>"
    )


def test_a_destination_may_keep_classes_of_its_own() -> None:
    policy = Allowed(classes=("lmsb(-[a-z]+)?",))
    assert clean('<p class="lmsb lmsb-key other">x</p>', policy=policy) == '<p class="lmsb lmsb-key">x</p>'


@given(junk.html)
@example("<li><object><li>x")
@example("<table><form>x<tr><td>y")
@example("<pre>\n\n\nx</pre>")
@example("<b><pre><p></b>word")
def test_cleaning_twice_changes_nothing(html: str) -> None:
    once = clean(html)
    assert clean(str(once)) == once


@given(junk.html)
def test_nothing_that_acts_survives_in_any_junk(html: str) -> None:
    cleaned = clean(html)
    assert "<script" not in cleaned
    assert " onclick=" not in re.sub(r'"[^"]*"', '""', "".join(re.findall(r"<[^>]*>", cleaned)))


@given(st.text())
def test_any_text_is_cleaned_or_refused(text: str) -> None:
    with suppress(MarkupError):
        clean(text)
