"""A designer looks at the sandboxes in a browser and sees what learners see; hostile content does nothing there."""

import re
import struct
import zlib
from pathlib import Path

import pytest

from lms_bridge.sandbox.moodle import Hand, SeedCourse, demo_site, moodle_app, rows
from lms_bridge.sandbox.server import SandboxServer

pytestmark = pytest.mark.browser

PAGE = """
<h2>First steps</h2><p>See [[Second page]], [[Nowhere yet]] and <a href="https://example.org/">outside</a>.</p>
<h3>A table</h3><table><thead><tr><th>Day</th><th>Topic</th></tr></thead>
<tbody><tr><td>Monday</td><td>Loops</td></tr></tbody></table>
<h2>Code</h2><pre><code>def f():&#10;    return 1</code></pre>
<p><img src="{image}" alt="A diagram"></p>
<p class="lmsb"><a href="https://source.example/x">Source</a></p>
"""
HOSTILE = """
<script>document.title = "taken"</script><img src="x" onerror="document.title = 'taken'">
<a href="javascript:document.title='taken'">press</a><svg onload="document.title='taken'"></svg>
<iframe srcdoc="<script>parent.document.title='taken'</script>"></iframe><p>harmless words</p>
"""


def _png() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + b"\x10\x80\x60" * 2 for _ in range(2)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def site():
    site = demo_site([SeedCourse("C1", fullname="Programming & friends")], token="t" * 32)
    site.settings.check_host = False
    return site


@pytest.fixture(scope="module")
def moodle(site):
    with SandboxServer(moodle_app(site)) as server:
        site.settings.wwwroot = server.url
        _fill(site, server.url)
        yield server.url


def _fill(site, url):
    course = next(course for course in site.courses.values() if course.idnumber == "C1")
    wiki, forum, data = (site.activities_of(course.id, name)[0] for name in ("wiki", "forum", "data"))
    stars = next(field for field in site.custom_fields.values() if field.shortname == "lmsbridge_stars")
    course.fields[stars.id] = "★★★★☆"
    subwiki = rows.Subwiki(1, wiki.instance, 0, 0)
    site.subwikis[1] = subwiki
    hand = Hand(site)
    discussion = hand.start_discussion(forum.instance, "tess.teacher", "What is a loop?", "<p>Tell us.</p>")
    first = site.discussions[discussion].firstpost
    hand.reply(first, "lena.learner", "<p>Something that <b>comes back</b>.</p>")
    site.discussions[discussion].pinned = 1
    site.discussions[discussion].timelocked = site.now
    site.files.append(
        rows.StoredFile(forum.contextid, "mod_forum", "post", first, "p.png", _png(), "image/png", 3, site.now)
    )
    image = f"{url}/pluginfile.php/{forum.contextid}/mod_forum/post/{first}/p.png"
    second = hand.add_wiki_page(1, "tess.teacher", "Second page", "<p>Back to [[Home]]</p>")
    home = hand.add_wiki_page(1, "tess.teacher", "Home", "<p>x</p>")
    hand.human_edit_wiki_page(home, "tess.teacher", PAGE.format(image=image))
    hostile = hand.add_wiki_page(1, "lena.learner", "<script>alert(1)</script>", "<p>x</p>")
    hand.human_edit_wiki_page(hostile, "lena.learner", HOSTILE)
    hand.start_discussion(forum.instance, "luis.learner", "<img src=x onerror=alert(1)>", "<p>y</p>")
    hand.reply(first, "luis.learner", HOSTILE)
    hand.add_entry(
        data.instance, "lin.learner", {"Reviewer": "Lin", "Stars": "4", "Comment": "<p>Very <em>good</em></p>"}
    )
    assert second


def test_the_course_list_shows_each_course_with_its_rating(tab, moodle):
    tab.goto(moodle)
    assert "Sandbox: not a real Moodle" in tab.inner_text(".banner")
    assert "★★★★☆" in tab.inner_text("main")
    assert "Template of lms-bridge" not in tab.inner_text("main")
    tab.click("text=Programming & friends")
    assert tab.inner_text("h1") == "Programming & friends"
    assert [link.inner_text() for link in tab.query_selector_all(".activities a")] == [
        "Course wiki",
        "Discussion prompts",
        "Course reviews",
    ]


