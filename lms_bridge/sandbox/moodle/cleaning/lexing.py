"""HTML text to a row of tokens, the way Moodle's PHP does it: libxml2's forgiving HTML 4 parser inside a wrapping div.

PHP comes with libxml2 2.9, lxml with 2.14, which reads character references as HTML 5: they are settled before parsing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.entities import name2codepoint

from lxml import etree

from lms_bridge.sandbox.moodle.cleaning.tokens import Kind, Token

_HEAD = (
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" '
    '"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd" ><html><head>'
    '<meta http-equiv="Content-Type" content="text/html; charset=utf-8" /></head><body><div>'
)
_TAIL = "</div></body></html>"
_CDATA = re.compile(r"<!\[CDATA\[(.+?)\]\]>", re.S)
_CONDITIONAL = re.compile(r"<!--\[if [^>]+\]>.*?<!\[endif\]-->", re.S | re.I)
_BODY = re.compile(r"<body[^>]*>(.*)</body>", re.S | re.I)
_SCRIPT = re.compile(r"<script[^>]*>.*?</script>", re.I)
_COMMENT = re.compile(r"(<!--.*?(?:-->|\Z))", re.S)
_STRAY_LESS_THAN = re.compile(r"<(?=[^a-z!/])", re.I)
_NOT_TEXT = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCE = re.compile(r"&(?:#[xX]([0-9a-fA-F]+)|#([0-9]+)|([A-Za-z_:][A-Za-z0-9_:.-]*))(;?)")
# libxml2 2.9 reads what is inside these as HTML, 2.14 as text; the cleaner drops the tags either way.
_RAW_IN_HTML5 = re.compile(r"<(/?)(iframe|textarea|title|xmp|noembed|noframes|plaintext)(?=[\s/>])", re.I)
_BROKEN_NAME = re.compile(r"<(/?[a-z][a-z0-9:_.-]*)<[^\s>]*", re.I)
_SAFE = re.compile(r"[<>&\"']")


def tokenize(html: str) -> list[Token]:
    document = (_HEAD + _prepare(html) + _TAIL).encode("utf-8", "ignore")
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_blank_text=False)
    root = etree.fromstring(document, parser)
    body = root.find("body")
    if body is None:
        return []
    wrapper = next(body.iter("div"), None)
    if wrapper is None:
        return []
    tokens = list(_inside(wrapper))
    # A premature </div> closes the wrapper; what follows it is then the rest of the body.
    if wrapper.getnext() is not None or wrapper.tail:
        tail = wrapper.tail or ""
        parent = wrapper.getparent()
        if parent is not None:
            _remove_keeping_tail(parent, wrapper, tail)
        tokens += _inside(body)
    return tokens


def _remove_keeping_tail(parent: etree._Element, child: etree._Element, tail: str) -> None:
    before = child.getprevious()
    child.tail = None
    parent.remove(child)
    if before is None:
        parent.text = (parent.text or "") + tail
    else:
        before.tail = (before.tail or "") + tail


def _prepare(html: str) -> str:
    html = _CDATA.sub(lambda m: _escape(m[1]), html)
    html = _CONDITIONAL.sub("", html)
    html = _body_of(html)
    html = _NOT_TEXT.sub("", html)
    html = _SCRIPT.sub("", html)
    html = _RAW_IN_HTML5.sub(r"<\1x-\2", html)
    html = _BROKEN_NAME.sub(r"<\1 ", html)
    parts = _COMMENT.split(html)
    parts[::2] = [_REFERENCE.sub(_reference, _STRAY_LESS_THAN.sub("&lt;", part)) for part in parts[::2]]
    return "".join(parts)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _body_of(html: str) -> str:
    match = _BODY.search(html)
    if match is None:
        return html
    before = html[: match.start()]
    opened, closed = before.rfind("<!--"), before.rfind("-->")
    return match[1] if opened < 0 or closed > opened else html


def _reference(match: re.Match[str]) -> str:
    sixteen, ten, name, semicolon = match.groups()
    if name is not None:
        known = semicolon and (name in name2codepoint or name == "apos")
        return match[0] if known else "&amp;" + match[0][1:]
    code = int(sixteen, 16) if sixteen else int(ten[:10])
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF or (code < 0x20 and code not in (9, 10, 13)):
        return ""
    char = chr(code)
    return f"&#{code};" if _SAFE.match(char) else char


def _inside(wrapper: etree._Element) -> Iterator[Token]:
    yield from list(_element(wrapper))[1:-1]


def _element(element: etree._Element) -> Iterator[Token]:
    name = str(element.tag).rpartition(":")[2]  # Word's <o:p> is a <p> to PHP
    attrs = {str(key): str(value) for key, value in element.attrib.items()}
    if len(element) == 0 and element.text is None:
        yield Token(Kind.EMPTY, name, attrs)
        return
    yield Token(Kind.START, name, attrs)
    yield from _text(element.text)
    is_open = True
    for child in element:
        if is_open and {name, child.tag} == {"ul", "ol"}:
            # libxml2 2.9 closes a list for a list of the other kind that is not inside an item; 2.14 does not.
            is_open = False
            yield Token(Kind.END, name)
        if isinstance(child.tag, str):
            yield from _element(child)
        yield from _text(child.tail)
    if is_open:
        yield Token(Kind.END, name)


def _text(text: str | None) -> Iterator[Token]:
    if text:
        yield Token(Kind.TEXT, text=text)
