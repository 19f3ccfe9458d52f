"""REST: site pages the undocumented way (`sitepages/pages`), and files reached by id or address."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from lms_bridge.sandbox.sharepoint.clock import iso
from lms_bridge.sandbox.sharepoint.errors import Refusal, not_found
from lms_bridge.sandbox.sharepoint.exchange import Answer, Route, Visit
from lms_bridge.sandbox.sharepoint.graph_lists import actor
from lms_bridge.sandbox.sharepoint.graph_shapes import item_etag
from lms_bridge.sandbox.sharepoint.model import Item, Page, Site, SpList
from lms_bridge.sandbox.sharepoint.odata_query import parse_filter, parse_select
from lms_bridge.sandbox.sharepoint.pages import (
    change_page,
    create_page,
    page_library,
    publish_page,
    refuse_locked,
)
from lms_bridge.sandbox.sharepoint.rest_address import key_of
from lms_bridge.sandbox.sharepoint.rest_canvas import read_canvas, write_canvas
from lms_bridge.sandbox.sharepoint.rest_format import Entity, Feed, Value
from lms_bridge.sandbox.sharepoint.rest_lists import read_arguments
from lms_bridge.sandbox.sharepoint.store import changed, delete_item, find_file, find_item

_LAYOUTS = {"article": "Article", "home": "Home"}


def get_pages(visit: Visit) -> Answer:
    entities = [_entity(visit, one) for one in page_library(visit.site).items.values() if one.page is not None]
    text = visit.call.query.get("$filter", "")
    if text:
        condition = parse_filter(text)
        entities = [one for one in entities if condition.holds(one.values.get)]
    names = parse_select(visit.call.query.get("$select", ""))
    return Answer(200, Feed([one.only(names) for one in entities]))


def get_page(visit: Visit) -> Answer:
    names = parse_select(visit.call.query.get("$select", ""))
    return Answer(200, _entity(visit, _the_page(visit)).only(names))


def make_page(visit: Visit) -> Answer:
    body = read_arguments(visit)
    layout = str(body.get("PageLayoutType") or "Article").casefold()
    promotion = "newsPost" if body.get("PromotedState") else "page"
    page = Page(body.get("Title") or "", layout=layout if layout in _LAYOUTS else "article", promotion=promotion)
    name = body.get("Name") or f"{visit.tenant.ids.word(10)}.aspx"
    item = create_page(visit.tenant, visit.site, name, page, actor=actor(visit))
    return Answer(201, _entity(visit, item))


def save_page(visit: Visit) -> Answer:
    _save(visit)
    return Answer(200, Value("SavePage", None))


def save_draft(visit: Visit) -> Answer:
    item = _save(visit)
    assert item.page is not None
    item.page.checked_out_by = None
    return Answer(200, Value("SavePageAsDraft", True))


def publish(visit: Visit) -> Answer:
    item = _mine(visit)
    publish_page(visit.tenant, visit.site, item, actor=actor(visit))
    return Answer(200, Value("Publish", True))


def check_out(visit: Visit) -> Answer:
    item = _mine(visit)
    assert item.page is not None
    item.page.checked_out_by = actor(visit)
    return Answer(200, _entity(visit, item))


def discard(visit: Visit) -> Answer:
    item = _mine(visit)
    page = item.page
    assert page is not None
    page.checked_out_by = None
    if page.published is not None:
        page.title, page.canvas, page.minor = page.published["title"], page.published["canvas"], 0
    return Answer(200, _entity(visit, item))


def promote(visit: Visit) -> Answer:
    return _promoted(visit, "newsPost", "PromoteToNews")


def demote(visit: Visit) -> Answer:
    return _promoted(visit, "page", "DemoteFromNews")


def remove_page(visit: Visit) -> Answer:
    item = _mine(visit)
    delete_item(visit.tenant, visit.site, page_library(visit.site), item, actor=actor(visit))
    return Answer(200)


def get_file(visit: Visit) -> Answer:
    splist, item = file_at(visit.site, key_of(visit.params, "file"))
    page = item.page
    values = {
        "CheckOutType": 0 if page and page.checked_out_by else 2,
        "ETag": item_etag(item),
        "Exists": True,
        "Length": str(len(item.content or b"")),
        "Level": 1 if page is None or not page.minor else 2,
        "MajorVersion": page.major if page else len(item.versions),
        "MinorVersion": page.minor if page else 0,
        "Name": item.name,
        "ServerRelativeUrl": _server_relative(visit.site, splist, item),
        "TimeCreated": iso(item.created),
        "TimeLastModified": iso(item.modified),
        "Title": page.title if page else item.fields.get("Title"),
        "UniqueId": item.unique_id,
    }
    entity = Entity("SP.File", f"Web/GetFileById('{item.unique_id}')", values, item_etag(item))
    return Answer(200, entity.only(parse_select(visit.call.query.get("$select", ""))))


def get_content(visit: Visit) -> Answer:
    _, item = file_at(visit.site, key_of(visit.params, "file"))
    return Answer(200, item.content or b"", {"Content-Type": item.mime})


def check_in(visit: Visit) -> Answer:
    splist, item = file_at(visit.site, key_of(visit.params, "file"))
    refuse_locked(visit.tenant, visit.site, item, actor(visit))
    if item.page is not None:
        item.page.checked_out_by = None
        changed(visit.tenant, splist, item, actor(visit))
    return Answer(200, Value("CheckIn", None))


def file_at(site: Site, key: str) -> tuple[SpList, Item]:
    """By unique id, or by an address like `/sites/learning/SitePages/a.aspx`."""
    for splist in site.lists.values():
        if not key.startswith("url:"):
            for item in splist.items.values():
                if item.unique_id == key.casefold().strip("{}") and item.name:
                    return splist, item
            continue
        path = unquote(urlsplit(key[4:]).path)
        start = f"{site.path}/{splist.name}/"
        found = find_file(splist, path[len(start) :]) if path.casefold().startswith(start.casefold()) else None
        if found is not None:
            return splist, found
    raise Refusal(
        404,
        "itemNotFound",
        "File Not Found.",
        hresult="-2147024894",
        exception="System.IO.FileNotFoundException",
    )


def through_file(site: Site, address: str) -> str:
    """`web/files/<file>/listitemallfields/...` is the item's own address."""
    parts = address.split("/")
    if len(parts) < 5 or parts[1:3] != ["web", "files"] or parts[4] != "listitemallfields":
        return address
    splist, item = file_at(site, unquote(parts[3]))
    return "/".join(["/web/lists", quote(f"id:{splist.id}", safe=""), "items", str(item.number), *parts[5:]])


