"""What a visitor of the site sees: home with news, pages, lists, comments, files. To look at, not to talk to.

No scripts, a strict policy for what a browser may load, and a banner, since this is not SharePoint.
"""

import functools
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2

from lms_bridge.sandbox.sharepoint.errors import Refusal
from lms_bridge.sandbox.sharepoint.exchange import Answer, Call
from lms_bridge.sandbox.sharepoint.model import Item, Site, SpList
from lms_bridge.sandbox.sharepoint.pages import page_library
from lms_bridge.sandbox.sharepoint.store import find_file, find_item, list_named
from lms_bridge.sandbox.sharepoint.tenant import Tenant
from lms_bridge.sandbox.sharepoint.visitor_shapes import (
    cells,
    comment_shapes,
    list_columns,
    section_shapes,
    when,
)

_POLICY = "default-src 'none'; img-src 'self' https: data:; style-src 'self'"
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_SHOWN_INLINE = {"image/png", "image/jpeg", "image/gif", "image/webp"}
_MOST_ROWS = 500


def answer_visitor(tenant: Tenant, call: Call) -> Answer | None:
    if call.method not in {"GET", "HEAD"}:
        return None
    if call.path == "/_layouts/15/sandbox.css":
        return Answer(200, _style(), {**_HEADERS, "Content-Type": "text/css; charset=utf-8"})
    with tenant.lock:
        if call.path == "/":
            sites = [{"url": _path(site), "title": site.title} for site in tenant.sites.values()]
            return _page("sites.html", None, heading="Sites", sites=sites)
        site, rest = _split(tenant, call.path)
        if site is None:
            return None
        try:
            return _site_page(site, rest, call)
        except Refusal:
            return _missing(site, "Nothing stands at this address.")


def _site_page(site: Site, rest: str, call: Call) -> Answer:
    parts = [part for part in rest.split("/") if part]
    match parts:
        case []:
            return _home(site)
        case ["_layouts", "15", "download.aspx"]:
            return _download(site, call.query.get("UniqueId", ""))
        case ["Lists", name] | ["Lists", name, "AllItems.aspx"]:
            return _list(site, list_named(site, name))
        case ["Lists", name, "DispForm.aspx"]:
            splist = list_named(site, name)
            item = find_item(splist, call.query.get("ID", ""))
            return _missing(site, "This waits for approval.") if _waits(splist, item) else _item(site, splist, item)
        case ["SitePages", "Home.aspx"] if _is_home(find_file(page_library(site), "Home.aspx")):
            return _home(site)
        case ["SitePages", name]:
            found = find_file(page_library(site), name)
            return _missing(site, "There is no such page.") if found is None else _site_page_view(site, found)
        case [name, *path] if path:
            return _file(find_file(list_named(site, name), "/".join(path)), site)
        case [name]:
            return _list(site, list_named(site, name))
    return _missing(site, "Nothing stands at this address.")


def _home(site: Site) -> Answer:
    pages = page_library(site).items.values()
    items = [item for item in pages if item.page is not None and not _is_home(item)]
    cards = [_card(site, item) for item in items if item.page is not None and item.page.published is not None]
    cards.sort(key=lambda card: card["sort"], reverse=True)
    return _page(
        "home.html",
        site,
        heading=site.title,
        news=[card for card in cards if card["kind"] == "newsPost"],
        pages=sorted((card for card in cards if card["kind"] == "page"), key=lambda card: card["title"].casefold()),
        drafts=len(items) - len(cards),
    )


def _is_home(item: Item | None) -> bool:
    """The site's front page, which shows what the site has, not what is in its canvas."""
    return item is None or (item.page is not None and item.page.layout == "home")


def _card(site: Site, item: Item) -> dict[str, Any]:
    assert item.page is not None
    published = item.page.published or {}
    first = item.page.first_published or item.created
    return {
        "url": f"{_path(site)}/SitePages/{quote(item.name)}",
        "title": published.get("title", ""),
        "description": published.get("description", ""),
        "kind": published.get("promotionKind", "page"),
        "when": when(first),
        "sort": (first, item.number),
        "comments": sum(1 + len(one.replies) for one in item.comments),
        "likes": len(item.liked_by),
    }


