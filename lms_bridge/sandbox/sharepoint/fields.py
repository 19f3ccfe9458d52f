"""Values for a list item's fields: what a column takes, in Graph's forms, and what it refuses."""

from collections.abc import Mapping
from typing import Any

from lms_bridge.sandbox.sharepoint.clock import iso, read_moment
from lms_bridge.sandbox.sharepoint.columns import find_column
from lms_bridge.sandbox.sharepoint.errors import bad_request
from lms_bridge.sandbox.sharepoint.model import Column, SpList

LONGEST_NOTE = 63_999
_UNACCEPTABLE = "One of the provided arguments is not acceptable."
_NOT_ACCEPTED_BY_GRAPH = {"hyperlinkOrPicture", "thumbnail", "geolocation", "calculated"}


def accept_fields(splist: SpList, asked: Mapping[str, Any], *, hyperlinks: bool = False) -> dict[str, Any]:
    """The values as they will be stored, by internal name; raises for the first that cannot be.

    Graph cannot write hyperlink columns (msgraph-sdk-dotnet#2957); SharePoint's own interface can.
    """
    accepted: dict[str, Any] = {}
    for name, value in asked.items():
        if "@odata" in name:
            continue
        if name.startswith("@"):
            raise bad_request(f"Field '{name}' is not recognized")
        column = _column(splist, name)
        if column is None:
            raise bad_request(f"Field '{name}' is not recognized")
        if column.read_only:
            raise bad_request(f"Field '{column.name}' is read-only", "propertyNotUpdateable")
        if column.kind in _NOT_ACCEPTED_BY_GRAPH and not (hyperlinks and column.kind == "hyperlinkOrPicture"):
            raise bad_request("Invalid request")
        accepted[name if name.endswith("LookupId") else column.name] = accept_value(column, value)
    return accepted


def accept_value(column: Column, value: Any) -> Any:
    if value is None:
        return None
    match column.kind:
        case "text":
            return _text(column, value)
        case "number" | "currency":
            return _number(column, value)
        case "boolean":
            if not isinstance(value, bool):
                raise bad_request(_UNACCEPTABLE)
            return value
        case "dateTime":
            moment = read_moment(value) if isinstance(value, str) else None
            if moment is None:
                raise bad_request(_UNACCEPTABLE)
            return iso(moment)
        case "choice":
            return _choice(column, value)
        case "hyperlinkOrPicture":
            if not isinstance(value, dict) or not isinstance(value.get("Url"), str):
                raise bad_request(_UNACCEPTABLE)
            return {"Description": value.get("Description") or value["Url"], "Url": value["Url"]}
    if isinstance(value, dict):
        raise bad_request(_UNACCEPTABLE)
    return value


def _column(splist: SpList, name: str) -> Column | None:
    column = find_column(splist, name)
    if column is not None and column.name == name:
        return column
    # People and lookups are written by id, under the column's name with this ending.
    if name.endswith("LookupId"):
        column = splist.columns.get(name.removesuffix("LookupId"))
        if column is not None and column.kind in {"lookup", "personOrGroup"}:
            return column
    return None


def _text(column: Column, value: Any) -> str:
    if not isinstance(value, str):
        raise bad_request(_UNACCEPTABLE)
    longest = LONGEST_NOTE if column.facet.get("allowMultipleLines") else column.facet.get("maxLength", 255)
    if len(value) > longest:
        raise bad_request(f"The value of field '{column.name}' is longer than {longest} characters.")
    return value


def _number(column: Column, value: Any) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise bad_request(_UNACCEPTABLE)
    least, most = column.facet.get("minimum"), column.facet.get("maximum")
    if (least is not None and value < least) or (most is not None and value > most):
        raise bad_request(f"The value of field '{column.name}' is outside of its range.")
    return int(value) if float(value).is_integer() else value


def _choice(column: Column, value: Any) -> Any:
    several = column.facet.get("displayAs") == "checkBoxes"
    if several and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return list(value)
    # A value outside the choices is stored as it is: only the forms in the browser look at them.
    if not several and isinstance(value, str):
        return value
    raise bad_request(_UNACCEPTABLE)
