"""The libraries that every team site is born with. Apart from other changes of lists, which ask the tenant."""

from datetime import datetime

from lms_bridge.sandbox.sharepoint.clock import Ids
from lms_bridge.sandbox.sharepoint.columns import built_in_columns
from lms_bridge.sandbox.sharepoint.model import Actor, Site, SpList


def add_standard_lists(ids: Ids, site: Site, actor: Actor, now: datetime) -> None:
    for title, name, template in (
        ("Documents", "Shared Documents", "documentLibrary"),
        ("Site Assets", "SiteAssets", "documentLibrary"),
        ("Site Pages", "SitePages", "webPageLibrary"),
    ):
        splist = SpList(
            ids.guid(), f"b!{ids.word(60)}", name, title, template, now, now, actor, content_types_enabled=True
        )
        splist.columns = built_in_columns(ids, template)
        site.lists[splist.id] = splist
