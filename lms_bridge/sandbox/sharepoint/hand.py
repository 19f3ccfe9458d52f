"""A person's hand: what people do in the browser while the bridge is not looking.

The same from Python (`Hand(tenant)`) and by `POST /_sandbox/hand/{deed}` with the arguments as JSON.
"""

from copy import deepcopy
from typing import Any

from lms_bridge.sandbox.sharepoint.canvas import EDITORS_OWN, WEB_PARTS, clean_as_editor, web_parts
from lms_bridge.sandbox.sharepoint.errors import bad_request, not_found
from lms_bridge.sandbox.sharepoint.files import rename
from lms_bridge.sandbox.sharepoint.model import Actor, Comment, Item, Site, SpList
from lms_bridge.sandbox.sharepoint.pages import page_library, set_published
from lms_bridge.sandbox.sharepoint.store import (
    changed,
    delete_item,
    delete_list,
    find_file,
    find_item,
    find_list,
    restore,
    update_item,
)
from lms_bridge.sandbox.sharepoint.tenant import PERSON, Tenant

DEEDS = (
    "edit_page", "retitle_page", "add_part", "rename_page", "delete_page", "restore", "lock_page", "unlock_page",
    "check_out_page", "check_in_page", "approve_page", "break_page", "cut_off_page", "comment_page", "reply",
    "like_page", "view_page", "rate_item",
    "comment_item", "edit_item", "approve_item", "delete_item", "delete_list", "require_approval", "forget_changes",
)  # fmt: skip


