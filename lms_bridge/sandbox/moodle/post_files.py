"""Files of a post as the two listings show them: pictures in the text and attachments."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from lms_bridge.sandbox.moodle import rows
from lms_bridge.sandbox.moodle.call import Call

_UNKNOWN_ICON = "f/unknown"


def files_place(forum: rows.Activity, area: str, post: rows.Post) -> str:
    return f"{forum.contextid}/mod_forum/{area}/{post.id}"


def files_of_row(call: Call, forum: rows.Activity, post: rows.Post) -> dict[str, Any]:
    inline, attached = (files(call, forum, area, post) for area in ("post", "attachment"))
    found: dict[str, Any] = {"attachment": bool(attached)}
    if inline:
        found["messageinlinefiles"] = [_file_row(call, file) for file in inline]
    if attached:
        found["attachments"] = [_file_row(call, file) for file in attached]
    return found


def files(call: Call, forum: rows.Activity, area: str, post: rows.Post) -> list[rows.StoredFile]:
    found = call.site.files_in(forum.contextid, "mod_forum", area, post.id)
    return sorted(found, key=lambda file: (file.filepath, file.filename))


def _address(call: Call, file: rows.StoredFile, door: str) -> str:
    place = f"{file.contextid}/{file.component}/{file.filearea}/{file.itemid}"
    return f"{call.site.settings.wwwroot}/{door}/{place}{file.filepath}{quote(file.filename)}"


def _icon(file: rows.StoredFile) -> str:
    kind = file.mimetype.partition("/")[0]
    return f"f/{kind}" if kind in {"text", "image", "audio", "video"} else _UNKNOWN_ICON


def _file_row(call: Call, file: rows.StoredFile) -> dict[str, Any]:
    return {
        "filename": file.filename,
        "filepath": file.filepath,
        "filesize": len(file.body),
        "fileurl": _address(call, file, "webservice/pluginfile.php"),
        "timemodified": file.timemodified,
        "mimetype": file.mimetype,
        "isexternalfile": False,
        "icon": _icon(file),
    }


def stored_file(call: Call, file: rows.StoredFile) -> dict[str, Any]:
    when = datetime.fromtimestamp(file.timemodified, UTC).strftime("%A, %-d %B %Y, %-I:%M %p")
    return {
        "contextid": file.contextid,
        "component": file.component,
        "filearea": file.filearea,
        "itemid": file.itemid,
        "filepath": file.filepath,
        "filename": file.filename,
        "isdir": False,
        "isimage": file.mimetype.startswith("image/"),
        "timemodified": file.timemodified,
        "timecreated": file.timemodified,
        "filesize": len(file.body),
        "author": call.site.users[file.author].fullname,
        "license": "unknown",
        "filenameshort": file.filename,
        "filesizeformatted": f"{len(file.body)}\u00a0bytes",
        "icon": _icon(file),
        "timecreatedformatted": when,
        "timemodifiedformatted": when,
        "url": _address(call, file, "pluginfile.php") + "?forcedownload=1",
    }
