"""What is particular to Moodle: groups, first pages, locks, images, mail, provisioning, ratings that stay unwritten."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from moodle_world import BIO, PERSON, Opened, World, activity

from lms_bridge.connector import Level, Status
from lms_bridge.items import Course, Kind, Prompt, Rating
from lms_bridge.markup.diff import line_diff
from lms_bridge.moodle.rating_values import shown_values
from lms_bridge.sandbox.faults import Fault
from lms_bridge.sandbox.moodle import Hand, SeedCourse, wiki_store
from lms_bridge.sandbox.moodle.seed import add_activities
from lms_bridge.sync.difference import diff
from lms_bridge.sync.report import summary_of
from lms_bridge.sync.state import State
from lms_bridge.testing.bench import LEAVE, OVERWRITE, PRUNE, Bench
from lms_bridge.testing.sample import make_image, make_item, make_page, make_prompt


def rating_fields(world: World, course: str) -> dict[str, Any]:
    """What learners see in the course list."""
    return dict(next(c.fields for c in world.site.courses.values() if c.idnumber == course))


def told(bench: Bench) -> dict[str, str]:
    """What failed, by key: cause and next step."""
    return {f.key: f"{f.problem.cause} {f.problem.next_step}" for f in bench.sync().failures}


def shown(world: World, title: str) -> str:
    page = next(p for p in world.site.wiki_pages.values() if p.title == title)
    return page.cachedcontent


# Courses and activities


def test_an_empty_course_id_is_never_looked_up(world: World, opened: Opened) -> None:
    """Moodle would answer with its front page."""
    bench = opened(world)
    nowhere = make_item(Kind.PAGE, Course(" ", "Nameless"))
    bench.fill(nowhere)
    assert "cannot be a course's idnumber" in told(bench)[nowhere.key]
    assert world.site.wiki_pages == {}


def test_a_course_of_nearly_the_same_id_is_not_taken(make_world: Callable[..., World], opened: Opened) -> None:
    """MariaDB compares ids without regard to case and accents."""
    bench = opened(make_world(database="mariadb"))
    other = make_item(Kind.PAGE, Course("bio-101", "Cell Biology"))
    bench.fill(other)
    assert "only 'BIO-101'" in told(bench)[other.key]


@pytest.mark.parametrize(("by", "value"), [("shortname", "BIO-101"), ("id", "3")])
def test_courses_can_be_found_by_shortname_and_number(world: World, opened: Opened, by: str, value: str) -> None:
    bench = opened(world, course_by=by)
    bench.fill(make_item(Kind.PAGE, Course(value, "Cell Biology")))
    assert told(bench) == {}


def test_a_wrong_address_is_told_once_and_not_for_every_item(world: World, opened: Opened) -> None:
    bench = opened(world)
    world.site.settings.wwwroot = "https://moodle.example"
    bench.fill(*(make_page(BIO, name, "<p>x</p>") for name in "abc"))
    (failure,) = bench.plan().failures
    assert "https://moodle.example" in failure.problem.cause
    assert "wwwroot" in failure.problem.next_step


def test_a_course_may_be_placed_elsewhere_than_its_id_says(world: World, opened: Opened) -> None:
    bench = opened(world)
    bench.fill(make_item(Kind.PAGE, Course("OTHER", "Other", {"moodle": {"course": "BIO-101", "wiki": "Course wiki"}})))
    assert told(bench) == {}


def test_of_two_wikis_the_one_with_our_id_number_is_taken(world: World, opened: Opened) -> None:
    first = activity(world, "BIO-101", "wiki")
    second = replace(first, cmid=900, instance=900, name="Another wiki", idnumber="lmsbridge-wiki", contextid=900)
    world.site.activities[900] = second
    world.site.sections[first.section].sequence.append(900)
    bench = opened(world)
    item = make_item(Kind.PAGE, BIO)
    bench.fill(item)
    bench.sync()
    assert {s.wikiid for s in world.site.subwikis.values()} == {900}
    second.idnumber = ""
    again = opened(world)
    again.fill(item)
    assert "2 activities of the kind wiki" in told(again)[item.key]


def test_a_course_without_a_wiki_is_told_with_what_to_add(make_world: Callable[..., World], opened: Opened) -> None:
    bench = opened(make_world(SeedCourse("BIO-101", activities=False)))
    item = make_item(Kind.PAGE, BIO)
    bench.fill(item)
    assert "Add a wiki with the ID number “lmsbridge-wiki”" in told(bench)[item.key]


# Provisioning


def test_an_empty_course_is_filled_from_the_template_once(make_world: Callable[..., World], opened: Opened) -> None:
    world = make_world(SeedCourse("BIO-101", activities=False))
    bench = opened(world, provision={"template": "lmsbridge-template"})
    every = [make_item(kind, BIO) for kind in Kind]
    bench.fill(*every)
    assert bench.plan().failures == ()
    assert world.calls().get("core_course_import_course", 0) == 0
    assert summary_of([bench.sync()])["failed"] == 0
    assert world.calls()["core_course_import_course"] == 1
    assert summary_of([bench.sync()])["created"] == 0
    assert bench.plan().pending == ()
    assert world.calls()["core_course_import_course"] == 1


def test_a_rating_whose_figures_stand_is_given_its_name_once_the_template_brought_the_activity(
    make_world: Callable[..., World], opened: Opened
) -> None:
    """As when a first sync died between the two: nobody else changed anything."""
    world = make_world(SeedCourse("BIO-101", activities=False))
    bench = opened(world)
    bench.fill(make_item(Kind.RATING, BIO))
    bench.sync()
    bench.lose_state()
    bench = opened(
        world, provision={"template": "lmsbridge-template"}, ratings={"activity_name": "Course ratings ★ {average}"}
    )
    bench.fill(*(make_item(kind, BIO) for kind in Kind))
    report = bench.sync()
    assert (report.conflicts, report.failures) == ((), ())
    assert activity(world, "BIO-101", "data").name == "Course ratings ★ 4.3"
    assert bench.plan().pending == ()


def test_a_course_that_has_some_of_them_is_not_filled(make_world: Callable[..., World], opened: Opened) -> None:
    """Moodle's import would double them."""
    world = make_world()
    wiki = activity(world, "BIO-101", "wiki")
    activity(world, "BIO-101", "forum").idnumber = "lmsbridge-forum"
    del world.site.activities[wiki.cmid]
    bench = opened(world, provision={"template": "lmsbridge-template"})
    item = make_item(Kind.PAGE, BIO)
    bench.fill(item)
    assert "already" in told(bench)[item.key]
    assert world.calls().get("core_course_import_course", 0) == 0


