"""One section of a wiki page, found and replaced the way Moodle does it for `edit_page(section=…)`."""

from __future__ import annotations

import re

from lms_bridge.sandbox.moodle.wiki_markup import smallest_heading, with_plain_newlines


def get_section(text: str, title: str) -> str | None:
    """From the heading of the page's smallest level to the next of that level; None where there is no such heading."""
    parts = _split(text, title)
    return None if parts is None else parts[1]


def replace_section(text: str, title: str, section: str) -> str | None:
    """The whole page with the section exchanged. Moodle adds two newlines to the page every time."""
    parts = _split(text, title)
    return None if parts is None else parts[0] + section + parts[2]


def _split(text: str, title: str) -> tuple[str, str, str] | None:
    text = with_plain_newlines(text) + "\n\n"
    level = smallest_heading(text)
    opening, closing = rf"<\s*h{level}\s*>", f"</h{level}>"
    pattern = rf"(.*?)({opening}\s*{re.escape(title)}\s*{closing}.*?)((?:{opening}.*)|$)"
    match = re.search(pattern, text, re.I | re.S | re.A)
    return None if match is None else (match[1], match[2], match[3])
