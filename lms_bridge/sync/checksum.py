"""The checksum of a plan: the same when, and only when, the same would be done to the same entries.

Apart from the plan, because it decides what counts as "the world moved" between review and sync.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from lms_bridge.connector import Action, Change
from lms_bridge.sync.digest import canonical

_key = attrgetter("key")


def checksum(changes: Iterable[Change]) -> str:
    """Over what would be written; what waits for approval is part of it, so that approving does not change it."""
    told = hashlib.sha256(b"[")
    # As `canonical` has the sorted list: written down in one, or held, the rows of a first plan would be much.
    for at, row in enumerate(_in_order([change for change in changes if change.action is not Action.SKIP])):
        told.update(f"{',' if at else ''}{canonical(row)}".encode())
    told.update(b"]")
    return told.hexdigest()


def _in_order(changes: Sequence[Change]) -> Iterator[tuple[str, ...]]:
    """Their rows, sorted."""
    for action in sorted({change.action for change in changes}, key=lambda action: action.value):
        alike = sorted((change for change in changes if change.action is action), key=_key)
        for _, same in groupby(alike, key=_key):
            yield from sorted(map(_row, same))


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
