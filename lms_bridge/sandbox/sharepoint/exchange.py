"""One call and its answer, apart from HTTP, and the table that finds who answers.

A `$batch` holds calls inside a call: each goes the same way as one that came alone.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from lms_bridge.sandbox.sharepoint.errors import Refusal, bad_request
from lms_bridge.sandbox.sharepoint.model import Level, Site

if TYPE_CHECKING:
    from lms_bridge.sandbox.sharepoint.tenant import Tenant

_LARGEST_JSON = 4 * 1024 * 1024
_DEEPEST_JSON = 60


@dataclass(frozen=True)
class Identity:
    """What a valid token says about its bearer. `strength`: 1 = secret, 2 = certificate, 0 = other."""

    app_id: str
    roles: frozenset[str]
    audience: str
    strength: int
    name: str = ""


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    body: bytes = b""
    origin: str = ""
    in_batch: bool = False

    def header(self, name: str) -> str:
        return self.headers.get(name, "")

    def json(self) -> dict[str, Any]:
        """The body as a JSON object, refused as the real service refuses anything else."""
        content_type = self.header("content-type")
        if "json" not in content_type:
            raise bad_request(f"The Content-Type header '{content_type}' is not supported; use application/json.")
        if len(self.body) > _LARGEST_JSON:
            raise Refusal(413, "requestEntityTooLarge", "Request body is too large.")
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            raise bad_request("Unable to read JSON request payload. Please ensure it is valid JSON.") from None
        if not isinstance(found, dict):
            raise bad_request("A JSON object was expected as the request payload.")
        _measure(found, 0)
        return found


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any = None  # JSON, or bytes as they are
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_headers(self, headers: Mapping[str, str]) -> "Answer":
        return replace(self, headers={**self.headers, **headers})


@dataclass(frozen=True)
class Visit:
    """A call of somebody known, at a site where they may do this."""

    tenant: "Tenant"
    call: Call
    identity: Identity
    params: Mapping[str, str]
    found_site: Site | None = None

    @property
    def site(self) -> Site:
        assert self.found_site is not None
        return self.found_site


@dataclass(frozen=True)
class Route:
    method: str
    template: str
    answer: Callable[[Visit], Answer]
    right: Level | None = "read"
    units: int = 2
    pattern: re.Pattern[str] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        parts = re.split(r"(\{\w+(?::path)?\})", self.template)
        expression = "".join(_part_expression(part) for part in parts)
        object.__setattr__(self, "pattern", re.compile(expression + r"/?", re.IGNORECASE))


def find_route(routes: Iterable[Route], method: str, path: str) -> tuple[Route, dict[str, str]]:
    path_known = False
    for route in routes:
        match = route.pattern.fullmatch(path)
        if not match:
            continue
        if route.method == method:
            return route, match.groupdict()
        path_known = True
    if path_known:
        raise Refusal(405, "notAllowed", f"The HTTP method '{method}' is not allowed on this resource.")
    segment = path.rstrip("/").rsplit("/", 1)[-1]
    raise Refusal(400, "BadRequest", f"Resource not found for the segment '{segment}'.")


def parse_address(address: str) -> tuple[str, dict[str, str]]:
    """Path and query of an address that may be absolute, relative, and not escaped."""
    parts = urlsplit(address)
    return unquote(parts.path), dict(parse_qsl(parts.query, keep_blank_values=True))


def _part_expression(part: str) -> str:
    if not part.startswith("{"):
        return re.escape(part)
    name = part[1:-1]
    if name.endswith(":path"):
        return f"(?P<{name[:-5]}>.+?)"
    return f"(?P<{name}>[^/]+)"


def _measure(value: Any, depth: int) -> None:
    if depth > _DEEPEST_JSON:
        raise bad_request("The JSON request payload is nested too deeply.")
    if isinstance(value, dict):
        for inner in value.values():
            _measure(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _measure(inner, depth + 1)
