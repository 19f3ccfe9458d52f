"""Graph: what became of an item: its versions, and how often it was looked at."""

from collections.abc import Sequence
from typing import Any

from lms_bridge.sandbox.sharepoint.clock import iso, read_moment
from lms_bridge.sandbox.sharepoint.errors import bad_request, not_found
from lms_bridge.sandbox.sharepoint.exchange import Answer, Route, Visit
from lms_bridge.sandbox.sharepoint.graph_items import items_context
from lms_bridge.sandbox.sharepoint.graph_lists import actor, the_list
from lms_bridge.sandbox.sharepoint.graph_reply import collection, context_url, entity
from lms_bridge.sandbox.sharepoint.graph_shapes import identity_set
from lms_bridge.sandbox.sharepoint.model import Item, Version
from lms_bridge.sandbox.sharepoint.store import find_item, update_item

Json = dict[str, Any]


def get_versions(visit: Visit) -> Answer:
    item = _item(visit)
    shapes = [_version_json(item, version) for version in reversed(item.versions)]
    return collection(visit, "fieldValueSet", shapes, _context(visit, item, "versions"))


def get_version(visit: Visit) -> Answer:
    item = _item(visit)
    return entity(visit, "fieldValueSet", _version_json(item, _version(visit)), _context(visit, item, "versions"))


def restore_version(visit: Visit) -> Answer:
    item, version = _item(visit), _version(visit)
    gone = dict.fromkeys(set(item.fields) - set(version.fields))
    update_item(visit.tenant, the_list(visit), item, {**gone, **version.fields}, actor=actor(visit))
    return Answer(204)


def get_analytics(visit: Visit) -> Answer:
    stat = _stat(visit, _item(visit))
    span = visit.params.get("span")
    if span not in (None, "allTime", "lastSevenDays"):
        raise bad_request(f"Resource not found for the segment '{span}'.")
    shape = stat if span else {"allTime": stat, "lastSevenDays": stat}
    context = "itemActivityStat" if span else "itemAnalytics"
    return Answer(200, {"@odata.context": context_url(visit, context), **shape})


def get_activities(visit: Visit) -> Answer:
    """One interval that holds everything: views are counted here, not dated."""
    for name in ("start", "end"):
        if name in visit.params and read_moment(visit.params[name]) is None:
            raise bad_request(f"'{visit.params[name]}' is not a date.")
    return collection(visit, "itemActivityStat", [_stat(visit, _item(visit))], "Collection(itemActivityStat)")


def _stat(visit: Visit, item: Item) -> Json:
    none = {"actionCount": 0, "actorCount": 0}
    return {
        "access": {"actionCount": sum(item.views.values()), "actorCount": len(item.views)},
        "create": none,
        "edit": none,
        "delete": none,
        "move": none,
        "startDateTime": iso(item.created),
        "endDateTime": iso(visit.tenant.clock.now()),
        "isTrending": False,
    }


def _version_json(item: Item, version: Version) -> Json:
    return {
        "id": version.label,
        "lastModifiedBy": identity_set(version.by),
        "lastModifiedDateTime": iso(version.at),
        "fields": {"id": str(item.number), **version.fields},
    }


def _item(visit: Visit) -> Item:
    return find_item(the_list(visit), visit.params["item"])


def _version(visit: Visit) -> Version:
    for version in _item(visit).versions:
        if version.label == visit.params["version"]:
            return version
    raise not_found()


def _context(visit: Visit, item: Item, rest: str) -> str:
    return f"{items_context(visit, the_list(visit))}('{item.number}')/{rest}"


_ITEM = "/sites/{site}/lists/{list}/items/{item}"
_INTERVAL = "getActivitiesByInterval(startDateTime='{start}',endDateTime='{end}',interval='{interval}')"
ROUTES: Sequence[Route] = (
    Route("GET", f"{_ITEM}/versions", get_versions),
    Route("GET", f"{_ITEM}/versions/{{version}}", get_version, units=1),
    Route("POST", f"{_ITEM}/versions/{{version}}/restoreVersion", restore_version, right="write"),
    Route("GET", f"{_ITEM}/analytics", get_analytics),
    Route("GET", f"{_ITEM}/analytics/{{span}}", get_analytics),
    Route("GET", f"{_ITEM}/getActivitiesByInterval", get_activities),
    Route("GET", f"{_ITEM}/{_INTERVAL}", get_activities),
)
