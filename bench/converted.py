"""A folder's pages as `sync` would send them, a file a page: `python -m bench.converted DIALECT PROCESSES FOLDER`.

With processes, 1 or more, the folder holds content folders, which they share out; with 0 it is one. By the parts that a
run is made of, and without a server: where its pages stand is made up here.
"""

import gc
import multiprocessing
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from lms_bridge.connector import Address, Context, PlaceRef
from lms_bridge.items import Key, Kind, Page
from lms_bridge.moodle.ahead import Ahead
from lms_bridge.moodle.ground import Ground, Spot
from lms_bridge.moodle.images import Images
from lms_bridge.moodle.pages import WikiPages
from lms_bridge.moodle.provision import Provision
from lms_bridge.moodle.settings import MoodleSettings
from lms_bridge.moodle.site import SiteParts
from lms_bridge.sharepoint.page_bodies import PageLook, wiki_form
from lms_bridge.sharepoint.page_texts import page_text
from lms_bridge.sharepoint.slugs import page_name
from lms_bridge.sources.files.settings import FilesSettings
from lms_bridge.sources.files.source import FilesSource

_NOW = datetime(2026, 3, 2, tzinfo=UTC)


def main() -> None:
    # As the command line has it.
    gc.set_threshold(50_000)
    dialect, processes, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    if processes == 0:
        _convert(dialect, folder)
        return
    shares = [(dialect, share) for share in sorted(folder.iterdir())]
    if processes == 1:
        for share in shares:
            _convert(*share)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        pool.starmap(_convert, shares, chunksize=1)


def _convert(dialect: str, folder: Path) -> None:
    pages = [item for item in _listed(folder) if isinstance(item, Page)]
    sent = _for_moodle(pages) if dialect == "moodle" else _for_sharepoint(pages)
    for page, text in zip(pages, sent, strict=True):
        (folder.parent / page.origin.name).with_suffix(".html").write_text(text, encoding="utf-8")


def _listed(folder: Path) -> Sequence[Any]:
    listing = FilesSource("bench", FilesSettings(path=Path(folder.name)), folder.parent).items()
    assert not listing.problems, listing.problems[:3]
    return list(listing.items)


def _for_moodle(pages: Sequence[Page]) -> Iterator[str]:
    settings = MoodleSettings(url="https://moodle.example.org", token=cast(Any, "token"))
    ground = Ground(cast(Any, None), settings)
    parts = SiteParts(ground, Images(ground), Provision(ground), Ahead(cast(Any, None)))
    courses = {name: at for at, name in enumerate(sorted({page.course.idnumber for page in pages}), 1)}
    refs = {name: PlaceRef(Kind.PAGE, Spot(at).container, name, name) for name, at in courses.items()}
    context = _context({page.key: Address(refs[page.course.idnumber], page.title) for page in pages})
    places = {name: WikiPages(ref, parts) for name, ref in refs.items()}
    for page in pages:
        yield places[page.course.idnumber].render(page, context).body


def _for_sharepoint(pages: Sequence[Page]) -> Iterator[str]:
    ref = PlaceRef(Kind.PAGE, "site", "Site pages")
    names = {p.key: page_name(prefix="", course=p.course.idnumber, title=p.title, key=p.key) for p in pages}
    context = _context({key: Address(ref, name) for key, name in names.items()})
    form = wiki_form(PageLook("/sites/learning", lambda _: None, images=True, comments=True))
    for page in pages:
        text = page_text(form.render(page, context, names[page.key]), {})
        sections = text.canvas["horizontalSections"]
        yield "".join(part["innerHtml"] for part in sections[0]["columns"][0]["webparts"])


def _context(addresses: Mapping[Key, Address]) -> Context:
    return Context(_NOW, addresses)


if __name__ == "__main__":
    main()
