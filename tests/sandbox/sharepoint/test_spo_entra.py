"""Entra: who gets a token, and by which number a refusal is known."""

import base64
import hashlib
import time
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from spo_world import World

from lms_bridge.sandbox.sharepoint import Registration
from lms_bridge.sandbox.sharepoint.certificates import make_app_certificate

APP = "99999999-2222-4333-8444-555555555555"
SECRET = "invented"
GRAPH = "https://graph.microsoft.com/.default"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture(scope="module")
def key_pair() -> tuple[bytes, bytes]:
    return make_app_certificate("test app")


@pytest.fixture
def entra(world: World, key_pair: tuple[bytes, bytes]) -> World:
    federated = (("https://issuer.example", "subject"),)
    world.tenant.register(
        Registration(
            APP,
            "Test app",
            roles=("Sites.Selected",),
            secrets=(SECRET,),
            certificates=(key_pair[1],),
            federated=federated,
        )
    )
    return world


def ask(world: World, tenant: str = "", **form: str) -> tuple[int, dict[str, Any]]:
    body = {"grant_type": "client_credentials", "client_id": APP, "scope": GRAPH, **form}
    answer = world.http.post(f"{world.url}/{tenant or world.tenant.id}/oauth2/v2.0/token", data=body)
    return answer.status_code, answer.json()


def sign(world: World, key_pair: tuple[bytes, bytes], *, algorithm: str = "PS256", **claims: Any) -> str:
    certificate = x509.load_pem_x509_certificate(key_pair[1])
    if algorithm == "PS256":
        digest = hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).digest()
        header = {"x5t#S256": encode(digest)}
    else:
        header = {"x5t": encode(certificate.fingerprint(hashes.SHA1()))}  # noqa: S303
    url = f"{world.url}/{world.tenant.id}/oauth2/v2.0/token"
    full = {"iss": APP, "sub": APP, "aud": url, "exp": time.time() + 300, **claims}
    return jwt.encode(full, key_pair[0], algorithm, headers=header)


def encode(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.mark.parametrize("algorithm", ["PS256", "RS256"])
def test_a_signed_assertion_is_worth_a_token_that_opens_graph(
    entra: World, key_pair: tuple[bytes, bytes], algorithm: str
) -> None:
    assertion = sign(entra, key_pair, algorithm=algorithm)
    status, answer = ask(entra, client_assertion=assertion, client_assertion_type=JWT_BEARER)
    assert status == 200
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3599)
    entra.tenant.grant(entra.site, APP, "read")
    opened = entra.http.get(
        f"{entra.url}/v1.0{entra.site_path}", headers={"Authorization": f"Bearer {answer['access_token']}"}
    )
    assert opened.status_code == 200


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"exp": 1}, 700024),
        ({"aud": "https://elsewhere.example/token"}, 700023),
        ({"sub": "somebody else"}, 700021),
    ],
)
def test_an_assertion_with_a_wrong_claim_is_refused(
    entra: World, key_pair: tuple[bytes, bytes], claims: dict[str, Any], code: int
) -> None:
    assertion = sign(entra, key_pair, **claims)
    status, answer = ask(entra, client_assertion=assertion, client_assertion_type=JWT_BEARER)
    assert (status, answer["error"], answer["error_codes"]) == (401, "invalid_client", [code])


def test_an_assertion_signed_with_another_key_is_refused(entra: World, key_pair: tuple[bytes, bytes]) -> None:
    stranger = make_app_certificate("stranger")
    for pair in (stranger, (stranger[0], key_pair[1])):
        status, answer = ask(entra, client_assertion=sign(entra, pair), client_assertion_type=JWT_BEARER)
        assert (status, answer["error_codes"]) == (401, [700027])


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"client_secret": "wrong"}, 401, 7000215),
        ({}, 401, 7000218),
        ({"client_id": "nobody", "client_secret": SECRET}, 400, 700016),
        ({"client_secret": SECRET, "scope": "https://graph.microsoft.com/Sites.Read.All"}, 400, 1002012),
        ({"client_secret": SECRET, "scope": "https://elsewhere.example/.default"}, 400, 500011),
        ({"client_secret": SECRET, "grant_type": "password"}, 400, 70003),
        ({"client_assertion": "x", "client_assertion_type": JWT_BEARER}, 401, 50027),
        ({"tenant": "nowhere", "client_secret": SECRET}, 400, 90002),
    ],
)
def test_a_refusal_has_its_number(entra: World, form: dict[str, str], status: int, code: int) -> None:
    found, answer = ask(entra, **form)
    assert (found, answer["error_codes"]) == (status, [code])
    assert answer["error_description"].startswith(f"AADSTS{code}: ")
    assert answer["correlation_id"]
    assert SECRET not in str(answer)


def test_another_issuer_vouches_for_the_app_only_with_the_registered_subject(entra: World) -> None:
    claims = {"iss": "https://issuer.example", "aud": "api://AzureADTokenExchange", "exp": time.time() + 60}
    for subject, expected in (("subject", 200), ("another", 401)):
        assertion = jwt.encode({**claims, "sub": subject}, "k" * 32, "HS256")
        status, _ = ask(entra, client_assertion=assertion, client_assertion_type=JWT_BEARER)
        assert status == expected


def test_the_lifetime_of_tokens_can_be_set(entra: World) -> None:
    entra.tenant.behaviour.token_lifetime = 30
    _, answer = ask(entra, client_secret=SECRET)
    assert answer["expires_in"] == 30
    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 30


def test_the_machine_s_own_identity_is_had_with_the_metadata_header_only(entra: World) -> None:
    entra.tenant.managed_identity = APP
    address = f"{entra.url}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://graph.microsoft.com"
    assert entra.http.get(address).status_code == 400
    answer = entra.http.get(address, headers={"Metadata": "true"}).json()
    assert (answer["client_id"], answer["token_type"], answer["expires_in"]) == (APP, "Bearer", "3599")


def test_discovery_leads_to_the_token_endpoint(entra: World) -> None:
    address = f"{entra.url}/{entra.tenant.id}/v2.0/.well-known/openid-configuration"
    found = entra.http.get(address).json()
    assert found["token_endpoint"] == f"{entra.url}/{entra.tenant.id}/oauth2/v2.0/token"
    assert entra.http.get(found["jwks_uri"]).json()["keys"]
    instance = entra.http.get(f"{entra.url}/common/discovery/instance?api-version=1.1").json()
    assert entra.url.split("//")[1] in instance["metadata"][0]["aliases"]
