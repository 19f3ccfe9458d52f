"""Graph: site pages. The content is reached through the cast to sitePage only, as on the real service."""

from collections.abc import Sequence
from typing import Any

from lms_bridge.sandbox.sharepoint.canvas import accept_canvas, web_parts
from lms_bridge.sandbox.sharepoint.clock import iso
from lms_bridge.sandbox.sharepoint.conditions import check_if_match
from lms_bridge.sandbox.sharepoint.errors import Refusal, bad_request, not_found, stale
from lms_bridge.sandbox.sharepoint.exchange import Answer, Route, Visit
from lms_bridge.sandbox.sharepoint.graph_items import visible
from lms_bridge.sandbox.sharepoint.graph_lists import actor
from lms_bridge.sandbox.sharepoint.graph_reply import entity, expansions, listed
from lms_bridge.sandbox.sharepoint.graph_shapes import (
    content_type,
    identity_set,
    item_etag,
    publication,
    site_id,
)
from lms_bridge.sandbox.sharepoint.graph_types import check_body
from lms_bridge.sandbox.sharepoint.model import Item, Page
from lms_bridge.sandbox.sharepoint.pages import (
    change_page,
    create_page,
    page_library,
    publish_page,
    refuse_locked,
)
from lms_bridge.sandbox.sharepoint.store import delete_item, find_item, item_url

Json = dict[str, Any]
_PROPERTIES = {
    "title": "title",
    "description": "description",
    "thumbnailWebUrl": "thumbnail",
    "showComments": "show_comments",
    "showRecommendedPages": "show_recommended",
}


def get_pages(visit: Visit) -> Answer:
    return listed(visit, "baseSitePage", _shapes(visit), _context(visit))


def get_site_pages(visit: Visit) -> Answer:
    return listed(visit, "sitePage", _shapes(visit), f"{_context(visit)}/microsoft.graph.sitePage")


def get_page(visit: Visit) -> Answer:
    expansions(visit, "baseSitePage")
    item = the_page(visit)
    shape = page_json(visit, item)
    return entity(visit, "baseSitePage", shape, _context(visit), headers={"ETag": item_etag(item)})


def get_site_page(visit: Visit) -> Answer:
    item = the_page(visit)
    shape = _expanded(visit, item)
    context = f"{_context(visit)}/microsoft.graph.sitePage"
    return entity(visit, "sitePage", shape, context, headers={"ETag": item_etag(item)})


def make(visit: Visit) -> Answer:
    body = _page_body(visit)
    layout = body.get("pageLayout", "article")
    if layout not in {"article", "home"}:
        raise bad_request(f"A page of layout '{layout}' cannot be created.")
    if not body.get("title"):
        raise bad_request("The page's title is missing.")
    page = Page(body["title"], layout=layout, promotion=_promotion(body, "page"))
    _set(visit, page, body)
    item = create_page(visit.tenant, visit.site, body.get("name") or "", page, actor=actor(visit))
    return entity(
        visit, "sitePage", page_json(visit, item), _context(visit), status=201, headers={"ETag": item_etag(item)}
    )


def change_without_cast(visit: Visit) -> Answer:
    # sp-dev-docs#9112: PATCH needs the cast to microsoft.graph.sitePage in its address.
    raise Refusal(400, "invalidRequest", "API not found", "apiNotFound")


def change(visit: Visit) -> Answer:
    item, body = the_page(visit), _page_body(visit)
    page = item.page
    assert page is not None
    if visit.tenant.behaviour.page_if_match:
        check_if_match(visit, item_etag(item))
    if body.get("name", item.name) != item.name:
        raise bad_request("The name of a page cannot be changed.", "propertyNotUpdateable")
    if page.promotion == "newsPost" and _promotion(body, "newsPost") == "page":
        raise bad_request("A news post cannot be demoted to a page.")
    refuse_locked(visit.tenant, visit.site, item, actor(visit))
    page.promotion = _promotion(body, page.promotion)
    _set(visit, page, body)
    change_page(visit.tenant, visit.site, item, actor=actor(visit))
    return entity(visit, "sitePage", page_json(visit, item), _context(visit), headers={"ETag": item_etag(item)})


def publish(visit: Visit) -> Answer:
    item = the_page(visit)
    try:
        check_if_match(visit, item_etag(item))
    except Refusal:
        raise stale("The resource has changed since the caller last read it; usually an eTag mismatch") from None
    refuse_locked(visit.tenant, visit.site, item, actor(visit))
    publish_page(visit.tenant, visit.site, item, actor=actor(visit))
    return Answer(204)


def remove(visit: Visit) -> Answer:
    item = the_page(visit)
    check_if_match(visit, item_etag(item))
    refuse_locked(visit.tenant, visit.site, item, actor(visit))
    delete_item(visit.tenant, visit.site, page_library(visit.site), item, actor=actor(visit))
    return Answer(204)


