"""A sandbox app on a real loopback port, in a thread of its own.

Both emulators, the tests, the `sandbox` and `demo` commands start and stop their servers here, so that
"real HTTP" means the same everywhere. Loopback only: a sandbox knows no secrets and asks for none.
"""

import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn
from starlette.types import ASGIApp

from lms_bridge.sandbox.faults import FaultPlan, with_faults
from lms_bridge.sandbox.wire_log import WireLog

MAX_WAIT = 20.0


class SandboxServer:
    """Runs `app` between `start()` and `stop()`, or as a context manager; `url` is known at once."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        certificate: Path | None = None,
        private_key: Path | None = None,
        faults: FaultPlan | None = None,
        log: WireLog | None = None,
    ) -> None:
        self.faults = faults or FaultPlan()
        self._socket = _listen(host, port)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"{'https' if certificate else 'http'}://{host}:{self.port}"
        self._server = _AnnouncingServer(
            uvicorn.Config(
                with_faults(app, self.faults, log),
                ssl_certfile=certificate,
                ssl_keyfile=private_key,
                # The faults reach for the wire itself: one loop and one protocol, whatever else is installed.
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                access_log=False,
                log_level="error",
                log_config=None,
                timeout_graceful_shutdown=1,
            )
        )
        self._thread = threading.Thread(target=self._run, name=f"sandbox-{self.port}", daemon=True)

    def start(self) -> Self:
        self._thread.start()
        if not self._server.ready.wait(MAX_WAIT):
            raise RuntimeError(f"the sandbox on {self.url} did not start within {MAX_WAIT:.0f} s")
        if not self._thread.is_alive():
            raise RuntimeError(f"the sandbox on {self.url} could not start; see the log")
        return self

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(MAX_WAIT)
        self._socket.close()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._server.ready.set()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _AnnouncingServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # A TLS client that keeps its connection open would hold each stop up: uvicorn waits for its farewell.
        for connection in list(self.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None and transport.get_extra_info("sslcontext") and _is_idle(connection):
                transport.abort()
        await super().shutdown(sockets=sockets)


def _is_idle(connection: object) -> bool:
    cycle = getattr(connection, "cycle", None)
    return cycle is None or bool(cycle.response_complete)


def _listen(host: str, port: int) -> socket.socket:
    if host not in {"127.0.0.1", "::1", "localhost"}:
        raise ValueError(f"a sandbox listens on loopback only, not on {host!r}")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's algorithm off: else each answer takes 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as problem:
        listener.close()
        raise OSError(problem.errno, f"port {port} on {host} is taken; choose another or 0 for a free one") from problem
    return listener
