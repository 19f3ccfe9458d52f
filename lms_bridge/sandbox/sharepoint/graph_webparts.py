"""Graph: the parts of a page one by one: web parts, sections, columns. Read only, as v1.0 is used."""

from collections.abc import Sequence
from typing import Any

from lms_bridge.sandbox.sharepoint.canvas import web_parts
from lms_bridge.sandbox.sharepoint.errors import bad_request, not_found
from lms_bridge.sandbox.sharepoint.exchange import Answer, Route, Visit
from lms_bridge.sandbox.sharepoint.graph_pages import readable_canvas, the_page
from lms_bridge.sandbox.sharepoint.graph_reply import collection, entity, listed

Json = dict[str, Any]


def get_web_parts(visit: Visit) -> Answer:
    parts = list(web_parts(readable_canvas(the_page(visit))))
    return listed(visit, "webPart", parts, _context(visit, "webParts"))


def get_web_part(visit: Visit) -> Answer:
    for part in web_parts(readable_canvas(the_page(visit))):
        if part["id"] == visit.params["part"]:
            return entity(visit, "webPart", part, _context(visit, "webParts"))
    raise not_found()


def get_canvas(visit: Visit) -> Answer:
    return entity(visit, "canvasLayout", readable_canvas(the_page(visit)), _context(visit, "canvasLayout"))


def get_sections(visit: Visit) -> Answer:
    return listed(visit, "horizontalSection", _sections(visit), _context(visit, "canvasLayout/horizontalSections"))


def get_section(visit: Visit) -> Answer:
    return entity(visit, "horizontalSection", _section(visit), _context(visit, "canvasLayout/horizontalSections"))


def get_columns(visit: Visit) -> Answer:
    shapes = _section(visit)["columns"]
    return listed(visit, "horizontalSectionColumn", shapes, _context(visit, "canvasLayout/columns"))


def get_column(visit: Visit) -> Answer:
    return entity(visit, "horizontalSectionColumn", _column(visit), _context(visit, "canvasLayout/columns"))


def get_column_parts(visit: Visit) -> Answer:
    return listed(visit, "webPart", _column(visit)["webparts"], _context(visit, "canvasLayout/webparts"))


def get_vertical_section(visit: Visit) -> Answer:
    section = readable_canvas(the_page(visit)).get("verticalSection")
    if section is None:
        raise not_found()
    return entity(visit, "verticalSection", section, _context(visit, "canvasLayout/verticalSection"))


def get_by_position(visit: Visit) -> Answer:
    canvas = readable_canvas(the_page(visit))
    wanted = {**visit.call.query, **(visit.call.json() if visit.call.body else {})}
    if wanted.get("isInVerticalSection") in (True, "true"):
        parts = canvas.get("verticalSection", {}).get("webparts", [])
    else:
        section = _found(canvas.get("horizontalSections", []), wanted.get("horizontalSectionId"))
        parts = _found(section["columns"], wanted.get("columnId"))["webparts"]
    if wanted.get("webPartIndex") is not None:
        index = int(float(wanted["webPartIndex"])) - 1
        parts = parts[index : index + 1] if index >= 0 else []
    return collection(visit, "webPart", parts, "Collection(webPart)")


def _found(shapes: list[Json], identifier: Any) -> Json:
    if identifier is None:
        raise bad_request("horizontalSectionId and columnId are needed.")
    wanted = str(identifier).removesuffix(".0")
    for shape in shapes:
        if shape["id"] == wanted:
            return shape
    raise not_found()


def _sections(visit: Visit) -> list[Json]:
    sections: list[Json] = readable_canvas(the_page(visit)).get("horizontalSections", [])
    return sections


def _section(visit: Visit) -> Json:
    return _found(_sections(visit), visit.params["section"])


def _column(visit: Visit) -> Json:
    return _found(_section(visit)["columns"], visit.params["column"])


def _context(visit: Visit, rest: str) -> str:
    return f"sites('{visit.site.id}')/pages('{the_page(visit).unique_id}')/microsoft.graph.sitePage/{rest}"


_CAST = "/sites/{site}/pages/{page}/microsoft.graph.sitePage"
_SECTION = f"{_CAST}/canvasLayout/horizontalSections/{{section}}"
ROUTES: Sequence[Route] = (
    Route("GET", f"{_CAST}/webParts", get_web_parts),
    Route("GET", f"{_CAST}/webParts/{{part}}", get_web_part, units=1),
    Route("GET", f"{_CAST}/canvasLayout", get_canvas, units=1),
    Route("GET", f"{_CAST}/canvasLayout/horizontalSections", get_sections),
    Route("GET", _SECTION, get_section, units=1),
    Route("GET", f"{_SECTION}/columns", get_columns),
    Route("GET", f"{_SECTION}/columns/{{column}}", get_column, units=1),
    Route("GET", f"{_SECTION}/columns/{{column}}/webparts", get_column_parts),
    Route("GET", f"{_CAST}/canvasLayout/verticalSection", get_vertical_section, units=1),
    Route("POST", f"{_CAST}/getWebPartsByPosition", get_by_position),
)
