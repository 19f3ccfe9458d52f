"""How much of what was sent came back."""

import pytest
from hypothesis import given

from lms_bridge.markup.fidelity import fidelity
from tests.markup import junk

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
    assert fidelity(html, html).whole
