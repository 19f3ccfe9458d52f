"""Columns: the ones every list is born with, the rules for making and changing others.

Names, facets and limits as columnDefinition has them; the rules (unique needs an index, long text cannot
be indexed, twenty indexes a list) are SharePoint's.
"""

import re
from collections.abc import Mapping
from typing import Any

from lms_bridge.sandbox.sharepoint.clock import Ids
from lms_bridge.sandbox.sharepoint.errors import Refusal, bad_request, name_taken
from lms_bridge.sandbox.sharepoint.model import Column, Item, SpList

KINDS = (
    "boolean", "calculated", "choice", "contentApprovalStatus", "currency", "dateTime", "geolocation",
    "hyperlinkOrPicture", "lookup", "number", "personOrGroup", "term", "text", "thumbnail",
)  # fmt: skip
_MOST_INDEXES = 20
_LARGEST_FOR_NEW_INDEX = 20_000
_UNINDEXABLE = {"calculated", "hyperlinkOrPicture", "geolocation", "thumbnail"}
_UNIQUE = {"choice", "currency", "dateTime", "lookup", "number", "personOrGroup", "text"}

_Row = tuple[str, str, str, dict[str, Any], bool, bool]
_BUILT_IN: tuple[_Row, ...] = (
    # name, display name, kind, facet, read only, hidden
    ("ID", "ID", "number", {"decimalPlaces": "none"}, True, False),
    ("ContentType", "Content Type", "text", {}, True, False),
    ("Title", "Title", "text", {"maxLength": 255}, False, False),
    ("Modified", "Modified", "dateTime", {"format": "dateTime", "displayAs": "standard"}, True, False),
    ("Created", "Created", "dateTime", {"format": "dateTime", "displayAs": "standard"}, True, False),
    ("Author", "Created By", "personOrGroup", {"chooseFromType": "peopleAndGroups"}, True, False),
    ("Editor", "Modified By", "personOrGroup", {"chooseFromType": "peopleAndGroups"}, True, False),
    ("_UIVersionString", "Version", "text", {}, True, False),
    ("Attachments", "Attachments", "text", {}, True, False),
    ("Edit", "Edit", "text", {}, True, False),
    ("LinkTitleNoMenu", "Title", "text", {}, True, False),
    ("LinkTitle", "Title", "text", {}, True, False),
)
_LIBRARY: tuple[_Row, ...] = (
    ("FileLeafRef", "Name", "text", {"maxLength": 255}, False, False),
    ("FileSizeDisplay", "File Size", "text", {}, True, False),
    ("_CheckinComment", "Check In Comment", "text", {}, True, False),
)
_PAGES: tuple[_Row, ...] = (
    ("Description", "Description", "text", {"allowMultipleLines": True}, False, False),
    ("PromotedState", "Promoted State", "number", {"decimalPlaces": "none"}, True, True),
    ("BannerImageUrl", "Banner Image URL", "hyperlinkOrPicture", {"isPicture": True}, False, True),
)

MODERATION = "_ModerationStatus"
_APPROVAL = Column(
    "fdc3b2ed-5bf2-4835-a4bc-b885f3396a61", MODERATION, "Approval Status", "contentApprovalStatus",
    read_only=True, deletable=False, group="_Hidden",
)  # fmt: skip


def listed_columns(splist: SpList) -> list[Column]:
    """Hidden ones are not listed, and that of the approval is hidden while a list wants none."""
    return [*splist.columns.values(), *([_APPROVAL] if splist.moderates else [])]


def built_in_columns(ids: Ids, template: str) -> dict[str, Column]:
    rows = list(_BUILT_IN)
    if template in {"documentLibrary", "webPageLibrary", "pictureLibrary"}:
        rows += list(_LIBRARY)
    if template == "webPageLibrary":
        rows += list(_PAGES)
    found = {}
    for name, display_name, kind, facet, read_only, hidden in rows:
        found[name] = Column(
            ids.guid(),
            name,
            display_name,
            kind,
            dict(facet),
            indexed=name == "ID",
            read_only=read_only,
            hidden=hidden,
            deletable=False,
            group="_Hidden" if hidden else "Core Columns",
            required=name == "Title" and template == "genericList",
        )
    return found


def internal_name(display_name: str) -> str:
    """SharePoint's own encoding: `Course key` → `Course_x0020_key`, 32 characters at most."""
    encoded = re.sub(r"[^A-Za-z0-9_]", lambda found: f"_x{ord(found.group()):04x}_", display_name)
    return encoded[:32]


