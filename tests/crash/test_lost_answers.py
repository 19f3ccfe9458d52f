"""Every answer to a write lost once, after the destination stored it: nothing is sent twice, nothing is left undone."""

from collections.abc import Callable

import pytest
from crash_story import FIRST_SYNC, STORIES, Story, Told
from crash_world import Form
from test_killed_sync import FORM_IDS, FORMS, ROUTES

Tell = Callable[[str, Form, Story], Told]


def lose_each_answer(of: Told, subtests: pytest.Subtests) -> None:
    names = [boundary.name for boundary in of.boundaries if not boundary.commit and boundary.done]
    for number, name in zip(of.writes, names, strict=True):
        with subtests.test(f"request {number}, {name}"):
            of.world.put_back()
            of.world.lose_answer(of.route, number)
            of.world.sync(of.route)
            assert of.world.servers[of.route].faults.pending() == []
            of.is_finished_by_the_next_sync()


@pytest.mark.parametrize("route", ROUTES)
def test_of_a_first_sync(told: Tell, route: str, subtests: pytest.Subtests) -> None:
    lose_each_answer(told(route, Form(), FIRST_SYNC), subtests)


@pytest.mark.crash
@pytest.mark.timeout(600)
@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("form", FORMS, ids=FORM_IDS)
@pytest.mark.parametrize("story", STORIES, ids=[story.name for story in STORIES])
def test_of_any_sync(told: Tell, route: str, form: Form, story: Story, subtests: pytest.Subtests) -> None:
    lose_each_answer(told(route, form, story), subtests)
