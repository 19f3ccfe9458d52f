"""The troubles of a network and of servers, as a table; and a clock on which waiting takes no time.

Apart from the tests, so that a reader sees at a glance which troubles there are, and what a server that has them says.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from urllib.parse import parse_qs, urlsplit

import pytest
from crash_doors import _IDS

from lms_bridge.moodle import destination
from lms_bridge.sandbox.faults import Fault
from lms_bridge.sharepoint import budget
from lms_bridge.transport import Answer, Gate, Request, Transport, retry_after, sending

JSON = {"content-type": "application/json"}
LONG_PAGE = "<!DOCTYPE html><html><body><h1>Sign in</h1>" + "<p>Words of a portal.</p>" * 40
AT_A_MOMENT = (
    "HTTP/1.1 503 Service Unavailable\r\nDate: Thu, 26 Nov 2026 08:00:00 GMT\r\n"
    "Retry-After: Thu, 26 Nov 2026 08:00:41 GMT\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
)
BEGINNING = 1_000_000.0
SHORT_READ = 0.3
"""Seconds after which a call counts as unanswered here, where the server keeps it waiting on purpose."""


def _moodle(code: str) -> str:
    return json.dumps({"exception": "moodle_exception", "errorcode": code, "message": "Refused"})


def _graph(code: str) -> str:
    return json.dumps({"error": {"code": code, "message": "Refused"}})


@dataclass(frozen=True, slots=True)
class Trouble:
    """What happens to a request. `moodle` and `sharepoint`: words of the sentence there when it lasts; empty where it
    does not happen. `waits`: the seconds for which the server asks to be left alone."""

    name: str
    fault: Fault
    moodle: str = ""
    sharepoint: str = ""
    waits: float = 0.0

    def says(self, route: str) -> str:
        return self.moodle if route == "moodle" else self.sharepoint


def _status(name: str, status: int, moodle: str, sharepoint: str, waits: float = 0.0, **more: object) -> Trouble:
    return Trouble(name, Fault("status", status=status, **more), moodle, sharepoint, waits)  # type: ignore[arg-type]


_BROKE, _NO_JSON, _NOT_GRAPH = "connection broke", "no JSON came back", "not Graph's"
TROUBLES = (
    Trouble("refused", Fault("refuse"), _BROKE, _BROKE),
    Trouble("reset", Fault("reset"), _BROKE, _BROKE),
    Trouble(
        "slow",
        Fault("dribble", stored=True, answer="HTTP/1.1 200 OK\r\n", seconds=3 * SHORT_READ),
        "no answer came in time",
        "no answer came in time",
    ),
    Trouble("half an answer", Fault("truncate"), _BROKE, _BROKE),
    _status("a page of HTML with 200", 200, _NO_JSON, _NOT_GRAPH, answer=LONG_PAGE),
    _status("half of a JSON with 200", 200, _NO_JSON, _NOT_GRAPH, answer='{"value": [{"id": "1"', headers=JSON),
    _status("another JSON with 200", 200, "no answer of that function", _NOT_GRAPH, answer='"yes"', headers=JSON),
    _status("an empty answer with 200", 200, _NO_JSON, _NOT_GRAPH),
    _status("a token that ended", 200, "does not know this token", "", answer=_moodle("invalidtoken"), headers=JSON),
    _status(
        "a token that ended",
        401,
        "",
        "token",
        path="/v1.0/",
        answer=_graph("InvalidAuthenticationToken"),
        headers=JSON,
    ),
    _status("maintenance", 200, "maintenance mode", "", answer=_moodle("sitemaintenance"), headers=JSON),
    _status("maintenance, by the web server", 503, "HTTP 503", "not available (503)", answer=LONG_PAGE),
    _status(
        "a redirect to another host",
        302,
        "sends us to a login page",
        "sends us to another address",
        headers={"location": "https://elsewhere.example/login"},
    ),
    _status(
        "a redirect to plain http",
        301,
        "sends us to http://127.0.0.1:1",
        "sends us to another address",
        headers={"location": "http://127.0.0.1:1/"},
    ),
    _status("too large", 413, "takes no request of this size", "too large for SharePoint", answer=LONG_PAGE),
    _status("not allowed", 403, "HTTP 403", "may not do this here", answer=LONG_PAGE),
    _status("a broken server", 500, "HTTP 500", "not available (500)", answer=LONG_PAGE),
    _status("a proxy without its server", 502, "HTTP 502", "not available (502)", answer=LONG_PAGE),
    _status("a proxy that waited too long", 504, "HTTP 504", "not available (504)", answer=LONG_PAGE),
    _status("asked to slow down", 429, "busy", "slow down (429)", 17, retry_after="17"),
    _status("asked to slow down, not for how long", 429, "busy", "slow down (429)"),
    _status("asked to come back", 503, "busy", "not available (503)", 23, retry_after="23"),
    Trouble("asked to come back at a moment", Fault("raw", answer=AT_A_MOMENT), "busy", "not available (503)", 41),
    _status("asked to come back tomorrow", 503, "86400 seconds", "86400 seconds", retry_after="86400"),
)

LATE = Trouble("carried out late", Fault("delay", seconds=3 * SHORT_READ), "no answer", "no answer")
"""Stored after we gave up waiting and looked: only a later sync can find it."""


def troubles(route: str) -> list[Trouble]:
    return [trouble for trouble in TROUBLES if trouble.says(route)]


@dataclass(frozen=True, slots=True)
class Call:
    """One request: when it left, when its answer came, and until when that asked to be left alone."""

    name: str
    left: float
    came: float
    leave_alone_until: float


@dataclass
class Wire:
    """Every call that goes out, on a clock that jumps when somebody sleeps."""

    now: float = BEGINNING
    calls: list[Call] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def sleep(self, seconds: float) -> None:
        with self.lock:
            self.now += seconds

    def too_early(self) -> list[str]:
        """Calls that left although an answer that had come by then asked for peace."""
        return [
            f"{call.name} went {asked.leave_alone_until - call.left:.1f} seconds too early, after {asked.name}"
            for number, call in enumerate(self.calls)
            for asked in self.calls[:number]
            if asked.came <= call.left < asked.leave_alone_until - 1e-6
        ]


def peace_asked(answer: Answer) -> float:
    """The seconds that an answer asks for: by itself, or in one of the parts of a batch."""
    asked = [retry_after(answer.headers) or 0.0] if answer.status in (429, 503) else []
    try:
        parts = answer.json().get("responses", ())
    except (ValueError, AttributeError):
        parts = ()
    for part in parts:
        if isinstance(part, dict) and part.get("status") in (429, 503):
            headers = {name.title(): value for name, value in (part.get("headers") or {}).items()}
            asked.append(retry_after(headers) or 0.0)
    return max(asked, default=0.0)


@contextmanager
def on_the_wire(patch: pytest.MonkeyPatch, *, read_timeout: float | None = None) -> Iterator[Wire]:
    wire = Wire()
    gate = partial(Gate, clock=lambda: wire.now, sleep=wire.sleep)
    exchange: Callable[[Transport, Request], Answer] = Transport._exchange

    def noting(self: Transport, request: Request) -> Answer:
        left, until = wire.now, 0.0
        try:
            answer = exchange(self, replace(request, read_timeout=read_timeout or request.read_timeout))
            until = wire.now + peace_asked(answer)
            return answer
        finally:
            with wire.lock:
                wire.calls.append(Call(name_of(request), left, wire.now, until))

    with patch.context() as inner:
        inner.setattr(sending, "Gate", gate)
        inner.setattr(destination, "Gate", gate)
        inner.setattr(budget, "Gate", gate)
        inner.setattr(Transport, "_exchange", noting)
        yield wire


def name_of(request: Request) -> str:
    """What a request is for: the same for all of its kind."""
    body = (request.body or b"").decode("utf-8", "replace")
    path = urlsplit(request.url).path
    if path.endswith("/$batch"):
        parts = json.loads(body)["requests"]
        return "batch of " + ", ".join(sorted({f"{part['method']} {_IDS.sub('', part['url'])}" for part in parts}))
    if path.startswith("/v1.0/"):
        return f"{request.method} {_IDS.sub('', path)}"
    form = parse_qs(body)
    functions = [form.get("wsfunction", [""])[0]]
    functions += [values[0] for name, values in form.items() if name.endswith("[function]")]
    return ", ".join(dict.fromkeys(filter(None, functions))) or f"{request.method} {path.rpartition('/')[2]}"
