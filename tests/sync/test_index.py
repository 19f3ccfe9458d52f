"""The index page of a course leads to everything that stands there, and to nothing that does not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from lms_bridge.items import Course, Item, Kind, Page
from lms_bridge.markup.text import to_text
from lms_bridge.sync.index import with_indexes
from lms_bridge.testing.sample import make_item, make_page, make_prompt

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
BIO = Course("BIO-101", "Cell Biology")
CELLS = make_page(BIO, "cells", "<p>Words.</p>", title="Cells")
MEMBRANES = replace(make_page(BIO, "membranes", "<p>Words.</p>", title="Membranes & more"), parent=CELLS.key)


def index_of(*items: Item) -> Page:
    (index,) = [i for i in with_indexes(items, "sample", NOW) if isinstance(i, Page) and i.index]
    return index


def test_pages_are_listed_as_a_tree() -> None:
    index = index_of(MEMBRANES, CELLS)
    assert index.title == "Cell Biology"
    assert index.body.index(">Cells<") < index.body.index('<ul><li><a href="item:sample%3ABIO-101%2Fpage%2Fmembranes"')
    assert "Membranes &amp; more" in index.body
    assert "Membranes & more" in to_text(index.body)


def test_prompts_are_listed_when_they_are_due() -> None:
    due = make_prompt(BIO, "due", publish=NOW)
    later = make_prompt(BIO, "later", publish=NOW + timedelta(minutes=1))
    body = index_of(CELLS, due, later).body
    assert (due.title in body, later.title in body) == (True, False)


def test_ratings_are_linked_and_their_figures_are_not_repeated() -> None:
    body = index_of(CELLS, make_item(Kind.RATING, BIO)).body
    assert "Ratings and reviews" in body
    assert "4.25" not in body


def test_the_designers_own_index_page_keeps_its_words_and_gets_the_list() -> None:
    own = replace(make_page(BIO, "home", "<p>Welcome.</p>", title="Home"), index=True)
    index = index_of(own, CELLS)
    assert index.key == own.key
    assert index.body.startswith("<p>Welcome.</p>")
    assert ">Cells<" in index.body
    assert ">Home<" not in index.body


def test_a_course_without_pages_has_no_index() -> None:
    prompt = make_prompt(BIO, "due")
    assert with_indexes([prompt], "sample", NOW) == [prompt]


def test_each_group_has_an_index_of_its_own() -> None:
    red = replace(make_page(BIO, "red", "<p>Words.</p>"), group="red")
    indexes = [i for i in with_indexes([CELLS, red], "sample", NOW) if isinstance(i, Page) and i.index]
    assert sorted((i.group or "", i.key) for i in indexes) == [
        ("", "sample:BIO-101/index"),
        ("red", "sample:BIO-101/index@red"),
    ]


def test_pages_that_are_each_others_parents_are_still_listed() -> None:
    first = replace(CELLS, parent=MEMBRANES.key)
    body = index_of(first, MEMBRANES).body
    assert (">Cells<" in body, "Membranes" in body) == (True, True)


def test_the_index_does_not_depend_on_the_order_of_the_listing() -> None:
    items = [CELLS, MEMBRANES, make_prompt(BIO, "due"), make_item(Kind.RATING, BIO)]
    assert index_of(*items).body == index_of(*reversed(items)).body
