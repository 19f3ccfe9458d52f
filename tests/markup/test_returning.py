"""From how a destination shows a text, and what people made of it there, to what the source is to say."""

import pytest

from lms_bridge.markup.digest import plain_form
from lms_bridge.markup.returning import addresses, returned

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


def test_no_way_has_a_line_of_ours_in_it() -> None:
    text = "<p>One of the words.</p><p>Two of them.</p>"
    changed = text.replace("Two of", "Two or three of")
    for head in range(4):
        above = "".join(f"<h4>Course {n}</h4>" for n in range(head))
        for below in (
            "",
            "<p>Source</p>",
            "<p>Source</p><ul><li>A</li></ul><p>Source</p>",
            "<p>Written by us, and read by many.</p><ul><li>A</li></ul>",
        ):
            ways = returned(text, above + text + below, above + changed + below, {})
            assert {plain_form(way) for way in ways} == {plain_form(changed)}, (above, below)


def test_an_image_at_the_end_of_a_text_is_the_texts() -> None:
    item = '<p>Some words.</p><p><img src="asset:a" alt=""></p>'
    ways = returned(item, item + "<p>Source</p>", item.replace("Some", "More") + "<p>Source</p>", {})
    assert {plain_form(way) for way in ways} == {plain_form(item.replace("Some", "More"))}


def test_what_a_person_writes_stays_though_a_line_of_ours_says_the_same() -> None:
    item = "<p>One.</p><p>Two.</p>"
    assert plain_form(
        next(returned(item, item + "<p>Source</p>", item + "<p>Source</p><p>Source</p>", {}))
    ) == plain_form(item + "<p>Source</p>")


def test_links_of_the_same_words_lead_where_they_lead_in_the_source_one_after_the_other() -> None:
    item = '<p><a href="item:a">here</a> <a href="item:b">here</a> <a href="item:c">there</a></p>'
    shown = (
        '<p><a href="/1">here</a> <a href="/9">ours</a> <a href="/2">here</a> <a href="/3">there</a> <a href="/1">here'
    )
    assert addresses(item, shown) == {"/1": "item:a", "/2": "item:b", "/3": "item:c"}


def test_where_the_destination_forgot_the_form_the_words_come_back_all_the_same() -> None:
    ways = [plain_form(way) for way in returned(ITEM, SHOWN, SHOWN.replace("Meaning", "Another meaning"), {})]
    assert all("Another meaning" in way for way in ways)


def test_what_people_write_below_footnotes_is_offered_above_them() -> None:
    item = "<p>A<sup>1</sup>.</p><hr><ol><li>Note.</li></ol>"
    ways = list(returned(item, item, item + "<p>Mine.</p>", {}))
    assert plain_form("<p>A<sup>1</sup>.</p><p>Mine.</p><hr><ol><li>Note.</li></ol>") in map(plain_form, ways)


@pytest.mark.parametrize(
    ("own", "shown", "added", "expected"),
    [
        ("<h3>A</h3><h4>B</h4>", "<h4>A</h4><h5>B</h5>", "<h4>N</h4>", "<h3>N</h3>"),
        ("<h3>A</h3><h4>B</h4>", "<h4>A</h4><h5>B</h5>", "<h5>N</h5>", "<h4>N</h4>"),
        ("<h3>A</h3><h4>B</h4>", "<h4>A</h4><h5>B</h5>", "<h6>N</h6>", "<h5>N</h5>"),
        ("<h3>A</h3><h4>B</h4>", "<h4>A</h4><h5>B</h5>", "<h3>N</h3>", "<h2>N</h2>"),
        ("<h2>A</h2>", "<h4>A</h4>", "<h6>N</h6>", "<h4>N</h4>"),
        ("<h3>A</h3><h5>B</h5>", "<h1>A</h1><h2>B</h2>", "<h3>N</h3>", "<h6>N</h6>"),
        ("<h5>A</h5>", "<h3>A</h3>", "<h6>N</h6>", "<h6>N</h6>"),
        ("<h1>A</h1>", "<h3>A</h3>", "<h2>N</h2>", "<h1>N</h1>"),
        ("", "", "<h4>N</h4><h5>M</h5>", "<h2>N</h2><h3>M</h3>"),
        ("", "", "<h1>N</h1><h6>M</h6>", "<h2>N</h2><h6>M</h6>"),
        ("", "", "<h3>N</h3><h6>M</h6>", "<h2>N</h2><h5>M</h5>"),
    ],
)
def test_a_heading_that_a_person_added_gets_the_level_that_it_has_among_the_others(
    own: str, shown: str, added: str, expected: str
) -> None:
    words = "<p>Some words of the page.</p>"
    first = next(returned(words + own, words + shown, words + shown + added, {}))
    assert plain_form(first) == plain_form(words + own + expected)


