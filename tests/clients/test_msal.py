"""MSAL, unmodified, with the credentials that an administrator may choose."""

import time
from dataclasses import replace

import jwt
import msal
import pytest
import requests
from clients_world import World
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from lms_bridge.sandbox.server import SandboxServer
from lms_bridge.sandbox.sharepoint import sharepoint_app

pytestmark = pytest.mark.clients
GRAPH = ["https://graph.microsoft.com/.default"]


def _claims(answer: dict[str, object]) -> dict[str, object]:
    assert "access_token" in answer, answer
    claims: dict[str, object] = jwt.decode(str(answer["access_token"]), options={"verify_signature": False})
    return claims


def _authority(world: World) -> str:
    return f"https://login.microsoftonline.com/{world.tenant.id}"


@pytest.mark.parametrize("form", ["public certificate", "thumbprint", "both"])
def test_a_certificate_is_taken_in_each_form_that_msal_sends(world: World, form: str) -> None:
    thumbprint = _thumbprint(world.certificate)
    credential = {
        "public certificate": {"private_key": world.private_key, "public_certificate": world.certificate},
        "thumbprint": {"private_key": world.private_key, "thumbprint": thumbprint},
        "both": {
            "private_key": world.private_key,
            "thumbprint": thumbprint,
            "public_certificate": world.certificate,
        },
    }[form]
    app = msal.ConfidentialClientApplication(
        world.demo.client_id, authority=_authority(world), client_credential=credential
    )
    first, second = app.acquire_token_for_client(GRAPH), app.acquire_token_for_client(GRAPH)
    claims = _claims(first)
    assert (claims["idtyp"], claims["roles"], claims["appid"]) == (
        "app",
        ["Sites.Selected"],
        world.demo.client_id,
    )
    assert second["token_source"] == "cache"


def test_a_secret_is_taken_and_a_wrong_one_is_refused_by_its_number(world: World) -> None:
    app = msal.ConfidentialClientApplication(
        world.demo.client_id, authority=_authority(world), client_credential=world.secret
    )
    assert _claims(app.acquire_token_for_client(GRAPH))["appidacr"] == "1"
    wrong = msal.ConfidentialClientApplication(
        world.demo.client_id, authority=_authority(world), client_credential="wrong"
    )
    refused = wrong.acquire_token_for_client(GRAPH)
    assert (refused["error"], refused["error_codes"]) == ("invalid_client", [7000215])


def test_another_issuer_can_vouch_for_the_app(world: World) -> None:
    registered = world.tenant.apps[world.demo.client_id]
    world.tenant.register(replace(registered, federated=(("https://issuer.example", "job-1"),)))
    claims = {"iss": "https://issuer.example", "sub": "job-1", "aud": "api://AzureADTokenExchange"}
    assertion = jwt.encode({**claims, "exp": time.time() + 60}, "k" * 32, "HS256")
    app = msal.ConfidentialClientApplication(
        world.demo.client_id,
        authority=_authority(world),
        client_credential={"client_assertion": lambda: assertion},
    )
    assert _claims(app.acquire_token_for_client(GRAPH))["appidacr"] == "2"


def test_a_machine_gets_its_managed_identity(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with SandboxServer(sharepoint_app(world.tenant)) as plain:
        monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", plain.url)
        identity = msal.ManagedIdentityClient(msal.SystemAssignedManagedIdentity(), http_client=requests.Session())
        answer = identity.acquire_token_for_client(resource="https://graph.microsoft.com")
    assert _claims(answer)["aud"] == "https://graph.microsoft.com"


def _thumbprint(pem: str) -> str:
    return x509.load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA1()).hex()  # noqa: S303
