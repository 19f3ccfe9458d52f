"""HTML text to a row of tokens, as Moodle's PHP does it: libxml2's forgiving HTML 4 parser inside a wrapping div."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from lms_bridge.sandbox.moodle.cleaning.preparing import prepared
from lms_bridge.sandbox.moodle.cleaning.tokens import Kind, Token

_HEAD = (
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" '
    '"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd" ><html><head>'
    '<meta http-equiv="Content-Type" content="text/html; charset=utf-8" /></head><body><div>'
)
_TAIL = "</div></body></html>"


def tokenize(html: str) -> list[Token]:
    document = (_HEAD + prepared(html) + _TAIL).encode("utf-8", "ignore")
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
