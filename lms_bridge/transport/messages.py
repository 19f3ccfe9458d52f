"""What is sent, what comes back, and what a client may say about it. Types only."""

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

from lms_bridge.connector import Left
from lms_bridge.errors import DestinationError, Problem

_A_YEAR = 366 * 86_400.0


def host_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. `repeatable` means that sending it twice does no harm: it only reads, or is idempotent.

    `attempts` and the like are for requests to which the transport's own limits do not fit.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    repeatable: bool = False
    read_timeout: float | None = None
    max_bytes: int | None = None
    attempts: int | None = None
    kind: str = ""
    """Requests of one kind and number of calls take alike long while the server is well."""
    calls: int = 1
    """How many a batch carries."""

    @property
    def where(self) -> str:
        """The address without its query, which may hold secrets."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{self.host}{parts.path}"

    @property
    def host(self) -> str:
        """With its port where one is named."""
        return host_of(self.url)


def without_address(problem: Problem, request: Request) -> Problem:
    """Where the whole address is a secret, its path too: only the host is told."""
    cause = problem.cause
    for address in (request.url, request.where):
        cause = cause.replace(address, request.host)
    return Problem(cause, request.host, problem.next_step)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, of whatever status. Header names compare without regard to case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    seconds: float = 0.0
    """From sending to the answer's end, without waiting for anybody's leave."""

    def json(self) -> Any:
        """Raises ValueError when the answer is not JSON."""
        return read_json(self.content)


def read_json(text: str | bytes) -> Any:
    """Raises ValueError for what is no JSON: numbers that are none and depths that nobody means among it. Halves of
    signs (`\\ud800`), which no text can hold, are replaced."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
        half = b"\\ud" in text.lower() if isinstance(text, bytes) else "\\ud" in text.lower()
        return _whole(value) if half else value
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _finite(digits: str) -> float:
    """Python reads 1e400 as infinite, which no later computation expects."""
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits[:20]} is too large")
    return number


def _whole(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [_whole(each) for each in value]
        case dict():
            return {_whole(name): _whole(each) for name, each in value.items()}
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again; `error` is raised when patience ends. `after` is what the server asked for, in seconds.

    A classifier says so for a request that is not repeatable only when the server surely did nothing.
    """

    error: DestinationError
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Fail:
    error: DestinationError


Classifier = Callable[[Answer], Retry | Fail | None]
"""None means: the answer is usable."""


class Budget(Protocol):
    """Keeps a host's limits. Called from several threads."""

    def before(self, request: Request) -> float:
        """0: it may be sent now, and is paid for; else the seconds after which to ask again."""
        ...

    def after(self, request: Request, answer: Answer) -> None: ...

    def left(self) -> Mapping[str, Left]:
        """What is left of what it counts, by name; nothing where it counts nothing."""
        ...


class NoBudget:
    def before(self, request: Request) -> float:
        return 0.0

    def after(self, request: Request, answer: Answer) -> None:
        return None

    def left(self) -> Mapping[str, Left]:
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how often. A Retry-After beyond `longest_wait` is not waited for: the error says so. `patience` is
    for one call with all its tries, and for a host that sends every call away."""

    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    whole_timeout: float = 600.0
    max_bytes: int = 64 * 1024 * 1024
    attempts: int = 5
    first_wait: float = 1.0
    longest_wait: float = 300.0
    patience: float = 900.0


def retry_after(headers: Mapping[str, str], *, now: float | None = None) -> float | None:
    """Retry-After in seconds, from either of its forms; none when it is missing or unreadable.

    A date is taken by the server's own clock where its answer shows that.
    """
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.isascii() and value.replace(".", "", 1).isdigit():
        return min(float(value), _A_YEAR)
    moment = _moment(value)
    if moment is None:
        return None
    base = _moment(headers.get("Date", "")) or (time.time() if now is None else now)
    return min(max(0.0, moment - base), _A_YEAR)


def _moment(value: str) -> float | None:
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
