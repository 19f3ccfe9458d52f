"""The emulated site as a Starlette app: Moodle's own addresses, the back door, and the learner's pages."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from lms_bridge.sandbox.moodle import back_door, file_doors, learner_pages, php_form, protocol, token_door
from lms_bridge.sandbox.moodle.site import MoodleSite

Door = Callable[[MoodleSite, dict[str, Any], Request], Response]


def moodle_app(site: MoodleSite) -> Starlette:
    routes: list[BaseRoute] = [
        Route("/webservice/rest/server.php", _door(site, _rest), methods=["GET", "POST"]),
        Route("/webservice/upload.php", _door(site, file_doors.upload), methods=["POST"]),
        Route("/login/token.php", _door(site, token_door.login), methods=["GET", "POST"]),
        Route("/lib/ajax/service-nologin.php", _ajax(site), methods=["GET", "POST"]),
        Route("/webservice/pluginfile.php/{path:path}", _door(site, file_doors.download), methods=["GET"]),
        Route("/pluginfile.php/{path:path}", _door(site, file_doors.page_file), methods=["GET"]),
        *back_door.routes(site),
        *learner_pages.routes(site),
    ]
    return Starlette(routes=routes)


def _rest(site: MoodleSite, parameters: dict[str, Any], request: Request) -> Response:
    config = site.settings.config
    if not int(config["enablewebservices"]) or "rest" not in config["webserviceprotocols"].split(","):
        return Response(status_code=403, media_type="text/html")
    return protocol.serve_rest(site, parameters, _address(request))


def _door(site: MoodleSite, door: Door) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        refused = _web_server_refuses(site, request)
        if refused is not None:
            return refused
        body = await request.body()
        if len(body) > site.settings.server_max_body:
            return _nginx(413, "Request Entity Too Large")
        parameters = await _parameters(site, request, body)
        return await run_in_threadpool(door, site, parameters, request)

    return endpoint


def _ajax(site: MoodleSite) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        refused = _web_server_refuses(site, request)
        if refused is not None:
            return refused
        return token_door.ajax_without_login(site, await request.body())

    return endpoint


def _web_server_refuses(site: MoodleSite, request: Request) -> Response | None:
    settings = site.settings
    if len(str(request.url.path)) + len(request.url.query) > settings.server_max_url:
        return _nginx(414, "Request-URI Too Large")
    if settings.cli_maintenance:
        # Moodle's lib/setup.php says so before it does anything else.
        return HTMLResponse("<h1>cli maintenance</h1>\n", status_code=503, headers={"retry-after": "300"})
    home = urlsplit(settings.wwwroot)
    if settings.check_host and request.headers.get("host", "") != home.netloc:
        # Moodle 4.5: initialise_fullme sends every stranger home, and a client that follows loses its POST.
        location = f"{settings.wwwroot}{request.url.path}"
        location += f"?{request.url.query}" if request.url.query else ""
        return HTMLResponse(f'<a href="{location}">Continue</a>', status_code=303, headers={"location": location})
    return None


async def _parameters(site: MoodleSite, request: Request, body: bytes) -> dict[str, Any]:
    """array_merge($_GET, $_POST). A body beyond post_max_size is dropped whole; JSON is not understood."""
    limit = site.settings.max_input_vars
    merged = php_form.parse_urlencoded(request.url.query.encode(), limit)
    if request.method != "POST" or len(body) > site.settings.post_max_size:
        return merged
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        merged |= php_form.parse_urlencoded(body, limit)
    elif kind == "multipart/form-data":
        # The real limits are PHP's, below and above; the form reader's own must not come first.
        form = await request.form(max_files=limit, max_fields=10 * limit, max_part_size=site.settings.server_max_body)
        texts = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        merged |= php_form.nest(texts, limit)
        request.state.files = [value for _, value in form.multi_items() if not isinstance(value, str)]
        request.state.bodies = [await file.read() for file in request.state.files]
        await form.close()
    return merged


def _address(request: Request) -> str:
    return request.client.host if request.client else "127.0.0.1"


def _nginx(status: int, reason: str) -> Response:
    title = f"{status} {reason}"
    body = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n"
    )
    return Response(body, status_code=status, headers={"content-type": "text/html"})
