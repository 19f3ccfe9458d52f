"""How settings name secrets that this machine keeps, and what is said when they lead nowhere."""

from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend

from lms_bridge.config import references
from lms_bridge.config.unresolved import UnresolvedReference


class InMemory(KeyringBackend):
    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        return {("lms-bridge", "moodle"): "from-keyring"}.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError


@pytest.fixture
def memory_keyring() -> object:
    before = keyring.get_keyring()
    keyring.set_keyring(InMemory())
    yield
    keyring.set_keyring(before)


def test_each_store_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory_keyring: object) -> None:
    monkeypatch.setenv("A_TOKEN", "from-env")
    (tmp_path / "token").write_text("from-file\n")
    (tmp_path / "unit").mkdir()
    (tmp_path / "unit" / "token").write_text("from-credential\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "unit"))
    read = [
        references.resolve(text, folder=tmp_path)
        for text in ("${env:A_TOKEN}", "${file:token}", "${keyring:lms-bridge/moodle}", "x-${env:A_TOKEN}-y", "plain")
    ]
    assert read == ["from-env", "from-file", "from-keyring", "x-from-env-y", "plain"]
    assert references.resolve("${credential:token}", folder=tmp_path) == "from-credential"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("${env:NOT_SET_ANYWHERE}", "the environment variable NOT_SET_ANYWHERE is not set"),
        ("${file:missing}", "the file missing cannot be read"),
        ("${file:empty}", "the file empty is empty"),
        ("${file:binary}", "the file binary is not text"),
        ("${file:large}", "the file large is too large for a secret"),
        ("${keyring:lms-bridge/nobody}", "the keyring holds nothing for lms-bridge/nobody"),
        ("${keyring:nobody}", "needs the form SERVICE/NAME"),
        ("${credential:token}", "the environment variable CREDENTIALS_DIRECTORY is not set"),
        ("${wallet:x}", "is not a known store"),
    ],
)
def test_a_reference_that_leads_nowhere_says_so(tmp_path: Path, memory_keyring: object, text: str, cause: str) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "large").write_bytes(b"x" * 200_000)
    with pytest.raises(UnresolvedReference) as caught:
        references.resolve(text, folder=tmp_path)
    assert cause in str(caught.value)
    assert caught.value.next_step