def _save(visit: Visit) -> Item:
    item, body = _mine(visit), read_arguments(visit)
    page = item.page
    assert page is not None
    page.title = body.get("Title") or page.title
    page.description = body.get("Description") or page.description
    if body.get("CanvasContent1"):
        page.canvas = read_canvas(visit.tenant.ids, body["CanvasContent1"])
    change_page(visit.tenant, visit.site, item, actor=actor(visit))
    return item


def _promoted(visit: Visit, kind: str, name: str) -> Answer:
    item = _mine(visit)
    page = item.page
    assert page is not None
    if page.checked_out_by is None:
        raise Refusal(
            409,
            "notAllowed",
            "The page must be checked out to the caller.",
            hresult="-2130575306",
            exception="Microsoft.SharePoint.SPException",
        )
    page.promotion = kind
    return Answer(200, Value(name, True))


def _mine(visit: Visit) -> Item:
    item = _the_page(visit)
    refuse_locked(visit.tenant, visit.site, item, actor(visit))
    return item


def _the_page(visit: Visit) -> Item:
    key, library = key_of(visit.params, "page"), page_library(visit.site)
    item = find_file(library, key[4:].rsplit("/", 1)[-1]) if key.startswith("url:") else find_item(library, key)
    if item is None or item.page is None:
        raise not_found("The page was not found.")
    return item


def _server_relative(site: Site, splist: SpList, item: Item) -> str:
    return f"{site.path}/{splist.name}/{item.path}"


def _entity(visit: Visit, item: Item) -> Entity:
    page, library = item.page, page_library(visit.site)
    assert page is not None
    promoted = {"newsPost": 2 if page.major else 1}.get(page.promotion, 0)
    values: dict[str, Any] = {
        "AbsoluteUrl": f"{visit.tenant.site_url(visit.site)}/SitePages/{quote(item.name)}",
        "BannerImageUrl": page.thumbnail or None,
        "CanvasContent1": write_canvas(page.canvas),
        "CommentCount": sum(1 + len(one.replies) for one in item.comments),
        "CommentsDisabled": item.comments_disabled,
        "Description": page.description,
        "FileName": item.name,
        "FirstPublished": iso(page.first_published) if page.first_published else "0001-01-01T08:00:00Z",
        "Id": item.number,
        "IsPageCheckedOutToCurrentUser": page.checked_out_by == actor(visit),
        "LikeCount": len(item.liked_by),
        "ListId": library.id,
        "Modified": iso(item.modified),
        "PageLayoutType": _LAYOUTS[page.layout],
        "PromotedState": promoted,
        "Title": page.title,
        "UniqueId": item.unique_id,
        "Url": f"SitePages/{item.name}",
        "Version": f"{page.major}.{page.minor}",
    }
    return Entity("SP.Publishing.SitePage", f"SitePages/Pages({item.number})", values, item_etag(item))


_PAGE = "/sitepages/pages/{page}"
ROUTES: Sequence[Route] = (
    Route("GET", "/sitepages/pages", get_pages),
    Route("POST", "/sitepages/pages", make_page, right="write"),
    Route("GET", _PAGE, get_page),
    Route("DELETE", _PAGE, remove_page, right="write"),
    Route("POST", f"{_PAGE}/savepage", save_page, right="write"),
    *(Route(method, _PAGE, save_page, right="write") for method in ("MERGE", "PATCH")),
    Route("POST", f"{_PAGE}/savepageasdraft", save_draft, right="write"),
    Route("POST", f"{_PAGE}/publish", publish, right="write"),
    Route("POST", f"{_PAGE}/schedulepublish", publish, right="write"),
    Route("POST", f"{_PAGE}/checkoutpage", check_out, right="write"),
    Route("POST", f"{_PAGE}/discardpage", discard, right="write"),
    Route("POST", f"{_PAGE}/promotetonews", promote, right="write"),
    Route("POST", f"{_PAGE}/demotefromnews", demote, right="write"),
    Route("GET", "/web/files/{file}", get_file),
    Route("GET", "/web/files/{file}/$value", get_content),
    Route("POST", "/web/files/{file}/checkin", check_in, right="write"),
    Route("POST", "/web/files/{file}/checkin/{arguments}", check_in, right="write"),
)
