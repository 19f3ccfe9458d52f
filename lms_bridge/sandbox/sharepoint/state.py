"""The whole tenant as JSON, for tests and curious readers: what stands where, in whose hands, how often asked."""

from typing import Any

from lms_bridge.sandbox.sharepoint.canvas import text_of
from lms_bridge.sandbox.sharepoint.clock import iso
from lms_bridge.sandbox.sharepoint.graph_shapes import all_fields, column_json, list_item_etag, site_id
from lms_bridge.sandbox.sharepoint.model import Actor, Comment, Item, Site, SpList
from lms_bridge.sandbox.sharepoint.tenant import Tenant

Json = dict[str, Any]


def describe(tenant: Tenant) -> Json:
    with tenant.lock:
        return {
            "tenant": {"id": tenant.id, "name": tenant.name, "hostname": tenant.hostname},
            "now": iso(tenant.clock.now()),
            "sites": [_site(tenant, site) for site in tenant.sites.values()],
            "apps": [{"appId": app.app_id, "name": app.name, "roles": list(app.roles)} for app in tenant.apps.values()],
            "recycleBin": [
                {
                    "id": one.id,
                    "list": one.splist.title,
                    "item": one.item.number if one.item else None,
                    "name": one.item.name if one.item else one.splist.title,
                    "deletedBy": one.by.name,
                }
                for one in tenant.recycle_bin
            ],
            "calls": dict(tenant.calls),
            "resourceUnits": tenant.throttle.used(),
        }


def _site(tenant: Tenant, site: Site) -> Json:
    return {
        "id": site_id(tenant, site),
        "path": site.path,
        "title": site.title,
        "grants": [{"appId": grant.app_id, "roles": grant.roles} for grant in site.grants.values()],
        "lists": [_list(splist) for splist in site.lists.values()],
    }


def _list(splist: SpList) -> Json:
    return {
        "id": splist.id,
        "title": splist.title,
        "name": splist.name,
        "template": splist.template,
        "columns": [column_json(column) for column in splist.columns.values()],
        "items": [_item(splist, item) for item in splist.items.values()],
    }


def _item(splist: SpList, item: Item) -> Json:
    shape: Json = {
        "id": item.number,
        "uniqueId": item.unique_id,
        "eTag": list_item_etag(item),
        "change": item.change,
        "fields": {name: value for name, value in all_fields(splist, item).items() if value is not None},
        "modifiedBy": item.modified_by.name,
        "versions": [version.label for version in item.versions],
        "comments": [_comment(one) for one in item.comments],
        "commentsDisabled": item.comments_disabled,
        "likes": [_name(actor) for actor in item.liked_by],
        "ratings": dict(item.ratings),
        "views": sum(item.views.values()),
    }
    if item.name:
        shape |= {"name": item.name, "path": item.path, "folder": item.is_folder}
    if item.content is not None:
        shape |= {"size": len(item.content), "mimeType": item.mime, "image": item.size}
    if item.page is not None:
        page = item.page
        shape["page"] = {
            "title": page.title,
            "description": page.description,
            "version": f"{page.major}.{page.minor}",
            "promotionKind": page.promotion,
            "showComments": page.show_comments,
            "canvasLayout": page.canvas,
            "html": text_of(page.canvas),
            "published": page.published,
            "checkedOutBy": _name(page.checked_out_by),
            "sharedLock": _name(page.shared_lock),
            "pendingApproval": page.pending_approval,
        }
    return shape


def _comment(comment: Comment) -> Json:
    return {
        "id": comment.number,
        "text": comment.text,
        "author": _name(comment.author),
        "replies": [_comment(reply) for reply in comment.replies],
        "likes": [_name(actor) for actor in comment.liked_by],
    }


def _name(actor: Actor | None) -> str | None:
    return actor.name if actor else None
