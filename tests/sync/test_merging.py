"""What a person and the source made of one entry: brought together, or already said by the source."""

import pytest

from lms_bridge.connector import Body
from lms_bridge.sync.merging import in_the_source, merged

CODE = "<pre>a = 1\n\nb = 2</pre>"


def body(html: str, title: str = "Cells", **fields: bool) -> Body:
    return Body(title=title, html=html, fields=fields)


@pytest.mark.parametrize(
    ("theirs", "ours", "heard"),
    [
        ("<p>Small.</p><p>Source</p><p>Mine.</p>", "<p>Small.</p><p>Mine.</p><p>Source</p>", True),
        ("<p>Tiny.</p><p>Green.</p>", "<p>Tiny.</p><p>Green.</p><p>New in the source.</p>", True),
        ("<h3>Mine</h3><p>Small.</p><p>Green.</p>", "<h5>Mine</h5><p>Small.</p><p>Green.</p>", True),
        ("<p>Green.</p>", "<p>Green.</p><p>New in the source.</p>", True),
        ("<p>Small.</p><p>Green, too.</p>", "<p>Small.</p><p>Green, too.</p><p>New in the source.</p>", True),
        ("<p>Small.</p><p>Green.</p><p>Me.</p><p>Me.</p>", "<p>Small.</p><p>Green.</p><p>Me.</p><p>Me.</p>", True),
        (CODE.replace("\n\n", "\n") + "<p>Mine.</p>", CODE + "<p>Mine.</p>", True),
        (CODE.replace("b = 2", "b = 3"), CODE + "<p>Green.</p>", False),
        ("<p>Tiny.</p><p>Green.</p>", "<p>Small.</p><p>Tiny.</p><p>Green.</p>", False),
        ("<p>Small.</p><p>Green.</p><p>Mine.</p>", "<p>Small.</p><p>Green, too.</p>", False),
        ("<p>Small.</p><p>Green.</p><p>Mine.</p><p>Mine.</p>", "<p>Small.</p><p>Green.</p><p>Mine.</p>", False),
        ("<p>Green.</p><p>Small.</p>", "<p>Small.</p><p>Green.</p><p>New in the source.</p>", False),
        ("<p>Green.</p><p>Small.</p><p>Mine.</p>", "<p>Small.</p><p>Green.</p><p>Mine.</p>", False),
        ("<p>Green.</p>", "<p>Small.</p><p>Green.</p><p>New in the source.</p>", False),
        ("<p>Small.</p><p>Green.</p>", "<p>Small.</p><p>New in the source.</p>", False),
        ("<p>Small.</p>", "<p>Small.</p><p>Green and yellow.</p>", False),
        ("<p>Small.</p><p>Red.</p>", "<p>Small.</p><p>Red.</p><p>Green, too.</p>", False),
    ],
    ids=[
        "added elsewhere", "changed alike", "heading on another level", "taken out on both sides",
        "changed a little and alike", "added twice on both sides", "code without blank lines", "changed code",
        "kept beside the old",
        "added, and not in the source", "added twice, once in the source", "only the order", "order and words",
        "taken out, and in the source", "nothing of a person's",
        "taken out, and changed in the source", "changed, and the old one changed in the source",
    ],
)  # fmt: skip
def test_every_block_that_a_person_changed_counts(theirs: str, ours: str, heard: bool) -> None:
    bases = {"Source": "<p>Small.</p><p>Source</p>", "<pre>": CODE, "": "<p>Small.</p><p>Green.</p>"}
    base = next(base for sign, base in bases.items() if sign in theirs)
    assert in_the_source(body(base), body(theirs), body(ours)) is heard


def test_a_block_that_was_moved_and_stands_twice_is_in_an_order_of_the_persons() -> None:
    base, theirs = "<p>Rule.</p><p>One.</p><p>Two.</p>", "<p>One.</p><p>Rule.</p><p>Two.</p><p>Rule.</p>"
    assert not in_the_source(body(base), body(theirs), body(f"{base}<p>Rule.</p>"))


def test_titles_and_fields_count_as_well() -> None:
    base, ours = body("<p>a</p>"), body("<p>a</p>", "All cells")
    assert in_the_source(base, body("<p>a</p>", "All cells"), ours)
    assert not in_the_source(base, body("<p>a</p>", "My cells"), ours)
    assert not in_the_source(base, body("<p>a</p>", "All cells", pinned=True), ours)
    assert not in_the_source(None, body("<p>a</p>", "All cells"), ours)


@pytest.mark.parametrize(("base", "theirs", "ours", "title"), [
    ("Cells", "Cells", "All cells", "All cells"), ("Cells", "My cells", "All cells", "My cells"),
    ("Cells", "A cell", "Cells", "A cell"), ("Cells", " Cells ", "All cells", "All cells"),
])  # fmt: skip
def test_a_title_that_a_person_gave_stays_and_any_other_follows_the_source(
    base: str, theirs: str, ours: str, title: str
) -> None:
    assert merged(body("<p>a</p>", base), body("<p>a</p>", theirs), body("<p>a</p>", ours)).merged.title == title


@pytest.mark.parametrize(("theirs", "ours", "stands", "clashes"), [
    ("", "<p>a</p>", "", 0), ("<p>a</p>", "", "", 0), ("", "", "", 0),
    ("", "<p>b</p>", "", 1), ("<p>c</p>", "", "<p>c</p>", 1), ("<p>c</p>", "<p>b</p>", "<p>c</p>", 1),
])  # fmt: skip
def test_a_text_that_one_side_emptied_is_empty_unless_the_other_wrote_in_it(
    theirs: str, ours: str, stands: str, clashes: int
) -> None:
    sides = merged(body("<p>a</p>"), body(theirs), body(ours))
    assert (sides.merged.html, sides.clashes) == (stands, clashes)


def test_without_a_beginning_that_is_known_both_clash_and_the_persons_stands() -> None:
    sides = merged(None, body("<p>a</p>"), body("<p>b</p>"))
    assert (sides.merged.html, sides.clashes) == ("<p>a</p>", 1)


def test_entries_without_texts_are_merged_by_their_fields() -> None:
    sides = merged(body("", stars=False), body("", stars=True), body("", "All", stars=False))
    assert (sides.merged.fields, sides.merged.html, sides.clashes) == ({"stars": True}, "", 0)
