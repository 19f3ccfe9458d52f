"""The tenant over HTTP: which of its faces an address belongs to, and requests turned into calls and back."""

import json
import re
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path

from lms_bridge.sandbox.sharepoint.backdoor import answer_backdoor
from lms_bridge.sandbox.sharepoint.entra import answer_entra
from lms_bridge.sandbox.sharepoint.errors import Refusal, graph_error
from lms_bridge.sandbox.sharepoint.exchange import Answer, Call, parse_address
from lms_bridge.sandbox.sharepoint.graph import answer_graph
from lms_bridge.sandbox.sharepoint.graph_batch import answer_batch
from lms_bridge.sandbox.sharepoint.graph_uploads import ADDRESS as UPLOADS
from lms_bridge.sandbox.sharepoint.graph_uploads import answer_upload
from lms_bridge.sandbox.sharepoint.rest import answer_rest
from lms_bridge.sandbox.sharepoint.tenant import Tenant
from lms_bridge.sandbox.sharepoint.visitor_pages import answer_visitor

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "MERGE"]
_LARGEST_BODY = 300 * 1024 * 1024
_GRAPH = re.compile(r"/(v1\.0|beta)(/.*)?")
_REST = re.compile(r"(?i)(?P<site>/sites/[^/]+|)/_(?:api|vti_bin/client\.svc)(?:/.*)?")


def sharepoint_app(tenant: Tenant) -> Starlette:
    """An ASGI application: Entra, Graph, SharePoint, the visitor's pages and the back door of one tenant."""

    async def answer(request: Request) -> Response:
        length = request.headers.get("content-length", "0")
        if length.isdigit() and int(length) > _LARGEST_BODY:
            return Response("The request is too large.", 413)
        body = await request.body()
        call = _call(request, body)
        return _response(await run_in_threadpool(_answer, tenant, call))

    return Starlette(routes=[Path("/{path:path}", answer, methods=_METHODS)])


def _answer(tenant: Tenant, call: Call) -> Answer:
    for face in (_graph, _rest, answer_entra, answer_backdoor, _upload, answer_visitor):
        found = _with(face, tenant, call)
        if found is not None:
            return found
    return Answer(404, {"error": {"code": "itemNotFound", "message": f"Nothing stands at {call.path}."}})


def _with(face: Callable[[Tenant, Call], Answer | None], tenant: Tenant, call: Call) -> Answer | None:
    try:
        return face(tenant, call)
    except Refusal as refused:
        body = graph_error(refused, now=tenant.clock.now(), request_id=tenant.ids.guid(), client_id="")
        return Answer(refused.status, body, dict(refused.headers))


def _graph(tenant: Tenant, call: Call) -> Answer | None:
    match = _GRAPH.fullmatch(call.path)
    if match is None or (match[1] == "beta" and not tenant.behaviour.beta):
        return None
    # msgraph-sdk writes `/v1.0//sites`.
    path = "/" + (match[2] or "").lstrip("/")
    inner = Call(call.method, path, call.query, call.headers, call.body, call.origin)
    if inner.path.rstrip("/") == "/$batch" and call.method == "POST":
        return answer_batch(tenant, inner)
    return answer_graph(tenant, inner)


def _rest(tenant: Tenant, call: Call) -> Answer | None:
    match = _REST.fullmatch(call.path)
    return None if match is None else answer_rest(tenant, call, match["site"])


def _upload(tenant: Tenant, call: Call) -> Answer | None:
    if not call.path.startswith(UPLOADS):
        return None
    with tenant.lock:
        return answer_upload(tenant, call)


def _call(request: Request, body: bytes) -> Call:
    raw = request.scope.get("raw_path") or request.url.path.encode()
    path, _ = parse_address("//host" + raw.decode("latin-1"))
    _, query = parse_address("/?" + request.scope["query_string"].decode("latin-1"))
    host = request.headers.get("host", "localhost")
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Call(request.method, path, query, headers, body, f"{request.url.scheme}://{host}")


def _response(answer: Answer) -> Response:
    headers = {name: value for name, value in answer.headers.items() if name.lower() != "content-type"}
    media = next((value for name, value in answer.headers.items() if name.lower() == "content-type"), "")
    if answer.body is None or answer.status in {204, 304}:
        return Response(None, answer.status, headers)
    if isinstance(answer.body, bytes):
        return Response(answer.body, answer.status, headers, media_type=media or "application/octet-stream")
    text = json.dumps(answer.body, ensure_ascii=False)
    return Response(text, answer.status, headers, media_type=media or "application/json; charset=utf-8")
