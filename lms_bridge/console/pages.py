"""A page, who may open it, and the one door that all visits go through: host, session, role, origin, token.

No page can be added without saying who may open it: `Page` asks for it, and a test walks through all of them.
"""

import hmac
import logging
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qsl, quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from lms_bridge.console.access.roles import Person, Role
from lms_bridge.console.access.sessions import Session
from lms_bridge.console.desk import Desk
from lms_bridge.errors import BridgeError, ConfigError, NotFound, Problem, Unreachable

MAX_FORM = 2_000_000
MAX_FIELDS = 200
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?")
_WHAT = "application/x-www-form-urlencoded"
log = logging.getLogger(__name__)


class Shows(Protocol):
    """Turns templates into pages."""

    def show(self, visit: "Visit", template: str, code: int, values: Mapping[str, object]) -> Response: ...


@dataclass(frozen=True, slots=True)
class Visit:
    """One request, once it was let in. `token`: what each form of the answer carries."""

    request: Request
    desk: Desk
    renderer: "Shows"
    person: Person | None
    visitor: str
    token: str
    form: Mapping[str, str] = field(default_factory=dict)

    def asked(self, name: str, longest: int = 500) -> str:
        """A parameter of the address, bounded; empty where there is none."""
        return self.request.query_params.get(name, "")[:longest]

    def given(self, name: str) -> str:
        """A field of the form; empty where there is none."""
        return self.form.get(name, "")

    def part(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params.get(name, ""))

    @property
    def page(self) -> int:
        """Which page of a listing, counted from 0."""
        asked = self.asked("page", 6)
        return max(0, int(asked) - 1) if asked.isascii() and asked.isdigit() else 0

    @property
    def name(self) -> str:
        assert self.person is not None, "only pages for people who are signed in ask"
        return self.person.name

    @property
    def is_fragment(self) -> bool:
        """Asked for by htmx, which puts the answer into the page that stands."""
        return self.request.headers.get("hx-request") == "true"

    def may(self, role: Role) -> bool:
        return self.person is not None and self.person.role >= role

    def show(self, template: str, code: int = 200, **values: object) -> Response:
        return self.renderer.show(self, template, code, values)

    def go(self, path: str) -> Response:
        return RedirectResponse(path, status_code=303)


@dataclass(frozen=True, slots=True)
class Page:
    """`role` none: nobody need sign in for it. `handle` runs in a thread."""

    path: str
    handle: Callable[[Visit], Response]
    role: Role | None
    method: str = "GET"


async def answer(page: Page, desk: Desk, renderer: "Shows", request: Request) -> Response:
    if not is_known_host(request, desk.access.hosts):
        return PlainTextResponse("This console is not reached under that name.", 400)
    session = await run_in_threadpool(_session, desk, request)
    visitor = request.cookies.get(visitor_cookie(request), "")
    fresh = not visitor.isascii() or not 20 <= len(visitor) <= 100
    visitor = secrets.token_urlsafe(24) if fresh else visitor
    token = session.token if session is not None else desk.sessions.token_before(visitor)
    visit = Visit(request, desk, renderer, session.person if session is not None else None, visitor, token)
    response = await _let_in(page, visit)
    if session is None and fresh:
        set_cookie(response, request, visitor_cookie(request), visitor)
    return response


async def _let_in(page: Page, visit: Visit) -> Response:
    if page.role is not None:
        if visit.person is None:
            return _to_sign_in(visit)
        if visit.person.role < page.role:
            return await run_in_threadpool(visit.show, "refused.html", 403, needed=page.role.word)
    if page.method == "POST":
        form = await _form(visit.request)
        if form is None or not _is_own(visit, form):
            return await run_in_threadpool(visit.show, "stale.html", 403)
        visit = Visit(visit.request, visit.desk, visit.renderer, visit.person, visit.visitor, visit.token, form)
    return await run_in_threadpool(_handled, page, visit)


def _handled(page: Page, visit: Visit) -> Response:
    try:
        return page.handle(visit)
    except ConfigError as error:
        return visit.show("problem.html", 503, problems=error.problems)
    except BridgeError as error:
        status = 404 if isinstance(error, NotFound) else 503 if isinstance(error, Unreachable) else 400
        return visit.show("problem.html", status, problems=(error.problem,))
    except Exception as error:
        # Without its words and without a traceback on the page: they may quote what nobody should read.
        log.exception("the page %s failed", page.path)
        problem = Problem(
            f"an unexpected {type(error).__name__} stopped this page.", "", "Look into the service's log."
        )
        return visit.show("problem.html", 500, problems=(problem,))


def _to_sign_in(visit: Visit) -> Response:
    if visit.request.method != "GET" or visit.is_fragment:
        return PlainTextResponse("You are not signed in any more.", 401, {"HX-Refresh": "true"})
    url = visit.request.url
    wanted = url.path + (f"?{url.query}" if url.query else "")
    return visit.go("/sign-in" if wanted == "/" else f"/sign-in?next={quote(wanted, safe='/')}")


def _session(desk: Desk, request: Request) -> Session | None:
    id_ = request.cookies.get(session_cookie(request), "")
    session = desk.sessions.find(id_) if id_ else None
    if session is None or not session.person.local:
        return session
    # Whoever was taken out of the file, or may do less now, finds out at once.
    passwords = desk.access.passwords
    try:
        role = passwords.role(session.person.name) if passwords is not None else None
    except BridgeError:
        role = None
    if role != session.person.role:
        desk.sessions.end(id_)
        return None
    return session


async def _form(request: Request) -> Mapping[str, str] | None:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _WHAT:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM:
            return None
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError:
        return None


def _is_own(visit: Visit, form: Mapping[str, str]) -> bool:
    """https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html"""
    headers, url = visit.request.headers, visit.request.url
    origin = headers.get("origin")
    if origin is not None and origin.lower() != f"{url.scheme}://{url.netloc}".lower():
        return False
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    return hmac.compare_digest(form.get("token", "").encode(), visit.token.encode())


def is_known_host(request: Request, hosts: Sequence[str]) -> bool:
    """Names that others let lead here (DNS rebinding) open nothing."""
    found = _HOST.fullmatch(request.headers.get("host", "").lower())
    return found is not None and found[1] in hosts


def session_cookie(request: Request) -> str:
    return _named(request, "lms-bridge")


def visitor_cookie(request: Request) -> str:
    return _named(request, "lms-bridge-visitor")


def set_cookie(response: Response, request: Request, name: str, value: str) -> None:
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, path="/", httponly=True, samesite="lax", secure=secure)


def _named(request: Request, name: str) -> str:
    # `__Host-`: browsers take it from this host alone, and only over TLS.
    return f"__Host-{name}" if request.url.scheme == "https" else name
