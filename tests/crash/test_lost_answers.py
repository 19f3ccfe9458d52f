"""Every answer to a write lost once, after the destination stored it: nothing is sent twice, nothing is left undone."""

from collections.abc import Callable, Sequence

import pytest
from crash_boundaries import Boundary
from crash_story import FIRST_SYNC, STORIES, Story, Told
from crash_world import Form
from test_killed_sync import FORM_IDS, FORMS, ROUTES

Tell = Callable[[str, Form, Story], Told]


def lose_each(of: Told, moments: Sequence[tuple[int, Boundary]], subtests: pytest.Subtests) -> None:
    for number, boundary in moments:
        with subtests.test(f"{boundary}, and the answer is lost"):
            of.world.put_back()
            of.world.lose_answer(of.route, number)
            of.world.sync(of.route)
            assert of.world.servers[of.route].faults.pending() == []
            of.is_finished_by_the_next_sync()


@pytest.mark.parametrize("route", ROUTES)
def test_to_each_kind_of_write(told: Tell, route: str, subtests: pytest.Subtests) -> None:
    of = told(route, Form(), FIRST_SYNC)
    lose_each(of, of.stored_first, subtests)


@pytest.mark.crash
@pytest.mark.timeout(600)
@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("form", FORMS, ids=FORM_IDS)
@pytest.mark.parametrize("story", STORIES, ids=[story.name for story in STORIES])
def test_to_every_write(told: Tell, route: str, form: Form, story: Story, subtests: pytest.Subtests) -> None:
    of = told(route, form, story)
    lose_each(of, of.stored, subtests)
