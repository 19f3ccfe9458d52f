"""What one process found out about courses spares the others the asking, and all of them place items alike."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from moodle_world import World, activity

from lms_bridge.connector import Action, Change, Context, Placement
from lms_bridge.errors import Problem
from lms_bridge.items import Course, Item, Kind
from lms_bridge.markup.links import item_href
from lms_bridge.moodle.destination import Moodle
from lms_bridge.sandbox.moodle import Hand, SeedCourse
from lms_bridge.testing.sample import MOMENT, make_item, make_page

BIO, ECO, BARE, GONE = (Course(idnumber, idnumber) for idnumber in ("BIO-101", "ECO-200", "BARE", "GONE"))
SEEDS = (
    SeedCourse("BIO-101", fullname="Cell Biology", groups=("Red", "Blue")),
    SeedCourse("ECO-200", fullname="Ecology"),
    SeedCourse("BARE", activities=False),
)


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world(*SEEDS)


def items() -> list[Item]:
    """One for a group, one that leads to another course, and some that have no place."""
    every: list[Item] = [make_item(kind, course) for kind in Kind for course in (BIO, ECO, BARE, GONE)]
    reading = make_item(Kind.PROMPT, BIO)
    page = make_page(ECO, "links", f'<p><a href="{item_href(reading.key)}">That</a></p>')
    return [*every, replace(make_page(BIO, "red", "<p>x</p>"), group="Red"), page]


def placed(placement: Placement) -> tuple[dict[str, list[str]], dict[str, Problem]]:
    return {ref.id: [item.key for item in of] for ref, of in placement.places.items()}, dict(placement.missing)


def new(moodle: Moodle, placement: Placement) -> dict[str, tuple[dict[str, str], tuple[Problem, ...]]]:
    """What would be written in each place, and what would be told before."""
    context = Context(MOMENT, {})
    said = {}
    for ref, of in placement.places.items():
        place = moodle.open(ref)
        payloads = [place.render(item, context) for item in of]
        create = partial(Change, action=Action.CREATE, place=ref)
        changes = [
            create(key=p.key, kind=p.kind, course=p.course, title=p.title, reason="", payload=p) for p in payloads
        ]
        said[ref.id] = {p.key: p.body for p in payloads}, place.cost(changes).notices
    return said


@pytest.mark.parametrize("settings", [{}, {"pages": {"group": "Blue"}}, {"prompts": {"group": "Blue"}}], ids=str)
def test_who_was_told_asks_nothing_and_places_as_if_he_had_asked(world: World, settings: dict[str, Any]) -> None:
    every = items()
    told = world.open(**settings).whereabouts(every, [])
    own, trusting = world.open(**settings), world.open(**settings)
    expected = own.locate(every)
    before = world.calls()
    trusting.trust([told])
    found = trusting.locate(every)
    assert world.calls() == before
    assert placed(found) == placed(expected)
    assert new(trusting, found) == new(own, expected)


def test_parts_that_several_threads_found_are_told_together(world: World) -> None:
    every, finder, trusting = items(), world.open(), world.open()
    parts = [[item for item in every if item.course is course] for course in (BIO, ECO, BARE, GONE)]
    with ThreadPoolExecutor(4) as threads:
        told = list(threads.map(lambda part: finder.whereabouts(part, []), parts))
    before = world.calls()
    trusting.trust(told)
    assert placed(trusting.locate(every)) == placed(finder.locate(every))
    lookups = "core_course_get_courses_by_field"
    assert world.calls()[lookups] == before[lookups] + 4, "only who was not told looks again"


def test_what_is_told_holds_for_one_look(world: World) -> None:
    every, moodle = items(), world.open()
    moodle.trust([moodle.whereabouts(every, [])])
    moodle.locate(every)
    before = world.calls()
    moodle.locate(every)
    assert world.calls() != before


def test_a_service_that_lists_no_databases_is_asked_for_them_once(world: World) -> None:
    Hand(world.site).service_function("lmsbridge", "mod_data_get_databases_by_courses", False)
    every = [item for item in items() if item.kind is not Kind.REVIEW]
    told = world.open().whereabouts(every, [])
    before = world.calls()
    trusting = world.open()
    trusting.trust([told])
    assert trusting.locate(every).places
    assert world.calls() == before


def course_naming(wiki: str) -> Sequence[Item]:
    course = replace(ECO, placement={"moodle": {"wiki": wiki}})
    return [make_item(Kind.PAGE, course)]


def test_what_the_content_names_by_now_is_looked_up_all_the_same(world: World) -> None:
    moodle = world.open()
    moodle.trust([moodle.whereabouts(course_naming("another"), [])])
    placement = moodle.locate(course_naming(activity(world, "ECO-200", "wiki").name))
    assert placement.missing == {}


@pytest.mark.parametrize("told", ["", "nothing", "[]", '{"courses": {"X": 1}}'])
def test_what_is_no_such_text_is_refused(world: World, told: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        world.open().trust([told])
