"""The exact requests for site pages, and what their answers hold. Content is reached through the cast alone.

https://learn.microsoft.com/graph/api/resources/sitepage
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from lms_bridge.sharepoint.batch import Call
from lms_bridge.sharepoint.payloads import mapping, text_value

TYPE = "#microsoft.graph.sitePage"
CAST = "microsoft.graph.sitePage"
ROWS = 200
READ_UNITS = 1
# GET's own annotations must not be sent back, and are not asked for.
PLAIN = {"Accept": "application/json;odata.metadata=none"}
_LISTED = "$select=id,eTag,name,title,description,webUrl,publishingState,lastModifiedBy"
_TITLE_AREA = {
    "layout": "plain",
    "showAuthor": False,
    "showPublishedDate": True,
    "showTextBlockAboveTitle": False,
    "textAlignment": "left",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageText:
    """What a page is written with. `news` promotes it, which cannot be undone; `comments` none: as they are."""

    title: str
    description: str
    canvas: Mapping[str, Any]
    comments: bool | None
    news: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PageState:
    """What Graph says of a page. `draft`: its newest text is not what readers see; `new`: they never saw any;
    `app`: which app wrote it last; `person`: a person did, by name."""

    id: str
    version: str
    name: str
    title: str
    description: str
    url: str
    draft: bool
    new: bool
    app: str
    person: bool
    comments: bool
    canvas: Any


def list_pages(site: str) -> Call:
    return Call(name="list pages", method="GET", url=f"/sites/{site}/pages?{_LISTED}&$top={ROWS}", headers=PLAIN)


def find_page(site: str, name: str) -> Call:
    condition = quote(f"name eq '{name.replace(chr(39), chr(39) * 2)}'", safe="'")
    return Call(name="find page", method="GET", url=f"/sites/{site}/pages?$filter={condition}&{_LISTED}", headers=PLAIN)


def read_page(site: str, page: str) -> Call:
    url = f"{_page(site, page)}/{CAST}?$expand=canvasLayout"
    return Call(name="read page", method="GET", url=url, headers=PLAIN, units=READ_UNITS)


def create_page(site: str, name: str, text: PageText) -> Call:
    body = {
        "@odata.type": TYPE,
        "name": name,
        "title": text.title,
        "pageLayout": "article",
        "promotionKind": "newsPost" if text.news else "page",
        "showComments": text.comments is not False,
        "showRecommendedPages": False,
        "description": text.description,
        "titleArea": _TITLE_AREA,
        "canvasLayout": text.canvas,
    }
    return Call(name="create page", method="POST", url=f"/sites/{site}/pages", body=body, headers=_JSON, alone=True)


def change_page(site: str, page: str, text: PageText, *, version: str) -> Call:
    body: dict[str, Any] = {
        "@odata.type": TYPE,
        "title": text.title,
        "description": text.description,
        "canvasLayout": text.canvas,
    }
    if text.comments is not None:
        body["showComments"] = text.comments
    if text.news:
        body["promotionKind"] = "newsPost"
    url = f"{_page(site, page)}/{CAST}"
    headers = {**_JSON, "If-Match": version}
    return Call(name="change page", method="PATCH", url=url, body=body, headers=headers, alone=True)


def publish_page(site: str, page: str) -> Call:
    return Call(name="publish page", method="POST", url=f"{_page(site, page)}/{CAST}/publish")


def delete_page(site: str, page: str, *, version: str) -> Call:
    """To the site's recycle bin."""
    return Call(name="delete page", method="DELETE", url=_page(site, page), headers={"If-Match": version})


def page_state(row: Any) -> PageState:
    row = mapping(row)
    state = mapping(row.get("publishingState"))
    version_id = text_value(state.get("versionId"))
    writer = mapping(row.get("lastModifiedBy"))
    app = text_value(mapping(writer.get("application")).get("id")).casefold()
    return PageState(
        id=text_value(row.get("id")),
        version=text_value(row.get("eTag")) or text_value(row.get("@odata.etag")),
        name=text_value(row.get("name")),
        title=text_value(row.get("title")),
        description=text_value(row.get("description")),
        url=text_value(row.get("webUrl")),
        draft=text_value(state.get("level")) in ("draft", "checkout"),
        new=version_id.startswith("0."),
        app=app,
        person=not app and bool(text_value(mapping(writer.get("user")).get("email"))),
        comments=row.get("showComments") is not False,
        canvas=row.get("canvasLayout"),
    )


def _page(site: str, page: str) -> str:
    return f"/sites/{site}/pages/{quote(page, safe='')}"


_JSON = {"Content-Type": "application/json"}