class Hand:
    """`page` is a file name or page id, `list_title` a list's title, `number` an item's."""

    def __init__(self, tenant: Tenant, *, site: str = "/sites/learning", person: Actor = PERSON) -> None:
        self._tenant = tenant
        self._path = site
        self._person = person

    def edit_page(self, page: str, html: str, *, part: int = 0, title: str = "", publish: bool = True) -> None:
        """Replace the text of the `part`-th text web part as the editor in the browser would save it."""
        with self._tenant.lock:
            item = self._page(page)
            assert item.page is not None
            texts = [one for one in web_parts(item.page.canvas) if "innerHtml" in one]
            if texts and part < len(texts):
                # What readers were shown before must stay as it was: parts are replaced, not changed.
                item.page.canvas = _replaced(item.page.canvas, texts[part]["id"], clean_as_editor(html))
            elif texts:
                raise bad_request(f"The page has {len(texts)} text web parts; there is no number {part}.")
            item.page.title = title or item.page.title
            self._save(item, publish=publish)

    def retitle_page(self, page: str, title: str) -> None:
        with self._tenant.lock:
            item = self._page(page)
            self._state(page).title = title
            self._save(item)

    def add_part(
        self, page: str, kind: str, *, title: str = "", properties: dict[str, Any] | None = None, at: int | None = None
    ) -> None:
        """Put a web part on the page, before the `at`-th of its first column or at its end.

        The editor takes every kind that the tenant has, and writes properties that Graph does not take back.
        """
        part = {
            "@odata.type": "#microsoft.graph.standardWebPart",
            "id": self._tenant.ids.guid(),
            "webPartType": kind,
            "data": {
                "dataVersion": "1.0",
                "title": title or WEB_PARTS.get(kind, "Web part"),
                "description": "",
                "properties": {**(properties or {}), EDITORS_OWN: "externallink"},
                "serverProcessedContent": {
                    "htmlStrings": [],
                    "searchablePlainTexts": [],
                    "links": [],
                    "imageSources": [],
                },
            },
        }
        with self._tenant.lock:
            item = self._page(page)
            state = self._state(page)
            state.canvas = deepcopy(state.canvas)
            parts = state.canvas["horizontalSections"][0]["columns"][0]["webparts"]
            parts.insert(len(parts) if at is None else at, part)
            self._save(item)

    def rename_page(self, page: str, name: str) -> None:
        with self._tenant.lock:
            item, library = self._page(page), page_library(self._site())
            rename(library, item, name)
            changed(self._tenant, library, item, self._person)

    def delete_page(self, page: str) -> str:
        """Returns the id in the recycle bin."""
        with self._tenant.lock:
            item = self._page(page)
            library = page_library(self._site())
            return delete_item(self._tenant, self._site(), library, item, actor=self._person).id

    def restore(self, recycled: str) -> None:
        with self._tenant.lock:
            for one in self._tenant.recycle_bin:
                if one.id == recycled:
                    restore(self._tenant, one)
                    return
        raise not_found("Nothing with this id is in the recycle bin.")

    def lock_page(self, page: str) -> None:
        """Have the page open for editing: co-authoring holds a shared lock."""
        with self._tenant.lock:
            self._state(page).shared_lock = self._person

    def unlock_page(self, page: str) -> None:
        with self._tenant.lock:
            self._state(page).shared_lock = None

    def check_out_page(self, page: str) -> None:
        with self._tenant.lock:
            self._state(page).checked_out_by = self._person

    def check_in_page(self, page: str) -> None:
        with self._tenant.lock:
            self._state(page).checked_out_by = None

    def approve_page(self, page: str) -> None:
        with self._tenant.lock:
            set_published(self._tenant, self._site(), self._page(page), actor=self._person)

    def break_page(self, page: str) -> None:
        """Make it one of the pages whose canvas Graph cannot read."""
        with self._tenant.lock:
            self._state(page).unreadable = True

    def cut_off_page(self, page: str, *, keeps_text: bool = True) -> None:
        """What a service that died while it made the page leaves: a draft that nobody was shown, perhaps empty."""
        with self._tenant.lock:
            state = self._state(page)
            state.major, state.minor, state.published, state.first_published = 0, 1, None, None
            if not keeps_text:
                state.description, state.canvas = "", {}

    def comment_page(self, page: str, text: str) -> int:
        with self._tenant.lock:
            return self._comment(page_library(self._site()), self._page(page), text)

    def comment_item(self, list_title: str, number: int, text: str) -> int:
        with self._tenant.lock:
            splist = self._list(list_title)
            return self._comment(splist, find_item(splist, str(number)), text)

    def reply(self, page: str, comment: int, text: str) -> int:
        with self._tenant.lock:
            library, item = page_library(self._site()), self._page(page)
            for one in item.comments:
                if one.number == comment:
                    library.last_comment += 1
                    now = self._tenant.clock.now()
                    answer = Comment(library.last_comment, text, self._person, now, parent=comment)
                    one.replies.append(answer)
                    return answer.number
        raise not_found("There is no such comment.")

    def like_page(self, page: str) -> None:
        with self._tenant.lock:
            item = self._page(page)
            if self._person not in item.liked_by:
                item.liked_by.append(self._person)

    def view_page(self, page: str, times: int = 1) -> None:
        with self._tenant.lock:
            views = self._page(page).views
            views[self._person.email] = views.get(self._person.email, 0) + times

    def rate_item(self, list_title: str, number: int, stars: int) -> None:
        with self._tenant.lock:
            find_item(self._list(list_title), str(number)).ratings[self._person.email] = stars

    def edit_item(self, list_title: str, number: int, fields: dict[str, Any]) -> None:
        with self._tenant.lock:
            splist = self._list(list_title)
            update_item(self._tenant, splist, find_item(splist, str(number)), fields, actor=self._person)

    def approve_item(self, list_title: str, number: int) -> None:
        with self._tenant.lock:
            splist = self._list(list_title)
            item = find_item(splist, str(number))
            item.moderation = 0
            changed(self._tenant, splist, item, self._person)

    def delete_item(self, list_title: str, number: int) -> str:
        with self._tenant.lock:
            splist = self._list(list_title)
            item = find_item(splist, str(number))
            return delete_item(self._tenant, self._site(), splist, item, actor=self._person).id

    def delete_list(self, list_title: str) -> str:
        with self._tenant.lock:
            return delete_list(self._tenant, self._site(), self._list(list_title), actor=self._person).id

    def require_approval(self, list_title: str = "", *, on: bool = True) -> None:
        """Switch the content approval of a list, or an approval flow for Site Pages, on or off."""
        with self._tenant.lock:
            splist = self._list(list_title) if list_title else page_library(self._site())
            splist.approval = on

    def forget_changes(self, list_title: str) -> None:
        """Make every delta token handed out so far too old."""
        with self._tenant.lock:
            splist = self._list(list_title)
            splist.oldest_token = (splist.touches[-1].sequence if splist.touches else 0) + 1

    def _save(self, item: Item, *, publish: bool = True) -> None:
        """Everything set: a new draft of this person's, which readers see when it is published."""
        assert item.page is not None
        item.page.minor += 1
        changed(self._tenant, page_library(self._site()), item, self._person)
        if publish:
            set_published(self._tenant, self._site(), item, actor=self._person)

    def _comment(self, splist: SpList, item: Item, text: str) -> int:
        if item.comments_disabled:
            raise bad_request("Comments are turned off here.")
        splist.last_comment += 1
        now = self._tenant.clock.now()
        item.comments.append(Comment(splist.last_comment, text, self._person, now))
        return splist.last_comment

    def _site(self) -> Site:
        site = self._tenant.site_at(self._path)
        if site is None:
            raise not_found(f"There is no site at {self._path}.")
        return site

    def _list(self, title: str) -> SpList:
        return find_list(self._site(), title)

    def _page(self, key: str) -> Item:
        library = page_library(self._site())
        return find_file(library, key) or find_item(library, key)

    def _state(self, key: str) -> Any:
        return self._page(key).page


def _replaced(canvas: dict[str, Any], part_id: str, html: str) -> dict[str, Any]:
    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            if value.get("id") == part_id and "innerHtml" in value:
                return {**value, "innerHtml": html}
            return {name: walk(inner) for name, inner in value.items()}
        return [walk(inner) for inner in value] if isinstance(value, list) else value

    replaced: dict[str, Any] = walk(canvas)
    return replaced
