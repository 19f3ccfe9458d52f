"""What a request body may hold: Graph's types by name, and a check of a body against one.

The table beside this file is the part of Graph v1.0's published metadata (microsoftgraph/msgraph-metadata)
about sites; `customMetadata` and `componentDependencies` of a web part come from the documentation's examples.
"""

import functools
import json
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from lms_bridge.sandbox.sharepoint.clock import read_moment
from lms_bridge.sandbox.sharepoint.errors import bad_request


def check_body(type_name: str, body: dict[str, Any]) -> None:
    """Raise for a property that the type does not know, or a value of another type."""
    for name, value in body.items():
        if name.startswith("@") or "@odata" in name or "@microsoft.graph" in name:
            continue
        kind = property_type(type_name, name)
        if kind is None:
            if _types()[type_name]["open"]:
                continue
            raise bad_request(
                f"The property '{name}' does not exist on type 'microsoft.graph.{type_name}'. Make sure to only use "
                "property names that are defined by the type or mark the type as open type."
            )
        _check_value(name, kind, value)


def check_select(type_name: str, names: Iterable[str]) -> None:
    for name in names:
        if property_type(type_name, name.split("/")[0]) is None and not _types()[type_name]["open"]:
            raise bad_request(f"Could not find a property named '{name}' on type 'oneDrive.{type_name}'.")


def property_type(type_name: str, name: str) -> str | None:
    known: str | None = _types()[type_name]["properties"].get(name)
    base = _types()[type_name]["base"]
    if base not in _types():
        return known
    return known or property_type(base, name)


@functools.cache
def _table() -> dict[str, Any]:
    path = files("lms_bridge.sandbox.sharepoint").joinpath("graph_types.json")
    table: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return table


def _types() -> dict[str, Any]:
    types: dict[str, Any] = _table()["types"]
    return types


def _check_value(name: str, kind: str, value: Any) -> None:
    if value is None:
        return
    if kind.startswith("Collection("):
        if not isinstance(value, list):
            raise _mismatch(name, kind)
        for one in value:
            _check_value(name, kind[11:-1], one)
        return
    if kind in _types():
        if not isinstance(value, dict):
            raise _mismatch(name, kind)
        check_body(_actual_type(kind, value), value)
        return
    if not _fits(kind, value):
        raise _mismatch(name, kind)


def _actual_type(kind: str, value: dict[str, Any]) -> str:
    if kind != "webPart":
        return kind
    # Told apart by `@odata.type` where there is one, else by what they hold, as the documentation's requests do.
    named = str(value.get("@odata.type", "")).rsplit(".", 1)[-1].casefold()
    if named == "textwebpart" or (not named and "innerHtml" in value):
        return "textWebPart"
    if named == "standardwebpart" or (not named and "webPartType" in value):
        return "standardWebPart"
    raise bad_request("A web part must be a textWebPart or a standardWebPart.")


def _fits(kind: str, value: Any) -> bool:
    if kind in _table()["enums"]:
        return isinstance(value, str) and value in _table()["enums"][kind]
    match kind:
        case "String":
            return isinstance(value, str)
        case "Boolean":
            return isinstance(value, bool)
        case "Int16" | "Int32" | "Int64":
            return isinstance(value, int) and not isinstance(value, bool)
        case "Double":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "DateTimeOffset":
            return isinstance(value, str) and read_moment(value) is not None
    return True


def _mismatch(name: str, kind: str) -> Exception:
    return bad_request(f"Cannot convert the value of '{name}' to the expected type '{kind}'.")
