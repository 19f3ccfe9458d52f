"""Hiding an entry whose item is gone: a notice stands in place of its text, and it can be written again. Pure."""

import hashlib
from dataclasses import replace
from datetime import datetime

from lms_bridge.connector import Change
from lms_bridge.sync.remembered import payload_of
from lms_bridge.sync.rows import Writing

NOTICE = "<p>This was withdrawn on {day}. What it said is kept in its history.</p>"


def hiding(change: Change, writing: Writing, now: datetime) -> Change:
    """The fingerprint is one that no item has, so that an item that comes back is written again."""
    assert change.record is not None
    assert writing.hide is not None, "a place that hides has a way to"
    print_ = hashlib.sha256(f"hidden {change.record.fingerprint}".encode()).hexdigest()
    like = replace(payload_of(change.record), fingerprint=print_)
    return replace(change, payload=writing.hide(like, NOTICE.format(day=f"{now:%Y-%m-%d}")))
