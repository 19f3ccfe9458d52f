"""What may stand in a text that is sent, judged without the code that cleans it.

Strict on form as well: where every sign that could open anything is escaped, no second parser reads another tree.
"""

import html
import re
from collections.abc import Iterator

_BLOCKS = "p h1 h2 h3 h4 h5 h6 ul ol li dl dt dd table caption thead tbody tfoot tr td th blockquote pre div hr"
_INLINE = "br strong em u s del ins sub sup small q cite code kbd samp var abbr img a span"
ELEMENTS = frozenset(f"{_BLOCKS} {_INLINE}".split())
VOID = frozenset(("br", "hr", "img"))
WORDS = frozenset(("class", "title", "lang", "dir", "alt", "width", "height", "start", "colspan", "rowspan", "scope"))
ADDRESSES = frozenset(("href", "src"))
SCHEMES = ("http://", "https://", "mailto:", "item:", "asset:")
CLASS = re.compile(r"language-[A-Za-z0-9+#_.-]{1,40}|lmsb-h")

_REFERENCE = r"&(?:amp|lt|gt|quot|nbsp|#(?:58|91|10|37|9|64));"
_TEXT = rf"(?:[^<>&]|{_REFERENCE})+"
_VALUE = rf'"(?:[^"<>&]|{_REFERENCE})*"'
_TOKEN = re.compile(
    rf"(?P<text>{_TEXT})|<(?P<close>/)?(?P<tag>[a-z][a-z0-9]*)(?P<attributes>(?: [a-z]+={_VALUE})*)>", re.DOTALL
)
_ATTRIBUTE = re.compile(rf" (?P<name>[a-z]+)=(?P<value>{_VALUE})", re.DOTALL)


def harm_in(text: str) -> list[str]:
    """Everything in it that may not be there, in words; nothing for a text that can do no harm."""
    found: list[str] = []
    open_elements: list[str] = []
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            return [*found, f"another parser may read this in its own way: {text[at : at + 60]!r}"]
        at = token.end()
        tag = token["tag"]
        if tag is None:
            continue
        if token["close"]:
            if not open_elements or open_elements.pop() != tag:
                found.append(f"</{tag}> closes what is not open")
            continue
        if tag not in VOID:
            open_elements.append(tag)
        found += _harm_in_element(tag, token["attributes"])
    return [*found, *(f"<{tag}> is never closed" for tag in open_elements)]


def _harm_in_element(tag: str, attributes: str) -> Iterator[str]:
    if tag not in ELEMENTS:
        yield f"the element <{tag}>"
    for attribute in _ATTRIBUTE.finditer(attributes):
        name, value = attribute["name"], html.unescape(attribute["value"][1:-1])
        if name in ADDRESSES:
            if not value.startswith(SCHEMES):
                yield f"the address {value!r}"
        elif name not in WORDS:
            yield f"the attribute {name!r}"
        elif name == "class" and not all(CLASS.fullmatch(each) for each in value.split()):
            yield f"the class {value!r}"
