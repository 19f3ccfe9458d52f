"""Wiki pages of one course (and group). The title is the key that Moodle keeps; a page cannot be renamed or deleted."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from lms_bridge.connector import Action, Body, Change, Context, Cost, Entry, Outcome, Payload, PlaceRef
from lms_bridge.errors import ContentError, DestinationError, NotFound, Problem
from lms_bridge.items import Item, Key, Page
from lms_bridge.moodle.dialect import Reading, to_moodle, with_images
from lms_bridge.moodle.displayed import WikiAddress, expected_form, normal
from lms_bridge.moodle.ground import spot_of
from lms_bridge.moodle.marker import find_marker, marker
from lms_bridge.moodle.payloads import body_of, changed_meanwhile, done, failed, fingerprint, first_of_each_mark
from lms_bridge.moodle.protocol import Call, Reply
from lms_bridge.moodle.site import SiteParts
from lms_bridge.moodle.titles import folded, unique_titles

_log = logging.getLogger(__name__)

_AT_ONCE = 40
DEFAULT_FIRST = "Home"


class WikiPages:
    """One wiki's pages for one group. One thread at a time."""

    def __init__(self, ref: PlaceRef, parts: SiteParts) -> None:
        self.ref = ref
        self._ground = parts.ground
        self._parts = parts
        self._spot = spot_of(ref)
        self._titles: dict[int, str] = {}

    def addresses(self, items: Sequence[Item], standing: Mapping[Key, str]) -> Mapping[Key, str]:
        first = self._first_title()
        fixed = dict(standing)
        for item in items:
            if isinstance(item, Page) and item.index and item.key not in fixed:
                fixed[item.key] = first
        return unique_titles(((item.key, item.title) for item in items), fixed, taken=[first])

    def render(self, item: Item, context: Context) -> Payload:
        if not isinstance(item, Page):
            raise ContentError(f"{item.kind} cannot stand in a wiki.", where=str(item.origin))
        settings = self._ground.settings.pages
        reading = Reading(
            link=lambda key: self._ground.target(key, context, self.ref),
            wiki=True,
            assets=settings.images == "forum",
            web_images=settings.images != "off",
        )
        address = context.addresses.get(item.key)
        name = address.name if address else item.title
        text = to_moodle(_titled(item, name), reading)
        print_ = fingerprint(name=name, body=text, marker=marker(item))
        shown = [asset for asset in item.assets if f"asset:{asset.digest}" in text]
        return Payload(
            key=item.key,
            kind=item.kind,
            course=item.course.idnumber,
            title=item.title,
            address=name,
            body=f"{text}\n{marker(item, print_)}",
            fingerprint=print_,
            parent=item.parent,
            assets=tuple(shown),
            notices=_image_notices(item, settings.images),
        )

    def entries(self) -> Iterable[Entry]:
        wiki = self._ground.activity(self.ref.kind, self._spot)
        if wiki is None:
            return []
        rows = self._list(wiki.id, content=True)
        marks = {int(row["id"]): find_marker(str(row.get("cachedcontent", ""))) for row in rows}
        ours = [number for number, found in marks.items() if found is not None]
        versions = {number: str(page.get("version", "")) for number, page in self._contents(ours).items()}
        entries = []
        for row in rows:
            number, found = int(row["id"]), marks[int(row["id"])]
            if found is not None and number not in versions:
                continue  # deleted between the two calls
            entries.append(
                Entry(
                    ref=str(number),
                    version=versions.get(number, f"at {row.get('timemodified')}"),
                    name=str(row["title"]),
                    title=str(row["title"]),
                    mark=found.mark if found else None,
                    fingerprint=found.fingerprint if found else None,
                    url=self._page_url(number),
                )
            )
        return first_of_each_mark(entries)

    def read(self, entry: Entry) -> Body:
        page = self._contents([int(entry.ref)]).get(int(entry.ref))
        if page is None:
            raise NotFound("the wiki page is not there any more.", where=entry.name, next_step="Sync again.")
        return self._body(page)

    def expected(self, payload: Payload) -> Body:
        html = self._ground.resolved(payload.body)
        return body_of(payload.address, expected_form(html, site=self._ground.site, wiki=self._address()))

    def cost(self, changes: Sequence[Change]) -> Cost:
        return self._parts.cost(self.ref, changes, each={Action.CREATE: 2, Action.UPDATE: 3, Action.MERGE: 3})

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        self._parts.provide(self.ref)
        ordered = sorted(
            changes, key=lambda change: not (change.payload and change.payload.address == self._first_title())
        )
        first = [c for c in ordered[:1] if c.action is Action.CREATE]
        # The first page makes the subwiki, which several calls at once might make twice.
        chunks = [first] if first else []
        rest = ordered[len(first) :]
        chunks += [rest[at : at + _AT_ONCE] for at in range(0, len(rest), _AT_ONCE)]
        for chunk in chunks:
            yield from self._write(chunk)

    def _write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        by_action: dict[Action, list[Change]] = {}
        for change in changes:
            by_action.setdefault(change.action, []).append(change)
        yield from self._create(by_action.get(Action.CREATE, []))
        yield from self._update([*by_action.get(Action.UPDATE, []), *by_action.get(Action.MERGE, [])])
        yield from self._adopt(by_action.get(Action.ADOPT, []))
        for change in by_action.get(Action.DELETE, []):
            yield failed(change, _cannot_delete(change))

    def _create(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        wiki = self._parts.activity(self.ref)
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
                "groupid": self._spot.group,
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
        if reply.code not in ("pageexists", "dmlwriteexception") and type(reply.error).__name__ != "Ambiguous":
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
        wiki = self._parts.activity(self.ref)
        rows = self._list(wiki.id, content=True)
        same = [row for row in rows if folded(str(row["title"])) == folded(change.payload.address)]
        for row in same:
            found = find_marker(str(row.get("cachedcontent", "")))
            if found is not None and change.payload.fingerprint.startswith(found.fingerprint or "-"):
                return int(row["id"])
            page = self._contents([int(row["id"])]).get(int(row["id"]), {})
            if page.get("version") == 0 and not page.get("cachedcontent", "").strip():
                return self._heal(change, int(row["id"]))
            return failed(change, _title_taken(change))
        return None

    def _heal(self, change: Change, number: int) -> int | Outcome:
        """A page that a crash left without text (version 0): Moodle says it exists, and editing it makes it whole."""
        (_, body), *_rest = self._bodies([change])
        if isinstance(body, DestinationError):
            return failed(change, body)
        args = {"pageid": number, "content": body}
        reply = self._ground.client.call_all(
            [Call(function="mod_wiki_edit_page", args=args, write=True, where=change.key)]
        )[0]
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
            Call(function="mod_wiki_get_page_for_editing", args={"pageid": _ref(change)}, where=change.key)
            for change, _ in ready
        ]
        going: list[tuple[Change, Call]] = []
        for (change, body), reply in zip(ready, self._ground.client.call_all(locks), strict=True):
            if reply.error is not None:
                yield failed(change, reply.error)
            elif change.entry and str(reply.value["pagesection"].get("version")) != change.entry.version:
                yield changed_meanwhile(change)
            else:
                args = {"pageid": _ref(change), "content": body}
                going.append((change, Call(function="mod_wiki_edit_page", args=args, write=True, where=change.key)))
        replies = self._ground.client.call_all([call for _, call in going])
        settled: list[tuple[Change, int | Outcome]] = []
        for (change, _), reply in zip(going, replies, strict=True):
            number = _ref(change)
            settled.append(
                (
                    change,
                    number if reply.error is None or self._arrived(change, number) else failed(change, reply.error),
                )
            )
        yield from self._read_back(settled)

    def _arrived(self, change: Change, number: int) -> bool:
        try:
            page = self._contents([number]).get(number, {})
        except DestinationError:
            return False
        found = find_marker(str(page.get("cachedcontent", "")))
        return bool(found and change.payload and change.payload.fingerprint.startswith(found.fingerprint or "-"))

    def _adopt(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        yield from self._read_back([(change, _ref(change)) for change in changes])

    def _read_back(self, settled: Sequence[tuple[Change, int | Outcome]]) -> Iterator[Outcome]:
        for _change, found in settled:
            if isinstance(found, int) and _change.payload:
                self._titles[found] = _change.payload.address
        try:
            pages = self._contents([found for _, found in settled if isinstance(found, int)])
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
                seen = find_marker(str(page.get("cachedcontent", "")))
                entry = Entry(
                    ref=str(found),
                    version=str(page.get("version", "")),
                    name=str(page["title"]),
                    title=str(page["title"]),
                    mark=seen.mark if seen else None,
                    fingerprint=seen.fingerprint if seen else None,
                    url=self._page_url(found),
                )
                yield done(change, entry, self._body(page))

    def _bodies(self, changes: Sequence[Change]) -> Iterator[tuple[Change, str | DestinationError]]:
        for change in changes:
            assert change.payload is not None
            urls = self._parts.image_urls(self._spot.course, changes, change)
            if isinstance(urls, DestinationError):
                yield change, urls
            else:
                yield change, with_images(self._ground.resolved(change.payload.body), urls)

    def _list(self, wiki: int, *, content: bool) -> list[dict[str, Any]]:
        args = {
            "wikiid": wiki,
            "groupid": self._spot.group,
            "userid": 0,
            "options": {"sortby": "id", "sortdirection": "ASC", "includecontent": int(content)},
        }
        rows: list[dict[str, Any]] = self._ground.client.call("mod_wiki_get_subwiki_pages", args, raw=True)["pages"]
        self._titles = {int(row["id"]): str(row["title"]) for row in rows}
        return rows

    def _contents(self, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
        calls = [Call(function="mod_wiki_get_page_contents", args={"pageid": number}) for number in numbers]
        pages = {}
        for number, reply in zip(numbers, self._ground.client.call_all(calls), strict=True):
            if reply.code == "incorrectpageid":
                continue
            pages[number] = reply.take()["page"]
        return pages

    def _body(self, page: Mapping[str, Any]) -> Body:
        html = normal(str(page.get("cachedcontent", "")), site=self._ground.site, wiki=self._address())
        return body_of(str(page["title"]), html)

    def _address(self) -> WikiAddress:
        wiki = self._ground.activity(self.ref.kind, self._spot)
        return WikiAddress(self._ground.site, wiki.id if wiki else 0, self._spot.group, self._titles)

    def _page_url(self, number: int) -> str:
        return f"{self._ground.site}/mod/wiki/view.php?pageid={number}"

    def _first_title(self) -> str:
        wiki = self._ground.activity(self.ref.kind, self._spot)
        return str(wiki.details.get("firstpagetitle") or DEFAULT_FIRST) if wiki else DEFAULT_FIRST


def _titled(item: Page, name: str) -> str:
    """A page whose title changed keeps its name in Moodle, and shows the new title in its text."""
    if item.title == name:
        return item.body
    return f"<h2>{escape(item.title)}</h2>{item.body}"


def _ref(change: Change) -> int:
    ref = change.entry.ref if change.entry else change.record.ref if change.record else "0"
    return int(ref)


def _image_notices(item: Page, images: str) -> tuple[Problem, ...]:
    if not item.assets or images == "forum":
        return ()
    cause = f"{len(item.assets)} images are not shown, only their descriptions, because `images` is `{images}`."
    return (Problem(cause, str(item.origin), "Set `images: forum` for this Moodle to upload them."),)


def _cannot_delete(change: Change) -> Problem:
    return Problem(
        "Moodle has no web service that deletes a wiki page.",
        change.entry.url or change.key if change.entry else change.key,
        "Delete it in the wiki under `Administration`, or leave it.",
    )


def _title_taken(change: Change) -> Problem:
    title = change.payload.address if change.payload else change.title
    return Problem(
        f"a page “{title}” that is not ours already stands in the wiki.",
        change.key,
        "Delete or empty that page in Moodle under the wiki's `Administration`, or give ours another title.",
    )
