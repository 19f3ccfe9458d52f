"""Secrets that are kept elsewhere: what is read from HashiCorp Vault and Azure Key Vault, and what is said otherwise.

Vault is a server of ours on this machine, which answers as its documentation says; for Azure the transport below
Microsoft's own client is ours.
"""

import io
import json
import sys
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from time import time
from typing import Any

import azure.identity
import azure.keyvault.secrets
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError
from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest
from azure.core.rest._requests_basic import RestRequestsTransportResponse
from requests import Response

from lms_bridge.config import references
from lms_bridge.config.unresolved import UnresolvedReference

TOKEN = "hvs.a-token-of-vault"
SECRET = "what-nobody-may-see"


class Vault(ThreadingHTTPServer):
    """Version 2 of the key-value store: https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2"""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.held: dict[str, dict[str, Any]] = {"/v1/kv/data/learning/bridge": {"moodle": SECRET, "number": 7}}
        self.troubles: list[int] = []
        self.asked: list[tuple[str, str | None]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answering(BaseHTTPRequestHandler):
    server: Vault

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("X-Vault-Namespace")))
        if self.server.troubles:
            self._answer(self.server.troubles.pop(0), {"errors": [f"trouble with {TOKEN}"]})
        elif self.headers.get("X-Vault-Token") != TOKEN:
            self._answer(403, {"errors": [f"1 error occurred: bad token {self.headers.get('X-Vault-Token')}"]})
        elif (held := self.server.held.get(self.path)) is None:
            self._answer(404, {"errors": []})
        else:
            self._answer(200, {"data": {"data": held, "metadata": {"version": 3, "deletion_time": ""}}})

    def _answer(self, status: int, told: dict[str, Any]) -> None:
        content = json.dumps(told).encode()
        self.send_response(status)
        if status == 503:
            self.send_header("Retry-After", "3600")
        if status == 307:
            self.send_header("Location", f"{self.server.address}/elsewhere")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> Iterator[Vault]:
    with Vault() as server:
        monkeypatch.setenv("VAULT_ADDR", server.address)
        monkeypatch.setenv("VAULT_TOKEN", TOKEN)
        for name in ("VAULT_TOKEN_FILE", "VAULT_NAMESPACE"):
            monkeypatch.delenv(name, raising=False)
        thread = Thread(target=partial(server.serve_forever, poll_interval=0.01))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def read(text: str) -> str:
    return references.resolve(text, folder=Path())


def refused(text: str) -> UnresolvedReference:
    with pytest.raises(UnresolvedReference) as caught:
        read(text)
    told = f"{caught.value} {caught.value.next_step}"
    assert TOKEN not in told
    assert SECRET not in told
    # What it is chained to is logged by nobody who asks for causes: there is none.
    assert caught.value.__cause__ is None
    return caught.value


def test_a_field_of_a_secret_in_vault_is_read(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_NAMESPACE", "teaching")
    assert read("${vault:kv/learning/bridge#moodle}") == SECRET
    assert vault.asked == [("/v1/kv/data/learning/bridge", "teaching")]


def test_the_token_may_stand_in_a_file(vault: Vault, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VAULT_TOKEN")
    assert "there is no token for Vault" in str(refused("${vault:kv/learning/bridge#moodle}"))
    monkeypatch.setenv("VAULT_TOKEN_FILE", str(tmp_path / "token"))
    assert "VAULT_TOKEN_FILE names cannot be read" in str(refused("${vault:kv/learning/bridge#moodle}"))
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    assert read("${vault:kv/learning/bridge#moodle}") == SECRET


def test_a_vault_that_changes_its_leader_costs_nothing(vault: Vault) -> None:
    vault.troubles = [503]
    assert read("${vault:kv/learning/bridge#moodle}") == SECRET


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("${vault:kv#moodle}", "has no field of a secret in it"),
        ("${vault:kv/learning/bridge}", "has no field of a secret in it"),
        ("${vault:kv/learning/nothing#moodle}", "Vault holds nothing at kv/learning/nothing"),
        ("${vault:kv/learning/bridge#nothing}", "has no field nothing"),
        ("${vault:kv/learning/bridge#number}", "is no text"),
    ],
)
def test_what_vault_does_not_hold_is_told(vault: Vault, text: str, cause: str) -> None:
    assert cause in str(refused(text))


