"""core_files_upload: the base64 way into a draft area."""

import base64
from typing import Any

from lms_bridge.sandbox.moodle import file_store, rows
from lms_bridge.sandbox.moodle.call import Call, Function
from lms_bridge.sandbox.moodle.params import Value
from lms_bridge.sandbox.moodle.refusals import MoodleError
from lms_bridge.sandbox.moodle.site_info import CORE_VERSION


def _upload(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    if args["component"] != "user" or args["filearea"] != "draft":
        raise MoodleError(
            "codingerror",
            exception="core\\exception\\coding_exception",
            message="Coding error detected, it must be fixed by a programmer:"
            " File can be uploaded to user draft area only",
        )
    itemid = args["itemid"] or file_store.new_draft_area(call.site)
    name, path = file_store.clean_filename(args["filename"]), args["filepath"]
    body = base64.b64decode(args["filecontent"])
    contextid = call.user.contextid
    mimetype = file_store.mimetype_of(name)
    call.site.files.append(
        rows.StoredFile(contextid, "user", "draft", itemid, name, body, mimetype, call.user.id, call.now, path)
    )
    root = call.site.settings.wwwroot
    return {
        "contextid": contextid,
        "component": "user",
        "filearea": "draft",
        "itemid": itemid,
        "filepath": path,
        "filename": name,
        "url": f"{root}/draftfile.php/{contextid}/user/draft/{itemid}{path}{name}",
    }


FUNCTIONS = (
    Function(
        "core_files_upload",
        {
            "contextid": Value("int", None),
            "component": Value("alphanumext"),
            "filearea": Value("alphanumext"),
            "itemid": Value("int"),
            "filepath": Value("raw"),
            "filename": Value("raw"),
            "filecontent": Value("raw"),
            "contextlevel": Value("alpha", None),
            "instanceid": Value("int", None),
        },
        _upload,
        writes=True,
        version=CORE_VERSION,
    ),
)
