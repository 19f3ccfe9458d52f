"""Pages in the wiki's two plain-text formats, turned into its html format: headings, bold, italics, lists.

Only what a reader needs to see that HTML sent into such a wiki is not shown as HTML: creole escapes it.
"""

import html
import re

_HEADING = re.compile(r"(={1,6})\s*(.+?)\s*=*\s*")
_ITEMS = {"creole": re.compile(r"\*+\s+(.*)"), "nwiki": re.compile(r"\*+\s*(.*)")}
_EMPHASIS = {
    "creole": ((re.compile(r"\*\*(.+?)\*\*"), "strong"), (re.compile(r"(?<!:)//(.+?)(?<!:)//"), "em")),
    "nwiki": ((re.compile(r"'''(.+?)'''"), "strong"), (re.compile(r"''(.+?)''"), "em")),
}


def as_html(text: str, flavour: str) -> str:
    """`flavour`: creole or nwiki."""
    if flavour == "creole":
        text = html.escape(text, quote=False)
    blocks: list[str] = []
    kind = ""
    for line in text.replace("\r\n", "\n").split("\n"):
        was, (kind, shown) = kind, _block_of(line, flavour)
        if was != kind:
            blocks.append(_CLOSED[was] + _OPENED[kind])
        if shown:
            blocks.append(shown + "\n")
    return "".join([*blocks, _CLOSED[kind]])


_OPENED = {"": "", "heading": "", "item": "<ul>\n", "words": "<p>"}
_CLOSED = {"": "", "heading": "", "item": "</ul>\n", "words": "</p>"}


def _block_of(line: str, flavour: str) -> tuple[str, str]:
    if not line.strip():
        return "", ""
    heading = _HEADING.fullmatch(line)
    if heading:
        level = len(heading[1])
        return "heading", f"<h{level}>{heading[2]}</h{level}>"
    item = _ITEMS[flavour].fullmatch(line)
    if item:
        return "item", f"<li>{_emphasised(item[1], flavour)}</li>"
    return "words", _emphasised(line, flavour)


def _emphasised(text: str, flavour: str) -> str:
    for pattern, tag in _EMPHASIS[flavour]:
        text = pattern.sub(rf"<{tag}>\1</{tag}>", text)
    return text