# Wiki pages


def test_the_wikis_first_page_is_the_index_and_leads_to_every_page(world: World, opened: Opened) -> None:
    activity(world, "BIO-101", "wiki").settings["firstpagetitle"] = "Start here"
    bench = opened(world)
    bench.fill(*(make_page(BIO, name, "<p>x</p>", title=f"Page {name}") for name in "ab"))
    bench.sync()
    assert "Page a" in shown(world, "Start here")
    assert "Page b" in shown(world, "Start here")


def test_a_page_whose_title_changed_shows_the_new_one_above_its_own_headings(world: World, opened: Opened) -> None:
    bench = opened(world)
    page = make_page(BIO, "a", "<h2>Parts</h2><p>x</p>", title="Cells")
    bench.fill(page)
    bench.sync()
    bench.change(replace(page, title="All about cells"))
    bench.sync()
    assert '<h4 class="lmsb-h">All about cells</h4>' in shown(world, "Cells")
    assert '<h5 class="lmsb-h">Parts</h5>' in shown(world, "Cells")


def test_pages_of_groups_go_into_the_wikis_of_their_groups(make_world: Callable[..., World], opened: Opened) -> None:
    world = make_world(SeedCourse("BIO-101", groups=("Red", "Blue")))
    bench = opened(world)
    red, blue, none = (
        replace(make_page(BIO, name, "<p>x</p>", title="Plan"), group=group)
        for name, group in (("r", "Red"), ("b", "Blue"), ("n", None))
    )
    bench.fill(red, blue, none)
    failures = told(bench)
    assert "kept by groups" in failures[none.key]
    assert [k for k in failures if k in (red.key, blue.key)] == []
    groups = {group.id: group.name for group in world.site.groups.values()}
    subwikis = {subwiki.id: groups[subwiki.groupid] for subwiki in world.site.subwikis.values()}
    standing = sorted((subwikis[page.subwikiid], page.title) for page in world.site.wiki_pages.values())
    assert standing == [("Blue", "Home"), ("Blue", "Plan"), ("Red", "Home"), ("Red", "Plan")]


