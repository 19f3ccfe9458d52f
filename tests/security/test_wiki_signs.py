"""What Moodle's wiki and forum take for signs of their own is never what a text says: only what we mean by it."""

import re

import pytest

from lms_bridge.moodle.dialect import Reading, WikiTitle, to_moodle
from tests.security import corpus

OUR_LINK = re.compile(r"\[\[Plain title\|[^\[\]|<>&\"\r\n]+\]\]")
READING = Reading(link=lambda key: WikiTitle("Plain title", "https://e.org/x"), wiki=True, assets=True)

ATTEMPTS = [
    "[[x]]",
    "[&#91;x]]",
    "&#91;&lbrack;x]]",
    "[<b></b>[x]]",
    "[<script></script>[x]]",
    "[<!-- -->[x]]",
    "[\u200b[x]]",
    "&#xE0F3;x&#xE0F4;",
    "\ue0f3x\ue0f4",
    "<p title='&#xE0F3;x&#xE0F4;'>x</p>",
    "<img src='https://e.org/[[x]]' alt='[[x]]'>",
    "<a href='https://e.org/[[x]]'>y</a>",
    "[<a href='item:x'>label</a>]",
    "<a href='item:x'>[[x]]</a>",
    "<a href='item:x'>]]<b>x</b>[[</a>",
    "%!1!% <b></b>%<i></i>!x",
    "&#37;&excl;x",
    "<p title='%!1!%'>x</p>",
    "@@PLUGINFILE@@/x",
    "@<b></b>@PLUGINFILE@@/x",
    "&#64;&commat;PLUGINFILE@@/x",
    *corpus.OWN["Moodle's own signs"],
]


@pytest.mark.parametrize("text", ATTEMPTS)
def test_a_text_writes_no_link_and_no_place_holder_of_moodles(text: str) -> None:
    sent = to_moodle(text, READING)
    assert "[[" not in OUR_LINK.sub("", sent)
    assert "[[[" not in sent
    assert "%!" not in sent
    assert "@@PLUGINFILE@@" not in sent


def test_our_own_links_are_written() -> None:
    assert to_moodle("<p>see <a href='item:x'>this</a></p>", READING) == "<p>see [[Plain title|this]]</p>"
