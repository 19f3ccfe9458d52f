"""REST: fields made from a piece of schema XML, as several libraries make them."""

from collections.abc import Sequence
from typing import Any

from defusedxml import ElementTree

from lms_bridge.sandbox.sharepoint.columns import add_column, make_column
from lms_bridge.sandbox.sharepoint.errors import bad_request
from lms_bridge.sandbox.sharepoint.exchange import Answer, Route, Visit
from lms_bridge.sandbox.sharepoint.rest_fields import create_field, field_entity
from lms_bridge.sandbox.sharepoint.rest_lists import read_arguments, the_list

_LARGEST = 20_000
_FACETS = {
    "Boolean": "boolean",
    "Choice": "choice",
    "Currency": "currency",
    "DateTime": "dateTime",
    "MultiChoice": "choice",
    "Note": "text",
    "Number": "number",
    "Text": "text",
    "URL": "hyperlinkOrPicture",
    "User": "personOrGroup",
}


def create_from_xml(visit: Visit) -> Answer:
    body = read_arguments(visit)
    text = str((body.get("parameters") or {}).get("SchemaXml") or "")
    if len(text) > _LARGEST:
        raise bad_request("The schema is too large.")
    try:
        element = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError):
        raise bad_request("SchemaXml is not XML.") from None
    kind = _FACETS.get(element.get("Type", ""))
    if element.tag != "Field" or kind is None:
        raise bad_request("SchemaXml must be a Field of a type that is known.")
    splist = the_list(visit)
    asked = {
        "name": element.get("StaticName") or element.get("Name") or element.get("DisplayName"),
        "displayName": element.get("DisplayName") or element.get("Name"),
        "description": element.get("Description"),
        "required": _is_true(element.get("Required")),
        "indexed": _is_true(element.get("Indexed")),
        "enforceUniqueValues": _is_true(element.get("EnforceUniqueValues")),
        kind: _facet(element),
    }
    return Answer(201, field_entity(splist, add_column(splist, make_column(visit.tenant.ids, asked))))


def add_field(visit: Visit) -> Answer:
    return create_field(visit, read_arguments(visit).get("parameters") or {})


def _facet(element: Any) -> dict[str, Any]:
    match element.get("Type"):
        case "Note":
            return {"allowMultipleLines": True, "textType": "richText" if element.get("RichText") else "plain"}
        case "Text":
            return {"maxLength": int(element.get("MaxLength") or 255)}
        case "Choice" | "MultiChoice":
            choices = [one.text or "" for one in element.iter("CHOICE")]
            shown = "checkBoxes" if element.get("Type") == "MultiChoice" else "dropDownMenu"
            return {"choices": choices, "displayAs": shown}
        case "Number":
            names = (("minimum", "Min"), ("maximum", "Max"))
            return {name: float(element.get(key)) for name, key in names if element.get(key)}
    return {}


def _is_true(text: str | None) -> bool:
    return str(text).casefold() in {"true", "1"}


_FIELDS = "/web/lists/{list}/fields"
ROUTES: Sequence[Route] = (
    Route("POST", f"{_FIELDS}/createfieldasxml", create_from_xml, right="manage"),
    Route("POST", f"{_FIELDS}/addfield", add_field, right="manage"),
)
