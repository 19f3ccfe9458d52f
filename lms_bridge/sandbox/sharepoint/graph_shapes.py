"""How Graph writes what stands in the tenant: one function an entity, every property as its metadata names it."""

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from lms_bridge.sandbox.sharepoint.clock import iso
from lms_bridge.sandbox.sharepoint.columns import MODERATION
from lms_bridge.sandbox.sharepoint.model import Actor, Column, Grant, Item, Site, SpList
from lms_bridge.sandbox.sharepoint.store import item_url, list_url, version_label

if TYPE_CHECKING:
    from lms_bridge.sandbox.sharepoint.tenant import Tenant

Json = dict[str, Any]
_CONTENT_TYPES = {
    "Item": "0x01",
    "Document": "0x0101",
    "Folder": "0x0120",
    "Site Page": "0x0101009D1CB255DA76424F860D91F20E6C4118",
}


def site_id(tenant: "Tenant", site: Site) -> str:
    return f"{tenant.hostname},{site.id},{site.web_id}"


def item_etag(item: Item) -> str:
    """A page's and a file's are written in braces and capitals, a plain item's are not."""
    if item.page is not None or item.content is not None or item.is_folder:
        return f'"{{{item.unique_id.upper()}}},{item.change}"'
    return f'"{item.unique_id},{item.change}"'


def list_item_etag(item: Item) -> str:
    return f'"{item.unique_id},{item.change}"'


def identity_set(actor: Actor) -> Json:
    if actor.app_id:
        return {
            "application": {"id": actor.app_id, "displayName": actor.name},
            "user": {"displayName": "SharePoint App"},
        }
    return {"user": {"displayName": actor.name, "email": actor.email}}


def content_type(name: str) -> Json:
    return {"id": _CONTENT_TYPES.get(name, "0x01"), "name": name}


def site_json(tenant: "Tenant", site: Site) -> Json:
    return {
        "createdDateTime": iso(site.created),
        "description": site.description,
        "id": site_id(tenant, site),
        "lastModifiedDateTime": iso(max([site.created, *(one.modified for one in site.lists.values())])),
        "name": site.path.rsplit("/", 1)[-1],
        "webUrl": tenant.site_url(site),
        "displayName": site.title,
        **({"root": {}} if "/" not in site.path.strip("/") else {}),
        "siteCollection": {"hostname": tenant.hostname, **({} if site.path else {"root": {}})},
    }


def list_json(tenant: "Tenant", site: Site, splist: SpList) -> Json:
    etag = f'"{splist.id},{splist.change}"'
    return {
        "@odata.etag": etag,
        "createdDateTime": iso(splist.created),
        "description": splist.description,
        "eTag": etag,
        "id": splist.id,
        "lastModifiedDateTime": iso(splist.modified),
        "name": splist.name,
        "webUrl": list_url(tenant, site, splist),
        "displayName": splist.title,
        "createdBy": identity_set(splist.created_by),
        "lastModifiedBy": identity_set(splist.created_by),
        "parentReference": {"siteId": site_id(tenant, site)},
        "list": {
            "contentTypesEnabled": splist.content_types_enabled,
            "hidden": splist.hidden,
            "template": splist.template,
        },
        "sharepointIds": {
            "listId": splist.id,
            "siteId": site.id,
            "siteUrl": tenant.site_url(site),
            "tenantId": tenant.id,
            "webId": site.web_id,
        },
    }


def column_json(column: Column) -> Json:
    shape: Json = {
        "columnGroup": column.group,
        "description": column.description,
        "displayName": column.display_name,
        "enforceUniqueValues": column.unique,
        "hidden": column.hidden,
        "id": column.id,
        "indexed": column.indexed,
        "isDeletable": column.deletable,
        "isReorderable": True,
        "isSealed": False,
        "name": column.name,
        "propagateChanges": False,
        "readOnly": column.read_only,
        "required": column.required,
        column.kind: column.facet,
    }
    if column.default is not None:
        shape["defaultValue"] = column.default
    return shape


def fields_json(splist: SpList, item: Item, only: tuple[str, ...] = ()) -> Json:
    """The field value set: what was written, and what SharePoint keeps by itself."""
    wanted = {name.casefold() for name in only}
    values = {"@odata.etag": list_item_etag(item)}
    for name, value in all_fields(splist, item).items():
        if value is None or (wanted and name.casefold() not in wanted):
            continue
        if isinstance(value, list):
            values[f"{name}@odata.type"] = "Collection(Edm.String)"
        values[name] = value
    return values


def all_fields(splist: SpList, item: Item) -> Json:
    """Every field of an item, in the forms that Graph answers and filters with."""
    title = item.page.title if item.page else item.fields.get("Title")
    values: Json = {**item.fields, "Title": title}
    if item.name:
        values |= {"FileLeafRef": item.name, "DocIcon": item.name.rpartition(".")[2]}
    if item.page is not None:
        promoted = {"page": 0, "newsPost": 2 if item.page.major else 1}
        values |= {
            "Description": item.page.description,
            "PromotedState": promoted.get(item.page.promotion, 0),
        }
    if splist.moderates:
        values[MODERATION] = item.moderation
    if item.content is not None:
        values["FileSizeDisplay"] = str(len(item.content))
    return values | {
        "LinkTitle": title,
        "LinkTitleNoMenu": title,
        "id": str(item.number),
        "ContentType": item.content_type,
        "Modified": iso(item.modified),
        "Created": iso(item.created),
        "AuthorLookupId": str(_lookup_id(item.created_by)),
        "EditorLookupId": str(_lookup_id(item.modified_by)),
        "_UIVersionString": version_label(splist, item),
        "Attachments": False,
        "Edit": "",
        "ItemChildCount": "0",
        "FolderChildCount": "0",
        "_ComplianceFlags": "",
        "_ComplianceTag": "",
        "_ComplianceTagWrittenTime": "",
        "_ComplianceTagUserId": "",
    }


