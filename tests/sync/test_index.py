"""The index page of a course leads to everything that stands there, and to nothing that does not."""

from collections.abc import Collection, Sequence
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


def indexes_of(*items: Item, held: Sequence[Page] = (), without: Collection[str] = ()) -> dict[str, str]:
    """The lists by course and group, without the markup."""
    made = with_indexes(items, "sample", NOW, held=held, without=without)
    return {f"{i.course.idnumber}/{i.group or ''}": to_text(i.body) for i in made if isinstance(i, Page) and i.index}


def test_a_page_that_is_held_back_and_stands_stays_in_the_list_of_its_own_group_alone() -> None:
    held = [
        replace(make_page(BIO, "held", "", title="Held"), group="red"),
        replace(make_page(BIO, "own", "", title="Own index"), group="red", index=True),
    ]
    lists = indexes_of(CELLS, replace(CELLS, key="s:red", title="Red", group="red"), held=held)
    assert lists == {"BIO-101/": "## Pages\n- Cells", "BIO-101/red": "## Pages\n- Held\n- Red"}


def test_a_course_whose_own_index_is_held_back_gets_none_and_another_does() -> None:
    other = make_page(Course("ECO-200", "Ecology"), "woods", "", title="Woods")
    assert indexes_of(CELLS, other, without=["BIO-101"]) == {"ECO-200/": "## Pages\n- Woods"}


def test_discussions_for_all_come_first_then_those_of_their_day_and_a_groups_stand_in_its_own_list() -> None:
    titled = {
        "Zebra": make_prompt(BIO, "z"),
        "anytime": make_prompt(BIO, "a"),
        "A day ago": make_prompt(BIO, "y", publish=NOW - timedelta(days=1)),
        "Last week": make_prompt(BIO, "w", publish=NOW - timedelta(days=7)),
        "Reds": replace(make_prompt(BIO, "r"), group="red"),
    }
    prompts = [replace(prompt, title=title) for title, prompt in titled.items()]
    lists = indexes_of(CELLS, replace(CELLS, key="s:red", title="Red", group="red"), *prompts)
    order = ["anytime", "Zebra", "Last week", "A day ago"]
    shown = {
        of: [line[2:] for line in text.partition("## Discussions\n")[2].splitlines()] for of, text in lists.items()
    }
    assert shown == {"BIO-101/": order, "BIO-101/red": ["anytime", "Reds", "Zebra", "Last week", "A day ago"]}
