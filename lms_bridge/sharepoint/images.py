"""Images in the site's own library, each once, known by its digest in the file's name: nothing is remembered here.

Pages show only images that stand in the site with their ids; others are dropped when a person saves the page.
"""

import hashlib
import threading
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from lms_bridge.errors import Ambiguous, ContentError, DestinationError, NotFound
from lms_bridge.items import Asset
from lms_bridge.sharepoint.batch import Call
from lms_bridge.sharepoint.client import GraphClient
from lms_bridge.sharepoint.image_parts import StoredImage, digest_in, file_name
from lms_bridge.sharepoint.payloads import mapping, text_value

FOLDER = "lms-bridge"
MAX_BYTES = 50 * 1024 * 1024
_SELECT = "$select=id,name,webUrl,sharepointIds,image"


class ImageStore:
    """Safe for many threads. The folder is listed once, when the first image is asked for."""

    def __init__(self, client: GraphClient, site: str, library: str | None) -> None:
        self._client = client
        self._site = site
        self._library = library
        self._lock = threading.Lock()
        self._drive: str | None = None
        self._stored: dict[str, StoredImage] | None = None
        self._uploading: dict[str, threading.Lock] = {}

    def store(self, assets: Iterable[Asset]) -> Mapping[str, StoredImage]:
        """Every asset in the site, and whatever else of ours stands there. Raises ContentError, DestinationError."""
        for asset in assets:
            if asset.digest not in self._listed():
                with self._lock:
                    turn = self._uploading.setdefault(asset.digest, threading.Lock())
                with turn:
                    if asset.digest not in self._listed():
                        stored = self._upload(asset)
                        with self._lock:
                            self._listed_unlocked()[asset.digest] = stored
        return self._listed()

    def _listed(self) -> Mapping[str, StoredImage]:
        with self._lock:
            return self._listed_unlocked()

    def _listed_unlocked(self) -> dict[str, StoredImage]:
        if self._stored is None:
            self._drive = self._find_drive()
            url = f"/drives/{self._drive}/root:/{FOLDER}:/children?{_SELECT}&$top=500"
            try:
                rows = list(self._client.pages(Call(name="list images", method="GET", url=url)))
            except NotFound:
                rows = []
            found = (_stored(row) for row in rows)
            self._stored = {image.digest: image for image in found if image is not None}
        return self._stored

    def _find_drive(self) -> str:
        if self._library is None:
            raise NotFound(
                "the site has no Site Assets library, so images cannot stand there",
                next_step="Open any page of the site for editing once and add an image: SharePoint makes the library. "
                "Or set pages.images: false.",
            )
        url = f"/sites/{self._site}/lists/{self._library}/drive?$select=id"
        return str(
            mapping(self._client.ask(Call(name="find drive", method="GET", url=url, units=1)).body).get("id", "")
        )

    def _upload(self, asset: Asset) -> StoredImage:
        content = _content(asset)
        path = quote(f"{FOLDER}/{file_name(asset.digest, asset.name)}")
        put = Call(
            name="upload image",
            method="PUT",
            url=f"/drives/{self._drive}/root:/{path}:/content",
            headers={"Content-Type": asset.media_type},
            body=content,
            alone=True,
        )
        try:
            answer = self._client.ask(put)
        except Ambiguous:
            # The same bytes under the same name: sending them again does no harm.
            answer = self._client.ask(put)
        item = quote(str(mapping(answer.body).get("id", "")), safe="")
        # An upload's answer lacks the ids that the web part needs: they come only when they are asked for.
        url = f"/drives/{self._drive}/items/{item}?{_SELECT}"
        stored = _stored(self._client.ask(Call(name="read image", method="GET", url=url, units=1)).body)
        if stored is None:
            raise DestinationError(
                f"the image {asset.name} was uploaded under another name", next_step="Look into Site Assets/lms-bridge."
            )
        return stored


def _content(asset: Asset) -> bytes:
    if asset.size > MAX_BYTES:
        raise ContentError(
            f"the image {asset.name} has {asset.size:,} bytes, and {MAX_BYTES:,} are the most",
            next_step="Make it smaller.",
        )
    try:
        content = asset.load()
    except OSError as error:
        raise ContentError(
            f"the image {asset.name} cannot be read: {error.strerror}", next_step="Put it back, or run again."
        ) from error
    if hashlib.sha256(content).hexdigest() != asset.digest:
        raise ContentError(f"the image {asset.name} changed while it was read", next_step="Run again.")
    return content


def _stored(row: Any) -> StoredImage | None:
    row = mapping(row)
    name = text_value(row.get("name"))
    digest = digest_in(name)
    if digest is None:
        return None
    ids, size = mapping(row.get("sharepointIds")), mapping(row.get("image"))
    return StoredImage(
        digest=digest,
        url=text_value(row.get("webUrl")),
        name=name,
        site_id=text_value(ids.get("siteId")),
        web_id=text_value(ids.get("webId")),
        list_id=text_value(ids.get("listId")),
        unique_id=text_value(ids.get("listItemUniqueId")),
        width=_pixels(size.get("width")),
        height=_pixels(size.get("height")),
    )


def _pixels(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
