"""How the app proves who it is: each credential against the sandbox's Entra, and each refusal in words."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from pydantic import ValidationError
from sharepoint_world import World

from lms_bridge.errors import Denied, DestinationError, Unreachable
from lms_bridge.sandbox.sharepoint.certificates import make_app_certificate
from lms_bridge.sandbox.sharepoint.model import Registration
from lms_bridge.sharepoint.auth import SENTENCES, TokenProvider, refusal, roles_in
from lms_bridge.sharepoint.endpoints import CLOUDS, endpoints_of
from lms_bridge.sharepoint.entra_http import EntraHttp
from lms_bridge.sharepoint.settings import SharePointSettings
from lms_bridge.transport import Gate, Limits, Transport

ISSUER = "https://token.actions.example"


def provider(world: World, now: Callable[[], datetime] | None = None, **changes: Any) -> TokenProvider:
    settings = world.settings(**changes)
    gate = Gate(clock=world.clock, sleep=world.clock.sleep)
    transport = Transport(ca_file=world.folder / "ca.pem", gate=gate, limits=Limits(read_timeout=10.0))
    clock = {"now": now} if now else {}
    return TokenProvider(settings, world.folder, endpoints_of(settings), http=EntraHttp(transport), **clock)


def token_of(world: World, **changes: Any) -> str:
    return provider(world, **changes).token(world.server.url)


def claims(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


def pem(world: World, name: str) -> str:
    return (world.folder / name).read_text()


# Each way in


def test_a_certificate_from_files(world: World) -> None:
    token = token_of(world)
    assert claims(token)["appidacr"] == "2"
    assert roles_in(token) == {"Sites.Selected"}


def test_a_certificate_given_as_text(world: World) -> None:
    certificate = {"private_key": pem(world, "app-key.pem"), "public_certificate": pem(world, "app-cert.pem")}
    assert token_of(world, credential={"certificate": certificate})


def test_a_certificate_is_shown_to_entra_by_its_sha_256_and_signs_with_ps256(world: World) -> None:
    token_of(world)
    ((_, _, body),) = world.recorder.of("POST", "/oauth2/v2.0/token")
    assertion = next(part for part in body.decode().split("&") if part.startswith("client_assertion="))
    header = jwt.get_unverified_header(assertion.partition("=")[2])
    assert header["alg"] == "PS256"
    assert "x5t#S256" in header
    assert "x5t" not in header


def test_a_private_key_with_a_passphrase(world: World) -> None:
    key = load_pem_private_key(pem(world, "app-key.pem").encode(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open sesame")).decode()
    certificate = {"private_key": locked, "public_certificate": "app-cert.pem"}
    assert token_of(world, credential={"certificate": {**certificate, "passphrase": "open sesame"}})
    with pytest.raises(Denied, match="private key cannot be read"):
        token_of(world, credential={"certificate": {**certificate, "passphrase": "wrong"}})
    with pytest.raises(Denied, match="private key cannot be read"):
        token_of(world, credential={"certificate": certificate})


def test_a_secret(world: World) -> None:
    token = token_of(world, credential={"secret": pem(world, "client-secret")})
    assert claims(token)["appidacr"] == "1"


def test_a_token_of_an_issuer_that_the_app_trusts(world: World) -> None:
    client = world.server.demo.client_id
    world.tenant.register(Registration(client, "x", roles=("Sites.Selected",), federated=((ISSUER, "repo:x"),)))
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    now = datetime.now(UTC)
    said = {"iss": ISSUER, "sub": "repo:x", "aud": "api://AzureADTokenExchange", "exp": now + timedelta(minutes=5)}
    (world.folder / "federated").write_text(jwt.encode(said, key, "RS256") + "\n")
    assert token_of(world, credential={"federated_token_file": "federated"})
    (world.folder / "federated").write_text(jwt.encode({**said, "sub": "other"}, key, "RS256"))
    with pytest.raises(Denied, match="no federated credential"):
        token_of(world, credential={"federated_token_file": "federated"})
    with pytest.raises(Denied, match="cannot be read"):
        token_of(world, credential={"federated_token_file": "missing"})


def test_the_identity_of_the_machine(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", world.server.url)
    world.tenant.managed_identity = world.server.demo.client_id
    found = provider(world, credential={"managed_identity": {}}, client_id=None)
    assert roles_in(found.token(world.server.url)) == {"Sites.Selected"}


# One token for many calls


def test_a_token_is_asked_for_once_and_again_when_it_was_refused(world: World) -> None:
    tokens = provider(world)
    first = tokens.token(world.server.url)
    assert tokens.token(world.server.url) == first
    assert len(world.recorder.of("POST", "/oauth2/v2.0/token")) == 1
    tokens.renew(first)
    tokens.renew(first)
    tokens.token(world.server.url)
    assert len(world.recorder.of("POST", "/oauth2/v2.0/token")) == 2


def test_a_token_that_ended_early_is_replaced_without_anybody_noticing(world: World) -> None:
    site = world.open()
    assert site.site().title == "Learning"
    world.tenant.clock.advance(4000)
    assert list(site.check())
    assert len(world.recorder.of("POST", "/oauth2/v2.0/token")) == 2
    site.close()


# Refusals in words


def other_certificate(world: World, *, days: int = 0) -> None:
    key, certificate = make_app_certificate("other")
    (world.folder / "other-key.pem").write_bytes(key)
    (world.folder / "other-cert.pem").write_bytes(certificate)


def other(key: str, certificate: str) -> dict[str, Any]:
    return {"certificate": {"private_key_file": key, "public_certificate": certificate}}


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"credential": {"secret": "wrong"}}, "the client secret is wrong (AADSTS7000215)"),
        ({"client_id": "00000000-0000-0000-0000-000000000000"}, "the app is not known in this tenant (AADSTS700016)"),
        ({"tenant": "nobody.onmicrosoft.com"}, "the tenant"),
        ({"credential": other("other-key.pem", "other-cert.pem")}, "does not know the certificate"),
        ({"credential": other("other-key.pem", "app-cert.pem")}, "does not belong to the certificate"),
        ({"credential": other("missing.pem", "app-cert.pem")}, "missing.pem cannot be read"),
        ({"credential": other("app-cert.pem", "app-cert.pem")}, "private key cannot be read"),
        ({"credential": other("app-key.pem", "app-key.pem")}, "not one in PEM form"),
    ],
)
def test_what_entra_refuses_is_said_with_the_next_step(world: World, changes: dict[str, Any], cause: str) -> None:
    other_certificate(world)
    with pytest.raises(Denied) as caught:
        token_of(world, **changes)
    assert cause in caught.value.problem.cause
    assert caught.value.problem.next_step
    assert caught.value.problem.where


@pytest.mark.parametrize(("days", "words"), [(400, "expired on"), (-400, "is valid from")])
def test_a_certificate_out_of_its_time_is_told_before_anybody_is_asked(world: World, days: int, words: str) -> None:
    with pytest.raises(Denied, match=words):
        provider(world, now=lambda: datetime.now(UTC) + timedelta(days=days)).token(world.server.url)
    assert world.recorder.requests == []


def test_entra_out_of_reach_is_told_with_its_address(world: World) -> None:
    endpoints = {"authority": "https://127.0.0.1:9", "graph_root": world.server.url, "ca_file": "ca.pem"}
    with pytest.raises(Unreachable) as caught:
        token_of(world, endpoints=endpoints)
    assert "127.0.0.1:9" in caught.value.problem.where
    # `check` asks for this first.
    with pytest.raises(Unreachable) as caught:
        provider(world, endpoints=endpoints).expires()
    assert "127.0.0.1:9" in caught.value.problem.where


@pytest.mark.parametrize("answer", ["{}", "[]", '{"token_endpoint": 5}', '{"issuer": null}'])
def test_what_is_not_entra_is_told_as_such(world: World, answer: str) -> None:
    """A sign-in page or a proxy in its place, which answers in JSON as well."""
    path, headers = "/openid-configuration", {"content-type": "application/json"}
    world.fault("status", path=path, status=200, answer=answer, headers=headers, times=9)
    with pytest.raises(DestinationError) as caught:
        token_of(world)
    assert "ntra" in caught.value.problem.cause
    assert caught.value.problem.next_step


@pytest.mark.parametrize(
    "odd", ['"expires_in": "soon"', '"expires_in": []', f'"refresh_in": {"9" * 400}', '"refresh_in": 1e400']
)
def test_a_token_that_lasts_for_no_time_that_there_is_comes_from_something_else(world: World, odd: str) -> None:
    answer = f'{{"token_type": "Bearer", "access_token": "x", {odd}}}'
    headers = {"content-type": "application/json"}
    world.fault("status", method="POST", path="/oauth2/v2.0/token", status=200, answer=answer, headers=headers)
    with pytest.raises(DestinationError) as caught:
        token_of(world)
    assert "ntra" in caught.value.problem.cause
    assert "x" not in caught.value.problem.cause.split()


def test_entra_that_is_busy_is_asked_again(world: World) -> None:
    world.fault("status", method="POST", path="/oauth2/v2.0/token", status=503, retry_after="3", times=2)
    assert token_of(world)
    assert world.clock.slept == [3, 3]


@pytest.mark.parametrize("number", sorted(SENTENCES))
def test_every_known_number_has_a_sentence_and_a_step(number: int) -> None:
    found = refusal({"error": "invalid_client", "error_codes": [number]}, "https://login.test")
    assert f"AADSTS{number}" in found.problem.cause
    assert found.problem.next_step


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"error": "invalid_client", "error_description": "AADSTS7000222: Das Geheimnis ist abgelaufen."}, "expired"),
        ({"error": "x", "error_codes": [123456]}, "AADSTS123456"),
        ({"error": "temporarily_unavailable"}, "not available"),
        ({"error": "<script>", "error_description": "hunter2"}, "no reason given"),
        ({}, "no reason given"),
    ],
)
def test_unknown_refusals_are_told_by_number_and_never_in_entras_words(answer: dict[str, Any], words: str) -> None:
    told = str(refusal(answer, "https://login.test"))
    assert words in told
    assert "hunter2" not in told


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "a.e30.c", "a.bnVsbA.c", "a.eyJyb2xlcyI6ICJ4In0.c"])
def test_tokens_that_tell_nothing_have_no_roles(token: str) -> None:
    assert roles_in(token) == frozenset()


# No secret leaves


def test_no_secret_is_in_any_error_or_repr(world: World) -> None:
    secret = pem(world, "client-secret")
    settings = world.settings(credential={"secret": secret})
    assert secret not in repr(settings)
    with pytest.raises(DestinationError) as caught:
        token_of(world, credential={"secret": secret + "x"})
    assert secret not in str(caught.value)
    key = {"private_key": pem(world, "app-key.pem"), "public_certificate": "app-cert.pem"}
    assert "PRIVATE KEY" not in repr(world.settings(credential={"certificate": key}))


# Settings


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"credential": {}}, "none is given"),
        ({"credential": {"secret": "x", "federated_token_file": "y"}}, "secret and federated_token_file are given"),
        ({"credential": {"certificate": {"public_certificate": "x"}}}, "exactly one of private_key"),
        ({"client_id": None}, "needs client_id"),
        ({"site": "http://contoso.sharepoint.com/sites/x"}, "https://"),
        ({"site": "https://user:pass@contoso.sharepoint.com"}, "plain address"),
        ({"cloud": "mars"}, "global"),
        ({"prompts": {"as": "wall"}}, "news"),
        ({"pages": {"prefix": "Lehr Gang"}}, "pattern"),
        ({"lists": {"ratings": "X", "reviews": "x"}}, "different title"),
        ({"speed": 3}, "Extra inputs"),
    ],
)
def test_settings_that_cannot_work_are_refused_with_the_reason(
    world: World, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        SharePointSettings.model_validate(world.raw_settings(**changes))
    assert words in str(caught.value)


def test_every_setting_is_described_for_editors() -> None:
    schema = SharePointSettings.model_json_schema()
    models = [schema, *schema["$defs"].values()]
    described = [text for model in models for text in model["properties"].values() if "description" not in text]
    assert described == []
    assert json.dumps(schema)


def test_gcc_uses_the_global_hosts_and_gcc_high_its_own() -> None:
    assert CLOUDS["gcc"] == CLOUDS["global"]
    assert CLOUDS["gcc_high"].graph == "https://graph.microsoft.us"
    assert CLOUDS["dod"].graph == "https://dod-graph.microsoft.us"
    assert CLOUDS["china"].authority == "https://login.chinacloudapi.cn"


def test_importing_the_connector_loads_nothing_heavy(tmp_path: Path) -> None:
    import subprocess
    import sys

    heavy = ("office365", "msal", "requests", "lxml", "cryptography")
    code = f"import sys, lms_bridge.sharepoint; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
