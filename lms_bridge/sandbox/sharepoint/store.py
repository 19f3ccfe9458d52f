"""Changes of lists and items: making, numbering, versions, the recycle bin, finding.

Apart from the interfaces, because Graph, REST and a person's hand change the same things by the same rules.
"""

import re
from typing import Any
from urllib.parse import quote

from lms_bridge.sandbox.sharepoint.columns import built_in_columns, unique_value
from lms_bridge.sandbox.sharepoint.errors import bad_request, duplicate, name_taken, not_found
from lms_bridge.sandbox.sharepoint.model import Actor, Item, Page, Recycled, Site, SpList, Touch, Version
from lms_bridge.sandbox.sharepoint.tenant import Tenant

TEMPLATES = {
    "genericList": 100, "documentLibrary": 101, "survey": 102, "links": 103, "announcements": 104,
    "contacts": 105, "events": 106, "tasks": 107, "discussionBoard": 108, "pictureLibrary": 109,
    "webPageLibrary": 119, "customGrid": 120, "issueTracking": 1100,
}  # fmt: skip
_FORBIDDEN_IN_NAMES = re.compile(r'["*:<>?/\\|\x00-\x1f]')
_RESERVED_NAMES = re.compile(r"(?i)(\.lock|con|prn|aux|nul|com\d|lpt\d|desktop\.ini)")
LONGEST_PATH = 400
MOST_MINOR_VERSIONS = 511


def create_list(tenant: Tenant, site: Site, title: str, *, template: str, actor: Actor, name: str = "") -> SpList:
    if template not in TEMPLATES:
        raise bad_request(f"The list template '{template}' is not known.")
    check_name(title)
    if any(one.title.casefold() == title.casefold() for one in site.lists.values()):
        raise name_taken(
            "A list, survey, discussion board, or document library with the specified title already exists in"
            " this Web site.  Please choose another title."
        )
    now = tenant.clock.now()
    address = name or re.sub(r"[#%&{}~]", "", title)
    taken = {one.name.casefold() for one in site.lists.values()}
    number = 1
    wanted = address
    while address.casefold() in taken:
        address, number = f"{wanted}{number}", number + 1
    splist = SpList(tenant.ids.guid(), f"b!{tenant.ids.word(60)}", address, title, template, now, now, actor)
    splist.columns = built_in_columns(tenant.ids, template)
    site.lists[splist.id] = splist
    return splist


def find_list(site: Site, key: str) -> SpList:
    """By id or title, as Graph addresses lists."""
    folded = key.casefold().strip("{}")
    for splist in site.lists.values():
        if folded in (splist.id, splist.title.casefold()):
            return splist
    raise not_found("Requested resource could not be found" if "-" in key else "The resource could not be found.")


def list_named(site: Site, name: str) -> SpList:
    """By the name in its address, which stays when the title is changed."""
    for splist in site.lists.values():
        if splist.name.casefold() == name.casefold():
            return splist
    raise not_found()


def find_item(splist: SpList, key: str) -> Item:
    """By number or unique id."""
    if key.isdigit() and int(key) in splist.items:
        return splist.items[int(key)]
    folded = key.casefold().strip("{}")
    for item in splist.items.values():
        if item.unique_id == folded:
            return item
    raise not_found("The specified item was not found.")


def create_item(
    tenant: Tenant,
    splist: SpList,
    fields: dict[str, Any],
    *,
    actor: Actor,
    content_type: str = "Item",
    page: Page | None = None,
    name: str = "",
    folder: str = "",
) -> Item:
    refuse_duplicate(tenant, splist, fields, number=0)
    now = tenant.clock.now()
    splist.last_number += 1
    item = Item(
        splist.last_number, tenant.ids.guid(), now, now, actor, actor, fields=dict(fields),
        content_type=content_type, page=page, name=name, folder=folder,
    )  # fmt: skip
    splist.items[item.number] = item
    _await_approval(splist, item)
    _remember_version(splist, item)
    touch(tenant, splist, item)
    return item


def update_item(tenant: Tenant, splist: SpList, item: Item, fields: dict[str, Any], *, actor: Actor) -> None:
    refuse_duplicate(tenant, splist, fields, number=item.number)
    item.fields.update(fields)
    _await_approval(splist, item)
    changed(tenant, splist, item, actor)


