"""What Graph's refusals mean: an answer that is no success → one of the errors that people meet.

Told apart by status and by codes alone, the innermost known one first: messages are translated and change.
https://learn.microsoft.com/graph/errors
"""

from collections.abc import Iterator, Mapping
from typing import Any

from lms_bridge.errors import Ambiguous, Conflict, Denied, DestinationError, NotFound, Unreachable
from lms_bridge.sharepoint.batch import Answer, Call

BUSY = frozenset({500, 502, 503, 504, 408})
MAX_DEPTH = 8


class Changed(Conflict):
    """The ETag is no longer what we knew."""


class Locked(Conflict):
    """Somebody has it open or checked out."""


class NameTaken(Conflict):
    """Something of that name stands there already."""


class Invalid(DestinationError):
    """Graph calls the request wrong (400). For a list item this is also its word for a key that exists already."""


GRANT = (
    "Give the app Sites.Selected in Entra (API permissions, admin consent) and the role `write` on this site; "
    "`lms-bridge setup sharepoint` prints both commands."
)
_LOCK_CODES = frozenset({"resourceLocked", "lockMismatch", "lockOwnerMismatch", "lockNotFoundOrAlreadyExpired"})
_CODES: Mapping[str, tuple[type[DestinationError], str, str]] = {
    "entityTagDoesNotMatch": (Changed, "it was changed since it was read", "Run again: it is compared anew."),
    "resourceModified": (Changed, "it was changed since it was read", "Run again: it is compared anew."),
    "nameAlreadyExists": (NameTaken, "something of that name stands there already", "Rename or remove it."),
    "itemNotFound": (NotFound, "it is not there", "Run again: what stands there is listed anew."),
    "quotaLimitReached": (DestinationError, "the site's storage is full", "Ask the SharePoint admin for more."),
    "apiNotFound": (DestinationError, "this SharePoint does not offer the call", "Check cloud and endpoints."),
    "notSupported": (DestinationError, "this SharePoint does not support the call", "Check cloud and endpoints."),
    "pathIsTooLong": (Invalid, "its address would be too long", "Shorten the title or pages.prefix."),
    "maxItemCountExceeded": (DestinationError, "the list or library is full", "Ask the SharePoint admin."),
} | {
    code: (Locked, "a person has it open or checked out", "The next run tries again; ask them to close it.")
    for code in _LOCK_CODES
}
_STATUSES: Mapping[int, tuple[type[DestinationError], str, str]] = {
    **dict.fromkeys(
        (301, 302, 303, 307, 308),
        (
            Unreachable,
            "what answers sends us to another address, as a proxy or a sign-in page does",
            "Check `endpoints`, and what stands between this machine and Microsoft.",
        ),
    ),
    400: (Invalid, "Graph calls the request wrong", "Report it with the item's key."),
    401: (Denied, "the token was refused", "Check tenant, cloud and the app's credential."),
    403: (Denied, "the app may not do this here", GRANT),
    404: (NotFound, "it is not there", "Run again: what stands there is listed anew."),
    # `notAllowed` with 409 is one of the answers reported for a page that is checked out.
    409: (Locked, "what stands there does not allow it now", "A person may have it open; the next run tries again."),
    407: (Denied, "a proxy wants a login of its own", "Set HTTPS_PROXY with it, or ask who runs the proxy."),
    410: (NotFound, "it is gone", "Run again: what stands there is listed anew."),
    412: (Changed, "it was changed since it was read", "Run again: it is compared anew."),
    413: (Invalid, "it is too large for SharePoint", "Split it."),
    414: (Invalid, "its address is too long for what stands in front of SharePoint", "Shorten its title."),
    423: (Locked, "a person has it open or checked out", "The next run tries again; ask them to close it."),
    424: (DestinationError, "a step before it failed", "See the problem before it."),
    429: (Unreachable, "SharePoint asks us to slow down", "Lower units_per_minute, or run again later."),
    507: (DestinationError, "the site's storage is full", "Ask the SharePoint admin for more."),
}


def refusal(call: Call, answer: Answer) -> DestinationError:
    """The error for an answer that is no success."""
    where = f"{call.method} {call.url.split('?', 1)[0]}"
    codes = list(codes_in(answer.body))
    if answer.status in (401, 403):
        return _made(_STATUSES[answer.status], answer, codes, where)
    for code in reversed(codes):
        if code in _CODES:
            return _made(_CODES[code], answer, codes, where)
    if answer.status in _STATUSES:
        return _made(_STATUSES[answer.status], answer, codes, where)
    if answer.status in BUSY:
        return busy(call, answer)
    return DestinationError(f"Graph answered {_shown(answer, codes)}", where=where, next_step="Run again later.")


def is_sent_away(answer: Answer) -> bool:
    """Refused before anything was done: 429, or 503 with Retry-After."""
    return answer.status == 429 or (answer.status == 503 and "retry-after" in answer.headers)


def busy(call: Call, answer: Answer) -> DestinationError:
    """A failure inside the service: a write may have been done, unless it was sent away with Retry-After."""
    where = f"{call.method} {call.url.split('?', 1)[0]}"
    shown = _shown(answer, list(codes_in(answer.body)))
    if call.reads or is_sent_away(answer):
        return Unreachable(f"SharePoint is not available ({shown})", where=where, next_step="Run again later.")
    return Ambiguous(f"SharePoint failed while it wrote ({shown})", where=where, next_step="The next run looks it up.")


def codes_in(body: Any) -> Iterator[str]:
    """The error's codes from the outermost to the innermost."""
    level = body.get("error") if isinstance(body, Mapping) else None
    for _ in range(MAX_DEPTH):
        if not isinstance(level, Mapping):
            return
        code = level.get("code")
        if isinstance(code, str) and code.isascii() and len(code) <= 60:
            yield code
        level = level.get("innerError", level.get("innererror"))


def _made(
    known: tuple[type[DestinationError], str, str], answer: Answer, codes: list[str], where: str
) -> DestinationError:
    kind, cause, step = known
    return kind(f"{cause} ({_shown(answer, codes)})", where=where, next_step=step)


def _shown(answer: Answer, codes: list[str]) -> str:
    return " ".join([str(answer.status), *dict.fromkeys(codes)])