def item_json(tenant: "Tenant", site: Site, splist: SpList, item: Item) -> Json:
    etag = list_item_etag(item)
    return {
        "@odata.etag": etag,
        "createdDateTime": iso(item.created),
        "eTag": etag,
        "id": str(item.number),
        "lastModifiedDateTime": iso(item.modified),
        "webUrl": item_url(tenant, site, splist, item),
        "createdBy": identity_set(item.created_by),
        "lastModifiedBy": identity_set(item.modified_by),
        "parentReference": {"id": drive_item_root_id(splist), "siteId": site_id(tenant, site)},
        "contentType": content_type(item.content_type),
        "sharepointIds": sharepoint_ids(tenant, site, splist, item),
    }


def deleted_json(tenant: "Tenant", site: Site, number: int) -> Json:
    return {
        "id": str(number),
        "parentReference": {"siteId": site_id(tenant, site)},
        "contentType": content_type("Item"),
        "deleted": {"state": "deleted"},
    }


def sharepoint_ids(tenant: "Tenant", site: Site, splist: SpList, item: Item) -> Json:
    return {
        "listId": splist.id,
        "listItemId": str(item.number),
        "listItemUniqueId": item.unique_id,
        "siteId": site.id,
        "siteUrl": tenant.site_url(site),
        "tenantId": tenant.id,
        "webId": site.web_id,
    }


def drive_json(tenant: "Tenant", site: Site, splist: SpList) -> Json:
    used = sum(len(item.content or b"") for item in splist.items.values())
    total = 25 * 1024**4
    return {
        "createdDateTime": iso(splist.created),
        "description": splist.description,
        "id": splist.drive_id,
        "lastModifiedDateTime": iso(splist.modified),
        "name": splist.title,
        "webUrl": list_url(tenant, site, splist),
        "driveType": "documentLibrary",
        "createdBy": identity_set(splist.created_by),
        "owner": {"user": {"displayName": site.title}},
        "quota": {
            "deleted": 0,
            "remaining": total - used,
            "state": "normal",
            "total": total,
            "used": used,
        },
    }


def drive_item_id(item: Item) -> str:
    packed = base64.b32encode(bytes.fromhex(item.unique_id.replace("-", ""))).decode().rstrip("=")
    return f"01SANDBX{packed}"


def drive_item_root_id(splist: SpList) -> str:
    packed = base64.b32encode(bytes.fromhex(splist.id.replace("-", ""))).decode().rstrip("=")
    return f"01ROOTXX{packed}"


def drive_item_json(tenant: "Tenant", site: Site, splist: SpList, item: Item) -> Json:
    path = f"/drives/{splist.drive_id}/root:" + (f"/{quote(item.folder)}" if item.folder else "")
    parent = next((one for one in splist.items.values() if one.is_folder and one.path == item.folder), None)
    shape: Json = {
        "@odata.etag": item_etag(item),
        "createdDateTime": iso(item.created),
        "eTag": item_etag(item),
        "id": drive_item_id(item),
        "lastModifiedDateTime": iso(item.modified),
        "name": item.name,
        "webUrl": item_url(tenant, site, splist, item),
        "cTag": f'"c:{{{item.unique_id.upper()}}},{item.change}"',
        "size": len(item.content or b""),
        "createdBy": identity_set(item.created_by),
        "lastModifiedBy": identity_set(item.modified_by),
        "parentReference": {
            "driveType": "documentLibrary",
            "driveId": splist.drive_id,
            "id": drive_item_id(parent) if parent else drive_item_root_id(splist),
            "name": item.folder.rsplit("/", 1)[-1] or splist.title,
            "path": path,
            "siteId": site.id,
        },
        "fileSystemInfo": {
            "createdDateTime": iso(item.created),
            "lastModifiedDateTime": iso(item.modified),
        },
        "sharepointIds": sharepoint_ids(tenant, site, splist, item),
    }
    if item.is_folder:
        children = sum(1 for one in splist.items.values() if one.folder == item.path)
        return shape | {"folder": {"childCount": children}}
    shape["file"] = {"mimeType": item.mime or "application/octet-stream", "hashes": {}}
    if item.size:
        shape["image"] = {"width": item.size[0], "height": item.size[1]}
    if item.page is not None:
        shape["publication"] = publication(item)
    return shape


def publication(item: Item) -> Json:
    page = item.page
    assert page is not None
    state: Json = {"versionId": f"{page.major}.{page.minor}"}
    if page.checked_out_by is not None:
        return {"level": "checkout", **state, "checkedOutBy": identity_set(page.checked_out_by)}
    return {"level": "draft" if page.minor else "published", **state}


def grant_json(grant: Grant) -> Json:
    identity = {"application": {"id": grant.app_id, "displayName": grant.app_name}}
    return {
        "id": grant.id,
        "roles": [{"manage": "owner"}.get(role, role) for role in grant.roles],
        "grantedToIdentitiesV2": [identity],
        "grantedToIdentities": [identity],
    }


def _lookup_id(actor: Actor) -> int:
    return 1073741822 if actor.app_id else 6
