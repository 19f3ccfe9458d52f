"""A sync that dies by `kill -9`, at every boundary there is: the next one finishes what it began, once.

A boundary is a moment at which something becomes lasting: a commit of the state, a request that the destination stores.
Killed right before and right after each of them, a run leaves everything that it can leave.
"""

import re
from collections.abc import Callable, Iterable

import pytest
from crash_story import FIRST_SYNC, NEXT_SYNC, STORIES, Story, Told
from crash_world import Form

ROUTES = ("moodle", "sharepoint")
# The kinds that the other form does not touch are the same again.
FORMS = (Form(), Form(reviews="forum", prompts="list", kinds="[prompt, review]"))
FORM_IDS = ("as by default", "reviews as forum, prompts as list")
Tell = Callable[[str, Form, Story], Told]

crash = pytest.mark.crash
every_route = pytest.mark.parametrize("route", ROUTES)
every_form = pytest.mark.parametrize("form", FORMS, ids=FORM_IDS)
every_story = pytest.mark.parametrize("story", STORIES, ids=[story.name for story in STORIES])


@crash
@pytest.mark.timeout(1200)
@every_route
@every_form
@every_story
def test_whatever_it_was_about_to_do_or_had_just_done_the_next_sync_finishes_it(
    told: Tell, route: str, form: Form, story: Story, subtests: pytest.Subtests
) -> None:
    of = told(route, form, story)
    for boundary in of.boundaries:
        with subtests.test(str(boundary)):
            of.world.put_back()
            assert of.world.kill_at(route, boundary), "it was to be killed there and went another way"
            of.is_finished_by_the_next_sync()


@every_route
def test_a_write_that_was_stored_while_its_sender_died_is_known_again(
    told: Tell, route: str, subtests: pytest.Subtests
) -> None:
    """The quick share of the above: each kind of write, when the destination is ahead of the state."""
    of = told(route, Form(), NEXT_SYNC)
    for _number, boundary in of.stored_first:
        with subtests.test(str(boundary)):
            of.world.put_back()
            assert of.world.kill_at(route, boundary), "it was to be killed there and went another way"
            of.is_finished_by_the_next_sync()


PAGES_OVER = {"moodle": {"mod_wiki_edit_page"}, "sharepoint": {"PATCH /pages/microsoft.graph.sitePage"}}
_FINGERPRINT = re.compile(r"\b(lmsbf-)?[0-9a-f]{12}\b")


def pages_of(lines: Iterable[str]) -> set[str]:
    """Their texts, without what tells which form of an item was sent last."""
    return {_FINGERPRINT.sub("#", line) for line in lines if line.startswith(("page of", "Site Pages"))}


@every_route
def test_what_it_wrote_over_while_it_died_can_be_put_back(told: Tell, route: str, subtests: pytest.Subtests) -> None:
    """Nothing told it what became of the write, and the next sync finds only what that left."""
    of = told(route, Form(), NEXT_SYNC)
    over = [moment for _, moment in of.stored if PAGES_OVER[route].issuperset(moment.name.split(", "))]
    assert over
    for boundary in over:
        with subtests.test(str(boundary)):
            of.world.put_back()
            before = pages_of(of.world.standing(route))
            assert of.world.kill_at(route, boundary), "it was to be killed there and went another way"
            lost = before - pages_of(of.world.standing(route))
            assert lost
            of.world.sync(route)
            of.world.undo_killed(route)
            assert lost <= pages_of(of.world.standing(route))


@crash
@pytest.mark.timeout(1200)
@every_route
@pytest.mark.parametrize("story", [FIRST_SYNC, NEXT_SYNC], ids=lambda story: story.name)
def test_it_is_the_same_when_many_places_were_being_written_at_once(
    told: Tell, route: str, story: Story, subtests: pytest.Subtests
) -> None:
    """Which writes are under way at the n-th request then differs from run to run."""
    of = told(route, Form(at_once=4), story)
    for boundary in of.boundaries:
        if boundary.commit:
            continue
        with subtests.test(str(boundary)):
            of.world.put_back()
            of.world.kill_at(route, boundary)
            of.is_finished_by_the_next_sync()


@crash
@pytest.mark.postgresql
@pytest.mark.timeout(600)
@pytest.mark.parametrize("story", [FIRST_SYNC, NEXT_SYNC], ids=lambda story: story.name)
def test_it_is_the_same_with_the_state_in_postgresql(
    told_on_postgresql: Tell, story: Story, subtests: pytest.Subtests
) -> None:
    """A share: requests meet the same destination, so the commits alone are tried."""
    of = told_on_postgresql("moodle", Form(), story)
    for boundary in of.boundaries:
        if not boundary.commit:
            continue
        with subtests.test(str(boundary)):
            of.world.put_back()
            assert of.world.kill_at("moodle", boundary), "it was to be killed there and went another way"
            of.is_finished_by_the_next_sync()


WRITES = {
    "moodle": {
        "core_course_update_courses",
        "core_update_inplace_editable",
        "mod_data_add_entry",
        "mod_data_delete_entry",
        "mod_data_update_entry",
        "mod_forum_add_discussion",
        "mod_forum_add_discussion_post",
        "mod_forum_delete_post",
        "mod_forum_set_lock_state",
        "mod_forum_set_pin_state",
        "mod_forum_update_discussion_post",
        "mod_wiki_edit_page",
        "mod_wiki_new_page",
        "upload.php",
    },
    "sharepoint": {
        "DELETE /lists/items",
        "DELETE /pages",
        "PATCH /lists/items/fields",
        "PATCH /pages/microsoft.graph.sitePage",
        "POST /lists/items",
        "POST /pages",
        "POST /pages/microsoft.graph.sitePage/publish",
        "PUT /drives/content",
    },
}


@crash
@every_route
def test_the_stories_reach_every_kind_of_write(told: Tell, route: str) -> None:
    reached = {
        name
        for story in (FIRST_SYNC, NEXT_SYNC)
        for boundary in told(route, Form(), story).boundaries
        if not boundary.commit
        for name in boundary.name.split(", ")
    }
    assert reached == WRITES[route]
