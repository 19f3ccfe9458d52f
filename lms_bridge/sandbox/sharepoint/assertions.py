"""Client assertions: the signed statement by which an app proves that it holds its certificate, or that
another issuer vouches for it (workload federation, managed identity).
"""

import base64
import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from lms_bridge.sandbox.sharepoint.model import Registration

_FEDERATION_AUDIENCE = "api://AzureADTokenExchange"


@dataclass(eq=False)
class Unproven(Exception):
    """Entra's refusal: AADSTS code, OAuth error, sentence."""

    code: int
    error: str
    message: str

    def __str__(self) -> str:
        return f"AADSTS{self.code}: {self.message}"


def prove_by_assertion(app: Registration, assertion: str, *, path: str, check: bool, tenant_id: str) -> None:
    """Return when `assertion` proves `app`, raise `Unproven` when not.

    Times are compared with the real clock: the caller signed with its own.
    """
    try:
        header = jwt.get_unverified_header(assertion)
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise Unproven(50027, "invalid_client", "JWT token is invalid or malformed.") from None
    if not check:
        return
    if claims.get("iss") == app.app_id:
        _prove_by_certificate(app, assertion, header, path=path, tenant_id=tenant_id)
    else:
        _prove_by_federation(app, assertion, claims)


def _prove_by_certificate(
    app: Registration, assertion: str, header: dict[str, Any], *, path: str, tenant_id: str
) -> None:
    key = _signer(app, header)
    try:
        claims = jwt.decode(
            assertion,
            key,
            ["PS256", "RS256"],
            leeway=60,
            options={"verify_aud": False, "require": ["exp", "sub"]},
        )
    except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError):
        raise Unproven(700024, "invalid_client", "Client assertion is not within its valid time range.") from None
    except jwt.PyJWTError as problem:
        raise _bad_signature(str(problem)) from None
    if claims["sub"] != app.app_id:
        raise Unproven(700021, "invalid_client", "Client assertion subject does not match the client.")
    audience = urlsplit(str(claims.get("aud", ""))).path.rstrip("/").casefold()
    if audience not in {path.rstrip("/").casefold(), f"/{tenant_id}/v2.0"}:
        raise Unproven(700023, "invalid_client", "Client assertion audience claim does not match Realm issuer.")


def _prove_by_federation(app: Registration, assertion: str, claims: dict[str, Any]) -> None:
    issuer, subject = str(claims.get("iss", "")), str(claims.get("sub", ""))
    if (issuer, subject) not in app.federated:
        raise Unproven(
            700213,
            "invalid_client",
            f"No matching federated identity record found for presented assertion subject '{subject}'.",
        )
    if claims.get("aud") != _FEDERATION_AUDIENCE:
        raise Unproven(700212, "invalid_client", "No matching federated identity record found for the audience.")
    try:
        jwt.decode(assertion, leeway=60, options={"verify_signature": False, "verify_exp": True, "verify_aud": False})
    except jwt.PyJWTError:
        raise Unproven(700024, "invalid_client", "Client assertion is not within its valid time range.") from None


def _signer(app: Registration, header: dict[str, Any]) -> RSAPublicKey:
    for pem in app.certificates:
        certificate = x509.load_pem_x509_certificate(pem)
        der = certificate.public_bytes(serialization.Encoding.DER)
        names = {
            "x5t": _encode(certificate.fingerprint(hashes.SHA1())),  # noqa: S303 - the name Entra uses
            "x5t#S256": _encode(hashlib.sha256(der).digest()),
        }
        sent = {name: str(header[name]).rstrip("=") for name in names if name in header}
        if sent and all(names[name] == value for name, value in sent.items()):
            public_key = certificate.public_key()
            assert isinstance(public_key, RSAPublicKey)
            return public_key
    raise _bad_signature("The key was not found.")


def _bad_signature(reason: str) -> Unproven:
    return Unproven(
        700027,
        "invalid_client",
        f"The certificate with identifier used to sign the client assertion is not registered on application. "
        f"[Reason - {reason}]",
    )


def _encode(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
