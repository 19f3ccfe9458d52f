"""office365's request pipeline (token, headers, typed errors) over our transport (session, time-outs, retry, budget).

Only the pipeline is used: `GraphRequest` alone loads in a third of `GraphClient`'s time, and the library's own pages,
If-Match and batches do not fit the service. Nothing else imports office365.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests
from office365.graph_request import GraphRequest
from office365.runtime.client_request_exception import ClientRequestException
from office365.runtime.http.http_method import HttpMethod
from office365.runtime.http.request_options import RequestOptions
from office365.runtime.transport.base import BaseTransport

from lms_bridge.errors import Ambiguous, DestinationError, Unreachable
from lms_bridge.sharepoint.batch import BATCH, Answer, Call, is_usable, lower_names
from lms_bridge.sharepoint.budget import asked_wait
from lms_bridge.sharepoint.entra_http import as_response
from lms_bridge.sharepoint.refusals import BUSY, busy, is_sent_away, refusal
from lms_bridge.transport import Answer as HttpAnswer
from lms_bridge.transport import Fail, Request, Retry, Transport, read_json

MAX_ANSWER_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphHttpRequest(Request):
    """A request that costs resource units; the budget reads them."""

    units: int


@dataclass
class GraphOptions(RequestOptions):
    """office365's request with what our transport must know besides."""

    units: int = 1
    repeatable: bool = False
    kind: str = ""
    calls: int = 1


class GraphPipeline(GraphRequest):
    """One for a tenant; safe for many threads, because it keeps nothing of a request."""

    def __init__(self, root: str, token: Callable[[], dict[str, Any]], user_agent: str, transport: Transport) -> None:
        super().__init__()
        # office365 logs a traceback whenever a listener raises, and then raises; what it raises is told by us.
        logging.getLogger("office365.runtime.types.event_handler").setLevel(logging.CRITICAL)
        self._root = root
        self.transport = SharedTransport(transport)
        self.with_access_token(token)
        self.before_execute(lambda request: request.set_header("User-Agent", user_agent), once=False)

    @property
    def service_root_url(self) -> str:
        return f"{self._root}/v1.0"

    def exchange(self, call: Call, *, repeatable: bool) -> tuple[Answer, str]:
        """The answer of whatever status, and the token that was used. Raises Unreachable and Ambiguous."""
        options = GraphOptions(
            url=self.service_root_url + call.url,
            method=HttpMethod(call.method),
            data=call.body,
            headers=dict(call.headers),
            units=call.units,
            repeatable=repeatable,
            kind=call.name,
            calls=len(call.body["requests"]) if call.name == BATCH else 1,
        )
        try:
            response = self.execute_request_direct(options)
        except ClientRequestException as error:
            if error.response is None:
                raise
            response = error.response
        token = options.headers.get("Authorization", "").removeprefix("Bearer ")
        return Answer(response.status_code, lower_names(response.headers), _json(response)), token


class SharedTransport(BaseTransport):
    """office365's transport on ours, so that session, time-outs, CA file, retry and budget stand in one place."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def execute(self, request: RequestOptions) -> requests.Response:
        assert isinstance(request, GraphOptions)
        body = request.data
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        sent = GraphHttpRequest(
            method=request.method.value,
            url=request.url,
            headers=request.headers,
            body=body,
            repeatable=request.repeatable,
            units=request.units,
            kind=request.kind,
            calls=request.calls,
            max_bytes=MAX_ANSWER_BYTES,
        )
        answer = self._transport.send(sent, lambda found: _judge(sent, found))
        return as_response(answer, request.url)


def _judge(request: Request, answer: HttpAnswer) -> Retry | Fail | None:
    """Only what is worth another try is decided here; every other answer goes up as it is."""
    call = Call(
        name="", method="GET" if request.repeatable else request.method, url=request.where.split("/v1.0", 1)[-1]
    )
    found = Answer(answer.status, lower_names(answer.headers), _json_of(answer.content))
    if not is_usable(call.method, found.status, found.body):
        return unreadable(call)
    if found.status != 429 and found.status not in BUSY:
        return None
    error: DestinationError = refusal(call, found) if found.status == 429 else busy(call, found)
    if is_sent_away(found) or request.repeatable:
        return Retry(error, asked_wait(found.headers))
    return Fail(error)


def unreadable(call: Call) -> Retry | Fail:
    """A success with something else in it: whether Graph ever saw the request is not known."""
    where = f"{call.method} {call.url.split('?', 1)[0]}"
    cause = "what came back as a success is not Graph's: a proxy or a sign-in page answers in its place."
    step = "Check `endpoints`, and what stands between this machine and Microsoft."
    if call.reads:
        return Retry(Unreachable(cause, where=where, next_step=step))
    return Fail(Ambiguous(cause, where=where, next_step=f"{step} The next run looks it up."))


def _json(response: requests.Response) -> Any:
    return _json_of(response.content or b"")


def _json_of(content: bytes) -> Any:
    try:
        return read_json(content) if content else None
    except ValueError:
        return None
