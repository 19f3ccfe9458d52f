"""How much of what was sent came back."""

import pytest
from hypothesis import example, given

from lms_bridge.markup.clean import clean
from lms_bridge.markup.fidelity import Fidelity, fidelity, survival
from tests.markup import junk
from tests.markup.test_shortcuts import in_order

SENT = (
    '<p>One two three four <a href="https://e.org">five</a></p><img src="https://e.org/p.png" alt="p">'
    "<table><tr><td>a</td><td>b</td></tr></table>"
)


@pytest.mark.parametrize(
    ("old", "new", "lost"),
    [
        ("three", "", {"text"}),
        ("<a href", "<b data-href", {"links"}),
        ("e.org/p.png", "e.org/q.png", {"images"}),
        ("<td>b</td>", "<td>b</td>", set()),
        ("<td>a</td><td>b</td>", "<td>a b</td>", {"tables"}),
        ("<p>", "<p class='x'>\n", set()),
    ],
)
def test_each_loss_lowers_its_own_share(old: str, new: str, lost: set[str]) -> None:
    shares = fidelity(SENT, SENT.replace(old, new))
    assert {name for name in ("text", "links", "images", "tables") if getattr(shares, name) < 1} == lost
    assert shares.whole == (not lost)


def test_nothing_back_is_nothing_arrived() -> None:
    shares = fidelity(SENT, "")
    assert (shares.text, shares.links, shares.images, shares.tables) == (0, 0, 0, 0)


@given(junk.html)
def test_what_comes_back_unchanged_is_whole(html: str) -> None:
    assert fidelity(html, html) == Fidelity(text=1, links=1, images=1, tables=1)


def test_of_two_links_that_were_sent_the_one_that_came_is_half() -> None:
    link = '<a href="https://e.org/{}">x</a>'
    assert fidelity(link.format(1) + link.format(2), link.format(1)).links == 0.5


def test_a_word_that_is_said_again_and_again_counts_each_time() -> None:
    assert fidelity("so " + "la " * 300, "la " * 299).text > 0.99
    assert fidelity("la " * 300, "la " * 299).text > 0.99
    assert fidelity("so " + "la " * 300, "la " * 300).text > 0.99


def test_of_a_long_text_each_lost_word_counts_and_their_order_does_not() -> None:
    sent = [f"w{number}" for number in range(2_500)]
    assert fidelity(" ".join(sent), " ".join(sent[:2_300][::-1])).text == pytest.approx(2 * 2_300 / 4_800)


@given(junk.html | in_order(), junk.html | in_order())
@example('<p>a <a href="item:x">b</a></p>', '<p>a <a href="https://e.org">b</a></p>')
@example("<h2>a</h2>", "<h4>a</h4>")
@example("<h2>a</h2>", "<p>a</p>")
@example('<p><img src="asset:a" alt="x"></p>', '<p><img src="asset:b" alt="x"></p>')
@example("<table><tr><td>a</td><td>b</td></tr></table>", "<table><tr><td>a</td></tr><tr><td>b</td></tr></table>")
def test_what_stands_of_clean_texts_is_what_stands_of_any(source: str, got: str) -> None:
    """Their words and elements are compared first."""
    source, got = clean(source), clean(got)
    assert survival(source, got) == survival(str(source), str(got))


def test_of_a_page_that_stands_as_it_was_written_nothing_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    source, got = (
        clean(f'<h{level}>a</h{level}><p>b <a href="{address}">c</a></p><ol start="2"><li>d</li></ol>')
        for level, address in ((2, "item:x"), (4, "https://e.org"))
    )
    monkeypatch.setattr("lms_bridge.markup.fidelity.parse", None)
    assert survival(source, got).whole
