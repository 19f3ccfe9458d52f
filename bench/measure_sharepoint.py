"""Writing to SharePoint: how much of a small tenant's budget is used, what a page costs, what batches gain."""

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.content import page_text
from bench.far_sharepoint import FarSharePoint, far_sharepoint
from bench.figure import Asked, Figure
from bench.office365_items import by_office365, by_single_calls
from lms_bridge.items import Course, Item, Kind, Page
from lms_bridge.sharepoint.destination import SharePointSite
from lms_bridge.testing.bench import Bench
from lms_bridge.testing.sample import make_image, make_item

SMALLEST = 1250
"""Resource units a minute of a tenant with up to 1,000 licences."""
_COURSE = Course("BENCH", "Bench")
_WARM_UP = 60.0


def figures(asked: Asked) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder, far_sharepoint(Path(folder) / "tenant") as site:
        found = _page_calls(site, Path(folder))
        found += _batches(site, Path(folder), asked)
        return found + _budget(site, Path(folder), asked)


def _page_calls(site: FarSharePoint, folder: Path) -> list[Figure]:
    """Ten pages, one with an image of its own: made, changed, looked at again."""
    pages = [_page(number) for number in range(10)]
    image = make_image()
    pages[0] = replace(
        pages[0], body=f'<p>A dot.</p><p><img src="asset:{image.digest}" alt="dot"></p>', assets=(image,)
    )
    told = []
    with _bench(site, folder / "pages.sqlite") as bench:
        for name, goal, words in (("new", "<= 4", ""), ("changed", "<= 2", "<p>More.</p>"), ("unchanged", "<= 0", "")):
            pages = [replace(page, body=page.body + words) for page in pages]
            bench.fill(*pages)
            before = _writes(site)
            report = bench.sync()
            assert not report.failures, report.failures[0].problem
            calls = (_writes(site) - before) / len(pages)
            told.append(Figure(f"SharePoint: write calls for {name} page", calls, "calls", goal=goal))
    return told


def _writes(site: FarSharePoint) -> int:
    return sum(n for call, n in site.calls().items() if not call.startswith("GET") and not call.endswith("/$batch"))


def _batches(site: FarSharePoint, folder: Path, asked: Asked) -> list[Figure]:
    """Ours is timed with everything about it: planning, reading back, remembering."""
    number = asked.size(1000)
    told = []
    turn = 0

    def ours() -> float:
        nonlocal turn
        turn += 1
        with _bench(site, folder / f"items{turn}.sqlite") as bench:
            bench.fill(*(make_item(Kind.REVIEW, _COURSE, f"{turn}-{each}") for each in range(number)))
            begun = time.monotonic()
            report = bench.sync()
            assert len(report.done) == number
            return time.monotonic() - begun

    yardsticks = {"office365's own calls one by one": by_office365, "plain Graph calls one by one": by_single_calls}
    for name, load in yardsticks.items():
        one, other = asked.paired(ours, lambda load=load: load(site, number))  # type: ignore[misc]
        what = f"SharePoint: {number} list items"
        told.append(Figure(what, number / one, "items/s", f"{name}: {number / other:.3g}/s", other / one, ">= 8"))
    return told


def _budget(site: FarSharePoint, folder: Path, asked: Asked) -> list[Figure]:
    """Work for four minutes of the smallest tenant's budget: pages and list items in turn."""
    minutes = max(2.0, 4 * asked.share)
    pages, reviews = round(minutes * 160), round(minutes * 225)
    items: list[Item] = [_page(number) for number in range(1000, 1000 + pages)]
    items += [make_item(Kind.REVIEW, _COURSE, f"budget-{number}") for number in range(reviews)]
    site.limit(SMALLEST)
    with _bench(site, folder / "budget.sqlite", units_per_minute=SMALLEST) as bench, _Meter(site) as meter:
        bench.fill(*items)
        report = bench.sync()
        assert not report.failures, report.failures[0].problem
    site.limit(None)
    name = "SharePoint: share of the smallest tenant's units used while there is work"
    refused = "SharePoint: calls sent away after the first minute"
    return [
        Figure(name, meter.share(), "of 1", goal=">= 0.9"),
        Figure(refused, meter.refused_after(_WARM_UP), "calls", goal="<= 0"),
    ]


@dataclass
class _Meter:
    """Looks every half second at what the tenant counted."""

    site: FarSharePoint
    seen: list[tuple[float, int, int]] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.5):
            self.seen.append((time.monotonic(), *self.site.spent()))

    def share(self) -> float:
        """From the first to the last moment at which units were spent."""
        working = [now for last, now in zip(self.seen, self.seen[1:], strict=False) if now[1] > last[1]]
        (begun, first, _), (ended, last, _) = working[0], working[-1]
        return (last - first) / ((ended - begun) / 60) / SMALLEST

    def refused_after(self, seconds: float) -> int:
        begun = self.seen[0][0] + seconds
        return self.seen[-1][2] - next((seen[2] for seen in self.seen if seen[0] >= begun), self.seen[-1][2])


@contextmanager
def _bench(site: FarSharePoint, state: Path, **settings: int) -> Iterator[Bench]:
    state.mkdir()
    destination = SharePointSite("sharepoint", site.settings(**settings), site.folder)
    try:
        yield Bench(destination, state)
    finally:
        destination.close()


def _page(number: int) -> Page:
    page = make_item(Kind.PAGE, _COURSE, f"page-{number}")
    assert isinstance(page, Page)
    body = "".join(f"<p>{escape(part)}</p>" for part in page_text(0, number, 1000).split("\n\n"))
    return replace(page, body=body, index=number == 0)
