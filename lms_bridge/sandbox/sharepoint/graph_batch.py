"""Graph: `$batch`. Up to twenty calls in one; each is charged, throttled, refused for itself; a call waits
for those it depends on and fails with 424 when one of them did.
"""

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING, Any

from lms_bridge.sandbox.faults import Fault
from lms_bridge.sandbox.sharepoint.errors import Refusal, bad_request, graph_error
from lms_bridge.sandbox.sharepoint.exchange import Answer, Call, parse_address
from lms_bridge.sandbox.sharepoint.graph import answer_graph
from lms_bridge.sandbox.sharepoint.tokens import read_bearer

if TYPE_CHECKING:
    from lms_bridge.sandbox.sharepoint.tenant import Tenant

Json = dict[str, Any]
MOST = 20
_LOST = 0
"""The status of a call whose part is missing from the answer."""
_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def answer_batch(tenant: "Tenant", call: Call) -> Answer:
    try:
        read_bearer(tenant, call.header("authorization"), "graph")
        requests = _requests(call.json())
    except Refusal as refused:
        body = graph_error(refused, now=tenant.clock.now(), request_id=tenant.ids.guid(), client_id="")
        return Answer(refused.status, body, dict(refused.headers))
    tenant.count("POST", "/$batch")
    answered: dict[str, Json] = {}
    for request in requests:
        needed = [answered[one] for one in request["dependsOn"]]
        if any(one["status"] >= 400 for one in needed):
            message = "Failed dependency: a request that this one depends on failed."
            answered[request["id"]] = _response(request["id"], Answer(424, _failed(tenant, message)))
        else:
            answered[request["id"]] = _response(request["id"], _one(tenant, call, request))
    responses = [response for response in answered.values() if response["status"] != _LOST]
    if tenant.behaviour.shuffle_batches:
        tenant.ids.shuffle(responses)
    return Answer(200, {"responses": responses})


def _requests(body: Json) -> list[Json]:
    requests = body.get("requests")
    if not isinstance(requests, list) or not requests:
        raise bad_request("Invalid batch payload format.")
    if len(requests) > MOST:
        raise bad_request(f"Number of batch request steps exceeds the maximum value of {MOST}.")
    seen: set[str] = set()
    for request in requests:
        if not isinstance(request, dict) or not isinstance(request.get("id"), str) or not request.get("url"):
            raise bad_request("Every request of a batch needs an id, a method and a url.")
        if str(request.get("method", "")).upper() not in _METHODS:
            raise bad_request(f"The method of request '{request['id']}' is not supported in a batch.")
        if request["id"] in seen:
            raise bad_request(f"Duplicate request id '{request['id']}' in the batch.")
        if request.get("body") is not None and not _content_type(request):
            raise bad_request(f"Request '{request['id']}' has a body but no Content-Type header.")
        # msgraph-core writes `depends_on`.
        request["dependsOn"] = request.get("dependsOn") or request.get("depends_on") or []
        if not set(request["dependsOn"]) <= seen:
            raise bad_request(f"Request '{request['id']}' depends on one that does not come before it.")
        seen.add(request["id"])
    return requests


def _one(tenant: "Tenant", outer: Call, request: Json) -> Answer:
    url = str(request["url"])
    path, query = parse_address(url if "://" in url else "/" + url.lstrip("/"))
    path = re.sub(r"^/(v1\.0|beta)(?=/)", "", path)
    # A batch is let in by its own token; one that a part brings along is not looked at.
    headers = {"authorization": outer.header("authorization"), "accept": outer.header("accept")}
    given = {str(name).lower(): str(value) for name, value in (request.get("headers") or {}).items()}
    headers |= {name: value for name, value in given.items() if name != "authorization"}
    body = _body(request)
    call = Call(request["method"].upper(), path, query, headers, body, outer.origin, in_batch=True)
    fault = tenant.faults.take(call.method, url, body.decode("utf-8", "replace"))
    return answer_graph(tenant, call) if fault is None else _suffered(tenant, call, fault)


def _suffered(tenant: "Tenant", call: Call, fault: Fault) -> Answer:
    if fault.kind in {"drop", "truncate", "delay"} or fault.stored:
        answer = answer_graph(tenant, call)
    match fault.kind:
        case "delay":
            return answer
        case "drop" | "truncate":
            # Stored, but its part of the answer is an error: what a gateway says about a back end it lost.
            return _faulty(tenant, 504, "", "")
        case "status" | "refuse":
            return _faulty(tenant, fault.status, fault.retry_after, fault.answer)
    return Answer(_LOST)


def _body(request: Json) -> bytes:
    body = request.get("body")
    if body is None:
        return b""
    if isinstance(body, str):
        try:
            return base64.b64decode(body, validate=True)
        except binascii.Error:
            raise bad_request(f"The body of request '{request['id']}' is not base64.") from None
    return json.dumps(body).encode()


def _content_type(request: Json) -> str:
    headers = request.get("headers") or {}
    return next((str(value) for name, value in headers.items() if str(name).lower() == "content-type"), "")


def _response(identifier: str, answer: Answer) -> Json:
    headers = {name: value for name, value in answer.headers.items() if name.lower() != "etag"}
    response: Json = {"id": identifier, "status": answer.status, "headers": headers}
    if isinstance(answer.body, bytes):
        if answer.body:
            response["body"] = base64.b64encode(answer.body).decode()
    elif answer.body is not None:
        response["headers"] = {**headers, "Content-Type": "application/json"}
        response["body"] = answer.body
    return response


def _faulty(tenant: "Tenant", status: int, retry_after: str, answer: str) -> Answer:
    codes = {429: "activityLimitReached", 503: "serviceNotAvailable", 504: "generalException"}
    refusal = Refusal(status, codes.get(status, "generalException"), answer or "ordered by the fault plan")
    body = graph_error(refusal, now=tenant.clock.now(), request_id=tenant.ids.guid(), client_id="")
    return Answer(status, body, {"Retry-After": retry_after} if retry_after else {})


def _failed(tenant: "Tenant", message: str) -> Json:
    refusal = Refusal(424, "failedDependency", message)
    return graph_error(refusal, now=tenant.clock.now(), request_id=tenant.ids.guid(), client_id="")
