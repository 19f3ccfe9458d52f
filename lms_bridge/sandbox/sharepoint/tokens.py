"""Access tokens: written for an app that proved itself, read back at Graph's and SharePoint's doors.

Entra's are JWTs with `aud`, `appid`, `idtyp: app` and `roles`; so are these. `appidacr` tells how the app
proved itself, which SharePoint looks at: it takes certificates only.
"""

import functools
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from lms_bridge.sandbox.sharepoint.errors import unauthenticated
from lms_bridge.sandbox.sharepoint.exchange import Identity
from lms_bridge.sandbox.sharepoint.model import Registration

if TYPE_CHECKING:
    from lms_bridge.sandbox.sharepoint.tenant import Tenant

KEY_ID = "sandbox"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
GRAPH_HOSTS = frozenset(
    {
        "graph.microsoft.com",
        "graph.microsoft.us",
        "dod-graph.microsoft.us",
        "microsoftgraph.chinacloudapi.cn",
    }
)
GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
SHAREPOINT_APP_ID = "00000003-0000-0ff1-ce00-000000000000"


def resource_kinds(tenant: "Tenant", resource: str) -> frozenset[str]:
    """Which doors a token for `resource` opens: "graph", "sharepoint", both (loopback), or none."""
    if resource == GRAPH_APP_ID:
        return frozenset({"graph"})
    if resource == SHAREPOINT_APP_ID:
        return frozenset({"sharepoint"})
    host = urlsplit(resource).hostname or ""
    if host in GRAPH_HOSTS:
        return frozenset({"graph"})
    if host == tenant.hostname:
        return frozenset({"sharepoint"})
    if host in _LOOPBACK or host == urlsplit(tenant.public_url).hostname:
        # One address serves as Graph's and as SharePoint's root in the sandbox.
        return frozenset({"graph", "sharepoint"})
    return frozenset()


def issue(tenant: "Tenant", app: Registration, resource: str, *, strength: int) -> tuple[str, int]:
    """A token and its lifetime in seconds."""
    now = int(tenant.clock.timestamp())
    lifetime = tenant.behaviour.token_lifetime
    kinds = resource_kinds(tenant, resource)
    roles: set[str] = set()
    roles |= set(app.roles) if "graph" in kinds else set()
    roles |= set(app.sharepoint_roles) if "sharepoint" in kinds else set()
    claims: dict[str, Any] = {
        "aud": resource,
        "iss": f"https://sts.windows.net/{tenant.id}/",
        "iat": now,
        "nbf": now,
        "exp": now + lifetime,
        "app_displayname": app.name,
        "appid": app.app_id,
        "appidacr": str(strength),
        "idtyp": "app",
        "oid": app.app_id,
        "sub": app.app_id,
        "tid": tenant.id,
        "ver": "1.0",
    }
    if roles:
        claims["roles"] = sorted(roles)
    return jwt.encode(claims, signing_key(tenant), "RS256", headers={"kid": KEY_ID}), lifetime


def read_bearer(tenant: "Tenant", authorization: str, door: str) -> Identity:
    """Who calls, for the door "graph" or "sharepoint"; refuses what is missing, expired or not for it."""
    scheme, _, token = authorization.partition(" ")
    if not token or scheme.lower() != "bearer":
        raise unauthenticated("Access token is empty.")
    claims = _read(token, signing_key(tenant))
    if claims["exp"] <= tenant.clock.timestamp():
        raise unauthenticated("Lifetime validation failed, the token is expired.")
    audience = str(claims["aud"]).rstrip("/")
    if door not in resource_kinds(tenant, audience):
        raise unauthenticated("Access token validation failure. Invalid audience.")
    return Identity(
        claims["appid"],
        frozenset(claims.get("roles", ())),
        audience,
        int(claims["appidacr"]),
        claims.get("app_displayname", ""),
    )


@functools.lru_cache(maxsize=64)
def _read(token: str, key: rsa.RSAPrivateKey) -> dict[str, Any]:
    """Remembered, since each call of a batch comes through the door again."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key.public_key(),
            ["RS256"],
            options={"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
    except jwt.PyJWTError:
        raise unauthenticated("IDX14100: JWT is not well formed or its signature is invalid.") from None
    return claims


def signing_key(tenant: "Tenant") -> rsa.RSAPrivateKey:
    with tenant.lock:
        if tenant.signing_key is None:
            tenant.signing_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        key: rsa.RSAPrivateKey = tenant.signing_key
        return key


def public_keys(tenant: "Tenant") -> dict[str, Any]:
    key = RSAAlgorithm.to_jwk(signing_key(tenant).public_key(), as_dict=True)
    return {"keys": [{**key, "use": "sig", "kid": KEY_ID}]}
