"""What goes along with a call for help: it tells much, and no secret, whatever is broken."""

import json
import stat
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Desk

PLANTED = {
    "HOOK": "https://example.org/hooks/planted-path?sig=planted-signature",
    "HOOK_SECRET": 'planted-"quoted"-sécret\\n',
    "MAIL_PASSWORD": "planted-mail-password",
}
WORDS = ("planted", "BEGIN PRIVATE", "BEGIN RSA", "it.person")


def bundle(desk: Desk, *options: str) -> dict[str, str]:
    file = desk.folder / "bundle.zip"
    file.unlink(missing_ok=True)
    ran = desk.run("support-bundle", "--output", str(file), *options)
    assert ran.code == 0, ran.err
    with zipfile.ZipFile(file) as packed:
        return {name: packed.read(name).decode() for name in packed.namelist()}


def plant(desk: Desk) -> None:
    for name, value in PLANTED.items():
        desk.patch.setenv(name, value)
    channels = (
        "\n# planted-comment\nnotifications:\n  - type: webhook\n    url: ${env:HOOK}\n    secret: ${env:HOOK_SECRET}\n"
        "  - type: email\n    host: mail.example.org\n    from: bridge@example.org\n    to: [it.person@example.org]\n"
        "    user: bridge\n    password: ${env:MAIL_PASSWORD}\n"
    )
    path = desk.folder / "connectors.yaml"
    path.write_text(path.read_text(encoding="utf-8") + channels, encoding="utf-8")


def secrets_in(desk: Desk) -> list[str]:
    """The token and the key that the sandbox hands out, line by line."""
    files = [path for path in (desk.folder / ".sandbox").iterdir() if path.suffix in ("", ".pem", ".txt")]
    named = [path for path in files if path.is_file() and ("token" in path.name or "key" in path.name)]
    return [line for path in named for line in path.read_text(encoding="utf-8").splitlines() if len(line) > 12]


def test_no_secret_is_in_it_wherever_one_was_planted(desk: Desk) -> None:
    plant(desk)
    log = desk.folder / "bridge.log"
    log.write_text("\n".join([*PLANTED.values(), "wstoken=planted-from-a-server", "an honest line"]), encoding="utf-8")
    desk.run("sync")
    parts = bundle(desk, "--log", str(log))
    assert set(parts) == {
        "README.txt", "about.json", "config.json", "findings.json", "state.json", "runs.json", "log.txt",
        "problems.txt",
    }  # fmt: skip
    everything = "".join(parts.values())
    for word in (*WORDS, *PLANTED.values(), *secrets_in(desk)):
        assert word not in everything, word
        assert json.dumps(word)[1:-1] not in everything
    assert secrets_in(desk)
    assert "an honest line" in parts["log.txt"]
    assert "${env:HOOK_SECRET}" in parts["config.json"]


def test_the_password_of_a_database_is_not_in_it(desk: Desk) -> None:
    desk.patch.setenv("STATE_PASSWORD", "planted-state/pass@word")
    there = "postgresql://bridge:${env:STATE_PASSWORD}@127.0.0.1:1/bridge"
    desk.configure("state: .sandbox/state.sqlite", f"state: {there}")
    parts = bundle(desk, "--no-check")
    assert "state store cannot be used" in parts["problems.txt"]
    assert "planted" not in "".join(parts.values())
    assert "postgresql://127.0.0.1:1/bridge" in parts["config.json"]


def test_it_tells_what_helps(desk: Desk) -> None:
    run = desk.run("sync", "--output", "json").json["run"]
    parts = {name: json.loads(text) for name, text in bundle(desk).items() if name.endswith(".json")}
    about: dict[str, Any] = parts["about.json"]
    assert about["lms_bridge"]
    assert about["python"]
    assert "pydantic" in about["packages"]
    assert parts["config.json"]["routes"]["programme-to-moodle"]["to"] == "moodle"
    assert parts["state.json"]["form"] == parts["state.json"]["newest_form"]
    assert parts["state.json"]["tables"]["records"] > 0
    assert {each["run"] for each in parts["runs.json"]} == {run}
    assert any(each["level"] == "ok" for each in parts["findings.json"])


