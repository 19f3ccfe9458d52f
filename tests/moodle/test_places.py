"""What is particular to Moodle: groups, first pages, locks, provisioning, and what a check names."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from moodle_world import BIO, PERSON, Opened, World, activity, shown, told

from lms_bridge.connector import Level
from lms_bridge.items import Course, Kind
from lms_bridge.sandbox.moodle import Hand, SeedCourse, wiki_store
from lms_bridge.sync.report import summary_of
from lms_bridge.testing.bench import LEAVE, OVERWRITE, PRUNE
from lms_bridge.testing.sample import make_item, make_page


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
