"""Headings fitted to the page that a text comes to stand on."""

import pytest

from lms_bridge.markup.headings import drop_leading, shift


@pytest.mark.parametrize(
    ("html", "dropped"),
    [
        ("<h1>T</h1>\n<p>a</p>", "<p>a</p>"),
        ("<p>a</p>\n<h1>T</h1>", "<p>a</p>\n<h1>T</h1>"),
        ("<h2>T</h2>\n<p>a</p>", "<h2>T</h2>\n<p>a</p>"),
        ("<h1>T</h1>", ""),
    ],
)
def test_a_title_is_not_shown_twice(html: str, dropped: str) -> None:
    assert drop_leading(html) == dropped


@pytest.mark.parametrize(
    ("html", "shifted"),
    [
        ("<h1>a</h1><h2>b</h2><h3>c</h3>", "<h2>a</h2><h3>b</h3><h4>c</h4>"),
        ("<h3>a</h3><h6>b</h6>", "<h2>a</h2><h4>b</h4>"),
        ("<p>no heading</p>", "<p>no heading</p>"),
    ],
)
def test_the_highest_heading_comes_to_the_wanted_level_and_none_falls_below_the_lowest(html: str, shifted: str) -> None:
    assert shift(html, top=2, bottom=4) == shifted
