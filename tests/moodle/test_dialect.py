"""What learners see is what was meant: recorded answers of a real Moodle 4.5 to each text of the corpus."""

import json
import re
from dataclasses import replace
from html import escape

import pytest
from corpus import CORPUS, ODD_TITLE
from golden_texts import GOLDEN, SITE, TITLES, sent_texts
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lms_bridge.markup.clean import clean
from lms_bridge.markup.digest import digest
from lms_bridge.markup.fidelity import fidelity
from lms_bridge.markup.links import item_key, map_links
from lms_bridge.moodle import dialect
from lms_bridge.moodle.dialect import Reading, WikiTitle, through_a_tree, to_moodle, with_images
from lms_bridge.moodle.displayed import WikiAddress, expected_form, normal
from lms_bridge.moodle.marker import find_marker
from tests.markup import junk
from tests.markup.test_shortcuts import in_order

RECORDED = {row["name"]: row for row in json.loads(GOLDEN.read_text())["texts"]}
WIKI = WikiAddress(SITE, 7, 0)
EVERY_TEXT = pytest.mark.parametrize("name", CORPUS)


def meant(name: str) -> str:
    """The canonical text, with links to items as the addresses that they stand for."""

    def address(href: str) -> str | None:
        key = item_key(href)
        if key is None:
            return href
        return (
            WIKI.url(TITLES[key]) if key in TITLES else f"{SITE}/mod/forum/view.php?id=8" if "prompts" in key else None
        )

    return map_links(clean(CORPUS[name]), address)


@EVERY_TEXT
def test_a_learner_reads_in_the_wiki_what_was_written(name: str) -> None:
    shown = normal(RECORDED[name]["wiki"], site=SITE, wiki=WIKI)
    same = fidelity(expected_form(meant(name), site=SITE), shown)
    assert (same.text, same.images, same.tables) == (1.0, 1.0, 1.0)


@EVERY_TEXT
def test_a_learner_reads_in_the_forum_what_was_written(name: str) -> None:
    same = fidelity(expected_form(meant(name), site=SITE), normal(RECORDED[name]["forum"], site=SITE))
    assert (same.text, same.images, same.tables) == (1.0, 1.0, 1.0)


@EVERY_TEXT
def test_what_is_read_back_is_told_to_be_what_was_sent(name: str) -> None:
    """Else every page would count as changed by a person."""
    in_wiki, in_forum = sent_texts(name)
    assert digest(expected_form(in_wiki, site=SITE, wiki=WIKI)) == digest(
        normal(RECORDED[name]["wiki"], site=SITE, wiki=WIKI)
    )
    assert digest(expected_form(in_forum, site=SITE)) == digest(normal(RECORDED[name]["forum"], site=SITE))


def test_blanks_and_blank_lines_of_code_stay() -> None:
    assert "def f():\n    return 1\n\n\nclass X:\n\ty" in RECORDED["code blocks"]["wiki"]


def test_a_heading_that_repeats_stays_a_heading_of_its_level() -> None:
    assert RECORDED["repeated headings"]["wiki"].count("<h4") == 2


@pytest.mark.parametrize("where", ["wiki", "forum"])
@EVERY_TEXT
def test_no_heading_is_shown_larger_than_the_title_above_it(name: str, where: str) -> None:
    """The titles of wiki pages and discussions are h3."""
    assert re.findall("<h[1-3]", RECORDED[name][where]) == []


@pytest.mark.parametrize("wiki", [True, False])
def test_headings_keep_their_order_below_the_title(wiki: bool) -> None:
    def tags(body: str) -> list[str]:
        reading = Reading(link=lambda key: None, wiki=wiki, assets=True)
        return re.findall("<(h[1-6])", to_moodle(body, reading))

    assert tags("<h2>a</h2><h3>b</h3><h2>c</h2>") == ["h4", "h5", "h4"]
    assert tags("<h3>a</h3><h5>b</h5>") == ["h4", "h5"]
    assert tags("<h6>a</h6>") == ["h4"]
    assert tags("<h1>a</h1><h2>b</h2><h3>c</h3><h4>d</h4>") == ["h4", "h5", "h6", "h6"]


