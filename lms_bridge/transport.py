"""HTTP for every connector: one session, time-outs, bounds, the one retry policy, and what a failure means.

Apart because the hard question is the same everywhere: did the server do it or not? Clients only classify answers.
"""

import json
import logging
import random
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
import tenacity
import urllib3
from requests.adapters import HTTPAdapter

from lms_bridge.errors import Ambiguous, DestinationError, Unreachable

_log = logging.getLogger(__name__)

_CERTIFICATE_SENTENCES = {
    9: ("the server's certificate is not yet valid.", "Check this machine's clock, then the server's certificate."),
    10: (
        "the server's certificate has expired.",
        "Ask the server's admin to renew it, and check this machine's clock.",
    ),
    62: ("the server's certificate is for another host name.", "Use the host name that the certificate names."),
    64: ("the server's certificate is for another address.", "Use the host name that the certificate names."),
}
_UNTRUSTED = (
    "the server's certificate is not trusted on this machine.",
    "Name your organisation's CA file in `ca_file`; never switch the check off.",
)
_HANDSHAKE_REASONS = (
    "WRONG_VERSION",
    "HANDSHAKE",
    "PROTOCOL",
    "HTTP_REQUEST",
    "NO_CIPHERS",
    "NO_SHARED_CIPHER",
    "CERTIFICATE",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. `repeatable` means that sending it twice does no harm: it only reads, or is idempotent."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    repeatable: bool = False
    read_timeout: float | None = None
    max_bytes: int | None = None

    @property
    def where(self) -> str:
        """The address without its query, which may hold secrets."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, of whatever status. Header names compare without regard to case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)

    def json(self) -> Any:
        """Raises ValueError when the answer is not JSON."""
        return json.loads(self.content)


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
        """Seconds to wait before this request is sent."""
        ...

    def after(self, request: Request, answer: Answer) -> None: ...


class NoBudget:
    def before(self, request: Request) -> float:
        return 0.0

    def after(self, request: Request, answer: Answer) -> None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how often. A Retry-After beyond `longest_wait` is not waited for: the error says so."""

    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    whole_timeout: float = 600.0
    max_bytes: int = 64 * 1024 * 1024
    attempts: int = 5
    first_wait: float = 1.0
    longest_wait: float = 300.0
    patience: float = 900.0


class _Again(Exception):
    def __init__(self, verdict: Retry) -> None:
        self.verdict = verdict
        super().__init__()


class Transport:
    """Sends requests, several threads at a time. Redirects are never followed and cookies never kept."""

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        ca_file: Path | None = None,
        connections: int = 4,
        budget: Budget | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.limits = limits or Limits()
        self._budget = budget or NoBudget()
        self._sleep = sleep
        # A REQUESTS_CA_BUNDLE in the environment wins over `session.verify`, but not over a path given per request.
        self._verify: bool | str = True if ca_file is None else _readable(ca_file)
        self._session = _session(connections)

    def send(self, request: Request, classify: Classifier) -> Answer:
        """Raises Unreachable (surely not done), Ambiguous (sent, no answer), or what the classifier says."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Again),
            wait=self._wait,
            stop=self._stop,
            sleep=self._sleep,
            retry_error_callback=_give_up,
        )
        answer: Answer = retrying(self._attempt, request, classify)
        return answer

    def close(self) -> None:
        self._session.close()

    def _attempt(self, request: Request, classify: Classifier) -> Answer:
        pause = self._budget.before(request)
        if pause > 0:
            self._sleep(pause)
        try:
            answer = self._exchange(request)
        except Ambiguous as error:
            if request.repeatable:
                raise _Again(Retry(_as_unreachable(error))) from error
            raise
        except _NotSent as error:
            if error.temporary:
                raise _Again(Retry(error.error)) from error
            raise error.error from error
        self._budget.after(request, answer)
        match classify(answer):
            case Retry() as verdict:
                if verdict.after is not None and verdict.after > self.limits.longest_wait:
                    raise _too_long(verdict, self.limits.longest_wait)
                raise _Again(verdict)
            case Fail(error=refusal):
                raise refusal
        return answer

    def _exchange(self, request: Request) -> Answer:
        limits = self.limits
        started = time.monotonic()
        try:
            with self._session.request(
                request.method,
                request.url,
                data=request.body,
                headers=dict(request.headers),
                timeout=(limits.connect_timeout, request.read_timeout or limits.read_timeout),
                allow_redirects=False,
                verify=self._verify,
                stream=True,
            ) as response:
                content = b"".join(_bounded(response, request, limits, started))
                return Answer(response.status_code, response.headers, content)
        except requests.RequestException as error:
            raise _meaning(error, request) from None
        except OSError as error:
            # requests raises a bare OSError for an unreadable CA file, and urllib3's read errors may pass through.
            raise _ambiguous(request, f"the connection broke ({type(error).__name__}).") from None

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, _Again) and error.verdict.after is not None:
            return max(0.0, error.verdict.after)
        backoff = self.limits.first_wait * 2.0 ** (state.attempt_number - 1)
        # Jitter keeps parallel connections from coming back at the same instant.
        return min(self.limits.longest_wait, backoff) * random.uniform(0.75, 1.25)  # noqa: S311

    def _stop(self, state: tenacity.RetryCallState) -> bool:
        if state.attempt_number >= self.limits.attempts:
            return True
        return state.idle_for + state.upcoming_sleep > self.limits.patience


def retry_after(headers: Mapping[str, str], *, now: float | None = None) -> float | None:
    """Retry-After in seconds, from either of its forms; none when it is missing or unreadable."""
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.isascii() and value.replace(".", "", 1).isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError):
        return None
    return max(0.0, moment - (time.time() if now is None else now))


class _NotSent(Exception):
    """The server surely did nothing. `temporary`: another try may help."""

    def __init__(self, error: Unreachable, *, temporary: bool) -> None:
        self.error = error
        self.temporary = temporary
        super().__init__()


def _session(connections: int) -> requests.Session:
    # urllib3's debug lines carry whole addresses, and pre-authenticated ones are secrets.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
    session = requests.Session()
    adapter = HTTPAdapter(pool_connections=connections, pool_maxsize=connections, max_retries=0, pool_block=True)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers["User-Agent"] = f"lms-bridge/{version('lms-bridge')}"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    # Without an `auth`, requests puts a login from ~/.netrc over our own Authorization header.
    session.auth = _unchanged
    return session


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _readable(ca_file: Path) -> str:
    try:
        ssl.create_default_context(cafile=str(ca_file))
    except OSError as error:  # ssl.SSLError is one
        raise Unreachable(
            f"the CA file cannot be used: {error.strerror or 'it holds no certificate'}.",
            where=str(ca_file),
            next_step="Let `ca_file` name a PEM file with your organisation's CA certificates.",
        ) from None
    return str(ca_file)


def _bounded(response: requests.Response, request: Request, limits: Limits, started: float) -> Iterator[bytes]:
    bound = request.max_bytes or limits.max_bytes
    size = 0
    for chunk in response.iter_content(64 * 1024):
        size += len(chunk)
        if size > bound:
            raise _unusable(request, f"the answer is larger than {bound} bytes.")
        if time.monotonic() - started > limits.whole_timeout:
            raise _unusable(request, f"the answer took longer than {limits.whole_timeout:.0f} seconds.")
        yield chunk


def _unusable(request: Request, cause: str) -> DestinationError:
    if request.repeatable:
        return DestinationError(cause, where=request.where, next_step="Ask the server's admin what it is sending.")
    return _ambiguous(request, cause)


def _meaning(error: requests.RequestException, request: Request) -> Exception:
    """What a failed exchange says about the server. Never quotes the error: it may hold the whole address."""
    if isinstance(error, requests.exceptions.SSLError):
        return _meaning_of_tls(error, request)
    if isinstance(error, (requests.ConnectTimeout, requests.exceptions.ProxyError)):
        proxy = isinstance(error, requests.exceptions.ProxyError)
        cause = "the proxy could not be reached or refused." if proxy else "the server did not answer in time."
        step = "Check HTTPS_PROXY and NO_PROXY." if proxy else "Check the address, the network and the firewall."
        return _NotSent(Unreachable(cause, where=request.where, next_step=step), temporary=True)
    if _has_cause(error, urllib3.exceptions.NameResolutionError):
        step = "Check the host name in the address, and this machine's DNS."
        return _NotSent(Unreachable("there is no such host.", where=request.where, next_step=step), temporary=True)
    if _has_cause(error, urllib3.exceptions.NewConnectionError):
        step = "Check the address and that the server is running."
        return _NotSent(Unreachable("the connection was refused.", where=request.where, next_step=step), temporary=True)
    if isinstance(error, ValueError):  # invalid addresses, schemes and headers
        step = "Give a whole address that starts with https://."
        return _NotSent(
            Unreachable("the address cannot be used.", where=request.where, next_step=step), temporary=False
        )
    if isinstance(error, requests.ReadTimeout) or _has_cause(error, urllib3.exceptions.ReadTimeoutError):
        return _ambiguous(request, "the request was sent, and no answer came in time.")
    return _ambiguous(request, "the request was sent, and the connection broke before the whole answer came.")


def _meaning_of_tls(error: requests.exceptions.SSLError, request: Request) -> Exception:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            text, step = _CERTIFICATE_SENTENCES.get(cause.verify_code, _UNTRUSTED)
            return _NotSent(Unreachable(text, where=request.where, next_step=step), temporary=False)
        reason = getattr(cause, "reason", None)
        if isinstance(reason, str) and any(word in reason for word in _HANDSHAKE_REASONS):
            text = "the server speaks no TLS that this machine accepts."
            step = "Check that the address is right and that its port speaks https."
            return _NotSent(Unreachable(text, where=request.where, next_step=step), temporary=False)
    return _ambiguous(request, "the encrypted connection broke.")


def _ambiguous(request: Request, cause: str) -> Ambiguous:
    return Ambiguous(cause, where=request.where, next_step="Whether it was done is looked up in the next run.")


def _as_unreachable(error: Ambiguous) -> Unreachable:
    step = "Try again later; if it stays so, ask the server's admin."
    return Unreachable(error.problem.cause, where=error.problem.where, next_step=step)


def _too_long(verdict: Retry, longest: float) -> DestinationError:
    problem = verdict.error.problem
    return type(verdict.error)(
        f"{problem.cause} It asks to wait {verdict.after:.0f} seconds, and {longest:.0f} is the most we wait.",
        where=problem.where,
        next_step=problem.next_step,
    )


def _give_up(state: tenacity.RetryCallState) -> Answer:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, _Again)
    _log.info("gave up after %d attempts", state.attempt_number)
    raise error.verdict.error


def _has_cause(error: BaseException, wanted: type[BaseException]) -> bool:
    return any(isinstance(cause, wanted) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and everything it wraps: requests keeps urllib3's in `args`, urllib3 its own in `reason`."""
    waiting: list[BaseException] = [error]
    seen: set[int] = set()
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        inner = [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]
        waiting += [cause for cause in inner if isinstance(cause, BaseException)]
