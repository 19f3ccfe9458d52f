"""The console as routes and middleware, for whoever serves it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lms_bridge.console import (
    configuration,
    content,
    courses,
    errand_pages,
    findings,
    moderation,
    overview,
    planning,
    previewing,
    reviewing,
    running,
    runs,
    signing,
    static,
)
from lms_bridge.console.access.attempts import Attempts, Familiar
from lms_bridge.console.access.sessions import Sessions
from lms_bridge.console.desk import Access, Audit, Clock, Desk, Loader, no_audit
from lms_bridge.console.errands import Errands
from lms_bridge.console.headers import SafeHeaders
from lms_bridge.console.pages import Page, answer
from lms_bridge.console.render import Renderer
from lms_bridge.service.doors import Doors

PAGES: tuple[Page, ...] = (
    *static.PAGES,
    *signing.PAGES,
    *overview.PAGES,
    *planning.PAGES,
    *running.PAGES,
    *reviewing.PAGES,
    *moderation.PAGES,
    *content.PAGES,
    *previewing.PAGES,
    *courses.PAGES,
    *runs.PAGES,
    *findings.PAGES,
    *configuration.PAGES,
    *errand_pages.PAGES,
)


@dataclass(frozen=True, slots=True)
class Console:
    """What to serve; `close` ends the threads and the state's connection once nobody is served any more."""

    routes: Sequence[Route]
    middleware: Sequence[Middleware]
    desk: Desk

    @property
    def app(self) -> Starlette:
        """To be served as it is, or mounted at `/`."""
        app = Starlette(routes=list(self.routes), middleware=list(self.middleware))
        app.state.console = self
        return app

    def close(self) -> None:
        self.desk.close()


def console(
    doors: Doors, load: Loader, access: Access, *, audit: Audit = no_audit, clock: Clock = lambda: datetime.now(UTC)
) -> Console:
    """`load` reads connectors.yaml, with or without its secrets; `audit` is told each decision before it is done."""
    desk = Desk(
        doors=doors,
        load=load,
        access=access,
        audit=audit,
        clock=clock,
        errands=Errands(clock),
        sessions=Sessions(clock),
        by_person=Attempts(clock, free=5),
        by_address=Attempts(clock, free=20),
        by_name=Attempts(clock, free=20, longest=30),
        familiar=Familiar(),
    )
    renderer = Renderer()
    routes = [_route(page, desk, renderer) for page in PAGES]
    return Console(routes, (Middleware(SafeHeaders),), desk)


def _route(page: Page, desk: Desk, renderer: Renderer) -> Route:
    async def endpoint(request: Request) -> Response:
        return await answer(page, desk, renderer, request)

    return Route(page.path, endpoint, methods=[page.method], name=f"{page.method} {page.path}")
