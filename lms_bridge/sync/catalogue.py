"""What people look items up by, and no plan goes by: their tags, and what its source keeps back. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lms_bridge.items import Draft, Item, Key, Page, Prompt


@dataclass(frozen=True, slots=True)
class Catalogue:
    """`tags` of items that were looked at; `whole`: these are all that the source has. `drafts` none: not known."""

    tags: Mapping[Key, tuple[str, ...]] = field(default_factory=dict)
    whole: bool = False
    drafts: tuple[Draft, ...] | None = None


def catalogue_of(items: Iterable[Item], drafts: Iterable[Draft] | None, *, whole: bool) -> Catalogue:
    # Where these are all, what is not named has none.
    tags = {item.key: item.tags for item in items if isinstance(item, Page | Prompt) and (item.tags or not whole)}
    return Catalogue(tags, whole, None if drafts is None else tuple(drafts))
