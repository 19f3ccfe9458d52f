"""webservice/upload.php and the two pluginfile.php: files in and out, outside the functions."""

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from lms_bridge.sandbox.moodle import access, file_store, protocol, rows
from lms_bridge.sandbox.moodle.answers import refusal_elsewhere, to_json
from lms_bridge.sandbox.moodle.call import Call
from lms_bridge.sandbox.moodle.params import as_int
from lms_bridge.sandbox.moodle.refusals import MoodleError
from lms_bridge.sandbox.moodle.registry import UPLOAD
from lms_bridge.sandbox.moodle.site import MoodleSite


def upload(site: MoodleSite, parameters: dict[str, Any], request: Request) -> Response:
    with site.lock:
        try:
            user, service = _enter(site, parameters, request)
            if not service.uploadfiles:
                raise MoodleError("accessexception", debug="Web service file upload must be enabled")
        except MoodleError as error:
            refused = refusal_elsewhere(site, error)
            if getattr(request.state, "files", []):
                # Moodle 4.5: what answers an upload must be readable in an iframe.
                refused.headers["content-type"] = "text/plain; charset=utf-8"
            return refused
        files = getattr(request.state, "files", [])
        if not files:
            return Response("[]", media_type="application/json")
        site.calls[UPLOAD] += 1
        itemid = as_int(str(parameters.get("itemid"))) or file_store.new_draft_area(site)
        path = str(parameters.get("filepath") or "/")
        stored = [
            _store(site, user, (itemid, path), file.filename or "", body)
            for file, body in zip(files, request.state.bodies, strict=True)
        ]
    return Response(to_json(stored), media_type="text/plain; charset=utf-8")


def _store(site: MoodleSite, user: rows.User, place: tuple[int, str], filename: str, body: bytes) -> dict[str, Any]:
    itemid, path = place
    name = file_store.clean_filename(filename)
    taken = {(file.filepath, file.filename) for file in file_store.draft_files(site, user, itemid)}
    if (path, name) in taken:
        return {
            "filename": name,
            "filepath": "/tmp/phpXXXXXX",  # noqa: S108 - what Moodle shows, nothing is written there
            "size": len(body),
            "errortype": "filenameexist",
            "error": f"File name already exists: {name}",
        }
    site.files.append(
        rows.StoredFile(
            user.contextid,
            "user",
            "draft",
            itemid,
            name,
            body,
            file_store.mimetype_of(name),
            user.id,
            site.now,
            path,
        )
    )
    return {
        "component": "user",
        "contextid": user.contextid,
        "userid": str(user.id),
        "filearea": "draft",
        "filename": name,
        "filepath": path,
        "itemid": itemid,
        "license": "unknown",
        "author": user.fullname,
        "source": f'O:8:"stdClass":1:{{s:6:"source";s:{len(name.encode())}:"{name}";}}',
        "filesize": len(body),
    }


def download(site: MoodleSite, parameters: dict[str, Any], request: Request) -> Response:
    """webservice/pluginfile.php: with a token in the address."""
    with site.lock:
        try:
            user, service = _enter(site, parameters, request)
            file = _find(site, request.path_params["path"])
            if file is None or not _may_read(Call(site, user, service), file):
                raise MoodleError("filenotfound", message="Sorry, the requested file could not be found")
        except MoodleError as error:
            refused = refusal_elsewhere(site, error)
            refused.status_code = 404 if error.errorcode == "filenotfound" else 200
            return refused
    return Response(file.body, headers={"content-type": file.mimetype})


# A file from a stranger may be a page with scripts; a browser that opens it here runs none of them.
_HARMLESS = {"content-security-policy": "sandbox; default-src 'none'", "x-content-type-options": "nosniff"}


def page_file(site: MoodleSite, parameters: dict[str, Any], request: Request) -> Response:
    """pluginfile.php: what a browser gets. Here everybody who looks at the sandbox's pages is let in by the
    cookie of those pages; others are sent to the login page, as Moodle does."""
    with site.lock:
        file = _find(site, request.path_params["path"])
    if "sandbox-reader" in request.cookies and file is not None:
        return Response(file.body, headers={"content-type": file.mimetype, **_HARMLESS})
    location = f"{site.settings.wwwroot}/login/index.php"
    return HTMLResponse("<!DOCTYPE html><title>Redirect</title>", 303, headers={"location": location})


def _enter(site: MoodleSite, parameters: dict[str, Any], request: Request) -> tuple[rows.User, rows.Service]:
    if "token" not in parameters:
        raise MoodleError("missingparam", "token")
    protocol.check_site_is_up(site)
    user, service = protocol.authenticate(site, str(parameters["token"]), request.client.host if request.client else "")
    protocol.check_account(site, user)
    return user, service


def _find(site: MoodleSite, path: str) -> rows.StoredFile | None:
    parts = path.split("/")
    if len(parts) < 5:
        return None
    contextid, component, filearea, itemid = as_int(parts[0]), parts[1], parts[2], as_int(parts[3])
    if contextid is None or itemid is None:
        return None
    folder = "/" + "".join(f"{part}/" for part in parts[4:-1])
    for file in site.files_in(contextid, component, filearea, itemid):
        if (file.filepath, file.filename) == (folder, parts[-1]):
            return file
    return None


def _may_read(call: Call, file: rows.StoredFile) -> bool:
    if file.component == "user":
        return file.contextid == call.user.contextid
    for activity in call.site.activities.values():
        if activity.contextid == file.contextid:
            course = call.site.courses[activity.course]
            return access.can_enter(call, course) and access.can_see_activity(call, activity)
    return False
