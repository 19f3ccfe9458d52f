"""A draft is approved by one word in its own file, and by nothing else in it."""

import errno
import os
import tempfile
from pathlib import Path

import pytest

from lms_bridge.errors import ContentError, NotFound
from lms_bridge.sources.files.settings import FilesSettings
from lms_bridge.sources.files.source import FilesSource

KEY = "s:C1/wiki/a"


def source(folder: Path, content: bytes) -> FilesSource:
    page = folder / "content/C1/wiki/a.md"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_bytes(content)
    return FilesSource("s", FilesSettings(path=Path("content")), folder)


@pytest.mark.parametrize(
    ("line", "after"),
    [
        (b"status: draft", b"status: approved"),
        (b"status:   draft # until Ann has read it", b"status:   approved # until Ann has read it"),
        (b"status: 'draft'", b"status: approved"),
        (b'status: "draft"\r', b"status: approved\r"),
    ],
)
def test_one_word_of_the_file_changes(tmp_path: Path, line: bytes, after: bytes) -> None:
    rest = b"title: The draft\n---\nstatus: draft is what this page tells of.\n"
    file = source(tmp_path, b"---\n" + line + b"\n" + rest).approved(KEY)
    assert file.after == b"---\n" + after + b"\n" + rest
    assert file.before == (tmp_path / "content/C1/wiki/a.md").read_bytes(), "nothing is written"
    assert file.name == "content/C1/wiki/a.md"


def test_the_approved_page_is_an_item(tmp_path: Path) -> None:
    folder = source(tmp_path, b"---\nstatus: draft\n---\n# A\n")
    (draft,) = folder.items().drafts
    assert (draft.key, str(draft.origin)) == (KEY, "content/C1/wiki/a.md:2")
    (tmp_path / "content/C1/wiki/a.md").write_bytes(folder.approved(draft.key).after)
    listing = folder.items()
    assert ([item.key for item in listing.items], list(listing.drafts)) == ([KEY], [])


@pytest.mark.parametrize("written", [b"status:\n  draft", b"{status: draft}", b'"status": draft'])
def test_what_is_written_in_another_way_is_left_to_people(tmp_path: Path, written: bytes) -> None:
    with pytest.raises(ContentError, match="in its own way") as told:
        source(tmp_path, b"---\n" + written + b"\n---\n# A\n").approved(KEY)
    assert "status: approved" in told.value.problem.next_step


def test_what_is_approved_already_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no draft"):
        source(tmp_path, b"# A\n").approved(KEY)


def test_a_file_that_another_one_changed_meanwhile_is_left(tmp_path: Path) -> None:
    folder = source(tmp_path, b"---\nstatus: draft\n---\n# A\n")
    file = folder.approved(KEY)
    (page := tmp_path / "content/C1/wiki/a.md").write_bytes(b"---\nstatus: draft\n---\n# A\n\nMore.\n")
    with pytest.raises(ContentError, match="nothing was written") as told:
        folder.approve(file)
    assert told.value.problem.where == "content/C1/wiki/a.md:2"
    assert b"More." in page.read_bytes()
    folder.approve(folder.approved(KEY))
    assert page.read_bytes() == b"---\nstatus: approved\n---\n# A\n\nMore.\n"


def test_a_folder_that_cannot_be_written_leaves_the_word_to_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a hardened unit gives it."""

    def refuse(**_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    folder = source(tmp_path, b"---\nstatus: draft\n---\n# A\n")
    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    with pytest.raises(ContentError, match="Read-only file system") as told:
        folder.approve(folder.approved(KEY))
    assert "status: approved" in told.value.problem.next_step
