"""Texts on their way into SharePoint and back: only what its editor keeps, and no word lost."""

from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lms_bridge.markup.clean import clean
from lms_bridge.markup.digest import digest
from lms_bridge.markup.text import words
from lms_bridge.sandbox.sharepoint.canvas import clean_as_editor, clean_text
from lms_bridge.sharepoint.canvas import shown, to_canvas
from lms_bridge.sharepoint.dialect import to_sharepoint
from lms_bridge.sharepoint.image_parts import StoredImage, file_name

DIGEST = "a" * 64
IMAGE = f'<img src="asset:{DIGEST}" alt="A &amp; b">'
PLACED = f'<p><img src="asset:{DIGEST}" alt="A &amp; b"></p>'


def written(html: str, *, images: bool = True) -> str:
    return to_sharepoint(html, link_of={"k": "/sites/x/SitePages/k.aspx"}.get, images_kept=images)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<h1>A</h1><h2>B</h2><h3>C</h3><h4>D</h4>", "<h2>A</h2>\n<h3>B</h3>\n<h4>C</h4>\n<p><strong>D</strong></p>"),
        ("<h2>A</h2><h5>B</h5>", "<h2>A</h2>\n<p><strong>B</strong></p>"),
        ('<pre><code class="language-python">a = 1\n  b</code></pre>', "<pre>a = 1\n  b</pre>"),
        ("<p>Use <code>ls</code> &amp; <kbd>Enter</kbd></p>", "<p>Use ls &amp; Enter</p>"),
        ("<p><del>a</del><ins>b</ins><q>c</q></p>", "<p><s>a</s><u>b</u>“c”</p>"),
        ("loose words", "<p>loose words</p>"),
        ("<div>a</div><div><p>b</p>c</div>", "<p>a</p>\n<p>b</p>\n<p>c</p>"),
        ("<dl><dt>T</dt><dd>D</dd></dl>", "<p><strong>T</strong></p>\n<p>D</p>"),
        ("<p>a</p><hr><ol><li>note</li></ol>", "<p>a</p>\n<p>———</p>\n<ol><li>note</li></ol>"),
        (
            '<table class="x"><caption>Cap</caption><tr><th scope="col" colspan="2">a</th></tr></table>',
            '<p><strong>Cap</strong></p>\n<table><tbody><tr><th colspan="2">a</th></tr></tbody></table>',
        ),
        (
            "<table><tr><td>a<table><tr><td>b</td></tr></table></td></tr></table>",
            "<table><tbody><tr><td>a b</td></tr></tbody></table>",
        ),
        (
            '<p><a href="item:k">in</a> <a href="item:gone">gone</a></p>',
            '<p><a href="/sites/x/SitePages/k.aspx">in</a> gone</p>',
        ),
        ('<p><a href="javascript:alert(1)">x</a><script>y</script></p>', "<p>x</p>"),
        (f"<p>before {IMAGE} after</p>", f"<p>before</p>\n{PLACED}\n<p>after</p>"),
        (
            f'<p><a href="https://x.example/">{IMAGE}</a></p>',
            PLACED.replace("<p>", '<p><a href="https://x.example/">').replace("</p>", "</a></p>"),
        ),
        (
            '<p><img src="https://x.example/i.png" alt="there"></p>',
            '<p><a href="https://x.example/i.png">there</a></p>',
        ),
        ('<p style="color:red" onclick="x()" id="a">plain</p>', "<p>plain</p>"),
        ("", ""),
    ],
)
def test_every_construct_has_a_form_that_the_editor_keeps(html: str, expected: str) -> None:
    assert written(html) == expected


def test_without_images_their_descriptions_stand_in_brackets() -> None:
    assert written(f"<p>a {IMAGE} b</p>", images=False) == "<p>a [A &amp; b] b</p>"


TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).map(escape)
INLINE = st.one_of(
    TEXTS,
    st.tuples(st.sampled_from(["strong", "em", "u", "s", "sub", "sup", "code"]), TEXTS).map(
        lambda t: f"<{t[0]}>{t[1]}</{t[0]}>"
    ),
    TEXTS.map(lambda text: f'<a href="item:k">{text}</a>'),
    st.just(IMAGE),
)
WORDS = st.lists(INLINE, min_size=1, max_size=4).map("".join)
BLOCK = st.one_of(
    WORDS.map(lambda words: f"<p>{words}</p>"),
    st.tuples(st.integers(1, 6), WORDS).map(lambda t: f"<h{t[0]}>{t[1]}</h{t[0]}>"),
    st.lists(WORDS, min_size=1, max_size=3).map(lambda ws: "<ul>" + "".join(f"<li>{w}</li>" for w in ws) + "</ul>"),
    st.lists(WORDS, min_size=1, max_size=3).map(lambda ws: "<ol>" + "".join(f"<li>{w}</li>" for w in ws) + "</ol>"),
    st.lists(WORDS, min_size=1, max_size=3).map(
        lambda ws: "<table><tbody><tr>" + "".join(f"<td>{w}</td>" for w in ws) + "</tr></tbody></table>"
    ),
    WORDS.map(lambda words: f"<blockquote><p>{words}</p></blockquote>"),
    TEXTS.map(lambda text: f"<pre><code>{text}</code></pre>"),
    WORDS,
)
PAGES = st.lists(BLOCK, max_size=6).map("".join)


@settings(deadline=None, max_examples=60)
@given(PAGES)
def test_what_is_written_is_what_is_read_back_also_after_a_person_saved_the_page(html: str) -> None:
    body = written(html)
    layout = to_canvas(body, None)
    assert digest(shown(layout).html) == digest(body)
    assert shown(layout).kept == {}
    for part in layout["horizontalSections"][0]["columns"][0]["webparts"]:
        if "innerHtml" in part:
            text = str(part["innerHtml"])
            assert digest(clean_text(text)) == digest(text)
            assert digest(clean_as_editor(text)) == digest(text)


@settings(deadline=None, max_examples=60)
@given(PAGES)
def test_no_word_is_lost(html: str) -> None:
    # In tables an image leaves its description where it stood, so that there may be more words than before.
    shown = iter("".join(words(written(html))))
    assert all(letter in shown for letter in "".join(words(clean(html))))


def test_the_shown_text_never_depends_on_what_is_uploaded_already() -> None:
    body = written(f"<p>a {IMAGE}</p>")
    stored = {DIGEST: StoredImage(DIGEST, "https://x/y.png", file_name(DIGEST, "y.png"), "s", "w", "l", "u", 3, 4)}
    assert shown(to_canvas(body, stored)) == shown(to_canvas(body, None))
    assert shown(to_canvas(body, None)).html == body


@pytest.mark.parametrize(
    ("layout", "html"),
    [
        (None, ""),
        ({}, ""),
        ({"horizontalSections": "x"}, ""),
        ({"horizontalSections": [None, {"columns": [{"webparts": [3, {"innerHtml": 7}]}]}]}, ""),
        ({"horizontalSections": [{"columns": [{"webParts": [{"innerHtml": "<p>a</p>"}]}]}]}, "<p>a</p>"),
        (
            {
                "horizontalSections": [
                    {"columns": [{"webparts": [{"@odata.type": "#oneDrive.textWebPart", "innerHtml": "<p>a</p>"}]}]}
                ]
            },
            "<p>a</p>",
        ),
        (
            {"verticalSection": {"webparts": [{"innerHtml": "<p>side</p>"}]}},
            '<p><img src="#side" alt="side column"></p>\n<p>side</p>',
        ),
        (
            {"horizontalSections": [{"columns": [{"webparts": [{"webPartType": "x", "data": {"title": "<Video>"}}]}]}]},
            '<p><img src="#x" alt="&lt;Video&gt;"></p>',
        ),
    ],
)
def test_pages_of_any_shape_are_read(layout: object, html: str) -> None:
    assert shown(layout).html == html
