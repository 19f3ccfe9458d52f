"""The best that a Moodle can do: calls prepared beforehand, sent in batches over kept connections, and nothing else.

Nothing is planned, remembered, compared or looked up here: it is what a connector that costs nothing would take.
"""

import http.client
import json
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit

BATCH = "tool_mobile_call_external_functions"
_COLLIDED = "dmlwriteexception"
"""Two connections wrote in the same wiki at once, which a connector keeps apart."""
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class RawCall:
    function: str
    args: Mapping[str, Any]
    raw: bool = False


@dataclass(frozen=True, slots=True)
class Door:
    """A site and whose token opens it."""

    url: str
    token: str

    def connect(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        return kind(parts.hostname or "", parts.port, timeout=120)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A whole request, as it goes over the wire."""

    calls: Sequence[RawCall]
    body: bytes


def batches(door: Door, calls: Sequence[RawCall], size: int) -> list[Prepared]:
    return [_batch(door, calls[at : at + size]) for at in range(0, len(calls), size)]


def load(door: Door, phases: Sequence[Sequence[Prepared]], connections: int) -> float:
    """Seconds for all requests; a phase begins when the one before it was answered."""
    begun = time.monotonic()
    open_connections = deque(door.connect() for _ in range(connections))
    with ThreadPoolExecutor(connections) as pool:
        for phase in phases:
            waiting = deque(phase)
            list(pool.map(partial(_drain, door, waiting), open_connections))
    for connection in open_connections:
        connection.close()
    return time.monotonic() - begun


def one_by_one(door: Door, calls: Sequence[RawCall]) -> float:
    """Seconds for a loop of single calls over one kept connection, as scripts with moodlepy are written."""
    begun = time.monotonic()
    connection = door.connect()
    for call in calls:
        fields = [*_head(door, call.function), *_flat(call.args), ("moodlewssettingraw", str(int(call.raw)))]
        _refuse_errors(_post(door, connection, urlencode(fields).encode()))
    connection.close()
    return time.monotonic() - begun


def timed(view: Callable[[], object]) -> float:
    begun = time.monotonic()
    view()
    return time.monotonic() - begun


def _drain(door: Door, waiting: deque[Prepared], connection: http.client.HTTPConnection) -> None:
    while True:
        try:
            request = waiting.popleft()
        except IndexError:
            return
        responses = _post(door, connection, request.body)["responses"]
        if not responses[-1]["error"]:
            continue
        if json.loads(responses[-1]["exception"])["errorcode"] != _COLLIDED:
            raise RuntimeError(f"Moodle refused a call of the raw load: {responses[-1]['exception'][:200]}")
        # Nothing behind the refused call was done. What it left cannot be made again, and is not asked for.
        if rest := request.calls[len(responses) :]:
            waiting.append(_batch(door, rest))


def _post(door: Door, connection: http.client.HTTPConnection, body: bytes) -> Any:
    connection.request("POST", f"{urlsplit(door.url).path}/webservice/rest/server.php", body, _FORM)
    return json.loads(connection.getresponse().read())


def _refuse_errors(answer: Any) -> None:
    if isinstance(answer, dict) and "errorcode" in answer:
        raise RuntimeError(f"Moodle refused a call of the loop: {answer['errorcode']}")


def _batch(door: Door, calls: Sequence[RawCall]) -> Prepared:
    fields = _head(door, BATCH)
    for number, call in enumerate(calls):
        fields.append((f"requests[{number}][function]", call.function))
        fields.append((f"requests[{number}][arguments]", json.dumps(call.args, ensure_ascii=False)))
        if call.raw:
            fields.append((f"requests[{number}][settingraw]", "1"))
    return Prepared(calls, urlencode(fields).encode())


def _head(door: Door, function: str) -> list[tuple[str, str]]:
    return [("wstoken", door.token), ("wsfunction", function), ("moodlewsrestformat", "json")]


def _flat(value: Any, name: str = "") -> list[tuple[str, str]]:
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else None
    if pairs is None:
        return [(name, str(value))]
    return [each for key, inner in pairs for each in _flat(inner, f"{name}[{key}]" if name else str(key))]
