"""What comes of rendering is not held where nobody will ask for it, and nobody can tell."""

import tracemalloc
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest
from found_world import RECORD
from quiet_world import Desk

from lms_bridge.connector import Context, Payload
from lms_bridge.items import Course, Item, Kind
from lms_bridge.sources.files import spool
from lms_bridge.sync import rendering, route
from lms_bridge.sync.rendering import Rendering, Texts
from lms_bridge.sync.route import prepare
from lms_bridge.sync.state import State
from lms_bridge.testing.memory import MemoryDestination, MemoryPlace, place_ref
from lms_bridge.testing.sample import make_page

COURSE = Course("BIO-101", "Cell Biology")
CONTEXT = Context(datetime(2026, 11, 23, 8, 0, tzinfo=UTC), {})
PAGES = [make_page(COURSE, name, f"<p>{name}, at some length.</p>") for name in "abc"]


class Counting(MemoryPlace):
    renderings: ClassVar[Counter[str]] = Counter()

    def render(self, item: Item, context: Context) -> Payload:
        self.renderings[item.key] += 1
        return super().render(item, context)


@pytest.fixture
def place() -> Counting:
    Counting.renderings.clear()
    return Counting(place_ref(Kind.PAGE, "BIO-101"), MemoryDestination())


@pytest.mark.parametrize("held", [0, 40, 1_000])
def test_a_payload_is_the_same_whether_its_text_is_held_or_not(
    place: Counting, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "_HELD", held)
    whole = [place.render(page, CONTEXT) for page in PAGES]
    records = [None, replace(RECORD, fingerprint=whole[1].fingerprint), replace(RECORD, fingerprint="older")]
    given = Rendering(CONTEXT)
    assert [given.of(page, place, record) for page, record in zip(PAGES, records, strict=True)] == whole


def test_what_is_to_be_written_is_rendered_once_and_what_is_in_step_again_when_somebody_asks(place: Counting) -> None:
    given = Rendering(CONTEXT)
    recorded = replace(RECORD, fingerprint=MemoryPlace.render(place, PAGES[1], CONTEXT).fingerprint)
    new, in_step = given.of(PAGES[0], place, None), given.of(PAGES[1], place, recorded)
    assert list(place.renderings.values()) == [1, 1]
    assert in_step.fingerprint is recorded.fingerprint, "it is held twice"
    assert [(new.body, in_step.body) for _ in range(3)] == [(PAGES[0].body, PAGES[1].body)] * 3
    assert list(place.renderings.values()) == [1, 2]


def test_of_those_asked_for_only_the_latest_are_held(place: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "_HELD", 0)
    monkeypatch.setattr(rendering, "_RECENT", 2)
    given = Rendering(CONTEXT)
    a, b, c = (given.of(page, place, None) for page in PAGES)
    for payload in (a, b, a, c, a, b):
        assert payload.body
    assert [place.renderings[page.key] for page in PAGES] == [2, 3, 2]


def test_texts_are_read_when_they_are_asked_for() -> None:
    texts = Texts({page.key: page for page in PAGES})
    assert dict(texts) == {page.key: page.body for page in PAGES}
    assert (len(texts), texts.get("nothing")) == (3, None)


@pytest.mark.usefixtures("touched_long_ago")
def test_a_look_at_everything_holds_no_text_in_any_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "_HELD", 50_000)
    monkeypatch.setattr(route, "_FEW", 0)
    desk = Desk(tmp_path, remembers=True)
    for number in range(300):
        file = desk.content / f"C{number % 6}" / "wiki" / f"page-{number}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"# Page {number}\n\n" + f"Some words of page {number}. " * 500)
    texts = sum(file.stat().st_size for file in desk.content.rglob("*.md"))
    desk.sync()
    desk.sync()
    with State.open(desk.folder / "state.sqlite") as state:
        tracemalloc.start()
        try:
            plan = prepare(desk.route(desk.source()), state, now=desk.now)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert len(plan.in_step) == 306
    assert peak < texts / 2
