"""What goes wrong in practice, each told once with its place and the next step, while everything else goes through."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from lms_bridge.sandbox.moodle import moodle_app
from lms_bridge.sandbox.server import SandboxServer
from tests.cli.conftest import Desk, free_ports


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("version: 1", "version: [1", "is not valid YAML"),
        (
            "    path: content",
            "    pth: content",
            "sources.programme.pth: the key 'pth' is not known here. Did you mean 'path'?",
        ),
        ("kinds: [page, prompt, review, rating]", "kinds: page", "routes.programme-to-moodle.kinds: found 'page'."),
        ("${file:.sandbox/moodle-token}", "${env:NO_SUCH_TOKEN}", "the environment variable NO_SUCH_TOKEN is not set."),
        ("${file:.sandbox/moodle-token}", "abc123", "a secret must not stand in this file."),
    ],
)
def test_a_config_that_is_wrong_ends_with_2_before_anything_is_called(
    desk: Desk, old: str, new: str, told: str
) -> None:
    desk.configure(old, new)
    calls = desk.moodle_calls()
    ran = desk.run("sync")
    assert ran.code == 2
    assert told in ran.err
    assert "connectors.yaml:" in ran.err
    assert "Traceback" not in ran.err
    assert desk.moodle_calls() == calls


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("BIO/wiki/no-title.md", "Only text.\n", "content/BIO/wiki/no-title.md: has no title."),
        (
            "BIO/wiki/huge.md",
            "# Huge\n\n" + "words " * 900_000,
            "content/BIO/wiki/huge.md: has 5.4 MB; the limit is 1.0 MB.",
        ),
        ("BIO/wiki/twin.md", "---\nid: plants\n---\n# Twin\n", "the id 'plants' is used twice."),
        (
            "BIO/wiki/broken.md",
            "# Broken\n\n[x](nowhere.md)\n",
            "the link to 'nowhere.md' leads to a page that does not exist.",
        ),
        ("BIO/wiki/image.md", "# Image\n\n![x](no.png)\n", "the image 'no.png' is not there."),
        ("BIO/wiki/out.md", "# Out\n\n![x](../../../secret.png)\n", "lies outside the content folder."),
        (
            "CHE/ratings.csv",
            "who,stars,comment,date\n",
            "content/CHE/ratings.csv:1: the header holds who, stars, comment, date",
        ),
        ("CHE/ratings.csv", "rater,stars,comment,date\nAnn,7,,\n", "content/CHE/ratings.csv:2: `stars` is '7'"),
        ("NEW/wiki/a.md", "# A\n\nA course that Moodle does not have.\n", "NEW"),
    ],
)
def test_bad_content_costs_itself_alone(desk: Desk, name: str, text: str, told: str) -> None:
    desk.write(name, text)
    ran = desk.run("sync", "--output", "json")
    assert ran.code == 1
    failures = [f"{row['where']}: {row['cause']} {row['next_step']}" for row in ran.json["failures"]]
    assert any(told in failure for failure in failures), failures
    assert all(row["next_step"] for row in ran.json["failures"])
    assert ran.json["summary"]["created"] >= 10, "everything else goes through"
    again = desk.run("sync", "--output", "json")
    assert again.json["summary"]["created"] == again.json["summary"]["updated"] == 0


def test_a_wrong_token_is_told_and_the_other_destination_goes_on(desk: Desk) -> None:
    (desk.folder / ".sandbox" / "moodle-token").write_text("wrong-token-wrong-token\n")
    ran = desk.run("sync", "--output", "json")
    assert ran.code in (1, 6)
    assert ran.json["summary"]["created"] >= 5
    (failure,) = ran.json["failures"]
    assert "token" in failure["cause"] + failure["next_step"]
    assert "wrong-token" not in ran.out + ran.err


def test_what_is_no_sandbox_is_never_written_to_by_the_sandbox_commands(desk: Desk) -> None:
    desk.configure(desk.trial.pair.moodle.url, "https://moodle.example.org")
    ran = desk.run("demo", "--once", "--port", str(free_ports()))
    assert ran.code == 1
    assert "https://moodle.example.org is no sandbox" in ran.err
    assert "destinations.moodle" in ran.err


def test_a_host_that_cannot_be_reached_ends_with_6(desk: Desk) -> None:
    desk.trial.pair.moodle.stop()
    ran = desk.run("sync", "--output", "json")
    assert ran.code == 6
    assert ran.json["summary"]["created"] >= 5, "SharePoint goes on"
    assert ran.json["failures"][0]["next_step"]
    assert ran.err == "", "no traceback of a library"
    checked = desk.run("check")
    assert checked.code == 6
    assert "ERROR   moodle: connection and token" in checked.out


def test_a_certificate_that_is_not_trusted_is_told_as_such(desk: Desk) -> None:
    desk.configure("      ca_file: .sandbox/ca.pem\n", "")
    ran = desk.run("sync", "--output", "json", "--route", "programme-to-sharepoint")
    assert ran.code == 6
    assert "certificate" in ran.json["failures"][0]["cause"].lower()
    assert "Traceback" not in ran.err


def expired_certificate(folder: Path, name: str) -> None:
    """A key and a certificate for this machine that ended yesterday."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now - timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / f"{name}-cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}-key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def test_an_expired_app_certificate_is_told_before_it_is_used(desk: Desk) -> None:
    expired_certificate(desk.folder / ".sandbox", "app")
    ran = desk.run("sync", "--output", "json", "--route", "programme-to-sharepoint")
    assert ran.code in (1, 6)
    (failure,) = ran.json["failures"]
    assert "certificate expired on" in failure["cause"]
    assert "upload the certificate in Entra" in failure["next_step"]


def test_a_server_whose_certificate_expired_is_told_as_such(desk: Desk) -> None:
    folder = desk.folder / ".sandbox"
    expired_certificate(folder, "old")
    site = desk.trial.pair.site
    with SandboxServer(
        moodle_app(site), certificate=folder / "old-cert.pem", private_key=folder / "old-key.pem"
    ) as server:
        desk.configure(desk.trial.pair.moodle.url, server.url)
        desk.configure("    ratings:\n", "    ca_file: .sandbox/old-cert.pem\n    ratings:\n")
        ran = desk.run("sync", "--output", "json", "--route", "programme-to-moodle")
    assert ran.code == 6
    assert "expired" in ran.json["failures"][0]["cause"]
