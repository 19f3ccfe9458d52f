"""Writing wiki pages: look-ups after doubtful answers, and lock-read-compare-write for updates.

Moodle's own editing checks no version: the last writer wins, so the comparing is done here, under the page's lock.
"""

from collections.abc import Iterator, Sequence

from lms_bridge.connector import Action, Change, Outcome
from lms_bridge.errors import Ambiguous, DestinationError, NotFound, Problem
from lms_bridge.items import mark
from lms_bridge.moodle.dialect import with_images
from lms_bridge.moodle.marker import find_marker
from lms_bridge.moodle.payloads import changed_meanwhile, done, failed, ref_of
from lms_bridge.moodle.protocol import Call, Reply
from lms_bridge.moodle.site import SiteParts
from lms_bridge.moodle.subwiki import Subwiki
from lms_bridge.moodle.titles import folded

_EDITS = (Action.UPDATE, Action.MERGE, Action.HIDE)


class PageWriter:
    """Writes pages of one subwiki. One thread at a time: concurrent edits of a page collide in Moodle."""

    def __init__(self, wiki: Subwiki, parts: SiteParts) -> None:
        self._wiki = wiki
        self._parts = parts
        self._ground = parts.ground

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        by_action: dict[Action, list[Change]] = {}
        for change in changes:
            by_action.setdefault(change.action, []).append(change)
        yield from self._create(by_action.get(Action.CREATE, []))
        yield from self._update([change for action in _EDITS for change in by_action.get(action, [])])
        yield from self._adopt(by_action.get(Action.ADOPT, []))
        deletes = by_action.get(Action.DELETE, [])
        standing = self._wiki.contents([_number(change) for change in deletes])
        for change in deletes:
            yield failed(change, cannot_delete(change)) if _number(change) in standing else done(change)

    def _create(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        wiki = self._wiki.activity()
        ready: list[tuple[Change, Call]] = []
        for change, body in self._bodies(changes):
            if isinstance(body, DestinationError):
                yield failed(change, body)
                continue
            assert change.payload is not None
            args = {
                "title": change.payload.address,
                "content": body,
                "contentformat": "html",
                "wikiid": wiki.id,
                "userid": 0,
                "groupid": self._wiki.spot.group,
            }
            call = Call(function="mod_wiki_new_page", args=args, write=True, where=change.key)
            ready.append((change, call))
        replies = self._ground.client.call_all([call for _, call in ready])
        settled: list[tuple[Change, int | Outcome]] = []
        for (change, call), reply in zip(ready, replies, strict=True):
            settled.append((change, self._created(change, call, reply)))
        yield from self._read_back(settled)

    def _created(self, change: Change, call: Call, reply: Reply) -> int | Outcome:
        """The new page's number. After a doubtful answer the title is looked up before anything is sent again."""
        if reply.error is None:
            return int(reply.value["pageid"])
        if reply.code not in ("pageexists", "dmlwriteexception") and not isinstance(reply.error, Ambiguous):
            return failed(change, reply.error)
        try:
            found = self._find(change)
            if found is None and reply.code != "pageexists":
                # The title is a key in Moodle: sent twice, the second is refused.
                again = self._ground.client.call_all([call])[0]
                if again.error is None:
                    return int(again.value["pageid"])
                found = self._find(change)
        except DestinationError as error:
            return failed(change, error)
        return found if found is not None else failed(change, reply.error)

    def _find(self, change: Change) -> int | Outcome | None:
        """The page that stands under the change's title: ours, an empty one left by a crash, or a person's."""
        assert change.payload is not None
        rows = self._wiki.listed()
        same = [row for row in rows if folded(str(row["title"])) == folded(change.payload.address)]
        for row in same:
            found = find_marker(str(row.get("cachedcontent", "")))
            if found is not None and change.payload.fingerprint.startswith(found.fingerprint or "-"):
                return int(row["id"])
            page = self._wiki.contents([int(row["id"])]).get(int(row["id"]), {})
            if page and "version" not in page:
                return failed(change, _beyond_repair(change))
            if page and self._wiki.is_free(str(row["title"]), str(page["version"]), str(page["cachedcontent"])):
                return self._heal(change, int(row["id"]))
            return failed(change, _title_taken(change, found.mark if found else ""))
        return None

    def _heal(self, change: Change, number: int) -> int | Outcome:
        """A page without text: Moodle says it exists, and editing it makes it whole."""
        (_, body), *_rest = self._bodies([change])
        if isinstance(body, DestinationError):
            return failed(change, body)
        reply = self._ground.client.call_all([_edit(change, number, body)])[0]
        return number if reply.error is None else failed(change, reply.error)

    def _update(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Lock, read, compare, write: Moodle's own editing has no check of versions."""
        ready: list[tuple[Change, str]] = []
        for change, body in self._bodies(changes):
            if isinstance(body, DestinationError):
                yield failed(change, body)
            else:
                ready.append((change, body))
        locks = [
            Call(function="mod_wiki_get_page_for_editing", args={"pageid": _number(change)}, where=change.key)
            for change, _ in ready
        ]
        going: list[tuple[Change, Call]] = []
        for (change, body), reply in zip(ready, self._ground.client.call_all(locks), strict=True):
            if reply.error is not None:
                yield failed(change, reply.error)
            elif change.entry and str(reply.value["pagesection"].get("version")) != change.entry.version:
                yield changed_meanwhile(change)
            else:
                going.append((change, _edit(change, _number(change), body)))
        replies = self._ground.client.call_all([call for _, call in going])
        settled: list[tuple[Change, int | Outcome]] = []
        for (change, _), reply in zip(going, replies, strict=True):
            number = _number(change)
            arrived = reply.error is None or self._arrived(change, number)
            settled.append((change, failed(change, reply.error) if reply.error and not arrived else number))
        yield from self._read_back(settled)

    def _arrived(self, change: Change, number: int) -> bool:
        try:
            page = self._wiki.contents([number]).get(number, {})
        except DestinationError:
            return False
        found = find_marker(str(page.get("cachedcontent", "")))
        return bool(found and change.payload and change.payload.fingerprint.startswith(found.fingerprint or "-"))

    def _adopt(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        yield from self._read_back([(change, _number(change)) for change in changes])

    def _read_back(self, settled: Sequence[tuple[Change, int | Outcome]]) -> Iterator[Outcome]:
        for _change, found in settled:
            if isinstance(found, int) and _change.payload:
                self._wiki.titles[found] = _change.payload.address
        try:
            pages = self._wiki.contents([found for _, found in settled if isinstance(found, int)])
        except DestinationError as error:
            pages, problem = {}, error
        else:
            problem = NotFound("the page was written and is not there any more.", next_step="Sync again.")
        for change, found in settled:
            if isinstance(found, Outcome):
                yield found
            elif found not in pages:
                yield failed(change, problem)
            else:
                page = pages[found]
                entry = self._wiki.entry(page, str(page.get("version", "")))
                yield done(change, entry, self._wiki.body(page))

    def _bodies(self, changes: Sequence[Change]) -> Iterator[tuple[Change, str | DestinationError]]:
        for change in changes:
            assert change.payload is not None
            urls = self._parts.image_urls(self._wiki.spot.course, changes, change)
            if isinstance(urls, DestinationError):
                yield change, urls
            else:
                yield change, with_images(self._ground.resolved(change.payload.body), urls)


def _number(change: Change) -> int:
    return int(ref_of(change))


def _edit(change: Change, number: int, body: str) -> Call:
    args = {"pageid": number, "content": body}
    return Call(function="mod_wiki_edit_page", args=args, write=True, where=change.key)


def cannot_delete(change: Change) -> Problem:
    return Problem(
        "Moodle has no web service that deletes a wiki page.",
        change.entry.url or change.key if change.entry else change.key,
        "Delete it in the wiki under `Administration`, or leave it.",
    )


def _beyond_repair(change: Change) -> Problem:
    """No web service writes or deletes such a page: their calls fail inside."""
    title = change.payload.address if change.payload else change.title
    return Problem(
        f"the server died while it made the page “{title}”; what it left can be neither filled nor deleted from here.",
        change.key,
        "Delete the page in Moodle: the `Administration` of another page of the wiki has it under `List all`, its own "
        "does not open. The next sync makes it anew.",
    )


def _title_taken(change: Change, by: str) -> Problem:
    title = change.payload.address if change.payload else change.title
    if by == mark(change.key):
        cause = f"our page “{title}” was written by another run at the same time."
        return Problem(cause, change.key, "Sync again, and let only one installation write here.")
    if by:
        return Problem(
            f"the page “{title}” stands in the wiki as another item's: a source or an item's id was renamed.",
            change.key,
            "Give the source or the item its old name back, or delete that page in the wiki under `Administration`.",
        )
    return Problem(
        f"a page “{title}” that is not ours already stands in the wiki.",
        change.key,
        "Delete or empty that page in Moodle under the wiki's `Administration`, or give ours another title.",
    )
