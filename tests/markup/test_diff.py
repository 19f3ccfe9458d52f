"""What changed between two texts, as a person reads it."""

from lms_bridge.markup.diff import DiffLine, text_diff, unified, word_diff

BEFORE = "<h1>T</h1>" + "".join(f"<p>Paragraph {n} stays as it is.</p>" for n in range(9)) + "<p>Hand in by Monday.</p>"
AFTER = BEFORE.replace("Monday", "Friday noon").replace("<h1>T</h1>", "<h1>T</h1><p>New.</p>")


def test_changed_words_are_marked_within_their_lines() -> None:
    assert text_diff("<p>Hand in by Monday.</p>", "<p>Hand in by Friday noon.</p>") == [
        DiffLine("removed", "Hand in by Monday.", ((11, 17),)),
        DiffLine("added", "Hand in by Friday noon.", ((11, 22),)),
    ]


def test_equal_lines_far_from_a_change_are_left_out() -> None:
    assert unified(BEFORE, AFTER, context=1).splitlines() == [
        "  # T",
        "+ New.",
        "  Paragraph 0 stays as it is.",
        "…",
        "  Paragraph 8 stays as it is.",
        "- Hand in by Monday.",
        "+ Hand in by Friday noon.",
    ]


def test_texts_that_read_the_same_have_no_difference() -> None:
    assert text_diff("<p>a <b>b</b></p>", "<p>\n a <strong>b</strong> </p>") == []


def test_lines_that_have_nothing_in_common_are_marked_as_a_whole() -> None:
    assert [line.changed for line in text_diff("<p>Completely other</p>", "<p>xyz-1.2/3</p>")] == [
        ((0, 16),),
        ((0, 9),),
    ]


def test_only_words_that_were_taken_out_or_put_in_are_marked() -> None:
    assert word_diff("Three rules.\nGone.", "Three simple rules.") == [
        "- Three rules.",
        "- [-Gone.-]",
        "+ Three{+ simple+} rules.",
    ]
    assert word_diff("Three simple rules.", "Three rules.\nNew.") == [
        "- Three[- simple-] rules.",
        "+ Three rules.",
        "+ {+New.+}",
    ]


def test_everything_new_is_added() -> None:
    assert unified("", "<p>a</p><p>b</p>") == "+ a\n+ b"
