"""A calendar's text from where it is: an address, asked whether it changed, or a file. Its address is a secret."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lms_bridge.calendars.feed import Feed
from lms_bridge.calendars.kept import stamp_of
from lms_bridge.errors import BridgeError, DestinationError, SourceError
from lms_bridge.transport import Answer, Fail, Limits, Request, Retry, Transport, without_address

MOST_BYTES = 2_000_000
_LIMITS = Limits(
    connect_timeout=10,
    read_timeout=15,
    whole_timeout=20,
    max_bytes=MOST_BYTES,
    attempts=2,
    longest_wait=5,
    patience=30,
)
_UNCHANGED = 304


@dataclass(frozen=True, slots=True)
class Fetched:
    """`text` none: it is what the stamp says that we have."""

    text: bytes | None
    stamp: Mapping[str, str]


def fetch(feed: Feed, stamp: Mapping[str, str]) -> Fetched:
    """`stamp`: of the text that we have; empty without. Raises BridgeError, whose words do not tell the address."""
    return _from_file(feed.file, stamp) if feed.file is not None else _from_address(feed, stamp)


def _from_file(file: Path, stamp: Mapping[str, str]) -> Fetched:
    step = "Let `file` name an iCalendar file (.ics) that this account may read."
    try:
        now = stamp_of(file)
        if now == stamp:
            return Fetched(None, now)
        if not file.is_file():
            raise SourceError("is no file.", where=file.name, next_step=step)
        with file.open("rb") as opened:
            text = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}.", where=file.name, next_step=step) from error
    if len(text) > MOST_BYTES:
        raise SourceError(f"is larger than {MOST_BYTES} bytes.", where=file.name, next_step=step)
    return Fetched(text, now)


def _from_address(feed: Feed, stamp: Mapping[str, str]) -> Fetched:
    headers = {"Accept": "text/calendar, */*;q=0.1"}
    if "etag" in stamp:
        headers["If-None-Match"] = stamp["etag"]
    if "modified" in stamp:
        headers["If-Modified-Since"] = stamp["modified"]
    request = Request(method="GET", url=feed.address, headers=headers, repeatable=True)
    try:
        transport = Transport(limits=_LIMITS, ca_file=feed.ca_file, connections=1)
        try:
            answer = transport.send(request, _refused)
        finally:
            transport.close()
    except BridgeError as error:
        told = without_address(error.problem, request)
        raise SourceError(told.cause, where=told.where, next_step=told.next_step) from None
    if answer.status == _UNCHANGED:
        return Fetched(None, stamp)
    names = {"etag": "ETag", "modified": "Last-Modified"}
    found = {key: answer.headers[name] for key, name in names.items() if answer.headers.get(name)}
    return Fetched(answer.content, {key: value for key, value in found.items() if _is_harmless(value)})


def _is_harmless(value: str) -> bool:
    """It is sent back as it came."""
    return len(value) <= 200 and value.isascii() and value.isprintable()


def _refused(answer: Answer) -> Retry | Fail | None:
    if answer.status in (200, _UNCHANGED):
        return None
    told = DestinationError(f"it answered with status {answer.status}.", next_step="It is tried again by itself.")
    if answer.status >= 500:
        return Retry(told)
    if 300 <= answer.status < 400:
        cause, step = "it sends on to another address, which is not followed.", "Give the address that answers itself."
    elif answer.status in (401, 403, 404, 410):
        cause = f"it refuses to be read (status {answer.status})."
        step = "Make a new address for the calendar, and replace the old one."
    else:
        return Fail(told)
    return Fail(DestinationError(cause, next_step=step))