def test_titles_that_mariadb_takes_for_one_stand_side_by_side(make_world: Callable[..., World], opened: Opened) -> None:
    world = make_world(database="mariadb")
    bench = opened(world)
    titles = ("Résumé", "resume", "RESUME ", "rocket 🚀", "rocket 🎉", "Straße", "strasse", "home")
    pages = [make_page(BIO, f"p{n}", f"<p>{n}</p>", title=title) for n, title in enumerate(titles)]
    bench.fill(*pages)
    assert told(bench) == {}
    assert len(world.site.wiki_pages) == len(titles) + 1
    assert bench.plan().pending == ()


def test_a_page_that_somebody_is_editing_waits_for_the_next_run(world: World, opened: Opened) -> None:
    bench = opened(world)
    page = make_page(BIO, "a", "<p>x</p>")
    bench.fill(page)
    bench.sync()
    row = world.site.wiki_pages[int(bench.entry(page.key).ref)]
    bench.change(replace(page, body="<p>y</p>"))
    wiki_store.lock_page(world.site, row, None, world.site.user_named(PERSON).id)
    (conflict,) = [o for o in bench.sync().outcomes if o.change.key == page.key]
    assert conflict.problem
    assert "somebody is editing" in conflict.problem.cause
    Hand(world.site).age_locks(60)
    assert summary_of([bench.sync()])["updated"] == 1


def test_a_persons_page_under_our_title_is_left_and_told(world: World, opened: Opened) -> None:
    bench = opened(world)
    page = make_page(BIO, "a", "<p>ours</p>", title="Cells")
    bench.fill(page)
    subwiki = wiki_store.add_subwiki(world.site, activity(world, "BIO-101", "wiki").instance, 0, 0)
    Hand(world.site).add_wiki_page(subwiki.id, PERSON, "Cells", "<p>theirs</p>")
    bench.sync()
    assert "theirs" in shown(world, "Cells")
    assert bench.entries(page.key) == []


def test_pages_of_a_source_that_was_renamed_are_told_for_what_they_are(world: World, opened: Opened) -> None:
    bench = opened(world)
    page = make_page(BIO, "a", "<p>ours</p>", title="Cells")
    bench.fill(page)
    bench.sync()
    bench.lose_state()
    renamed = replace(page, key=page.key.replace("sample:", "renamed:"))
    bench.fill(renamed)
    assert "was renamed" in told(bench)[renamed.key]
    assert shown(world, "Cells").count("ours") == 1


def test_a_page_that_a_crash_left_empty_is_made_whole(world: World, opened: Opened) -> None:
    bench = opened(world)
    page = make_page(BIO, "a", "<p>ours</p>", title="Cells")
    bench.fill(page)
    plan = bench.plan()
    subwiki = wiki_store.add_subwiki(world.site, activity(world, "BIO-101", "wiki").instance, 0, 0)
    row = wiki_store.create_page(world.site, subwiki.id, "Cells", "html", world.site.user_named("lmsbridge").id)
    (change,) = [change for change in plan.changes if change.key == page.key]
    (outcome,) = list(bench.place(page.key).write([change]))
    assert outcome.entry
    assert outcome.entry.ref == str(row.id)
    assert "ours" in shown(world, "Cells")


@pytest.mark.parametrize("left", ["never saved", "", "<p></p>", "<p><br></p>\n"])
def test_a_first_page_that_nobody_wrote_on_becomes_the_index(world: World, opened: Opened, left: str) -> None:
    """A teacher opened the wiki once, or a run was cut off."""
    subwiki = wiki_store.add_subwiki(world.site, activity(world, "BIO-101", "wiki").instance, 0, 0)
    teacher = world.site.user_named(PERSON).id
    row = wiki_store.create_page(world.site, subwiki.id, "Home", "html", teacher)
    if left != "never saved":
        wiki_store.save_page(world.site, row, left, teacher)
    bench = opened(world)
    bench.fill(make_page(BIO, "a", "<p>ours</p>", title="Cells"))
    assert told(bench) == {}
    assert "Cells" in shown(world, "Home")
    assert sorted(page.title for page in world.site.wiki_pages.values()) == ["Cells", "Home"]
    assert bench.plan().pending == ()


@pytest.mark.parametrize("theirs", ["<p>Welcome!</p>", '<p><img src="https://example.org/x.png" alt=""></p>'])
def test_a_first_page_that_a_person_wrote_stays_theirs_and_the_rest_goes_through(
    world: World, opened: Opened, theirs: str
) -> None:
    subwiki = wiki_store.add_subwiki(world.site, activity(world, "BIO-101", "wiki").instance, 0, 0)
    Hand(world.site).add_wiki_page(subwiki.id, PERSON, "Home", theirs)
    before = shown(world, "Home")
    bench = opened(world)
    bench.fill(make_page(BIO, "a", "<p>ours</p>", title="Cells"))
    report = bench.sync()
    (conflict,) = report.conflicts
    assert (conflict.title, conflict.conflict) == ("Cell Biology", True)
    assert "not ours stands there" in conflict.reason
    assert shown(world, "Home") == before
    assert "ours" in shown(world, "Cells")


