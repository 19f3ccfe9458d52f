"""Whatever Moodle shows can be written again so that it shows the same: our texts, people's, and both in one."""

import json

import pytest
from corpus import CORPUS
from golden_texts import GOLDEN, SITE, sent_texts
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lms_bridge.markup.digest import digest
from lms_bridge.markup.merge import merge
from lms_bridge.markup.text import words
from lms_bridge.moodle.dialect import Reading, to_moodle, with_images, with_own_files
from lms_bridge.moodle.displayed import WikiAddress, expected_form, hidden_words, normal
from lms_bridge.moodle.stored import to_stored
from lms_bridge.sandbox.moodle.person_edit import after_person_edit
from lms_bridge.sandbox.moodle.purifier import clean
from lms_bridge.sandbox.moodle.wiki_markup import LinkTarget, render_wiki_html

RECORDED = {row["name"]: row for row in json.loads(GOLDEN.read_text())["texts"]}
TITLES = {5: "Cells", 6: 'Salt & "pepper" <1'}
WIKI = WikiAddress(SITE, 7, 0, TITLES)
EVERY_TEXT = pytest.mark.parametrize("name", CORPUS)
EVERY_PLACE = pytest.mark.parametrize("wiki", [WIKI, None], ids=["wiki", "forum"])


def shown(stored: str, wiki: WikiAddress | None) -> str:
    """What Moodle shows of a text, in the form that a place reads it in."""
    if wiki is None:
        return normal(clean(stored), site=SITE)
    numbers = {title: number for number, title in TITLES.items()}

    def link_to(title: str) -> LinkTarget:
        if title in numbers:
            return LinkTarget(f"{SITE}/mod/wiki/view.php?pageid={numbers[title]}")
        return LinkTarget(wiki.url(title).replace("&", "&amp;"), missing=True)

    return normal(clean(render_wiki_html(stored, page_id=9, link_to=link_to)), site=SITE, wiki=wiki)


def told_again(read: str, wiki: WikiAddress | None) -> str:
    """Its digest must be that of what was read, both foretold and shown."""
    stored = to_stored(read, wiki)
    foretold = digest(expected_form(stored, site=SITE, wiki=wiki))
    assert foretold == digest(shown(stored, wiki))
    return foretold


@pytest.mark.parametrize("where", ["wiki", "forum"])
@EVERY_TEXT
def test_what_a_real_moodle_shows_can_be_written_again(name: str, where: str) -> None:
    wiki = WIKI if where == "wiki" else None
    read = normal(RECORDED[name][where], site=SITE, wiki=wiki)
    assert told_again(read, wiki) == digest(read)


@EVERY_TEXT
def test_no_word_of_ours_is_hidden_from_readers(name: str) -> None:
    in_wiki, _ = sent_texts(name)
    read = normal(RECORDED[name]["wiki"], site=SITE, wiki=WIKI)
    assert hidden_words(in_wiki, read, site=SITE, wiki=WIKI) == []


SIGNS = r"""
    cell Größe 🧬 &lt;b&gt; a&nbsp;b &amp;amp; [x] | // == ` \ &quot; www.e.org %!0%! %!1%! @@PLUGINFILE@@/x.png
    '''q''' [[Cells]] [[Cells|them]] [[No|x]] [[Cells#a|y]] [[https://e.org|out]] b]]
    https://e.org/a?b=1&amp;c=2 xhttps://e.org/ ftp://e.org/(f) a://
"""
LINKS = f"""
    {SITE}/mod/wiki/view.php?pageid=5 {SITE}/mod/wiki/view.php?pageid=6 https://e.org/[[x]]?t=https://e.org/
    /course/view.php?id=3 #part tel:123 mailto:a@e.org https://e.org/ü
"""
FILES = f"""
    asset:{"0123456789abcdef" * 4} https://e.org/ü.png?x=1&amp;y=2 {SITE}/pluginfile.php/3/mod_wiki/attachments/1/x.png
"""
WORDS = st.lists(st.sampled_from(SIGNS.split()), max_size=4).map(" ".join)
ADDRESSES = st.sampled_from(LINKS.split())
PICTURES = st.sampled_from(FILES.split())


