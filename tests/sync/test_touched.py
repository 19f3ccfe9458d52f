"""Where only texts were touched since a run that left nothing to do, only these are looked at; and nobody can tell."""

import json
import os
import tempfile
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from folder_edits import (
    ASK,
    BEGIN,
    CELLS,
    COURSE,
    IMAGE,
    INDEX,
    MORE_THAN_A_TEXT,
    ROOTS,
    a_draft_that_is_approved,
    a_page_that_is_a_draft_again,
    another_course,
    another_image,
    another_page,
    another_review,
    another_tag,
    another_title,
    beside,
    filled,
    key_of,
    more,
    one_page_less,
    write,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from quiet_world import DAILY, PNG, Desk, Watched

from lms_bridge.connector import Touched
from lms_bridge.errors import SourceError
from lms_bridge.items import Item, Kind
from lms_bridge.sources.files import glance, outline
from lms_bridge.sources.files.settings import FilesSettings
from lms_bridge.sources.files.source import FilesSource
from lms_bridge.sync.policy import Policy
from lms_bridge.sync.report import summary_of
from lms_bridge.sync.run import Report

pytestmark = pytest.mark.usefixtures("touched_long_ago")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return filled(tmp_path)


def html(desk: Desk, title: str) -> str:
    (thing,) = [thing for thing in desk.there.all() if thing.title == title]
    return thing.html


def standing(desk: Desk) -> list[tuple[object, ...]]:
    """References apart: in what order places are written is nobody's business."""
    return sorted(
        (place, thing.title, thing.name, thing.html, str(thing.fields), thing.mark or "", thing.version)
        for place, things in desk.there.things.items()
        for thing in things.values()
    )


def counts(report: Report) -> dict[str, int]:
    return {name: count for name, count in summary_of([report]).items() if count}


def test_a_text_that_changed_is_looked_at_alone_and_the_next_run_looks_at_nothing(desk: Desk) -> None:
    whole = counts(desk.sync()[0])
    write(desk, ROOTS, BEGIN[ROOTS].replace("Below", "Deep below"))
    listed = desk.there.counts["entries"]
    report, looked = desk.sync()
    assert (looked, desk.told) == (False, [["Roots"]])
    assert counts(report) == {"updated": 1, "unchanged": whole["unchanged"] - 1}
    assert "Deep below" in html(desk, "Roots")
    assert desk.there.counts["entries"] == listed + 1
    report, looked = desk.sync()
    assert (looked, desk.told, counts(report)) == (False, [], whole)


def test_one_edit_after_the_other_is_looked_at_alone(desk: Desk) -> None:
    for number, name in enumerate([ROOTS, CELLS, ASK, ROOTS, ROOTS]):
        write(desk, name, f"{BEGIN[name]}\nEdit {number}.\n")
        report, looked = desk.sync()
        assert (looked, counts(report)["updated"], len(desk.told[0] or [])) == (False, 1, 1)
    assert [f"Edit {n}" in html(desk, title) for n, title in ((4, "Roots"), (1, "Cells"), (2, "Ask"))] == [True] * 3


def test_what_was_only_looked_at_leaves_the_memory_as_it_leaves_the_folder(desk: Desk) -> None:
    kept = desk.note.parent / "sources" / "programme" / "texts.sqlite"
    for words in ("Ann Adler", "Ben Brand", "nobody"):
        write(desk, ROOTS, f"{BEGIN[ROOTS]}\nAs {words} says.\n")
        assert not desk.looks()
        assert words.encode() in kept.read_bytes()
    assert b"Ann" not in kept.read_bytes()
    assert b"Ben" not in kept.read_bytes()
    os.utime(desk.content / ROOTS)
    assert not desk.looks()
    assert b"nobody" in kept.read_bytes()


def test_what_was_only_touched_is_no_change(desk: Desk) -> None:
    whole = counts(desk.sync()[0])
    os.utime(desk.content / COURSE.replace("course.yaml", "wiki/cells.md"))
    writes = desk.there.writes
    report, looked = desk.sync()
    assert (looked, desk.told, counts(report), desk.there.writes) == (False, [["Cells"]], whole, writes)
    report, looked = desk.sync()
    assert (looked, desk.told, counts(report)) == (False, [], whole)


def test_what_was_touched_within_a_tick_of_the_clock_is_read_once_more(desk: Desk) -> None:
    write(desk, ROOTS, f"{BEGIN[ROOTS]}\nMore.\n")
    young = (desk.content / ROOTS).stat().st_ino
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(glance, "is_fresh", lambda status, begun: status.st_ino == young)
        assert [(desk.looks(), desk.told) for _ in range(2)] == [(False, [["Roots"]])] * 2
    # It is older now, and was not seen since.
    assert (desk.looks(), desk.told) == (False, [["Roots"]])
    assert (desk.looks(), desk.told) == (False, [])
    assert "More." in html(desk, "Roots")


@pytest.mark.parametrize("change", MORE_THAN_A_TEXT)
def test_whatever_is_more_than_another_text_has_everything_looked_at(
    desk: Desk, tmp_path: Path, change: Callable[[Desk], None]
) -> None:
    forgetful = filled(tmp_path / "forgetful", remembers=False)
    change(desk)
    change(forgetful)
    report, looked = desk.sync()
    assert looked
    assert summary_of([report]) == summary_of([forgetful.sync()[0]])
    assert standing(desk) == standing(forgetful)


def test_with_many_files_touched_it_is_time_to_look_at_everything(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outline, "_MOST", 1)
    for name in (ROOTS, CELLS):
        write(desk, name, f"{BEGIN[name]}\nMore.\n")
    assert desk.looks()
    write(desk, ROOTS, f"{BEGIN[ROOTS]}\nAt last.\n")
    assert not desk.looks()


def test_what_was_refused_is_tried_again_and_told_by_every_run(desk: Desk) -> None:
    more(desk)
    key = key_of(desk, "Roots")
    desk.there.refused.add(key)
    for _ in range(3):
        assert [failure.key for failure in desk.sync()[0].failures] == [key]
    desk.there.refused.clear()
    desk.sync()
    assert "More." in html(desk, "Roots")


def test_what_a_person_changed_while_it_was_written_has_everything_looked_at(desk: Desk) -> None:
    more(desk)
    desk.there.conflicting.add(key_of(desk, "Roots"))
    report, looked = desk.sync()
    assert (looked, len(report.conflicts), report.failures) == (False, 1, ())
    assert desk.sync()[1]


def test_what_another_route_brought_meanwhile_has_everything_looked_at(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Watched.touched

    def touched(source: Watched, outline: str, seen: Any) -> Touched | None:
        beside(desk)
        return asked(source, outline, seen)

    monkeypatch.setattr(Watched, "touched", touched)
    more(desk)
    assert not desk.sync()[1]
    assert desk.sync()[1]


@pytest.mark.parametrize("outline", ["", "[]", '["x", 3]', '["x", {"a": 1}]', '["x", {"a": ["1", "no hex"]}]', "[["])
def test_an_outline_that_is_none_has_everything_looked_at(desk: Desk, outline: str) -> None:
    desk.note.write_text(json.dumps(json.loads(desk.note.read_text()) | {"outline": outline}))
    more(desk)
    assert desk.looks()


def test_a_file_that_is_gone_between_two_looks_has_everything_looked_at(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    more(desk)
    looked = outline.differing

    def differing(known: outline.Outline, root: Path, begun: int, seen: Any) -> outline.Differing | None:
        found = looked(known, root, begun, seen)
        (desk.content / ROOTS).unlink(missing_ok=True)
        return found

    monkeypatch.setattr(outline, "differing", differing)
    assert desk.looks()
    assert desk.told == [None]


def test_a_folder_in_which_little_was_touched_is_walked_over_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    walked: list[str] = []
    entries = glance._entries
    monkeypatch.setattr(glance, "_entries", lambda folder: walked.append(folder) or entries(folder))
    assert not desk.looks()
    nothing = sorted(walked)
    walked.clear()
    more(desk)
    assert (desk.looks(), desk.told) == (False, [["Roots"]])
    assert sorted(walked) == nothing


@pytest.mark.parametrize("held", [0, 2])
def test_of_a_folder_too_large_to_remember_what_was_touched_is_looked_at_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    monkeypatch.setattr(glance, "_MOST_HELD", held)
    assert not desk.looks()
    more(desk)
    assert (desk.looks(), desk.told) == (False, [["Roots"]])
    assert (desk.looks(), desk.told) == (False, [])
    write(desk, "BIO-101/wiki/new.md", "# New\n")
    assert desk.looks()


def test_what_was_touched_within_a_tick_of_the_clock_each_time_is_read_each_time(desk: Desk) -> None:
    young = (desk.content / ROOTS).stat().st_ino
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(glance, "is_fresh", lambda status, begun: status.st_ino == young)
        write(desk, "BIO-101/wiki/new.md", "# New\n")
        assert [desk.looks(), desk.looks()] == [True, True]
        # It looks as it did, and is not.
        (desk.content / ROOTS).write_text(f"{BEGIN[ROOTS]}\nOnce more.\n")
        assert (desk.looks(), desk.told) == (False, [["Roots"]])
    assert "Once more." in html(desk, "Roots")


def test_nobody_looks_at_what_lies_behind_a_link_beside_the_courses(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(glance, "_MOST_HELD", 0)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = desk.content / "_there"
    link.symlink_to(elsewhere)
    desk.sync()
    assert not desk.looks()
    walked: list[str] = []
    entries = glance._entries
    monkeypatch.setattr(glance, "_entries", lambda folder: walked.append(folder) or entries(folder))
    link.unlink()
    link.symlink_to(tmp_path)
    assert desk.looks()
    assert not [folder for folder in walked if "_there" in folder]


def _items(listed: Iterable[Item]) -> dict[str, Item]:
    return {item.key: item for item in listed}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("BIO-101/wiki/roots.md", "# Roots\n\nSee [[Woods]], [[cells]] and [ask](../prompts/ask.md).\n"),
        ("ECO-7/wiki/soil.md", "---\nparent: Roots\n---\n# Soil\n\nAs [[Roots]] says, and not as [[Cells]].\n"),
        (
            "ECO-7/wiki/roots/deep.md",
            "# Deep\n\nAs [there](../../../BIO-101/wiki/cells.md) and [above](../roots.md).\n",
        ),
        (ASK, "---\ntitle: Ask\npublish: 2026-12-01\ngroup: A\n---\nWhat of [[Cells]]?\n"),
    ],
)
def test_what_is_told_of_a_touched_text_is_what_a_listing_tells_of_it(tmp_path: Path, name: str, text: str) -> None:
    desk = Desk(tmp_path)
    begin = {**BEGIN, "ECO-7/wiki/roots.md": "# Roots\n\nOthers.\n", name: text}
    for file, words in {**begin, "ECO-7/course.yaml": "idnumber: ECO\nplaces: {memory: {wiki: W}}\n"}.items():
        write(desk, file, words)
    write(desk, IMAGE, PNG)
    source, other = (
        FilesSource("programme", FilesSettings(path=Path("content"), scale=(1, 5)), tmp_path) for _ in "12"
    )
    source.remember(tmp_path / "memory", "code")
    before = source.items()
    assert before.outline is not None
    write(desk, name, f"{text}\nMore.\n")
    found, listed = source.touched(before.outline), _items(other.items().items)
    assert found is not None
    (item,) = found.items
    assert (item, item == _items(before.items)[item.key]) == (listed[item.key], False)


@pytest.mark.parametrize("error", [SourceError("is not there."), KeyError("a slip")])
def test_a_source_that_fails_when_it_is_asked_is_listed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def touched(source: Watched, outline: str, seen: Any) -> Touched | None:
        raise error

    monkeypatch.setattr(Watched, "touched", touched)
    more(desk)
    report, looked = desk.sync()
    assert (looked, counts(report)["updated"]) == (True, 1)


def test_a_text_of_a_kind_that_does_not_go_there_is_no_change(desk: Desk) -> None:
    desk.kinds = frozenset({Kind.PROMPT})
    desk.basis = "prompts alone"
    desk.sync()
    desk.sync()
    more(desk)
    report, looked = desk.sync()
    assert (looked, desk.told) == (False, [["Roots"]])
    assert "updated" not in counts(report)
    assert (desk.sync()[1], desk.told) == (False, [])


def test_an_answer_that_never_came_has_everything_looked_at(desk: Desk) -> None:
    write(desk, ROOTS, f"{BEGIN[ROOTS]}\nMore.\n")
    desk.there.lose_next = True
    assert desk.sync()[0].failures
    assert desk.sync()[1]


def test_a_route_that_refreshes_daily_looks_at_everything_once_a_day_however_often_texts_change(desk: Desk) -> None:
    desk.policy = DAILY
    desk.sync()
    desk.sync()
    begun = desk.now
    looks = []
    for number in range(120):
        write(desk, ROOTS, f"{BEGIN[ROOTS]}\nEdit {number}.\n")
        looks.append(desk.sync()[1])
    assert (desk.now - begun).days == 1
    assert sum(looks) == 1


def test_a_route_that_always_refreshes_always_looks(desk: Desk) -> None:
    desk.policy = Policy()
    desk.sync()
    assert [desk.looks() for _ in range(2)] == [True, True]


def test_a_prompt_is_posted_on_its_day_although_only_another_text_was_touched(desk: Desk) -> None:
    write(
        desk, "BIO-101/prompts/after.md", "---\ntitle: After\npublish: 2026-11-25T08:00:00Z\n---\nWhat did you see?\n"
    )
    desk.sync()
    desk.sync()
    write(desk, ROOTS, f"{BEGIN[ROOTS]}\nMore.\n")
    report, looked = desk.sync()
    assert (looked, [change.title for change in report.skipped]) == (False, ["After"])
    write(desk, "BIO-101/prompts/after.md", "---\ntitle: After\npublish: 2026-11-25T08:00:00Z\n---\nWhat else?\n")
    assert desk.looks()
    desk.now = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
    report, looked = desk.sync()
    assert (looked, counts(report)["created"]) == (True, 1)


TEXTS = st.sampled_from(
    (
        "Words.",
        "See [[Roots]].",
        "See [cells](cells.md) and [woods](../../ECO-7/wiki/woods.md).",
        "![c](cell.png)",
        "[x](x.md)",
    )
)
EDITS = st.one_of(
    st.tuples(st.just("text"), st.sampled_from((CELLS, ROOTS, INDEX, ASK)), TEXTS),
    st.tuples(st.just("text"), st.sampled_from((CELLS, ROOTS)), TEXTS),
    st.tuples(st.just("do"), st.sampled_from((
        another_title, another_tag, another_page, one_page_less, another_image, another_review, another_course,
        a_draft_that_is_approved, a_page_that_is_a_draft_again,
    ))),
)  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(st.lists(EDITS, min_size=1, max_size=6))
def test_whatever_is_edited_it_ends_as_if_everything_had_been_looked_at(edits: list[tuple[object, ...]]) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        quick, thorough = filled(Path(one)), filled(Path(other), remembers=False)
        for edit in edits:
            told = []
            for desk in (quick, thorough):
                match edit:
                    case "text", str(name), str(words):
                        write(desk, name, f"{BEGIN[name]}\n{words}\n")
                    case "do", change if callable(change) and not (
                        change is one_page_less and not (desk.content / "ECO-7/wiki/woods.md").exists()
                    ):
                        change(desk)
                report, _ = desk.sync()
                told.append((summary_of([report]), [str(failure.problem) for failure in report.failures]))
            assert told[0] == told[1]
            assert standing(quick) == standing(thorough)
