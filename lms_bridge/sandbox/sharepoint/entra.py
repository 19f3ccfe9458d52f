"""Entra ID: discovery, and the token endpoint with its refusals. People at a browser are in `entra_people`.

Codes and shapes as in learn.microsoft.com/entra/identity-platform/reference-error-codes.
"""

import base64
import binascii
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_plus

from lms_bridge.sandbox.sharepoint.assertions import Unproven, prove_by_assertion
from lms_bridge.sandbox.sharepoint.clock import iso
from lms_bridge.sandbox.sharepoint.entra_people import authorize, redeem
from lms_bridge.sandbox.sharepoint.exchange import Answer, Call
from lms_bridge.sandbox.sharepoint.model import Registration
from lms_bridge.sandbox.sharepoint.tokens import issue, public_keys, resource_kinds

if TYPE_CHECKING:
    from lms_bridge.sandbox.sharepoint.tenant import Tenant

_SECRET, _CERTIFICATE = 1, 2
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def answer_entra(tenant: "Tenant", call: Call) -> Answer | None:
    """The answer when the address is one of Entra's, else None."""
    parts = call.path.strip("/").split("/")
    match (call.method, parts):
        case ("GET", ["common" | "organizations", "discovery", "instance"]):
            return Answer(200, _instance(call))
        case ("GET", [segment, *rest]) if rest in (
            ["v2.0", ".well-known", "openid-configuration"],
            [".well-known", "openid-configuration"],
        ):
            return _configuration(tenant, call, segment, v2=rest[0] == "v2.0")
        case ("GET", [_, "discovery", "v2.0", "keys"]):
            return Answer(200, public_keys(tenant))
        case ("POST", [segment, "oauth2", "v2.0", "token"] | [segment, "oauth2", "token"]):
            try:
                return _token(tenant, call, segment)
            except Unproven as refused:
                return _refusal(tenant, call, refused)
        case ("GET" | "POST", [segment, "oauth2", "v2.0", "authorize"]):
            if not _is_ours(tenant, segment):
                return _refusal(tenant, call, _unknown_tenant(segment))
            return authorize(tenant, call)
        case ("GET", ["metadata", "identity", "oauth2", "token"]):
            return _managed_identity(tenant, call)
    return None


def _instance(call: Call) -> dict[str, Any]:
    host = call.origin.split("://", 1)[-1]
    names = ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net", host]
    return {
        "tenant_discovery_endpoint": f"{call.origin}/common/v2.0/.well-known/openid-configuration",
        "api-version": "1.1",
        "metadata": [{"preferred_network": host, "preferred_cache": "login.windows.net", "aliases": names}],
    }


def _configuration(tenant: "Tenant", call: Call, segment: str, *, v2: bool) -> Answer:
    if not _is_ours(tenant, segment) and segment not in {"common", "organizations"}:
        return _refusal(tenant, call, _unknown_tenant(segment))
    base = f"{call.origin}/{segment}"
    version = "/v2.0" if v2 else ""
    return Answer(
        200,
        {
            "token_endpoint": f"{base}/oauth2{version}/token",
            "token_endpoint_auth_methods_supported": [
                "client_secret_post",
                "private_key_jwt",
                "client_secret_basic",
            ],
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": f"{call.origin}/{tenant.id}{version}",
            "authorization_endpoint": f"{base}/oauth2{version}/authorize",
            "device_authorization_endpoint": f"{base}/oauth2{version}/devicecode",
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": "graph.microsoft.com",
        },
    )


def _token(tenant: "Tenant", call: Call, segment: str) -> Answer:
    if not _is_ours(tenant, segment):
        raise _unknown_tenant(segment)
    form = dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))
    client_id, secret = _credentials(call, form)
    if not form.get("grant_type"):
        raise Unproven(
            900144, "invalid_request", "The request body must contain the following parameter: 'grant_type'."
        )
    if form["grant_type"] not in ("client_credentials", "authorization_code"):
        raise Unproven(
            70003,
            "unsupported_grant_type",
            f"The app requested an unsupported grant type '{form['grant_type']}'.",
        )
    if not client_id:
        raise Unproven(900144, "invalid_request", "The request body must contain the following parameter: 'client_id'.")
    app = tenant.apps.get(client_id.casefold())
    if app is None:
        raise Unproven(
            700016,
            "unauthorized_client",
            f"Application with identifier '{client_id}' was not found in the directory '{tenant.name}'. This can "
            "happen if the application has not been installed by the administrator of the tenant or consented "
            "to by any user in the tenant.",
        )
    strength = _prove(tenant, call, app, form, secret)
    if form["grant_type"] == "authorization_code":
        return redeem(tenant, app, call, form)
    return _issued(tenant, app, _resource(tenant, form), strength)


