"""From how a destination shows a text, and what people made of it there, to what the source is to say."""

import pytest

from lms_bridge.markup.digest import plain_form
from lms_bridge.markup.returning import returned

ITEM = (
    '<p>See <a href="item:cells">cells</a> and <code>x</code>.</p><h2>More</h2><p>Words.</p>'
    "<dl><dt>Term</dt><dd>Meaning.</dd></dl>"
)
SHOWN = (
    '<h4>Biology</h4><p>See <a href="https://lms/cells">cells</a> and x.</p><h5>More</h5><p>Words.</p>'
    "<p><strong>Term</strong></p><p>Meaning.</p>"
    '<p><a href="https://git/bio.md">Source</a></p>'
)


def first(now: str) -> str:
    return next(returned(ITEM, SHOWN, now, {"https://lms/plants": "item:plants"}))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("Words.", "Words, says Ann.", ITEM.replace("Words.", "Words, says Ann.")),
        ("and x", "and surely x", ITEM.replace("and <code>", "and surely <code>")),
        ("<p>Words.</p>", "<h5>Ann's</h5><p>Words.</p>", ITEM.replace("<p>Words", "<h2>Ann's</h2><p>Words")),
        (
            "Words.",
            'Words on <a href="https://lms/plants">plants</a>.',
            ITEM.replace("Words.", 'Words on <a href="item:plants">plants</a>.'),
        ),
        ("</a></p>", "</a></p><p>At the end.</p>", ITEM + "<p>At the end.</p>"),
        ("<h4>Biology</h4>", "", ITEM),
        ("<h5>More</h5>", "", ITEM.replace("<h2>More</h2>", "")),
    ],
    ids=["a word", "beside what was lost", "a heading", "a link", "below our lines", "our line gone", "a heading gone"],
)
def test_a_change_comes_back_in_the_sources_form(old: str, new: str, expected: str) -> None:
    head, _, tail = SHOWN.rpartition(old)
    assert head or tail
    assert plain_form(first(head + new + tail)) == plain_form(expected)


def test_where_the_destination_forgot_the_form_the_words_come_back_all_the_same() -> None:
    ways = [plain_form(way) for way in returned(ITEM, SHOWN, SHOWN.replace("Meaning", "Another meaning"), {})]
    assert all("Another meaning" in way for way in ways)


def test_what_people_write_below_footnotes_is_offered_above_them() -> None:
    item = "<p>A<sup>1</sup>.</p><hr><ol><li>Note.</li></ol>"
    ways = list(returned(item, item, item + "<p>Mine.</p>", {}))
    assert plain_form("<p>A<sup>1</sup>.</p><p>Mine.</p><hr><ol><li>Note.</li></ol>") in map(plain_form, ways)
