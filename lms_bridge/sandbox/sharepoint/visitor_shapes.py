"""What the visitor's pages show, brought into the form their templates want; every text cleaned once more."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup

from lms_bridge.sandbox.sharepoint.canvas import IMAGE, WEB_PARTS, clean_text
from lms_bridge.sandbox.sharepoint.model import Column, Comment, Item, SpList

Json = dict[str, Any]
_DIVIDER = "2161a1c6-db61-4731-b97c-3cdb303f7cbb"


def section_shapes(canvas: Json) -> list[Json]:
    shapes = []
    for section in canvas.get("horizontalSections", ()):
        columns = [
            {"width": column["width"], "parts": [_part(part) for part in column["webparts"]]}
            for column in section["columns"]
        ]
        shapes.append({"emphasis": section["emphasis"], "columns": columns})
    vertical = canvas.get("verticalSection")
    if vertical:
        parts = [_part(part) for part in vertical["webparts"]]
        shapes.append({"emphasis": vertical["emphasis"], "columns": [{"width": 4, "parts": parts}]})
    return shapes


def comment_shapes(comments: Sequence[Comment]) -> list[Json]:
    return [
        {
            "author": comment.author.name,
            "text": comment.text,
            "when": when(comment.created),
            "likes": len(comment.liked_by),
            "replies": comment_shapes(comment.replies),
        }
        for comment in comments
    ]


def list_columns(splist: SpList) -> list[Column]:
    if splist.is_library:
        return [splist.columns["FileLeafRef"], splist.columns["Modified"]]
    own = [column for column in splist.columns.values() if column.deletable and not column.hidden]
    return [splist.columns["Title"], *own]


def cells(columns: Sequence[Column], item: Item) -> list[Json]:
    return [{"name": column.display_name, **_cell(column, item)} for column in columns]


def when(moment: datetime) -> str:
    return moment.strftime("%-d %B %Y, %H:%M")


def _cell(column: Column, item: Item) -> Json:
    if column.name == "FileLeafRef":
        return {"text": item.path, "url": ""}
    if column.name == "Modified":
        return {"text": when(item.modified), "url": ""}
    value = item.fields.get(column.name)
    if value is None:
        return {"text": "", "url": ""}
    if isinstance(value, bool):
        return {"text": "Yes" if value else "No", "url": ""}
    if isinstance(value, list):
        return {"text": "; ".join(str(one) for one in value), "url": ""}
    if isinstance(value, dict):
        return {"text": value.get("Description", ""), "url": _safe(value.get("Url", ""))}
    if isinstance(value, float) and column.facet.get("decimalPlaces") == "two":
        return {"text": f"{value:.2f}", "url": ""}
    return {"text": str(value), "url": ""}


def _part(part: Json) -> Json:
    if "innerHtml" in part:
        # Cleaned by the same rules as on writing, so that a page made another way is harmless too.
        return {"kind": "text", "html": Markup(clean_text(part["innerHtml"]))}  # noqa: S704
    data = part["data"]
    processed, properties = data["serverProcessedContent"], data["properties"] or {}
    if part["webPartType"] == IMAGE:
        sources = [one.get("value") for one in processed.get("imageSources", ()) if one.get("value")]
        if sources:
            return {
                "kind": "image",
                "src": _safe(str(sources[0])),
                "alt": properties.get("altText") or "",
                "caption": properties.get("captionText") or "",
            }
    if part["webPartType"] == _DIVIDER:
        return {"kind": "divider"}
    links = [_link(one, processed, properties) for one in processed.get("links", ())]
    if any(link["url"] for link in links):
        return {"kind": "links", "links": [link for link in links if link["url"]]}
    return {"kind": "other", "name": data.get("title") or WEB_PARTS.get(part["webPartType"], "Web part")}


def _link(pair: Json, processed: Json, properties: Json) -> Json:
    url = _safe(str(pair.get("value", "")))
    # "items[0].sourceItem.url" belongs to the text "items[0].title".
    place = str(pair.get("key", "")).split(".")[0]
    titles = {str(one.get("key")): one.get("value") for one in processed.get("searchablePlainTexts", ())}
    return {"url": url, "title": titles.get(f"{place}.title") or titles.get("title") or properties.get("label") or url}


def _safe(url: str) -> str:
    return url if urlsplit(url).scheme in {"", "http", "https", "mailto"} else ""