def _site_page_view(site: Site, item: Item) -> Answer:
    page = item.page
    if page is None or page.published is None:
        return _missing(site, "This page is a draft: visitors see it once it is published.")
    area = page.published.get("titleArea") or {}
    return _page(
        "page.html",
        site,
        heading=page.published["title"],
        above=area.get("textAboveTitle", "") if area.get("showTextBlockAboveTitle") else "",
        author=item.created_by.name,
        when=when(item.modified),
        version=f"{page.major}.0",
        likes=len(item.liked_by),
        sections=section_shapes(page.published["canvas"]),
        comments=comment_shapes(item.comments),
        comments_off=item.comments_disabled,
    )


def _list(site: Site, splist: SpList) -> Answer:
    columns = list_columns(splist)
    items = [item for item in splist.items.values() if not item.is_folder and not _waits(splist, item)]
    rows = [{"url": _item_url(site, splist, item), "cells": cells(columns, item)} for item in items[:_MOST_ROWS]]
    return _page(
        "list.html",
        site,
        heading=splist.title,
        description=splist.description,
        columns=[column.display_name for column in columns],
        rows=rows,
        more=max(0, len(items) - _MOST_ROWS),
    )


def _waits(splist: SpList, item: Item) -> bool:
    return splist.moderates and item.moderation != 0


def _item(site: Site, splist: SpList, item: Item) -> Answer:
    return _page(
        "item.html",
        site,
        heading=str(item.fields.get("Title") or f"Item {item.number}"),
        cells=cells(list_columns(splist), item),
        comments=comment_shapes(item.comments),
        comments_off=item.comments_disabled,
    )


def _file(item: Item | None, site: Site) -> Answer:
    if item is None or item.content is None:
        return _missing(site, "There is no such file.")
    inline = item.mime in _SHOWN_INLINE
    headers = {**_HEADERS, "Content-Type": item.mime if inline else "application/octet-stream"}
    if not inline:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(item.name, safe='')}"
    return Answer(200, item.content, headers)


def _download(site: Site, unique_id: str) -> Answer:
    for splist in site.lists.values():
        for item in splist.items.values():
            if item.unique_id == unique_id and item.content is not None:
                return _file(item, site)
    return _missing(site, "There is no such file.")


def _missing(site: Site, reason: str) -> Answer:
    answer = _page("missing.html", site, heading="Not here", reason=reason)
    return Answer(404, answer.body, answer.headers)


def _page(template: str, site: Site | None, **values: Any) -> Answer:
    lists = []
    if site is not None:
        lists = [
            {"title": one.title, "url": f"{_path(site)}/Lists/{quote(one.name)}/AllItems.aspx", "count": len(one.items)}
            for one in site.lists.values()
            if not one.is_library and not one.hidden
        ]
    home = _path(site) if site else "/"
    text = _templates().get_template(template).render(site=site, home=home, lists=lists, **values)
    return Answer(200, text.encode(), {**_HEADERS, "Content-Type": "text/html; charset=utf-8"})


def _split(tenant: Tenant, path: str) -> tuple[Site | None, str]:
    for site in sorted(tenant.sites.values(), key=lambda one: -len(one.path)):
        if site.path and (path + "/").casefold().startswith(site.path.casefold() + "/"):
            return site, path[len(site.path) :]
    first = path.strip("/").split("/")[0]
    root = tenant.site_at("")
    if root is not None and first in {"SitePages", "SiteAssets", "Lists", "Shared Documents", "_layouts"}:
        return root, path
    return None, path


def _path(site: Site) -> str:
    return quote(site.path) or "/"


def _item_url(site: Site, splist: SpList, item: Item) -> str:
    if splist.is_library:
        return f"{quote(site.path)}/{quote(splist.name)}/{quote(item.path)}"
    return f"{quote(site.path)}/Lists/{quote(splist.name)}/DispForm.aspx?ID={item.number}"


@functools.cache
def _templates() -> jinja2.Environment:
    folder = Path(__file__).with_name("templates")
    return jinja2.Environment(loader=jinja2.FileSystemLoader(folder), autoescape=True, undefined=jinja2.StrictUndefined)


@functools.cache
def _style() -> bytes:
    return Path(__file__).with_name("templates").joinpath("visitor.css").read_bytes()
