"""The chains of calls by which one page is made, changed, published and removed, each step safe to be cut off.

A page that was written and not published is found again and published by the next run; a changed page is compared
before it is written, because If-Match is documented for deletes alone.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from lms_bridge.errors import Ambiguous, DestinationError, NotFound
from lms_bridge.sharepoint.canvas import shown
from lms_bridge.sharepoint.client import GraphClient
from lms_bridge.sharepoint.kept import Kept, refuse_loss
from lms_bridge.sharepoint.marker import marker_in
from lms_bridge.sharepoint.page_calls import (
    PageState,
    PageText,
    change_page,
    create_page,
    delete_page,
    find_page,
    page_state,
    publish_page,
    read_page,
)
from lms_bridge.sharepoint.payloads import mapping
from lms_bridge.sharepoint.refusals import Changed, NameTaken

_log = logging.getLogger(__name__)
PUBLISH_TRIES = 3


@dataclass(frozen=True, slots=True)
class PageWriter:
    """One site's pages. Every call may be made from many threads, never two on one page."""

    client: GraphClient
    site: str

    def read(self, page: str) -> PageState:
        return page_state(self.client.ask(read_page(self.site, page)).body)

    def find(self, name: str) -> PageState | None:
        for row in self.client.pages(find_page(self.site, name)):
            state = page_state(row)
            if state.name.casefold() == name.casefold():
                return state
        return None

    def create(self, name: str, text: PageText, *, known: Callable[[str], PageState | None]) -> PageState:
        """Make and publish. `known` gives a page that stands under the name already."""
        standing = known(name)
        made = standing if standing is not None else self._made(name, text)
        if not _is_that(made, text):
            raise NameTaken(
                f"a page named {name} stands there already, and its text is not this one",
                next_step="The next run recognises it when it is ours; otherwise rename or remove it.",
            )
        return self._finished(made.id) if made.draft or standing is None else self.read(made.id)

    def change(self, page: str, text: PageText, *, version: str, kept: Kept | None = None) -> PageState:
        """Replace the whole text of the version that we know, and publish. With `kept`, the text holds that much of
        what people put on the page, and is refused where it would drop anything else of theirs."""
        state = self.read(page)
        if state.version != version:
            raise _moved()
        if kept is not None:
            refuse_loss(shown(state.canvas).kept, kept)
        self._changed(page, text, version)
        return self._finished(page)

    def publish(self, page: str) -> PageState:
        return self._published(page)

    def delete(self, page: str, *, version: str) -> None:
        """To the recycle bin; a page that is gone already is well."""
        try:
            self.client.ask(delete_page(self.site, page, version=version))
        except NotFound:
            return
        except Ambiguous:
            if self._stands(page):
                raise

    def _made(self, name: str, text: PageText) -> PageState:
        """Never sent twice blindly: after an answer that did not come, the name is looked up first."""
        call = create_page(self.site, name, text)
        for last in (False, True):
            try:
                made = page_state(mapping(self.client.ask(call).body))
            except (Ambiguous, NameTaken) as error:
                found = self.find(name)
                if found is not None:
                    return found
                if last or not isinstance(error, Ambiguous):
                    raise
                continue
            if made.name.casefold() != name.casefold():
                self._take_back(made)
                raise NameTaken(f"a page named {name} stands there already", next_step="Rename or remove it.")
            return made
        raise AssertionError("two tries end in a return or an error")

    def _take_back(self, made: PageState) -> None:
        """SharePoint numbered the name by itself: the page that came of it is nobody's."""
        try:
            self.client.ask(delete_page(self.site, made.id, version=made.version))
        except DestinationError:
            _log.warning("the page %s was made by SharePoint's renaming and could not be removed", made.name)

    def _changed(self, page: str, text: PageText, version: str) -> None:
        call = change_page(self.site, page, text, version=version)
        for last in (False, True):
            try:
                self.client.ask(call)
            except Ambiguous:
                state = self.read(page)
                if _is_that(state, text):
                    return
                if last or state.version != version:
                    raise
                continue
            return

    def _finished(self, page: str) -> PageState:
        """What stands there is ours from here on: whatever hinders the rest, the next run must know of it."""
        try:
            return self._published(page)
        except Ambiguous:
            raise
        except DestinationError as error:
            cause = f"the page is written, but readers do not see it yet: {error.problem.cause}"
            raise Ambiguous(cause, where=error.problem.where, next_step=error.problem.next_step) from error

    def _published(self, page: str) -> PageState:
        """Publishing twice does no harm. It may stumble over its own page's last change
        (https://github.com/SharePoint/sp-dev-docs/issues/8806)."""
        for left in reversed(range(PUBLISH_TRIES)):
            try:
                self.client.ask(publish_page(self.site, page))
            except (Ambiguous, Changed):
                if not self.read(page).draft:
                    break
                if not left:
                    raise
                continue
            break
        return self.read(page)

    def _stands(self, page: str) -> bool:
        try:
            self.read(page)
        except NotFound:
            return False
        return True


def _is_that(state: PageState, text: PageText) -> bool:
    """Whether the page carries the marker, with the fingerprint, that the text would be written with."""
    found, wanted = marker_in(state.description), marker_in(text.description)
    return found is not None and found == wanted


def _moved() -> Changed:
    return Changed("somebody changed the page since it was listed", next_step="Run again: it is compared anew.")
