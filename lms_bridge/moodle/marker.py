"""Our mark in a Moodle text: a class on the visible last paragraph, which holds the link to the source.

Moodle's cleaner and its editor drop comments, ids and data attributes; a class on a paragraph with words survives both.
"""

import html
import re
from dataclasses import dataclass

from lms_bridge.items import Item, mark

_CLASSES = re.compile(r'class="([^"]*\blmsb\b[^"]*)"')
_MARK = re.compile(r"\blmsb-([a-z2-7]{16})\b")
_PRINT = re.compile(r"\blmsbf-([0-9a-f]{12})\b")
WORD = "Source"


@dataclass(frozen=True, slots=True)
class Found:
    mark: str
    fingerprint: str | None


def marker(item: Item, fingerprint: str = "") -> str:
    """The last paragraph. A text that is sent must carry it every time."""
    classes = f"lmsb lmsb-{mark(item.key)}" + (f" lmsbf-{fingerprint[:12]}" if fingerprint else "")
    if item.url and re.match(r"https?://[^\s\"<>]+$", item.url):
        inner = f'<a href="{html.escape(item.url)}">{WORD}</a>'
    else:
        inner = html.escape(f"{WORD}: {item.key}").replace("://", "&#58;//").replace("[[", "&#91;&#91;")
    return f'<p class="{classes}">{inner}</p>'


def find_marker(text: str) -> Found | None:
    """The last mark in a text; someone may have copied another page's text above it."""
    for classes in reversed(_CLASSES.findall(text)):
        found = _MARK.search(classes)
        if found:
            printed = _PRINT.search(classes)
            return Found(found[1], printed[1] if printed else None)
    return None


def is_marker_text(words: str, classes: str) -> bool:
    """Nothing but ours: a paragraph that a person wrote on in keeps the class, and is theirs."""
    found = _MARK.search(classes)
    text = words.strip()
    return found is not None and (text == WORD or mark(text.removeprefix(f"{WORD}: ")) == found[1])
