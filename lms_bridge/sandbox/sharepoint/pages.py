"""What happens to a page, whoever does it: made, changed, checked out, published, kept locked by a reader's tab.

A new page is a draft that editors see; publishing makes a major version, which is what readers see.
"""

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from lms_bridge.sandbox.sharepoint.errors import Refusal, bad_request, name_taken
from lms_bridge.sandbox.sharepoint.model import Actor, Item, Page, Site, SpList
from lms_bridge.sandbox.sharepoint.store import (
    MOST_MINOR_VERSIONS,
    changed,
    check_name,
    create_item,
    find_file,
    list_named,
)

if TYPE_CHECKING:
    from lms_bridge.sandbox.sharepoint.tenant import Tenant


_NEWS = "8c88f208-6c77-4bdb-86a0-0c47b4316588"


def page_library(site: Site) -> SpList:
    return list_named(site, "SitePages")


def create_page(tenant: "Tenant", site: Site, name: str, page: Page, *, actor: Actor) -> Item:
    """In Site Pages, checked out to its maker, version 0.1."""
    library = page_library(site)
    name = _free_name(tenant, library, name or f"{slug(page.title)}.aspx")
    page.checked_out_by = actor
    item = create_item(tenant, library, {}, actor=actor, content_type="Site Page", page=page, name=name)
    item.comments_disabled = not page.show_comments
    return item


def create_home(tenant: "Tenant", site: Site, *, actor: Actor) -> Item:
    """The page that every team site is born with. It is a person's, and stands among all others."""
    news = {
        "@odata.type": "#microsoft.graph.standardWebPart",
        "id": tenant.ids.guid(),
        "webPartType": _NEWS,
        "data": {
            "dataVersion": "1.10",
            "title": "News",
            "description": "",
            "properties": {"layoutId": "FeaturedNews"},
            "serverProcessedContent": {"htmlStrings": [], "searchablePlainTexts": [], "links": [], "imageSources": []},
        },
    }
    column = {"id": "1", "width": 12, "webparts": [news]}
    section = {"layout": "oneColumn", "id": "1", "emphasis": "none", "columns": [column]}
    page = Page("Home", layout="home", show_comments=False, canvas={"horizontalSections": [section]})
    item = create_page(tenant, site, "Home.aspx", page, actor=actor)
    page.checked_out_by = None
    set_published(tenant, site, item, actor=actor)
    return item


def change_page(tenant: "Tenant", site: Site, item: Item, *, actor: Actor) -> None:
    """After its properties were set: a new minor version, checked out to who changed it."""
    assert item.page is not None
    if item.page.minor >= MOST_MINOR_VERSIONS:
        raise bad_request("The page has too many draft versions; publish it.")
    item.page.minor += 1
    item.page.checked_out_by = actor
    item.comments_disabled = not item.page.show_comments
    changed(tenant, page_library(site), item, actor)


def publish_page(tenant: "Tenant", site: Site, item: Item, *, actor: Actor) -> None:
    """Checked in, then a major version; or, with an approval flow, waiting for a person."""
    page = item.page
    assert page is not None
    page.checked_out_by = None
    if page_library(site).approval:
        page.pending_approval = True
        changed(tenant, page_library(site), item, actor)
        return
    if page.minor or not page.major:
        set_published(tenant, site, item, actor=actor)


def set_published(tenant: "Tenant", site: Site, item: Item, *, actor: Actor) -> None:
    page = item.page
    assert page is not None
    page.major, page.minor, page.pending_approval = page.major + 1, 0, False
    page.published = snapshot(page)
    page.first_published = page.first_published or tenant.clock.now()
    changed(tenant, page_library(site), item, actor)


def snapshot(page: Page) -> dict[str, Any]:
    """What readers see from now on. Layouts are replaced, never changed in place, so no copy is needed."""
    return {
        "title": page.title,
        "description": page.description,
        "canvas": page.canvas,
        "titleArea": page.title_area,
        "promotionKind": page.promotion,
    }


def refuse_locked(tenant: "Tenant", site: Site, item: Item, actor: Actor) -> None:
    """Raise when somebody else has the page open or checked out."""
    page = item.page
    if page is None:
        return
    url = f"{tenant.site_url(site)}/SitePages/{item.name}"
    if page.shared_lock is not None and page.shared_lock != actor:
        raise _locked(
            tenant,
            f'The file "{url}" is locked for shared use by {page.shared_lock.email or page.shared_lock.name}.',
            "-2147018894",
            "Microsoft.SharePoint.SPFileLockException",
        )
    holder = page.checked_out_by
    if holder is not None and (holder.app_id, holder.email) != (actor.app_id, actor.email):
        raise _locked(
            tenant,
            f'The file "{url}" is checked out for editing by {holder.email or holder.name}.',
            "-2130575306",
            "Microsoft.SharePoint.SPFileCheckOutException",
        )


def slug(title: str) -> str:
    """As ComputeFileName does it, near enough: spaces to hyphens, what a name cannot hold left out."""
    plain = unicodedata.normalize("NFC", title)
    return re.sub(r"-+", "-", re.sub(r'[\s"*:<>?/\\|#%&{}~.\']+', "-", plain)).strip("-")[:120] or "Page"


def _free_name(tenant: "Tenant", library: SpList, name: str) -> str:
    check_name(name)
    if not name.casefold().endswith(".aspx"):
        raise bad_request("The name of a page must end with .aspx.")
    if find_file(library, name) is None:
        return name
    if tenant.behaviour.duplicate_page_names == "refuse":
        raise name_taken("A page with this name already exists.")
    stem = name[: -len(".aspx")]
    number = 1
    while find_file(library, f"{stem}({number}).aspx") is not None:
        number += 1
    return f"{stem}({number}).aspx"


def _locked(tenant: "Tenant", message: str, hresult: str, exception: str) -> Refusal:
    behaviour = tenant.behaviour
    return Refusal(behaviour.lock_status, behaviour.lock_code, message, "", hresult, exception, rest_status=423)
