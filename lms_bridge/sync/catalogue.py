"""What people look items up by, and no plan goes by: their tags, and what its source keeps back. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lms_bridge.items import Draft, Key, Page, Prompt
from lms_bridge.sync.decision import Listed

if TYPE_CHECKING:
    from lms_bridge.sync.listing import SourceView


@dataclass(frozen=True, slots=True)
class Catalogue:
    """`tags` of each item that was looked at; `whole`: these are all that the source has. `drafts` none: not known."""

    tags: Mapping[Key, tuple[str, ...]] = field(default_factory=dict)
    whole: bool = False
    drafts: tuple[Draft, ...] | None = None


def catalogue_of(view: "SourceView") -> Catalogue:
    tags = {item.key: item.tags for item in view.items if isinstance(item, Page | Prompt)}
    return Catalogue(tags, view.listed is Listed.WHOLE, view.drafts)
