"""Texts in blocks, and texts parted at their images."""

import pytest
from hypothesis import given

from lms_bridge.markup.clean import Allowed, clean
from lms_bridge.markup.fragment import Cleaned, MarkupError
from lms_bridge.markup.split import Image, blocks, is_block, joined, split_at_images
from lms_bridge.markup.text import words
from tests.markup import junk

PIC = '<img src="asset:ab" alt="pic">'
LIFTED = Image("asset:ab", "pic")


@pytest.mark.parametrize(
    ("html", "parts"),
    [
        ("<p>a</p><p>b</p>", ["<p>a</p>\n<p>b</p>"]),
        (f"<p>{PIC}</p>", [LIFTED]),
        (f"<p>a {PIC} b</p><p>c</p>", ["<p>a </p>", LIFTED, "<p> b</p>\n<p>c</p>"]),
        (f"<p>a <b>x {PIC} y</b> z</p>", ["<p>a <strong>x </strong></p>", LIFTED, "<p><strong> y</strong> z</p>"]),
        (
            f'<p><a href="https://e.org">{PIC}</a> after</p>',
            [Image("asset:ab", "pic", "", "https://e.org"), "<p> after</p>"],
        ),
        (
            f"<ol><li>one</li><li>two {PIC}</li><li>three</li></ol>",
            ["<ol><li>one</li><li>two </li></ol>", LIFTED, '<ol start="3"><li>three</li></ol>'],
        ),
        (
            f'<ol start="4" class="x"><li>four {PIC}</li><li>five {PIC}</li><li>six</li></ol>',
            [
                *('<ol start="4" class="x"><li>four </li></ol>', LIFTED),
                *('<ol start="5" class="x"><li>five </li></ol>', LIFTED, '<ol start="6" class="x"><li>six</li></ol>'),
            ],
        ),
        (f'<ol start="x"><li>{PIC}</li><li>b</li></ol>', [LIFTED, '<ol start="2"><li>b</li></ol>']),
        (f'<ol start="0"><li>{PIC}</li><li>b</li></ol>', [LIFTED, "<ol><li>b</li></ol>"]),
        (
            f"<p>a <b>b</b> {PIC} c <b>d</b> {PIC}</p>",
            ["<p>a <strong>b</strong> </p>", LIFTED, "<p> c <strong>d</strong> </p>", LIFTED],
        ),
        (f"<h2>{PIC} T</h2>", [LIFTED, "<h2> T</h2>"]),
        (f"<hr>{PIC}<p></p>", ["<hr>", LIFTED]),
        (f"<ul><li>{PIC}</li><li>b</li></ul>", [LIFTED, "<ul><li>b</li></ul>"]),
        (
            f"<table><tr><td>{PIC}</td><td>b {PIC}</td></tr></table>",
            ["<table><tbody><tr><td>pic</td><td>b </td></tr></tbody></table>", LIFTED, LIFTED],
        ),
        (
            f"<blockquote><p>a {PIC}</p></blockquote><p>b</p>",
            ["<blockquote><p>a </p></blockquote>", LIFTED, "<p>b</p>"],
        ),
        (f"loose {PIC} words", ["loose ", LIFTED, " words"]),
        (f"loose <b>x {PIC} y</b> z", ["loose <strong>x </strong>", LIFTED, "<strong> y</strong> z"]),
        (f"<b>x {PIC} y</b> <i>z</i>", ["<strong>x </strong>", LIFTED, "<strong> y</strong> <em>z</em>"]),
        (f"<b>{PIC}</b> after", [LIFTED, "<strong></strong> after"]),
        (
            f"<table><tr><td> {PIC} </td><td><b>{PIC}</b></td></tr></table>",
            ["<table><tbody><tr><td> pic </td><td><strong></strong></td></tr></tbody></table>", LIFTED, LIFTED],
        ),
        ("", []),
    ],
)
def test_images_come_to_stand_between_the_texts_around_them(html: str, parts: list[str | Image]) -> None:
    assert split_at_images(html) == parts


def test_more_than_a_thousand_images_are_refused() -> None:
    assert split_at_images(PIC * 1_000) == [LIFTED] * 1_000
    with pytest.raises(MarkupError, match="more than 1,000 images"):
        split_at_images(PIC * 1_001)


def test_blocks_are_the_lines_of_a_clean_text() -> None:
    html = "<h2>T</h2>\n<ul><li>a</li></ul>\n<p>b</p>"
    assert blocks(html) == html.split("\n")
    assert blocks("words <b>here</b><p>x</p>") == ["<p>words <strong>here</strong></p>", "<p>x</p>"]


@pytest.mark.parametrize(
    ("html", "begins"),
    [
        ("<p>a b</p>", True),
        ('<ol start="2"><li>a > b</li></ol>', True),
        ("<blockquote><p>a</p></blockquote>", True),
        ("<hr>", True),
        ("<strong>a</strong><p>b</p>", False),
        ("<pages>", False),
        ("a <p>b</p>", False),
        ("", False),
    ],
)
def test_a_text_begins_with_a_block_or_with_words(html: str, begins: bool) -> None:
    assert is_block(html) == begins


NARROW = Allowed(tags=frozenset({"p"}))


@pytest.mark.parametrize(
    ("texts", "is_clean"),
    [
        ([clean("<h2>T</h2>"), clean("<p>a</p>")], True),
        ([clean("<p>a</p>")], True),
        ([clean("<p>a</p>"), "<p onclick=x>b</p>"], False),
        (["<p onclick=x>a</p>", "<p onclick=x>b</p>"], False),
        # What one destination takes, another does not.
        ([clean("<p>a</p>", policy=NARROW), clean("<p>b</p>")], False),
        # Words beside a block are to come into a paragraph first.
        ([clean("words"), clean("<p>a</p>")], False),
        ([], False),
    ],
)
def test_blocks_together_are_taken_for_clean_where_each_is_clean_for_the_same_destination(
    texts: list[str], is_clean: bool
) -> None:
    whole = joined(texts)
    assert isinstance(whole, Cleaned) == is_clean
    assert whole == "\n".join(texts)
    assert clean(whole) == clean("".join(texts))


def test_the_blocks_of_a_clean_text_are_known_to_be_clean_and_words_are_not() -> None:
    assert [isinstance(block, Cleaned) for block in blocks(clean("<h2>T</h2><p>a</p>"))] == [True, True]
    assert [isinstance(block, Cleaned) for block in blocks(clean("words <b>here</b>"))] == [False]
    assert [isinstance(block, Cleaned) for block in blocks("<p>a</p>")] == [False]


@given(junk.html)
def test_parting_loses_no_word_and_no_image(html: str) -> None:
    cleaned = clean(html)
    parts = split_at_images(cleaned)
    assert sum(isinstance(part, Image) for part in parts) == cleaned.count("<img ")
    if "<img" not in cleaned:
        assert words("\n".join(part for part in parts if isinstance(part, str))) == words(cleaned)


@given(junk.html)
def test_blocks_together_are_the_whole_text(html: str) -> None:
    cleaned = clean(html)
    assert clean("\n".join(blocks(cleaned))) == cleaned
