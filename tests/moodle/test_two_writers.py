"""A person and lms-bridge at one text of a Moodle at the same time: locks, late displays, saves right after ours."""

from dataclasses import replace

import pytest
from moodle_world import BIO, PERSON, TEXT, Opened, World, longer, row_of, stored

from lms_bridge.connector import Action, Change, Outcome, Status
from lms_bridge.items import Page
from lms_bridge.sandbox.faults import Fault
from lms_bridge.sandbox.moodle import Hand, wiki_store
from lms_bridge.sync.policy import Policy
from lms_bridge.sync.report import summary_of
from lms_bridge.testing.bench import HIDE, KEEP_BOTH, LEAVE, MERGE, OVERWRITE, Bench
from lms_bridge.testing.sample import make_page, make_prompt


def written_alone(bench: Bench, change: Change) -> Outcome:
    (outcome,) = list(bench.place(change.key).write([change]))
    return outcome


@pytest.mark.parametrize("policy", [MERGE, OVERWRITE, KEEP_BOTH], ids=["merge", "overwrite", "keep_both"])
def test_a_page_that_somebody_has_open_waits_for_the_next_run(
    world: World, bench: Bench, page: Page, policy: Policy
) -> None:
    row = row_of(world, bench, page)
    Hand(world.site).edit_wiki_page(row.id, PERSON, replace={"First": "A teacher's first"})
    bench.change(longer(page))
    wiki_store.lock_page(world.site, row, None, world.site.user_named(PERSON).id)
    (outcome,) = [o for o in bench.sync(policy).outcomes if o.change.key == page.key]
    assert outcome.status is Status.CONFLICT
    assert outcome.problem
    assert "somebody is editing" in outcome.problem.cause
    assert "half a minute after its editor is closed" in outcome.problem.next_step
    assert "A teacher's first" in stored(world, row)
    assert "Words that the source added." not in stored(world, row)
    Hand(world.site).age_locks(60)
    bench.sync(policy)
    assert "Words that the source added." in stored(world, row)


def test_a_page_that_somebody_has_open_is_hidden_by_a_later_run(world: World, bench: Bench, page: Page) -> None:
    row = row_of(world, bench, page)
    bench.fill(make_page(BIO, "other", "<p>x</p>", title="Other"))
    wiki_store.lock_page(world.site, row, None, world.site.user_named(PERSON).id)
    (outcome,) = [o for o in bench.sync(HIDE).outcomes if o.change.key == page.key]
    assert outcome.status is Status.CONFLICT
    assert "First words." in stored(world, row)
    Hand(world.site).age_locks(60)
    assert summary_of([bench.sync(HIDE)])["hidden"] == 1
    assert "withdrawn" in stored(world, row)


@pytest.mark.parametrize("policy", [LEAVE, MERGE, OVERWRITE], ids=["report", "merge", "overwrite"])
def test_words_that_moodle_does_not_show_yet_are_not_written_over(
    world: World, bench: Bench, page: Page, policy: Policy
) -> None:
    """A listing that runs beside a person's edit puts the old display back, for half a minute."""
    row = row_of(world, bench, page)
    before = row.cachedcontent
    Hand(world.site).edit_wiki_page(row.id, PERSON, replace={"First words.": "First words. A teacher's remark."})
    row.cachedcontent = before
    bench.change(longer(page))
    (outcome,) = [o for o in bench.sync(policy).outcomes if o.change.key == page.key]
    assert outcome.status is Status.CONFLICT
    assert outcome.problem
    assert "words that Moodle did not show" in outcome.problem.cause
    assert "remark" in outcome.problem.cause
    assert "A teacher's remark." in stored(world, row)
    Hand(world.site).expire_wiki_cache()
    bench.sync(MERGE)
    assert "A teacher's remark." in stored(world, row)
    assert "Words that the source added." in stored(world, row)


@pytest.mark.parametrize("policy", [MERGE, OVERWRITE], ids=["merge", "overwrite"])
def test_words_that_an_unclosed_bracket_hides_are_not_written_over(
    world: World, bench: Bench, page: Page, policy: Policy
) -> None:
    row = row_of(world, bench, page)
    theirs = "See [[ the atlas first.</p><p>More of it.</p><p>Then go [[Home|home]]."
    Hand(world.site).edit_wiki_page(row.id, PERSON, replace={"First words.": theirs})
    assert "More of it" not in row.cachedcontent
    bench.change(longer(page))
    (outcome,) = [o for o in bench.sync(policy).outcomes if o.change.key == page.key]
    assert outcome.problem
    assert "close or take out a `[[`" in outcome.problem.next_step
    assert "More of it" in stored(world, row)


