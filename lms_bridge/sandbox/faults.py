"""Troubles that a test or a curious reader orders: refusals, slowness, answers that never arrive.

Apart from the emulators because both misbehave in the same ways, and because a fault belongs to the wire: an
emulator must not know that its answer was lost. Set from Python or with `POST /_sandbox/faults`.
"""

import asyncio
import json
import socket
import struct
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lms_bridge.sandbox.wire_log import WireLog

Kind = Literal["status", "delay", "drop", "refuse", "reset", "truncate", "raw", "dribble"]
ADDRESS = "/_sandbox/faults"


@dataclass(frozen=True)
class Fault:
    """`status`: answered instead of the site · `delay`: answered late · `drop`: stored, then the connection
    is closed · `refuse`: closed before anything is stored · `reset`: torn down instead of closed · `truncate`: stored,
    half of the answer sent · `raw`: the `answer`, byte by byte, is all that is sent · `dribble`: after the `answer` one
    byte more, every so many `seconds`, for ever.

    `stored`: before a `status`, `reset`, `raw` or `dribble` the site does what it was asked for.
    """

    kind: Kind
    times: int = 1
    skip: int = 0
    method: str = ""
    path: str = ""
    body: str = ""
    status: int = 503
    retry_after: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    answer: str = ""
    seconds: float = 0.0
    stored: bool = False

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"unknown kind of fault {self.kind!r}; known: {', '.join(get_args(Kind))}")
        if self.times < 1 or self.skip < 0 or self.seconds < 0:
            raise ValueError("a fault needs times ≥ 1, skip ≥ 0 and seconds ≥ 0")

    def matches(self, method: str, path: str, body: str) -> bool:
        """`path` is looked for in the address with its query, `body` in the body as sent."""
        return (not self.method or self.method.upper() == method) and self.path in path and self.body in body


class FaultPlan:
    """The faults still to come, in order; each matching request takes the first that matches."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, *faults: Fault) -> None:
        with self._lock:
            self._faults.extend(faults)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def pending(self) -> list[Fault]:
        with self._lock:
            return list(self._faults)

    def take(self, method: str, path: str, body: str = "") -> Fault | None:
        """The fault for this request, used up by it; emulators ask it too for the parts of a batch."""
        with self._lock:
            for index, fault in enumerate(self._faults):
                if not fault.matches(method.upper(), path, body):
                    continue
                if fault.skip:
                    self._faults[index] = replace(fault, skip=fault.skip - 1)
                    return None
                if fault.times == 1:
                    del self._faults[index]
                else:
                    self._faults[index] = replace(fault, times=fault.times - 1)
                return fault
        return None


def with_faults(app: ASGIApp, plan: FaultPlan, log: WireLog | None = None) -> ASGIApp:
    """`app` as its clients see it when the plan has its way. Must be the outermost layer."""

    async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        body = await _read_body(receive)
        if scope["path"] == ADDRESS:
            await _administer(plan, scope["method"], body, send)
            return
        if scope["path"].startswith("/_sandbox/"):
            await app(scope, _replay(body, receive), send)
            return
        fault = None
        address = scope["path"] + "?" + scope["query_string"].decode("latin-1")
        if log is not None:
            send = log.listening(log.asked(scope["method"], address, body), send)
        if plan.pending():
            fault = plan.take(scope["method"], address, body.decode("utf-8", "replace"))
        if fault is None:
            await app(scope, _replay(body, receive), send)
        else:
            await _suffer(fault, _Exchange(app, scope, receive, send, body))

    return faulty


@dataclass(frozen=True)
class _Exchange:
    app: ASGIApp
    scope: Scope
    receive: Receive
    send: Send
    body: bytes

    async def answer(self) -> list[Message]:
        """What the site answers, held back."""
        held: list[Message] = []

        async def hold(message: Message) -> None:
            held.append(message)

        await self.app(self.scope, _replay(self.body, self.receive), hold)
        return held


async def _suffer(fault: Fault, exchange: _Exchange) -> None:
    if fault.seconds and fault.kind != "dribble":
        await asyncio.sleep(fault.seconds)
    if fault.stored:
        await exchange.answer()
    match fault.kind:
        case "status":
            headers = {"content-type": "text/html; charset=utf-8", **fault.headers}
            if fault.retry_after:
                headers["retry-after"] = fault.retry_after
            await _send_answer(exchange.send, fault.status, headers, fault.answer.encode())
        case "delay":
            await exchange.app(exchange.scope, _replay(exchange.body, exchange.receive), exchange.send)
        case "drop":
            await exchange.answer()
            await _hang_up(exchange.receive)
        case "refuse":
            await _hang_up(exchange.receive)
        case "reset":
            await _tear_down(exchange.receive)
        case "truncate":
            held = await exchange.answer()
            body = b"".join(message.get("body", b"") for message in held)
            await exchange.send(held[0])
            await exchange.send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            await _hang_up(exchange.receive)
        case "raw":
            _wire(exchange.receive).write(fault.answer.encode("latin-1"))
            await _hang_up(exchange.receive)
        case "dribble":
            await _dribble(fault, exchange.receive)


def _wire(receive: Receive) -> asyncio.Transport:
    # ASGI has no word for bytes that are no answer, or for closing without one; uvicorn's `receive` is a method of the
    # object that holds the socket.
    transport: asyncio.Transport | None = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise RuntimeError("a fault on the wire needs uvicorn and the faults as the outermost layer")
    return transport


async def _hang_up(receive: Receive) -> None:
    wire = _wire(receive)
    await asyncio.sleep(0)
    wire.close()
    await _gone(receive)


async def _tear_down(receive: Receive) -> None:
    """So that the client is told of a reset: a socket that lingers for no time is not closed in good order."""
    wire = _wire(receive)
    wire.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.abort()
    await _gone(receive)


async def _dribble(fault: Fault, receive: Receive) -> None:
    wire = _wire(receive)
    wire.write(fault.answer.encode("latin-1"))
    gone = asyncio.ensure_future(_gone(receive))
    while not wire.is_closing():
        await asyncio.wait([gone], timeout=fault.seconds or 0.01)
        wire.write(b"a")
    await gone


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _read_body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    unread = [body]

    async def replayed() -> Message:
        if unread:
            return {"type": "http.request", "body": unread.pop(), "more_body": False}
        return await receive()

    return replayed


async def _administer(plan: FaultPlan, method: str, body: bytes, send: Send) -> None:
    try:
        if method == "POST":
            plan.add(*_faults_from_json(body))
        elif method == "DELETE":
            plan.clear()
    except (TypeError, ValueError) as problem:
        await _send_json(send, 400, {"error": str(problem)})
        return
    await _send_json(send, 200, {"faults": [asdict(fault) for fault in plan.pending()]})


def _faults_from_json(body: bytes) -> list[Fault]:
    asked: Any = json.loads(body)
    return [Fault(**one) for one in (asked if isinstance(asked, list) else [asked])]


async def _send_json(send: Send, status: int, answer: object) -> None:
    await _send_answer(send, status, {"content-type": "application/json"}, json.dumps(answer).encode())


async def _send_answer(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    lines = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    lines.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": body})