def test_a_link_to_a_page_goes_by_title_in_its_own_wiki_and_by_address_elsewhere() -> None:
    in_wiki, in_forum = sent_texts("item links")
    assert "[[Cells|the cells]]" in in_wiki
    assert f'<a href="{SITE}/mod/wiki/view.php?wid=7&amp;title=Cells&amp;group=0">the cells</a>' in in_forum
    assert "[[" not in in_forum
    assert "nowhere" in in_wiki
    assert "item:" not in in_wiki + in_forum


@pytest.mark.parametrize("made", ["view.php?pageid=5", "create.php?swid=3&amp;title=Cells&amp;action=new"])
def test_a_link_to_a_page_reads_the_same_whether_the_page_stands_yet(made: str) -> None:
    known = WikiAddress(SITE, 7, 0, {5: "Cells"})
    shown = f'<p><a class="wiki_newentry" href="{SITE}/mod/wiki/{made}">the cells</a></p>'
    assert normal(shown, site=SITE, wiki=known) == expected_form("<p>[[Cells|the cells]]</p>", site=SITE, wiki=known)


def test_what_moodle_adds_is_no_persons_change() -> None:
    shown = (
        '<div class="wiki-toc"><p class="wiki-toc-title">Table of contents</p><p><a href="#toc-1">A</a></p></div>'
        '<h3><a name="toc-1"></a>A <a href="edit.php?pageid=1&amp;section=A" class="wiki_edit_section">[edit]</a></h3>'
        '<p>words</p><p><span class="edited">(Edited by <a href="https://moodle.example/user/view.php?id=2">T</a>)</span></p>'
    )
    assert digest(normal(shown, site=SITE, wiki=WIKI)) == digest("<h3>A</h3><p>words</p>")


def test_words_that_a_person_wrote_into_our_last_paragraph_are_seen() -> None:
    ours = '<p class="lmsb lmsb-aaaaaaaaaaaaaaaa"><a href="https://example.org/">Source</a></p>'
    theirs = ours.replace("</p>", " and my remark</p>")
    assert normal(f"<p>x</p>{ours}", site=SITE) == "<p>x</p>"
    assert "my remark" in normal(f"<p>x</p>{theirs}", site=SITE)


def test_an_image_of_ours_reads_back_as_its_digest() -> None:
    image = "0123456789abcdef" * 4
    sent = with_images(
        f'<p><img src="asset:{image}" alt="x"></p>',
        {image: f"{SITE}/pluginfile.php/9/mod_forum/post/4/lmsb-{image}.png"},
    )
    assert normal(sent, site=SITE) == f'<p><img src="asset:{image}" alt="x"></p>'
    elsewhere = sent.replace(SITE, "https://elsewhere.example")
    assert "asset:" not in normal(elsewhere, site=SITE)


def test_images_that_are_not_wanted_leave_their_description() -> None:
    reading = Reading(link=lambda key: None, wiki=True, assets=False, web_images=False)
    body = '<p>a <img src="asset:0123" alt="dot"> b <img src="https://example.org/x.png" alt="net"></p>'
    assert to_moodle(body, reading) == "<p>a dot b net</p>"


def test_a_marker_survives_what_an_editor_adds_and_a_copied_one_above_it_does_not_count() -> None:
    ours = f'<p dir="ltr" class="lmsb lmsb-{"b" * 16} lmsbf-0123456789ab more">y</p>'
    text = f'<p class="lmsb lmsb-{"a" * 16}">x</p>\n{ours}'
    found = find_marker(text)
    assert found
    assert (found.mark, found.fingerprint) == ("b" * 16, "0123456789ab")


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.sampled_from("[]|%!0 :/htps\n\t<>&;#x@PLUGINFILE\ue0f3"), max_size=60))
@example("xhttp://example.org")
@example("100 %!")
@example("@@PLUGINFILE@@/x.png")
def test_no_text_can_make_a_wiki_link_of_itself(text: str) -> None:
    reading = Reading(link=lambda key: None, wiki=True, assets=True)
    for body in (
        f"<p>{escape(text)}</p>",
        f"<pre>{escape(text)}</pre>",
        f'<p><a href="https://e.org" title="{escape(text)}">x</a></p>',
    ):
        sent = to_moodle(body, reading)
        assert "[[" not in sent
        assert "%!" not in sent
        assert "http://" not in sent
        assert "@@PLUGINFILE@@" not in sent