def _inline(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    wrapped = st.tuples(st.sampled_from(["strong", "em", "code", "u", "sub", "a", "span"]), inner).map(
        lambda t: f"<{t[0]}>{t[1]}</{t[0]}>"
    )
    return st.one_of(
        wrapped,
        st.tuples(ADDRESSES, inner).map(lambda t: f'<a href="{t[0]}">{t[1]}</a>'),
        st.tuples(PICTURES, st.sampled_from(["", "a dot", "q&quot;q"])).map(
            lambda t: f'<img src="{t[0]}" alt="{t[1]}" width="40">'
        ),
        inner.map(lambda t: f'<span style="color: red;">{t}<br></span>'),
        st.tuples(inner, inner).map(" ".join),
    )


INLINE = st.recursive(WORDS, _inline, max_leaves=4)
BLOCK = st.one_of(
    INLINE.map(lambda t: f"<p>{t}</p>"),
    INLINE.map(lambda t: f'<p dir="ltr" style="text-align: left;">{t}</p>'),
    st.tuples(st.integers(1, 6), st.one_of(st.just("Summary"), INLINE)).map(lambda t: f"<h{t[0]}>{t[1]}</h{t[0]}>"),
    st.lists(INLINE, min_size=1, max_size=3).map(lambda t: f"<ul>{''.join(f'<li>{each}</li>' for each in t)}</ul>"),
    st.lists(INLINE, min_size=2, max_size=4).map(
        lambda t: (
            f'<table border="1" style="width: 100%;"><colgroup><col></colgroup><tbody><tr><td>{t[0]}</td>'
            f"<td>&nbsp;</td></tr><tr>{''.join(f'<td>{each}</td>' for each in t[1:])}</tr></tbody></table>"
        )
    ),
    st.tuples(WORDS, INLINE).map(lambda t: f"<pre>{t[0]}\n\n    {t[1]}\n\ty</pre>"),
    INLINE.map(lambda t: f"<blockquote><p>{t}</p></blockquote><hr>"),
    WORDS.map(lambda t: f'<figure><img src="https://e.org/f.png" alt="f"><figcaption>{t}</figcaption></figure>'),
)
BLOCKS = st.lists(BLOCK, min_size=1, max_size=3)


@settings(max_examples=150, deadline=None)
@given(BLOCKS)
@example(['<p><span class="x"><code>a</code></span><span style="color: red;"><br></span></p>'])
@example([f'<p>a<a href="{SITE}/mod/wiki/view.php?pageid=5"> them</a></p>'])
@example(["<p>xhttps://e.org/ <em>y</em></p>"])
def test_what_a_person_left_is_shown_the_same_when_it_is_written_again(blocks: list[str]) -> None:
    saved = after_person_edit("\n".join(blocks))
    for wiki in (WIKI, None):
        read = shown(saved, wiki)
        assert told_again(read, wiki) == digest(read)


@settings(max_examples=30, deadline=None)
@given(BLOCKS, BLOCKS, BLOCKS)
def test_what_a_person_and_the_source_wrote_is_shown_as_it_was_merged(
    first: list[str], added: list[str], later: list[str]
) -> None:
    for wiki in (WIKI, None):
        reading = Reading(link=lambda key: None, wiki=wiki is not None, assets=True)
        sent, sent_later = (to_moodle("\n".join(blocks), reading) for blocks in (first, first + later))
        theirs = shown(after_person_edit("\n".join([*added, sent])), wiki)
        merged = merge(shown(sent, wiki), theirs, shown(sent_later, wiki))
        assert told_again(merged.html, wiki) == digest(merged.html)


@EVERY_PLACE
def test_words_in_elements_that_we_do_not_know_stay(wiki: WikiAddress | None) -> None:
    html = '<details><summary>More</summary><p>hidden</p></details><video src="x">a film</video> <mark>seen</mark>'
    assert words(shown(to_stored(html, wiki), wiki)) == ["More", "hidden", "a", "film", "seen"]


def test_what_a_person_typed_into_our_last_paragraph_stays_and_our_mark_in_it_does_not() -> None:
    text = '<p>x</p><p class="lmsb lmsb-aaaaaaaaaaaaaaaa"><a href="https://e.org/">Source</a> and my remark</p>'
    stored = to_stored(shown(text, WIKI), WIKI)
    assert "my remark" in stored
    assert "lmsb" not in stored


def test_a_file_of_the_same_page_is_kept_as_moodle_keeps_it_and_another_ones_by_its_address() -> None:
    own, others = (f"{SITE}/webservice/pluginfile.php/12/mod_wiki/attachments/{n}/a%20b.png" for n in (3, 4))
    read = normal(f'<p><img src="{own}" alt=""><a href="{others}">x</a></p>', site=SITE, wiki=WIKI)
    assert "webservice" not in read, "such an address opens for nobody in a browser"
    stored = with_own_files(to_stored(read, WIKI), "mod_wiki/attachments/3", site=SITE)
    assert '<img src="@@PLUGINFILE@@/a%20b.png" alt="">' in stored
    assert f'<a href="{SITE}/pluginfile.php/12/mod_wiki/attachments/4/a%20b.png">' in stored


def test_an_image_that_nobody_can_find_any_more_leaves_its_description() -> None:
    body = to_stored(f'<p>a <img src="asset:{"0" * 64}" alt="see https://e.org/"> b</p>', WIKI)
    assert with_images(body, {}) == "<p>a see https&#58;//e.org/ b</p>"


@pytest.mark.parametrize(
    ("stored", "hidden"),
    [
        ("<p>First words. <strong>More.</strong></p>", ["More"]),
        ("<p>First first words.</p>", ["first"]),
        ("<p>First [[words|words]].</p>", []),
        ("<p>words. First</p><script>x</script><!-- y -->", []),
    ],
)
def test_words_that_a_display_does_not_show_are_found(stored: str, hidden: list[str]) -> None:
    assert hidden_words(stored, "<p>First words.</p>", site=SITE, wiki=WIKI) == hidden
