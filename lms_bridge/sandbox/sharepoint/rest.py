"""SharePoint's own REST interface under `/_api`: the door, the digest, the dialect, the tunnelled methods."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lms_bridge.sandbox.sharepoint import (
    rest_comments,
    rest_field_schema,
    rest_fields,
    rest_items,
    rest_lists,
    rest_pages,
    rest_web,
)
from lms_bridge.sandbox.sharepoint.errors import Refusal, not_found, rest_error
from lms_bridge.sandbox.sharepoint.exchange import Answer, Call, Identity, Route, Visit, find_route
from lms_bridge.sandbox.sharepoint.model import Site
from lms_bridge.sandbox.sharepoint.rest_address import plain_address
from lms_bridge.sandbox.sharepoint.rest_batch import answer_rest_batch
from lms_bridge.sandbox.sharepoint.rest_format import Dialect, Entity, Value, choose_dialect, write
from lms_bridge.sandbox.sharepoint.rights import require, require_certificate
from lms_bridge.sandbox.sharepoint.tokens import read_bearer

if TYPE_CHECKING:
    from lms_bridge.sandbox.sharepoint.tenant import Tenant

ROUTES: Sequence[Route] = (
    *rest_web.ROUTES,
    *rest_lists.ROUTES,
    *rest_field_schema.ROUTES,
    *rest_fields.ROUTES,
    *rest_items.ROUTES,
    *rest_comments.ROUTES,
    *rest_pages.ROUTES,
)
_UNITS = 3  # Microsoft publishes no cost; "more than Graph's"


def answer_rest(tenant: "Tenant", call: Call, site_path: str) -> Answer:
    """`site_path` is what stands before `/_api`, "" for the root site."""
    accept = call.header("accept")
    dialect = choose_dialect(f"{call.origin}{site_path}", accept)
    request_id = tenant.ids.guid()
    try:
        answer = _answer(tenant, call, site_path, dialect)
    except Refusal as refused:
        body = rest_error(refused, verbose=dialect.is_verbose, language=tenant.behaviour.language)
        status = refused.rest_status or refused.status
        answer = Answer(status, body, dict(refused.headers))
    return answer.with_headers({"request-id": request_id, "SPRequestGuid": request_id})


def _answer(tenant: "Tenant", call: Call, site_path: str, dialect: Dialect) -> Answer:
    site = tenant.site_at(site_path)
    if site is None:
        raise not_found("The site was not found.")
    identity = read_bearer(tenant, call.header("authorization"), "sharepoint")
    require_certificate(identity, secrets_too=tenant.behaviour.secret_for_rest)
    rest = call.path[len(site_path) :].split("/", 2)[2:] or [""]
    inner = rest[0].removeprefix("client.svc/")
    if inner.casefold() == "$batch":
        return answer_rest_batch(tenant, call, site_path, answer_rest)
    method = call.method
    if method == "POST" and call.header("x-http-method"):
        method = call.header("x-http-method").upper()
    address = plain_address(inner, call.query)
    with tenant.lock:
        _check_digest(tenant, call, method, address)
        headers = tenant.charge(identity.app_id, _UNITS)
        call = replace(call, method=method, path=rest_pages.through_file(site, address))
        return write(_routed(tenant, call, identity, site), dialect).with_headers(headers)


def _routed(tenant: "Tenant", call: Call, identity: Identity, site: Site) -> Answer:
    try:
        route, params = find_route(ROUTES, call.method, call.path)
    except Refusal:
        if call.method == "GET":
            return _property(tenant, call, identity, site)
        raise not_found("Cannot find resource for the request.") from None
    tenant.count(call.method, f"/_api{route.template}")
    visit = Visit(tenant, call, identity, params, site)
    if route.right is not None:
        require(visit.identity, site, route.right, drive=False)
    return route.answer(visit)


def _property(tenant: "Tenant", call: Call, identity: Identity, site: Site) -> Answer:
    """`web/title`: one property of what stands before it."""
    before, _, name = call.path.rpartition("/")
    try:
        route, params = find_route(ROUTES, "GET", before)
    except Refusal:
        raise Refusal(
            404,
            "itemNotFound",
            f"Cannot find resource for the request {name}.",
            hresult="-1",
            exception="Microsoft.SharePoint.Client.ResourceNotFoundException",
        ) from None
    visit = Visit(tenant, replace(call, path=before), identity, params, site)
    require(visit.identity, site, "read", drive=False)
    body = route.answer(visit).body
    if isinstance(body, Entity):
        for key, value in body.values.items():
            if key.casefold() == name:
                return Answer(200, Value(key, value))
    raise not_found(f"Cannot find resource for the request {name}.")


def _check_digest(tenant: "Tenant", call: Call, method: str, address: str) -> None:
    """A bearer token makes the digest unnecessary; one that is sent all the same must be good."""
    digest = call.header("x-requestdigest")
    if method == "GET" or not digest or address == "/contextinfo":
        return
    made = tenant.digests.get(digest)
    if made is None or made + tenant.behaviour.digest_lifetime < tenant.clock.timestamp():
        raise Refusal(
            403,
            "accessDenied",
            "The security validation for this page is invalid and might be corrupted. Please use your web "
            "browser's Back button to try your operation again.",
            hresult="-2130575251",
            exception="Microsoft.SharePoint.SPException",
        )
