"""Sends requests: the session, the retry policy, the bounds."""

import logging
import random
import ssl
from collections.abc import Iterator
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from pathlib import Path

import requests
import tenacity

from lms_bridge.connector import CallEnd, Spent
from lms_bridge.errors import Ambiguous, Unreachable
from lms_bridge.tracing import traced_call
from lms_bridge.transport.connecting import EndingAdapter
from lms_bridge.transport.failures import NotSent, ambiguous, as_unreachable, meaning, unusable
from lms_bridge.transport.gate import Gate, too_long
from lms_bridge.transport.messages import Answer, Budget, Classifier, Fail, Limits, NoBudget, Request, Retry

_log = logging.getLogger(__name__)

_SLOW_DOWN = 429


class _Again(Exception):
    """`crowded`: the host wants fewer calls, and does not say for how long. `unheard`: nobody is there."""

    def __init__(self, verdict: Retry, *, crowded: bool = False, unheard: bool = False) -> None:
        self.verdict = verdict
        self.crowded = crowded
        self.unheard = unheard
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
        gate: Gate | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.gate = gate or Gate()
        self._budget = budget or NoBudget()
        # A REQUESTS_CA_BUNDLE in the environment wins over `session.verify`, but not over a path given per request.
        self._verify: bool | str = True if ca_file is None else _readable(ca_file)
        self._session = _session(EndingAdapter(self.limits.whole_timeout, connections=connections))

    def send(self, request: Request, classify: Classifier) -> Answer:
        """Raises Unreachable (surely not done), Ambiguous (sent, no answer), or what the classifier says."""
        with traced_call(request.method, request.host, request.calls) as mark:
            answer = self._send(request, classify)
            mark("http.response.status_code", answer.status)
            return answer

    def _send(self, request: Request, classify: Classifier) -> Answer:
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Again),
            wait=self._wait,
            stop=partial(self._is_over, request, self.gate.clock()),
            before_sleep=partial(self._hold_others, request.host),
            sleep=self.gate.rest,
            retry_error_callback=_give_up,
        )
        try:
            answer: Answer = retrying(self._attempt, request, classify)
        except (Ambiguous, Unreachable):
            self.gate.gave_up(request.host)
            raise
        return answer

    def spent(self) -> Spent:
        """What was sent since this was asked last, and what the budget has left."""
        return Spent(self.gate.ended(), self._budget.left())

    def stop(self, *, finish: bool = False) -> None:
        """From any thread: nobody waits any longer, and nothing more is sent (see `Gate.stop`)."""
        self.gate.stop(finish=finish)

    def close(self) -> None:
        self._session.close()

    def _attempt(self, request: Request, classify: Classifier) -> Answer:
        self._enter(request)
        try:
            answer = self._exchange(request)
        except Ambiguous as error:
            self.gate.note(request.host, CallEnd.UNANSWERED, trouble=True)
            if request.repeatable:
                raise _Again(Retry(as_unreachable(error))) from error
            raise
        except NotSent as error:
            self.gate.note(request.host, CallEnd.UNREACHABLE, trouble=True)
            if error.temporary:
                raise _Again(Retry(error.error), unheard=True) from error
            raise error.error from error
        self._budget.after(request, answer)
        verdict = classify(answer)
        lost = isinstance(verdict, Fail) and isinstance(verdict.error, Ambiguous | Unreachable)
        trouble = lost or isinstance(verdict, Retry) or answer.status >= 500
        self.gate.note(request.host, _end_of(answer, verdict), trouble=trouble)
        match verdict:
            case Retry():
                raise self._again(request, answer, verdict)
            case Fail(error=refusal):
                raise refusal
        return answer

    def _enter(self, request: Request) -> None:
        """While the budget fills, the host may ask to be left alone."""
        self.gate.enter(request, self.limits)
        while (wait := self._budget.before(request)) > 0:
            self.gate.rest(wait)
            self.gate.enter(request, self.limits)

    def _again(self, request: Request, answer: Answer, verdict: Retry) -> Exception:
        if verdict.after is None:
            return _Again(verdict, crowded=answer.status == _SLOW_DOWN)
        self.gate.close(request.host, verdict.after)
        if verdict.after > self.limits.longest_wait:
            return too_long(verdict.error.problem, verdict.after, self.limits.longest_wait)
        return _Again(verdict)

    def _exchange(self, request: Request) -> Answer:
        limits, begun = self.limits, self.gate.clock()
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
                content = b"".join(_bounded(response, request, limits))
                _log.debug("%s %s: %d", request.method, request.where, response.status_code)
                return Answer(response.status_code, response.headers, content, self.gate.clock() - begun)
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

    def _is_over(self, request: Request, started: float, state: tenacity.RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        # A request may be worth more tries than others, but not where nobody listens: people wait for the sentence.
        unheard = isinstance(error, _Again) and error.unheard
        attempts = self.limits.attempts if unheard else request.attempts or self.limits.attempts
        if state.attempt_number >= attempts:
            return True
        waited = max(self.gate.clock() - started, self.gate.troubled(request.host))
        return waited + state.upcoming_sleep > self.limits.patience

    def _hold_others(self, host: str, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, _Again) and error.crowded:
            self.gate.close(host, state.upcoming_sleep)


def _end_of(answer: Answer, verdict: Retry | Fail | None) -> CallEnd:
    match verdict:
        case Retry():
            return CallEnd.BUSY
        case Fail(error=Ambiguous()):
            return CallEnd.UNANSWERED
    return CallEnd.REFUSED if verdict is not None or answer.status >= 400 else CallEnd.DONE


def _session(adapter: EndingAdapter) -> requests.Session:
    # urllib3's debug lines carry whole addresses, and pre-authenticated ones are secrets.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
    session = _Session()
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


def _bounded(response: requests.Response, request: Request, limits: Limits) -> Iterator[bytes]:
    bound = request.max_bytes or limits.max_bytes
    size = 0
    for chunk in response.iter_content(64 * 1024):
        size += len(chunk)
        if size > bound:
            raise unusable(request, f"the answer is larger than {bound} bytes.")
        yield chunk


def _give_up(state: tenacity.RetryCallState) -> Answer:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, _Again)
    _log.info("gave up after %d attempts", state.attempt_number)
    raise error.verdict.error
