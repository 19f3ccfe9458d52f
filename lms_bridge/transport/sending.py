"""Sends requests: the session, the retry policy, the bounds."""

import logging
import random
import ssl
import time
from collections.abc import Callable, Iterator
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from pathlib import Path

import requests
import tenacity
from requests.adapters import HTTPAdapter

from lms_bridge.errors import Ambiguous, DestinationError, Unreachable
from lms_bridge.transport.failures import NotSent, ambiguous, as_unreachable, meaning, unusable
from lms_bridge.transport.messages import Answer, Budget, Classifier, Fail, Limits, NoBudget, Request, Retry

_log = logging.getLogger(__name__)


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
                raise _Again(Retry(as_unreachable(error))) from error
            raise
        except NotSent as error:
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
                _log.debug("%s %s: %d", request.method, request.where, response.status_code)
                return Answer(response.status_code, response.headers, content)
        except requests.RequestException as error:
            raise meaning(error, request) from None
        except UnicodeError:
            cause = "a sign in the address or in a header cannot be sent."
            step = "Check the address and the credentials for signs that are not ASCII."
            raise NotSent(Unreachable(cause, where=request.where, next_step=step), temporary=False) from None
        except OSError as error:
            # requests raises a bare OSError for an unreadable CA file, and urllib3's read errors may pass through.
            raise ambiguous(request, f"the connection broke ({type(error).__name__}).") from None

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


def _session(connections: int) -> requests.Session:
    # urllib3's debug lines carry whole addresses, and pre-authenticated ones are secrets.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
    session = _Session()
    adapter = HTTPAdapter(pool_connections=connections, pool_maxsize=connections, max_retries=0, pool_block=True)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers["User-Agent"] = f"lms-bridge/{version('lms-bridge')}"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    # Without an `auth`, requests puts a login from ~/.netrc over our own Authorization header.
    session.auth = _unchanged
    return session


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None: even where redirects are not followed, requests parses the address and reads the whole body for it."""
        return None


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
            raise unusable(request, f"the answer is larger than {bound} bytes.")
        if time.monotonic() - started > limits.whole_timeout:
            raise unusable(request, f"the answer took longer than {limits.whole_timeout:.0f} seconds.")
        yield chunk


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
