"""Wiki pages of one course (and group). The title is the key that Moodle keeps; a page cannot be renamed or deleted."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from lms_bridge.connector import Action, Body, Change, Context, Cost, Entry, Outcome, Payload, PlaceRef, Record
from lms_bridge.errors import ContentError, NotFound, Problem
from lms_bridge.items import Item, Key, Page, mark
from lms_bridge.moodle.dialect import Reading, to_moodle
from lms_bridge.moodle.discussions import AT_ONCE
from lms_bridge.moodle.ground import spot_of
from lms_bridge.moodle.marker import find_marker, marker
from lms_bridge.moodle.page_writes import PageWriter
from lms_bridge.moodle.payloads import body_of, fingerprint, first_of_each_mark, signature, written
from lms_bridge.moodle.protocol import Call
from lms_bridge.moodle.site import SiteParts
from lms_bridge.moodle.stored import to_stored
from lms_bridge.moodle.subwiki import Subwiki
from lms_bridge.moodle.titles import folded, unique_titles

_log = logging.getLogger(__name__)

_CALLS = {Action.CREATE: 2, Action.UPDATE: 3, Action.MERGE: 3, Action.HIDE: 3}


class WikiPages:
    """One wiki's pages for one group. One thread at a time."""

    prunes = frozenset({"hide"})
    at_once = AT_ONCE

    def __init__(self, ref: PlaceRef, parts: SiteParts) -> None:
        self.ref = ref
        self._ground = parts.ground
        self._parts = parts
        self._spot = spot_of(ref)
        self._wiki = Subwiki(ref, parts)
        self._writer = PageWriter(self._wiki, parts)
        self._known: set[str] = set()
        self._records: dict[str, Record] = {}
        self._rendered: dict[Key, str] = {}

    def addresses(self, items: Sequence[Item], standing: Mapping[Key, str]) -> Mapping[Key, str]:
        first = self._wiki.first_title()
        fixed = dict(standing)
        for item in items:
            if isinstance(item, Page) and item.index and item.key not in fixed:
                fixed[item.key] = first
        names = unique_titles(((item.key, item.title) for item in items), fixed, taken=[first])
        self._known = {folded(name) for name in (*standing.values(), *names.values())}
        return names

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
        payload = Payload(
            key=item.key,
            kind=item.kind,
            course=item.course.idnumber,
            title=item.title,
            address=name,
            fields=signature(item, context),
            fingerprint=fingerprint(name=name, body=text, marker=marker(item.key, item.url)),
            parent=item.parent,
            assets=item.assets,
            notices=_image_notices(item, settings.images),
        )
        self._rendered[item.key] = payload.fingerprint
        return written(payload, text)

    def adapt(self, like: Payload, body: Body) -> Payload:
        """A page cannot be renamed: the body's title is the name that it has."""
        return written(like, to_stored(body.html, self._wiki.address()))

    def hide(self, like: Payload, notice: str) -> Payload:
        return written(like, to_stored(notice))

    def expect(self, records: Sequence[Record]) -> None:
        self._records = {record.ref: record for record in records}

    def listing(self) -> list[Call]:
        return [self._wiki.listing()] if self._ground.activity(self.ref.kind, self._spot) else []

    def entries(self) -> Iterable[Entry]:
        calls = self.listing()
        if not calls:
            return []
        rows = self._wiki.listed(self._parts.ahead.ask(self.ref.id, calls)[0])
        marks = {int(row["id"]): find_marker(str(row.get("cachedcontent", ""))) for row in rows}
        versions = {int(row["id"]): version for row in rows if (version := self._version_as_written(row))}
        # A version costs a call: only pages that may be ours need one. A person may have deleted our mark.
        ours = [number for number, found in marks.items() if found or folded(self._wiki.titles[number]) in self._known]
        # Their texts are much, and have said what they had to.
        self._records = {}
        unsure = [number for number in ours if number not in versions]
        versions |= {number: str(page.get("version", "")) for number, page in self._wiki.contents(unsure).items()}
        entries = []
        for row in rows:
            number, found = int(row["id"]), marks[int(row["id"])]
            if found is not None and number not in versions:
                continue  # deleted between the two calls
            version = versions.get(number, f"at {row.get('timemodified')}")
            if self._wiki.is_free(str(row["title"]), version, str(row.get("cachedcontent", ""))):
                continue
            entries.append(self._wiki.entry(row, version))
        return first_of_each_mark(entries)

    def _version_as_written(self, row: Mapping[str, Any]) -> str:
        """The version that we left, where the page reads as we left it and nothing is to be written over it: what a
        person may have done and undone since is no change. Empty where Moodle must be asked."""
        record = self._records.get(str(row["id"]))
        if record is None or record.drifted or self._rendered.get(record.key) != record.fingerprint:
            return ""
        found = find_marker(str(row.get("cachedcontent", "")))
        ours = found is not None and found.mark == mark(record.key) and row["title"] == record.base_title
        return record.version if ours and self._wiki.text(row) == record.base.strip() else ""

    def read(self, entry: Entry) -> Body:
        page = self._wiki.contents([int(entry.ref)]).get(int(entry.ref))
        if page is None:
            raise NotFound("the wiki page is not there any more.", where=entry.name, next_step="Sync again.")
        return self._wiki.body(page)

    def expected(self, payload: Payload) -> Body:
        return body_of(payload.address, self._wiki.expected(payload))

    def cost(self, changes: Sequence[Change]) -> Cost:
        return self._parts.cost(self.ref, changes, each=_CALLS)

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        self._parts.provide(self.ref)
        ordered = sorted(
            changes, key=lambda change: not (change.payload and change.payload.address == self._wiki.first_title())
        )
        for at in range(0, len(ordered), AT_ONCE):
            yield from self._writer.write(ordered[at : at + AT_ONCE])
        self._wiki.written()


def _titled(item: Page, name: str) -> str:
    """A page whose title changed keeps its name in Moodle, and shows the new title in its text."""
    if item.title == name:
        return item.body
    return f"<h1>{escape(item.title)}</h1>{item.body}"


def _image_notices(item: Page, images: str) -> tuple[Problem, ...]:
    if not item.assets or images == "forum":
        return ()
    shown = "1 image is" if len(item.assets) == 1 else f"{len(item.assets)} images are"
    cause = f"{shown} not shown, only described, because `images` is `{images}`."
    return (Problem(cause, str(item.origin), "Set `images: forum` for this Moodle to upload them."),)
