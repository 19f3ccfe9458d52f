"""A page's text ↔ Graph's canvas: text and image web parts in one column, whole or not at all.

An image inside a text web part is lost when a person edits the page, so texts are split at images. Reading turns the
web parts back into the same HTML, with what only people add (see `kept`) as data beside it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from lms_bridge.errors import ContentError
from lms_bridge.markup.clean import clean
from lms_bridge.markup.fragment import parse
from lms_bridge.markup.links import asset_digest, images
from lms_bridge.markup.split import Image, split_at_images
from lms_bridge.sharepoint.dialect import KEPT, image_paragraph, in_paragraphs
from lms_bridge.sharepoint.image_parts import (
    StoredImage,
    file_name,
    image_in,
    is_image,
    linked_part,
    speaks,
    stored_part,
)
from lms_bridge.sharepoint.kept import COLUMN, NOTHING, SECTION, SIDE, Kept, standard_part, title_of, writable
from lms_bridge.sharepoint.payloads import mapping, sequence, text_value

MAX_PARTS = 100
MAX_BYTES = 1_000_000
_PLAIN: Mapping[str, Any] = {"layout": "oneColumn", "emphasis": "none", "widths": [12]}
_BREAKS = {SECTION: "new section", COLUMN: "next column", SIDE: "side column"}


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands on a page: its text in the form that `to_sharepoint` writes, and what people put beside it."""

    html: str
    kept: Kept


@dataclass(frozen=True, slots=True)
class _Piece:
    """One thing on a page. `data`: how it is written again, where it is no text; `persons`: only a person made it."""

    html: str
    address: str = ""
    data: Mapping[str, Any] | None = None
    persons: bool = False


@dataclass(slots=True)
class _Section:
    """`look` is what a person may choose of it."""

    look: Mapping[str, Any]
    kind: str = SECTION
    columns: list[list[Mapping[str, Any]]] = field(default_factory=lambda: [[]])

    @property
    def is_plain(self) -> bool:
        """As we write it."""
        usual = self.look["layout"] in ("oneColumn", "none") and self.look["emphasis"] == "none"
        return self.kind == SECTION and usual and not any(self.columns[1:])


def to_canvas(html: str, stored: Mapping[str, StoredImage] | None, kept: Kept = NOTHING) -> dict[str, Any]:
    """The whole layout. Raises ContentError for an image that should stand in the site and does not.

    `stored` none: as if every image were, to know how a page will read back before anything is uploaded.
    """
    waiting = {address: list(parts) for address, parts in kept.items()}
    sections = [_Section(_PLAIN)]
    for piece in split_at_images(html):
        if isinstance(piece, str):
            sections[-1].columns[-1].append(_text_part(piece))
            continue
        beside = waiting.get(piece.src)
        data = beside.pop(0) if beside else None
        if piece.src in _BREAKS:
            _begin(sections, piece.src, data)
        elif (part := standard_part(data) if data is not None else _image_part(piece, stored)) is not None:
            sections[-1].columns[-1].append(part)
    # Nothing of a person's is dropped, even when its place in the text is gone.
    left = [standard_part(data) for address, parts in waiting.items() if address not in _BREAKS for data in parts]
    sections[-1].columns[-1].extend(left)
    return _layout(sections)


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


def shown(layout: Any) -> Shown:
    """Tolerant, because people and Microsoft change pages."""
    pieces = list(_pieces(layout))
    persons = {piece.address for piece in pieces if piece.persons}
    kept: dict[str, list[Mapping[str, Any]]] = {}
    for piece in pieces:
        if piece.address in persons and piece.data is not None:
            kept.setdefault(piece.address, []).append(piece.data)
    return Shown("\n".join(piece.html for piece in pieces if piece.html), kept)


def _pieces(layout: Any) -> Iterator[_Piece]:
    for number, section in enumerate(_sections(mapping(layout))):
        if number or not section.is_plain:
            yield _break(section.kind, section.look)
        for at, column in enumerate(section.columns):
            if at and not section.is_plain:
                yield _break(COLUMN, {})
            for part in column:
                yield from _pieces_of(part)


