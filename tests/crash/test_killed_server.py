"""What a killed server leaves behind: half-made entries. They are healed, or told with a way out.

The states are those that a real Moodle was left in when its workers were killed while they wrote.
"""

from collections.abc import Callable, Iterator

import pytest
from crash_boundaries import Boundary
from crash_story import FIRST_SYNC, Story, Told
from crash_world import Form

from lms_bridge.sandbox.moodle import Hand
from lms_bridge.sandbox.sharepoint import Hand as SharePointHand
from lms_bridge.sandbox.sharepoint.pages import page_library

Tell = Callable[[str, Form, Story], Told]


@pytest.fixture
def moodle(told: Tell) -> Told:
    return told("moodle", Form(), FIRST_SYNC)


def stored(of: Told, name: str) -> Iterator[Boundary]:
    """The moments at which a request of that name was stored, and its sender is dead."""
    for _number, boundary in of.stored:
        if name in boundary.name.split(", "):
            of.world.put_back()
            assert of.world.kill_at(of.route, boundary)
            yield boundary


def half_made_pages(of: Told, left: str) -> Iterator[str]:
    """Every page in its turn is the one that the server died over: those behind it in the request were never begun."""
    for _number, boundary in of.stored:
        for behind in range(boundary.name.count("mod_wiki_new_page")):
            of.world.put_back()
            assert of.world.kill_at(of.route, boundary)
            pages = sorted(of.world.site.wiki_pages)
            for never in pages[len(pages) - behind :]:
                Hand(of.world.site).delete_wiki_page(never)
            Hand(of.world.site).wiki_crash(pages[-behind - 1], left)
            yield of.world.site.wiki_pages[pages[-behind - 1]].title


@pytest.mark.crash
@pytest.mark.parametrize("left", ["version 0 only", "stale display cache"])
def test_a_wiki_page_that_was_begun_gets_its_text(moodle: Told, left: str, subtests: pytest.Subtests) -> None:
    for title in half_made_pages(moodle, left):
        with subtests.test(title):
            moodle.is_finished_by_the_next_sync()


@pytest.mark.crash
def test_a_wiki_page_without_any_version_is_told_with_a_way_out(moodle: Told, subtests: pytest.Subtests) -> None:
    """Moodle's web services can neither write nor delete such a page."""
    for title in half_made_pages(moodle, "no version row"):
        with subtests.test(title):
            report, _ = moodle.world.sync("moodle")
            (failure,) = report.failures
            assert f"the server died while it made the page “{title}”" in failure.problem.cause
            assert "Delete the page in Moodle" in failure.problem.next_step
            broken = [page for page, versions in moodle.world.site.wiki_versions.items() if not versions]
            Hand(moodle.world.site).delete_wiki_page(*broken)
            moodle.is_finished_by_the_next_sync()


@pytest.mark.crash
def test_a_discussion_of_which_only_the_post_was_stored_is_made_whole(moodle: Told, subtests: pytest.Subtests) -> None:
    """Nobody sees such a post, and no web service tells of it."""
    for boundary in stored(moodle, "mod_forum_add_discussion"):
        for behind in range(boundary.name.split(", ").count("mod_forum_add_discussion")):
            with subtests.test(f"{boundary}, {behind} behind it"):
                moodle.world.put_back()
                assert moodle.world.kill_at("moodle", boundary)
                begun = sorted(moodle.world.site.discussions)
                for never in begun[len(begun) - behind :]:
                    Hand(moodle.world.site).delete_post(moodle.world.site.discussions[never].firstpost)
                Hand(moodle.world.site).forum_crash(begun[-behind - 1])
                moodle.is_finished_by_the_next_sync()


@pytest.mark.crash
@pytest.mark.parametrize("keeps_text", [True, False], ids=["with its text", "without its text"])
def test_a_sharepoint_page_that_nobody_was_shown_is_finished_and_published(
    told: Tell, keeps_text: bool, subtests: pytest.Subtests
) -> None:
    of = told("sharepoint", Form(), FIRST_SYNC)
    for boundary in stored(of, "POST /pages"):
        with subtests.test(str(boundary)):
            (site,) = [site for site in of.world.tenant.sites.values() if site.path]
            newest = max(page_library(site).items.values(), key=lambda item: item.number)
            SharePointHand(of.world.tenant).cut_off_page(newest.name, keeps_text=keeps_text)
            of.is_finished_by_the_next_sync()
