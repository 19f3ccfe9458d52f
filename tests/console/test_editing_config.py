"""An admin changes connectors.yaml at the console: what is saved was checked, looked at, and meant for this file."""

import errno
import html
import os
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lms_bridge.config.editing import editable, save
from lms_bridge.errors import UsageError
from lms_bridge.sandbox.pair import write_credentials
from tests.console.console_world import Room, post
from tests.console.seeding import state_of
from tests.console.test_pages import words


@pytest.fixture
def editor(room: Room) -> Room:
    write_credentials(room.folder / ".sandbox")
    text = room.config_file.read_text(encoding="utf-8")
    room.config_file.write_text(f"{text}\nconsole:\n  edit_config: true\n", encoding="utf-8")
    return room


def fields_of(page: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(seen|checked)" value="([^"]*)"', page)
    (text,) = re.findall(r'<textarea id="text"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL)
    return dict(found) | {"text": html.unescape(text)}


def test_what_was_checked_and_looked_at_is_saved_and_the_old_file_kept(editor: Room) -> None:
    client = editor.signed_in("ada")
    before = editor.config_file.read_bytes()
    fields = fields_of(client.get("/config/edit").text)
    assert fields["text"] == before.decode()
    text = fields["text"].replace("edit_config: true", "edit_config: true\n  passwords: people.json")
    checked = post(client, "/config/check", **fields | {"text": text.replace("\n", "\r\n")})
    assert "It is valid. This is what changes" in words(checked.text)
    assert "<ins>passwords:</ins>" in checked.text or "passwords: people.json" in checked.text
    assert editor.config_file.read_bytes() == before, "checking writes nothing"
    saved = post(client, "/config/save", **fields_of(checked.text))
    assert "Saved." in words(saved.text)
    assert editor.config_file.read_text(encoding="utf-8") == text
    (copy,) = editor.folder.glob("connectors.yaml.*.backup")
    assert copy.read_bytes() == before
    assert copy.name in saved.text
    with state_of(editor.folder) as state:
        (line,) = [line for line in state.trail.lines() if line.deed == "edit config"]
    assert (line.role, line.actor, line.about) == ("person", "ada", "connectors.yaml")
    assert (line.before, line.after) == (editable(copy).digest, editable(editor.config_file).digest)
    assert [what for _, what, *_ in editor.decisions] == ["config edited"]


def test_a_text_with_mistakes_is_told_with_their_lines_and_never_saved(editor: Room) -> None:
    client = editor.signed_in("ada")
    before = editor.config_file.read_bytes()
    fields = fields_of(client.get("/config/edit").text)
    text = fields["text"].replace("refresh: always", "refresh: sometimes") + "\nunknown: 1\n"
    line = text.splitlines().index("unknown: 1") + 1
    page = post(client, "/config/check", **fields | {"text": text})
    assert f"connectors.yaml:{line}:1" in page.text
    assert "Save it" not in page.text
    forced = post(client, "/config/save", **fields | {"text": text, "checked": ""})
    assert forced.status_code == 400
    assert editor.config_file.read_bytes() == before
    assert editor.decisions == []


def test_another_text_than_the_one_that_was_looked_at_is_not_saved(editor: Room) -> None:
    client = editor.signed_in("ada")
    before = editor.config_file.read_bytes()
    fields = fields_of(client.get("/config/edit").text)
    checked = fields_of(post(client, "/config/check", **fields | {"text": fields["text"] + "# one\n"}).text)
    other = post(client, "/config/save", **checked | {"text": fields["text"] + "# another\n"})
    assert other.status_code == 400
    assert "another one than was checked" in words(other.text)
    assert editor.config_file.read_bytes() == before


def test_of_two_who_change_the_file_the_second_is_told(editor: Room) -> None:
    client = editor.signed_in("ada")
    fields = fields_of(client.get("/config/edit").text)
    checked = fields_of(post(client, "/config/check", **fields | {"text": fields["text"] + "# mine\n"}).text)
    editor.config_file.write_bytes(theirs := editor.config_file.read_bytes() + b"# theirs\n")
    answer = post(client, "/config/save", **checked)
    assert answer.status_code == 400
    assert "somebody changed the file meanwhile" in words(answer.text)
    assert editor.config_file.read_bytes() == theirs
    assert list(editor.folder.glob("*.backup")) == []
    with state_of(editor.folder) as state:
        assert [line for line in state.trail.lines() if line.deed == "edit config"] == [], "it was not made"


@pytest.mark.parametrize("where", ["# token: f00dfeed", "# see https://x.example/?sig=f00dfeed"])
def test_a_file_that_holds_what_must_not_be_seen_is_not_opened(editor: Room, where: str) -> None:
    number = len(editor.config_file.read_text().splitlines()) + 1
    with editor.config_file.open("a", encoding="utf-8") as file:
        file.write(f"{where}\n")
    answer = editor.signed_in("ada").get("/config/edit")
    assert answer.status_code == 400
    assert f"stands in line {number}" in words(answer.text)
    assert "f00dfeed" not in answer.text


def test_a_secret_that_somebody_types_is_refused(editor: Room) -> None:
    client = editor.signed_in("ada")
    fields = fields_of(client.get("/config/edit").text)
    text = fields["text"].replace("${file:.sandbox/moodle-token}", "f00dfeed")
    assert "a secret must not stand in this file" in words(
        post(client, "/config/check", **fields | {"text": text}).text
    )


def test_without_being_allowed_in_the_file_nobody_changes_it(room: Room) -> None:
    client = room.signed_in("ada")
    assert "/config/edit" not in client.get("/config").text
    for answer in (client.get("/config/edit"), post(client, "/config/check"), post(client, "/config/save")):
        assert answer.status_code == 400
        assert "edit_config: true" in words(answer.text)


def test_what_cannot_be_written_is_told_and_left(editor: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-only file system, as a hardened unit gives."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    found = editable(editor.config_file)
    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    with pytest.raises(UsageError, match="Read-only file system") as told:
        save(editor.config_file, "version: 1\n", seen=found.digest, now=editor.clock())
    assert "where it is deployed from" in told.value.problem.next_step
    assert editable(editor.config_file) == found


def test_line_ends_mark_and_rights_of_the_file_stay(tmp_path: Path) -> None:
    real = tmp_path / "real.yaml"
    real.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    real.chmod(0o640)
    (link := tmp_path / "connectors.yaml").symlink_to(real)
    saved = save(link, "a: 1\nb: 3\n", seen=editable(link).digest, now=datetime.now(UTC))
    assert link.is_symlink()
    assert real.read_bytes() == b"\xef\xbb\xbfa: 1\r\nb: 3\r\n"
    assert real.stat().st_mode & 0o777 == 0o640
    assert (tmp_path / saved.backup).read_bytes().endswith(b"b: 2\r\n")