def test_a_page_that_a_crash_left_empty_is_no_persons_page_in_the_next_run(world: World, opened: Opened) -> None:
    subwiki = wiki_store.add_subwiki(world.site, activity(world, "BIO-101", "wiki").instance, 0, 0)
    wiki_store.create_page(world.site, subwiki.id, "Cells", "html", world.site.user_named("lmsbridge").id)
    bench = opened(world)
    bench.fill(make_page(BIO, "a", "<p>ours</p>", title="Cells"))
    assert told(bench) == {}
    assert "ours" in shown(world, "Cells")


def test_a_page_whose_mark_a_person_deleted_is_still_known(world: World, opened: Opened) -> None:
    bench = opened(world)
    page = make_page(BIO, "a", "<p>ours</p>", title="Cells")
    bench.fill(page)
    bench.sync()
    Hand(world.site).human_edit_wiki_page(int(bench.entry(page.key).ref), PERSON, "<p>All theirs</p>")
    assert summary_of([bench.sync(LEAVE)])["created"] == 0
    assert "All theirs" in shown(world, "Cells")
    assert summary_of([bench.sync(OVERWRITE)])["updated"] == 1
    assert "ours" in shown(world, "Cells")


def test_a_page_that_was_copied_with_our_mark_is_not_taken_for_ours(world: World, opened: Opened) -> None:
    bench = opened(world)
    page = make_page(BIO, "a", "<p>ours</p>", title="Cells")
    bench.fill(page)
    bench.sync()
    entry = bench.entry(page.key)
    row = world.site.wiki_pages[int(entry.ref)]
    text = world.site.wiki_versions[row.id][-1].content
    Hand(world.site).add_wiki_page(row.subwikiid, PERSON, "My copy", text)
    assert bench.entry(page.key) == entry
    assert bench.plan(PRUNE).pending == ()


# Images


def test_an_image_is_uploaded_once_for_all_pages_of_a_course(world: World, opened: Opened) -> None:
    bench = opened(world)
    image = make_image()
    body = f'<p><img src="asset:{image.digest}" alt="A dot"></p>'
    bench.fill(*(make_page(BIO, name, body, title=f"Page {name}", assets=(image,)) for name in "abc"))
    bench.sync()
    assert (
        len([file for file in world.site.files if file.filename.startswith("lmsb-") and file.filearea == "post"]) == 1
    )
    assert "/mod_forum/post/" in shown(world, "Page a")
    assert bench.plan().pending == ()


@pytest.mark.parametrize("theirs", ["reply", "discussion"])
def test_a_learner_cannot_put_a_picture_in_the_place_of_ours(world: World, opened: Opened, theirs: str) -> None:
    bench = opened(world)
    first, second = make_image(), make_image(shade=9)
    show = '<p><img src="asset:{0.digest}" alt="A dot"></p>'.format
    page = make_page(BIO, "a", show(first), title="Page", assets=(first,))
    bench.fill(page)
    bench.sync()
    (carrier,) = world.site.discussions.values()
    false = f"{world.server.url}/pluginfile.php/1/mod_forum/post/1/lmsb-{second.digest}.png"
    text = world.site.posts[carrier.firstpost].message + f'<p><img src="{false}" alt=""></p>'
    if theirs == "reply":
        Hand(world.site).reply(carrier.firstpost, "lena.learner", text)
    else:
        Hand(world.site).start_discussion(carrier.forum, "lena.learner", "Images", text)
    bench.change(replace(page, body=show(second), assets=(second,)))
    bench.sync()
    assert second.digest in shown(world, "Page")
    assert false not in shown(world, "Page")


@pytest.mark.parametrize("images", ["link", "off"])
def test_images_that_are_not_uploaded_leave_their_description_and_a_notice(
    world: World, opened: Opened, images: str
) -> None:
    bench = opened(world, pages={"images": images})
    image = make_image()
    body = f'<p><img src="asset:{image.digest}" alt="A dot"></p><p><img src="https://example.org/x.png" alt="net"></p>'
    bench.fill(make_page(BIO, "a", body, title="Page", assets=(image,)))
    assert any("1 image is not shown" in notice.cause for notice in bench.plan().notices)
    bench.sync()
    assert "A dot" in shown(world, "Page")
    assert ("https://example.org/x.png" in shown(world, "Page")) == (images == "link")
    assert world.calls().get("webservice/upload.php", 0) == 0


