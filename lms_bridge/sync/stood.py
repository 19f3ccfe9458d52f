"""What stood in an entry before a write: looked up before it is sent, kept with it, and told when a run is undone."""

import logging
from dataclasses import replace

from lms_bridge.audit.line import named
from lms_bridge.connector import Action, Change, Outcome, Place, Status
from lms_bridge.errors import BridgeError, NotFound
from lms_bridge.sync.digest import body_digest
from lms_bridge.sync.fault import fault
from lms_bridge.sync.intent import Image

log = logging.getLogger(__name__)
Known = dict[str, str]
"""Digests of texts, by text: those of one slice of changes, where the same ones come up again and again."""
OVER = frozenset({Action.UPDATE, Action.MERGE, Action.HIDE, Action.DELETE})
"""What writes over an entry, or takes it away."""


def with_before(place: Place, change: Change) -> Change | Outcome:
    """The change with what it would write over, so that it can be put back; or why it is not written."""
    if change.action not in OVER or change.before is not None or change.entry is None:
        return change
    try:
        return replace(change, before=place.read(change.entry))
    except NotFound:
        return change
    except BridgeError as error:
        return Outcome(change=change, status=Status.FAILED, problem=error.problem)
    except Exception as error:
        about = {"key": named(change.key, change.kind), "course": change.course}
        log.exception("it could not be read", extra=about)
        return Outcome(change=change, status=Status.FAILED, problem=fault(error, place.ref.title, "read"))


def digest_before(change: Change, digests: Known) -> str:
    """Of what a write finds there, as far as it is known."""
    if change.before is not None:
        return body_digest(change.before, digests)
    return change.record.digest if change.record is not None else ""


def image_of(place: Place, change: Change, digests: Known, outcome: Outcome | None = None) -> Image:
    """Without an outcome: as it will be, should nobody tell what became of the write."""
    after = ""
    if change.payload is not None:
        told = outcome.body if outcome is not None else None
        after = body_digest(told if told is not None else place.expected(change.payload), digests)
    known = (outcome.entry if outcome is not None else None) or change.entry
    return Image(
        place=change.place.id,
        key=change.key,
        action=change.action,
        ref=known.ref if known is not None else "",
        before=change.before,
        record_before=change.record,
        digest_after=after,
    )
