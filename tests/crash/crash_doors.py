"""Doors before the sandboxes: what each request writes, and a stop right before and right after it is stored."""

import json
import re
import threading
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from crash_boundaries import Act, Boundary, nothing
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lms_bridge.sandbox.moodle.registry import FUNCTIONS

Names = Callable[[str, str, bytes], str]
"""A request's method, path and body → what it writes, or nothing."""
_IDS = re.compile(
    r"/v1\.0|/sites/[^/]+|(?<=/drives)/[^/]+|(?<=/pages)/[^/]+|(?<=/lists)/[^/]+|(?<=items)/\d+|root:.*?:/|\?.*"
)


class Door:
    """Stands before a sandbox, sees what writes, and lets a test act right before and right after it is stored."""

    def __init__(self, app: ASGIApp, names: Names) -> None:
        self._app = app
        self._names = names
        self._act: Act = nothing
        self._requests = 0
        self._inside = 0
        self._left = threading.Condition()
        self.seen: list[str] = []
        self.at: list[int] = []
        """Which requests of all they were."""

    def watch(self, act: Act = nothing) -> None:
        """Count anew."""
        self._requests, self.seen, self.at, self._act = 0, [], [], act

    def rest(self) -> None:
        """Only count on."""
        self._act = nothing

    def wait_for(self, requests: int, seconds: float) -> None:
        """Until so many came in and all were dealt with: some may have been kept on their way."""
        with self._left:
            assert self._left.wait_for(lambda: self._requests >= requests and self._inside == 0, seconds)

    def wait_until_empty(self, seconds: float) -> None:
        """Until everything that came in was dealt with, whether or not somebody still waits for the answer."""
        with self._left:
            assert self._left.wait_for(lambda: self._inside == 0, seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._left:
            self._inside += 1
        try:
            await self._let_in(scope, receive, send)
        finally:
            with self._left:
                self._inside -= 1
                self._left.notify_all()

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read(receive)
        name = self._names(scope["method"], scope["path"], body)
        self._requests += 1
        if not name:
            await self._app(scope, _again(body, receive), send)
            return
        number = len(self.seen)
        self.seen.append(name)
        self.at.append(self._requests - 1)
        if self._act(Boundary(False, number, name, False)):
            await _gone(receive)
            return
        answer: list[Message] = []
        await self._app(scope, _again(body, receive), _kept(answer))
        self._act(Boundary(False, number, name, True))
        for message in answer:
            await send(message)


def moodle_names(method: str, path: str, body: bytes) -> str:
    if path.endswith("/upload.php"):
        return "upload.php"
    form = {key: values[0] for key, values in parse_qs(body.decode("utf-8", "replace")).items()}
    calls = [form.get("wsfunction", "")]
    calls += [value for key, value in form.items() if re.fullmatch(r"requests\[\d+\]\[function\]", key)]
    return ", ".join(call for call in calls if call in FUNCTIONS and FUNCTIONS[call].writes)


def sharepoint_names(method: str, path: str, body: bytes) -> str:
    if not path.startswith("/v1.0/"):
        return ""
    calls = [(method, path)]
    if path.endswith("/$batch"):
        calls = [(request["method"], "/v1.0" + request["url"]) for request in json.loads(body)["requests"]]
    return ", ".join(f"{verb} {_IDS.sub('', url)}" for verb, url in calls if verb != "GET")


async def _read(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _again(body: bytes, receive: Receive) -> Receive:
    unread = [body]

    async def replayed() -> Message:
        return {"type": "http.request", "body": unread.pop(), "more_body": False} if unread else await receive()

    return replayed


def _kept(answer: list[Message]) -> Callable[[Message], Awaitable[None]]:
    async def keep(message: Message) -> None:
        answer.append(message)

    return keep
