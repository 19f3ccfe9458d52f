"""What a failed exchange says about the server: surely not done, or perhaps done. Never quotes an address's query."""

import ssl
from collections.abc import Iterator

import requests
import urllib3

from lms_bridge.errors import Ambiguous, DestinationError, Unreachable
from lms_bridge.transport.messages import Request

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


class NotSent(Exception):
    """The server surely did nothing. `temporary`: another try may help."""

    def __init__(self, error: Unreachable, *, temporary: bool) -> None:
        self.error = error
        self.temporary = temporary
        super().__init__()


def unusable(request: Request, cause: str) -> DestinationError:
    if request.repeatable:
        return DestinationError(cause, where=request.where, next_step="Ask the server's admin what it is sending.")
    return ambiguous(request, cause)


def meaning(error: requests.RequestException, request: Request) -> Exception:
    """What a failed exchange says about the server. Never quotes the error: it may hold the whole address."""
    if isinstance(error, requests.exceptions.SSLError):
        return _meaning_of_tls(error, request)
    if isinstance(error, requests.exceptions.ProxyError) and _is_before_sending(error):
        cause, step = "the proxy could not be reached or refused.", "Check HTTPS_PROXY and NO_PROXY."
        return NotSent(Unreachable(cause, where=request.where, next_step=step), temporary=True)
    if isinstance(error, requests.ConnectTimeout):
        cause, step = "the server did not answer in time.", "Check the address, the network and the firewall."
        return NotSent(Unreachable(cause, where=request.where, next_step=step), temporary=True)
    if _has_cause(error, urllib3.exceptions.NameResolutionError):
        step = "Check the host name in the address, and this machine's DNS."
        return NotSent(Unreachable("there is no such host.", where=request.where, next_step=step), temporary=True)
    if _has_cause(error, urllib3.exceptions.NewConnectionError):
        step = "Check the address and that the server is running."
        return NotSent(Unreachable("the connection was refused.", where=request.where, next_step=step), temporary=True)
    if isinstance(error, ValueError):  # invalid addresses, schemes and headers
        step = "Give a whole address that starts with https://."
        return NotSent(Unreachable("the address cannot be used.", where=request.where, next_step=step), temporary=False)
    if isinstance(error, requests.ReadTimeout) or _has_cause(error, urllib3.exceptions.ReadTimeoutError):
        return ambiguous(request, "the request was sent, and no answer came in time.")
    return ambiguous(request, "the request was sent, and the connection broke before the whole answer came.")


def _meaning_of_tls(error: requests.exceptions.SSLError, request: Request) -> Exception:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            text, step = _CERTIFICATE_SENTENCES.get(cause.verify_code, _UNTRUSTED)
            return NotSent(Unreachable(text, where=request.where, next_step=step), temporary=False)
        reason = getattr(cause, "reason", None)
        if isinstance(reason, str) and any(word in reason for word in _HANDSHAKE_REASONS):
            text = "the server speaks no TLS that this machine accepts."
            step = "Check that the address is right and that its port speaks https."
            return NotSent(Unreachable(text, where=request.where, next_step=step), temporary=False)
    return ambiguous(request, "the encrypted connection broke.")


def ambiguous(request: Request, cause: str) -> Ambiguous:
    return Ambiguous(cause, where=request.where, next_step="Whether it was done is looked up in the next run.")


def as_unreachable(error: Ambiguous) -> Unreachable:
    step = "Try again later; if it stays so, ask the server's admin."
    return Unreachable(error.problem.cause, where=error.problem.where, next_step=step)


def _is_before_sending(error: requests.exceptions.ProxyError) -> bool:
    """urllib3 blames the proxy for an answer that was lost behind it, too: the server may well have done the work.

    Its `has_connected_to_proxy` is forgotten when a connection breaks; see urllib3/connection.py, HTTPConnection.close.
    """
    nowhere = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)
    return any(
        isinstance(cause, nowhere) or (type(cause) is OSError and str(cause).startswith("Tunnel connection failed"))
        for cause in _causes(error)
    )


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
