"""Does this JSON fit the published metadata? A small checker: names known to the type, values of its types.

Written apart from the sandbox's own table of types, from the metadata itself, so that neither hides the other's
mistakes.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from defusedxml import ElementTree

CONTRACTS = Path(__file__).parents[2] / "contracts"
_EDM4 = "{http://docs.oasis-open.org/odata/ns/edm}"
# In the documentation's own answers, though not in the metadata.
DOCUMENTED = {
    ("itemReference", "listId"),
    ("serverProcessedContent", "customMetadata"),
    ("listItemVersion", "lastModifiedBy"),
    ("listItemVersion", "lastModifiedDateTime"),
    ("listItemVersion", "id"),
}
# Types that the slice of the metadata in `tests/contracts` leaves out.
_ELSEWHERE = ("#microsoft.graph.uploadSession", "#servicePrincipals")
# What a context's last word says about the type of the answer.
_BY_CONTEXT = {
    "sites": "site",
    "lists": "list",
    "columns": "columnDefinition",
    "contentTypes": "contentType",
    "items": "listItem",
    "fields": "fieldValueSet",
    "versions": "listItemVersion",
    "pages": "baseSitePage",
    "microsoft.graph.sitePage": "sitePage",
    "drives": "drive",
    "driveItem": "driveItem",
    "children": "driveItem",
    "permissions": "permission",
    "webParts": "webPart",
    "webparts": "webPart",
    "canvasLayout": "canvasLayout",
    "horizontalSections": "horizontalSection",
    "verticalSection": "verticalSection",
    "itemAnalytics": "itemAnalytics",
    "itemActivityStat": "itemActivityStat",
    "Collection": "itemActivityStat",
}


@dataclass(frozen=True)
class Schema:
    types: dict[str, "Type"] = field(default_factory=dict)
    enums: dict[str, set[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Type:
    name: str
    base: str
    is_open: bool
    properties: dict[str, str]


def problems_of_answer(answer: dict[str, Any]) -> list[str]:
    """What is wrong with a 2xx answer of Graph, its type taken from `@odata.context`."""
    context = str(answer.get("@odata.context", ""))
    if not context or context.endswith(_ELSEWHERE):
        return []
    name = type_of_context(context)
    if name is None:
        return [f"unknown context {context}"]
    shapes = answer["value"] if isinstance(answer.get("value"), list) else [answer]
    return [problem for shape in shapes for problem in problems(name, shape)]


def type_of_context(context: str) -> str | None:
    words = context.partition("#")[2].removesuffix("/$entity").split("/")
    last = re.sub(r"\(.*\)$", "", words[-1])
    if "canvasLayout" in words and last == "columns":
        return "horizontalSectionColumn"
    return _BY_CONTEXT.get(last)


def problems(type_name: str, shape: Any) -> list[str]:
    return list(_problems(graph(), _actual(type_name, shape), shape, type_name))


@functools.cache
def graph() -> Schema:
    schema = Schema()
    root = ElementTree.parse(CONTRACTS / "graph-v1.0-sharepoint.csdl.xml").getroot()
    for element in root.iter(f"{_EDM4}EnumType"):
        schema.enums[element.get("Name")] = {one.get("Name") for one in element.iter(f"{_EDM4}Member")}
    for tag in ("EntityType", "ComplexType"):
        for element in root.iter(f"{_EDM4}{tag}"):
            properties = {
                one.get("Name"): one.get("Type").replace("graph.", "")
                for one in element
                if one.tag in (f"{_EDM4}Property", f"{_EDM4}NavigationProperty")
            }
            base = (element.get("BaseType") or "").replace("graph.", "")
            name = element.get("Name")
            schema.types[name] = Type(name, base, element.get("OpenType") == "true", properties)
    return schema


def _problems(schema: Schema, name: str, shape: Any, where: str) -> Iterator[str]:
    if not isinstance(shape, dict):
        yield f"{where}: {type(shape).__name__} instead of {name}"
        return
    known = _all_properties(schema, name)
    is_open = _is_open(schema, name)
    for key, value in shape.items():
        if "@" in key or (name, key) in DOCUMENTED:
            continue
        if key not in known:
            if not is_open:
                yield f"{where}.{key}: not a property of {name}"
            continue
        yield from _value_problems(schema, known[key], value, f"{where}.{key}")


def _value_problems(schema: Schema, kind: str, value: Any, where: str) -> Iterator[str]:
    if value is None:
        return
    if kind.startswith("Collection("):
        if not isinstance(value, list):
            yield f"{where}: not a collection"
            return
        for number, one in enumerate(value):
            yield from _value_problems(schema, kind[11:-1], one, f"{where}[{number}]")
    elif kind in schema.enums:
        if value not in schema.enums[kind]:
            yield f"{where}: {value!r} is not a {kind}"
    elif kind in schema.types:
        yield from _problems(schema, _actual(kind, value), value, where)
    elif not _fits(kind, value):
        yield f"{where}: {value!r} is not {kind}"


def _actual(name: str, shape: Any) -> str:
    """The type that the shape itself names, when it names one."""
    if isinstance(shape, dict) and "@odata.type" in shape:
        return str(shape["@odata.type"]).rsplit(".", 1)[-1].lstrip("#")
    return name


def _all_properties(schema: Schema, name: str) -> dict[str, str]:
    kind = schema.types.get(name)
    return {} if kind is None else {**_all_properties(schema, kind.base), **kind.properties}


def _is_open(schema: Schema, name: str) -> bool:
    kind = schema.types.get(name)
    return kind is not None and (kind.is_open or _is_open(schema, kind.base))


def _fits(kind: str, value: Any) -> bool:
    match kind.removeprefix("Edm."):
        case "String":
            return isinstance(value, str)
        case "Boolean":
            return isinstance(value, bool)
        case "Int16" | "Int32" | "Int64":
            return isinstance(value, int) and not isinstance(value, bool)
        case "Double":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "DateTimeOffset":
            return isinstance(value, str) and _is_moment(value)
    return True


def _is_moment(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return False
    return True
