"""Graph: drives, the libraries of a site seen as folders, and what is listed in them."""

from collections.abc import Sequence
from typing import Any

from lms_bridge.sandbox.sharepoint.errors import Refusal, bad_request, not_found
from lms_bridge.sandbox.sharepoint.exchange import Answer, Route, Visit
from lms_bridge.sandbox.sharepoint.files import (
    at_path,
    children,
    find_drive_item,
    free_name,
    make_folder,
)
from lms_bridge.sandbox.sharepoint.graph_lists import actor
from lms_bridge.sandbox.sharepoint.graph_reply import entity, listed
from lms_bridge.sandbox.sharepoint.graph_shapes import (
    drive_item_json,
    drive_item_root_id,
    drive_json,
    list_json,
)
from lms_bridge.sandbox.sharepoint.graph_types import check_body
from lms_bridge.sandbox.sharepoint.model import SpList
from lms_bridge.sandbox.sharepoint.store import find_file, list_url

Json = dict[str, Any]


def the_drive(visit: Visit) -> SpList:
    for splist in visit.site.lists.values():
        if splist.drive_id == visit.params["drive"]:
            return splist
    raise not_found()


def get_drives(visit: Visit) -> Answer:
    shapes = [
        drive_json(visit.tenant, visit.site, one)
        for one in visit.site.lists.values()
        if one.is_library and one.template == "documentLibrary" and not one.hidden
    ]
    return listed(visit, "drive", shapes, "drives")


def get_drive(visit: Visit) -> Answer:
    return entity(visit, "drive", drive_json(visit.tenant, visit.site, the_drive(visit)), "drives")


def get_drive_list(visit: Visit) -> Answer:
    return entity(visit, "list", list_json(visit.tenant, visit.site, the_drive(visit)), "lists")


def get_root(visit: Visit) -> Answer:
    return entity(visit, "driveItem", root_json(visit), "driveItem")


def get_children(visit: Visit) -> Answer:
    splist = the_drive(visit)
    shapes = [drive_item_json(visit.tenant, visit.site, splist, one) for one in children(splist, _folder(visit))]
    return listed(visit, "driveItem", shapes, f"drives('{splist.drive_id}')/root/children")


def make_child(visit: Visit) -> Answer:
    """A folder: files come by upload."""
    body, splist, folder = visit.call.json(), the_drive(visit), _folder(visit)
    check_body("driveItem", body)
    name = body.get("name")
    if not name or body.get("folder") is None:
        raise bad_request("A new folder needs a name and a folder facet.")
    behaviour = body.get("@microsoft.graph.conflictBehavior", "fail")
    standing = find_file(splist, f"{folder}/{name}")
    if standing is not None and behaviour == "rename":
        name = free_name(splist, folder, name)
    elif standing is not None and behaviour != "replace":
        raise Refusal(409, "nameAlreadyExists", "Name already exists")
    elif standing is not None:
        return entity(visit, "driveItem", drive_item_json(visit.tenant, visit.site, splist, standing), "driveItem")
    item = make_folder(visit.tenant, splist, folder, name, actor=actor(visit))
    shape = drive_item_json(visit.tenant, visit.site, splist, item)
    return entity(visit, "driveItem", shape, "driveItem", status=201)


def root_json(visit: Visit) -> Json:
    splist = the_drive(visit)
    drive = drive_json(visit.tenant, visit.site, splist)
    return {
        "createdDateTime": drive["createdDateTime"],
        "id": drive_item_root_id(splist),
        "lastModifiedDateTime": drive["lastModifiedDateTime"],
        "name": "root",
        "webUrl": list_url(visit.tenant, visit.site, splist),
        "size": drive["quota"]["used"],
        "parentReference": {"driveType": "documentLibrary", "driveId": splist.drive_id},
        "folder": {"childCount": len(children(splist, ""))},
        "root": {},
    }


def _folder(visit: Visit) -> str:
    splist = the_drive(visit)
    if "path" in visit.params:
        item = at_path(splist, visit.params["path"])
    elif visit.params.get("item") in (None, "root", drive_item_root_id(splist)):
        return ""
    else:
        item = find_drive_item(splist, visit.params["item"])
    if not item.is_folder:
        raise bad_request("The item is not a folder.")
    return item.path


_DRIVE = "/drives/{drive}"
_FOLDERS = (f"{_DRIVE}/root", f"{_DRIVE}/root:/{{path:path}}:", f"{_DRIVE}/items/{{item}}")
ROUTES: Sequence[Route] = (
    Route("GET", "/sites/{site}/drives", get_drives),
    Route("GET", _DRIVE, get_drive, units=1),
    Route("GET", f"{_DRIVE}/list", get_drive_list, units=1),
    Route("GET", f"{_DRIVE}/root", get_root, units=1),
    *(Route("GET", f"{folder}/children", get_children) for folder in _FOLDERS),
    *(Route("POST", f"{folder}/children", make_child, right="write") for folder in _FOLDERS),
)
