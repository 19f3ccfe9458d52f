"""What a record remembers, as the body that stood there and as a payload that can be written again. Pure."""

from dataclasses import replace
from datetime import datetime

from lms_bridge.connector import Body, Payload, Record
from lms_bridge.items import Key


def base_of(record: Record) -> Body | None:
    """What the destination gave back when we wrote last, without a readable text, which nobody asks for: it costs a
    millisecond a page. None where nobody knows, as after a lost state."""
    if record.base_fields is None:
        return None
    return Body(title=record.base_title, html=record.base, fields=record.base_fields)


def payload_of(record: Record) -> Payload:
    """Without a text of its own: a place's `adapt` or `hide` gives it one."""
    return Payload(
        key=record.key,
        kind=record.kind,
        course=record.course,
        title=record.title,
        address=record.name,
        fields=record.fields,
        fingerprint=record.fingerprint,
        parent=record.parent,
    )


def with_base(record: Record, body: Body) -> Record:
    return replace(record, base=body.html, base_title=body.title, base_fields=dict(body.fields))


def copy_title(title: str, now: datetime) -> str:
    return f"{title} (as people left it, {now:%Y-%m-%d})"


def copy_key(key: Key, digest: str) -> Key:
    """The key of a copy of what a person left: the same text of theirs is copied once."""
    return f"{key}~{digest[:12]}"
