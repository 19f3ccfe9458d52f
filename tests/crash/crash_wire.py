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

from lms_bridge.sandbox.faults import Fault
from lms_bridge.sharepoint import budget
from lms_bridge.transport import Answer, Gate, Request, Transport, retry_after, sending

JSON = {"content-type": "application/json"}
LONG_PAGE = "<!DOCTYPE html><html><body><h1>Sign in</h1>" + "<p>Words of a portal.</p>" * 40
SHORT_READ = 0.3
"""Seconds after which a call counts as unanswered here, where the server keeps it waiting on purpose."""


def _moodle(code: str) -> str:
    return json.dumps({"exception": "moodle_exception", "errorcode": code, "message": "Refused"})


def _graph(code: str) -> str:
    return json.dumps({"error": {"code": code, "message": "Refused"}})


@dataclass(frozen=True, slots=True)
class Trouble:
    """What happens to a request. `says`: words that the sentence must hold when it lasts."""

    name: str
    fault: Fault
    only: str = ""
    says: str = ""


def _status(name: str, status: int, says: str = "", only: str = "", **more: object) -> Trouble:
    return Trouble(name, Fault("status", status=status, **more), only, says)  # type: ignore[arg-type]


TROUBLES = (
    Trouble("refused", Fault("refuse")),
    Trouble("reset", Fault("reset")),
    Trouble("slow", Fault("dribble", stored=True, answer="HTTP/1.1 200 OK\r\n", seconds=3 * SHORT_READ)),
    Trouble("half an answer", Fault("truncate")),
    _status("a page of HTML with 200", 200, answer=LONG_PAGE),
    _status("half of a JSON with 200", 200, answer='{"value": [{"id": "1"', headers=JSON),
    _status("another JSON with 200", 200, answer='"yes"', headers=JSON),
    _status("an empty answer with 200", 200),
    _status("a token that ended", 200, "token", "moodle", answer=_moodle("invalidtoken"), headers=JSON),
    _status("a token that ended", 401, "", "sharepoint", answer=_graph("InvalidAuthenticationToken"), headers=JSON),
    _status("maintenance", 200, "", "moodle", answer=_moodle("sitemaintenance"), headers=JSON),
    _status("maintenance", 503, answer=LONG_PAGE),
    _status("a redirect to another host", 302, headers={"location": "https://elsewhere.example/login"}),
    _status("a redirect to plain http", 301, headers={"location": "http://127.0.0.1:1/"}),
    _status("too large", 413, answer=LONG_PAGE),
    _status("not allowed", 403, answer=LONG_PAGE),
    _status("a broken server", 500, answer=LONG_PAGE),
    _status("a proxy without its server", 502, answer=LONG_PAGE),
    _status("a proxy that waited too long", 504, answer=LONG_PAGE),
    _status("asked to slow down", 429, retry_after="17"),
    _status("asked to come back", 503, retry_after="23"),
)


def troubles(route: str) -> list[Trouble]:
    return [trouble for trouble in TROUBLES if trouble.only in ("", route)]


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it left: when, and until when its answer asked to be left alone."""

    name: str
    at: float
    leave_alone_until: float


@dataclass
class Wire:
    """Every call that goes out, on a clock that jumps when somebody sleeps."""

    now: float = 1_000_000.0
    calls: list[Call] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def sleep(self, seconds: float) -> None:
        with self.lock:
            self.now += seconds

    def too_early(self) -> list[str]:
        """Calls that left while an earlier answer had asked for peace."""
        until, told = 0.0, []
        for call in self.calls:
            if call.at < until - 1e-6:
                told.append(f"{call.name} went {until - call.at:.1f} seconds too early")
            until = max(until, call.leave_alone_until)
        return told


@contextmanager
def on_the_wire(patch: pytest.MonkeyPatch, *, read_timeout: float | None = None) -> Iterator[Wire]:
    wire = Wire()
    gate = partial(Gate, clock=lambda: wire.now, sleep=wire.sleep)
    exchange: Callable[[Transport, Request], Answer] = Transport._exchange

    def noting(self: Transport, request: Request) -> Answer:
        at, name = wire.now, name_of(request)
        until = 0.0
        try:
            answer = exchange(self, replace(request, read_timeout=read_timeout or request.read_timeout))
            if answer.status in (429, 503):
                until = at + (retry_after(answer.headers) or 0.0)
            return answer
        finally:
            with wire.lock:
                wire.calls.append(Call(name, at, until))

    with patch.context() as inner:
        inner.setattr(sending, "Gate", gate)
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
