"""Messages arrive by mail, in Teams and at a webhook; what does not arrive is told, with no secret in it."""

import hashlib
import hmac
import json
import logging
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lms_bridge.config.notifications import CHANNELS, Channel, channel_of
from lms_bridge.errors import BridgeError, Problem, Trouble
from lms_bridge.notify.message import Failed, Health, Message
from lms_bridge.notify.telling import deliver, tell
from lms_bridge.notify.web import document
from lms_bridge.sandbox.sharepoint.certificates import ServerCertificate, make_server_certificate
from lms_bridge.sync.state import State
from lms_bridge.troubles import counted
from tests.notify.receivers import PASSWORD, USER, Mailbox, Web, mail_server, web_server
from tests.notify.test_decide import BROKEN, HEALTHY, news

NOW = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
HOSTILE = "[click](https://evil.example) <b>now</b> & ‘soon’"
FAILED = Failed(counted([Problem("it is busy", trouble=Trouble.UNREACHABLE)]))
SAID = Message(about=FAILED, at=NOW, route="r", run="R1", installation=HOSTILE, console="https://bridge.example.org")
SECRET_PATH = "/workflows/0123456789abcdef/triggers/manual"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ServerCertificate:
    return make_server_certificate(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def box(certificate: ServerCertificate) -> Iterator[Mailbox]:
    with mail_server(certificate) as made:
        yield made


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    with web_server(tmp_path) as made:
        yield made


def channel(kind: str, **settings: Any) -> Channel:
    return channel_of(kind, CHANNELS[kind].model_validate(settings))


def by_mail(box: Mailbox, **settings: Any) -> Channel:
    sent: dict[str, Any] = {"host": "127.0.0.1", "port": box.port, "from": "bridge@example.org"}
    sent |= {"to": ["it@example.org", "admin@example.org"], "user": USER, "password": PASSWORD}
    return channel("email", **{**sent, **settings})


def teams(web: Web, **settings: Any) -> Channel:
    return channel("teams", url=f"{web.url}{SECRET_PATH}?sig=a-signature", **settings)


def webhook(web: Web, **settings: Any) -> Channel:
    return channel("webhook", url=f"{web.url}{SECRET_PATH}", secret="shared", **settings)


# Mail


def test_a_mail_is_sent_encrypted_to_everybody_who_is_named(
    box: Mailbox, certificate: ServerCertificate, tmp_path: Path
) -> None:
    deliver(by_mail(box, ca_file=certificate.ca), SAID, tmp_path)
    (mail,) = box.received
    assert box.encrypted == [True]
    assert mail["Subject"] == "[lms-bridge] Route r failed"
    assert mail["To"] == "it@example.org, admin@example.org"
    assert mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_payload(decode=True)
    assert isinstance(text, bytes)
    for words in (HOSTILE, "What to do: `lms-bridge check`", "Run: R1", "https://bridge.example.org/runs/R1"):
        assert words in text.decode()


def test_a_mail_server_whose_certificate_nobody_vouches_for_is_told_nothing(box: Mailbox, tmp_path: Path) -> None:
    with pytest.raises(BridgeError, match="certificate is not to be trusted"):
        deliver(by_mail(box), SAID, tmp_path)
    assert box.received == []


def test_a_server_without_starttls_is_not_spoken_to_in_the_open(certificate: ServerCertificate, tmp_path: Path) -> None:
    with mail_server(None) as plain, pytest.raises(BridgeError, match="offers no STARTTLS"):
        deliver(by_mail(plain, ca_file=certificate.ca), SAID, tmp_path)
    assert plain.received == []


def test_a_relay_on_this_machine_needs_neither_encryption_nor_a_name(tmp_path: Path) -> None:
    with mail_server(None) as plain:
        deliver(by_mail(plain, security="none", user=None, password=None), SAID, tmp_path)
    assert len(plain.received) == 1


def test_a_wrong_password_is_told_without_it(box: Mailbox, certificate: ServerCertificate, tmp_path: Path) -> None:
    with pytest.raises(BridgeError, match="Authentication") as told:
        deliver(by_mail(box, ca_file=certificate.ca, password="a-wrong-password"), SAID, tmp_path)
    assert "a-wrong-password" not in str(told.value)
    assert "password" in told.value.problem.next_step


def test_what_a_mail_server_refuses_is_told_by_its_code(
    box: Mailbox, certificate: ServerCertificate, tmp_path: Path
) -> None:
    box.refuses = "554 no thanks"
    with pytest.raises(BridgeError, match="code 554"):
        deliver(by_mail(box, ca_file=certificate.ca), SAID, tmp_path)


def test_a_mail_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    with mail_server(None) as gone:
        pass
    with pytest.raises(BridgeError, match="cannot be reached"):
        deliver(by_mail(gone, security="none", user=None, password=None), SAID, tmp_path)


def test_a_server_that_says_nothing_holds_no_sync_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        dumb = Mailbox(port=silent.getsockname()[1])
        made = by_mail(dumb, security="none", user=None, password=None)
        with pytest.raises(BridgeError, match=r"took longer than 0\.05 seconds"):
            deliver(made, SAID, tmp_path, within=0.05)


# Teams


def test_teams_gets_one_card_in_which_nothing_is_a_link(web: Web, tmp_path: Path) -> None:
    deliver(teams(web), SAID, tmp_path)
    (call,) = web.called
    assert call.path == f"{SECRET_PATH}?sig=a-signature"
    content = json.loads(call.body)
    assert content["type"] == "message"
    (attachment,) = content["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.2")
    # A TextBlock or a FactSet would read Markdown.
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    texts = [run["text"] for block in card["body"] for run in block["inlines"]]
    assert texts[0] == "Route r failed"
    assert HOSTILE in texts
    assert "R1" in texts


# A webhook


def test_a_webhook_can_tell_that_the_call_is_ours_and_new(web: Web, tmp_path: Path) -> None:
    deliver(webhook(web), SAID, tmp_path)
    (call,) = web.called
    assert json.loads(call.body) == document(SAID)
    signed = call.headers["X-Lms-Bridge-Timestamp"].encode() + b"." + call.body
    expected = hmac.new(b"shared", signed, hashlib.sha256).hexdigest()
    assert call.headers["X-Lms-Bridge-Signature"] == f"sha256={expected}"
    assert call.headers["X-Lms-Bridge-Timestamp"] == str(int(NOW.timestamp()))


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 503])
def test_a_call_that_is_refused_is_told_and_not_repeated_at_once(web: Web, tmp_path: Path, status: int) -> None:
    web.status = status
    with pytest.raises(BridgeError, match=f"status {status}") as told:
        deliver(webhook(web), SAID, tmp_path)
    assert len(web.called) == 1
    assert SECRET_PATH not in str(told.value)


