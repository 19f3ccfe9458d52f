"""Graph: one file or folder, by id or by path: read, uploaded in one go, downloaded, renamed, deleted."""

from collections.abc import Sequence
from urllib.parse import quote

from lms_bridge.sandbox.sharepoint.conditions import check_if_match
from lms_bridge.sandbox.sharepoint.errors import bad_request, not_found
from lms_bridge.sandbox.sharepoint.exchange import Answer, Route, Visit
from lms_bridge.sandbox.sharepoint.files import at_path, find_drive_item, put_file, refuse_large, rename
from lms_bridge.sandbox.sharepoint.graph_drives import get_root, the_drive
from lms_bridge.sandbox.sharepoint.graph_items import expand_item
from lms_bridge.sandbox.sharepoint.graph_lists import actor
from lms_bridge.sandbox.sharepoint.graph_reply import entity, expansions
from lms_bridge.sandbox.sharepoint.graph_shapes import drive_item_json, drive_item_root_id, item_etag
from lms_bridge.sandbox.sharepoint.graph_types import check_body
from lms_bridge.sandbox.sharepoint.model import Item, SpList
from lms_bridge.sandbox.sharepoint.pages import refuse_locked
from lms_bridge.sandbox.sharepoint.store import changed, delete_item


def get_file(visit: Visit) -> Answer:
    splist = the_drive(visit)
    if visit.params.get("item") in ("root", drive_item_root_id(splist)):
        return get_root(visit)
    return _written(visit, splist, the_file(visit))


def put_content(visit: Visit) -> Answer:
    splist = the_drive(visit)
    refuse_large(visit.call.body)
    if splist.template == "webPageLibrary":
        raise bad_request("Pages are created with the pages API.")
    if visit.params.get("item") and "path" in visit.params:
        folder = "" if _is_root(visit, splist) else find_drive_item(splist, visit.params["item"]).path
        path = f"{folder}/{visit.params['path']}".lstrip("/")
    elif "path" in visit.params:
        path = visit.params["path"]
    else:
        standing = the_file(visit)
        check_if_match(visit, item_etag(standing))
        path = standing.path
    conflict = visit.call.query.get("@microsoft.graph.conflictBehavior", "replace")
    mime = visit.call.header("content-type").partition(";")[0].strip()
    item, is_new = put_file(
        visit.tenant, splist, path, visit.call.body, mime=mime, actor=actor(visit), conflict=conflict
    )
    return _written(visit, splist, item, status=201 if is_new else 200)


def get_content(visit: Visit) -> Answer:
    item = the_file(visit)
    if item.content is None:
        raise not_found("The item has no content.")
    return Answer(302, b"", {"Location": download_url(visit, item)})


def change_file(visit: Visit) -> Answer:
    body, splist, item = visit.call.json(), the_drive(visit), the_file(visit)
    check_body("driveItem", body)
    check_if_match(visit, item_etag(item))
    refuse_locked(visit.tenant, visit.site, item, actor(visit))
    if body.get("name"):
        rename(splist, item, body["name"])
    changed(visit.tenant, splist, item, actor(visit))
    return _written(visit, splist, item)


def remove_file(visit: Visit) -> Answer:
    splist, item = the_drive(visit), the_file(visit)
    check_if_match(visit, item_etag(item))
    refuse_locked(visit.tenant, visit.site, item, actor(visit))
    delete_item(visit.tenant, visit.site, splist, item, actor=actor(visit))
    return Answer(204)


def get_list_item(visit: Visit) -> Answer:
    splist, item = the_drive(visit), the_file(visit)
    shape = expand_item(visit, splist, item, expansions(visit, "listItem"))
    return entity(visit, "listItem", shape, "listItem")


def the_file(visit: Visit) -> Item:
    splist = the_drive(visit)
    if "path" in visit.params and "item" in visit.params and not _is_root(visit, splist):
        folder = find_drive_item(splist, visit.params["item"])
        return at_path(splist, f"{folder.path}/{visit.params['path']}")
    if "path" in visit.params:
        return at_path(splist, visit.params["path"])
    return find_drive_item(splist, visit.params["item"])


def download_url(visit: Visit, item: Item) -> str:
    """An address that needs no token for a while, as the real one."""
    site = visit.site.path
    return f"{visit.call.origin}{quote(site)}/_layouts/15/download.aspx?UniqueId={item.unique_id}&tempauth=sandbox"


def _is_root(visit: Visit, splist: SpList) -> bool:
    return visit.params["item"] in ("root", drive_item_root_id(splist))


def _written(visit: Visit, splist: SpList, item: Item, *, status: int = 200) -> Answer:
    shape = drive_item_json(visit.tenant, visit.site, splist, item)
    if item.content is not None:
        shape["@microsoft.graph.downloadUrl"] = download_url(visit, item)
    if "listItem" in expansions(visit, "driveItem"):
        shape["listItem"] = expand_item(visit, splist, item, ["fields"])
    return entity(visit, "driveItem", shape, "driveItem", status=status)


_DRIVE = "/drives/{drive}"
_PLACES = (f"{_DRIVE}/root:/{{path:path}}:", f"{_DRIVE}/items/{{item}}:/{{path:path}}:", f"{_DRIVE}/items/{{item}}")
_AT = (f"{_DRIVE}/items/{{item}}", *_PLACES[:2], f"{_DRIVE}/root:/{{path:path}}")
ROUTES: Sequence[Route] = (
    *(Route("PUT", f"{place}/content", put_content, right="write") for place in _PLACES),
    *(Route("GET", f"{place}/content", get_content, units=1) for place in _PLACES),
    *(Route("GET", f"{place}/listItem", get_list_item, units=1) for place in _PLACES),
    *(Route("GET", place, get_file, units=1) for place in _AT),
    *(Route("PATCH", place, change_file, right="write") for place in _AT),
    *(Route("DELETE", place, remove_file, right="write") for place in _AT),
)
