"""What is seen of a content folder from outside."""

import time
from pathlib import Path

import pytest

from lms_bridge.sources.files import glance as glances
from lms_bridge.sources.files.glance import Home, glance

LATER = 10_000_000_000


def _told(root: Path) -> str:
    return glance(root, begun=time.time_ns() + LATER).told


@pytest.fixture
def content(tmp_path: Path) -> Path:
    for course in ("BIO-101", "ECO-7", "GEO-1"):
        wiki = tmp_path / course / "wiki"
        wiki.mkdir(parents=True)
        (wiki / "a.md").write_text("# A\n")
    return tmp_path


def test_what_git_keeps_beside_the_courses_is_no_change(content: Path) -> None:
    before = _told(content)
    for repository in (content / ".git", content / "BIO-101" / ".git"):
        repository.mkdir()
        (repository / "index").write_text("objects\n")
    assert before
    assert _told(content) == before


@pytest.mark.parametrize("missing", ["nowhere", "a\0b"])
def test_of_a_folder_that_cannot_be_looked_at_nothing_is_told(content: Path, missing: str) -> None:
    found = glance(content / missing)
    assert (found.told, found.seen) == ("", None)


def test_so_many_files_are_remembered_one_by_one_and_no_more(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Each course is three names: its folder, its wiki and a page.
    monkeypatch.setattr(glances, "_MOST_HELD", 6)
    seen: tuple[Home, ...] = glance(content, begun=time.time_ns() + LATER).seen
    assert [(home.name, home.stamps is not None) for home in seen] == [
        ("BIO-101", True),
        ("ECO-7", True),
        ("GEO-1", False),
    ]
    before = _told(content)
    (content / "GEO-1" / "wiki" / "a.md").write_text("# B\n")
    assert _told(content) != before
