"""CanvasContent1: the same canvas as SharePoint's own pages keep it, a JSON list of controls.

Control type 4 is text, 3 a web part, 0 an empty column.
"""

import json
from typing import Any

from lms_bridge.sandbox.sharepoint.canvas import clean_text
from lms_bridge.sandbox.sharepoint.clock import Ids
from lms_bridge.sandbox.sharepoint.errors import bad_request

Json = dict[str, Any]
_TEXT, _WEB_PART = 4, 3
_LAYOUTS = {1: "oneColumn", 2: "twoColumns", 3: "threeColumns"}


def write_canvas(canvas: Json) -> str:
    controls = []
    for zone, section in enumerate(canvas.get("horizontalSections", ()), start=1):
        for place, column in enumerate(section["columns"], start=1):
            for index, part in enumerate(column["webparts"], start=1):
                position = {
                    "zoneIndex": zone,
                    "sectionIndex": place,
                    "controlIndex": index,
                    "sectionFactor": column["width"],
                    "layoutIndex": 1,
                }
                controls.append(_control(part, position))
    return json.dumps(controls)


def read_canvas(ids: Ids, text: str) -> Json:
    try:
        controls = json.loads(text)
    except ValueError:
        raise bad_request("CanvasContent1 is not JSON.") from None
    if not isinstance(controls, list) or not all(isinstance(one, dict) for one in controls):
        raise bad_request("CanvasContent1 must be a list of controls.")
    zones: dict[float, dict[float, list[Json]]] = {}
    widths: dict[tuple[float, float], int] = {}
    for control in controls:
        position = control.get("position") or {}
        zone, place = position.get("zoneIndex", 1), position.get("sectionIndex", 1)
        columns = zones.setdefault(zone, {}).setdefault(place, [])
        widths[zone, place] = position.get("sectionFactor", 12)
        if control.get("controlType") == _TEXT:
            columns.append(_text_part(ids, control))
        elif control.get("controlType") == _WEB_PART:
            columns.append(_web_part(ids, control))
    sections = []
    for number, (zone, places) in enumerate(sorted(zones.items()), start=1):
        columns_json = [
            {"id": str(at), "width": widths[zone, place], "webparts": parts}
            for at, (place, parts) in enumerate(sorted(places.items()), start=1)
        ]
        layout = _LAYOUTS.get(len(columns_json), "threeColumns")
        sections.append({"layout": layout, "id": str(number), "emphasis": "none", "columns": columns_json})
    return {"horizontalSections": sections}


def _control(part: Json, position: Json) -> Json:
    if "innerHtml" in part:
        return {
            "controlType": _TEXT,
            "id": part["id"],
            "position": position,
            "addedFromPersistedData": True,
            "innerHTML": part["innerHtml"],
            "editorType": "CKEditor",
        }
    return {
        "controlType": _WEB_PART,
        "id": part["id"],
        "position": position,
        "webPartId": part["webPartType"],
        "webPartData": {"id": part["webPartType"], "instanceId": part["id"], **part["data"]},
    }


def _text_part(ids: Ids, control: Json) -> Json:
    text = clean_text(str(control.get("innerHTML", "")))
    return {
        "@odata.type": "#microsoft.graph.textWebPart",
        "id": control.get("id") or ids.guid(),
        "innerHtml": text,
    }


def _web_part(ids: Ids, control: Json) -> Json:
    # SharePoint's own interface takes every web part of the tenant, not only those that Graph lists.
    given = control.get("webPartData") or {}
    processed = given.get("serverProcessedContent") or {}
    return {
        "@odata.type": "#microsoft.graph.standardWebPart",
        "id": control.get("id") or ids.guid(),
        "webPartType": str(control.get("webPartId") or given.get("id") or ""),
        "data": {
            "dataVersion": given.get("dataVersion", "1.0"),
            "title": given.get("title", ""),
            "description": given.get("description", ""),
            "properties": given.get("properties", {}),
            "serverProcessedContent": {
                "htmlStrings": [],
                "searchablePlainTexts": [],
                "links": [],
                "imageSources": processed.get("imageSources", [])
                if isinstance(processed.get("imageSources"), list)
                else [{"key": key, "value": value} for key, value in processed.get("imageSources", {}).items()],
            },
        },
    }
