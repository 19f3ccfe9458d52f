"""Small items of every kind, for the contract suite and for tests of connectors."""

import hashlib
import struct
import zlib
from dataclasses import replace
from datetime import UTC, datetime

from lms_bridge.items import Asset, Course, Item, Kind, Origin, Page, Prompt, Rating, Review

SOURCE = "sample"
MOMENT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def make_item(kind: Kind, course: Course, name: str = "one", words: str = "First words.", title: str = "") -> Item:
    """An item whose key follows from kind, course and name; `words` is the part of it that a source would change."""
    key = f"{SOURCE}:{course.idnumber}/{kind.value}/{name}"
    heading = title or f"Sample {kind.value} {name}"
    origin = Origin(f"{course.idnumber}/{kind.value}s/{name}.md")
    body = f"<p>{words}</p>"
    match kind:
        case Kind.PAGE:
            return Page(key=key, course=course, title=heading, origin=origin, body=body)
        case Kind.PROMPT:
            return Prompt(key=key, course=course, title=heading, origin=origin, body=body)
        case Kind.REVIEW:
            return Review(
                key=key,
                course=course,
                title=heading,
                origin=origin,
                rater=f"learner-{name}",
                stars=4.0,
                scale=(1, 5),
                comment=words,
                date=MOMENT,
            )
        case Kind.RATING:
            count = 10 + sum(words.encode()) % 50
            return Rating(
                key=f"{SOURCE}:{course.idnumber}/rating",
                course=course,
                title=f"Ratings of {course.title}",
                origin=origin,
                average=4.25,
                count=count,
                spread=(0, 1, 1, 3, count - 5),
                rank=4.1,
                scale=(1, 5),
            )


def make_page(course: Course, name: str, body: str, *, title: str = "", assets: tuple[Asset, ...] = ()) -> Page:
    page = make_item(Kind.PAGE, course, name, title=title)
    assert isinstance(page, Page)
    return replace(page, body=body, assets=assets)


def make_prompt(course: Course, name: str, *, publish: datetime | None = None, close: datetime | None = None) -> Prompt:
    prompt = make_item(Kind.PROMPT, course, name)
    assert isinstance(prompt, Prompt)
    return replace(prompt, publish=publish, close=close)


def make_image(name: str = "dot.png", shade: int = 200) -> Asset:
    """A real PNG of one pixel."""
    content = _png(shade)
    return Asset(
        digest=hashlib.sha256(content).hexdigest(),
        name=name,
        media_type="image/png",
        size=len(content),
        width=1,
        height=1,
        load=lambda: content,
    )


def _png(shade: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes([0, shade])))
        + chunk(b"IEND", b"")
    )
