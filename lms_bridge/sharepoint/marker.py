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

# With the longest marker this is less than the 255 characters that news show of a description.
MAX_TEASER = 140
# More than a marker has: one that begins among the words that are shown is seen whole.
_LONGEST = 200
_MARKER = re.compile(r"lms-bridge(?:/([a-z0-9_-]{1,60}))? (page|prompt) ([a-z2-7]{16}) ([0-9a-f]{12})")
_SIGNS = re.compile(r"(?m)^[#>\-\s|]+| <https?://[^>\s]*>")


@dataclass(frozen=True, slots=True)
class Marker:
    """`installation`: the name of the lms-bridge that wrote the page, where it has one."""

    kind: Kind
    mark: str
    fingerprint: str
    installation: str = ""


def described(html: str, *, kind: Kind, key: Key, fingerprint: str, installation: str = "") -> str:
    """The page's description: its first words, which news show as a teaser, then the marker."""
    signed = f"lms-bridge/{installation}" if installation else "lms-bridge"
    sign = f"{signed} {kind.value} {mark(key)} {fingerprint[:FINGERPRINT_PART]}"
    teaser = _teaser(html)
    return f"{teaser} · {sign}" if teaser else sign


def marker_in(description: str) -> Marker | None:
    found = list(_MARKER.finditer(description))
    if not found:
        return None
    # The last one: the words before it come from a text, which may quote anything.
    installation, kind, own, fingerprint = found[-1].groups()
    return Marker(Kind(kind), own, fingerprint, installation or "")


def _teaser(html: str) -> str:
    """Other parts of a page than text and images have no address outside it, and say nothing here."""
    parts = [block for block in blocks(html) if '<img src="#' not in block]
    # The last block of ours names the source: no teaser.
    words = ""
    for block in parts[:-1] if parts and _names_source(parts[-1]) else parts:
        said = _SIGNS.sub("", to_text(map_images(block, lambda src: None) if "<img" in block else block)).split()
        words = " ".join([words, *said]) if words else " ".join(said)
        if len(_MARKER.sub("", words)) > MAX_TEASER + _LONGEST:
            break
    words = _MARKER.sub("", words)
    if len(words) <= MAX_TEASER:
        return words
    return words[: words.rfind(" ", 0, MAX_TEASER)].rstrip(" .,;:") + "…"


def _names_source(block: str) -> bool:
    # As most have it, so that no tree is made to read it.
    return block.startswith("<p>Source:") or re.match(r"Source(:| <|$)", to_text(block)) is not None
