"""What changed between two texts, as a person reads it."""

from lms_bridge.markup.diff import DiffLine, line_diff, text_diff, unified, word_diff

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


LINES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def changed_at(*places: int) -> tuple[str, str]:
    """Ten lines, and the same ones with a word more in some of them."""
    return "\n".join(LINES), "\n".join(f"{line} more" if at in places else line for at, line in enumerate(LINES))


def test_unless_told_two_lines_stand_around_a_change_and_one_around_marked_words() -> None:
    before, after = ("".join(f"<p>{line}</p>" for line in text.splitlines()) for text in changed_at(4))
    kinds = ["gap", "same", "same", "removed", "added", "same", "same"]
    assert [line.kind for line in text_diff(before, after)] == kinds
    assert [line.kind for line in line_diff(*changed_at(4))] == kinds
    assert unified(before, after).splitlines() == [
        "…",
        "  three",
        "  four",
        "- five",
        "+ five more",
        "  six",
        "  seven",
    ]
    assert word_diff(*changed_at(4)) == ["…", "  four", "- five", "+ five{+ more+}", "  six"]


def test_a_gap_is_told_before_a_change_only_where_a_line_is_left_out() -> None:
    assert word_diff(*changed_at(1)) == ["  one", "- two", "+ two{+ more+}", "  three"]
    assert word_diff(*changed_at(2))[:2] == ["…", "  two"]
    assert word_diff(*changed_at(0, 9)) == [
        "- one",
        "+ one{+ more+}",
        "  two",
        "…",
        "  nine",
        "- ten",
        "+ ten{+ more+}",
    ]


def test_words_are_marked_where_lines_have_something_in_common_and_a_long_line_is_no_exception() -> None:
    long = "word " * 300
    assert word_diff(f"{long}end", f"{long}stop")[1].endswith("word {+stop+}")
    assert word_diff("a b c d e f", "u v w x y a") == ["- [-a b c d e f-]", "+ {+u v w x y a+}"]
