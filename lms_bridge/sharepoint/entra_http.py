"""msal's HTTP on our transport: the same session, CA file, time-outs and retry as everything else.

Asking for a token twice does no harm, so every request may be repeated. It costs no SharePoint units.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import requests

from lms_bridge.errors import DestinationError, Unreachable
from lms_bridge.transport import Answer, Fail, Request, Retry, Transport, retry_after

BUSY = frozenset({408, 429, 500, 502, 503, 504})
ATTEMPTS = 10
"""More than elsewhere: without a token a whole route comes to nothing, and Entra's troubles last minutes."""


class NoToken(requests.RequestException):
    """In the form that msal looks for: it goes on with a token that is still good when a new one is not to be had."""

    def __init__(self, error: DestinationError) -> None:
        self.error = error
        super().__init__()


class EntraHttp:
    """What msal asks of an `http_client`: get, post and close."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(
        self, url: str, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None, **_: Any
    ) -> requests.Response:
        return self._send("GET", url, params, headers, None)

    def post(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> requests.Response:
        sent = dict(headers or {})
        if isinstance(data, Mapping):
            data = urlencode({name: value for name, value in data.items() if value is not None})
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        return self._send("POST", url, params, sent, data.encode() if isinstance(data, str) else data)

    def close(self) -> None:
        """The transport belongs to the destination, which closes it."""

    def _send(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        body: bytes | None,
    ) -> requests.Response:
        address = f"{url}{'&' if '?' in url else '?'}{urlencode(params)}" if params else url
        request = Request(
            method=method, url=address, headers=dict(headers or {}), body=body, repeatable=True, attempts=ATTEMPTS
        )
        try:
            return as_response(self._transport.send(request, lambda answer: _judge(request, answer)), url)
        except DestinationError as error:
            raise NoToken(error) from error


def _judge(request: Request, answer: Answer) -> Retry | Fail | None:
    if answer.status in BUSY:
        cause = f"Entra is not available at the moment ({answer.status})"
        error = Unreachable(cause, where=request.where, next_step="Run again later.")
        return Retry(error, retry_after(answer.headers))
    if 300 <= answer.status < 400 or not _is_json(answer):
        cause = f"what answers at Entra's address is not Entra ({answer.status}): a proxy or a sign-in page, perhaps"
        step = "Check `endpoints.authority`, and what stands between this machine and Microsoft."
        return Fail(Unreachable(cause, where=request.where, next_step=step))
    return None


def _is_json(answer: Answer) -> bool:
    try:
        return isinstance(answer.json(), dict)
    except (ValueError, RecursionError):
        return False


def as_response(answer: Answer, url: str) -> requests.Response:
    """Our answer in the form that office365 and msal read."""
    response = requests.Response()
    response.status_code = answer.status
    response.headers.update(answer.headers)
    response.url = url
    response.encoding = "utf-8"
    response._content = answer.content
    return response
