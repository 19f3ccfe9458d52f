"""What a person and the source changed in one text becomes one text: which changes stand, and which clash."""

import sys
from collections import Counter
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_bridge.markup.digest import digest
from lms_bridge.markup.fragment import parse, rows
from lms_bridge.markup.merge import Clash, Merge, merge
from lms_bridge.markup.merge_html import canonical
from lms_bridge.markup.text import words
from tests.markup import junk
from tests.markup.editing import edited, reindented
from tests.markup.pages import three_texts

PAGE = (
    "<h2>Before you go</h2>"
    "<p>Pack the <strong>small</strong> bag, close every window and leave the key with Ms Lind.</p>"
    "<ol><li>Switch the heating off</li><li>Water the plants</li><li>Empty the letter box</li></ol>"
    "<p>The train leaves at noon.</p>"
    '<p>Questions? See the <a href="https://example.org/guide">guide</a>.</p>'
)
TABLE = (
    "<table><thead><tr><th>Room</th><th>Seats</th><th>Floor</th></tr></thead><tbody>"
    "<tr><td>Hall</td><td>80</td><td>0</td></tr>"
    "<tr><td>Library</td><td>12</td><td>1</td></tr>"
    "<tr><td>Attic</td><td>6</td><td>4</td></tr></tbody></table>"
)

# What theirs and ours change, and what comes of both; each edit by what it replaces.
CLEAN = {
    "different paragraphs": (
        {"at noon": "at eleven"},
        {"Before you go": "Before you leave"},
        {"at noon": "at eleven", "Before you go": "Before you leave"},
    ),
    "different words of one sentence": (
        {"every window": "all windows"},
        {"with Ms Lind": "with the caretaker"},
        {"every window": "all windows", "with Ms Lind": "with the caretaker"},
    ),
    "the same change on both sides": (
        {"at noon": "at eleven"},
        {"at noon": "at eleven", "plants": "flowers"},
        {"at noon": "at eleven", "plants": "flowers"},
    ),
    "a word within words that become bold": (
        {"close every window": "<b>close every window</b>"},
        {"every window": "each window"},
        {"close every window": "<b>close each window</b>"},
    ),
    "a word put between words that become a link": (
        {"leave the key": "leave the spare key"},
        {"leave the key with": '<a href="https://example.org/k">leave the key with</a>'},
        {"leave the key with": '<a href="https://example.org/k">leave the spare key with</a>'},
    ),
    "a link's address and its words": (
        {">guide<": ">handbook<"},
        {"org/guide": "org/book"},
        {"org/guide": "org/book", ">guide<": ">handbook<"},
    ),
    "a heading's level and its words": (
        {"Before you go": "Before you leave"},
        {"<h2>": "<h3>", "</h2>": "</h3>"},
        {"<h2>Before you go</h2>": "<h3>Before you leave</h3>"},
    ),
    "a bulleted list from a numbered one, and one more item": (
        {"<ol>": "<ul>", "</ol>": "</ul>"},
        {"</ol>": "<li>Call a taxi</li></ol>"},
        {"<ol>": "<ul>", "</ol>": "<li>Call a taxi</li></ul>"},
    ),
    "paragraphs in the items, and a word of one": (
        {"letter box": "mailbox"},
        {"<li>Empty the letter box</li>": "<li><p>Empty the letter box</p><p>It is the blue one.</p></li>"},
        {"<li>Empty the letter box</li>": "<li><p>Empty the mailbox</p><p>It is the blue one.</p></li>"},
    ),
    "two additions at one spot: both, theirs first": (
        {"at noon.</p>": "at noon.</p><p>Platform two.</p>"},
        {"at noon.</p>": "at noon.</p><p>Take bread along.</p>"},
        {"at noon.</p>": "at noon.</p><p>Platform two.</p><p>Take bread along.</p>"},
    ),
    "the same addition on both sides: once": (
        {"at noon.</p>": "at noon.</p><p>Platform two.</p>"},
        {"at noon.</p>": "at noon.</p><p>Take bread along.</p><p>Platform two.</p>"},
        {"at noon.</p>": "at noon.</p><p>Take bread along.</p><p>Platform two.</p>"},
    ),
    "something taken out that the other left alone": (
        {"<p>The train leaves at noon.</p>": ""},
        {"plants": "flowers"},
        {"<p>The train leaves at noon.</p>": "", "plants": "flowers"},
    ),
    "an item moved to the top, and a word changed in it": (
        {"<li>Empty the letter box</li>": "", "<ol>": "<ol><li>Empty the letter box</li>"},
        {"the letter box": "the letter box twice"},
        {"<li>Empty the letter box</li>": "", "<ol>": "<ol><li>Empty the letter box twice</li>"},
    ),
    "what both moved to the same place: once": (
        {"<p>The train leaves at noon.</p>": "", "<ol>": "<p>The train leaves at noon.</p><ol>"},
        {"<p>The train leaves at noon.</p>": "", "<ol>": "<p>The train leaves at noon.</p><ol>", "Lind": "Lund"},
        {"<p>The train leaves at noon.</p>": "", "<ol>": "<p>The train leaves at noon.</p><ol>", "Lind": "Lund"},
    ),
    "an inner list, and a word of the item above it": (
        {"plants</li>": "plants<ul><li>the big one twice</li></ul></li>"},
        {"Water the plants": "Water all the plants"},
        {"Water the plants</li>": "Water all the plants<ul><li>the big one twice</li></ul></li>"},
    ),
}

