"""Entra ID as far as a person at a browser needs it: who am I, the code, and the id token it is exchanged for.

The authorisation code flow with PKCE: learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow. Nobody has
a password here: the page asks who one is, and takes one's word for it.
"""

import base64
import hashlib
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import jwt

from lms_bridge.sandbox.sharepoint.assertions import Unproven
from lms_bridge.sandbox.sharepoint.exchange import Answer, Call
from lms_bridge.sandbox.sharepoint.model import Registration, SignIn
from lms_bridge.sandbox.sharepoint.tokens import KEY_ID, signing_key

if TYPE_CHECKING:
    from lms_bridge.sandbox.sharepoint.tenant import Tenant

_LASTS = 600
_HTML = {"Content-Type": "text/html; charset=utf-8"}


def authorize(tenant: "Tenant", call: Call) -> Answer:
    """GET asks who one is; POST takes the answer and sends the browser back with a code."""
    asked = call.query
    app = tenant.apps.get(asked.get("client_id", "").casefold())
    if app is None:
        return _page(400, "<p>AADSTS700016: Application was not found in the directory.</p>")
    if asked.get("redirect_uri") not in app.redirects:
        # The browser is sent nowhere that the app did not register.
        return _page(
            400, "<p>AADSTS50011: The redirect URI does not match the ones configured for the application.</p>"
        )
    if asked.get("response_type") != "code" or asked.get("code_challenge_method", "S256") != "S256":
        return _back(asked, {"error": "unsupported_response_type", "error_description": "AADSTS700054"})
    if call.method == "GET":
        return _page(200, _choice(app))
    person = dict(parse_qsl(call.body.decode("utf-8", "replace"))).get("person", "")
    if person not in app.assigned:
        return _back(asked, {"error": "access_denied", "error_description": "AADSTS50105: not assigned to a role."})
    code = tenant.ids.word(60)
    until = tenant.clock.timestamp() + _LASTS
    with tenant.lock:
        tenant.codes[code] = SignIn(
            person, app.app_id, asked["redirect_uri"], asked.get("code_challenge", ""), asked.get("nonce", ""), until
        )
    return _back(asked, {"code": code, "session_state": tenant.ids.guid()})


def redeem(tenant: "Tenant", app: Registration, call: Call, form: dict[str, str]) -> Answer:
    """The id token for a code. What the caller is was proven before."""
    with tenant.lock:
        found = tenant.codes.pop(form.get("code", ""), None)
    if found is None or found.client_id != app.app_id or found.until < tenant.clock.timestamp():
        raise Unproven(70008, "invalid_grant", "The provided authorization code has expired or was redeemed already.")
    if form.get("redirect_uri") != found.redirect:
        raise Unproven(50011, "invalid_grant", "The redirect URI does not match the one of the authorization request.")
    if found.challenge and _challenge(form.get("code_verifier", "")) != found.challenge:
        raise Unproven(501481, "invalid_grant", "The Code_Verifier does not match the code_challenge.")
    now = int(tenant.clock.timestamp())
    claims: dict[str, Any] = {
        "aud": app.app_id,
        "iss": f"{call.origin}/{tenant.id}/v2.0",
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
        "name": found.person.partition("@")[0],
        "nonce": found.nonce,
        "oid": _id_of(found.person),
        "preferred_username": found.person,
        "sub": _id_of(found.person),
        "tid": tenant.id,
        "ver": "2.0",
    }
    if app.assigned[found.person]:
        claims["roles"] = list(app.assigned[found.person])
    token = jwt.encode(claims, signing_key(tenant), "RS256", headers={"kid": KEY_ID})
    info = base64.urlsafe_b64encode(f'{{"uid":"{claims["oid"]}","utid":"{tenant.id}"}}'.encode()).decode().rstrip("=")
    body = {
        "token_type": "Bearer",
        "scope": "openid profile",
        "expires_in": 3600,
        "access_token": tenant.ids.word(80),
        "id_token": token,
        "client_info": info,
    }
    return Answer(200, body, {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"})


def _back(asked: Any, told: dict[str, str]) -> Answer:
    query = urlencode({**told, "state": asked.get("state", "")})
    return Answer(302, b"", {"Location": f"{asked['redirect_uri']}?{query}"})


def _choice(app: Registration) -> str:
    people = "".join(
        f'<p><button name="person" value="{escape(name)}">{escape(name)}</button></p>' for name in app.assigned
    )
    return f'<h1>Who are you?</h1><form method="post">{people}</form>'


def _page(status: int, inner: str) -> Answer:
    return Answer(status, f"<!doctype html><title>Sign in</title>{inner}".encode(), _HTML)


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _id_of(person: str) -> str:
    digest = hashlib.sha256(person.encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"
