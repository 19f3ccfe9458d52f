"""Two courses, and what tests of the engine ask of a run."""

from dataclasses import replace

from lms_bridge.items import Course, Page
from lms_bridge.sync.policy import Policy
from lms_bridge.sync.report import summary_of
from lms_bridge.sync.run import Report
from lms_bridge.testing.bench import Bench
from lms_bridge.testing.memory import MemoryDestination
from lms_bridge.testing.sample import make_page

BIO = Course("BIO-101", "Cell Biology")
ECO = Course("ECO-200", "Ecology")


def pages(count: int, course: Course = BIO) -> list[Page]:
    return [make_page(course, f"p{n:02}", f"<p>Words of page {n}.</p>", title=f"Page {n:02}") for n in range(count)]


def done(report: Report) -> dict[str, int]:
    return {name: count for name, count in summary_of([report]).items() if count}


def reasons(bench: Bench, key: str, policy: Policy | None = None) -> list[str]:
    return [change.reason for change in bench.plan(policy).changes if change.key == key]


def open_writes(bench: Bench) -> list[str]:
    """What was sent, and of which nobody knows what became of it."""
    with bench.open() as state:
        return [intent.key for intent in state.open_intents(bench.name)]


def update_without_an_answer(bench: Bench, there: MemoryDestination) -> Page:
    """What the source says now is newer than what was sent."""
    (page,) = pages(1)
    bench.fill(page)
    bench.sync()
    there.lost.add(page.key)
    bench.change(replace(page, body="<p>Sent without an answer.</p>"))
    bench.sync()
    newest = replace(page, body="<p>Newest.</p>")
    bench.change(newest)
    assert open_writes(bench) == [page.key]
    return newest
