"""What people put on a page that is no text: web parts, captions, sections and columns. Kept as data, written back.

In the page's text each of them shows as an image: an address says where it stood, and the data go beside the text under
that address, in reading order. So a merge moves them with the words around them, and knows nothing of web parts.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lms_bridge.errors import Conflict
from lms_bridge.sharepoint.image_parts import STANDARD
from lms_bridge.sharepoint.payloads import mapping, text_value

Kept = Mapping[str, Sequence[Mapping[str, Any]]]
NOTHING: Kept = {}
SECTION, COLUMN, SIDE = "#section", "#column", "#side"

# "Supported web parts", all that Graph takes: https://learn.microsoft.com/graph/api/sitepage-create
WRITABLE = frozenset(
    {
        "e377ea37-9047-43b9-8cdb-a761be2f8e09",  # Bing Maps
        "0f087d7f-520e-42b7-89c0-496aaf979d58",  # Button
        "df8e44e7-edd5-46d5-90da-aca1539313b8",  # Call to action
        "2161a1c6-db61-4731-b97c-3cdb303f7cbb",  # Divider
        "b7dd04e1-19ce-4b24-9132-b60a1c2b910d",  # File and media
        "d1d91016-032f-456d-98a4-721247c305e8",  # Image
        "af8be689-990e-492a-81f7-ba3e4cd3ed9c",  # Image gallery
        "6410b3b6-d440-4663-8744-378976dc041e",  # Link
        "e84a8ca2-f63c-4fb9-bc0b-d8eef5ccb22b",  # Organization chart
        "7f718435-ee4d-431c-bdbf-9c4ff326f46e",  # People
        "c70391ea-0b10-4ee9-b2b4-006d3fcad0cd",  # Quick links
        "8654b779-4886-46d4-8ffb-b5ed960ee986",  # Spacer
        "544dd15b-cf3c-441b-96da-004d5a8cea1d",  # YouTube
        "cbe7b0a9-3504-44dd-a3a3-0e5cacd07788",  # Title area
    }
)
LAYOUTS = frozenset(
    {"none", "oneColumn", "twoColumns", "threeColumns", "oneThirdLeftColumn", "oneThirdRightColumn", "fullWidth"}
)
_DATA = ("dataVersion", "title", "description", "properties", "serverProcessedContent")
# The editor writes it when a person saves a page, and a PATCH that sends it back is refused.
_EDITORS_OWN = "customContentDropSupport"


def writable(part: Mapping[str, Any]) -> dict[str, Any]:
    """A part as it can be sent again: without what the service adds and the editor keeps for itself."""
    data = mapping(part.get("data"))
    written = {name: value for name in _DATA if (value := _plain(data.get(name))) not in (None, "", [], {})}
    return {"webPartType": text_value(part.get("webPartType")).casefold(), "data": written}


def standard_part(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {"@odata.type": STANDARD, **kept}


def title_of(part: Mapping[str, Any]) -> str:
    return " ".join(text_value(mapping(part.get("data")).get("title")).split()) or "web part"


def refuse_unwritable(kept: Kept) -> None:
    """Raises Conflict for what a person put on the page and no program can write."""
    for address, part in _each(kept):
        if address == SECTION:
            known = part.get("layout") in LAYOUTS
        else:
            known = address in (COLUMN, SIDE) or part.get("webPartType") in WRITABLE
        if not known:
            raise _cannot(address, part)


def refuse_loss(standing: Kept, written: Kept) -> None:
    """Raises Conflict when a text would be written without something that a person put on the page."""
    left = {address: list(parts) for address, parts in written.items()}
    for address, part in _each(standing):
        same = left.get(address, [])
        if part not in same:
            raise _cannot(address, part)
        same.remove(part)


def _each(kept: Kept) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((address, part) for address, parts in kept.items() for part in parts)


def _cannot(address: str, part: Mapping[str, Any]) -> Conflict:
    what = "sections or columns" if address in (SECTION, COLUMN, SIDE) else f"“{title_of(part)}”"
    return Conflict(
        f"a person put {what} on the page, which cannot be written back",
        next_step="Bring the two versions together on the page by hand, or take that away from it.",
    )


def _plain(value: Any) -> Any:
    """The value without annotations, what the editor keeps for itself, and empty lists."""
    if isinstance(value, Mapping):
        named = {name: _plain(one) for name, one in value.items() if name != _EDITORS_OWN and "@odata" not in name}
        return {name: one for name, one in named.items() if one != []}
    return [_plain(one) for one in value] if isinstance(value, list) else value
