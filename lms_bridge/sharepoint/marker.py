"""How a page says that it is ours: in its description, behind a line for readers, and by the end of its file name.

Classes and ids do not survive in SharePoint's texts; the description does, and it comes with the listing.
"""

import re
from dataclasses import dataclass

from lms_bridge.items import Key, Kind, mark
from lms_bridge.markup.links import map_images
from lms_bridge.markup.split import blocks
from lms_bridge.markup.text import to_text
from lms_bridge.sharepoint.payloads import FINGERPRINT_PART

MAX_TEASER = 140
_MARKER = re.compile(r"lms-bridge (page|prompt) ([a-z2-7]{16}) ([0-9a-f]{12})")
_SIGNS = re.compile(r"(?m)^[#>\-\s|]+| <https?://[^>\s]*>")


@dataclass(frozen=True, slots=True)
class Marker:
    kind: Kind
    mark: str
    fingerprint: str


def described(html: str, *, kind: Kind, key: Key, fingerprint: str) -> str:
    """The page's description: its first words, which news show as a teaser, then the marker."""
    sign = f"lms-bridge {kind.value} {mark(key)} {fingerprint[:FINGERPRINT_PART]}"
    # The last block names the source: no teaser.
    teaser = _teaser("".join(blocks(html)[:-1]))
    return f"{teaser} · {sign}" if teaser else sign


def marker_in(description: str) -> Marker | None:
    found = list(_MARKER.finditer(description))
    # The last one: the words before it come from a text, which may quote anything.
    return Marker(Kind(found[-1][1]), found[-1][2], found[-1][3]) if found else None


def _teaser(html: str) -> str:
    words = " ".join(_SIGNS.sub("", to_text(map_images(html, lambda src: None))).split())
    words = _MARKER.sub("", words)
    if len(words) <= MAX_TEASER:
        return words
    return words[: words.rfind(" ", 0, MAX_TEASER)].rstrip(" .,;:") + "…"