CLASHES = {
    "two new versions of one word": ({"at noon": "at eleven"}, {"at noon": "at one"}),
    "changed words that touch": ({"small</strong> bag": "small</strong> suitcase"}, {"small": "large"}),
    "two additions to one sentence at one spot": ({"at noon.": "at noon. Hurry!"}, {"at noon.": "at noon. Be early."}),
    "an edit against a removal": ({"at noon": "at eleven"}, {"<p>The train leaves at noon.</p>": ""}),
    "a removal against an edit": ({"<p>The train leaves at noon.</p>": ""}, {"at noon": "at eleven"}),
    "a removal against a link": (
        {", close every window": ""},
        {"every window": "<a href='https://e.org/'>every window</a>"},
    ),
    "two new addresses of one link": ({"org/guide": "org/a"}, {"org/guide": "org/b"}),
    "two new levels of one heading": (
        {"<h2>": "<h3>", "</h2>": "</h3>"},
        {"<h2>": "<h4>", "</h2>": "</h4>"},
    ),
    "two new paragraphs in the place of one": (
        {"<p>The train leaves at noon.</p>": "<p>Take a taxi.</p>"},
        {"<p>The train leaves at noon.</p>": "<p>Nobody may leave before four.</p>"},
    ),
    "two additions that are nearly the same": (
        {"at noon.</p>": "at noon.</p><p>It stands on platform two, as ever.</p>"},
        {"at noon.</p>": "at noon.</p><p>It stands on platform two, as always.</p>"},
    ),
    "what both moved to different places": (
        {"<p>The train leaves at noon.</p>": "", "<ol>": "<p>The train leaves at noon.</p><ol>"},
        {"<p>The train leaves at noon.</p>": "", "<h2>": "<p>The train leaves at noon.</p><h2>"},
    ),
    "an addition to a section that is taken out": (
        {"</ol>": "</ol><p>My neighbour helps.</p>"},
        {PAGE[PAGE.index("<p>Pack") : PAGE.index("<p>The train")]: ""},
    ),
}


NEW_COLUMN = {
    "<th>Floor</th>": "<th>Floor</th><th>Key</th>",
    "<td>0</td>": "<td>0</td><td>gate</td>",
    "<td>1</td>": "<td>1</td><td>desk</td>",
    "<td>4</td>": "<td>4</td><td>none</td>",
}
NO_SEATS = {"<th>Seats</th>": "", "<td>80</td>": "", "<td>12</td>": "", "<td>6</td>": ""}
LAST_ROW = "<td>4</td></tr>"

