"""A page's text ↔ Graph's canvas: text and image web parts in one column, whole or not at all.

An image inside a text web part is lost when a person edits the page, so texts are split at images. Reading turns the
web parts back into the same HTML; parts of other kinds, which only people add, are shown by their title.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from lms_bridge.errors import ContentError
from lms_bridge.markup.links import asset_digest, asset_src
from lms_bridge.markup.split import Image, split_at_images
from lms_bridge.sharepoint.dialect import image_paragraph, in_paragraphs
from lms_bridge.sharepoint.payloads import mapping, text_value

IMAGE_PART = "d1d91016-032f-456d-98a4-721247c305e8"
MAX_PARTS = 100
MAX_BYTES = 1_000_000
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


def to_canvas(html: str, stored: Mapping[str, StoredImage] | None) -> dict[str, Any]:
    """The whole layout. Images that are not stored are left out; their texts stand.

    `stored` none: as if every image were, to know how a page will read back before anything is uploaded.
    """
    parts = [part for part in (_part(piece, stored) for piece in split_at_images(html)) if part is not None]
    column = {"id": "1", "width": 12, "webparts": parts}
    return {
        "horizontalSections": [{"layout": "oneColumn", "id": "1", "emphasis": "none", "columns": [column]}],
    }


def check_size(html: str, *, where: str) -> None:
    """Raises ContentError for a text that is too large for a page: no limit is documented, these are safe."""
    parts = len(split_at_images(html))
    size = len(html.encode())
    if parts > MAX_PARTS:
        raise ContentError(
            f"the page would have {parts} parts of text and images, and {MAX_PARTS} are the most",
            where=where,
            next_step="Split it into several pages, or show fewer images.",
        )
    if size > MAX_BYTES:
        raise ContentError(
            f"the page has {size:,} bytes of text, and {MAX_BYTES:,} are the most",
            where=where,
            next_step="Split it into several pages.",
        )


def to_html(layout: Any) -> str:
    """What stands on the page, in the form that `to_sharepoint` writes."""
    return "\n".join(html for html in (_html(part) for part in web_parts(layout)) if html)


def has_foreign_parts(layout: Any) -> bool:
    """Whether a person added parts that we cannot write back, such as a video or quick links."""
    return any(not _is_text(part) and not _is_image(part) for part in web_parts(layout))


def web_parts(layout: Any) -> Iterator[Mapping[str, Any]]:
    """Every part in reading order, of whatever columns; tolerant, because people and Microsoft change pages."""
    canvas = mapping(layout)
    for section in _list(canvas.get("horizontalSections")):
        for column in _list(mapping(section).get("columns")):
            yield from _parts_of(mapping(column))
    yield from _parts_of(mapping(canvas.get("verticalSection")))


def _parts_of(holder: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    found = holder.get("webparts", holder.get("webParts"))
    yield from (part for part in _list(found) if isinstance(part, Mapping))


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _part(piece: str | Image, stored: Mapping[str, StoredImage] | None) -> dict[str, Any] | None:
    if isinstance(piece, str):
        return {"@odata.type": "#microsoft.graph.textWebPart", "innerHtml": in_paragraphs(piece)}
    digest = asset_digest(piece.src) or ""
    image = stored.get(digest) if stored is not None else StoredImage(digest, "", file_name(digest, ""))
    return _image_part(image, piece) if image is not None else None


def _image_part(image: StoredImage, piece: Image) -> dict[str, Any]:
    ids = {"siteId": image.site_id, "webId": image.web_id, "listId": image.list_id, "uniqueId": image.unique_id}
    sizes = {name: value for name, value in (("width", image.width), ("height", image.height)) if value}
    properties: dict[str, Any] = {
        "imageSourceType": 2,
        "altText": piece.alt,
        "linkUrl": piece.href or "",
        "overlayText": "",
        "fileName": image.name,
        **ids,
        "fixAspectRatio": True,
    }
    if image.width and image.height:
        properties |= {"imgWidth": image.width, "imgHeight": image.height}
    return {
        "@odata.type": "#microsoft.graph.standardWebPart",
        "webPartType": IMAGE_PART,
        "data": {
            "dataVersion": "1.9",
            "title": "Image",
            "description": "Show an image on your page",
            "properties": properties,
            "serverProcessedContent": {
                "htmlStrings": [],
                "searchablePlainTexts": [{"key": "captionText", "value": ""}],
                "imageSources": [{"key": "imageSource", "value": image.url}],
                "links": [{"key": "linkUrl", "value": piece.href}] if piece.href else [],
                "customMetadata": [{"key": "imageSource", "value": {**ids, **sizes}}],
            },
        },
    }


def _is_text(part: Mapping[str, Any]) -> bool:
    kind = text_value(part.get("@odata.type"))
    return kind.endswith("textWebPart") if kind else "innerHtml" in part


def _is_image(part: Mapping[str, Any]) -> bool:
    return text_value(part.get("webPartType")).casefold() == IMAGE_PART


def _html(part: Mapping[str, Any]) -> str:
    if _is_text(part):
        return in_paragraphs(text_value(part.get("innerHtml")))
    data = mapping(part.get("data"))
    if _is_image(part):
        return _image_html(data)
    return f"<p>[{escape(text_value(data.get('title')) or 'web part')}]</p>"


def _image_html(data: Mapping[str, Any]) -> str:
    properties = mapping(data.get("properties"))
    sources = _list(mapping(data.get("serverProcessedContent")).get("imageSources"))
    url = next((text_value(mapping(source).get("value")) for source in sources), "")
    digest = digest_in(text_value(properties.get("fileName"))) or digest_in(url)
    src = asset_src(digest) if digest else url
    return image_paragraph(
        Image(src, text_value(properties.get("altText")), href=text_value(properties.get("linkUrl")) or None)
    )


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
