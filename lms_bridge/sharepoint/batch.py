"""Graph calls and their answers as plain values, and the JSON form in which up to 20 of them travel together.

Our own: office365's batches lose the session, the headers and every answer after the first failed one.
https://learn.microsoft.com/graph/json-batching
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MAX_CALLS = 20
BATCH = "$batch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request below `/v1.0`. `name` is what reports count it as; `units` are SharePoint resource units.

    `alone`: never in a batch, because of its size or because its body is bytes.
    """

    name: str
    method: str
    url: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    units: int = 2
    alone: bool = False

    @property
    def reads(self) -> bool:
        return self.method == "GET"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Header names are in lower case; `body` is JSON, or nothing where there was none."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


def is_usable(method: str, status: int, body: Any) -> bool:
    """Whether a success is Graph's: proxies and sign-in pages answer 200, too, with something else."""
    if not 200 <= status < 300 or status in (202, 204):
        return True
    if not isinstance(body, Mapping):
        return False
    return any(body.get(name) not in (None, "") for name in _TOLD) if status == 201 or method == "GET" else True


_TOLD = ("id", "value", "responses")
"""What was made or read has an id, a listing has rows."""


def lower_names(headers: Any) -> dict[str, str]:
    if not isinstance(headers, Mapping):
        return {}
    return {str(name).lower(): str(value) for name, value in headers.items()}


def encode(calls: Sequence[Call]) -> dict[str, Any]:
    """Sub-requests are named by their number; they carry no Authorization: the batch itself does."""
    if len(calls) > MAX_CALLS:
        raise ValueError(f"a batch holds at most {MAX_CALLS} calls, not {len(calls)}")
    return {"requests": [_request(number, call) for number, call in enumerate(calls, start=1)]}


def _request(number: int, call: Call) -> dict[str, Any]:
    request: dict[str, Any] = {"id": str(number), "method": call.method, "url": call.url}
    headers = dict(call.headers)
    if call.body is not None:
        headers.setdefault("Content-Type", "application/json")
        request["body"] = call.body
    if headers:
        request["headers"] = headers
    return request


def decode(payload: Any, calls: Sequence[Call]) -> list[Answer | None]:
    """The answers in the order of the calls; none where the batch holds no usable one.

    Answers come in any order, and `headers` and `body` may be missing (204, 424).
    """
    answers: list[Answer | None] = [None] * len(calls)
    responses = payload.get("responses") if isinstance(payload, Mapping) else None
    for response in responses if isinstance(responses, list) else ():
        if not isinstance(response, Mapping):
            continue
        number, status = _number(response.get("id")), _number(response.get("status"))
        if number is None or status is None or not 1 <= number <= len(calls):
            continue
        if is_usable(calls[number - 1].method, status, body := response.get("body")):
            answers[number - 1] = Answer(status, lower_names(response.get("headers")), body)
    return answers


def _number(value: Any) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None
