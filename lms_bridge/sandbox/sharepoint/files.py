"""Files and folders of a library: stored under a path, missing folders made on the way, images measured."""

import mimetypes
import struct
from typing import TYPE_CHECKING

from lms_bridge.sandbox.sharepoint.errors import Refusal, bad_request, name_taken, not_found
from lms_bridge.sandbox.sharepoint.graph_shapes import drive_item_id
from lms_bridge.sandbox.sharepoint.model import Actor, Item, SpList
from lms_bridge.sandbox.sharepoint.store import changed, check_name, create_item, find_file

if TYPE_CHECKING:
    from lms_bridge.sandbox.sharepoint.tenant import Tenant

LARGEST_SIMPLE_UPLOAD = 250 * 1024 * 1024
_LONGEST_PATH = 400
_PNG = b"\x89PNG\r\n\x1a\n"
_CONFLICTS = {"fail", "replace", "rename"}


def split_path(path: str) -> tuple[str, str]:
    """Folder and name; raises for what SharePoint does not take as a path."""
    path = path.strip("/")
    if len(path) > _LONGEST_PATH:
        raise bad_request("The path is too long.", "pathIsTooLong")
    for part in path.split("/"):
        check_name(part)
    folder, _, name = path.rpartition("/")
    return folder, name


def put_file(
    tenant: "Tenant", splist: SpList, path: str, content: bytes, *, mime: str, actor: Actor, conflict: str
) -> tuple[Item, bool]:
    """The file and whether it is new."""
    folder, name = split_path(path)
    if conflict not in _CONFLICTS:
        raise bad_request(f"conflictBehavior '{conflict}' is not known.")
    make_folders(tenant, splist, folder, actor=actor)
    standing = find_file(splist, path)
    if standing is not None and standing.is_folder:
        raise name_taken()
    if standing is not None and conflict == "fail":
        raise name_taken()
    if standing is not None and conflict == "rename":
        name = free_name(splist, folder, name)
        standing = None
    is_new = standing is None
    item = standing or create_item(tenant, splist, {}, actor=actor, content_type="Document", name=name, folder=folder)
    guessed = mime if mime and mime != "application/octet-stream" else mimetypes.guess_type(name)[0]
    item.content, item.mime, item.size = content, guessed or "application/octet-stream", measure(content)
    if not is_new:
        changed(tenant, splist, item, actor)
    return item, is_new


def make_folders(tenant: "Tenant", splist: SpList, path: str, *, actor: Actor) -> Item | None:
    folder, made = "", None
    for name in [part for part in path.split("/") if part]:
        full = f"{folder}/{name}" if folder else name
        made = find_file(splist, full)
        if made is not None and not made.is_folder:
            raise name_taken("A file stands where a folder is wanted.")
        made = made or make_folder(tenant, splist, folder, name, actor=actor)
        folder = made.path
    return made


def make_folder(tenant: "Tenant", splist: SpList, folder: str, name: str, *, actor: Actor) -> Item:
    check_name(name)
    item = create_item(tenant, splist, {}, actor=actor, content_type="Folder", name=name, folder=folder)
    item.is_folder = True
    return item


def free_name(splist: SpList, folder: str, name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    stem, ending = (stem, f"{dot}{ending}") if stem else (name, "")
    number = 1
    while find_file(splist, f"{folder}/{stem} {number}{ending}".lstrip("/")) is not None:
        number += 1
    return f"{stem} {number}{ending}"


def rename(splist: SpList, item: Item, name: str) -> None:
    check_name(name)
    path = f"{item.folder}/{name}" if item.folder else name
    standing = find_file(splist, path)
    if standing is not None and standing is not item:
        raise name_taken()
    before = item.path
    item.name = name
    if item.is_folder:
        for inner in splist.items.values():
            if inner.folder == before or inner.folder.startswith(f"{before}/"):
                inner.folder = item.path + inner.folder[len(before) :]


def find_drive_item(splist: SpList, key: str) -> Item:
    for item in splist.items.values():
        if key in (drive_item_id(item), item.unique_id):
            return item
    raise not_found()


def at_path(splist: SpList, path: str) -> Item:
    item = find_file(splist, path)
    if item is None:
        raise not_found()
    return item


def children(splist: SpList, folder: str) -> list[Item]:
    wanted = folder.casefold()
    return [item for item in splist.items.values() if item.name and item.folder.casefold() == wanted]


def measure(content: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG, GIF or JPEG."""
    if content.startswith(_PNG) and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return width, height
    if content[:6] in (b"GIF87a", b"GIF89a") and len(content) >= 10:
        width, height = struct.unpack("<HH", content[6:10])
        return width, height
    if content.startswith(b"\xff\xd8"):
        return _measure_jpeg(content)
    return None


def refuse_large(content: bytes, largest: int = LARGEST_SIMPLE_UPLOAD) -> None:
    if len(content) > largest:
        raise Refusal(413, "invalidRequest", "The file is too large for a simple upload; use an upload session.")


def _measure_jpeg(content: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        # The frame headers, all but DHT, JPG and DAC.
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return None