@pytest.mark.parametrize(
    ("status", "cause"),
    [(403, "Vault refuses kv/learning/bridge to the token"), (400, "does not answer as it should (InvalidRequest)")],
)
def test_a_refusal_of_vault_is_told_without_its_own_words(vault: Vault, status: int, cause: str) -> None:
    vault.troubles = [status]
    assert cause in str(refused("${vault:kv/learning/bridge#moodle}"))


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_vault_that_is_sealed_or_busy_is_no_mistake_of_the_config(
    vault: Vault, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr("lms_bridge.config.hashicorp_vault._AGAIN", 0)
    vault.troubles = [status]
    assert refused("${vault:kv/learning/bridge#moodle}").passing
    # What a person has to mend is one.
    for wrong in ("${vault:kv/learning/nothing#moodle}", "${vault:kv/learning/bridge#nothing}"):
        assert not refused(wrong).passing
    vault.troubles = [403]
    assert not refused("${vault:kv/learning/bridge#moodle}").passing


def test_a_redirect_of_vault_is_not_followed_with_the_token(vault: Vault) -> None:
    vault.troubles = [307]
    refused("${vault:kv/learning/bridge#moodle}")
    assert [path for path, _ in vault.asked] == ["/v1/kv/data/learning/bridge"]


@pytest.mark.parametrize(
    ("address", "cause"),
    [
        ("", "VAULT_ADDR is not set"),
        ("http://vault.example.org:8200", "VAULT_ADDR is no https address"),
        ("http://127.0.0.1:9", "Vault does not answer as it should (ConnectionError)"),
    ],
)
def test_an_address_of_vault_that_cannot_be_used_is_told(
    vault: Vault, monkeypatch: pytest.MonkeyPatch, address: str, cause: str
) -> None:
    monkeypatch.setattr("lms_bridge.config.hashicorp_vault._AGAIN", 0)
    monkeypatch.setenv("VAULT_ADDR", address)
    assert cause in str(refused("${vault:kv/learning/bridge#moodle}"))


class Azure(HttpTransport):  # type: ignore[type-arg]
    """Answers as Key Vault does: first where tokens come from, then the secret or a refusal."""

    def __init__(self) -> None:
        self.status = 200
        self.content: dict[str, Any] = {"id": "https://learning.vault.azure.net/secrets/moodle/1", "value": SECRET}
        self.asked: list[str] = []

    def send(self, request: HttpRequest, **_: Any) -> RestRequestsTransportResponse:
        self.asked.append(request.url.partition("?")[0])
        response = Response()
        if "Authorization" in request.headers:
            response.status_code, content = self.status, self.content
        else:
            response.status_code, content = 401, {}
            wanted = 'Bearer authorization="https://login.example.org/t", resource="https://vault.azure.net"'
            response.headers["WWW-Authenticate"] = wanted
        response.headers["Content-Type"] = "application/json"
        response.raw = io.BytesIO(json.dumps(content).encode())
        if self.status == 0:
            raise ServiceRequestError(f"no way, with {TOKEN}")
        return RestRequestsTransportResponse(request=request, internal_response=response, block_size=4096)

    def open(self) -> None: ...
    def close(self) -> None: ...
    def __exit__(self, *args: object) -> None: ...
    def sleep(self, duration: float) -> None: ...


class Identity:
    """What azure-identity finds on a machine; `known` false: nothing."""

    known = True

    def get_token_info(self, *scopes: str, **_: Any) -> Any:
        if not self.known:
            raise ClientAuthenticationError(f"nothing worked, not even {TOKEN}")
        return azure.core.credentials.AccessTokenInfo(TOKEN, int(time()) + 3600)

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        return AccessToken(self.get_token_info().token, int(time()) + 3600)

    def __enter__(self) -> "Identity":
        return self

    def __exit__(self, *args: object) -> None: ...


@pytest.fixture
def key_vault(monkeypatch: pytest.MonkeyPatch) -> Azure:
    transport = Azure()
    client = partial(azure.keyvault.secrets.SecretClient, transport=transport, retry_total=0)
    monkeypatch.setattr(azure.keyvault.secrets, "SecretClient", client)
    monkeypatch.setattr(azure.identity, "DefaultAzureCredential", Identity)
    return transport


def test_a_secret_in_azure_is_read(key_vault: Azure) -> None:
    assert read("${azure:learning/moodle}") == SECRET
    assert set(key_vault.asked) == {"https://learning.vault.azure.net/secrets/moodle/"}


def test_in_a_national_cloud_the_vault_is_named_by_its_host(key_vault: Azure) -> None:
    refused("${azure:learning.vault.azure.cn/moodle}")  # Tokens are for the host that is asked, and for no other.
    assert set(key_vault.asked) == {"https://learning.vault.azure.cn/secrets/moodle/"}


@pytest.mark.parametrize(
    ("status", "content", "cause", "passing"),
    [
        (
            404,
            {"error": {"code": "SecretNotFound", "message": SECRET}},
            "learning.vault.azure.net holds no secret moodle",
            False,
        ),
        (403, {"error": {"code": "Forbidden", "message": SECRET}}, "refuses the secret moodle to the identity", False),
        (400, {"error": {"code": "Trouble", "message": SECRET}}, "does not answer as it should (HTTP 400)", False),
        (500, {"error": {"code": "Trouble", "message": SECRET}}, "does not answer as it should (HTTP 500)", True),
        (0, {}, "does not answer as it should (ServiceRequestError)", True),
        (200, {"id": "https://learning.vault.azure.net/secrets/moodle/1", "value": ""}, "is empty", False),
    ],
)
def test_what_azure_does_not_give_is_told_without_its_own_words(
    key_vault: Azure, status: int, content: dict[str, Any], cause: str, passing: bool
) -> None:
    key_vault.status, key_vault.content = status, content
    found = refused("${azure:learning/moodle}")
    assert cause in str(found)
    assert found.passing is passing


def test_a_machine_that_nobody_vouches_for_is_told(key_vault: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Identity, "known", False)
    assert "nobody could be signed in to learning.vault.azure.net" in str(refused("${azure:learning/moodle}"))


@pytest.mark.parametrize("text", ["${azure:moodle}", "${azure:learning/}", "${azure:evil.example.org:8443/x/moodle}"])
def test_a_name_that_is_none_of_azures_is_told(key_vault: Azure, text: str) -> None:
    assert "names no secret of a vault" in str(refused(text))
    assert key_vault.asked == []


@pytest.mark.parametrize(
    ("text", "library"), [("${azure:learning/moodle}", "azure.identity"), ("${vault:kv/bridge#moodle}", "hvac")]
)
def test_without_its_extra_a_store_names_the_command_that_installs_it(
    vault: Vault, monkeypatch: pytest.MonkeyPatch, text: str, library: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    store = text[2:7]
    assert f"pip install '.[{store}]'" in refused(text).next_step