def find_column(splist: SpList, key: str) -> Column | None:
    """By id or internal name."""
    folded = key.casefold().strip("{}")
    for column in splist.columns.values():
        if folded in (column.id, column.name.casefold()):
            return column
    return None


def make_column(ids: Ids, asked: Mapping[str, Any]) -> Column:
    """A column from a columnDefinition of a request."""
    kinds = [kind for kind in KINDS if isinstance(asked.get(kind), dict)]
    if len(kinds) > 1:
        raise bad_request(f"A column can only be of one type; found {', '.join(kinds)}.")
    display_name = asked.get("displayName") or asked.get("name")
    if not display_name:
        raise bad_request("A column needs a name.")
    name = asked.get("name") or display_name
    if not re.fullmatch(r"[^\"*:<>?/\\|#%&{}~]+", name):
        raise bad_request(f"The column name '{name}' contains characters that are not allowed.")
    kind = kinds[0] if kinds else "text"
    return Column(
        ids.guid(),
        internal_name(name),
        display_name,
        kind,
        _facet(kind, asked.get(kind) or {}),
        indexed=bool(asked.get("indexed", False)),
        unique=bool(asked.get("enforceUniqueValues", False)),
        required=bool(asked.get("required", False)),
        hidden=bool(asked.get("hidden", False)),
        read_only=bool(asked.get("readOnly", False)),
        description=asked.get("description") or "",
        group=asked.get("columnGroup") or "Custom Columns",
        # Known to be accepted and then ignored: microsoft-graph-docs-contrib#3480.
        default=asked.get("defaultValue"),
    )


def add_column(splist: SpList, column: Column) -> Column:
    taken = {name.casefold() for name in splist.columns}
    if column.name.casefold() in taken:
        raise name_taken(f"A column named '{column.name}' already exists in this list.")
    check_flags(splist, column)
    splist.columns[column.name] = column
    return column


def check_flags(splist: SpList, column: Column) -> None:
    """Raise when the column's index or uniqueness cannot be."""
    if column.unique and not column.indexed:
        raise Refusal(
            400,
            "invalidRequest",
            "This field must be indexed to enforce unique values",
            rest_status=500,
        )
    if not column.indexed:
        return
    if column.kind in _UNINDEXABLE or column.facet.get("allowMultipleLines"):
        raise bad_request(f"The field '{column.name}' cannot be indexed.")
    if column.unique and column.kind not in _UNIQUE:
        raise bad_request(f"The field '{column.name}' cannot enforce unique values.")
    others = [one for one in splist.columns.values() if one.indexed and one is not column and one.deletable]
    if len(others) >= _MOST_INDEXES:
        raise bad_request("The maximum number of indexed columns (20) has been reached for this list.")
    before = splist.columns.get(column.name)
    if len(splist.items) > _LARGEST_FOR_NEW_INDEX and not (before and before.indexed):
        raise bad_request("The list is too large for an index to be added.")
    if column.unique:
        refuse_duplicates(column, splist.items.values())


def refuse_duplicates(column: Column, items: Any) -> None:
    seen: set[object] = set()
    for item in items:
        value = unique_value(item, column.name)
        if value in seen:
            raise bad_request(f"The column '{column.name}' holds duplicate values; it cannot be made unique.")
        if value is not None:
            seen.add(value)


def unique_value(item: Item, name: str) -> object:
    value = item.fields.get(name)
    return value.casefold() if isinstance(value, str) else value


def _facet(kind: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    facet = {name: value for name, value in asked.items() if not name.startswith("@odata")}
    if kind == "text":
        defaults: dict[str, Any] = {
            "allowMultipleLines": False,
            "appendChangesToExistingText": False,
            "linesForEditing": 0,
            "maxLength": 255,
        }
        if facet.get("allowMultipleLines"):
            defaults = {**defaults, "linesForEditing": 6, "textType": "plain", "maxLength": None}
        facet = {name: value for name, value in {**defaults, **facet}.items() if value is not None}
        limit = facet.get("maxLength", 255)
        if not facet["allowMultipleLines"] and not 1 <= limit <= 255:
            raise bad_request("maxLength of a single line of text must be between 1 and 255.")
    if kind == "choice":
        defaults = {"allowTextEntry": False, "choices": [], "displayAs": "dropDownMenu"}
        facet = {**defaults, **facet}
    if kind == "dateTime":
        facet = {"displayAs": "default", "format": "dateOnly", **facet}
    if kind == "number":
        facet = {"decimalPlaces": "automatic", "displayAs": "number", **facet}
    return facet
