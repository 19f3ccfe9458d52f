"""Titles that Moodle takes, and that stay apart under the collation of either database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_bridge.moodle.titles import MAX_LENGTH, folded, tidy, unique_titles
from lms_bridge.sandbox.moodle import collation

ALIKE = [
    ("case test", "Case Test"),
    ("Résumé", "Resume"),
    ("trail ", "trail"),
    ("strasse", "straße"),
    ("ab", "a\u200bb"),
    ("Caf\u00e9", "Cafe\u0301"),
    ("emoji 🚀", "emoji 🎉"),
    ("ÅNGSTRÖM", "angstrom"),
]
DIFFERENT = [("日木", "日本"), ("Lesson 1", "Lesson 2"), ("C", "C+"), ("a b", "ab"), ("Α", "Β")]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_titles_that_mariadb_takes_for_one_are_told_apart_by_a_short_code(one: str, other: str) -> None:
    names = unique_titles([("s:a", one), ("s:b", other)], {})
    assert names["s:a"] == tidy(one, otherwise="")
    assert names["s:b"].startswith(tidy(other, otherwise=""))
    assert names["s:b"].endswith(")")


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_titles_that_differ_stay_as_they_are(one: str, other: str) -> None:
    assert unique_titles([("s:a", one), ("s:b", other)], {}) == {"s:a": one, "s:b": other}


def test_a_title_once_chosen_is_kept_although_another_would_come_first_now() -> None:
    chosen = unique_titles([("s:b", "Cells")], {})
    names = unique_titles([("s:a", "Cells"), ("s:b", "Cell biology")], chosen)
    assert names["s:b"] == "Cells"
    assert names["s:a"] != "Cells"


def test_the_first_pages_title_is_left_to_the_index() -> None:
    assert unique_titles([("s:a", "home")], {}, taken=["Home"])["s:a"] != "home"


@pytest.mark.parametrize(
    ("title", "taken"),
    [
        ("  two\n lines\t", "two lines"),
        ("a<b> & c", "a‹b› & c"),
        ("x" * 300, "x" * MAX_LENGTH),
        ("\x00\ud800", "Page"),
        ("", "Page"),
        ("1 < 2", "1 < 2"),
    ],
)
def test_what_moodle_would_refuse_is_mended(title: str, taken: str) -> None:
    assert tidy(title, otherwise="Page") == taken


@given(st.lists(st.text(alphabet="aAáäßs 1🚀🎉\u0301\u200b", max_size=6), max_size=12))
def test_no_two_titles_collide_whatever_they_are(titles: list[str]) -> None:
    names = unique_titles([(f"s:{n}", title) for n, title in enumerate(titles)], {})
    assert len({folded(name) for name in names.values()}) == len(titles)
    assert all(0 < len(name) <= MAX_LENGTH and name == name.strip() for name in names.values())


@given(st.text(max_size=20), st.text(max_size=20))
def test_what_the_sandboxs_mariadb_takes_for_one_we_do_too(one: str, other: str) -> None:
    first, second = tidy(one, otherwise="x"), tidy(other, otherwise="x")
    if collation.fold(first) == collation.fold(second):
        assert folded(first) == folded(second)


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("& <b>prompt</b>", "& ‹b›prompt‹/b›"),
        ("The <img> element", "The ‹img› element"),
        ("a <b", "a < b"),
        ("1 < 2 > 0", "1 < 2 > 0"),
        ("x <3 y", "x < 3 y"),
        ("C++ -> D & E", "C++ -> D & E"),
    ],
)
def test_what_looks_like_markup_in_a_title_reads_as_it_was_meant(title: str, shown: str) -> None:
    assert tidy(title, otherwise="") == shown
