"""Prompts in a forum: mail, pins, locks, groups, and answers of people."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from moodle_world import BIO, PERSON, Opened, World, activity, told

from lms_bridge.connector import Status
from lms_bridge.items import Prompt
from lms_bridge.markup.diff import line_diff
from lms_bridge.sandbox.faults import Fault
from lms_bridge.sandbox.moodle import Hand, SeedCourse
from lms_bridge.sync.difference import diff
from lms_bridge.sync.report import summary_of
from lms_bridge.sync.state import State
from lms_bridge.testing.bench import LEAVE, PRUNE
from lms_bridge.testing.sample import make_page, make_prompt


def test_a_prompt_that_could_not_be_closed_is_closed_by_the_next_sync_and_not_taken_for_a_persons(
    world: World, opened: Opened
) -> None:
    bench = opened(world)
    prompt = make_prompt(BIO, "over", close=bench.now - timedelta(days=1))
    bench.fill(prompt)
    world.server.faults.add(Fault("status", times=3, status=503, retry_after="0", body="mod_forum_set_lock_state"))
    assert "closed for maintenance, or busy" in told(bench)[prompt.key]
    report = bench.sync(LEAVE)
    assert (report.failures, report.conflicts) == ((), ())
    (discussion,) = [each for each in world.site.discussions.values() if each.name == prompt.title]
    assert discussion.timelocked


def test_a_prompt_is_for_all_groups_pinned_and_closed_when_its_time_is_over(world: World, opened: Opened) -> None:
    bench = opened(world)
    prompt = replace(make_prompt(BIO, "p", close=bench.now + timedelta(days=1)), pinned=True)
    bench.fill(prompt)
    bench.sync()
    (discussion,) = world.site.discussions.values()
    assert (discussion.groupid, discussion.pinned, discussion.timelocked) == (-1, 1, 0)
    bench.now += timedelta(days=2)
    assert summary_of([bench.sync()])["updated"] == 1
    assert discussion.timelocked > 0
    bench.change(replace(prompt, close=None, pinned=False))
    bench.sync()
    assert (discussion.pinned, discussion.timelocked) == (0, 0)
    assert bench.plan().pending == ()


def test_a_prompt_for_one_group_goes_to_that_group(make_world: Callable[..., World], opened: Opened) -> None:
    world = make_world(SeedCourse("BIO-101", groups=("Red", "Blue")))
    bench = opened(world)
    red = replace(make_prompt(BIO, "p"), group="Red")
    lost = replace(make_prompt(BIO, "q"), group="Green")
    bench.fill(red, lost)
    assert "no group “Green”" in told(bench)[lost.key]
    (discussion,) = world.site.discussions.values()
    assert world.site.groups[discussion.groupid].name == "Red"


def test_the_plan_says_that_moodle_will_mail_people(world: World, opened: Opened) -> None:
    activity(world, "BIO-101", "forum").settings["forcesubscribe"] = 1
    bench = opened(world)
    bench.fill(make_prompt(BIO, "p"))
    (notice,) = [n for n in bench.plan().notices if "mail" in n.cause]
    assert "every participant" in notice.cause
    assert "optional" in notice.next_step


def test_a_prompt_with_answers_keeps_them_when_it_changes(world: World, opened: Opened) -> None:
    bench = opened(world)
    prompt = make_prompt(BIO, "p")
    bench.fill(prompt)
    bench.sync()
    (discussion,) = world.site.discussions.values()
    Hand(world.site).reply(discussion.firstpost, "lena.learner", "<p>My answer</p>")
    assert isinstance(prompt, Prompt)
    bench.change(replace(prompt, title="A better question"))
    assert summary_of([bench.sync()])["updated"] == 1
    assert discussion.name == "A better question"
    assert any("My answer" in post.message for post in world.site.posts.values())


@pytest.mark.parametrize("answers", [1, 2])
def test_a_discussion_that_people_answered_is_never_deleted(world: World, opened: Opened, answers: int) -> None:
    bench = opened(world)
    kept, gone = make_prompt(BIO, "p"), make_prompt(BIO, "q")
    bench.fill(kept, gone)
    bench.sync()
    entry = bench.entry(gone.key)
    post = int(entry.ref.partition("-")[2])
    for _ in range(answers):
        post = Hand(world.site).reply(post, "lena.learner", "<p>My answer</p>")
    bench.fill(kept)
    (notice,) = bench.plan(PRUNE).notices
    (outcome,) = bench.sync(PRUNE).outcomes
    assert (outcome.status, outcome.problem) == (Status.CONFLICT, notice)
    assert notice.cause.startswith("1 reply by people stands" if answers == 1 else "2 replies by people stand")
    assert notice.where == entry.url
    assert "Lock the discussion" in notice.next_step
    assert len(world.site.posts) == 2 + answers
    assert world.calls().get("mod_forum_delete_post", 0) == 0


def test_a_reply_that_came_after_the_plan_is_seen_before_deleting(world: World, opened: Opened) -> None:
    bench = opened(world)
    kept, gone = make_prompt(BIO, "p"), make_prompt(BIO, "q")
    bench.fill(kept, gone)
    bench.sync()
    bench.fill(kept)
    plan = bench.plan(PRUNE)
    assert plan.notices == ()
    (change,) = plan.pending
    assert change.entry
    Hand(world.site).reply(int(change.entry.ref.partition("-")[2]), "lena.learner", "<p>My answer</p>")
    (outcome,) = bench.place(kept.key).write([change])
    assert outcome.status is Status.CONFLICT
    assert any("My answer" in post.message for post in world.site.posts.values())


def test_our_own_replies_keep_no_discussion_from_being_deleted(world: World, opened: Opened) -> None:
    bench = opened(world)
    kept, gone = make_prompt(BIO, "p"), make_prompt(BIO, "q")
    bench.fill(kept, gone)
    bench.sync()
    Hand(world.site).reply(int(bench.entry(gone.key).ref.partition("-")[2]), "lmsbridge", "<p>A hint</p>")
    bench.fill(kept)
    assert summary_of([bench.sync(PRUNE)])["deleted"] == 1
    assert len(world.site.discussions) == 1


@pytest.mark.parametrize("told_in", ["plan", "check"])
def test_a_prompt_for_everybody_in_separate_groups_is_told_to_be_without_answers(
    make_world: Callable[..., World], opened: Opened, told_in: str
) -> None:
    world = make_world(SeedCourse("BIO-101", groups=("Red", "Blue")))
    bench = opened(world)
    bench.fill(make_prompt(BIO, "p"))
    plan = bench.plan()
    if told_in == "plan":
        (problem,) = [n for n in plan.notices if "groups separate" in n.cause]
        assert problem.cause.startswith("1 new discussion is for everybody")
    else:
        (problem,) = [f.problem for f in bench.destination.check() if f.what == "groups"]
    assert "not answer it" in problem.cause
    assert "`group:`" in problem.next_step


def test_a_prompt_for_a_group_or_in_visible_groups_can_be_answered(
    make_world: Callable[..., World], opened: Opened
) -> None:
    world = make_world(SeedCourse("BIO-101", groups=("Red", "Blue")))
    bench = opened(world)
    bench.fill(replace(make_prompt(BIO, "p"), group="Red"))
    assert bench.plan().notices == ()
    activity(world, "BIO-101", "forum").groupmode = 2
    bench.fill(make_prompt(BIO, "p"))
    assert bench.plan().notices == ()


def test_a_difference_does_not_tell_blank_lines_of_code_that_moodle_took_out_of_a_saved_page(
    world: World, opened: Opened
) -> None:
    bench = opened(world)
    page = make_page(BIO, "code", "<p>Before.</p><pre><code>one\n\n\ntwo\n\nthree</code></pre>")
    bench.fill(page)
    bench.sync()
    number = int(bench.entry(page.key).ref)
    stored = str(world.site.wiki_versions[number][-1].content)
    Hand(world.site).edit_wiki_page(number, PERSON, content=stored.replace("Before.", "A person's."))
    with State.open(bench.file) as state:
        told = diff(bench.route(), state, page.key, now=bench.now)
    assert told
    changed = [(line.kind, line.text) for line in line_diff(told.before, told.after) if line.kind != "same"]
    assert changed == [("removed", "A person's."), ("added", "Before.")]
