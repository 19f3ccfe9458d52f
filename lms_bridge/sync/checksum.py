"""The checksum of a plan: the same when, and only when, the same would be done to the same entries.

Apart from the plan, because it decides what counts as "the world moved" between review and sync.
"""

import hashlib
from collections.abc import Iterable

from lms_bridge.connector import Action, Change
from lms_bridge.sync.digest import canonical


def checksum(changes: Iterable[Change]) -> str:
    """Over what would be written; what waits for approval is part of it, so that approving does not change it."""
    rows = sorted(_row(change) for change in changes if change.action is not Action.SKIP)
    told = hashlib.sha256(b"[")
    # As `canonical` has the list: written down in one, those of a first plan would be much.
    for at, row in enumerate(rows):
        told.update(f"{',' if at else ''}{canonical(row)}".encode())
    told.update(b"]")
    return told.hexdigest()


def _row(change: Change) -> tuple[str, ...]:
    payload, entry = change.payload, change.entry
    return (
        change.action.value,
        change.key,
        change.place.id,
        payload.fingerprint if payload is not None else "",
        entry.ref if entry is not None else "",
        entry.version if entry is not None else "",
    )
