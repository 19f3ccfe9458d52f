"""REST: the fields of a list; what Graph cannot set, a column's formatter, is set here."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lms_bridge.sandbox.sharepoint.columns import add_column, check_flags, find_column, make_column
from lms_bridge.sandbox.sharepoint.errors import Refusal, bad_request
from lms_bridge.sandbox.sharepoint.exchange import Answer, Route, Visit
from lms_bridge.sandbox.sharepoint.model import Column, SpList
from lms_bridge.sandbox.sharepoint.odata_query import parse_filter, parse_select
from lms_bridge.sandbox.sharepoint.rest_address import key_of
from lms_bridge.sandbox.sharepoint.rest_format import Entity, Feed
from lms_bridge.sandbox.sharepoint.rest_lists import read_body, the_list

# FieldTypeKind → the facet of Graph's columnDefinition, TypeAsString, entity type.
_KINDS = {
    2: ("text", "Text", "SP.FieldText"),
    3: ("text", "Note", "SP.FieldMultiLineText"),
    4: ("dateTime", "DateTime", "SP.FieldDateTime"),
    6: ("choice", "Choice", "SP.FieldChoice"),
    7: ("lookup", "Lookup", "SP.FieldLookup"),
    8: ("boolean", "Boolean", "SP.Field"),
    9: ("number", "Number", "SP.FieldNumber"),
    10: ("currency", "Currency", "SP.FieldCurrency"),
    11: ("hyperlinkOrPicture", "URL", "SP.FieldUrl"),
    15: ("choice", "MultiChoice", "SP.FieldMultiChoice"),
    17: ("calculated", "Calculated", "SP.FieldCalculated"),
    20: ("personOrGroup", "User", "SP.FieldUser"),
}
_CHANGEABLE = {
    "Title": "display_name",
    "Description": "description",
    "Required": "required",
    "Hidden": "hidden",
    "Indexed": "indexed",
    "EnforceUniqueValues": "unique",
    "CustomFormatter": "formatter",
    "Group": "group",
}


def get_fields(visit: Visit) -> Answer:
    splist = the_list(visit)
    entities = [field_entity(splist, column) for column in splist.columns.values()]
    text = visit.call.query.get("$filter", "")
    if text:
        condition = parse_filter(text)
        entities = [one for one in entities if condition.holds(one.values.get)]
    names = parse_select(visit.call.query.get("$select", ""))
    return Answer(200, Feed([one.only(names) for one in entities]))


def get_field(visit: Visit) -> Answer:
    names = parse_select(visit.call.query.get("$select", ""))
    return Answer(200, field_entity(the_list(visit), _column(visit)).only(names))


def make_field(visit: Visit) -> Answer:
    return create_field(visit, read_body(visit))


def create_field(visit: Visit, body: dict[str, Any]) -> Answer:
    splist, kind = the_list(visit), body.get("FieldTypeKind")
    if kind not in _KINDS or not body.get("Title"):
        raise bad_request("A field needs a Title and a FieldTypeKind that is known.")
    asked: dict[str, Any] = {
        "displayName": body["Title"],
        "name": body.get("StaticName") or body["Title"],
        "indexed": body.get("Indexed", False),
        "enforceUniqueValues": body.get("EnforceUniqueValues", False),
        "required": body.get("Required", False),
        "description": body.get("Description", ""),
        _KINDS[kind][0]: _facet(kind, body),
    }
    column = add_column(splist, make_column(visit.tenant.ids, asked))
    return Answer(201, field_entity(splist, column))


def change_field(visit: Visit) -> Answer:
    splist, body, column = the_list(visit), read_body(visit), _column(visit)
    wanted = {name: body[key] for key, name in _CHANGEABLE.items() if body.get(key) is not None}
    proposed = replace(column, **wanted)
    splist.columns[column.name] = proposed
    try:
        check_flags(splist, proposed)
    except Refusal:
        splist.columns[column.name] = column
        raise
    return Answer(204)


def remove_field(visit: Visit) -> Answer:
    splist, column = the_list(visit), _column(visit)
    if not column.deletable:
        raise bad_request("The field cannot be deleted.")
    del splist.columns[column.name]
    return Answer(200)


def _facet(kind: int, body: dict[str, Any]) -> dict[str, Any]:
    if kind == 3:
        return {"allowMultipleLines": True, "textType": "richText" if body.get("RichText") else "plain"}
    if kind == 2:
        return {"maxLength": body.get("MaxLength", 255)}
    if kind in (6, 15):
        choices = body.get("Choices", [])
        choices = choices.get("results", []) if isinstance(choices, dict) else choices
        return {"choices": choices, "displayAs": "checkBoxes" if kind == 15 else "dropDownMenu"}
    if kind == 9:
        names = (("minimum", "MinimumValue"), ("maximum", "MaximumValue"))
        return {name: body[key] for name, key in names if body.get(key) is not None}
    return {}


def _column(visit: Visit) -> Column:
    splist, key = the_list(visit), key_of(visit.params, "field")
    column = find_column(splist, key) or next(
        (one for one in splist.columns.values() if one.display_name.casefold() == key.casefold()), None
    )
    if column is None:
        raise Refusal(
            404,
            "itemNotFound",
            f"Column '{key}' does not exist. It may have been deleted by another user.",
            hresult="-2147024809",
            exception="System.ArgumentException",
            rest_status=400,
        )
    return column


def field_entity(splist: SpList, column: Column) -> Entity:
    number, name, type_name = _kind(column)
    values = {
        "CanBeDeleted": column.deletable,
        "CustomFormatter": column.formatter or None,
        "DefaultValue": (column.default or {}).get("value"),
        "Description": column.description,
        "EnforceUniqueValues": column.unique,
        "EntityPropertyName": property_name(column.name),
        "FieldTypeKind": number,
        "Filterable": True,
        "Group": column.group,
        "Hidden": column.hidden,
        "Id": column.id,
        "Indexed": column.indexed,
        "InternalName": column.name,
        "ReadOnlyField": column.read_only,
        "Required": column.required,
        "Sealed": False,
        "Sortable": True,
        "StaticName": column.name,
        "Title": column.display_name,
        "TypeAsString": name,
    }
    if type_name == "SP.FieldText":
        values["MaxLength"] = column.facet.get("maxLength", 255)
    if type_name in {"SP.FieldChoice", "SP.FieldMultiChoice"}:
        values["Choices"] = list(column.facet.get("choices", ()))
    address = f"Web/Lists(guid'{splist.id}')/Fields(guid'{column.id}')"
    return Entity(type_name, address, values)


def property_name(name: str) -> str:
    """OData names cannot begin with an underscore."""
    return f"OData_{name}" if name.startswith("_") else name


def _kind(column: Column) -> tuple[int, str, str]:
    if column.kind == "text":
        number = 3 if column.facet.get("allowMultipleLines") else 2
    elif column.kind == "choice":
        number = 15 if column.facet.get("displayAs") == "checkBoxes" else 6
    else:
        number = next((known for known, row in _KINDS.items() if row[0] == column.kind), 2)
    return number, _KINDS[number][1], _KINDS[number][2]


_FIELDS = "/web/lists/{list}/fields"
ROUTES: Sequence[Route] = (
    Route("GET", _FIELDS, get_fields),
    Route("POST", _FIELDS, make_field, right="manage"),
    Route("GET", f"{_FIELDS}/{{field}}", get_field),
    *(Route(method, f"{_FIELDS}/{{field}}", change_field, right="manage") for method in ("MERGE", "PATCH")),
    Route("DELETE", f"{_FIELDS}/{{field}}", remove_field, right="manage"),
)