CLEAN_TABLES = {
    "cells of one row": (
        {"Library": "Reading room"},
        {"<td>12</td>": "<td>14</td>"},
        {"Library": "Reading room", "<td>12</td>": "<td>14</td>"},
    ),
    "a new row and a new column: the row gets an empty cell": (
        {LAST_ROW: f"{LAST_ROW}<tr><td>Shed</td><td>3</td><td>0</td></tr>"},
        NEW_COLUMN,
        {name: new for name, new in NEW_COLUMN.items() if name != "<td>4</td>"}
        | {LAST_ROW: "<td>4</td><td>none</td></tr><tr><td>Shed</td><td>3</td><td>0</td><td></td></tr>"},
    ),
    "two new columns at one spot: theirs first": (
        NEW_COLUMN,
        {
            "<th>Floor</th>": "<th>Floor</th><th>Lift</th>",
            "<td>0</td>": "<td>0</td><td>-</td>",
            "<td>1</td>": "<td>1</td><td>yes</td>",
            "<td>4</td>": "<td>4</td><td>no</td>",
        },
        {
            "<th>Floor</th>": "<th>Floor</th><th>Key</th><th>Lift</th>",
            "<td>0</td>": "<td>0</td><td>gate</td><td>-</td>",
            "<td>1</td>": "<td>1</td><td>desk</td><td>yes</td>",
            "<td>4</td>": "<td>4</td><td>none</td><td>no</td>",
        },
    ),
    "a column taken out, a cell changed in another": (
        NO_SEATS,
        {"Library": "Reading room"},
        NO_SEATS | {"Library": "Reading room"},
    ),
    "columns that changed places, and a cell": (
        {
            "<th>Seats</th><th>Floor</th>": "<th>Floor</th><th>Seats</th>",
            "<td>80</td><td>0</td>": "<td>0</td><td>80</td>",
            "<td>12</td><td>1</td>": "<td>1</td><td>12</td>",
            "<td>6</td><td>4</td>": "<td>4</td><td>6</td>",
        },
        {"<td>12</td>": "<td>14</td>"},
        {
            "<th>Seats</th><th>Floor</th>": "<th>Floor</th><th>Seats</th>",
            "<td>80</td><td>0</td>": "<td>0</td><td>80</td>",
            "<td>12</td><td>1</td>": "<td>1</td><td>14</td>",
            "<td>6</td><td>4</td>": "<td>4</td><td>6</td>",
        },
    ),
    "a row taken out, another moved with a changed cell": (
        {
            "<tr><td>Attic</td><td>6</td><td>4</td></tr>": "",
            "<tbody>": "<tbody><tr><td>Attic</td><td>6</td><td>4</td></tr>",
        },
        {"<tr><td>Library</td><td>12</td><td>1</td></tr>": "", "<td>6</td>": "<td>8</td>"},
        {
            "<tr><td>Library</td><td>12</td><td>1</td></tr>": "",
            "<tr><td>Attic</td><td>6</td><td>4</td></tr>": "",
            "<tbody>": "<tbody><tr><td>Attic</td><td>8</td><td>4</td></tr>",
        },
    ),
    "a row that becomes a heading, and a word in it": (
        {"<td>Library</td><td>12</td><td>1</td>": "<th>Library</th><th>12</th><th>1</th>"},
        {"Library": "Reading room"},
        {"<td>Library</td><td>12</td><td>1</td>": "<th>Reading room</th><th>12</th><th>1</th>"},
    ),
}
CLASHING_TABLES = {
    "one cell": ({"<td>12</td>": "<td>14</td>"}, {"<td>12</td>": "<td>10</td>"}),
    "a row taken out in which a cell changed": (
        {"<tr><td>Library</td><td>12</td><td>1</td></tr>": ""},
        {"<td>12</td>": "<td>10</td>"},
    ),
    "a cell changed in a column taken out": ({"<td>12</td>": "<td>14</td>"}, NO_SEATS),
    "a new row with words for a column taken out": (
        {LAST_ROW: f"{LAST_ROW}<tr><td>Shed</td><td>3</td><td>0</td></tr>"},
        NO_SEATS,
    ),
    "a row taken out for which there are words in a new column": (
        NEW_COLUMN,
        {"<tr><td>Library</td><td>12</td><td>1</td></tr>": ""},
    ),
    "the same row twice, with different words": (
        {LAST_ROW: f"{LAST_ROW}<tr><td>Shed</td><td>3</td><td>0</td></tr>"},
        {LAST_ROW: f"{LAST_ROW}<tr><td>Shed</td><td>5</td><td>0</td></tr>"},
    ),
    "a new row where cells of others grew together": (
        {LAST_ROW: f"{LAST_ROW}<tr><td>Shed</td><td>3</td><td>0</td></tr>"},
        {"<tr><td>Hall</td><td>80</td><td>0</td></tr>": '<tr><td rowspan="2">Hall</td><td>80</td><td>0</td></tr>'},
    ),
}


@pytest.mark.parametrize(("theirs", "ours", "merged"), CLEAN_TABLES.values(), ids=CLEAN_TABLES)
def test_tables_merge(theirs: dict[str, str], ours: dict[str, str], merged: dict[str, str]) -> None:
    found = merge(TABLE, reindented(edited(TABLE, theirs)), edited(TABLE, ours))
    assert found.clashes == ()
    assert digest(found.html) == digest(edited(TABLE, merged))


@pytest.mark.parametrize(("theirs", "ours"), CLASHING_TABLES.values(), ids=CLASHING_TABLES)
def test_tables_clash_and_keep_what_the_person_wrote(theirs: dict[str, str], ours: dict[str, str]) -> None:
    """What the source changed beside the table is taken over all the same."""
    old, new = "<p>Ask at the desk.</p>", "<p>Ask at the gate.</p>"
    found = merge(TABLE + old, edited(TABLE, theirs) + old, edited(TABLE, ours) + new)
    assert not found.clean
    assert digest(found.html) == digest(edited(TABLE, theirs) + new)


