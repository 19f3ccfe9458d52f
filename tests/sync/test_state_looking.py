"""What people look for in the state, in a file and in PostgreSQL alike: all is found, and each page counts right."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from lms_bridge.sync.state import State
from lms_bridge.sync.state_looking import PAGE, Wanted
from tests.sync.test_state_figures import RECORD


@pytest.fixture
def state(location: str) -> Iterator[State]:
    with State.open(location) as opened:
        yield opened


def stand(state: State, route: str, *courses: str) -> None:
    state.save_records(
        route,
        "moodle",
        [
            replace(RECORD, key=f"s:{course}:{number}", course=course, title=f"Page {number} of {course}")
            for course in courses
            for number in range(3)
        ],
    )


def test_courses_of_several_routes_are_each_listed_once_in_order(state: State) -> None:
    stand(state, "east", "BIO", "", "CHE")
    stand(state, "west", "ART", "BIO")
    stand(state, "north", "ZOO")
    assert state.looking.courses(["east", "west"]) == (["", "ART", "BIO", "CHE"], 4)
    assert state.looking.courses(["east", "west"], words="i") == (["BIO"], 1)
    assert state.looking.courses(["south"]) == ([], 0)
    assert state.looking.courses([]) == ([], 0)


def test_courses_come_in_pages(state: State) -> None:
    stand(state, "east", *(f"C{number:03}" for number in range(PAGE + 2)))
    assert state.looking.courses(["east"], page=1) == ([f"C{PAGE:03}", f"C{PAGE + 1:03}"], PAGE + 2)
    assert state.looking.courses(["east"], page=2) == ([], PAGE + 2)


@pytest.mark.parametrize("courses", [PAGE // 3, (PAGE + 1) // 3, 2 * PAGE // 3, PAGE])
def test_how_many_were_found_is_told_on_every_page(state: State, courses: int) -> None:
    """Whether the page is full or not, is the last one, or lies behind it."""
    stand(state, "east", *(f"C{number:03}" for number in range(courses)))
    wanted = Wanted(routes=["east"])
    lengths = []
    for page in range(5):
        items, total = state.looking.items(wanted, page=page)
        assert total == 3 * courses
        lengths.append(len(items))
    assert sum(lengths) == 3 * courses


def test_what_is_found_nowhere_is_told_so(state: State) -> None:
    stand(state, "east", "BIO")
    assert state.looking.items(Wanted(routes=["east"], words="quartz")) == ([], 0)
    assert state.looking.items(Wanted(routes=["east"], words="page 2"))[1] == 1
