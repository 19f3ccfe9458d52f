"""What makes two blocks the same to a reader, and how much alike they are when they are not."""

import pytest
from hypothesis import given

from lms_bridge.markup.merge import merge
from lms_bridge.markup.merge_html import tree_of
from lms_bridge.markup.merge_pairs import CHANGED
from lms_bridge.markup.merge_tree import Block, likeness
from tests.markup.pages import three_texts

ONE_THING = {
    "a paragraph made a heading": ("<p>Before you go</p>", "<h2>Before you go</h2>"),
    "a numbered list of bullets": ("<ul><li>tea</li><li>milk</li></ul>", "<ol><li>tea</li><li>milk</li></ol>"),
    "a list that grew": (
        "<ul><li>tea</li><li>milk</li></ul>",
        "<ul><li>tea</li><li>milk</li><li>rice</li><li>eggs</li><li>salt</li><li>oil</li><li>bread</li></ul>",
    ),
    "a list of one that grew": (
        "<ul><li>tea</li></ul>",
        "<ul><li>tea</li><li>milk</li><li>rice</li><li>eggs</li><li>salt</li></ul>",
    ),
    "a term that is told anew": ("<dl><dt>ham</dt><dd>of a pig</dd></dl>", "<dl><dt>ham</dt><dd>smoked meat</dd></dl>"),
    "the same words of another term": (
        "<dl><dt>ham</dt><dd>is the smoked leg of a pig</dd></dl>",
        "<dl><dt>gammon</dt><dd>is the smoked leg of a pig</dd></dl>",
    ),
}
TWO_THINGS = {
    "a paragraph and a list of the same words": ("<p>tea milk</p>", "<ul><li>tea milk</li></ul>"),
    "paragraphs with no word in common": ("<p>wash it</p>", "<p>dry this</p>"),
    "paragraphs with few words in common": ("<p>wash the cup well</p>", "<p>dry the large old pot</p>"),
    "lists with few items in common": (
        "<ul><li>tea</li><li>milk</li><li>rice</li></ul>",
        "<ul><li>tea</li><li>eggs</li><li>salt</li><li>oil</li></ul>",
    ),
    "terms that are told with half of the same words": (
        "<dl><dt>ham</dt><dd>smoked leg of a pig</dd></dl>",
        "<dl><dt>bacon</dt><dd>salted side of a pig</dd></dl>",
    ),
    "lists without words": ("<ul><li><hr></li></ul>", "<ul><li><hr></li><li>tea</li></ul>"),
}


@pytest.mark.parametrize(("one", "other"), ONE_THING.values(), ids=ONE_THING)
def test_these_are_one_thing(one: str, other: str) -> None:
    assert CHANGED <= likeness(only(one), only(other)) <= 1


@pytest.mark.parametrize(("one", "other"), TWO_THINGS.values(), ids=TWO_THINGS)
def test_these_are_two_things(one: str, other: str) -> None:
    assert 0 <= likeness(only(one), only(other)) < CHANGED


def only(html: str) -> Block:
    """The block; of a list of definitions, its entry."""
    (block,) = tree_of(html).children
    return block.children[0] if block.tag == "dl" else block


@given(three_texts())
def test_likeness_goes_from_nothing_to_all(texts: tuple[str, str, str]) -> None:
    one, other, _ = map(tree_of, texts)
    for block in one.children:
        assert likeness(block, block) == 1
        for another in other.children:
            assert 0 <= likeness(block, another) == likeness(another, block) <= 1


# What theirs makes of the base, which no reader sees: ours may take the block out as if it had been left alone.
UNSEEN = {
    "a hard blank before it": "<p>&nbsp;wash it</p>",
    "a hard blank behind it": "<p>wash it&nbsp;</p>",
    "hard blanks around it": "<p>&nbsp;<strong>&nbsp;</strong>wash it<strong>&nbsp;</strong>&nbsp;</p>",
    "an element that shows nothing": '<p><span class="x">wash</span> it</p>',
    "a division in the paragraph's place": '<div class="x">wash it</div>',
    "a division around it": '<div class="x"><p>wash it</p></div>',
}


@pytest.mark.parametrize("theirs", UNSEEN.values(), ids=UNSEEN)
def test_what_no_reader_sees_is_no_change(theirs: str) -> None:
    found = merge("<p>wash it</p><p>dry the cup</p>", f"{theirs}<p>dry a cup</p>", "<p>dry the cup</p>")
    assert (found.html, found.clashes) == ("<p>dry a cup</p>", ())


@pytest.mark.parametrize("theirs", ["wash itself", "wash", "it", "<strong>wash</strong> it", "wash<br>it"])
def test_what_a_reader_sees_is_a_change(theirs: str) -> None:
    assert not merge("<p>wash it</p><p>dry it</p>", f"<p>{theirs}</p><p>dry it</p>", "<p>dry it</p>").clean


@pytest.mark.parametrize(
    ("base", "theirs", "ours", "merged"),
    [
        (' class="a"', ' class="b"', ' class="a"', ' class="b"'),
        (' class="a"', ' class="a"', ' class="b"', ' class="b"'),
        (' class="a"', ' class="b"', ' class="c"', ' class="b"'),
        (' class="a"', "", ' class="a"', ""),
        (' class="a"', ' class="a"', "", ""),
        ("", ' class="b"', ' lang="de"', ' class="b" lang="de"'),
    ],
    ids=["theirs changed it", "ours changed it", "both: theirs", "theirs took it out", "ours took it out", "two"],
)
def test_attributes_that_do_not_show_follow_who_changed_them(base: str, theirs: str, ours: str, merged: str) -> None:
    found = merge(f"<p{base}>wash the red cup</p>", f"<p{theirs}>dry the red cup</p>", f"<p{ours}>wash the red pot</p>")
    assert (found.html, found.clashes) == (f"<p{merged}>dry the red pot</p>", ())
