"""Graph: the columns of a list."""

from collections.abc import Sequence
from dataclasses import replace

from lms_bridge.sandbox.sharepoint.columns import (
    KINDS,
    add_column,
    check_flags,
    find_column,
    listed_columns,
    make_column,
)
from lms_bridge.sandbox.sharepoint.errors import Refusal, bad_request, not_found
from lms_bridge.sandbox.sharepoint.exchange import Answer, Route, Visit
from lms_bridge.sandbox.sharepoint.graph_lists import the_list
from lms_bridge.sandbox.sharepoint.graph_reply import entity, listed
from lms_bridge.sandbox.sharepoint.graph_shapes import column_json, site_id
from lms_bridge.sandbox.sharepoint.graph_types import check_body
from lms_bridge.sandbox.sharepoint.model import Column

_CHANGEABLE = {
    "description": "description",
    "displayName": "display_name",
    "hidden": "hidden",
    "indexed": "indexed",
    "enforceUniqueValues": "unique",
    "readOnly": "read_only",
    "required": "required",
    "columnGroup": "group",
}


def get_columns(visit: Visit) -> Answer:
    shapes = [column_json(column) for column in listed_columns(the_list(visit))]
    return listed(visit, "columnDefinition", shapes, _context(visit))


def get_column(visit: Visit) -> Answer:
    return entity(visit, "columnDefinition", column_json(_column(visit)), _context(visit))


def make(visit: Visit) -> Answer:
    body, splist = visit.call.json(), the_list(visit)
    check_body("columnDefinition", body)
    column = add_column(splist, make_column(visit.tenant.ids, body))
    splist.change += 1
    return entity(visit, "columnDefinition", column_json(column), _context(visit), status=201)


def change(visit: Visit) -> Answer:
    body, splist, column = visit.call.json(), the_list(visit), _column(visit)
    check_body("columnDefinition", body)
    if body.get("name", column.name) != column.name:
        raise bad_request("The name of a column cannot be changed.", "propertyNotUpdateable")
    kinds = [kind for kind in KINDS if isinstance(body.get(kind), dict)]
    if kinds and kinds != [column.kind]:
        raise bad_request("The type of a column cannot be changed.", "propertyNotUpdateable")
    wanted = {name: body[key] for key, name in _CHANGEABLE.items() if body.get(key) is not None}
    proposed = replace(column, **wanted)
    if kinds:
        proposed.facet = {**column.facet, **body[column.kind]}
    # The limits are about the column as it will stand among the others.
    splist.columns[column.name] = proposed
    try:
        check_flags(splist, proposed)
    except Refusal:
        splist.columns[column.name] = column
        raise
    splist.change += 1
    return entity(visit, "columnDefinition", column_json(proposed), _context(visit))


def remove(visit: Visit) -> Answer:
    splist, column = the_list(visit), _column(visit)
    if not column.deletable:
        raise bad_request("This column cannot be deleted.")
    del splist.columns[column.name]
    for item in splist.items.values():
        item.fields.pop(column.name, None)
    splist.change += 1
    return Answer(204)


def _column(visit: Visit) -> Column:
    column = find_column(the_list(visit), visit.params["column"])
    if column is None:
        raise not_found()
    return column


def _context(visit: Visit) -> str:
    return f"sites('{site_id(visit.tenant, visit.site)}')/lists('{the_list(visit).id}')/columns"


ROUTES: Sequence[Route] = (
    Route("GET", "/sites/{site}/lists/{list}/columns", get_columns),
    Route("POST", "/sites/{site}/lists/{list}/columns", make, right="manage"),
    Route("GET", "/sites/{site}/lists/{list}/columns/{column}", get_column, units=1),
    Route("PATCH", "/sites/{site}/lists/{list}/columns/{column}", change, right="manage"),
    Route("DELETE", "/sites/{site}/lists/{list}/columns/{column}", remove, right="manage"),
)
