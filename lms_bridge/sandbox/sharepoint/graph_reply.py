"""What answers have in common: one entity or a page of a collection, `$select` applied, its `@odata.context`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from lms_bridge.sandbox.sharepoint.errors import bad_request
from lms_bridge.sandbox.sharepoint.exchange import Answer, Visit
from lms_bridge.sandbox.sharepoint.graph_types import check_select, property_type
from lms_bridge.sandbox.sharepoint.odata_query import (
    Expansion,
    Look,
    parse_expand,
    parse_filter,
    parse_orderby,
    parse_select,
    sort_key,
    whole_number,
)

Record = TypeVar("Record")
Json = dict[str, Any]
_OPTIONS = {
    "$select", "$expand", "$filter", "$orderby", "$top", "$skiptoken", "$count", "$skip", "$search", "$format",
    "$deltatoken", "$apply", "$compute", "$levels",
}  # fmt: skip


def entity(
    visit: Visit, type_name: str, shape: Json, context: str, *, status: int = 200, headers: Mapping[str, str] = {}
) -> Answer:
    shape = _selected(visit, type_name, [shape])[0]
    return Answer(status, {"@odata.context": f"{context_url(visit, context)}/$entity", **shape}, dict(headers))


def collection(
    visit: Visit, type_name: str, shapes: Sequence[Json], context: str, *, extra: Json | None = None
) -> Answer:
    shapes = _selected(visit, type_name, shapes)
    return Answer(200, {"@odata.context": context_url(visit, context), **(extra or {}), "value": list(shapes)})


def listed(visit: Visit, type_name: str, shapes: Sequence[Json], context: str) -> Answer:
    """A small collection, filtered, ordered and paged by its written properties."""
    refuse_skip(visit)
    text = option(visit, "$filter")
    if text:
        condition = parse_filter(text)
        check_select(type_name, (path for path in condition.paths()))
        shapes = [shape for shape in shapes if condition.holds(look_into(shape))]
    for path, descending in reversed(parse_orderby(option(visit, "$orderby"))):
        check_select(type_name, [path])
        shapes = sorted(shapes, key=_shape_key(path), reverse=descending)
    top = whole_number(visit.call.query, "$top", visit.tenant.behaviour.default_page, 5000)
    start = whole_number(visit.call.query, "$skiptoken", 0, 10**9)
    extra: Json = {}
    if option(visit, "$count").lower() == "true":
        extra["@odata.count"] = len(shapes)
    if start + top < len(shapes):
        extra["@odata.nextLink"] = next_link(visit, str(start + top))
    return collection(visit, type_name, shapes[start : start + top], context, extra=extra)


def look_into(shape: Json) -> Look:
    def look(path: str) -> Any:
        value: Any = shape
        for part in path.split("/"):
            value = value.get(part) if isinstance(value, dict) else None
        return value

    return look


def option(visit: Visit, name: str) -> str:
    return visit.call.query.get(name, "")


def expansions(visit: Visit, type_name: str) -> dict[str, Expansion]:
    found = parse_expand(option(visit, "$expand"))
    for name in found:
        if property_type(type_name, name) is None:
            raise bad_request(f"Could not find a property named '{name}' on type 'oneDrive.{type_name}'.")
    return found


def _selected(visit: Visit, type_name: str, shapes: Sequence[Json]) -> list[Json]:
    """What `$select` leaves; what was expanded is there even when it was not selected."""
    names = parse_select(option(visit, "$select"))
    if not names:
        return list(shapes)
    check_select(type_name, names)
    wanted = {name.split("/")[0] for name in names} | set(parse_expand(option(visit, "$expand")))
    return [
        {name: value for name, value in shape.items() if name.split("@")[0] in wanted or name.startswith("@")}
        for shape in shapes
    ]


def refuse_skip(visit: Visit) -> None:
    if "$skip" in visit.call.query:
        raise bad_request("$skip is not supported on this API. Only URLs returned by the API can be used to page.")
    unknown = [name for name in visit.call.query if name.startswith("$") and name not in _OPTIONS]
    if unknown:
        raise bad_request(f"Unrecognized query option '{unknown[0]}'.")


def context_url(visit: Visit, context: str) -> str:
    return f"{visit.call.origin}/v1.0/$metadata#{context}"


def next_link(visit: Visit, token: str) -> str:
    query = {**visit.call.query, "$skiptoken": token}
    return f"{visit.call.origin}/v1.0{quote(visit.call.path, safe='/:,!()')}?{urlencode(query, safe='$,()')}"


def _shape_key(path: str) -> Callable[[Json], tuple[int, Any]]:
    return lambda shape: sort_key(look_into(shape)(path))
