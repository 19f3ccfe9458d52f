"""One page of one place, as it is found: what the source wants, what is remembered, and what stands."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from lms_bridge.connector import Body, Entry, Payload, PlaceRef, Record
from lms_bridge.items import Kind, mark
from lms_bridge.sync.digest import body_digest
from lms_bridge.sync.rows import Found, Reading, Writing

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
KEY = "s:BIO-101/page/cells"
BIO = PlaceRef(Kind.PAGE, "BIO-101", "the pages of BIO-101", "BIO-101")
BASE, PERSON, SOURCE = "<p>One.</p><p>Two.</p>", "<p>One, says Ann.</p><p>Two.</p>", "<p>One.</p><p>Two, newer.</p>"
BOTH, CLASH = "<p>One, says Ann.</p><p>Two, newer.</p>", "<p>One, says the source.</p><p>Two.</p>"

ENTRY = Entry(ref="1", version="1", name="Cells", mark=mark(KEY))


def text(html: str, title: str = "Cells") -> Body:
    return Body(title=title, html=html, fields={})


RECORD = Record(
    key=KEY, kind=Kind.PAGE, place=BIO.id, ref="1", name="Cells", fingerprint="same", version="1",
    digest=body_digest(text(BASE)), base=BASE, base_title="Cells", base_fields={}, title="Cells", course="BIO-101",
)  # fmt: skip


def wanted(html: str = BASE, **other: Any) -> Payload:
    """Its fingerprint is `same` as that of the record, or else the text."""
    payload = Payload(
        key=KEY, kind=Kind.PAGE, course="BIO-101", title="Cells", address="Cells", body=html,
        fingerprint="same" if html == BASE else html,
    )  # fmt: skip
    return replace(payload, **other)


def adapt(like: Payload, body: Body) -> Payload:
    return replace(like, title=body.title, body=body.html)


def found(
    payload: Payload | None, record: Record | None, *entries: Entry, stands: str | Body | None = None, **other: Any
) -> Found:
    """`stands`: what is read in the first entry."""
    body = text(stands) if isinstance(stands, str) else stands
    expected = {payload.key: text(payload.body, payload.title)} if payload is not None and body is not None else {}
    told = Found(
        place=BIO,
        payloads=[payload] if payload is not None else [],
        records=[record] if record is not None else [],
        entries=entries,
        readings={entries[0].ref: Reading(body_digest(body), body)} if body is not None else {},
        expected=expected,
        writing=Writing(adapt),
    )
    return replace(told, **other)
