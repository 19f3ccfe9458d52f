"""Texts in blocks, and texts parted at their images."""

import pytest
from hypothesis import given

from lms_bridge.markup.clean import clean
from lms_bridge.markup.fragment import MarkupError
from lms_bridge.markup.split import Image, blocks, split_at_images
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
