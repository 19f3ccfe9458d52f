"""mod_data's readings: entries one by one, listed, and searched."""

import json
from typing import Any

from lms_bridge.sandbox.moodle import access, instances, rating_rows, rows
from lms_bridge.sandbox.moodle.call import Call, Function
from lms_bridge.sandbox.moodle.formatting import format_text
from lms_bridge.sandbox.moodle.params import Fields, ListOf, Value
from lms_bridge.sandbox.moodle.refusals import missing


def fields_of(call: Call, database: rows.Activity) -> list[rows.DataField]:
    return [field for field in call.site.data_fields.values() if field.dataid == database.instance]


def entries_of(call: Call, database: rows.Activity) -> list[rows.DataEntry]:
    return [entry for entry in call.site.data_entries.values() if entry.dataid == database.instance]


def may_manage(call: Call, database: rows.Activity, entry: rows.DataEntry) -> bool:
    """data_user_can_manage_entry."""
    if access.may(call, "mod/data:manageentries", database.course):
        return True
    return entry.userid == call.user.id and access.may(call, "mod/data:writeentry", database.course)


def _visible(call: Call, database: rows.Activity, groupid: int) -> list[rows.DataEntry]:
    approves = access.may(call, "mod/data:approve", database.course)
    hides = bool(database.settings.get("approval")) and not approves
    group = groupid or access.active_group(call, database)
    return [
        entry
        for entry in entries_of(call, database)
        if (entry.approved or not hides or entry.userid == call.user.id) and (not group or entry.groupid in {0, group})
    ]


def _get_entries(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    database = instances.find_activity(call, "data", args["databaseid"])
    access.require(call, "mod/data:viewentry", database.course)
    found = _visible(call, database, args["groupid"])
    page = _page(_sorted(found, args), args)
    return {
        "entries": [_entry_row(call, database, entry, args["returncontents"]) for entry in page],
        "totalcount": len(found),
        "totalfilesize": 0,
        "warnings": [],
    }


def _search_entries(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    """Substrings, without regard to case. A value that is no JSON or an unknown field is no condition at all."""
    database = instances.find_activity(call, "data", args["databaseid"])
    access.require(call, "mod/data:viewentry", database.course)
    visible = _visible(call, database, args["groupid"])
    conditions = _conditions(call, database, args["advsearch"])
    found = [entry for entry in visible if _matches(entry, args["search"], conditions)]
    rows_ = [_entry_row(call, database, e, args["returncontents"]) for e in _page(_sorted(found, args), args)]
    if args["advsearch"]:
        # Moodle 4.5: the advanced search selects neither the database's id nor the group.
        for row in rows_:
            row |= {"dataid": 0, "groupid": 0}
    return {"entries": rows_, "totalcount": len(found), "maxcount": len(visible), "warnings": []}


def _conditions(call: Call, database: rows.Activity, asked: list[dict[str, str]]) -> dict[int, str]:
    known = {f"f_{field.id}": field.id for field in fields_of(call, database)}
    conditions: dict[int, str] = {}
    for one in asked:
        try:
            value = json.loads(one["value"])
        except ValueError:
            continue
        if one["name"] in known and value not in (None, ""):
            conditions[known[one["name"]]] = str(value)
    return conditions


def _matches(entry: rows.DataEntry, search: str, conditions: dict[int, str]) -> bool:
    texts = {field: (content.content or "").lower() for field, content in entry.contents.items()}
    if search and not any(search.lower() in text for text in texts.values()):
        return False
    return all(value.lower() in texts.get(field, "") for field, value in conditions.items())


def _sorted(entries: list[rows.DataEntry], args: dict[str, Any]) -> list[rows.DataEntry]:
    """`sort`: a field's id, or 0 and below for the entry's own columns; without it by time of creation."""
    sort, backwards = args["sort"], str(args["order"] or "").upper() == "DESC"

    def key(entry: rows.DataEntry) -> tuple[Any, ...]:
        if sort and sort > 0:
            content = entry.contents.get(sort)
            return ((content.content if content else None) or "", entry.timecreated, entry.id)
        return (entry.timemodified if sort == -4 else entry.timecreated, entry.id)

    return sorted(entries, key=key, reverse=backwards)


def _page(entries: list[rows.DataEntry], args: dict[str, Any]) -> list[rows.DataEntry]:
    page, perpage = args["page"], args["perpage"]
    return entries[page * perpage : (page + 1) * perpage] if perpage else entries


def _get_entry(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    entry = call.site.data_entries.get(args["entryid"])
    if entry is None:
        raise missing("data_records")
    database = instances.find_activity(call, "data", entry.dataid)
    access.require(call, "mod/data:viewentry", database.course)
    return {
        "entry": _entry_row(call, database, entry, True),
        "ratinginfo": rating_rows.of_items(call, database, [entry]),
        "warnings": [],
    }


def _entry_row(call: Call, database: rows.Activity, entry: rows.DataEntry, with_contents: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": entry.id,
        "userid": entry.userid,
        "groupid": entry.groupid,
        "dataid": entry.dataid,
        "timecreated": entry.timecreated,
        "timemodified": entry.timemodified,
        "approved": entry.approved,
        "canmanageentry": may_manage(call, database, entry),
        "fullname": call.site.users[entry.userid].fullname,
        "tags": [],
    }
    if with_contents:
        row["contents"] = [
            _content_row(call, database, entry, field, content) for field, content in entry.contents.items()
        ]
    return row


def _content_row(
    call: Call, database: rows.Activity, entry: rows.DataEntry, field: int, content: rows.DataContent
) -> dict[str, Any]:
    text = content.content
    if text is not None and call.site.data_fields[field].type == "textarea":
        text = format_text(call, text, f"{database.contextid}/mod_data/content/{content.id}")
    return {
        "id": content.id,
        "fieldid": field,
        "recordid": entry.id,
        "content": text,
        "content1": content.content1,
        "content2": None,
        "content3": None,
        "content4": None,
        "files": [],
    }


_PAGING = {
    "sort": Value("int", None),
    "order": Value("alpha", None),
    "page": Value("int", 0),
    "perpage": Value("int", 0),
}

FUNCTIONS = (
    Function(
        "mod_data_get_entries",
        {
            "databaseid": Value("int"),
            "groupid": Value("int", 0),
            "returncontents": Value("bool", False),
            **_PAGING,
        },
        _get_entries,
    ),
    Function(
        "mod_data_search_entries",
        {
            "databaseid": Value("int"),
            "groupid": Value("int", 0),
            "returncontents": Value("bool", False),
            "search": Value("raw", ""),
            "advsearch": ListOf(Fields({"name": Value("raw"), "value": Value("raw")}), []),
            **_PAGING,
        },
        _search_entries,
    ),
    Function(
        "mod_data_get_entry",
        {"entryid": Value("int"), "returncontents": Value("bool", False)},
        _get_entry,
    ),
)
