"""Graph: list items, one at a time and by query, with the refusals that keep big lists quick."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode

from lms_bridge.sandbox.sharepoint.columns import find_column
from lms_bridge.sandbox.sharepoint.conditions import check_if_match
from lms_bridge.sandbox.sharepoint.errors import NOT_INDEXED, bad_request, not_found, over_threshold
from lms_bridge.sandbox.sharepoint.exchange import Answer, Route, Visit
from lms_bridge.sandbox.sharepoint.fields import accept_fields
from lms_bridge.sandbox.sharepoint.files import rename
from lms_bridge.sandbox.sharepoint.graph_lists import actor, the_list
from lms_bridge.sandbox.sharepoint.graph_reply import (
    collection,
    context_url,
    entity,
    expansions,
    next_link,
    option,
    refuse_skip,
)
from lms_bridge.sandbox.sharepoint.graph_shapes import (
    all_fields,
    drive_item_json,
    fields_json,
    item_etag,
    item_json,
    list_item_etag,
    site_id,
)
from lms_bridge.sandbox.sharepoint.graph_types import check_body, check_select
from lms_bridge.sandbox.sharepoint.model import Item, SpList
from lms_bridge.sandbox.sharepoint.odata_query import (
    Expansion,
    Look,
    parse_filter,
    parse_orderby,
    sort_key,
    whole_number,
)
from lms_bridge.sandbox.sharepoint.pages import refuse_locked
from lms_bridge.sandbox.sharepoint.rights import reaches
from lms_bridge.sandbox.sharepoint.store import changed, create_item, delete_item, find_item, update_item

_ANYWAY = "honornonindexedquerieswarningmayfailrandomly"


def get_items(visit: Visit) -> Answer:
    refuse_skip(visit)
    splist = the_list(visit)
    items = queried(visit, splist)
    top = whole_number(
        visit.call.query, "$top", visit.tenant.behaviour.default_page, visit.tenant.behaviour.largest_page
    )
    if top == 0:
        raise bad_request("Invalid value '0' for $top query option found.")
    extra: dict[str, Any] = {}
    if option(visit, "$count").lower() == "true":
        extra["@odata.count"] = len(items)
    items, rest = _page(visit, items, top)
    if rest:
        extra["@odata.nextLink"] = next_link(visit, rest)
    wanted = expansions(visit, "listItem")
    shapes = [expand_item(visit, splist, item, wanted) for item in items]
    return collection(visit, "listItem", shapes, items_context(visit, splist), extra=extra)


def count_items(visit: Visit) -> Answer:
    return Answer(200, str(len(the_list(visit).items)).encode(), {"Content-Type": "text/plain"})


def get_item(visit: Visit) -> Answer:
    splist = the_list(visit)
    item = _retrieved(visit, splist)
    # A single item brings its fields along unless others are asked for.
    wanted = expansions(visit, "listItem") or ({} if option(visit, "$select") else {"fields": Expansion()})
    shape = expand_item(visit, splist, item, wanted)
    return entity(visit, "listItem", shape, items_context(visit, splist), headers={"ETag": list_item_etag(item)})


def make(visit: Visit) -> Answer:
    splist, body = the_list(visit), visit.call.json()
    check_body("listItem", body)
    if splist.is_library:
        raise bad_request("To add an item to a document library, upload a file instead.")
    asked = body.get("fields")
    if asked is None:
        raise bad_request("The 'fields' of the new item are missing.")
    item = create_item(visit.tenant, splist, accept_fields(splist, asked), actor=actor(visit))
    shape = item_json(visit.tenant, visit.site, splist, item)
    context = items_context(visit, splist)
    shape |= {
        "fields@odata.context": f"{context_url(visit, context)}('{item.number}')/fields/$entity",
        "fields": fields_json(splist, item),
    }
    return entity(visit, "listItem", shape, context, status=201, headers={"ETag": list_item_etag(item)})


def change(visit: Visit) -> Answer:
    body = visit.call.json()
    check_body("listItem", body)
    splist = the_list(visit)
    item = _change(visit, splist, body.get("fields") or {})
    shape = expand_item(visit, splist, item, {"fields": Expansion()})
    return entity(visit, "listItem", shape, items_context(visit, splist))


def get_fields(visit: Visit) -> Answer:
    splist = the_list(visit)
    item = _retrieved(visit, splist)
    names = tuple(name for name in option(visit, "$select").split(",") if name)
    context = f"{items_context(visit, splist)}('{item.number}')/fields"
    return Answer(
        200,
        {"@odata.context": f"{context_url(visit, context)}/$entity", **fields_json(splist, item, names)},
        {"ETag": list_item_etag(item)},
    )


def change_fields(visit: Visit) -> Answer:
    splist = the_list(visit)
    item = _change(visit, splist, visit.call.json())
    context = f"{items_context(visit, splist)}('{item.number}')/fields"
    shape = {"@odata.context": f"{context_url(visit, context)}/$entity", **fields_json(splist, item)}
    return Answer(200, shape, {"ETag": list_item_etag(item)})


def remove(visit: Visit) -> Answer:
    splist = the_list(visit)
    item = find_item(splist, visit.params["item"])
    check_if_match(visit, item_etag(item))
    refuse_locked(visit.tenant, visit.site, item, actor(visit))
    delete_item(visit.tenant, visit.site, splist, item, actor=actor(visit))
    return Answer(204)


def get_drive_item(visit: Visit) -> Answer:
    splist = the_list(visit)
    item = find_item(splist, visit.params["item"])
    if item.content is None and item.page is None and not item.is_folder:
        raise not_found()
    return entity(visit, "driveItem", drive_item_json(visit.tenant, visit.site, splist, item), "driveItem")


def rename_file(visit: Visit) -> Answer:
    """How a page gets another address: its own PATCH does not take a name."""
    splist, body = the_list(visit), visit.call.json()
    item = find_item(splist, visit.params["item"])
    check_body("driveItem", body)
    check_if_match(visit, item_etag(item))
    refuse_locked(visit.tenant, visit.site, item, actor(visit))
    if not item.name or not body.get("name"):
        raise bad_request("Only a file can be renamed, and to a name.")
    rename(splist, item, body["name"])
    changed(visit.tenant, splist, item, actor(visit))
    return get_drive_item(visit)


def queried(visit: Visit, splist: SpList) -> list[Item]:
    """The items that `$filter` leaves, in the order that `$orderby` gives."""
    items = visible(visit, splist)
    text = option(visit, "$filter")
    order = parse_orderby(option(visit, "$orderby"))
    condition = parse_filter(text) if text else None
    paths = [*(condition.paths() if condition else ()), *(path for path, _ in order)]
    _refuse_unindexed(visit, splist, paths)
    if condition is not None:
        items = [item for item in items if condition.holds(_look(visit, splist, item))]
    for path, descending in reversed(order):
        items = sorted(items, key=lambda one: sort_key(_look(visit, splist, one)(path)), reverse=descending)
    return items


def visible(visit: Visit, splist: SpList) -> list[Item]:
    """Queries are behind writes by `read_delay` seconds."""
    horizon = visit.tenant.clock.now() - timedelta(seconds=visit.tenant.behaviour.read_delay)
    everything = not splist.moderates or _may_see_what_waits(visit, splist)
    return [item for item in splist.items.values() if item.created <= horizon and (everything or not item.moderation)]


def _may_see_what_waits(visit: Visit, splist: SpList) -> bool:
    """The note on application permissions in learn.microsoft.com/graph/api/listitem-get: Sites.Manage.All, otherwise
    nothing but what is approved is retrieved."""
    return reaches(visit.identity, visit.site, "manage", splist=splist, drive=False)


def _retrieved(visit: Visit, splist: SpList) -> Item:
    item = find_item(splist, visit.params["item"])
    if splist.moderates and item.moderation and not _may_see_what_waits(visit, splist):
        raise not_found("The specified item was not found.")
    return item


def expand_item(visit: Visit, splist: SpList, item: Item, wanted: Iterable[str]) -> dict[str, Any]:
    shape = item_json(visit.tenant, visit.site, splist, item)
    expansion = wanted if isinstance(wanted, dict) else dict.fromkeys(wanted, Expansion())
    if "fields" in expansion:
        context = f"{items_context(visit, splist)}('{item.number}')/fields/$entity"
        shape["fields@odata.context"] = context_url(visit, context)
        shape["fields"] = fields_json(splist, item, expansion["fields"].select)
    if "driveItem" in expansion and (item.content is not None or item.page is not None):
        shape["driveItem"] = drive_item_json(visit.tenant, visit.site, splist, item)
    if "versions" in expansion:
        shape["versions"] = [{"id": version.label} for version in reversed(item.versions)]
    return shape


def _change(visit: Visit, splist: SpList, asked: dict[str, Any]) -> Item:
    item = find_item(splist, visit.params["item"])
    check_if_match(visit, item_etag(item))
    refuse_locked(visit.tenant, visit.site, item, actor(visit))
    values = accept_fields(splist, {name: value for name, value in asked.items() if name != "id"})
    if item.page is not None and values.get("Title"):
        item.page.title = values["Title"]
    if item.name and values.get("FileLeafRef"):
        rename(splist, item, values.pop("FileLeafRef"))
    update_item(visit.tenant, splist, item, values, actor=actor(visit))
    return item


def _look(visit: Visit, splist: SpList, item: Item) -> Look:
    fields = all_fields(splist, item)

    def look(path: str) -> Any:
        if path.startswith("fields/"):
            return fields.get("id" if path == "fields/ID" else path.removeprefix("fields/"))
        found: Any = item_json(visit.tenant, visit.site, splist, item)
        for part in path.split("/"):
            found = found.get(part) if isinstance(found, dict) else None
        return found

    return look


def _refuse_unindexed(visit: Visit, splist: SpList, paths: Iterable[str]) -> None:
    prefers = _ANYWAY in visit.call.header("prefer").casefold()
    for path in paths:
        if not path.startswith("fields/"):
            check_select("listItem", [path])
            continue
        name = path.removeprefix("fields/")
        if name.casefold() == "id":
            continue
        column = find_column(splist, name.removesuffix("LookupId"))
        if column is None and name != "FileRef":
            raise bad_request(f"Field '{name}' is not recognized")
        if column is not None and column.indexed:
            continue
        if not prefers:
            raise bad_request(NOT_INDEXED.format(name=name))
        if len(splist.items) > visit.tenant.behaviour.view_threshold:
            raise over_threshold()


def _page(visit: Visit, items: list[Item], top: int) -> tuple[list[Item], str]:
    """This page's items and the token of the next. Tokens look like SharePoint's: `Paged=TRUE&p_ID=200`."""
    token = visit.call.query.get("$skiptoken", "")
    ordered = bool(option(visit, "$orderby"))
    if token:
        found = parse_qs(token)
        key = "p_Offset" if ordered else "p_ID"
        if not found.get(key, [""])[0].isdigit():
            raise bad_request("The $skiptoken is invalid.")
        start = int(found[key][0])
        items = items[start:] if ordered else [item for item in items if item.number > start]
    else:
        start = 0
    if len(items) <= top:
        return items, ""
    last = {"p_Offset": start + top} if ordered else {"p_ID": items[top - 1].number}
    return items[:top], urlencode({"Paged": "TRUE", **last})


def items_context(visit: Visit, splist: SpList) -> str:
    return f"sites('{site_id(visit.tenant, visit.site)}')/lists('{splist.id}')/items"


_ITEM = "/sites/{site}/lists/{list}/items/{item}"
ROUTES: Sequence[Route] = (
    Route("GET", "/sites/{site}/lists/{list}/items", get_items),
    Route("GET", "/sites/{site}/lists/{list}/items/$count", count_items),
    Route("POST", "/sites/{site}/lists/{list}/items", make, right="write"),
    Route("GET", _ITEM, get_item, units=1),
    Route("PATCH", _ITEM, change, right="write"),
    Route("DELETE", _ITEM, remove, right="write"),
    Route("GET", f"{_ITEM}/fields", get_fields, units=1),
    Route("PATCH", f"{_ITEM}/fields", change_fields, right="write"),
    Route("GET", f"{_ITEM}/driveItem", get_drive_item, units=1),
    Route("PATCH", f"{_ITEM}/driveItem", rename_file, right="write"),
)
