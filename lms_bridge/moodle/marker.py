"""Our mark in a Moodle text: a class on the visible last paragraph, which holds the link to the source.

Moodle's cleaner and its editor drop comments, ids and data attributes; a class on a paragraph with words survives both.
"""

import html
import re
from dataclasses import dataclass

from lms_bridge.items import Key, mark

_CLASSES = re.compile(r'class="([^"]*\blmsb\b[^"]*)"')
_MARK = re.compile(r"\blmsb-([a-z2-7]{16})\b")
_PRINT = re.compile(r"\blmsbf-([0-9a-f]{12})\b")
_NAME = re.compile(r"(?:^|\s)lmsbi-([a-z0-9][a-z0-9_-]{0,59})(?=\s|$)")
WORD = "Source"


@dataclass(frozen=True, slots=True)
class Found:
    mark: str
    fingerprint: str | None
    installation: str | None = None


def marker(key: Key, source: str | None, fingerprint: str = "", installation: str = "") -> str:
    """The last paragraph. A text that is sent must carry it every time. `source`: where readers find the item."""
    classes = f"lmsb lmsb-{mark(key)}" + (f" lmsbf-{fingerprint[:12]}" if fingerprint else "")
    classes += f" lmsbi-{installation}" if installation else ""
    if source and re.match(r"https?://[^\s\"<>]+$", source):
        inner = f'<a href="{html.escape(source)}">{WORD}</a>'
    else:
        inner = html.escape(f"{WORD}: {key}").replace("://", "&#58;//").replace("[[", "&#91;&#91;")
    return f'<p class="{classes}">{inner}</p>'


def find_marker(text: str) -> Found | None:
    """The last mark in a text; someone may have copied another page's text above it."""
    for classes in reversed(_CLASSES.findall(text)):
        found = _MARK.search(classes)
        if found:
            printed, signed = _PRINT.search(classes), _NAME.search(classes)
            return Found(found[1], printed[1] if printed else None, signed[1] if signed else None)
    return None


def is_marker_text(words: str, classes: str) -> bool:
    """Nothing but ours: a paragraph that a person wrote on in keeps the class, and is theirs."""
    found = _MARK.search(classes)
    text = words.strip()
    return found is not None and (text == WORD or mark(text.removeprefix(f"{WORD}: ")) == found[1])
