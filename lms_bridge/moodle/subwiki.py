"""Reading one subwiki: a wiki's pages for one group (0 where there are no groups)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lms_bridge.connector import Body, Entry, Payload, PlaceRef
from lms_bridge.moodle.courses import Activity
from lms_bridge.moodle.displayed import WikiAddress, by_titles, form_of, is_blank, linked, normal
from lms_bridge.moodle.foretold import Foretold
from lms_bridge.moodle.ground import DEFAULT_FIRST_PAGE, spot_of
from lms_bridge.moodle.marker import find_marker
from lms_bridge.moodle.payloads import body_of
from lms_bridge.moodle.protocol import Call, Reply
from lms_bridge.moodle.site import SiteParts
from lms_bridge.moodle.titles import folded


class Subwiki:
    """Remembers the titles that it saw, by which links to pages are told. One thread at a time."""

    def __init__(self, ref: PlaceRef, parts: SiteParts) -> None:
        self.ref = ref
        self.spot = spot_of(ref)
        self.titles: dict[int, str] = {}
        self.number = 0
        """Moodle's own of the subwiki, once one of its pages was seen."""
        self._parts = parts
        self._ground = parts.ground
        self._foretold = Foretold()

    def activity(self) -> Activity:
        """Raises NotFound while the course has no wiki."""
        return self._parts.activity(self.ref)

    def first_title(self) -> str:
        wiki = self._ground.activity(self.ref.kind, self.spot)
        return str(wiki.details.get("firstpagetitle") or DEFAULT_FIRST_PAGE) if wiki else self._ground.template_first

    def is_free(self, title: str, version: str, shown: str) -> bool:
        """Nobody's page: what a crash left (version 0, or none at all), or a first page that was opened once and never
        written on."""
        first = folded(title) == folded(self.first_title())
        return (first or version in ("0", "")) and find_marker(shown) is None and is_blank(shown)

    def listing(self) -> Call:
        """Raw, since default answers turn `&` in titles into `&amp;`."""
        args = {
            "wikiid": self.activity().id,
            "groupid": self.spot.group,
            "userid": 0,
            "options": {"sortby": "id", "sortdirection": "ASC", "includecontent": 1},
        }
        return Call(function="mod_wiki_get_subwiki_pages", args=args, raw=True)

    def listed(self, reply: Reply | None = None) -> list[dict[str, Any]]:
        """Every page with its text. `reply`: to `listing`, where it was asked already."""
        reply = reply or self._ground.client.call_all([self.listing()])[0]
        rows: list[dict[str, Any]] = reply.take()["pages"]
        self.titles = {int(row["id"]): str(row["title"]) for row in rows}
        self.number = next((int(row["subwikiid"]) for row in rows), self.number)
        return rows

    def shown(self) -> dict[int, dict[str, Any]]:
        """Every page as `contents` gives it, in one call, but with titles that are not fit to compare and without
        versions."""
        args = {"wikiid": self.activity().id, "groupid": self.spot.group, "userid": 0}
        rows = self._ground.client.call("mod_wiki_get_subwiki_pages", args, soon=True)["pages"]
        return {int(row["id"]): row for row in rows}

    def contents(self, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
        """Displayed text and version of each page that is still there; only these tell a version."""
        calls = [Call(function="mod_wiki_get_page_contents", args={"pageid": number}, soon=True) for number in numbers]
        pages = {}
        for number, reply in zip(numbers, self._ground.client.call_all(calls), strict=True):
            if reply.code != "incorrectpageid":
                pages[number] = reply.take()["page"]
        return pages

    def body(self, page: Mapping[str, Any]) -> Body:
        return body_of(str(page["title"]), self.text(page))

    def text(self, page: Mapping[str, Any]) -> str:
        shown = str(page.get("cachedcontent", ""))
        self._parts.images.saw(shown)
        site, here = self._ground.site, self.address()
        # Moodle puts a line's end behind a page's text.
        return self._known(by_titles(shown.strip(), here), lambda: normal(shown, site=site, wiki=here))

    def expected(self, payload: Payload) -> str:
        site, here = self._ground.site, self.address()
        body = linked(self._ground.resolved(payload.body), here)
        return self._known(body, lambda: form_of(body, site=site, wiki=here))

    def _known(self, by_title: str, work_out: Callable[[], str]) -> str:
        # What still leads to a page's number hangs on the titles seen so far.
        return work_out() if "pageid=" in by_title else self._foretold.of(by_title, work_out)

    def written(self) -> None:
        """Whatever was sent is read back."""
        self._foretold.forget()

    def address(self) -> WikiAddress:
        wiki = self._ground.activity(self.ref.kind, self.spot)
        return WikiAddress(self._ground.site, wiki.id if wiki else 0, self.spot.group, self.titles)

    def entry(self, page: Mapping[str, Any], version: str) -> Entry:
        """`page`: a row of the list, or a page's contents."""
        found = find_marker(str(page.get("cachedcontent", "")))
        return Entry(
            ref=str(page["id"]),
            version=version,
            name=str(page["title"]),
            title=str(page["title"]),
            mark=found.mark if found else None,
            fingerprint=found.fingerprint if found else None,
            installation=found.installation if found else None,
            url=f"{self._ground.site}/mod/wiki/view.php?pageid={page['id']}",
        )
