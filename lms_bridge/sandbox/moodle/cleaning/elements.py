"""Which elements Moodle's cleaner knows, what may stand inside each, and which attributes each may have.

The table is XHTML 1.0 Transitional as HTML Purifier 4.18 reads it, with Moodle 4.5's own additions
(media, bdi, ruby, its filters' tags).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum, auto

from lms_bridge.sandbox.moodle.cleaning.tokens import names

# Forms, scripts, objects and frames are named as allowed content although the cleaner knows no such elements:
# they never arrive here, but a tag is only closed for a newcomer that its parent could not hold.
INLINE = names(
    """#PCDATA a abbr acronym algebra audio b basefont bdi bdo big br button cite code del dfn em font i
    iframe img input ins kbd label nolink noscript object q ruby s samp script select small span strike
    strong sub sup tex textarea tt u var video"""
)
FLOW = INLINE | names(
    """address blockquote center dir div dl fieldset form h1 h2 h3 h4 h5 h6 hr lang menu ol p pre table ul"""
)


class Content(Enum):
    EMPTY = auto()
    OPTIONAL = auto()
    REQUIRED = auto()
    LIST = auto()
    TABLE = auto()
    EITHER = auto()  # inline or flow, by what surrounds it (del, ins)
    RUBY = auto()


@dataclass(frozen=True)
class Element:
    content: Content
    allowed: frozenset[str] = frozenset()
    attrs: dict[str, str] = field(default_factory=dict)  # name -> the rule's name in attributes.py
    inline_below: bool = False
    formatting: bool = False
    wrap: str = ""
    excludes: frozenset[str] = frozenset()


_CORE = {"style": "style", "class": "class", "id": "id", "title": "text", "contenteditable": "enum:false"}
_LANGUAGE = {"dir": "enum:ltr,rtl", "xml:lang": "language", "lang": "language"}
_COMMON = {**_CORE, **_LANGUAGE}
_ALIGN = {"align": "enum:left,right,center,justify"}
_CELL = {
    "align": "enum:left,center,right,justify,char",
    "charoff": "length",
    "valign": "enum:top,middle,bottom,baseline",
}
_COLUMN = {"span": "number", "width": "multilength", **_CELL}
_BOX = {
    "abbr": "text", "colspan": "number", "rowspan": "number", "scope": "enum:row,col,rowgroup,colgroup", **_CELL,
    "bgcolor": "color", "height": "length", "nowrap": "bool:nowrap", "width": "length",
}  # fmt: skip
_MEDIA = {
    "src": "uri", "crossorigin": "enum:anonymous,use-credentials", "preload": "enum:auto,metadata,none",
    "autoplay": "bool:", "loop": "bool:", "muted": "bool:", "controls": "bool:",
}  # fmt: skip
_LINK = {"href": "uri", "name": "text", "target": "enum:_blank"}
_IMAGE = {
    "height": "pixels:1200", "width": "pixels:1200", "longdesc": "uri", "alt": "text", "src": "embedded",
    "name": "text", "align": "enum:top,middle,bottom,left,right", "border": "pixels",
    "hspace": "pixels", "vspace": "pixels",
}  # fmt: skip
_TABLE = {
    "border": "pixels", "cellpadding": "length", "cellspacing": "length",
    "frame": "enum:void,above,below,hsides,lhs,rhs,vsides,box,border", "rules": "enum:none,groups,rows,cols,all",
    "summary": "text", "width": "length", "align": "enum:left,center,right", "bgcolor": "color",
}  # fmt: skip


def _inline(**attrs: str) -> Element:
    return Element(Content.OPTIONAL, INLINE, {**_COMMON, **attrs}, inline_below=True)


def _flow(**attrs: str) -> Element:
    return Element(Content.OPTIONAL, FLOW, {**_COMMON, **attrs})


def _required(*allowed: str, **attrs: str) -> Element:
    return Element(Content.REQUIRED, frozenset(allowed), {**_COMMON, **attrs})


def _empty(attrs: dict[str, str]) -> Element:
    return Element(Content.EMPTY, attrs=attrs)


def _list(**attrs: str) -> Element:
    return Element(
        Content.LIST, frozenset({"li", "ul", "ol"}), {**_COMMON, "compact": "bool:compact", **attrs}, wrap="li"
    )


def _texts() -> dict[str, Element]:
    plain = ["abbr", "acronym", "cite", "dfn", "kbd", "samp", "var", "sub", "sup"]
    formatting = ["em", "strong", "code", "b", "big", "i", "small", "tt", "s", "strike", "u"]
    table = {name: _inline() for name in plain} | {name: replace(_inline(), formatting=True) for name in formatting}
    table |= {f"h{level}": _inline(**_ALIGN) for level in range(1, 7)}
    either = Element(Content.EITHER, FLOW, {**_COMMON, "cite": "uri"})
    return table | {
        "q": _inline(cite="uri"),
        "span": _inline(xxxlang="text", dir="enum:ltr,rtl,auto"),
        "bdo": _inline(),
        "font": _inline(color="color", face="text", size="text"),
        "a": replace(_inline(**_LINK), formatting=True, excludes=frozenset({"a"})),
        "del": either,
        "ins": either,
        "p": _inline(**_ALIGN),
        "pre": replace(_inline(width="number"), excludes=names("img big small object applet font basefont")),
        "address": Element(Content.OPTIONAL, INLINE | {"p"}, _COMMON, inline_below=True),
        "div": _flow(**_ALIGN),
        "center": _flow(),
        "blockquote": _flow(cite="uri"),
        "lang": Element(Content.OPTIONAL, FLOW, {"lang": "text"}),
        "nolink": Element(Content.OPTIONAL, FLOW),
        "tex": Element(Content.OPTIONAL, INLINE, inline_below=True),
        "algebra": Element(Content.OPTIONAL, INLINE, inline_below=True),
        "bdi": _flow(),
    }


def _lists() -> dict[str, Element]:
    return {
        "ul": _list(type="enum:square,disc,circle"),
        "ol": _list(start="integer", type="exact:1,i,I,a,A"),
        "li": _flow(value="integer", type="exact:1,i,I,a,A,disc,square,circle"),
        "dl": _required("dt", "dd", compact="bool:compact"),
        "dt": _inline(),
        "dd": _flow(),
        "dir": _required("li", compact="bool:compact"),
        "menu": _required("li", compact="bool:compact"),
    }


def _tables() -> dict[str, Element]:
    parts = names("tr tbody thead tfoot caption colgroup col")
    return {
        "table": Element(Content.TABLE, parts, {**_COMMON, **_TABLE}),
        "caption": _inline(align="enum:top,bottom,left,right"),
        "tr": _required("td", "th", **_CELL, bgcolor="color"),
        "td": _flow(**_BOX),
        "th": _flow(**_BOX),
        "col": _empty({**_COMMON, **_COLUMN}),
        "colgroup": Element(Content.OPTIONAL, frozenset({"col"}), {**_COMMON, **_COLUMN}),
        **{name: _required("tr", **_CELL) for name in ("tbody", "thead", "tfoot")},
    }


def _media() -> dict[str, Element]:
    media = FLOW | {"source", "track"}
    video = {**_COMMON, **_MEDIA, "poster": "uri", "playsinline": "bool:", "width": "length", "height": "length"}
    return {
        "img": _empty({**_COMMON, **_IMAGE}),
        "br": _empty({**_CORE, "clear": "enum:left,all,right,none"}),
        "hr": _empty({**_COMMON, **_ALIGN, "noshade": "bool:noshade", "size": "pixels", "width": "length"}),
        "basefont": _empty({"color": "color", "face": "text", "size": "text", "id": "id"}),
        "video": Element(Content.OPTIONAL, media, video),
        "audio": Element(Content.OPTIONAL, media, {**_COMMON, **_MEDIA}),
        "source": _empty({"src": "uri", "type": "text"}),
        "track": _empty(
            {
                "src": "uri",
                "kind": "enum:subtitles,captions,descriptions,chapters,metadata",
                "srclang": "text",
                "label": "text",
                "default": "bool:",
            }
        ),
    }


def _ruby() -> dict[str, Element]:
    below = frozenset({"ruby"})
    return {
        "ruby": Element(Content.RUBY, frozenset({"rb", "rt", "rp", "rbc", "rtc"}), _COMMON),
        "rbc": _required("rb"),
        "rtc": _required("rt"),
        "rb": replace(_inline(), excludes=below),
        "rt": replace(_inline(rbspan="number"), excludes=below),
        "rp": Element(Content.OPTIONAL, frozenset({"#PCDATA"}), _COMMON),
    }


ELEMENTS: dict[str, Element] = {**_texts(), **_lists(), **_tables(), **_media(), **_ruby()}
ROOT = ELEMENTS["div"]
HIDDEN = frozenset({"script", "style"})  # removed with all that is inside
