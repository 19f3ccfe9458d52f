"""Which of a site's pages are ours, and how a page looks as an entry. Pure; `pages` lists and writes them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lms_bridge.connector import Entry
from lms_bridge.items import Kind
from lms_bridge.sharepoint.marker import marker_in
from lms_bridge.sharepoint.page_calls import PageState
from lms_bridge.sharepoint.slugs import is_name_of, mark_part


@dataclass(frozen=True, slots=True)
class PageOwners:
    """What is known of one kind's pages: our own app, the marks of items that are located, and the page of each mark.

    People copy pages, and the copy has the description too: the name decides, and where no name fits (a person renamed
    the file) a page that is the only one of its mark.
    """

    kind: Kind
    app: str
    marks: Mapping[str, str]
    """By the part of them that stands in a page's name: a page whose description a person emptied is still ours."""
    pages: Mapping[str, PageState] = field(default_factory=dict)

    def entry(self, state: PageState) -> Entry:
        marker = marker_in(state.description)
        own: str | None = None
        if marker is None:
            own = self.marks.get(mark_part(state.name) or "")
        elif marker.kind is self.kind and self._bears(state, marker.mark):
            own = marker.mark
        signed = marker if own is not None else None
        unfinished = own is not None and self.is_cut_off(state)
        return Entry(
            ref=state.id,
            version=state.version,
            name=state.name,
            mark=own,
            fingerprint=signed.fingerprint if signed is not None else None,
            installation=(signed.installation or None) if signed is not None else None,
            title=state.title,
            url=state.url or None,
            unfinished=unfinished,
            # Published as far as we can: what readers do not see after that waits for somebody to approve it.
            unseen=unfinished,
        )

    def is_cut_off(self, state: PageState) -> bool:
        """A draft that we wrote last: people's drafts, and other apps', are theirs."""
        return state.draft and bool(state.app) and self.app in ("", state.app)

    def _bears(self, state: PageState, own: str) -> bool:
        owner = self.pages.get(own)
        return owner.id == state.id if owner is not None else is_name_of(state.name, own)


def by_name(marks: Iterable[str]) -> dict[str, str]:
    return {mark[:6]: mark for mark in sorted(marks)}


def owned_among(states: Sequence[PageState], kind: Kind) -> dict[str, PageState]:
    """The page of each mark."""
    bearers: dict[str, list[PageState]] = {}
    for state in states:
        marker = marker_in(state.description)
        if marker is not None and marker.kind is kind:
            bearers.setdefault(marker.mark, []).append(state)
    owned: dict[str, PageState] = {}
    for own, found in bearers.items():
        named = [state for state in found if is_name_of(state.name, own)] or found
        if len(named) == 1:
            owned[own] = named[0]
    return owned
