"""A page's canvas: sections, columns and web parts as a request gives them, checked, and its text cleaned.

What the service's sanitizer keeps is not published. What is dropped here was seen dropped; the editor in the
browser is stricter than the server, so there are two rules.
"""

import re
from collections.abc import Iterator
from typing import Any

import nh3

from lms_bridge.sandbox.sharepoint.clock import Ids
from lms_bridge.sandbox.sharepoint.errors import bad_request

Json = dict[str, Any]
# "Supported web parts": learn.microsoft.com/graph/api/sitepage-create.
WEB_PARTS = {
    "e377ea37-9047-43b9-8cdb-a761be2f8e09": "Bing Maps",
    "0f087d7f-520e-42b7-89c0-496aaf979d58": "Button",
    "df8e44e7-edd5-46d5-90da-aca1539313b8": "Call To Action",
    "2161a1c6-db61-4731-b97c-3cdb303f7cbb": "Divider",
    "b7dd04e1-19ce-4b24-9132-b60a1c2b910d": "Document Embed",
    "d1d91016-032f-456d-98a4-721247c305e8": "Image",
    "af8be689-990e-492a-81f7-ba3e4cd3ed9c": "Image Gallery",
    "6410b3b6-d440-4663-8744-378976dc041e": "Link Preview",
    "e84a8ca2-f63c-4fb9-bc0b-d8eef5ccb22b": "Org Chart",
    "7f718435-ee4d-431c-bdbf-9c4ff326f46e": "People",
    "c70391ea-0b10-4ee9-b2b4-006d3fcad0cd": "Quick Links",
    "8654b779-4886-46d4-8ffb-b5ed960ee986": "Spacer",
    "544dd15b-cf3c-441b-96da-004d5a8cea1d": "YouTube Embed",
    "cbe7b0a9-3504-44dd-a3a3-0e5cacd07788": "Title Area",
}
IMAGE = "d1d91016-032f-456d-98a4-721247c305e8"
# The editor writes it into a web part's properties, and Graph refuses a page that is sent with it.
EDITORS_OWN = "customContentDropSupport"
_COLUMNS = {
    "none": 1,
    "oneColumn": 1,
    "twoColumns": 2,
    "threeColumns": 3,
    "oneThirdLeftColumn": 2,
    "oneThirdRightColumn": 2,
    "fullWidth": 1,
}
_MOST_PARTS = 500
_EDITOR_TAGS = {
    "p", "h2", "h3", "h4", "strong", "em", "u", "s", "sub", "sup", "ul", "ol", "li", "blockquote", "a", "table",
    "thead", "tbody", "tr", "th", "td", "pre", "br", "span", "div",
}  # fmt: skip
_SERVER_TAGS = _EDITOR_TAGS | {
    "h1", "h5", "h6", "b", "i", "strike", "del", "ins", "mark", "small", "big", "code", "kbd", "samp", "var", "cite",
    "q", "abbr", "dl", "dt", "dd", "hr", "img", "figure", "figcaption", "caption", "colgroup", "col", "tfoot",
    "section", "article", "font", "center", "address", "details", "summary",
}  # fmt: skip
_DROPPED_WITH_CONTENT = {"script", "style", "iframe", "object", "embed", "form", "noscript", "template"}
_ATTRIBUTES = {
    "*": {"class", "title", "dir", "lang", "style", "aria-label", "role"},
    "a": {"href", "target", "rel", "data-cke-saved-href", "data-interception"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "ol": {"start", "type"},
    "li": {"value"},
    "table": {"border", "cellpadding", "cellspacing"},
}
_KEPT_STYLES = {"text-align", "margin-left"}


def clean_text(html: str) -> str:
    """What the server stores of a text web part."""
    return nh3.clean(
        html,
        tags=_SERVER_TAGS,
        clean_content_tags=_DROPPED_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        filter_style_properties=_KEPT_STYLES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
    ).replace(' style=""', "")


def clean_as_editor(html: str) -> str:
    """What is left when a person has the text in the editor: no images, three levels of headings."""
    html = re.sub(r"(?i)<(/?)h1\b", r"<\1h2", html)
    html = re.sub(r"(?i)<(/?)h[56]\b", r"<\1p", html)
    for old, new in (("b", "strong"), ("i", "em")):
        html = re.sub(rf"(?i)<(/?){old}(?=[\s>])", rf"<\1{new}", html)
    return nh3.clean(
        html,
        tags=_EDITOR_TAGS,
        clean_content_tags=_DROPPED_WITH_CONTENT,
        attributes={**_ATTRIBUTES, "*": {"class", "style"}},
        filter_style_properties=_KEPT_STYLES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
    ).replace(' style=""', "")


def accept_canvas(ids: Ids, asked: Json) -> Json:
    """The whole layout as it will be stored; names and types were checked before."""
    sections = [
        _section(ids, section, number) for number, section in enumerate(asked.get("horizontalSections") or (), start=1)
    ]
    canvas: Json = {"horizontalSections": sections}
    vertical = asked.get("verticalSection")
    if vertical:
        parts = [_web_part(ids, part) for part in vertical.get("webparts") or ()]
        canvas["verticalSection"] = {"emphasis": vertical.get("emphasis", "none"), "webparts": parts}
    if sum(1 for _ in web_parts(canvas)) > _MOST_PARTS:
        raise bad_request("The page has too many web parts.")
    return canvas


def web_parts(canvas: Json) -> Iterator[Json]:
    for section in canvas.get("horizontalSections", ()):
        for column in section["columns"]:
            yield from column["webparts"]
    yield from canvas.get("verticalSection", {}).get("webparts", ())


def text_of(canvas: Json) -> str:
    return "".join(part.get("innerHtml", "") for part in web_parts(canvas))


def _section(ids: Ids, asked: Json, number: int) -> Json:
    layout = asked.get("layout", "oneColumn")
    columns = [_column(ids, column, at) for at, column in enumerate(asked.get("columns") or (), start=1)]
    if len(columns) > _COLUMNS[layout]:
        raise bad_request(f"A section of layout '{layout}' has {_COLUMNS[layout]} columns, not {len(columns)}.")
    return {
        "layout": layout,
        "id": str(asked.get("id") or number),
        "emphasis": asked.get("emphasis") or "none",
        "columns": columns,
    }


def _column(ids: Ids, asked: Json, number: int) -> Json:
    width = asked.get("width", 12)
    if not 0 <= width <= 12:
        raise bad_request(f"The width of a column is counted in twelfths; {width} is not.")
    parts = [_web_part(ids, part) for part in asked.get("webparts") or ()]
    return {"id": str(asked.get("id") or number), "width": width, "webparts": parts}


def _web_part(ids: Ids, asked: Json) -> Json:
    named = str(asked.get("@odata.type", "")).rsplit(".", 1)[-1].casefold()
    identifier = asked.get("id") or ids.guid()
    if named == "textwebpart" or (not named and "innerHtml" in asked):
        text = clean_text(asked.get("innerHtml") or "")
        return {"@odata.type": "#microsoft.graph.textWebPart", "id": identifier, "innerHtml": text}
    kind = str(asked.get("webPartType", "")).casefold()
    if kind not in WEB_PARTS:
        raise bad_request(f"The web part type '{kind}' is not supported.")
    given = asked.get("data") or {}
    if EDITORS_OWN in given or EDITORS_OWN in (given.get("properties") or {}):
        raise bad_request(f"The property '{EDITORS_OWN}' does not exist on type 'microsoft.graph.webPartData'.")
    processed = {
        name: given.get("serverProcessedContent", {}).get(name, [])
        for name in ("htmlStrings", "searchablePlainTexts", "links", "imageSources")
    }
    extra = given.get("serverProcessedContent", {}).get("customMetadata")
    if extra is not None:
        processed["customMetadata"] = extra
    return {
        "@odata.type": "#microsoft.graph.standardWebPart",
        "id": identifier,
        "webPartType": kind,
        "data": {
            "dataVersion": given.get("dataVersion") or "1.0",
            "title": given.get("title") or WEB_PARTS[kind],
            "description": given.get("description") or "",
            "properties": given.get("properties") or {},
            "serverProcessedContent": processed,
        },
    }
