"""Syncs tell people; a channel that fails fails none of them. What ends soon is told by `check` as well."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lms_bridge.bridge import check
from lms_bridge.config.load import load_config
from lms_bridge.errors import ConfigError
from tests.cli.conftest import Desk
from tests.notify.receivers import Web, web_server

SECRET_PATH = "/hooks/0123456789abcdef"


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    with web_server(tmp_path) as made:
        yield made


def subscribe(desk: Desk, web: Web, more: str = "") -> None:
    desk.patch.setenv("HOOK", f"{web.url}{SECRET_PATH}")
    desk.patch.setenv("HOOK_SECRET", "shared-by-both")
    channel = f"notifications:\n  - type: webhook\n    url: ${{env:HOOK}}\n    secret: ${{env:HOOK_SECRET}}\n{more}\n"
    path = desk.folder / "connectors.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "\n" + channel, encoding="utf-8")


def events(web: Web) -> list[tuple[str, str]]:
    said = [json.loads(call.body) for call in web.called]
    return [(each["event"], each["route"]) for each in said]


def test_a_moodle_that_fails_is_told_once_and_once_that_it_is_back(desk: Desk, web: Web) -> None:
    subscribe(desk, web)
    assert desk.run("sync").code == 0
    assert events(web) == []
    token = next((desk.folder / ".sandbox").glob("*token*"))
    good = token.read_text(encoding="utf-8")
    token.write_text("0123456789abcdef0123456789abcdef", encoding="utf-8")
    for _ in range(3):
        assert desk.run("sync", "--route", "programme-to-moodle").code != 0
    assert events(web) == [("failed", "programme-to-moodle")]
    failed = json.loads(web.called[0].body)
    assert failed["reason"]
    assert failed["next_step"]
    assert failed["installation"] == "example"
    token.write_text(good, encoding="utf-8")
    for _ in range(2):
        assert desk.run("sync").code == 0
    assert events(web) == [("failed", "programme-to-moodle"), ("recovered", "programme-to-moodle")]


def test_a_conflict_is_told_with_the_run_and_the_command_that_shows_it(desk: Desk, web: Web) -> None:
    from tests.cli.test_deciding import conflict

    subscribe(desk, web)
    conflict(desk)
    (said,) = [json.loads(call.body) for call in web.called]
    assert (said["event"], said["route"]) == ("waiting", "programme-to-moodle")
    assert "review list" in said["next_step"]
    assert said["run"] in desk.run("runs", "list").out


def test_who_decides_at_a_terminal_is_not_told_by_mail_what_they_see(desk: Desk, web: Web) -> None:
    subscribe(desk, web)
    desk.run("sync")
    next((desk.folder / ".sandbox").glob("*token*")).write_text("0123456789abcdef", encoding="utf-8")
    desk.run("sync", "--only", "course:BIO", "--route", "programme-to-moodle")
    assert events(web) == []


def test_a_channel_that_fails_fails_no_sync_and_is_told_without_its_address(desk: Desk, web: Web) -> None:
    subscribe(desk, web, "    digest: '07:00'\n")
    desk.run("sync")
    web.status = 500
    next((desk.folder / ".sandbox").glob("*token*")).write_text("0123456789abcdef", encoding="utf-8")
    ran = desk.run("-v", "sync")
    assert "Not told: notifications: webhook" in ran.err
    assert "shared-by-both" not in ran.err + ran.out
    assert SECRET_PATH not in ran.err + ran.out
    assert SECRET_PATH.strip("/") not in ran.err + ran.out


def test_every_channel_can_be_tried(desk: Desk, web: Web) -> None:
    subscribe(desk, web, f"  - type: teams\n    name: staff\n    url: {'${env:HOOK}'}\n")
    tried = desk.run("notify", "test")
    assert tried.code == 0
    assert tried.out == "webhook: sent.\nstaff: sent.\n"
    assert desk.run("notify", "test", "--channel", "staff").out == "staff: sent.\n"
    assert len(web.called) == 3
    web.status = 404
    refused = desk.run("notify", "test", "--channel", "webhook")
    assert refused.code == 1
    assert "status 404" in refused.err
    assert desk.run("notify", "test", "--channel", "nobody").code == 2


def test_without_channels_there_is_nothing_to_try(desk: Desk) -> None:
    assert "no channel is configured" in desk.run("notify", "test").err


# What is written wrong


@pytest.mark.parametrize(
    ("channel", "told"),
    [
        ("- type: webhook\n    url: https://example.org/x\n    secret: ${env:HOOK}", "must not stand in this file"),
        ("- type: webhook\n    url: ${env:PLAIN}\n    secret: ${env:HOOK}", "begins with https://"),
        ("- type: teams\n    url: ${env:NOT_SET}", "NOT_SET is not set"),
        ("- type: pigeon", "Expected 'email', 'teams' or 'webhook'"),
        ("- type: teams\n    url: ${env:HOOK}\n    digest: 10:30", "quotation marks"),
        ("- type: teams\n    url: ${env:HOOK}\n    digest: '7'", "quotation marks"),
        ("- type: teams\n    url: ${env:HOOK}\n    timezone: Mars/Olympus", "'Mars/Olympus' is no time zone"),
        ("- type: teams\n    url: ${env:HOOK}\n    events: [fail]", "Did you mean 'failed'?"),
        (
            "- type: teams\n    url: ${env:HOOK}\n  - type: teams\n    url: ${env:HOOK}",
            "another channel called 'teams'",
        ),
        ("- type: email\n    host: mail.example.org\n    from: me\n    to: [it@example.org]", "no e-mail address"),
        (
            "- type: email\n    host: mail.example.org\n    from: a@example.org\n    to: [it@example.org]\n"
            "    security: none",
            "in the open",
        ),
        (
            "- type: email\n    host: mail.example.org\n    from: a@example.org\n    to: [a@example.org]\n    user: me",
            "both `user` and `password`",
        ),
    ],
)
def test_what_is_wrong_with_a_channel_is_told_at_its_line(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, channel: str, told: str
) -> None:
    monkeypatch.setenv("HOOK", "https://example.org/hook/very-secret")
    monkeypatch.setenv("PLAIN", "http://example.org/hook/very-secret")
    path = desk.folder / "connectors.yaml"
    path.write_text(path.read_text(encoding="utf-8") + f"\nnotifications:\n  {channel}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    sentences = [str(problem) for problem in caught.value.problems]
    assert any(told in sentence and "connectors.yaml:" in sentence for sentence in sentences), sentences
    assert "very-secret" not in "".join(sentences)


# What ends soon


def findings(desk: Desk, now: datetime) -> dict[str, str]:
    config = load_config(desk.folder / "connectors.yaml")
    return {
        name: str(finding.problem)
        for name, finding in check(config, now=now)
        if finding.what == "expiry" and finding.problem is not None
    }


def test_check_warns_before_the_certificate_of_an_app_ends(desk: Desk) -> None:
    now = datetime.now(UTC)
    assert findings(desk, now) == {}
    (told,) = findings(desk, now + timedelta(days=20)).items()
    assert told[0] == "sharepoint"
    assert "the certificate ends on" in told[1]
    assert "destinations.sharepoint.credential.certificate" in told[1]


def test_check_warns_before_a_token_ends_whose_end_is_written_down(desk: Desk) -> None:
    ends = (datetime.now(UTC) + timedelta(days=10)).date()
    desk.configure("    token: ", f"    token_expires: {ends}\n    token: ")
    checked: Any = desk.run("check", "--output", "json")
    (told,) = [each for each in checked.json["findings"] if each["what"] == "expiry"]
    assert (told["connector"], told["level"]) == ("moodle", "warning")
    assert f"the token ends on {ends}" in told["problem"]["cause"]
    assert checked.code == 0


def test_a_sync_tells_what_ends_soon_once(desk: Desk, web: Web) -> None:
    subscribe(desk, web)
    ends = (datetime.now(UTC) + timedelta(days=10)).date()
    desk.configure("    token: ", f"    token_expires: {ends}\n    token: ")
    for _ in range(2):
        desk.run("sync", "--route", "programme-to-moodle")
    assert events(web) == [("expiry", "")]