def test_nobody_is_sent_on_to_another_address(web: Web, tmp_path: Path) -> None:
    web.status, web.location = 307, f"{web.url}/elsewhere"
    with pytest.raises(BridgeError, match="not followed"):
        deliver(teams(web), SAID, tmp_path)
    assert len(web.called) == 1


def test_an_address_where_nobody_listens_is_told_by_its_host_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with web_server(tmp_path) as gone:
        pass
    with caplog.at_level(logging.DEBUG), pytest.raises(BridgeError) as told:
        deliver(teams(gone), SAID, tmp_path)
    for text in (str(told.value), caplog.text):
        assert SECRET_PATH not in text
        assert "a-signature" not in text
    assert gone.url.removeprefix("http://") in str(told.value)


# What is remembered


def told_by(state: State, made: Channel, *statuses: Health, folder: Path) -> list[int]:
    """How many problems each of several runs told."""
    return [
        len(tell([made], state, ["r"], now=NOW, folder=folder, news=[news(status, run=f"{status}-{number}")]))
        for number, status in enumerate(statuses)
    ]


def test_what_was_told_is_not_told_again_after_a_restart(web: Web, tmp_path: Path) -> None:
    for _ in range(3):
        with State.open(tmp_path / "state.sqlite") as state:
            told_by(state, webhook(web), BROKEN, folder=tmp_path)
    assert len(web.called) == 1


def test_a_channel_that_fails_is_tried_again_in_the_next_run_and_keeps_no_other_from_being_told(
    web: Web, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with web_server(tmp_path) as other, State.open(tmp_path / "state.sqlite") as state:
        web.status = 503
        channels = [webhook(web), webhook(other, name="other")]
        with caplog.at_level(logging.WARNING):
            (problem,) = tell(channels, state, ["r"], now=NOW, folder=tmp_path, news=[news(BROKEN)])
        assert len(other.called) == 1
        assert "notifications: webhook" in problem.where
        assert "was not told" in caplog.text
        assert SECRET_PATH not in caplog.text
        web.status = 200
        assert tell(channels, state, ["r"], now=NOW, folder=tmp_path, news=[news(BROKEN)]) == []
    assert (len(web.called), len(other.called)) == (2, 1)
    first, second = (json.loads(call.body)["id"] for call in web.called)
    assert first == second


def test_a_failure_and_a_recovery_are_two_messages(web: Web, tmp_path: Path) -> None:
    with State.open(tmp_path / "state.sqlite") as state:
        told_by(state, webhook(web), HEALTHY, BROKEN, BROKEN, HEALTHY, HEALTHY, folder=tmp_path)
    assert [json.loads(call.body)["event"] for call in web.called] == ["failed", "recovered"]


def test_a_summary_names_every_route_with_what_its_runs_did(web: Web, tmp_path: Path) -> None:
    made = webhook(web, digest="07:00", timezone="Europe/Vienna")
    with State.open(tmp_path / "state.sqlite") as state:
        tell([made], state, ["r", "s"], now=NOW, folder=tmp_path, news=[news(BROKEN)])
        later = NOW.replace(day=28)
        for run in ("1", "2"):
            state.history.begin_run(run, "s", "d", started=later.replace(hour=1), checksum="")
            state.history.end_run(run, "s", ended=later, exit_code=0, summary={"created": 2, "unchanged": 9})
        tell([made], state, ["r", "s"], now=later, folder=tmp_path)
    summary = json.loads(web.called[-1].body)
    assert summary["event"] == "digest"
    assert summary["lines"] == ["r: failed, 0 runs; nothing changed", "s: healthy, 2 runs; 4 created"]


def test_an_error_that_nobody_foresaw_fails_no_run_and_quotes_nothing(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError(SECRET_PATH)

    monkeypatch.setattr("lms_bridge.notify.web.send_webhook", broken)
    with State.open(tmp_path / "state.sqlite") as state:
        (problem,) = tell([webhook(web)], state, ["r"], now=NOW, folder=tmp_path, news=[news(BROKEN)])
    assert "RuntimeError" in problem.cause
    assert SECRET_PATH not in str(problem)
