"""Images beside a page → assets: inside the folder, of a known type, within bounds."""

import hashlib
import struct
from pathlib import Path

from lms_bridge.errors import ContentError
from lms_bridge.items import Asset
from lms_bridge.sources.files.reading import Reading, read_bytes

MEDIA_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}
_SIGNATURES = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}
_SHORTEST = 24
"""Bytes: no image of these types is shorter, and the size of a PNG or GIF stands within."""


def read_asset(reading: Reading, path: Path, *, limit: int) -> Asset:
    """Raises ContentError without `where`: the page that shows the image says where."""
    content = _content(reading, path, limit)
    media_type = MEDIA_TYPES.get(path.suffix.lower())
    if media_type is None or not content.startswith(_SIGNATURES[media_type]):
        raise ContentError(
            f"is not an image that both destinations show ({', '.join(sorted(MEDIA_TYPES))})",
            next_step="Convert it to PNG or JPEG.",
        )
    if len(content) < _SHORTEST:
        raise ContentError("is cut off", next_step="Save the image anew.")
    width, height = dimensions(content, media_type)
    digest = hashlib.sha256(content).hexdigest()

    def load() -> bytes:
        """Read anew, since all of them would not fit into memory. Raises ContentError when it is another by now."""
        again = _content(reading, path, limit)
        if hashlib.sha256(again).hexdigest() != digest:
            raise ContentError("changed while the run went on", next_step="Run again.")
        return again

    return Asset(digest, path.name, media_type, len(content), width, height, load)


def _content(reading: Reading, path: Path, limit: int) -> bytes:
    step = "Make it smaller, or raise `max_image_bytes` in connectors.yaml."
    return read_bytes(reading, path, limit=limit, step=step)


def dimensions(content: bytes, media_type: str) -> tuple[int | None, int | None]:
    """Width and height in pixels from the file's head, or none where it does not tell."""
    if media_type == "image/png" and content[12:16] == b"IHDR" and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return width, height
    if media_type == "image/gif" and len(content) >= 10:
        width, height = struct.unpack("<HH", content[6:10])
        return width, height
    if media_type == "image/jpeg":
        return _jpeg_dimensions(content)
    return None, None


def _jpeg_dimensions(content: bytes) -> tuple[int | None, int | None]:
    """Walks the segments up to the frame header (ITU T.81, B.2.2)."""
    at = 2
    while at + 9 < len(content) and content[at] == 0xFF:
        code = content[at + 1]
        if 0xC0 <= code <= 0xCF and code not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + int(struct.unpack(">H", content[at + 2 : at + 4])[0])  # moves on even where a length is a lie
    return None, None