@pytest.mark.parametrize(("theirs", "ours", "merged"), CLEAN.values(), ids=CLEAN)
def test_it_merges(theirs: dict[str, str], ours: dict[str, str], merged: dict[str, str]) -> None:
    found = merge(PAGE, reindented(edited(PAGE, theirs)), edited(PAGE, ours))
    assert found.clashes == ()
    assert digest(found.html) == digest(edited(PAGE, merged))


@pytest.mark.parametrize(("theirs", "ours"), CLASHES.values(), ids=CLASHES)
def test_it_clashes_and_the_text_keeps_what_the_person_wrote(theirs: dict[str, str], ours: dict[str, str]) -> None:
    found = merge(PAGE, edited(PAGE, theirs), edited(PAGE, ours))
    assert not found.clean
    assert digest(found.html) == digest(edited(PAGE, theirs))


@pytest.mark.parametrize(
    ("base", "theirs", "ours"),
    [("<p>c</p>", "<p>c</p><p>c</p>", ""), ("<p>c</p>", "", "<p>c</p><p>c</p>")],
    ids=["a person wrote it once more", "the source has it once more"],
)
def test_an_addition_that_would_be_taken_out_again_after_a_lost_answer_clashes(
    base: str, theirs: str, ours: str
) -> None:
    """What is added reads as what the other side took out: merged once more, it would be taken for that and go."""
    found = merge(base, theirs, ours)
    assert (found.html, found.clashes) == (canonical(theirs), (Clash(base, canonical(theirs), canonical(ours)),))


def test_a_clash_shows_the_block_in_question_as_it_was_and_as_either_side_has_it() -> None:
    theirs, ours = edited(PAGE, {"at noon": "at eleven"}), edited(PAGE, {"at noon": "at one", "plants": "flowers"})
    found = merge(PAGE, theirs, ours)
    assert found.clashes == (
        Clash(
            base="<p>The train leaves at noon.</p>",
            theirs="<p>The train leaves at eleven.</p>",
            ours="<p>The train leaves at one.</p>",
        ),
    )
    assert digest(found.html) == digest(edited(PAGE, {"at noon": "at eleven", "plants": "flowers"}))


def test_a_clash_in_a_table_or_a_list_is_shown_as_one_that_can_be_read() -> None:
    base = "<table><tr><td>Hall</td><td>80</td></tr></table><ul><li>a kettle</li></ul>"
    theirs, ours = (
        edited(base, {"80": "90", "a kettle": "two kettles"}),
        "<table><tr><td>Hall</td><td>70</td></tr></table>",
    )
    assert [(clash.base, clash.theirs, clash.ours) for clash in merge(base, theirs, ours).clashes] == [
        ("<p>80</p>", "<p>90</p>", "<p>70</p>"),
        ("<ul><li>a kettle</li></ul>", "<ul><li>two kettles</li></ul>", ""),
    ]


@pytest.mark.parametrize(
    ("base", "theirs", "ours", "merged"),
    [
        ("<pre>a\nb\nc</pre>", "<pre>a\nb\nc\nd</pre>", "<pre>A\nb\nc</pre>", "<pre>A\nb\nc\nd</pre>"),
        (
            "<pre>if x:\n    a\n\n    b</pre>",
            "<pre>if x:\n    a\n\n    c</pre>",
            "<pre>if y:\n    a\n\n    b</pre>",
            "<pre>if y:\n    a\n\n    c</pre>",
        ),
        ("<pre>x = 1 + 2</pre>", "<pre>y = 1 + 2</pre>", "<pre>x = 1 + 3</pre>", None),
        (
            "<p>run <code>a b c</code> now</p>",
            "<p>run <code>x b c</code> now</p>",
            "<p>run <code>a b y</code> now</p>",
            None,
        ),
    ],
    ids=["lines", "indented", "one line", "within a sentence"],
)
def test_code_merges_by_whole_lines(base: str, theirs: str, ours: str, merged: str | None) -> None:
    found = merge(base, theirs, ours)
    assert found.clean == (merged is not None)
    assert found.html == (merged or theirs)


