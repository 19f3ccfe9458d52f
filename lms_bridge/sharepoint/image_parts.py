"""Graph's image web part: how an image of ours is placed, and what is read back of any.

Apart from `canvas`, which orders parts on a page, and from `images`, which brings the files into the site.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lms_bridge.markup.links import asset_src
from lms_bridge.markup.split import Image
from lms_bridge.sharepoint.payloads import mapping, sequence, text_value

STANDARD = "#microsoft.graph.standardWebPart"
IMAGE_PART = "d1d91016-032f-456d-98a4-721247c305e8"
_NAME = "lmsb-"


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image in the site: its address and the ids without which the editor drops it at the next save."""

    digest: str
    url: str
    name: str
    site_id: str = ""
    web_id: str = ""
    list_id: str = ""
    unique_id: str = ""
    width: int | None = None
    height: int | None = None


def stored_part(image: StoredImage, piece: Image) -> dict[str, Any]:
    ids = {"siteId": image.site_id, "webId": image.web_id, "listId": image.list_id, "uniqueId": image.unique_id}
    sizes = {name: value for name, value in (("width", image.width), ("height", image.height)) if value}
    properties: dict[str, Any] = {"fileName": image.name, **ids}
    if image.width and image.height:
        properties |= {"imgWidth": image.width, "imgHeight": image.height}
    return _part(piece, image.url, properties, [{"key": "imageSource", "value": {**ids, **sizes}}])


def linked_part(piece: Image) -> dict[str, Any]:
    """An image that somebody's text showed from elsewhere."""
    return _part(piece, piece.src, {}, [])


def _part(piece: Image, url: str, own: Mapping[str, Any], metadata: Iterable[Any]) -> dict[str, Any]:
    properties = {"imageSourceType": 2, "altText": piece.alt, "linkUrl": piece.href or "", "overlayText": "", **own}
    return {
        "@odata.type": STANDARD,
        "webPartType": IMAGE_PART,
        "data": {
            "dataVersion": "1.9",
            "title": "Image",
            "description": "Show an image on your page",
            "properties": {**properties, "fixAspectRatio": True},
            "serverProcessedContent": {
                "htmlStrings": [],
                "searchablePlainTexts": [{"key": "captionText", "value": ""}],
                "imageSources": [{"key": "imageSource", "value": url}],
                "links": [{"key": "linkUrl", "value": piece.href}] if piece.href else [],
                "customMetadata": list(metadata),
            },
        },
    }


def is_image(part: Mapping[str, Any]) -> bool:
    return text_value(part.get("webPartType")).casefold() == IMAGE_PART


def image_in(part: Mapping[str, Any]) -> Image:
    """As a text shows it: ours by `asset:DIGEST`, others by their address."""
    data = mapping(part.get("data"))
    properties = mapping(data.get("properties"))
    sources = sequence(mapping(data.get("serverProcessedContent")).get("imageSources"))
    url = next((text_value(mapping(source).get("value")) for source in sources), "")
    digest = digest_in(text_value(properties.get("fileName"))) or digest_in(url)
    href = text_value(properties.get("linkUrl")) or None
    return Image(asset_src(digest) if digest else url, text_value(properties.get("altText")), href=href)


def speaks(part: Mapping[str, Any]) -> bool:
    """Whether an image of ours holds words that only a person can have put there: a caption, a text laid over it."""
    data = mapping(part.get("data"))
    properties, shown = mapping(data.get("properties")), mapping(data.get("serverProcessedContent"))
    texts = [properties.get("overlayText"), properties.get("captionText")]
    for name in ("searchablePlainTexts", "htmlStrings"):
        texts += [mapping(text).get("value") for text in sequence(shown.get(name))]
    said = {text_value(text).strip() for text in texts}
    return bool(said - {"", text_value(properties.get("altText")).strip()})


def file_name(digest: str, name: str) -> str:
    """`lmsb-<digest>.<ending>`: the whole digest, so that reading the page gives the image's address back."""
    ending = name.rsplit(".", 1)[-1].lower() if "." in name else "bin"
    return f"{_NAME}{digest}.{ending if ending.isascii() and ending.isalnum() and len(ending) <= 5 else 'bin'}"


def digest_in(text: str) -> str | None:
    """The digest in a file's name or address."""
    name = text.rsplit("/", 1)[-1].split("?", 1)[0]
    digest = name.removeprefix(_NAME).split(".", 1)[0]
    is_ours = name.startswith(_NAME) and len(digest) == 64 and all(letter in "0123456789abcdef" for letter in digest)
    return digest if is_ours else None
