"""Where nothing changed since a run that found nothing to do, no item is looked at; whatever may have changed is."""

import os
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr
from quiet_world import DAILY, NEVER, PNG, Desk

from lms_bridge import basis as grounds
from lms_bridge.basis import basis_of
from lms_bridge.items import Kind
from lms_bridge.sources.files.glance import glance
from lms_bridge.sync.policy import Policy
from lms_bridge.sync.report import summary_of
from lms_bridge.sync.state import State


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A folder that was pushed, and a run that found nothing to do."""
    wiki = tmp_path / "content" / "BIO-101" / "wiki"
    wiki.mkdir(parents=True)
    (wiki / "cells.md").write_text("# Cells\n\nSmall rooms.\n\n![A cell](cell.png)\n", encoding="utf-8")
    (wiki / "cell.png").write_bytes(PNG)
    (wiki.parent / "course.yaml").write_text("title: Biology\n", encoding="utf-8")
    (wiki.parent / "ratings.csv").write_text("rater,stars,comment,date\nann,5,Good,2026-03-02\n", encoding="utf-8")
    desk = Desk(tmp_path)
    desk.sync()
    assert desk.looks()
    return desk


def test_a_run_after_one_that_found_nothing_to_do_reads_nothing_and_tells_the_same(desk: Desk) -> None:
    counts = dict(desk.there.counts)
    report, looked = desk.sync()
    assert not looked
    assert desk.there.counts == counts
    assert summary_of([report])["unchanged"] == 4
    with State.open(desk.folder / "state.sqlite") as state:
        last = state.history.last_runs("route")[0]
    assert (last.run, last.exit_code, last.summary["unchanged"]) == (report.run, 0, 4)


def _edit(desk: Desk) -> None:
    (desk.content / "BIO-101/wiki/cells.md").write_text("# Cells\n\nLarge rooms.\n", encoding="utf-8")


def _edit_in_disguise(desk: Desk) -> None:
    page = desk.content / "BIO-101/wiki/cells.md"
    before = page.stat()
    page.write_text(page.read_text(encoding="utf-8").replace("Small", "Clean"), encoding="utf-8")
    os.utime(page, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (page.stat().st_size, page.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def _another_image(desk: Desk) -> None:
    (desk.content / "BIO-101/wiki/cell.png").write_bytes(PNG[:-1] + b"\1")


def _another_review(desk: Desk) -> None:
    with (desk.content / "BIO-101/ratings.csv").open("a", encoding="utf-8") as file:
        file.write("bob,1,Bad,2026-03-03\n")


def _another_title(desk: Desk) -> None:
    (desk.content / "BIO-101/course.yaml").write_text("title: Botany\n", encoding="utf-8")


def _another_page(desk: Desk) -> None:
    (desk.content / "BIO-101/wiki/roots.md").write_text("# Roots\n", encoding="utf-8")


def _one_page_less(desk: Desk) -> None:
    (desk.content / "BIO-101/wiki/cells.md").unlink()


def _another_name(desk: Desk) -> None:
    (desk.content / "BIO-101/wiki/cells.md").rename(desk.content / "BIO-101/wiki/rooms.md")


def _a_link_that_leads_elsewhere(desk: Desk) -> None:
    (desk.content / "BIO-101/wiki/linked.md").symlink_to("cells.md")


def _other_settings(desk: Desk) -> None:
    desk.basis = "other settings"


def _a_record_less(desk: Desk) -> None:
    with State.open(desk.folder / "state.sqlite") as state:
        state.forget_records("route", state.records("route")[:1])


def _a_name_to_forget(desk: Desk) -> None:
    with State.open(desk.folder / "state.sqlite") as state:
        state.history.keep_away("route", ["abcdefghijklmnop"], desk.now)


def _a_lost_note(desk: Desk) -> None:
    desk.note.unlink()


def _a_damaged_note(desk: Desk) -> None:
    desk.note.write_bytes(desk.note.read_bytes()[:-20])


def _a_note_of_another_kind(desk: Desk) -> None:
    desk.note.write_text("[]", encoding="utf-8")


def _a_note_of_another_form(desk: Desk) -> None:
    desk.note.write_text(desk.note.read_text().replace('"form": 2', '"form": 0'), encoding="utf-8")


def _a_clock_that_was_set_back(desk: Desk) -> None:
    desk.now -= timedelta(days=2)


@pytest.mark.parametrize(
    "change",
    [
        _edit,
        _edit_in_disguise,
        _another_image,
        _another_review,
        _another_title,
        _another_page,
        _one_page_less,
        _another_name,
        _a_link_that_leads_elsewhere,
        _other_settings,
        _a_record_less,
        _a_name_to_forget,
        _a_lost_note,
        _a_damaged_note,
        _a_note_of_another_kind,
        _a_note_of_another_form,
        _a_clock_that_was_set_back,
    ],
)
def test_whatever_may_make_a_difference_is_looked_at(desk: Desk, change: Callable[[Desk], None]) -> None:
    assert not desk.looks()
    change(desk)
    report, looked = desk.sync()
    assert looked
    assert not report.failures


def test_what_was_touched_within_a_tick_of_the_clock_is_looked_at_again(desk: Desk) -> None:
    _edit(desk)
    touched = (desk.content / "BIO-101/wiki/cells.md").stat().st_ctime_ns
    second = 1_000_000_000
    assert glance(desk.content, begun=touched + second).told == ""
    assert glance(desk.content, begun=touched + 3 * second).told != ""


def test_a_folder_that_cannot_be_told_is_read(desk: Desk) -> None:
    # As when a server's clock is ahead of ours.
    desk.later = -3_600_000_000_000
    assert desk.looks()


def test_a_prompt_is_posted_when_its_day_comes_although_nothing_was_touched(desk: Desk) -> None:
    prompts = desk.content / "BIO-101/prompts"
    prompts.mkdir()
    text = "---\ntitle: After class\npublish: 2026-11-25T08:00:00Z\n---\nWhat did you see?\n"
    (prompts / "after.md").write_text(text, encoding="utf-8")
    desk.sync()
    desk.sync()
    report, looked = desk.sync()
    assert not looked
    assert [change.title for change in report.skipped] == ["After class"]
    with State.open(desk.folder / "state.sqlite") as state:
        assert [waiting.title for waiting in state.waiting("route")] == ["After class"]
    desk.now = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
    report, _ = desk.sync()
    assert summary_of([report])["created"] == 1


def test_a_route_that_refreshes_daily_looks_there_once_a_day(desk: Desk) -> None:
    desk.policy = DAILY
    desk.sync()
    assert not desk.looks()
    desk.now += timedelta(days=1)
    listed = desk.there.counts["entries"]
    assert desk.looks()
    assert desk.there.counts["entries"] > listed
    assert not desk.looks()


def test_a_route_that_always_refreshes_always_looks(desk: Desk) -> None:
    desk.policy = Policy()
    desk.sync()
    desk.sync()
    assert desk.looks()


def test_what_may_have_been_written_without_an_answer_is_looked_up(desk: Desk) -> None:
    _edit(desk)
    desk.there.lose_next = True
    report, _ = desk.sync()
    assert report.failures
    assert desk.looks()


def test_what_was_refused_is_tried_again(desk: Desk) -> None:
    _edit(desk)
    with State.open(desk.folder / "state.sqlite") as state:
        (key,) = [record.key for record in state.records("route") if record.title == "Cells"]
    desk.there.refused.add(key)
    for _ in range(2):
        report, looked = desk.sync()
        assert looked
        assert [failure.key for failure in report.failures] == [key]


def test_a_conflict_is_told_by_every_run(desk: Desk) -> None:
    _another_page(desk)
    desk.there.put(Kind.PAGE, "BIO-101", "Roots", "<p>Ann's words.</p>")
    conflicts = [[change.title for change in desk.sync()[0].conflicts] for _ in range(4)]
    assert conflicts == [["Roots"]] * 4


def test_a_source_that_cannot_tell_whether_it_changed_is_read_each_time(desk: Desk) -> None:
    desk.blind = True
    assert [desk.looks() for _ in range(3)] == [True] * 3


def test_a_note_holds_from_the_very_moment_that_it_was_made(desk: Desk) -> None:
    desk.now -= timedelta(minutes=15)
    assert not desk.looks()


def test_notes_are_for_their_owner_alone(desk: Desk) -> None:
    """They name what waits for a person."""
    assert stat.S_IMODE(desk.note.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(desk.note.stat().st_mode) == 0o600


def test_a_note_that_cannot_be_written_costs_a_look_and_leaves_nothing_half(desk: Desk) -> None:
    desk.note.unlink()
    desk.note.mkdir()
    assert [desk.looks() for _ in range(2)] == [True, True]
    assert list(desk.note.parent.iterdir()) == [desk.note]


def test_a_run_that_failed_with_something_is_no_reason_to_look_away(desk: Desk) -> None:
    (desk.content / "BIO-101/wiki/torn.md").write_text("---\ntitle: [\n---\n", encoding="utf-8")
    assert desk.sync()[0].failures
    report, looked = desk.sync()
    assert looked
    assert report.failures


class Settings(BaseModel):
    key: SecretStr = SecretStr("one")
    places: frozenset[str] = frozenset({"a", "b"})


def test_settings_secrets_and_code_are_what_an_outcome_rests_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = basis_of(tmp_path, Settings(), NEVER)
    assert basis_of(tmp_path, Settings(), NEVER) == known
    others = [
        basis_of(tmp_path / "elsewhere", Settings(), NEVER),
        basis_of(tmp_path, Settings(key=SecretStr("other")), NEVER),
        basis_of(tmp_path, Settings(places=frozenset({"a"})), NEVER),
        basis_of(tmp_path, Settings(), replace(NEVER, takeover=True)),
    ]
    monkeypatch.setattr(grounds, "_code", lambda: ["another version"])
    others.append(basis_of(tmp_path, Settings(), NEVER))
    assert known not in others
    assert len(set(others)) == len(others)
