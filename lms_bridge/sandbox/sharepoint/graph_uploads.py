"""Graph: upload sessions, for files that come in ranges. The session's address needs no token."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from lms_bridge.sandbox.sharepoint.clock import iso
from lms_bridge.sandbox.sharepoint.errors import Refusal, bad_request, not_found
from lms_bridge.sandbox.sharepoint.exchange import Answer, Call, Route, Visit
from lms_bridge.sandbox.sharepoint.files import find_drive_item, put_file, split_path
from lms_bridge.sandbox.sharepoint.graph_drives import the_drive
from lms_bridge.sandbox.sharepoint.graph_lists import actor
from lms_bridge.sandbox.sharepoint.graph_shapes import drive_item_json, drive_item_root_id
from lms_bridge.sandbox.sharepoint.tenant import Upload

if TYPE_CHECKING:
    from lms_bridge.sandbox.sharepoint.tenant import Tenant

ADDRESS = "/_upload/"
_STEP = 320 * 1024
_LARGEST_RANGE = 60 * 1024 * 1024
_LARGEST_FILE = 512 * 1024 * 1024  # kept in memory
_LIFE = timedelta(hours=24)


def start(visit: Visit) -> Answer:
    splist = the_drive(visit)
    body = visit.call.json() if visit.call.body else {}
    wanted = body.get("item") or {}
    path = visit.params.get("path", "")
    folder_key = visit.params.get("item")
    if folder_key and not path:
        path = find_drive_item(splist, folder_key).path
    elif folder_key and folder_key not in ("root", drive_item_root_id(splist)):
        path = f"{find_drive_item(splist, folder_key).path}/{path}"
    folder, name = split_path(path)
    upload = Upload(
        visit.tenant.ids.word(40),
        splist.drive_id,
        folder,
        wanted.get("name") or name,
        wanted.get("@microsoft.graph.conflictBehavior", "replace"),
        visit.tenant.clock.now() + _LIFE,
        actor=actor(visit),
    )
    visit.tenant.uploads[upload.id] = upload
    return Answer(
        200,
        {
            "@odata.context": f"{visit.call.origin}/v1.0/$metadata#microsoft.graph.uploadSession",
            "expirationDateTime": iso(upload.expires),
            "nextExpectedRanges": ["0-"],
            "uploadUrl": f"{visit.call.origin}{ADDRESS}{quote(upload.id)}",
        },
    )


def answer_upload(tenant: "Tenant", call: Call) -> Answer:
    """PUT a range, GET the progress, DELETE the session."""
    upload = tenant.uploads.get(call.path.removeprefix(ADDRESS))
    if upload is None or upload.expires <= tenant.clock.now():
        raise not_found("The upload session was not found.")
    if call.method == "DELETE":
        del tenant.uploads[upload.id]
        return Answer(204)
    if call.method == "PUT":
        return _take_range(tenant, call, upload)
    return Answer(200, _progress(upload))


def _take_range(tenant: "Tenant", call: Call, upload: Upload) -> Answer:
    match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", call.header("content-range"))
    if match is None:
        raise bad_request("The Content-Range header is missing or malformed.")
    first, last, total = (int(part) for part in match.groups())
    if total > _LARGEST_FILE or last >= total or last - first + 1 != len(call.body):
        raise bad_request("The Content-Range header does not describe the bytes that were sent.")
    if upload.total and upload.total != total:
        raise bad_request("The total size differs from the one of the ranges before.")
    if first != len(upload.received):
        raise Refusal(416, "invalidRange", "The range was not expected.")
    if len(call.body) > _LARGEST_RANGE:
        raise bad_request("A range may hold at most 60 MiB.")
    if last + 1 < total and len(call.body) % _STEP:
        raise bad_request("A range that is not the last must be a multiple of 320 KiB.")
    upload.total = total
    upload.received += call.body
    if last + 1 < total:
        return Answer(202, _progress(upload))
    return _finish(tenant, upload)


def _finish(tenant: "Tenant", upload: Upload) -> Answer:
    del tenant.uploads[upload.id]
    for site in tenant.sites.values():
        for splist in site.lists.values():
            if splist.drive_id != upload.drive_id:
                continue
            path = f"{upload.folder}/{upload.name}".lstrip("/")
            item, is_new = put_file(
                tenant, splist, path, bytes(upload.received), mime="", actor=upload.actor, conflict=upload.conflict
            )
            return Answer(201 if is_new else 200, drive_item_json(tenant, site, splist, item))
    raise not_found()


def _progress(upload: Upload) -> dict[str, object]:
    return {"expirationDateTime": iso(upload.expires), "nextExpectedRanges": [f"{len(upload.received)}-"]}


ROUTES: Sequence[Route] = tuple(
    Route("POST", f"/drives/{{drive}}{place}/{name}", start, right="write")
    for place in ("/root:/{path:path}:", "/items/{item}:/{path:path}:", "/items/{item}")
    for name in ("createUploadSession", "microsoft.graph.createUploadSession")
)