def test_texts_titles_and_reviewers_stay_at_home(desk: Desk) -> None:
    desk.run("sync")
    everything = "".join(bundle(desk).values())
    for words in ("Green, mostly", "Ann Adler", "Bob Brandt", "Why green?"):
        assert words not in everything
    reviews = [
        change
        for run in json.loads(bundle(desk)["runs.json"])
        for change in run["changes"]
        if change["kind"] == "review"
    ]
    assert reviews
    assert all(change["key"].startswith("mark:") and "title" not in change for change in reviews)


def test_a_config_that_is_not_valid_is_gathered_too_with_what_is_wrong(desk: Desk) -> None:
    plant(desk)
    desk.configure("    url: ${env:HOOK}", "    url: ${env:HOOK}\n    colour: planted-in-the-wrong-place")
    desk.configure("    host: mail.example.org", "    host: mail.example.org\n    port: planted-as-a-port")
    desk.configure("    token: ", "    read_timeout: planted-as-a-number\n    token: ")
    parts = bundle(desk)
    assert "'colour' is not known here" in parts["problems.txt"]
    assert "runs.json" not in parts
    everything = "".join(text for name, text in parts.items() if name != "config.json")
    assert "planted" not in everything
    for value in PLANTED.values():
        assert value not in "".join(parts.values())


def test_a_secret_that_was_written_as_a_number_is_masked(desk: Desk) -> None:
    desk.configure("    token: ", "    password: 271828182845\n    token: ")
    assert "271828182845" not in "".join(bundle(desk, "--no-check").values())


def test_a_file_that_is_no_yaml_is_told_and_the_rest_is_gathered(desk: Desk) -> None:
    (desk.folder / "connectors.yaml").write_text("a: [planted", encoding="utf-8")
    parts = bundle(desk)
    assert "not valid YAML" in parts["problems.txt"]
    assert "planted" not in "".join(parts.values())
    assert "about.json" in parts


def test_a_state_that_cannot_be_read_is_told_and_the_rest_is_gathered(desk: Desk) -> None:
    desk.run("sync")
    for path in (desk.folder / ".sandbox").glob("state.sqlite*"):
        if path.is_file():
            path.write_bytes(b"no database, " * 500)
    parts = bundle(desk, "--no-check")
    assert "state store cannot be used" in parts["problems.txt"]
    assert "config.json" in parts


def test_a_log_that_is_not_there_is_told(desk: Desk) -> None:
    assert "the log cannot be read" in bundle(desk, "--no-check", "--log", "nowhere.log")["problems.txt"]


def test_only_its_owner_reads_it_and_nothing_is_written_over(desk: Desk, tmp_path: Path) -> None:
    desk.run("support-bundle", "--no-check", "--output", "mine.zip")
    file = desk.folder / "mine.zip"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = desk.run("support-bundle", "--no-check", "--output", "mine.zip")
    assert again.code == 2
    assert "--output" in again.err
    assert desk.run("support-bundle", "--no-check").code == 0
    assert len(list(desk.folder.glob("lms-bridge-support-*.zip"))) == 1


def test_where_it_cannot_be_written_is_told_before_anything_is_asked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gather(*given: Any, **how: Any) -> Any:
        raise AssertionError("somebody would wait for destinations that do not answer")

    monkeypatch.setattr("lms_bridge.support.gather", gather)
    refused = desk.run("support-bundle", "--output", "nowhere/bundle.zip")
    assert refused.code == 2
    assert "nowhere/bundle.zip: it cannot be written" in refused.err


def test_what_could_not_be_gathered_leaves_no_half_a_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def gather(*given: Any, **how: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("lms_bridge.support.gather", gather)
    with suppress(KeyboardInterrupt):
        desk.run("support-bundle", "--output", "bundle.zip")
    assert not (desk.folder / "bundle.zip").exists()


def test_what_was_never_run_has_a_bundle_as_well_and_makes_no_state(desk: Desk) -> None:
    desk.configure("state: .sandbox/state.sqlite", "state: .sandbox/never.sqlite")
    parts = bundle(desk, "--no-check")
    assert json.loads(parts["state.json"])["form"] == 0
    assert not (desk.folder / ".sandbox" / "never.sqlite").exists()


@pytest.mark.parametrize("secret", ["planted-secret-value"])
def test_a_secret_that_was_written_out_is_masked_by_the_name_of_its_key(desk: Desk, secret: str) -> None:
    desk.configure("    token: ", f"    client_secret: {secret}\n    token: ")
    assert secret not in "".join(bundle(desk, "--no-check").values())