def _sections(canvas: Mapping[str, Any]) -> Iterator[_Section]:
    """In reading order; empty ones say nothing."""
    for asked in map(mapping, sequence(canvas.get("horizontalSections"))):
        columns = [mapping(column) for column in sequence(asked.get("columns"))]
        look = {
            "layout": text_value(asked.get("layout")) or "oneColumn",
            "emphasis": text_value(asked.get("emphasis")) or "none",
            "widths": [column.get("width", 12) for column in columns],
        }
        section = _Section(look, columns=[list(_parts_of(column)) for column in columns])
        if any(section.columns):
            yield section
    aside = mapping(canvas.get("verticalSection"))
    if parts := list(_parts_of(aside)):
        emphasis = text_value(aside.get("emphasis")) or "none"
        yield _Section({"layout": "", "emphasis": emphasis}, SIDE, [parts])


def _parts_of(holder: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    found = holder.get("webparts", holder.get("webParts"))
    yield from (part for part in sequence(found) if isinstance(part, Mapping))


def _pieces_of(part: Mapping[str, Any]) -> Iterator[_Piece]:
    if _is_text(part):
        yield from _pieces_of_text(text_value(part.get("innerHtml")))
    elif is_image(part):
        image, data = image_in(part), writable(part)
        if asset_digest(image.src) is not None:
            yield _Piece(image_paragraph(image), image.src, data, persons=speaks(part))
        else:
            yield _persons(image, data)
    else:
        yield _persons(Image("", title_of(part)), writable(part))


def _pieces_of_text(html: str) -> Iterator[_Piece]:
    """Images inside a text, which only people and other programs put there, come to stand after their words."""
    for piece in split_at_images(clean(html, policy=KEPT)):
        if isinstance(piece, str):
            yield _Piece(in_paragraphs(piece))
        elif piece.src:
            yield _persons(piece, writable(linked_part(piece)))


def _persons(image: Image, data: Mapping[str, Any]) -> _Piece:
    """Known by its address, or by its kind where it has none that a text can hold."""
    lasting = image.src and [one.get("src") for one in images(parse(image_paragraph(image)))] == [image.src]
    address = image.src if lasting else f"#{quote(text_value(data.get('webPartType')), safe='')}"
    return _Piece(image_paragraph(Image(address, image.alt, href=image.href)), address, data, persons=True)


def _break(kind: str, look: Mapping[str, Any]) -> _Piece:
    return _Piece(image_paragraph(Image(kind, _BREAKS[kind])), kind, look, persons=True)


def _is_text(part: Mapping[str, Any]) -> bool:
    kind = text_value(part.get("@odata.type"))
    return kind.endswith("textWebPart") if kind else "innerHtml" in part


def _text_part(html: str) -> dict[str, Any]:
    return {"@odata.type": "#microsoft.graph.textWebPart", "innerHtml": in_paragraphs(html)}


def _image_part(piece: Image, stored: Mapping[str, StoredImage] | None) -> dict[str, Any] | None:
    digest = asset_digest(piece.src)
    if digest is None:
        return linked_part(piece) if piece.src and not piece.src.startswith("#") else None
    image = stored.get(digest) if stored is not None else StoredImage(digest, "", file_name(digest, ""))
    if image is None:
        raise ContentError(
            "an image that the page shows is no longer in the site",
            next_step="Restore it from the recycle bin into Site Assets/lms-bridge, or take it off the page.",
        )
    return stored_part(image, piece)


def _begin(sections: list[_Section], kind: str, look: Mapping[str, Any] | None) -> None:
    """A section or a column goes on from here; what nobody knows the look of goes on where it is."""
    if look is None:
        return
    if kind == COLUMN:
        if len(sections[-1].columns) < len(sections[-1].look.get("widths", ())):
            sections[-1].columns.append([])
        return
    if len(sections) == 1 and not any(sections[0].columns):
        sections.clear()
    sections.append(_Section(look, kind))


def _layout(sections: Iterable[_Section]) -> dict[str, Any]:
    sections = list(sections)
    levels = [section for section in sections if section.kind == SECTION] or [_Section(_PLAIN)]
    layout: dict[str, Any] = {
        "horizontalSections": [_horizontal(section, number) for number, section in enumerate(levels, start=1)]
    }
    for section in sections:
        if section.kind == SIDE:
            layout["verticalSection"] = {"emphasis": section.look["emphasis"], "webparts": section.columns[0]}
    return layout


def _horizontal(section: _Section, number: int) -> dict[str, Any]:
    widths = section.look["widths"] or [12]
    columns = [*section.columns, *([] for _ in widths[len(section.columns) :])]
    return {
        "layout": section.look["layout"],
        "id": str(number),
        "emphasis": section.look["emphasis"],
        "columns": [
            {"id": str(at), "width": width, "webparts": parts}
            for at, (width, parts) in enumerate(zip(widths, columns, strict=False), start=1)
        ],
    }