def test_words_of_any_writing_are_words() -> None:
    for base, theirs, ours, merged in (
        ("सब दरवाज़े खिड़कियाँ बंद करें", "सब दरवाज़ा खिड़कियाँ बंद करें", "सब दरवाज़े खिड़कियाँ बंद रखें", "सब दरवाज़ा खिड़कियाँ बंद रखें"),
        ("שלום לכל החברים שלי", "שלום לכל הידידים שלי", "ברוך לכל החברים שלי", "ברוך לכל הידידים שלי"),
        ("请先关窗户锁门", "请先关窗帘锁门", "请先关窗户锁柜子", None),
        ("请先关窗户然后再锁门", "请先关窗帘然后再锁门", "请先关窗户然后再锁柜子", "请先关窗帘然后再锁柜子"),
    ):
        found = merge(f"<p>{base}</p>", f"<p>{theirs}</p>", f"<p>{ours}</p>")
        assert found.html == f"<p>{merged or theirs}</p>"
        assert found.clean == (merged is not None)


@given(three_texts())
def test_a_side_that_left_the_text_alone_changes_nothing(texts: tuple[str, str, str]) -> None:
    base, one, other = texts
    for merged, expected in (
        (merge(base, reindented(base), other), other),
        (merge(base, one, reindented(base)), one),
        (merge(base, one, reindented(one)), one),
    ):
        assert merged.clean
        assert digest(merged.html) == digest(expected)


either_texts = three_texts() | st.tuples(junk.html, junk.html, junk.html)


@given(either_texts)
def test_no_word_of_a_person_is_ever_lost(texts: tuple[str, str, str]) -> None:
    base, theirs, ours = texts
    merged = merge(base, theirs, ours)
    assert not Counter(words(theirs)) - Counter(words(base)) - Counter(words(merged.html))
    if merged.clean:
        assert not Counter(words(ours)) - Counter(words(base)) - Counter(words(merged.html))


@given(either_texts)
def test_a_merge_after_an_answer_that_got_lost_changes_nothing(texts: tuple[str, str, str]) -> None:
    base, theirs, ours = texts
    merged = merge(base, theirs, ours)
    if merged.clean:
        again = merge(base, merged.html, ours)
        assert again.clean
        assert digest(again.html) == digest(merged.html)


@given(either_texts)
def test_both_sides_agree_on_whether_they_clash(texts: tuple[str, str, str]) -> None:
    base, one, other = texts
    assert merge(base, one, other).clean == merge(base, other, one).clean


@given(either_texts)
def test_what_comes_out_is_well_formed_and_stays_as_it_is(texts: tuple[str, str, str]) -> None:
    merged = merge(*texts)
    assert canonical(merged.html) == merged.html
    for clash in merged.clashes:
        assert canonical(clash.theirs) == clash.theirs


@given(three_texts())
def test_tables_stay_tables(texts: tuple[str, str, str]) -> None:
    def ragged(html: str) -> bool:
        return any(len({len(row) for row in rows(table)}) > 1 for table in parse(html).root.iter("table"))

    if not any(map(ragged, texts)):
        assert not ragged(merge(*texts).html)


@given(st.permutations(range(7)), st.permutations(range(7)), st.integers(0, 6))
def test_what_people_move_is_neither_lost_nor_doubled(one: list[int], other: list[int], changed: int) -> None:
    def text(order: list[int], new: str = "") -> str:
        return "".join(f"<p>Paragraph{n} is about {'abcdefg'[n] * 9}{new if n == changed else ''}.</p>" for n in order)

    merged = merge(text(list(range(7))), text(one), text(other, " and more"))
    assert sorted(word for word in words(merged.html) if word.startswith("Paragraph")) == [
        f"Paragraph{n}" for n in range(7)
    ]


def test_twice_the_text_is_about_twice_the_work() -> None:
    """No text, however large and monotonous, keeps a run busy for long."""
    random = Random(1)  # noqa: S311 -- the same words every time

    def of_two_words(count: int) -> str:
        return f"<p>{' '.join(random.choice('ab') for _ in range(count))}</p>"

    def of_two_paragraphs(count: int) -> str:
        return "".join(f"<p>{random.choice('ab')}</p>" for _ in range(count))

    def of_rows(count: int) -> str:
        cells = "".join(f"<tr><td>{n}</td><td>{random.choice('abcdef')} x y z</td></tr>" for n in range(count))
        return f"<table>{cells}</table>"

    for text, size in ((of_two_words, 2_000), (of_two_paragraphs, 400), (of_rows, 150)):
        small, large = (calls(merge, *(text(count) for _ in range(3))) for count in (size, 2 * size))
        assert large < 3 * small, text.__name__


def calls(work: Callable[..., Merge], *texts: str) -> int:
    """How many functions are called, those in C included: it does not depend on the machine."""
    count = 0

    def counted(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        work(*texts)
    finally:
        sys.setprofile(None)
    return count