def changed(tenant: Tenant, splist: SpList, item: Item, actor: Actor) -> None:
    """The item is another one than before: eTag, time, version and change log move."""
    item.change += 1
    item.modified, item.modified_by = tenant.clock.now(), actor
    _remember_version(splist, item)
    touch(tenant, splist, item)


def touch(tenant: Tenant, splist: SpList, item: Item, *, deleted: bool = False) -> None:
    sequence = splist.touches[-1].sequence + 1 if splist.touches else 1
    splist.touches.append(Touch(sequence, item.number, item.unique_id, deleted))
    splist.modified = tenant.clock.now()
    splist.change += 1


def delete_item(tenant: Tenant, site: Site, splist: SpList, item: Item, *, actor: Actor) -> Recycled:
    """To the recycle bin; a folder takes what is in it along."""
    if item.is_folder:
        for inner in [one for one in splist.items.values() if one.folder == item.path]:
            delete_item(tenant, site, splist, inner, actor=actor)
    del splist.items[item.number]
    touch(tenant, splist, item, deleted=True)
    recycled = Recycled(tenant.ids.guid(), tenant.clock.now(), actor, site, splist, item)
    tenant.recycle_bin.append(recycled)
    return recycled


def delete_list(tenant: Tenant, site: Site, splist: SpList, *, actor: Actor) -> Recycled:
    if splist.name in {"SitePages", "SiteAssets", "Shared Documents"}:
        raise bad_request("This list cannot be deleted.")
    del site.lists[splist.id]
    recycled = Recycled(tenant.ids.guid(), tenant.clock.now(), actor, site, splist, None)
    tenant.recycle_bin.append(recycled)
    return recycled


def restore(tenant: Tenant, recycled: Recycled) -> None:
    if recycled.item is None:
        recycled.site.lists[recycled.splist.id] = recycled.splist
    else:
        item = recycled.item
        if item.name and find_file(recycled.splist, item.path) is not None:
            raise name_taken()
        recycled.splist.items[item.number] = item
        item.change += 1
        touch(tenant, recycled.splist, item)
    tenant.recycle_bin.remove(recycled)


def refuse_duplicate(tenant: Tenant, splist: SpList, fields: dict[str, Any], *, number: int) -> None:
    for column in splist.columns.values():
        value = fields.get(column.name)
        if not column.unique or value is None or value == "":
            continue
        wanted = value.casefold() if isinstance(value, str) else value
        for item in splist.items.values():
            if item.number != number and unique_value(item, column.name) == wanted:
                raise duplicate(column.name)


def find_file(splist: SpList, path: str) -> Item | None:
    wanted = path.strip("/").casefold()
    return next((one for one in splist.items.values() if one.name and one.path.casefold() == wanted), None)


def check_name(name: str) -> None:
    """Raise for a name that SharePoint does not take for a file, folder or list."""
    broken = (
        not name
        or name != name.strip(" ")
        or _FORBIDDEN_IN_NAMES.search(name)
        or name.startswith("~$")
        or "_vti_" in name
        or name in {".", ".."}
        or _RESERVED_NAMES.fullmatch(name)
        or len(name) > LONGEST_PATH
    )
    if broken:
        raise bad_request(f"The name '{name[:100]}' contains characters or words that are not allowed.", "invalidPath")


def version_label(splist: SpList, item: Item) -> str:
    if item.page is not None:
        return f"{item.page.major}.{item.page.minor}"
    return f"{len(item.versions)}.0"


def item_url(tenant: Tenant, site: Site, splist: SpList, item: Item) -> str:
    base = list_url(tenant, site, splist)
    if item.name:
        return f"{base}/{quote(item.path)}"
    return f"{base}/{item.number}_.000"


def list_url(tenant: Tenant, site: Site, splist: SpList) -> str:
    folder = "" if splist.is_library else "/Lists"
    return f"{tenant.site_url(site)}{folder}/{quote(splist.name)}"


def _await_approval(splist: SpList, item: Item) -> None:
    """Whoever writes: also what was approved before waits once more."""
    if splist.moderates:
        item.moderation = 2


def _remember_version(splist: SpList, item: Item) -> None:
    page = item.page
    label = f"{page.major}.{page.minor}" if page else f"{len(item.versions) + 1}.0"
    item.versions.append(Version(label, item.modified, item.modified_by, dict(item.fields)))
