"""A proxy between a syncing process and its Moodle that cuts one of the two off at a chosen write call.

The process learns of it by `http_proxy`, so Moodle is asked under its own address and needs no setting for it. What
goes by https cannot be looked into: the site must be one that is reached by plain http, on this machine.
"""

import http.client
import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import parse_qsl, urlencode, urlsplit

from lms_bridge.sandbox.moodle.registry import FUNCTIONS, UPLOAD

_INNER = re.compile(r"requests\[(\d+)\]")
_OF_ONE_CONNECTION = {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "content-length"}


class Moment(StrEnum):
    """When something breaks. Inside a batch, the calls behind the chosen one are never made, as when a server dies."""

    BEFORE = "the process was killed before Moodle did it"
    STORED = "the process was killed after Moodle did it, before it was told"
    ANSWERED = "the process was killed when it had been told"
    LOST = "the answer was lost"


@dataclass(frozen=True, slots=True)
class Write:
    """A call that changes something: the `nth` of its function in a run, since places write in no fixed order."""

    function: str
    nth: int

    def __str__(self) -> str:
        return f"{self.function} {self.nth}"


@dataclass(frozen=True, slots=True)
class Cut:
    write: Write
    moment: Moment

    def __str__(self) -> str:
        return f"{self.write}: {self.moment}"


@dataclass(slots=True)
class CallProxy:
    """Counts the write calls of one process at a time. `cut`: where it, or its answer, is cut off."""

    url: str = ""
    process: subprocess.Popen[str] | None = None
    cut: Cut | None = None
    writes: list[Write] = field(default_factory=list)
    _counts: Counter[str] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def watch(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def expect(self, cut: Cut | None) -> None:
        """Count anew."""
        self.process, self.cut, self.writes = None, cut, []
        self._counts.clear()

    def note(self, functions: Sequence[str]) -> int | None:
        """Which of the calls of one request is the one to cut at."""
        with self._lock:
            found = None
            for at, function in enumerate(functions):
                if not _writes(function):
                    continue
                self._counts[function] += 1
                self.writes.append(Write(function, self._counts[function]))
                if self.cut is not None and self.writes[-1] == self.cut.write:
                    found = at
            return found

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()


@contextmanager
def call_proxy() -> Iterator[CallProxy]:
    proxy = CallProxy()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": proxy}))
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # the other end of a connection is often killed
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, name="proxy")
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: CallProxy

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        functions = _functions(self.path, body)
        at = self.proxy.note(functions)
        if at is None:
            self._answer(*self._pass_on(body))
            return
        assert self.proxy.cut is not None
        moment = self.proxy.cut.moment
        done = {Moment.BEFORE: at, Moment.ANSWERED: len(functions)}.get(moment, at + 1)
        if done:
            answer = self._pass_on(_first(body, done) if done < len(functions) else body)
            if moment is Moment.ANSWERED:
                self._answer(*answer)
        if moment is not Moment.LOST:
            self.proxy.kill()
        self.close_connection = True

    def _pass_on(self, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        parts = urlsplit(self.path)
        assert parts.hostname
        connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=120)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _OF_ONE_CONNECTION}
            connection.request("POST", parts.path, body, headers)
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def _answer(self, answer: http.client.HTTPResponse, content: bytes) -> None:
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _OF_ONE_CONNECTION:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a token may stand in it."""


def _writes(function: str) -> bool:
    return function == UPLOAD or (function in FUNCTIONS and FUNCTIONS[function].writes)


def _functions(path: str, body: bytes) -> list[str]:
    """What one request calls; the calls of a batch in their order."""
    if path.endswith(f"/{UPLOAD}"):
        return [UPLOAD]
    form = parse_qsl(body.decode(), keep_blank_values=True)
    inner = [value for name, value in form if name.endswith("[function]") and _INNER.match(name)]
    return inner or [value for name, value in form if name == "wsfunction"]


def _first(body: bytes, count: int) -> bytes:
    """A batch without the calls behind the first `count`."""
    form = parse_qsl(body.decode(), keep_blank_values=True)
    kept = [(name, value) for name, value in form if not (at := _INNER.match(name)) or int(at[1]) < count]
    return urlencode(kept).encode()
