"""Graph: what changed in a list since a token, deletions included; 410 for a token that is too old."""

import re
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote, urlencode

from lms_bridge.sandbox.sharepoint.errors import Refusal, bad_request
from lms_bridge.sandbox.sharepoint.exchange import Answer, Route, Visit
from lms_bridge.sandbox.sharepoint.graph_items import expand_item
from lms_bridge.sandbox.sharepoint.graph_lists import the_list
from lms_bridge.sandbox.sharepoint.graph_reply import collection, expansions
from lms_bridge.sandbox.sharepoint.graph_shapes import deleted_json, site_id
from lms_bridge.sandbox.sharepoint.model import SpList
from lms_bridge.sandbox.sharepoint.odata_query import Expansion, whole_number

_LATEST = "latest"


def get_delta(visit: Visit) -> Answer:
    splist = the_list(visit)
    newest = splist.touches[-1].sequence if splist.touches else 0
    token = visit.params.get("token") or visit.call.query.get("token") or visit.call.query.get("$deltatoken", "")
    skip = visit.call.query.get("$skiptoken", "")
    if token == _LATEST:
        return _answer(visit, splist, [], {"@odata.deltaLink": _link(visit, token=_encode(newest))})
    since, goal, start = _position(visit, splist, token, skip, newest)
    numbers = _numbers(splist, since, goal)
    top = whole_number(visit.call.query, "$top", visit.tenant.behaviour.default_page, 5000)
    page, more = numbers[start : start + top], len(numbers) > start + top
    if more:
        link = {"@odata.nextLink": _link(visit, **{"$skiptoken": f"{since}.{goal}.{start + top}"})}
    else:
        link = {"@odata.deltaLink": _link(visit, token=_encode(goal))}
    return _answer(visit, splist, page, link)


def _answer(visit: Visit, splist: SpList, numbers: list[int], link: dict[str, str]) -> Answer:
    wanted = expansions(visit, "listItem") or {"fields": Expansion()}
    shapes = []
    for number in numbers:
        item = splist.items.get(number)
        if item is None:
            shapes.append(deleted_json(visit.tenant, visit.site, number))
        else:
            shapes.append(expand_item(visit, splist, item, wanted))
    context = f"sites('{site_id(visit.tenant, visit.site)}')/lists('{splist.id}')/items"
    # $select is left to the expansion: a deleted item has none of the properties it would name.
    plain = {name: value for name, value in visit.call.query.items() if name != "$select"}
    visit = replace(visit, call=replace(visit.call, query=plain))
    return collection(visit, "listItem", shapes, context, extra=dict(link))


def _position(visit: Visit, splist: SpList, token: str, skip: str, newest: int) -> tuple[int, int, int]:
    """From which change to which, and how many of the items have been told."""
    if skip:
        if not re.fullmatch(r"-?\d+\.\d+\.\d+", skip):
            raise bad_request("The $skiptoken is invalid.")
        since, goal, start = (int(part) for part in skip.split("."))
        return since, goal, start
    if not token:
        return -1, newest, 0
    match = re.fullmatch(r"1;3;(\d+);SB", token)
    if match is None:
        raise bad_request("The delta token is invalid.")
    since = int(match[1])
    if since < splist.oldest_token:
        raise Refusal(
            410,
            "resyncRequired",
            "Resync required. Replace any local items with the server's version.",
            "resyncChangesApplyDifferences",
            headers={"Location": _link(visit)},
        )
    return since, newest, 0


def _numbers(splist: SpList, since: int, goal: int) -> list[int]:
    if since < 0:
        return sorted(splist.items)
    found: dict[int, None] = {}
    for one in splist.touches:
        if since < one.sequence <= goal:
            found.pop(one.number, None)
            found[one.number] = None
    return list(found)


def _encode(sequence: int) -> str:
    return f"1;3;{sequence};SB"


def _link(visit: Visit, **query: str) -> str:
    path = re.sub(r"(?i)/(microsoft\.graph\.)?delta(\(.*\))?/?$", "/delta", visit.call.path)
    kept = {name: value for name, value in visit.call.query.items() if name in {"$expand", "$select", "$top"}}
    options = urlencode({**kept, **query}, safe="$,()")
    return f"{visit.call.origin}/v1.0{quote(path, safe='/:,!')}" + (f"?{options}" if options else "")


_ITEMS = "/sites/{site}/lists/{list}/items"
ROUTES: Sequence[Route] = (
    Route("GET", f"{_ITEMS}/delta", get_delta),
    Route("GET", f"{_ITEMS}/delta()", get_delta),
    Route("GET", f"{_ITEMS}/microsoft.graph.delta", get_delta),
    Route("GET", f"{_ITEMS}/microsoft.graph.delta()", get_delta),
    Route("GET", f"{_ITEMS}/delta(token='{{token}}')", get_delta, units=1),
    Route("GET", f"{_ITEMS}/microsoft.graph.delta(token='{{token}}')", get_delta, units=1),
)
