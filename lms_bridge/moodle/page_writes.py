"""Writing wiki pages: look-ups after doubtful answers, and lock-read-compare-write for updates.

Moodle's own editing checks no version: the last writer wins, so the comparing is done here, under the page's lock.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lms_bridge.connector import Action, Change, Outcome
from lms_bridge.errors import Ambiguous, DestinationError, NotFound, Problem
from lms_bridge.items import mark
from lms_bridge.moodle.dialect import with_images, with_own_files
from lms_bridge.moodle.displayed import hidden_words
from lms_bridge.moodle.marker import find_marker
from lms_bridge.moodle.payloads import changed_meanwhile, conflict, done, failed, ref_of
from lms_bridge.moodle.protocol import Call, Reply
from lms_bridge.moodle.site import SiteParts
from lms_bridge.moodle.subwiki import Subwiki
from lms_bridge.moodle.titles import folded

_EDITS = (Action.UPDATE, Action.MERGE, Action.HIDE)
_LOCKED_AT_ONCE = 40
"""A lock keeps people out until it is written, and lasts half a minute."""
_LISTING_PAYS = 4
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Sent:
    """What became of a change: an outcome, or the number of a page that is to be read back. `version`: what our write
    made of it."""

    change: Change
    found: int | Outcome
    version: str | None = None


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
        edits = [change for action in _EDITS for change in by_action.get(action, [])]
        for at in range(0, len(edits), _LOCKED_AT_ONCE):
            yield from self._update(edits[at : at + _LOCKED_AT_ONCE])
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
        # The first page makes the subwiki, which several calls at once might make twice.
        calls = [call for _, call in ready]
        alone = calls[:1] if not self._wiki.titles else []
        replies = self._ground.client.call_all(alone) + self._ground.client.call_all(calls[len(alone) :])
        sent = [
            _Sent(change, self._created(change, call, reply), "1")
            for (change, call), reply in zip(ready, replies, strict=True)
        ]
        yield from self._read_back_new(sent)

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
        going: list[tuple[Change, Call, int]] = []
        for (change, body), reply in zip(ready, self._ground.client.call_all(locks), strict=True):
            refused = failed(change, reply.error) if reply.error else self._refused(change, reply.value["pagesection"])
            if refused is not None:
                yield refused
            else:
                version = int(reply.value["pagesection"]["version"])
                going.append((change, _edit(change, _number(change), body), version + 1))
        replies = self._ground.client.call_all([call for _, call, _ in going])
        sent: list[_Sent] = []
        for (change, _, version), reply in zip(going, replies, strict=True):
            if reply.error is not None and not self._arrived(change, version):
                sent.append(_Sent(change, failed(change, reply.error)))
            else:
                sent.append(_Sent(change, _number(change), str(version)))
        yield from self._read_back(sent)

    def _refused(self, change: Change, locked: Mapping[str, Any]) -> Outcome | None:
        """Under the lock: is it the page that was looked at? Moodle may go on showing a page's old text for half a
        minute under its new version (mod/wiki/locallib.php, wiki_refresh_cachedcontent: a listing that runs beside a
        person's edit puts the old text back), and a `[[` that is never closed hides what follows it."""
        if change.entry and str(locked.get("version")) != change.entry.version:
            return changed_meanwhile(change)
        if change.before is None:
            return None
        site, wiki = self._ground.site, self._wiki.address()
        unseen = hidden_words(str(locked.get("content") or ""), change.before.html, site=site, wiki=wiki)
        return conflict(change, _not_shown(change, unseen)) if unseen else None

    def _arrived(self, change: Change, version: int) -> bool:
        number = _number(change)
        try:
            page = self._wiki.contents([number]).get(number, {})
        except DestinationError:
            return False
        found = find_marker(str(page.get("cachedcontent", "")))
        ours = bool(found and change.payload and change.payload.fingerprint.startswith(found.fingerprint or "-"))
        return ours and page.get("version") == version

    def _adopt(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        yield from self._read_back([_Sent(change, _number(change)) for change in changes])

    def _read_back_new(self, sent: Sequence[_Sent]) -> Iterator[Outcome]:
        """A listing costs a tenth of asking for each page and tells no versions: what reads as we wrote it is the first
        version that we made; for anything else, and where few are new among many, each page is asked for."""
        self._name(sent)
        shown: dict[int, dict[str, Any]] = {}
        if len(sent) > 1 and len(sent) * _LISTING_PAYS >= len(self._wiki.titles):
            try:
                shown = self._wiki.shown()
            except DestinationError as error:
                _log.info("%s could not be listed, and each page is asked for: %s", self._wiki.ref.title, error)
        doubtful: list[_Sent] = []
        for each in sent:
            outcome = self._as_sent(each, shown)
            if outcome is None:
                doubtful.append(each)
            else:
                yield outcome
        yield from self._read_back(doubtful)

    def _as_sent(self, sent: _Sent, shown: Mapping[int, Mapping[str, Any]]) -> Outcome | None:
        payload = sent.change.payload
        if isinstance(sent.found, Outcome) or sent.found not in shown or payload is None:
            return None
        page = {**shown[sent.found], "title": payload.address}
        body = self._wiki.body(page)
        if body.html != self._wiki.expected(payload):
            return None
        return done(sent.change, self._wiki.entry(page, sent.version or ""), body)

    def _name(self, sent: Sequence[_Sent]) -> None:
        for each in sent:
            if isinstance(each.found, int) and each.change.payload:
                self._wiki.titles[each.found] = each.change.payload.address

    def _read_back(self, sent: Sequence[_Sent]) -> Iterator[Outcome]:
        self._name(sent)
        try:
            pages = self._wiki.contents([each.found for each in sent if isinstance(each.found, int)])
        except DestinationError as error:
            pages, problem = {}, error
        else:
            problem = NotFound("the page was written and is not there any more.", next_step="Sync again.")
        for each in sent:
            if isinstance(each.found, Outcome):
                yield each.found
            elif each.found not in pages:
                yield failed(each.change, problem)
            else:
                yield self._written(each, pages[each.found])

    def _written(self, sent: _Sent, page: Mapping[str, Any]) -> Outcome:
        entry = self._wiki.entry(page, str(page.get("version", "")))
        if sent.version not in (None, entry.version):
            # Somebody saved the page right after us: what stands there is theirs, and the next run sees it.
            return done(sent.change, replace(entry, version=sent.version or ""))
        return done(sent.change, entry, self._wiki.body(page))

    def _bodies(self, changes: Sequence[Change]) -> Iterator[tuple[Change, str | DestinationError]]:
        for change in changes:
            assert change.payload is not None
            urls = self._parts.image_urls(self._wiki.spot.course, changes, change)
            if isinstance(urls, DestinationError):
                yield change, urls
            else:
                body = with_images(self._ground.resolved(change.payload.body), urls)
                place = f"mod_wiki/attachments/{self._wiki.number}"
                yield change, with_own_files(body, place, site=self._ground.site)


def _number(change: Change) -> int:
    return int(ref_of(change))


def _edit(change: Change, number: int, body: str) -> Call:
    args = {"pageid": number, "content": body}
    return Call(function="mod_wiki_edit_page", args=args, write=True, soon=True, where=change.key)


def _not_shown(change: Change, words: Sequence[str]) -> Problem:
    some = ", ".join(f"“{word}”" for word in words[:3])
    return Problem(
        f"the page holds words that Moodle did not show when it was looked at ({some}); nothing was written over it.",
        change.entry.url or change.key if change.entry else change.key,
        "Sync again in a minute. If it stays: open the page's editor in Moodle and close or take out a `[[`.",
    )


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
