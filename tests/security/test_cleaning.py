"""No published attack gets past the cleaner or out of a dialect, and what is left has one reading only."""

from collections.abc import Callable
from contextlib import suppress
from functools import cache

import pytest

from lms_bridge.markup.clean import clean
from lms_bridge.markup.fragment import MAX_LENGTH, MarkupError, parse, serialize
from lms_bridge.markup.markdown import to_html
from lms_bridge.moodle.dialect import Reading, to_moodle
from lms_bridge.sharepoint.dialect import to_sharepoint
from tests.security import corpus
from tests.security.harmless import harm_in

ADDRESS = "https://e.org/x"


@cache
def from_markdown(text: str) -> str:
    """As a content folder would have it, every link and image leading somewhere."""
    found = to_html(
        text,
        resolve_link=lambda address, line: ADDRESS,
        resolve_image=lambda address, line: ADDRESS,
        wiki_link=lambda title, line: "item:x",
    )
    return found.html


def into_moodle(*, wiki: bool) -> Callable[[str], str]:
    reading = Reading(link=lambda key: ADDRESS, wiki=wiki, assets=True)
    return lambda text: to_moodle(from_markdown(text), reading)


def into_sharepoint(text: str) -> str:
    return to_sharepoint(from_markdown(text), link_of=lambda key: ADDRESS, images_kept=True)


WAYS_OUT = {
    "the cleaner": clean,
    "Markdown": from_markdown,
    "a wiki page in Moodle": into_moodle(wiki=True),
    "a post in Moodle": into_moodle(wiki=False),
    "a page in SharePoint": into_sharepoint,
}


def test_the_public_collection_is_there_and_large() -> None:
    attacks = corpus.published()
    assert len(attacks) > 4000
    assert sum("<" in attack for attack in attacks) > 2500


@pytest.mark.parametrize("way", WAYS_OUT)
def test_no_published_attack_gets_through(way: str) -> None:
    out = WAYS_OUT[way]
    got = {attack: harm for attack in corpus.published() if (harm := harm_in(out(attack)))}
    assert got == {}


@pytest.mark.parametrize("way", WAYS_OUT)
@pytest.mark.parametrize("kind", corpus.OWN)
def test_no_attack_of_a_kind_gets_through(kind: str, way: str) -> None:
    for attack in corpus.OWN[kind]:
        for text in (attack, f"before {attack} after", f"- {attack}\n- x", f"| {attack} |\n|---|\n| x |"):
            assert harm_in(WAYS_OUT[way](text)) == [], text


def test_what_was_cleaned_is_read_as_the_same_tree_again() -> None:
    """A text whose second reading differs from its first is how cleaners are passed."""
    for attack in corpus.every():
        once = clean(attack)
        assert clean(str(once)) == once, attack
        assert serialize(parse(once)) == once, attack


def test_two_attacks_that_meet_in_one_text_make_no_third() -> None:
    attacks = corpus.every()
    for one, other in zip(attacks, attacks[1:] + attacks[:1], strict=True):
        assert harm_in(clean(f"<p>{one}<b title='{other}'>{other}</p>{one}")) == []


@pytest.mark.parametrize(
    "text",
    [
        "<div>" * 200_000,
        "<b>" * 100_000 + "x",
        "<table>" * 50_000,
        "<svg>" * 100_000,
        "<!--" * 200_000,
        "&" * 900_000,
        "&#x41" * 180_000,
        "<a href='" + "x" * 990_000,
        "<p " + "a=1 " * 200_000 + ">x",
        "<![CDATA[" * 100_000,
        "</p>" * 200_000,
        "<a>" * 3_000 + "<table>" * 3_000,
        "x" * (MAX_LENGTH + 1),
    ],
    ids=lambda text: f"{text[:9]} {len(text)}",
)
def test_a_text_made_to_take_for_ever_is_cleaned_or_refused(text: str) -> None:
    with suppress(MarkupError):
        assert harm_in(clean(text)) == []


def test_the_judge_sees_harm_where_it_is() -> None:
    """What finds nothing must be able to find something: each of these is one kind of harm."""
    harmful = [
        "<script>x</script>",
        '<p onclick="x">x</p>',
        '<p id="x">x</p>',
        '<a href="javascript:x">x</a>',
        '<a href="//e.org">x</a>',
        "<p title='x'>x</p>",
        '<p title="a<b">x</p>',
        "<p>a < b</p>",
        "<p>&copy;</p>",
        "<!-- x -->",
        "<p>x",
        "</p>",
        '<p class="lmsb">x</p>',
        "<BR>",
        "<br/>",
    ]
    assert [text for text in harmful if not harm_in(text)] == []
    assert (
        harm_in('<p class="language-c" title="a &amp; &quot;b&quot;">x<br><img src="https://e.org/" alt=""></p>') == []
    )