@pytest.mark.parametrize("policy", [MERGE, OVERWRITE], ids=["merge", "overwrite"])
def test_who_saves_a_page_right_after_us_is_seen_in_the_next_run(
    world: World, bench: Bench, page: Page, policy: Policy
) -> None:
    row = row_of(world, bench, page)

    def save() -> None:
        Hand(world.site).edit_wiki_page(row.id, PERSON, replace={"Last words.": "A teacher's last words."})

    bench.change(longer(page))
    world.right_after("mod_wiki_edit_page", save)
    assert summary_of([bench.sync(policy)])["updated"] == 1
    bench.change(longer(page, "Other words of the source."))
    report = bench.sync(LEAVE)
    assert [change.key for change in report.conflicts] == [page.key]
    assert "A teacher's last words." in stored(world, row)


def test_who_saves_a_new_page_before_it_was_read_back_is_seen_in_the_next_run(world: World, opened: Opened) -> None:
    bench = opened(world)
    page = make_page(BIO, "cells", TEXT, title="Cells")
    bench.fill(page)

    def save() -> None:
        (row,) = [row for row in world.site.wiki_pages.values() if row.title == "Cells"]
        Hand(world.site).edit_wiki_page(row.id, PERSON, replace={"Last words.": "A teacher's last words."})

    world.right_after("title%22%3A%22Cells", save)
    world.right_after("title=Cells", save)
    bench.sync()
    assert "A teacher's last words." in stored(world, row_of(world, bench, page))
    bench.change(longer(page))
    assert [change.key for change in bench.sync(LEAVE).conflicts] == [page.key]


def test_who_saves_a_discussion_right_after_us_is_seen_in_the_next_run(world: World, opened: Opened) -> None:
    bench = opened(world)
    prompt = make_prompt(BIO, "p")
    bench.fill(prompt)
    bench.sync()
    (discussion,) = world.site.discussions.values()

    def save() -> None:
        Hand(world.site).edit_post(discussion.firstpost, PERSON, replace={"Better": "A teacher's better"})

    bench.change(replace(prompt, body="<p>Better words.</p>"))
    world.right_after("mod_forum_update_discussion_post", save)
    assert summary_of([bench.sync()])["updated"] == 1
    bench.change(replace(prompt, body="<p>The best words.</p>"))
    assert [change.key for change in bench.sync(LEAVE).conflicts] == [prompt.key]
    assert "A teacher's better words." in world.site.posts[discussion.firstpost].message


def test_an_edit_that_never_arrived_is_not_taken_for_done(world: World, bench: Bench, page: Page) -> None:
    """Its mark stands there already, from the time before."""
    row = row_of(world, bench, page)
    Hand(world.site).edit_wiki_page(row.id, PERSON, replace={"First": "A teacher's first"})
    version = bench.entry(page.key).version
    world.server.faults.add(Fault("reset", times=9, body="mod_wiki_edit_page"))
    (outcome,) = [o for o in bench.sync(OVERWRITE).outcomes if o.change.key == page.key]
    assert outcome.status is not Status.DONE
    world.server.faults.clear()
    assert bench.entry(page.key).version == version
    assert summary_of([bench.sync(OVERWRITE)])["updated"] == 1
    assert "A teacher's" not in stored(world, row)


# Half-made pages


@pytest.mark.parametrize("action", [Action.UPDATE, Action.MERGE, Action.HIDE])
def test_a_page_that_lost_its_versions_is_told_with_who_can_help(
    world: World, bench: Bench, page: Page, action: Action
) -> None:
    """Moodle can neither lock nor write such a page."""
    bench.change(longer(page))
    (change,) = [change for change in bench.plan(MERGE).changes if change.key == page.key]
    Hand(world.site).wiki_crash(row_of(world, bench, page).id, "no version row")
    outcome = written_alone(bench, replace(change, action=action))
    assert outcome.status is Status.FAILED
    assert outcome.problem
    assert "it has no version" in outcome.problem.cause
    assert "delete the page" in outcome.problem.next_step


@pytest.mark.parametrize("action", [Action.UPDATE, Action.MERGE, Action.HIDE])
def test_a_page_that_was_emptied_by_a_crash_is_not_written_over_unseen(
    world: World, bench: Bench, page: Page, action: Action
) -> None:
    bench.change(longer(page))
    (change,) = [change for change in bench.plan(MERGE).changes if change.key == page.key]
    Hand(world.site).wiki_crash(row_of(world, bench, page).id, "version 0 only")
    assert written_alone(bench, replace(change, action=action)).status is Status.CONFLICT