def test_a_bracket_before_a_link_of_the_wiki_is_none_of_its_brackets() -> None:
    assert to_moodle('<p>see [<a href="item:one">them</a>]</p>', READ) == "<p>see &#91;[[Cells|them]]]</p>"


_TARGETS = {
    "one": WikiTitle("Cells", WIKI.url("Cells")),
    "odd": WikiTitle(ODD_TITLE, WIKI.url(ODD_TITLE)),
    "away": f"{SITE}/mod/forum/view.php?id=8&x='\"<[[y]]%!https://e.org",
}
READ = Reading(link=_TARGETS.get, wiki=True, assets=True)
_LINKED = st.sampled_from(
    ["item:one", "item:odd", "item:away", "item:nowhere", "https://e.org/ü?a=1&amp;b=[[https://x"]
)
_SAID = st.sampled_from(
    [
        "them",
        "a|b",
        "x &amp; y",
        "<em>more</em>",
        "[",
        "%",
        "http:",
        "//e.org",
        "[[T]]",
        "%!0%!",
        "@@PLUGINFILE@@",
        "  ",
    ]
)
_A_PLAIN_LINK = st.builds(lambda href, said: f'<a href="{href}">{said}</a>', _LINKED, _SAID)
_WORDS = st.lists(_SAID | _A_PLAIN_LINK, max_size=4).map("".join)
_PLAIN_BLOCK = st.builds(
    lambda tag, words: f"<{tag}>{words}</{tag.split()[0]}>",
    st.sampled_from(["p", "h1", "h2", "h3", "h5", "blockquote", 'p lang="en"', 'p title="a  b"', "pre", "ul><li"]),
    _WORDS,
)
_TABLE = _WORDS.map(lambda words: f'<table><tbody><tr><td colspan="2">{words}</td></tr></tbody></table>')


@settings(max_examples=300)
@given(st.lists(_PLAIN_BLOCK | _TABLE | _WORDS, max_size=4).map("".join) | junk.html | in_order(), st.booleans())
@example('<p>http:<a href="item:nowhere">//e.org</a></p>', True)
@example('<p>[<a href="item:one">them</a>]</p>', True)
@example('<h2>a <a href="item:one">them</a></h2><h4>b</h4>', True)
@example("<pre>a\n\n\tb</pre>", True)
@example("<p>a\ue0f3\ue0f1</p>", True)
@example('<p><img src="https://e.org/x.png" alt="a"></p>', True)
def test_a_body_that_needs_no_tree_is_written_as_through_a_tree(html: str, wiki: bool) -> None:
    cleaned = clean(html)
    reading = replace(READ, wiki=wiki)
    assert to_moodle(cleaned, reading) == through_a_tree(cleaned, reading)


def test_plain_pages_and_prompts_need_no_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = '<h2>a</h2><p>b <a href="item:one">them</a>, <em>c</em> &amp; [d]</p><ul><li>e</li></ul><h3>f</h3>'
    expected = {wiki: through_a_tree(clean(plain), replace(READ, wiki=wiki)) for wiki in (True, False)}
    monkeypatch.setattr(dialect, "parse", None)
    assert {wiki: to_moodle(plain, replace(READ, wiki=wiki)) for wiki in (True, False)} == expected


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["<li><h2>x</h2></li>", '<li><a href="item:one">x</a></li>', "<li>[[a|</li>"])
def test_a_text_of_one_very_long_line_ends_soon(piece: str) -> None:
    times = 800_000 // len(piece)
    assert to_moodle(clean(f"<ul>{piece * times}</ul>"), READ).count("<li>") == times