def _credentials(call: Call, form: dict[str, str]) -> tuple[str, str]:
    scheme, _, encoded = call.header("authorization").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        name, _, secret = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(name), unquote_plus(secret)


def _prove(tenant: "Tenant", call: Call, app: Registration, form: dict[str, str], secret: str) -> int:
    assertion = form.get("client_assertion", "")
    if assertion:
        if form.get("client_assertion_type") != _ASSERTION_TYPE:
            raise Unproven(50027, "invalid_request", "The client assertion type is invalid.")
        prove_by_assertion(app, assertion, path=call.path, check=tenant.behaviour.check_assertions, tenant_id=tenant.id)
        return _CERTIFICATE
    if not secret:
        raise Unproven(
            7000218,
            "invalid_client",
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        )
    if secret not in app.secrets:
        raise Unproven(
            7000215,
            "invalid_client",
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret "
            f"value, not the client secret ID, for a secret added to app '{app.app_id}'.",
        )
    return _SECRET


def _resource(tenant: "Tenant", form: dict[str, str]) -> str:
    scope = form.get("scope", "")
    resource = form.get("resource", "")
    if not resource:
        wanted = [one for one in scope.split() if one not in {"openid", "profile", "offline_access"}]
        if len(wanted) != 1 or not wanted[0].endswith("/.default"):
            raise Unproven(
                1002012,
                "invalid_scope",
                f"The provided value for scope {scope} is not valid. Client credential flows must have a scope "
                "value with /.default suffixed to the resource identifier (application ID URI).",
            )
        resource = wanted[0].removesuffix("/.default")
    resource = resource.rstrip("/")
    if not resource_kinds(tenant, resource):
        raise Unproven(
            500011,
            "invalid_resource",
            f"The resource principal named {resource} was not found in the tenant named {tenant.name}.",
        )
    return resource


def _issued(tenant: "Tenant", app: Registration, resource: str, strength: int) -> Answer:
    token, lifetime = issue(tenant, app, resource, strength=strength)
    body = {
        "token_type": "Bearer",
        "expires_in": lifetime,
        "ext_expires_in": lifetime,
        "access_token": token,
    }
    return Answer(200, body, {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"})


def _managed_identity(tenant: "Tenant", call: Call) -> Answer:
    if call.header("metadata").lower() != "true":
        return Answer(400, {"error": "invalid_request", "error_description": "Required metadata header not specified"})
    app = tenant.apps.get(call.query.get("client_id", tenant.managed_identity).casefold())
    resource = call.query.get("resource", "").rstrip("/")
    if app is None or not resource_kinds(tenant, resource):
        return Answer(400, {"error": "invalid_request", "error_description": "Identity not found"})
    token, lifetime = issue(tenant, app, resource, strength=_CERTIFICATE)
    now = int(tenant.clock.timestamp())
    return Answer(
        200,
        {
            "access_token": token,
            "client_id": app.app_id,
            "expires_in": str(lifetime),
            "expires_on": str(now + lifetime),
            "ext_expires_in": str(lifetime),
            "not_before": str(now),
            "resource": resource,
            "token_type": "Bearer",
        },
    )


def _is_ours(tenant: "Tenant", segment: str) -> bool:
    return segment.casefold() in {tenant.id, tenant.name.casefold()}


def _unknown_tenant(segment: str) -> Unproven:
    return Unproven(
        90002,
        "invalid_request",
        f"Tenant '{segment}' not found. Check to make sure you have the correct tenant ID and are signing into "
        "the correct cloud.",
    )


def _refusal(tenant: "Tenant", call: Call, refused: Unproven) -> Answer:
    trace = tenant.ids.guid()
    correlation = call.header("client-request-id") or tenant.ids.guid()
    now = tenant.clock.now()
    written = iso(now).replace("T", " ")
    return Answer(
        401 if refused.error == "invalid_client" else 400,
        {
            "error": refused.error,
            "error_description": f"AADSTS{refused.code}: {refused.message} Trace ID: {trace} "
            f"Correlation ID: {correlation} Timestamp: {written}",
            "error_codes": [refused.code],
            "timestamp": written,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"{call.origin}/error?code={refused.code}",
        },
    )
