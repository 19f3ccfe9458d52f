"""What is served over HTTP: health and metrics for machines, and the console behind them for people."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import TypeVar

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from lms_bridge.service.doors import Doors

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_WAITING = 16
"""Requests of machines that may wait for the state at one time."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """`begin` and `end` are called around the time in which requests are answered; `end` may take its time.

    `console` is built when somebody first asks for a page: a service that nobody looks at stays small.
    """

    doors: Doors
    metrics: Callable[[], bytes]
    hosts: Sequence[str] = ()
    console: Callable[[], ASGIApp] | None = None
    begin: Callable[[], None] = lambda: None
    end: Callable[[], None] = lambda: None


def as_in_header(host: str) -> str:
    """As browsers name it: an IPv6 address in brackets, in its shortest form and without a zone. RFC 3986, 3.2.2"""
    try:
        return f"[{IPv6Address(host.partition('%')[0])}]"
    except ValueError:
        return host


def build_app(served: Served) -> Starlette:
    threads = ThreadPoolExecutor(_WAITING, thread_name_prefix="asked")

    async def asked(question: Callable[[], T]) -> T:
        # The framework's own threads take a megabyte for what they load, and come with the console.
        return await asyncio.get_running_loop().run_in_executor(threads, question)

    # Asks nothing, and takes none of the threads in which others may wait for the state.
    async def healthz(request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(request: Request) -> Response:
        health = await asked(served.doors.health)
        told = {"ready": health.ready, "problems": list(health.problems)}
        return JSONResponse(told, status_code=200 if health.ready else 503)

    async def metrics(request: Request) -> Response:
        return Response(await asked(served.metrics), media_type=_METRICS_TYPE)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await asyncio.to_thread(served.begin)
        yield
        await asyncio.to_thread(served.end)
        threads.shutdown(wait=False, cancel_futures=True)

    routes: list[BaseRoute] = [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
    if served.console is not None:
        routes.append(Mount("/", app=_Late(served.console)))
    # A page of somebody else's that finds its way here by a name of its own is refused: DNS rebinding.
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK, *served.hosts], www_redirect=False)
    return Starlette(routes=routes, middleware=[hosts], lifespan=lifespan)


class _Late:
    """An application that is built with its first request."""

    def __init__(self, build: Callable[[], ASGIApp]) -> None:
        self._build = build
        self._app: ASGIApp | None = None
        self._turn = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._turn:
            if self._app is None:
                self._app = await asyncio.to_thread(self._build)
        await self._app(scope, receive, send)
