"""What the sandbox's Moodle pages show and hide, as a learner's browser would get them."""

import pytest
import requests

from lms_bridge.sandbox.moodle import Hand, SeedCourse, demo_site, moodle_app, rows
from lms_bridge.sandbox.server import SandboxServer

COURSES = [
    SeedCourse("OPEN", fullname="Open course", summary="<p>Come <script>alert(1)</script>in</p>"),
    SeedCourse("HIDDEN", fullname="Hidden course", visible=False),
    SeedCourse("GROUPS", fullname="Course with groups", groups=("Red", "Blue")),
]


@pytest.fixture
def site():
    return demo_site(COURSES, token="t" * 32)


@pytest.fixture
def look(site):
    with SandboxServer(moodle_app(site)) as server:
        site.settings.wwwroot = server.url
        yield lambda path: requests.get(server.url + path, timeout=10)


def activity(site, course, modname):
    found = next(one for one in site.courses.values() if one.idnumber == course)
    return site.activities_of(found.id, modname)[0]


def add_subwiki(site, wiki, group):
    subwiki = rows.Subwiki(site.next_id("wiki_subwikis"), wiki.instance, group, 0)
    site.subwikis[subwiki.id] = subwiki
    return subwiki.id


def test_hidden_courses_are_not_shown(site, look):
    listed = look("/").text
    assert "Open course" in listed
    assert "Hidden course" not in listed
    hidden = activity(site, "HIDDEN", "wiki")
    assert look(f"/course/view.php?id={hidden.course}").status_code == 404
    assert look(f"/mod/wiki/view.php?id={hidden.cmid}").status_code == 404


def test_summaries_are_cleaned(look):
    listed = look("/").text
    assert "Come in" in listed
    assert "<script" not in listed


def test_only_rating_fields_that_everybody_may_see_are_shown(site, look):
    course = site.courses[activity(site, "OPEN", "wiki").course]
    average, count, *_ = site.custom_fields.values()
    course.fields = {average.id: "4.3", count.id: "29"}
    count.configdata["visibility"] = 1
    assert "4.3" in look("/").text
    assert "29" not in look(f"/course/view.php?id={course.id}").text


def test_a_wiki_without_its_first_page_asks_the_learner_to_create_it(site, look):
    wiki = activity(site, "OPEN", "wiki")
    assert "There is no page “Home” yet" in look(f"/mod/wiki/view.php?id={wiki.cmid}").text
    Hand(site).add_wiki_page(add_subwiki(site, wiki, 0), "tess.teacher", "Other", "<p>words</p>")
    shown = look(f"/mod/wiki/view.php?id={wiki.cmid}").text
    assert "although the wiki has other pages" in shown
    assert "Other" in shown


@pytest.mark.parametrize(
    "address", ["?pageid={page}", "?id={cmid}", "?wid={wiki}&title=Home", "?swid={sub}&title=Home"]
)
def test_a_wiki_page_is_found_by_every_address_that_moodle_knows(site, look, address):
    wiki = activity(site, "OPEN", "wiki")
    sub = add_subwiki(site, wiki, 0)
    page = Hand(site).add_wiki_page(sub, "tess.teacher", "Home", "<p>welcome words</p>")
    query = address.format(page=page, cmid=wiki.cmid, wiki=wiki.instance, sub=sub)
    assert "welcome words" in look(f"/mod/wiki/view.php{query}").text


def test_every_look_at_a_wiki_page_is_counted_as_in_moodle(site, look):
    page = Hand(site).add_wiki_page(
        add_subwiki(site, activity(site, "OPEN", "wiki"), 0), "tess.teacher", "Home", "<p>x</p>"
    )
    for _ in range(3):
        look(f"/mod/wiki/view.php?pageid={page}")
    assert site.wiki_pages[page].pageviews == 3


def test_in_separate_groups_what_belongs_to_no_group_is_shown_to_no_learner(site, look):
    wiki, forum = activity(site, "GROUPS", "wiki"), activity(site, "GROUPS", "forum")
    red = next(group.id for group in site.groups.values() if group.name == "Red")
    Hand(site).add_wiki_page(add_subwiki(site, wiki, 0), "tess.teacher", "Home", "<p>lost words</p>")
    Hand(site).add_wiki_page(add_subwiki(site, wiki, red), "tess.teacher", "Home", "<p>red words</p>")
    Hand(site).start_discussion(forum.instance, "tess.teacher", "For nobody", "<p>a</p>", group=0)
    Hand(site).start_discussion(forum.instance, "tess.teacher", "For all", "<p>a</p>", group=-1)
    Hand(site).start_discussion(forum.instance, "tess.teacher", "For red", "<p>a</p>", group=red)
    assert "red words" in look(f"/mod/wiki/view.php?id={wiki.cmid}").text
    listed = look(f"/mod/forum/view.php?id={forum.cmid}").text
    assert "For all" in listed
    assert "For red" in listed
    assert "For nobody" not in listed


def test_entries_that_wait_for_approval_are_not_shown(site, look):
    database = activity(site, "OPEN", "data")
    seen = Hand(site).add_entry(database.instance, "lena.learner", {"Comment": "<p>approved words</p>"})
    waiting = Hand(site).add_entry(database.instance, "lena.learner", {"Comment": "<p>waiting words</p>"})
    site.data_entries[seen].approved = True
    site.data_entries[waiting].approved = False
    shown = look(f"/mod/data/view.php?id={database.cmid}").text
    assert "approved words" in shown
    assert "waiting words" not in shown
