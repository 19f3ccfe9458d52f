"""Graph: lists, made, read, renamed, deleted. Making one needs more than writing into one."""

from collections.abc import Sequence

from lms_bridge.sandbox.sharepoint.columns import add_column, listed_columns, make_column
from lms_bridge.sandbox.sharepoint.conditions import check_if_match
from lms_bridge.sandbox.sharepoint.errors import Refusal, bad_request, name_taken
from lms_bridge.sandbox.sharepoint.exchange import Answer, Route, Visit
from lms_bridge.sandbox.sharepoint.graph_reply import entity, expansions, listed
from lms_bridge.sandbox.sharepoint.graph_shapes import (
    column_json,
    content_type,
    drive_json,
    fields_json,
    item_json,
    list_json,
    site_id,
)
from lms_bridge.sandbox.sharepoint.graph_types import check_body
from lms_bridge.sandbox.sharepoint.model import Actor, SpList
from lms_bridge.sandbox.sharepoint.store import check_name, create_list, delete_list, find_list

_MOST_EXPANDED = 200


def actor(visit: Visit) -> Actor:
    return Actor(visit.identity.name or "SharePoint App", app_id=visit.identity.app_id)


def the_list(visit: Visit) -> SpList:
    return find_list(visit.site, visit.params["list"])


def get_lists(visit: Visit) -> Answer:
    # System lists are left out unless `system` is asked for; the sandbox has none that are not hidden.
    shapes = [_expanded(visit, one) for one in visit.site.lists.values() if not one.hidden]
    return listed(visit, "list", shapes, _context(visit))


def get_list(visit: Visit) -> Answer:
    return entity(visit, "list", _expanded(visit, the_list(visit)), _context(visit))


def make_list(visit: Visit) -> Answer:
    body = visit.call.json()
    check_body("list", body)
    title = body.get("displayName") or body.get("name")
    if not title:
        raise bad_request("A list needs a displayName.")
    asked = body.get("list") or {}
    columns = [make_column(visit.tenant.ids, one) for one in body.get("columns") or ()]
    splist = create_list(
        visit.tenant,
        visit.site,
        title,
        template=asked.get("template") or "genericList",
        actor=actor(visit),
        name=body.get("name") or "",
    )
    try:
        for column in columns:
            add_column(splist, column)
    except Refusal:
        del visit.site.lists[splist.id]
        raise
    splist.description = body.get("description") or ""
    splist.hidden = bool(asked.get("hidden", False))
    splist.content_types_enabled = bool(asked.get("contentTypesEnabled", False))
    return entity(visit, "list", list_json(visit.tenant, visit.site, splist), _context(visit), status=201)


def change_list(visit: Visit) -> Answer:
    body, splist = visit.call.json(), the_list(visit)
    check_body("list", body)
    check_if_match(visit, f'"{splist.id},{splist.change}"')
    title = body.get("displayName")
    if title:
        check_name(title)
        if any(one.title.casefold() == title.casefold() for one in visit.site.lists.values() if one is not splist):
            raise name_taken()
        splist.title = title
    if "description" in body:
        splist.description = body["description"] or ""
    asked = body.get("list") or {}
    splist.hidden = bool(asked.get("hidden", splist.hidden))
    splist.change += 1
    splist.modified = visit.tenant.clock.now()
    return entity(visit, "list", list_json(visit.tenant, visit.site, splist), _context(visit))


def remove_list(visit: Visit) -> Answer:
    splist = the_list(visit)
    check_if_match(visit, f'"{splist.id},{splist.change}"')
    delete_list(visit.tenant, visit.site, splist, actor=actor(visit))
    return Answer(204)


def get_content_types(visit: Visit) -> Answer:
    splist = the_list(visit)
    names = {"genericList": ["Item", "Folder"], "webPageLibrary": ["Site Page", "Folder"]}
    shapes = [
        {**content_type(name), "description": "", "group": "List Content Types", "hidden": False, "sealed": False}
        for name in names.get(splist.template, ["Document", "Folder"])
    ]
    return listed(visit, "contentType", shapes, f"{_context(visit)}('{splist.id}')/contentTypes")


def _expanded(visit: Visit, splist: SpList) -> dict[str, object]:
    shape = list_json(visit.tenant, visit.site, splist)
    wanted = expansions(visit, "list")
    if "columns" in wanted:
        shape["columns"] = [column_json(column) for column in listed_columns(splist)]
    if "drive" in wanted and splist.is_library:
        shape["drive"] = drive_json(visit.tenant, visit.site, splist)
    if "items" in wanted:
        shape["items"] = [
            item_json(visit.tenant, visit.site, splist, item)
            | ({"fields": fields_json(splist, item)} if "fields" in wanted["items"].expand else {})
            for item in list(splist.items.values())[:_MOST_EXPANDED]
        ]
    return shape


def _context(visit: Visit) -> str:
    return f"sites('{site_id(visit.tenant, visit.site)}')/lists"


ROUTES: Sequence[Route] = (
    Route("GET", "/sites/{site}/lists", get_lists),
    Route("POST", "/sites/{site}/lists", make_list, right="manage"),
    Route("GET", "/sites/{site}/lists/{list}", get_list, units=1),
    Route("PATCH", "/sites/{site}/lists/{list}", change_list, right="manage"),
    Route("DELETE", "/sites/{site}/lists/{list}", remove_list, right="manage"),
    Route("GET", "/sites/{site}/lists/{list}/contentTypes", get_content_types),
)