def test_a_wiki_page_shows_contents_table_code_and_image(tab, moodle):
    tab.goto(moodle)
    tab.click("text=Programming & friends")
    tab.click("text=Course wiki")
    assert tab.inner_text("h1") == "Home"
    assert [entry.inner_text().strip() for entry in tab.query_selector_all(".wiki-toc a[href^='#toc']")] == [
        "First steps",
        "A table",
        "Code",
    ]
    assert tab.inner_text(".wiki table td >> nth=1") == "Loops"
    assert tab.text_content(".wiki pre") == "def f():\n    return 1"
    assert tab.eval_on_selector(".wiki img", "image => image.complete && image.naturalWidth") == 2
    tab.click(".wiki-toc a:has-text('Code')")
    assert tab.url.endswith("#toc-3")


def test_links_of_a_wiki_page_lead_on_and_the_map_knows_them(tab, moodle):
    tab.goto(f"{moodle}/mod/wiki/view.php?wid=2&title=Home")
    missing = tab.get_attribute(".wiki a.wiki_newentry", "href")
    assert "create.php" in missing
    tab.click(".side a:has-text('Map')")
    assert "Second page" in tab.inner_text("section:has-text('Pages that link here') >> nth=0")
    assert "missing" in tab.inner_text("section:has-text('Pages linked from here') >> nth=0")
    tab.click("main a:has-text('Second page') >> nth=0")
    tab.click(".wiki a:has-text('Home')")
    assert tab.inner_text("h1") == "Home"


def test_a_discussion_shows_its_replies_and_that_it_is_pinned_and_locked(tab, moodle):
    tab.goto(moodle)
    tab.click("text=Programming & friends")
    tab.click("text=Discussion prompts")
    row = tab.inner_text("li:has-text('What is a loop?') >> nth=-1")
    assert "Pinned" in row
    assert "Locked" in row
    assert "2 replies" in row
    tab.click("text=What is a loop?")
    assert "Lena Learner" in tab.inner_text(".depth-1 >> nth=0")
    assert tab.inner_text(".depth-1 strong") == "comes back"


def test_reviews_are_listed_with_their_stars(tab, moodle):
    tab.goto(moodle)
    tab.click("text=Programming & friends")
    tab.click("text=Course reviews")
    assert tab.get_attribute(".stars", "aria-label") == "4 of 5"
    assert tab.inner_text("main em") == "good"


def test_no_script_of_hostile_content_runs(tab, moodle, site):
    hostile = next(page.id for page in site.wiki_pages.values() if "script" in page.title)
    for path in (f"/mod/wiki/view.php?pageid={hostile}", "/mod/forum/discuss.php?d=1", "/mod/forum/view.php?f=2"):
        tab.goto(moodle + path)
        assert "taken" not in tab.title()
        assert tab.query_selector("main script, main iframe, main svg, main [onerror]") is None
    assert tab.complaints == []


def test_a_strangers_file_opened_by_itself_runs_nothing(tab, moodle, site):
    first = site.files[0]
    body = b"<title>fine</title><script>document.title = 'taken'</script>"
    site.files.append(
        rows.StoredFile(first.contextid, "mod_forum", "post", first.itemid, "x.html", body, "text/html", 3, site.now)
    )
    tab.goto(moodle)
    tab.goto(f"{moodle}/pluginfile.php/{first.contextid}/mod_forum/post/{first.itemid}/x.html")
    assert tab.title() == "fine"


def test_every_page_fits_a_phone_and_tells_the_browser_to_run_nothing(tab, moodle, site):
    paths = ["/", "/course/view.php?id=3", "/mod/wiki/view.php?pageid=2", "/mod/forum/discuss.php?d=1", "/nothing.php"]
    for path in paths[:-1]:
        answer = tab.goto(moodle + path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script" not in policy
        width = tab.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, path


@pytest.mark.parametrize(
    "path",
    ["/course/view.php?id=999", "/mod/wiki/view.php?pageid=999", "/mod/wiki/view.php?id=x", "/mod/forum/discuss.php"],
)
def test_what_is_not_there_is_said_plainly(tab, moodle, path):
    answer = tab.goto(moodle + path)
    assert answer.status == 404
    assert re.search("There is no such", tab.inner_text("main"))


def test_pictures_are_shown_only_to_those_who_came_through_the_pages(browser, moodle, site):
    file = site.files[0]
    stranger = browser.new_context()
    tab = stranger.new_page()
    tab.goto(f"{moodle}/pluginfile.php/{file.contextid}/mod_forum/post/{file.itemid}/p.png")
    assert "/login/" in tab.url
    stranger.close()


def test_the_style_sheet_is_part_of_the_package():
    import lms_bridge.sandbox

    assert (Path(lms_bridge.sandbox.__file__).parent / "static" / "learner.css").is_file()