def test_blocks_that_stand_in_another_form_keep_their_own_one_after_the_other() -> None:
    item = "".join(f"<dl><dt>T{n}</dt><dd>Meaning {n}.</dd></dl><p>Between {n}.</p>" for n in range(4))
    shown = "".join(f"<p><strong>T{n}</strong></p><p>Meaning {n}.</p><p>Between {n}.</p>" for n in range(4))
    for n in range(4):
        now = shown.replace(f"Between {n}", f"Right between {n}")
        first = next(returned(item, shown, now, {}))
        assert plain_form(first) == plain_form(item.replace(f"Between {n}", f"Right between {n}"))


def test_a_block_in_another_form_keeps_its_own_beside_one_without_words_and_one_that_was_forgotten() -> None:
    one, two = (f"<dl><dt>{term}</dt><dd>Meaning of {term}.</dd></dl>" for term in ("Term", "Word"))
    as_shown = "<p><strong>{0}</strong></p><p>Meaning of {0}.</p>"
    for before, kept in (
        ("<hr>", "<hr>"),
        ('<p><img src="asset:a" alt=""></p>', '<p><img src="asset:a" alt=""></p>'),
        ("<blockquote>Lost.</blockquote>", ""),
    ):
        item = f"<p>Words.</p>{before}{one}{two}<p>The end.</p>"
        shown = f"<p>Words.</p>{kept}{as_shown.format('Term')}{as_shown.format('Word')}<p>The end.</p>"
        ways = list(returned(item, shown, shown.replace("end", "very end"), {}))
        assert plain_form(ways[0]) == plain_form(item.replace("end", "very end"))
        assert plain_form(ways[-1]) == plain_form(f"<p>Words.</p>{kept}{one}{two}<p>The very end.</p>")


def test_blocks_of_the_same_words_are_each_taken_for_their_own() -> None:
    quote, end = "<blockquote><p>Same.</p></blockquote>", "<p>The end.</p>"
    image = '<p><img src="asset:a" alt=""></p>'
    for item in (quote + quote + end, quote + end + quote, quote + image + end):
        shown = item.replace("<blockquote>", "").replace("</blockquote>", "")
        ways = returned(item, shown, shown.replace("end", "very end"), {})
        assert {plain_form(way) for way in ways} == {plain_form(item.replace("end", "very end"))}


def test_an_addition_between_the_text_and_our_lines_is_the_texts() -> None:
    item, ours = "<p>One.</p><p>Two.</p>", "<h2>Pages</h2><ul><li>A</li></ul><p>Source</p>"
    for added in ("<p>Mine.</p>", "<p>One.</p>", "<ul><li>Mine</li></ul>"):
        for now in (item + added + ours, item + ours + added):
            assert plain_form(next(returned(item, item + ours, now, {}))) == plain_form(item + added)
    assert plain_form(next(returned("", ours, ours + "<p>Mine.</p>", {}))) == plain_form("<p>Mine.</p>")


def test_notes_in_the_middle_of_a_page_stay_where_they_are() -> None:
    item = "<p>A.</p><hr><ol><li>Step.</li></ol><p>B.</p><p>C<sup>1</sup>.</p><hr><ol><li>Note.</li></ol>"
    ways = [plain_form(way) for way in returned(item, item, item + "<p>Mine.</p><p>And mine.</p>", {})]
    wanted = item.replace("<hr><ol><li>Note", "<p>Mine.</p><p>And mine.</p><hr><ol><li>Note")
    assert plain_form(wanted) in ways


def test_code_from_which_an_editor_took_the_blank_lines_keeps_them() -> None:
    item = "<p>One.</p><pre>a = 1\n\nb = 2\n\n\nc = 3</pre><ul><li>x<pre>d\n\ne</pre></li></ul>"
    now = item.replace("\n\n\n", "\n").replace("\n\n", "\n").replace("One.", "One, says Ann.")
    assert plain_form(next(returned(item, item, now, {}))) == plain_form(item.replace("One.", "One, says Ann."))
    changed = now.replace("b = 2", "b = 20")
    assert "b = 20" in next(returned(item, item, changed, {}))
