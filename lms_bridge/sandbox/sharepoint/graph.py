"""Graph's front door: who calls, may they, what does it cost, who answers, how the answer is dressed.

A call inside a `$batch` comes through the same door.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from lms_bridge.sandbox.sharepoint import (
    graph_columns,
    graph_delta,
    graph_drives,
    graph_files,
    graph_history,
    graph_items,
    graph_lists,
    graph_pages,
    graph_permissions,
    graph_sites,
    graph_uploads,
    graph_webparts,
)
from lms_bridge.sandbox.sharepoint.errors import Refusal, bad_request, graph_error, not_found
from lms_bridge.sandbox.sharepoint.exchange import Answer, Call, Route, Visit, find_route
from lms_bridge.sandbox.sharepoint.model import Site, SpList
from lms_bridge.sandbox.sharepoint.rights import require, require_full_control
from lms_bridge.sandbox.sharepoint.store import find_list
from lms_bridge.sandbox.sharepoint.tokens import read_bearer

if TYPE_CHECKING:
    from lms_bridge.sandbox.sharepoint.tenant import Tenant

ROUTES: Sequence[Route] = (
    *graph_sites.ROUTES,
    *graph_permissions.ROUTES,
    *graph_lists.ROUTES,
    *graph_columns.ROUTES,
    *graph_delta.ROUTES,
    *graph_items.ROUTES,
    *graph_history.ROUTES,
    *graph_webparts.ROUTES,
    *graph_pages.ROUTES,
    *graph_uploads.ROUTES,
    *graph_drives.ROUTES,
    # After the drives' own: a file's path may hold anything, also `:/children`.
    *graph_files.ROUTES,
)
_OPTIONS = frozenset({"select", "expand", "filter", "orderby", "top", "count", "skiptoken"})
_BY_PATH = re.compile(r"/sites/(?P<host>[^/,]*?):/(?P<path>[^:]*?)/?(?::(?P<rest>/.*)?|:)?")
_KEY = re.compile(
    r"(?i)(?<=/)(sites|lists|items|columns|pages|drives|permissions|versions|horizontalSections|webParts)\('([^']*)'\)"
)


def answer_graph(tenant: "Tenant", call: Call) -> Answer:
    """`call.path` without its version."""
    request_id = tenant.ids.guid()
    client_id = call.header("client-request-id")
    try:
        answer = _answer(tenant, call)
    except Refusal as refused:
        body = graph_error(refused, now=tenant.clock.now(), request_id=request_id, client_id=client_id)
        answer = Answer(refused.status, body, dict(refused.headers))
    if "odata.metadata=none" in call.header("accept").lower():
        answer = replace(answer, body=_without_annotations(answer.body))
    return answer.with_headers({"request-id": request_id, "client-request-id": client_id or request_id})


def _answer(tenant: "Tenant", call: Call) -> Answer:
    identity = read_bearer(tenant, call.header("authorization"), "graph")
    with tenant.lock:
        path = _plain_path(tenant, call.path)
        # Graph takes its query options without their `$` too.
        query = {f"${name}" if name in _OPTIONS else name: value for name, value in call.query.items()}
        call = replace(call, path=path, query=query)
        route, params = find_route(ROUTES, call.method, path)
        tenant.count(call.method, route.template)
        # A page asked for by its token costs one unit, as a single item does.
        units = 1 if route.template.endswith("/delta") and "token" in call.query else route.units
        headers = tenant.charge(identity.app_id, units)
        site = _site(tenant, params)
        visit = Visit(tenant, call, identity, params, site)
        if route.right == "full":
            require_full_control(identity)
        elif route.right is not None and site is not None:
            is_drive = "drive" in route.template
            require(identity, site, route.right, splist=_list(site, params), drive=is_drive)
        return route.answer(visit).with_headers(headers)


def _plain_path(tenant: "Tenant", path: str) -> str:
    """The many ways to say the same address, brought to one: `/sites/{id}/...` and `/drives/{id}/...`."""
    path = _KEY.sub(r"\1/\2", path)
    path = re.sub(r"(?i)/sites/([^/]+)/getByPath\(path='([^']*)'\)", _joined_path, path)
    path = re.sub(r"(?i)/(?:microsoft\.)?graph\.(sitePage)\b", r"/microsoft.graph.\1", path)
    match = _BY_PATH.fullmatch(path)
    if match and "/" not in match["host"]:
        path = _site_by_path(tenant, unquote(match["host"]), match["path"]) + (match["rest"] or "")
    if path.startswith("/sites/"):
        path = _drive_path(tenant, path)
    return path


def _joined_path(match: re.Match[str]) -> str:
    host = match[1].split(",")[0]
    return f"/sites/{'' if host == 'root' else host}:/{match[2].strip('/')}:"


def _site_by_path(tenant: "Tenant", host: str, path: str) -> str:
    name = host.partition(":")[0].casefold()
    ours = {tenant.hostname, "localhost", "127.0.0.1", "root", "", tenant.public_url.split("://")[-1].split(":")[0]}
    if name not in ours:
        raise bad_request("Invalid hostname for this tenancy")
    site = tenant.site_at("/" + path.strip("/")) if path.strip("/") else tenant.site_at("")
    if site is None:
        raise not_found("Requested site could not be found")
    return f"/sites/{site.id}"


def _drive_path(tenant: "Tenant", path: str) -> str:
    """`/sites/{s}/drive`, `/sites/{s}/drives/{d}/...` and `/sites/{s}/lists/{l}/drive/...` lead to `/drives/{d}`."""
    match = re.fullmatch(r"/sites/(?P<site>[^/]+)/drives/(?P<drive>[^/]+)(?P<rest>/.*)?", path)
    if match:
        return f"/drives/{match['drive']}{match['rest'] or ''}"
    match = re.fullmatch(r"/sites/(?P<site>[^/]+)(?:/lists/(?P<list>[^/]+))?/drive(?P<rest>/.*)?", path)
    if not match:
        return path
    site = _site(tenant, {"site": match["site"]})
    assert site is not None
    splist = find_list(site, match["list"] or "Documents")
    if not splist.is_library:
        raise not_found("The list is not a document library; it has no drive.")
    return f"/drives/{splist.drive_id}{match['rest'] or ''}"


def _site(tenant: "Tenant", params: dict[str, str]) -> Site | None:
    if "drive" in params:
        for site in tenant.sites.values():
            if any(one.drive_id == params["drive"] for one in site.lists.values()):
                return site
        raise not_found("The resource could not be found.")
    key = params.get("site")
    if key is None:
        return None
    if key.casefold() == "root":
        return tenant.site_at("")
    parts = key.casefold().split(",")
    if len(parts) == 1 and "." in key:
        return _known(tenant.site_at("") if key.casefold() == tenant.hostname else None)
    wanted = set(parts[-2:]) if len(parts) == 3 else set(parts)
    return _known(
        next((one for one in tenant.sites.values() if wanted <= {one.id, one.web_id}), None),
    )


def _known(site: Site | None) -> Site:
    if site is None:
        raise not_found("Requested site could not be found")
    return site


def _list(site: Site, params: dict[str, str]) -> SpList | None:
    if "list" in params:
        try:
            return find_list(site, params["list"])
        except Refusal:
            return None
    drive = params.get("drive")
    return next((one for one in site.lists.values() if one.drive_id == drive), None)


def _without_annotations(body: Any) -> Any:
    kept = {"@odata.nextLink", "@odata.deltaLink", "@odata.count"}
    if isinstance(body, dict):
        return {
            name: _without_annotations(value) for name, value in body.items() if "@odata." not in name or name in kept
        }
    if isinstance(body, list):
        return [_without_annotations(one) for one in body]
    return body
