"""Rewrites HTML so that it means to lxml's parser (libxml2 2.14, HTML 5 tokens) what it means to PHP's (libxml2 2.9).

What HTML Purifier itself does to a text before it parses is done here too.
"""

from __future__ import annotations

import re
from html.entities import name2codepoint

_CDATA = re.compile(r"<!\[CDATA\[(.+?)\]\]>", re.S)
_CONDITIONAL = re.compile(r"<!--\[if [^>]+\]>.*?<!\[endif\]-->", re.S | re.I)
_BODY = re.compile(r"<body[^>]*>", re.I)
_SCRIPT = re.compile(r"<script[^>]*>.*?</script>", re.I)
_NOT_TEXT = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCE = re.compile(r"&(?:#[xX]([0-9a-fA-F]+)|#([0-9]+)|([A-Za-z_:][A-Za-z0-9_:.-]*))(;?)")
_SPECIAL = re.compile(r"[<>&\"'\r]")
# HTML 5 closes a comment at "<!-->"; comments inside scripts and styles are left to the parser.
_COMMENT = re.compile(r"(<(style|script)\b[^>]*>.*?</\2\s*>)|<!--.*?(?:--!?>|\Z)", re.S | re.I)
_STRAY_LESS_THAN = re.compile(r"<(?=[^a-z!/])|<(?=!(?!--|doctype))", re.I)
_NO_END_TAG = re.compile(r"</(?![a-z])", re.I)
# HTML 5 takes what is inside these for text; the cleaner drops the tags either way.
_RAW_IN_HTML5 = re.compile(r"<(/?)(iframe|textarea|title|xmp|noembed|noframes|plaintext)(?=[\s/>])", re.I)
_BROKEN_NAME = re.compile(r"<(/?[a-z][a-z0-9:_.-]*)(?:<|/(?!>))[^\s>]*", re.I)
_OPEN_AT_END = re.compile(r"<[a-z][^<>]*\Z", re.I)
_TAG = re.compile(r"(<[^<>]*>)")


def prepared(html: str) -> str:
    html = _CDATA.sub(lambda match: _escaped(match[1]), html)
    html = _CONDITIONAL.sub("", html)
    html = _body_of(html)
    html = _NOT_TEXT.sub("", html)
    html = _SCRIPT.sub("", html)
    html = _COMMENT.sub(lambda match: match[1] or "<!-- -->", html)
    html = _NO_END_TAG.sub("", _STRAY_LESS_THAN.sub("&lt;", html))
    html = _RAW_IN_HTML5.sub(r"<\1x-\2", html)
    html = _BROKEN_NAME.sub(r"<\1 ", html)
    html = _REFERENCE.sub(_reference, html)
    return _with_returns(_OPEN_AT_END.sub(_closed, html))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _body_of(html: str) -> str:
    opening = _BODY.search(html)
    if opening is None:
        return html
    end = html.lower().rfind("</body>")
    before = html[: opening.start()]
    opened, closed = before.rfind("<!--"), before.rfind("-->")
    if end < opening.end() or (opened >= 0 and closed < opened):
        return html
    return html[opening.end() : end]


def _reference(match: re.Match[str]) -> str:
    """HTML 4's names only, and only with their semicolon; numbers as the characters that they are."""
    sixteen, ten, name, semicolon = match.groups()
    if name is not None:
        known = semicolon and (name in name2codepoint or name == "apos")
        return match[0] if known else "&amp;" + match[0][1:]
    code = int(sixteen[:10], 16) if sixteen else int(ten[:10])
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF or (code < 0x20 and code not in (9, 10, 13)):
        return ""
    return f"&#{code};" if _SPECIAL.match(chr(code)) else chr(code)


def _closed(match: re.Match[str]) -> str:
    quote = next((mark for mark in "\"'" if match[0].count(mark) % 2), "")
    return match[0] + quote + ">"


def _with_returns(html: str) -> str:
    """Carriage returns in the text are kept; the parser would turn them into newlines."""
    if "\r" not in html:
        return html
    parts = _TAG.split(html)
    parts[::2] = [part.replace("\r", "&#13;") for part in parts[::2]]
    return "".join(parts)
