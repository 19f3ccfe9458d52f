"""Graph's column definitions, as the set-up writes them and as `check` looks for them.

`name` is the internal name: ASCII, set once; people may rename what they see. Columns of our own begin with `Lms`,
because AverageRating and RatingCount are reserved. Addresses are texts: Graph cannot write hyperlink columns
(https://github.com/microsoftgraph/msgraph-sdk-dotnet/issues/2957).
"""

from collections.abc import Mapping
from typing import Any

Column = Mapping[str, Any]
MAX_TEXT = 255
# SharePoint's own limit is given as 63,999.
MAX_NOTE = 60_000


def key_column(name: str, title: str) -> Column:
    """Unique and indexed, both in one call: unique without index is refused, and later indexing may be blocked."""
    return {
        "name": name,
        "displayName": title,
        "required": True,
        "indexed": True,
        "enforceUniqueValues": True,
        "text": {"allowMultipleLines": False, "maxLength": MAX_TEXT},
    }


def text_column(name: str, title: str, *, most: int = MAX_TEXT, indexed: bool = False) -> Column:
    column = {"name": name, "displayName": title, "text": {"maxLength": most}}
    return {**column, "indexed": True} if indexed else column


def note_column(name: str, title: str) -> Column:
    return {"name": name, "displayName": title, "text": {"allowMultipleLines": True, "textType": "plain"}}


def number_column(name: str, title: str, *, decimals: str, maximum: int | None = None) -> Column:
    number: dict[str, Any] = {"decimalPlaces": decimals, "minimum": 0}
    if maximum is not None:
        number["maximum"] = maximum
    return {"name": name, "displayName": title, "number": number}


def moment_column(name: str, title: str) -> Column:
    return {"name": name, "displayName": title, "dateTime": {"format": "dateTime", "displayAs": "standard"}}


def cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
