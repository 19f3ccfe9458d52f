"""Who may sign in is said on the command line, and no password is ever an argument."""

import io
import json
import sys
from pathlib import Path

import pytest

from lms_bridge.cli import main
from lms_bridge.config.load import load_config
from lms_bridge.config.secrecy import secrets_of
from lms_bridge.console.access.passwords import PasswordFile
from lms_bridge.console.access.roles import Role
from lms_bridge.errors import ConfigError
from tests.console.console_world import PASSWORD, Room


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(tmp_path)

    def run(*words: str, typed: str = "") -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["lms-bridge", "console", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out + err

    return run


def test_somebody_is_let_in_listed_and_let_in_no_more(run, tmp_path: Path) -> None:
    code, told = run("add-user", "ann", "--role", "approver", typed=f"{PASSWORD}\n")
    assert (code, told.startswith("ann may sign in as approver")) == (0, True)
    assert PASSWORD not in told
    assert PasswordFile(tmp_path / "console-users.json").verify("ann", PASSWORD) is Role.APPROVER
    assert run("list-users") == (0, "ann: approver\n")
    assert json.loads(run("list-users", "-o", "json")[1])["users"] == [{"name": "ann", "role": "approver"}]
    assert run("remove-user", "ann")[0] == 0
    assert run("list-users") == (0, "Nobody.\n")
    assert run("remove-user", "ann")[0] == 2


def test_who_may_sign_in_is_written_where_the_console_reads_it(
    run, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = room.config_file.read_text(encoding="utf-8") + "\nconsole:\n  passwords: people/who.json\n"
    room.config_file.write_text(text, encoding="utf-8")
    monkeypatch.chdir(room.folder.parent)
    where = f"--config={room.config_file}"
    assert run("add-user", "ann", "--role", "viewer", where, typed=f"{PASSWORD}\n")[0] == 0
    assert PasswordFile(room.folder / "people" / "who.json").role("ann") is Role.VIEWER
    assert run("remove-user", "ann", where)[0] == 0
    assert PasswordFile(room.folder / "people" / "who.json").role("ann") is None


@pytest.mark.parametrize(
    ("words", "typed", "told"),
    [
        (["ann", "--role", "god"], PASSWORD, "there is no role 'god'"),
        (["ann", "--role", "admin"], "short\n", "12 to 1,000 signs"),
        (["ann", "--role", "admin"], "", "12 to 1,000 signs"),
        (["a b", "--role", "admin"], PASSWORD, "cannot be used"),
        (["ann", "--role", "admin", "--file", "no/such/\0"], PASSWORD, ""),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(run, tmp_path: Path, words: list[str], typed: str, told: str) -> None:
    code, said = run("add-user", *words, typed=typed)
    assert code in (1, 2)
    assert told in said
    assert "Traceback" not in said
    assert not (tmp_path / "console-users.json").exists()


ENTRA = """
console:
  entra:
    client_id: 5a6d0c1e-6f0b-4b57-9a52-0c7d1f3b2e10
    secret: {secret}
    address: {address}
    tenant: {tenant}
"""


REFERENCE, ADDRESS = "${env:CONSOLE_SECRET}", "https://bridge.example.org"


def configured(room: Room, **given: str) -> Path:
    wanted = {"secret": REFERENCE, "address": ADDRESS, "tenant": "contoso.onmicrosoft.com"} | given
    text = room.config_file.read_text(encoding="utf-8") + ENTRA.format(**wanted)
    path = room.folder / "with-entra.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_console_s_secret_is_a_reference_and_is_kept_out_of_logs(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lms_bridge.sandbox.pair import write_credentials

    write_credentials(room.folder / ".sandbox")
    monkeypatch.setenv("CONSOLE_SECRET", "s3cret-of-the-console")
    config = load_config(configured(room))
    assert config.console.entra is not None
    assert config.console.entra.secret.get_secret_value() == "s3cret-of-the-console"
    assert "s3cret-of-the-console" in secrets_of(config)
    assert "s3cret" not in repr(config)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"secret": "written-out"}, "a secret must not stand in this file"),
        ({"secret": "${env:NOT_SET_ANYWHERE}"}, "NOT_SET_ANYWHERE is not set"),
        ({"address": "http://bridge.example.org"}, "is no https address"),
        ({"address": "http://localhost.example.org"}, "is no https address"),
        ({"address": "http://127.0.0.1@example.org"}, "is no https address"),
        ({"tenant": "common"}, "stands for every tenant"),
        ({"tenant": "Organizations"}, "stands for every tenant"),
    ],
)
def test_what_is_wrong_with_it_is_told_at_its_line(room: Room, given: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(configured(room, **given))
    (problem,) = [each for each in error.value.problems if told in each.cause]
    assert ": console.entra." in problem.where
    assert "written-out" not in str(problem)
