"""What people left in entries that were read, should it be kept beside ours: what each copy would be called."""

from dataclasses import replace
from datetime import datetime

from lms_bridge.items import Key, Page
from lms_bridge.sync.policy import Drift, Policy
from lms_bridge.sync.remembered import copy_key, copy_title
from lms_bridge.sync.rows import Reading
from lms_bridge.sync.survey import Look


def names_of_copies(look: Look, policy: Policy, now: datetime) -> dict[Key, str]:
    """Names for what people left in entries that were read, should it be kept beside ours."""
    if policy.drift_of(look.ref.kind) is not Drift.KEEP_BOTH:
        return {}
    keys = {key: copy_key(key, reading.digest) for key, reading in _read_by_key(look).items()}
    left = [item for item in look.items if item.key in keys]
    copies = [replace(item, key=keys[item.key], title=copy_title(item.title, now)) for item in left]
    copies = [replace(copy, index=False) if isinstance(copy, Page) else copy for copy in copies]
    standing = {key: record.name for key, record in look.records.items() if not record.deleted}
    # Copies of earlier runs stand there without a record, and their names are taken.
    standing |= {f"standing {entry.ref}": entry.name for entry in look.entries or ()}
    names = look.place.addresses([*look.items, *copies], standing)
    return {copy.key: names[copy.key] for copy in copies}


def _read_by_key(look: Look) -> dict[Key, Reading]:
    read = {key: look.readings.get(record.ref) for key, record in look.records.items()}
    return {key: reading for key, reading in read.items() if reading is not None}