# Prompts


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


# Reviews and ratings


def test_reviews_can_be_discussions_of_a_forum(world: World, opened: Opened) -> None:
    bench = opened(world, reviews={"as": "forum", "activity": {"idnumber": "lmsbridge-forum"}})
    review = make_item(Kind.REVIEW, BIO)
    bench.fill(review)
    assert summary_of([bench.sync()])["created"] == 1
    (discussion,) = world.site.discussions.values()
    assert discussion.name == "★★★★☆ learner-one, 2026-03-02"
    assert bench.plan().pending == ()


def test_a_reviews_words_are_words_and_not_markup(world: World, opened: Opened) -> None:
    bench = opened(world)
    bench.fill(make_item(Kind.REVIEW, BIO, words="<script>alert(1)</script> & more\n\nSecond paragraph"))
    assert told(bench) == {}
    contents = [str(c.content) for entry in world.site.data_entries.values() for c in entry.contents.values()]
    assert any("&lt;script&gt;" in text and "<p>Second paragraph</p>" in text for text in contents)


def test_a_database_without_our_fields_is_told_by_name(world: World, opened: Opened) -> None:
    field = next(
        f
        for f in world.site.data_fields.values()
        if f.name == "Key" and f.dataid == activity(world, "BIO-101", "data").instance
    )
    field.name = "Other"
    bench = opened(world)
    bench.fill(make_item(Kind.REVIEW, BIO))
    assert any("no field Key" in text for text in told(bench).values())


def test_a_rating_field_that_does_not_exist_is_told_before_anything_is_written(world: World, opened: Opened) -> None:
    bench = opened(world, ratings={"fields": {"average": "nope"}})
    rating = make_item(Kind.RATING, BIO)
    bench.fill(rating)
    assert "no course custom field nope" in told(bench)[rating.key]
    assert world.calls().get("core_course_update_courses", 0) == 0


def test_a_locked_rating_field_is_noticed_although_moodle_says_nothing(world: World, opened: Opened) -> None:
    for field in world.site.custom_fields.values():
        field.configdata["locked"] = 1
    bench = opened(world)
    rating = make_item(Kind.RATING, BIO)
    bench.fill(rating)
    assert "changelockedcustomfields" in told(bench)[rating.key]


def test_a_rating_can_show_on_the_course_page_as_an_activitys_name(world: World, opened: Opened) -> None:
    bench = opened(world, ratings={"activity_name": "Course ratings ★ {average} ({count})"})
    bench.fill(make_item(Kind.RATING, BIO))
    bench.sync()
    count = next(iter(bench.source.content)).count  # type: ignore[union-attr]
    assert activity(world, "BIO-101", "data").name == f"Course ratings ★ 4.3 ({count})"
    assert bench.plan().pending == ()


def test_a_course_may_name_another_activity_that_shows_its_rating(world: World, opened: Opened) -> None:
    course = next(course for course in world.site.courses.values() if course.idnumber == "BIO-101")
    add_activities(world.site, course, suffix="-second")
    stars, reviews = (a for a in world.site.activities_of(course.id, "data") if a.idnumber.startswith("lmsbridge-"))
    stars.name, stars.idnumber = "Stars", "stars-here"
    bench = opened(world, ratings={"activity_name": "Rated {average}"})
    placed = replace(BIO, placement={bench.destination.name: {"rating_activity": "stars-here"}})
    bench.fill(make_item(Kind.RATING, placed))
    bench.sync()
    assert stars.name == "Rated 4.3"
    assert reviews.name == "Course reviews"


def test_ratings_of_many_courses_travel_in_one_call(make_world: Callable[..., World], opened: Opened) -> None:
    world = make_world(*(SeedCourse(f"C-{n}") for n in range(12)))
    bench = opened(world)
    bench.fill(*(make_item(Kind.RATING, Course(f"C-{n}", f"Course {n}")) for n in range(12)))
    assert summary_of([bench.sync()])["created"] == 12
    assert world.calls()["core_course_update_courses"] == 1