def the_page(visit: Visit) -> Item:
    key = visit.params["page"]
    item = None if key.isdigit() else find_item(page_library(visit.site), key)
    if item is None or item.page is None:
        raise not_found("The specified page was not found.")
    return item


def page_json(visit: Visit, item: Item) -> Json:
    page = item.page
    assert page is not None
    comments = sum(1 + len(comment.replies) for comment in item.comments)
    return {
        "@odata.type": "#microsoft.graph.sitePage",
        "@odata.etag": item_etag(item),
        "createdDateTime": iso(item.created),
        "description": page.description,
        "eTag": item_etag(item),
        "id": item.unique_id,
        "lastModifiedDateTime": iso(item.modified),
        "name": item.name,
        "webUrl": item_url(visit.tenant, visit.site, page_library(visit.site), item),
        "title": page.title,
        "pageLayout": page.layout,
        "promotionKind": page.promotion,
        "showComments": page.show_comments,
        "showRecommendedPages": page.show_recommended,
        "thumbnailWebUrl": page.thumbnail,
        "contentType": content_type("Site Page"),
        "createdBy": identity_set(item.created_by),
        "lastModifiedBy": identity_set(item.modified_by),
        "parentReference": {
            "listId": page_library(visit.site).id,
            "siteId": site_id(visit.tenant, visit.site).split(",")[1],
        },
        "publishingState": publication(item),
        "reactions": {"commentCount": comments, "likeCount": len(item.liked_by), "shareCount": 0},
        "titleArea": page.title_area,
    }


def readable_canvas(item: Item) -> Json:
    """The canvas; some pages made by hand cannot be read by Graph (sp-dev-docs#9637)."""
    assert item.page is not None
    if item.page.unreadable:
        raise Refusal(500, "generalException", "General exception while processing")
    return item.page.canvas


def _expanded(visit: Visit, item: Item) -> Json:
    shape = page_json(visit, item)
    wanted = expansions(visit, "sitePage")
    if "canvasLayout" in wanted:
        shape["canvasLayout"] = readable_canvas(item)
    if "webParts" in wanted:
        shape["webParts"] = list(web_parts(readable_canvas(item)))
    return shape


def _shapes(visit: Visit) -> list[Json]:
    items = visible(visit, page_library(visit.site))
    return [_expanded_in_list(visit, item) for item in items if item.page is not None]


def _expanded_in_list(visit: Visit, item: Item) -> Json:
    typed = visit.call.path.rstrip("/").casefold().endswith("sitepage")
    if typed:
        return _expanded(visit, item)
    expansions(visit, "baseSitePage")
    return page_json(visit, item)


def _page_body(visit: Visit) -> Json:
    body = visit.call.json()
    named = str(body.get("@odata.type", "")).removeprefix("#").casefold()
    if named not in {"microsoft.graph.sitepage", "graph.sitepage"}:
        raise bad_request("The request body must contain '@odata.type' with the value '#microsoft.graph.sitePage'.")
    check_body("sitePage", body)
    return body


def _promotion(body: Json, otherwise: str) -> str:
    kind: str = body.get("promotionKind") or otherwise
    if kind not in {"page", "newsPost"}:
        raise bad_request(f"promotionKind '{kind}' is not supported.")
    return kind


def _set(visit: Visit, page: Page, body: Json) -> None:
    for name, attribute in _PROPERTIES.items():
        if body.get(name) is not None:
            setattr(page, attribute, body[name])
    if body.get("titleArea") is not None:
        page.title_area = {**page.title_area, **body["titleArea"]}
    if body.get("canvasLayout") is not None:
        page.canvas = accept_canvas(visit.tenant.ids, body["canvasLayout"])


def _context(visit: Visit) -> str:
    return f"sites('{site_id(visit.tenant, visit.site)}')/pages"


_CAST = "/sites/{site}/pages/{page}/microsoft.graph.sitePage"
ROUTES: Sequence[Route] = (
    Route("GET", "/sites/{site}/pages", get_pages),
    Route("POST", "/sites/{site}/pages", make, right="write"),
    Route("GET", "/sites/{site}/pages/microsoft.graph.sitePage", get_site_pages),
    Route("GET", _CAST, get_site_page, units=1),
    Route("PATCH", _CAST, change, right="write"),
    Route("DELETE", _CAST, remove, right="write"),
    Route("POST", f"{_CAST}/publish", publish, right="write"),
    Route("POST", f"{_CAST}/microsoft.graph.publish", publish, right="write"),
    Route("GET", "/sites/{site}/pages/{page}", get_page, units=1),
    Route("PATCH", "/sites/{site}/pages/{page}", change_without_cast, right="write"),
    Route("DELETE", "/sites/{site}/pages/{page}", remove, right="write"),
)
