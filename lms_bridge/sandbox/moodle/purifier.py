"""What Moodle shows of HTML that somebody stored: its `clean_text`, one for wiki, forum, database and summaries."""

from __future__ import annotations

import re
from functools import lru_cache

from lms_bridge.sandbox.moodle.cleaning.attributes import AttributeCleaner
from lms_bridge.sandbox.moodle.cleaning.balance import balance, drop_foreign
from lms_bridge.sandbox.moodle.cleaning.elements import ELEMENTS
from lms_bridge.sandbox.moodle.cleaning.lexing import tokenize
from lms_bridge.sandbox.moodle.cleaning.nesting import fix_nesting, grow
from lms_bridge.sandbox.moodle.cleaning.tokens import Node, Token

_MULTILANG = re.compile(r'<span(?:\s+lang="([a-zA-Z0-9_-]+)"|\s+class="multilang"){2}\s*>')
_MARKED = re.compile(r'<span xxxlang="([a-zA-Z0-9_-]+)">')


@lru_cache(maxsize=512)
def clean(html: str, *, allow_ids: bool = True) -> str:
    """Web services and pages show ids (`allow_ids`); what an editor opens, or an update stores, has none."""
    if not _is_needed(html):
        return html
    multilang = 'class="multilang"' in html
    if multilang:
        html = _MULTILANG.sub(lambda m: f'<span xxxlang="{m[1] or ""}">', html)
    html = _purified(html, AttributeCleaner(allow_ids))
    if multilang:
        html = _MARKED.sub(r'<span lang="\1" class="multilang">', html)
    return html


def _is_needed(html: str) -> bool:
    """Moodle passes plain text and the plainest paragraphs by, so that they keep even what the cleaner would mend."""
    if html == "" or re.fullmatch("0|-?[1-9][0-9]{0,17}", html):
        return False
    if "&" in html or re.search("<[^pesb/]", html):
        return True
    rest = html.replace("<", "&lt;").replace(">", "&gt;")
    for pattern, plain in _PLAIN:
        if rest == html:
            return False
        rest = pattern.sub(plain, rest)
    return rest != html


_PLAIN = (
    (re.compile("&lt;p&gt;(.*?)&lt;/p&gt;"), r"<p>\1</p>"),
    (re.compile("&lt;em&gt;([^<>]+?)&lt;/em&gt;"), r"<em>\1</em>"),
    (re.compile("&lt;strong&gt;([^<>]+?)&lt;/strong&gt;"), r"<strong>\1</strong>"),
    (re.compile("&lt;br /&gt;"), "<br />"),
)


def _purified(html: str, attributes: AttributeCleaner) -> str:
    def validate(token: Token) -> None:
        token.attrs = attributes.clean(token.name, token.attrs)

    root = grow(balance(drop_foreign(tokenize(html), validate)))
    fix_nesting(root)
    out: list[str] = []
    for child in root.children:
        _print(child, attributes, out)
    return "".join(out)


def _print(node: Node, attributes: AttributeCleaner, out: list[str]) -> None:
    if node.is_text:
        out.append(_escaped(node.text))
        return
    if node.name not in ELEMENTS:
        raise ValueError(f"an unknown element <{node.name}> came through the cleaning")
    attrs = node.attrs if node.checked else attributes.clean(node.name, node.attrs)
    out.append(f"<{node.name}{''.join(_attribute(*pair) for pair in attrs.items())}")
    if node.void:
        out.append(" />")
        return
    out.append(">")
    for child in node.children:
        _print(child, attributes, out)
    out.append(f"</{node.name}>")


def _attribute(name: str, value: str) -> str:
    if "`" in value and not re.search("[\"' <>]", value):
        value += " "  # old Internet Explorer took backticks for quotes
    return f' {name}="{_escaped(value).replace(chr(34), "&quot;")}"'


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