@pytest.mark.parametrize(
    ("average", "shown", "stars"), [(5.25, "5.3", 5), (4.5, "4.5", 5), (2.449, "2.4", 2), (6.95, "7.0", 7)]
)
def test_an_average_is_rounded_as_people_round(average: float, shown: str, stars: int) -> None:
    rating = replace(make_item(Kind.RATING, BIO), average=average, scale=(1, 10))  # type: ignore[call-arg]
    assert isinstance(rating, Rating)
    values = shown_values(rating)
    assert (values["average"], values["stars"].count("★")) == (shown, stars)


NAMED = {"activity_name": "Course ratings ★ {average} ({count})"}
PHY = Course("PHY-101", "Physics")


@pytest.fixture
def removed(make_world: Callable[..., World], opened: Opened) -> tuple[World, Bench]:
    """Two rated courses, of which the source then drops one; looked at by a fresh process."""
    world = make_world(SeedCourse("BIO-101"), SeedCourse("PHY-101"))
    first = opened(world, ratings=NAMED)
    first.fill(make_item(Kind.RATING, BIO), make_item(Kind.RATING, PHY))
    assert summary_of([first.sync()])["created"] == 2
    later = opened(world, ratings=NAMED)
    later.fill(make_item(Kind.RATING, BIO))
    return world, later


def test_the_rating_of_a_course_that_left_the_source_is_reported_for_as_long_as_it_stands(
    removed: tuple[World, Bench],
) -> None:
    world, bench = removed
    for _ in range(2):
        (change,) = bench.plan().changes
        assert "gone from the source; the policy is to report it" in change.reason
        bench.sync()
    assert all(rating_fields(world, "PHY-101").values())


def test_the_rating_of_a_course_that_left_the_source_is_taken_away_where_that_is_wanted(
    removed: tuple[World, Bench],
) -> None:
    world, bench = removed
    assert summary_of([bench.sync(PRUNE, approve=True)])["deleted"] == 1
    assert not any(rating_fields(world, "PHY-101").values())
    assert activity(world, "PHY-101", "data").name == "Course reviews"
    assert all(rating_fields(world, "BIO-101").values())
    assert activity(world, "BIO-101", "data").name.startswith("Course ratings ★")
    assert bench.plan(PRUNE).changes == ()


def test_a_name_that_a_person_gave_is_not_taken_away_with_the_rating(removed: tuple[World, Bench]) -> None:
    world, bench = removed
    activity(world, "PHY-101", "data").name = "What you said"
    bench.sync(replace(PRUNE, drift=OVERWRITE.drift), approve=True)
    assert not any(rating_fields(world, "PHY-101").values())
    assert activity(world, "PHY-101", "data").name == "What you said"


def test_a_rating_whose_course_cannot_be_looked_at_is_not_forgotten(removed: tuple[World, Bench]) -> None:
    world, bench = removed
    number = next(c.id for c in world.site.courses.values() if c.idnumber == "PHY-101")
    answer = '{"exception": "dml_read_exception", "errorcode": "dmlreadexception", "message": "Error reading"}'
    question = f"value={number}"
    world.server.faults.add(Fault("status", times=9, path="server.php", body=question, status=200, answer=answer))
    (change,) = bench.plan(PRUNE).changes
    assert "could not be read" in change.reason


# The check


@pytest.mark.parametrize(
    "capability",
    [
        "moodle/course:update",
        "moodle/course:manageactivities",
        "mod/forum:editanypost",
        "mod/forum:pindiscussions",
        "mod/forum:createattachment",
    ],
)
def test_the_check_names_each_missing_permission(world: World, opened: Opened, capability: str) -> None:
    Hand(world.site).capability("lmsbridge", capability, False)
    found = {f.what: f for f in opened(world).destination.check() if f.level is Level.ERROR}
    assert capability in found
    problem = found[capability].problem
    assert problem
    assert "Define roles" in problem.next_step


def test_the_check_names_each_missing_function_and_what_it_is_for(world: World, opened: Opened) -> None:
    Hand(world.site).service_function("lmsbridge", "mod_wiki_edit_page", False)
    (finding,) = [f for f in opened(world).destination.check() if f.level is Level.ERROR]
    assert finding.problem
    assert "mod_wiki_edit_page" in finding.problem.cause
    assert "Add functions" in finding.problem.next_step


def test_the_check_names_a_missing_custom_field(world: World, opened: Opened) -> None:
    gone = next(number for number, field in world.site.custom_fields.items() if field.shortname == "lmsbridge_stars")
    del world.site.custom_fields[gone]
    (finding,) = [f for f in opened(world).destination.check() if f.level is Level.ERROR]
    assert finding.problem
    assert "lmsbridge_stars" in finding.problem.cause
