"""The table of contents on top of a wiki page. Its entries are not parsed like the page, which shows."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

_ESCAPED_REFERENCE = re.compile(r"&amp;#(\d+|x[0-9a-f]+);", re.I | re.A)


@dataclass(frozen=True)
class Heading:
    level: int  # 1 to 3, counted from the page's largest
    html: str


def contents_table(headings: list[Heading]) -> str:
    if not headings:
        return ""
    numbers = [0, 0, 0]
    rows: list[str] = []
    for position, heading in enumerate(headings, start=1):
        _count(numbers, heading.level)
        number = ".".join(str(part) for part in numbers if part)
        label = heading.html.replace("[[", "").replace("]]", "")
        css = attribute("class", f"wiki-toc-section-{heading.level} wiki-toc-section")
        rows.append(f'<p{css}>{number}. <a href="#toc-{position}">{label}</a></p>')
    return f'<div class="wiki-toc"><p class="wiki-toc-title">Table of contents</p>{"".join(rows)}</div>'


def _count(numbers: list[int], level: int) -> None:
    numbers[level - 1] += 1
    for above in range(level - 1):
        numbers[above] = max(numbers[above], 1)
    for below in range(level, 3):
        numbers[below] = 0


def attribute(name: str, value: str) -> str:
    """As PHP's html_writer writes it: numeric references in the value are left alone."""
    escaped = html.escape(value, quote=True).replace("&#x27;", "&#039;")
    escaped = _ESCAPED_REFERENCE.sub(r"&#\1;", escaped)
    return f' {name}="{escaped}"'
