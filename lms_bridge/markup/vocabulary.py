"""The words of HTML that a text may use: elements, attributes and schemes, and the old names of some of them."""

from collections.abc import Mapping
from types import MappingProxyType

_BLOCKS = "p h1 h2 h3 h4 h5 h6 ul ol li dl dt dd table caption thead tbody tfoot tr th td blockquote pre div hr"
_INLINE = "br strong em u s del ins sub sup small q cite code kbd samp var abbr img a span"
_DIVISIONS = "article aside section header footer main nav figure details center address fieldset form"

BLOCKS = frozenset(_BLOCKS.split())
TAGS = BLOCKS | frozenset(_INLINE.split())
VOID = frozenset(("br", "hr", "img"))

# Elements that mean the same as one of ours, or nearly; what is in neither list leaves its words behind.
RENAMED: Mapping[str, str] = MappingProxyType(
    {"b": "strong", "i": "em", "strike": "s", "tt": "code", "acronym": "abbr", "menu": "ul", "dir": "ul"}
    | {"figcaption": "p", "summary": "p", "dfn": "em"}
    | dict.fromkeys(_DIVISIONS.split(), "div")
)

ATTRIBUTES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "*": frozenset(("class", "title", "lang", "dir")),
        "a": frozenset(("href",)),
        "img": frozenset(("src", "alt", "width", "height")),
        "ol": frozenset(("start",)),
        "td": frozenset(("colspan", "rowspan")),
        "th": frozenset(("colspan", "rowspan", "scope")),
    }
)
SCHEMES = frozenset(("http", "https", "mailto", "item", "asset"))
# What people may have linked to in a destination: read, so that a comparison sees it, and never sent.
READ_SCHEMES = SCHEMES | {"ftp", "tel", "sms", "irc", "news", "data", "file"}
