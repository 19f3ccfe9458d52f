"""mod_data: databases, their fields, and the writing of entries (reading stands in data_lists)."""

import json
import re
from typing import Any

from lms_bridge.sandbox.moodle import access, data_lists, instances, rows
from lms_bridge.sandbox.moodle.call import Call, Function
from lms_bridge.sandbox.moodle.formatting import clean_for_storing, format_name, format_text
from lms_bridge.sandbox.moodle.params import Fields, ListOf, Value
from lms_bridge.sandbox.moodle.refusals import MoodleError, bad_parameter, missing

_NOTHING_FILLED_OUT = "You did not fill out any fields!"
_LEADING_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)")
_TEMPLATES = (
    "singletemplate",
    "listtemplate",
    "listtemplateheader",
    "listtemplatefooter",
    "addtemplate",
    "rsstemplate",
    "rsstitletemplate",
    "csstemplate",
    "jstemplate",
    "asearchtemplate",
)


def _get_databases_by_courses(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    courses, warnings = instances.usable_courses(call, instances.wished_courses(call, args["courseids"]))
    found = instances.visible_activities(call, courses, "data")
    return {"databases": [_database_row(call, database) for database in found], "warnings": warnings}


def _database_row(call: Call, database: rows.Activity) -> dict[str, Any]:
    settings = database.settings
    zeros = ("timeavailablefrom", "timeavailableto", "timeviewfrom", "timeviewto")
    row: dict[str, Any] = {
        "id": database.instance,
        "course": database.course,
        "name": format_name(call, database.name),
        "intro": format_text(call, settings.get("intro", ""), f"{database.contextid}/mod_data/intro"),
        "introformat": 1,
        "introfiles": [],
        "lang": None,
        "comments": bool(settings.get("comments")),
        **{name: settings.get(name, 0) for name in zeros},
        "requiredentries": settings.get("requiredentries", 0),
        "requiredentriestoview": settings.get("requiredentriestoview", 0),
        "maxentries": settings.get("maxentries", 0),
        "rssarticles": 0,
        **{name: None for name in _TEMPLATES},
        "coursemodule": database.cmid,
    }
    if access.may(call, "moodle/course:manageactivities", database.course):
        row |= {
            "approval": bool(settings.get("approval")),
            "manageapproved": bool(settings.get("manageapproved", 1)),
            "scale": settings.get("scale", 0),
            "assessed": settings.get("assessed", 0),
            "assesstimestart": 0,
            "assesstimefinish": 0,
            "defaultsort": 0,
            "defaultsortdir": 0,
            "editany": False,
            "notification": 0,
            "timemodified": settings.get("timemodified", 0),
        }
    return row


def _get_access_information(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    database = instances.find_activity(call, "data", args["databaseid"])
    own = [entry for entry in data_lists.entries_of(call, database) if entry.userid == call.user.id]
    return {
        "groupid": args["groupid"] or access.active_group(call, database),
        "canaddentry": _may_add(call, database),
        "canmanageentries": access.may(call, "mod/data:manageentries", database.course),
        "canapprove": access.may(call, "mod/data:approve", database.course),
        "timeavailable": True,
        "inreadonlyperiod": False,
        "numentries": len(own),
        "entrieslefttoadd": 0,
        "entrieslefttoview": 0,
        "warnings": [],
    }


def _may_add(call: Call, database: rows.Activity) -> bool:
    return any(access.may(call, f"mod/data:{what}", database.course) for what in ("manageentries", "writeentry"))


def _get_fields(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    database = instances.find_activity(call, "data", args["databaseid"])
    access.require(call, "mod/data:viewentry", database.course)
    return {"fields": [_field_row(field) for field in data_lists.fields_of(call, database)], "warnings": []}


def _field_row(field: rows.DataField) -> dict[str, Any]:
    params: list[str | None] = [*field.params, *[None] * 10][:10]
    if field.type == "textarea":
        # Rows and columns of the editor, and its limit for attachments.
        params[3:5] = [params[3] or "1", params[4] or "0"]
    return {
        "id": field.id,
        "dataid": field.dataid,
        "type": field.type,
        "name": field.name,
        "description": field.description,
        "required": bool(field.required),
        **{f"param{number}": value for number, value in enumerate(params, start=1)},
    }


def _add_entry(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    database = instances.find_activity(call, "data", args["databaseid"])
    if not args["data"]:
        raise bad_parameter("Missing required key in single structure: data")
    if not _may_add(call, database):
        raise MoodleError("noaccess")
    fields = data_lists.fields_of(call, database)
    values = _given_values(fields, args["data"])
    general, missed = _complaints(fields, values)
    if general or missed:
        return {"newentryid": 0, "generalnotifications": general, "fieldnotifications": missed}
    approved = access.may(call, "mod/data:approve", database.course)
    entry = rows.DataEntry(
        call.site.next_id("data_records"),
        database.instance,
        call.user.id,
        args["groupid"] or access.active_group(call, database),
        call.now,
        call.now,
        approved,
    )
    call.site.data_entries[entry.id] = entry
    for field in fields:
        entry.contents[field.id] = rows.DataContent(call.site.next_id("data_content"))
        _store(entry.contents[field.id], field, values)
    return {"newentryid": entry.id, "generalnotifications": [], "fieldnotifications": []}


def _given_values(fields: list[rows.DataField], data: list[dict[str, Any]]) -> dict[int, dict[str, str]]:
    """Field → subfield → value. Moodle 4.5: `json_decode`, so what is no JSON counts as nothing."""
    known = {field.id for field in fields}
    values: dict[int, dict[str, str]] = {}
    for given in data:
        try:
            value = json.loads(given["value"])
        except ValueError:
            value = None
        if given["fieldid"] in known:
            values.setdefault(given["fieldid"], {})[given["subfield"]] = _as_text(value)
    return values


def _as_text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "1" if value else ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _complaints(
    fields: list[rows.DataField], values: dict[int, dict[str, str]]
) -> tuple[list[str], list[dict[str, str]]]:
    """data_process_submission: required fields first, then "You did not fill out any fields!"."""
    missed = [
        {"fieldname": field.name, "notification": "You must supply a value here."}
        for field in fields
        if field.required and not values.get(field.id, {}).get("")
    ]
    empty = not any(value for parts in values.values() for name, value in parts.items() if not name)
    return ([_NOTHING_FILLED_OUT] if empty else []), missed


def _store(content: rows.DataContent, field: rows.DataField, values: dict[int, dict[str, str]]) -> None:
    parts = values.get(field.id)
    if parts is None:
        return
    if "content1" in parts:
        content.content1 = parts["content1"]
    if "" not in parts:
        return
    value = parts[""]
    if field.type == "number":
        # Moodle 4.5: (float), so that "abc" becomes 0 and "4,5" becomes 4, without a word.
        found = _LEADING_NUMBER.match(value)
        content.content = f"{float(found[0]) if found else 0:g}" if value.strip() else None
    elif field.type == "textarea":
        content.content = clean_for_storing(value)
    else:
        content.content = value


def _enter_entry(call: Call, entryid: int) -> tuple[rows.DataEntry, rows.Activity]:
    entry = call.site.data_entries.get(entryid)
    if entry is None:
        raise missing("data_records")
    return entry, instances.find_activity(call, "data", entry.dataid)


def _update_entry(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    entry, database = _enter_entry(call, args["entryid"])
    if not data_lists.may_manage(call, database, entry):
        raise MoodleError("noaccess")
    fields = data_lists.fields_of(call, database)
    values = _given_values(fields, args["data"])
    kept = {field.id: {"": entry.contents[field.id].content or ""} for field in fields if field.id in entry.contents}
    general, _ = _complaints(fields, values)
    _, missed = _complaints(fields, kept | values)
    if not (general or missed):
        for field in fields:
            content = entry.contents.setdefault(field.id, rows.DataContent(call.site.next_id("data_content")))
            _store(content, field, values)
        entry.timemodified = call.now
    return {
        "updated": not (general or missed),
        "generalnotifications": general,
        "fieldnotifications": missed,
        "warnings": [],
    }


def _delete_entry(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    entry, database = _enter_entry(call, args["entryid"])
    if not data_lists.may_manage(call, database, entry):
        raise MoodleError("noaccess")
    del call.site.data_entries[entry.id]
    return {"status": True, "warnings": []}


_INT = Value("int")
_CONTENTS = ListOf(
    Fields({"fieldid": _INT, "subfield": Value("raw", ""), "value": Value("raw")}),
)

FUNCTIONS = (
    Function("mod_data_get_databases_by_courses", {"courseids": ListOf(_INT, [])}, _get_databases_by_courses),
    Function(
        "mod_data_get_data_access_information",
        {"databaseid": _INT, "groupid": Value("int", 0)},
        _get_access_information,
    ),
    Function("mod_data_get_fields", {"databaseid": _INT}, _get_fields),
    Function(
        "mod_data_add_entry",
        {"databaseid": _INT, "groupid": Value("int", 0), "data": _CONTENTS},
        _add_entry,
        writes=True,
    ),
    Function("mod_data_update_entry", {"entryid": _INT, "data": _CONTENTS}, _update_entry, writes=True),
    Function("mod_data_delete_entry", {"entryid": _INT}, _delete_entry, writes=True),
    *data_lists.FUNCTIONS,
)
