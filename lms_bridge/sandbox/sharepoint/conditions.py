"""If-Match: the caller's idea of what stands there, compared with what does."""

from lms_bridge.sandbox.sharepoint.errors import stale
from lms_bridge.sandbox.sharepoint.exchange import Visit


def check_if_match(visit: Visit, *current: str) -> None:
    """Raise 412 unless the header is absent, `*`, or one of the resource's eTags."""
    sent = visit.call.header("if-match").strip()
    if not sent or sent == "*":
        return
    known = {_plain(etag) for etag in current}
    if not any(_plain(part) in known for part in _parts(sent)):
        raise stale()


def _parts(header: str) -> list[str]:
    # An eTag holds a comma itself: "guid,3". Several are told apart by the quotes between them.
    return header.split('", "') if '", "' in header else [header]


def _plain(etag: str) -> str:
    return etag.strip().removeprefix("W/").strip('"').replace("{", "").replace("}", "").casefold()
