"""What a Moodle whose PHP was killed leaves in its database, made there by hand: a sync heals it or says what to do.

Needs `LMS_BRIDGE_LIVE_MOODLE_DATABASE`, the address of the site's PostgreSQL (postgresql://…, tables with the prefix
`mdl_`), and a site on this machine, as in test_live_crash.py. Only courses of this test are touched.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from call_proxy import Cut, Moment, Write, call_proxy
from live_crash import Programme, expected
from live_moodle import DATABASE, TEACHER, LiveSite, hosts, live_site, missing

if missing() or not os.environ.get(DATABASE):
    pytest.skip(missing() or f"Set {DATABASE} to leave traces of a dead server.", allow_module_level=True)
pytestmark = [pytest.mark.live, pytest.mark.allow_hosts(hosts())]

PAGES = [Write("mod_wiki_new_page", nth) for nth in (1, 2)]
NEWEST = (
    "SELECT p.id, p.title FROM mdl_wiki_pages p JOIN mdl_wiki_subwikis s ON s.id = p.subwikiid "
    "JOIN mdl_wiki w ON w.id = s.wikiid WHERE w.course = %s ORDER BY p.id DESC LIMIT 1"
)


@pytest.fixture(scope="module")
def site() -> Iterator[LiveSite]:
    with live_site([]) as site:
        yield site


@pytest.fixture
def programme(site: LiveSite, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Programme]:
    """In an empty course, with an administrator's list of what stands."""
    with call_proxy() as proxy:
        programme = Programme(site, proxy, tmp_path / "programme", f"DIED-{request.node.name}"[:60])
        programme.prepare()
        programme.revise(0)
        yield programme
        site.remove_course(programme.name)


@pytest.fixture
def database() -> Iterator[psycopg.Connection]:
    with psycopg.connect(os.environ[DATABASE], autocommit=True) as connection:
        yield connection


def died_over_page(programme: Programme, database: psycopg.Connection, write: Write, versions: str) -> tuple[int, str]:
    """A first sync dies with the server, which had made the page but none of these versions; its number and title."""
    assert programme.sync(Cut(write, Moment.STORED)).code < 0
    number, title = database.execute(NEWEST, [programme.course]).fetchone() or (0, "")
    database.execute(f"DELETE FROM mdl_wiki_versions WHERE pageid = %s AND {versions}", [number])  # noqa: S608
    database.execute("UPDATE mdl_wiki_pages SET cachedcontent = '', timerendered = 0 WHERE id = %s", [number])
    return int(number), str(title)


def _another(number: int, database: psycopg.Connection) -> int:
    """Another page of the same wiki."""
    same = "SELECT b.id FROM mdl_wiki_pages a JOIN mdl_wiki_pages b USING (subwikiid) WHERE a.id = %s AND b.id <> a.id"
    (found,) = database.execute(same, [number]).fetchone() or (0,)
    return int(found)


def is_finished_by_the_next_sync(programme: Programme) -> None:
    assert programme.sync().code == 0
    assert programme.standing() == expected(0)
    quiet = programme.sync()
    assert (quiet.code, quiet.writes) == (0, ())


@pytest.mark.parametrize("write", PAGES, ids=str)
def test_a_page_that_was_begun_and_has_no_text_is_given_it(
    programme: Programme, database: psycopg.Connection, write: Write
) -> None:
    died_over_page(programme, database, write, "version > 0")
    is_finished_by_the_next_sync(programme)


@pytest.mark.parametrize("write", PAGES, ids=str)
def test_a_page_without_any_version_is_told_and_a_teacher_can_delete_it_as_told(
    programme: Programme, database: psycopg.Connection, write: Write
) -> None:
    number, title = died_over_page(programme, database, write, "true")
    told = programme.sync()
    assert told.code == 1
    (failure,) = told.report["failures"]
    assert f"the server died while it made the page “{title}”" in failure["cause"]
    assert "Delete the page in Moodle" in failure["next_step"]
    site = programme.site
    site.enrol(site.user, programme.name, role=TEACHER)
    # The page's own Administration does not open any more: it is in the list of another page's.
    listed = site.learner.main(f"/mod/wiki/admin.php?pageid={_another(number, database)}&option=1&listall=1")
    (link,) = listed.xpath(f'.//a[contains(@href, "delete={number}&")]/@href')
    site.learner.get(link)
    is_finished_by_the_next_sync(programme)


def test_a_post_without_its_discussion_is_seen_by_nobody_and_the_prompt_is_made(
    programme: Programme, database: psycopg.Connection
) -> None:
    assert programme.sync(Cut(Write("mod_forum_add_discussion", 1), Moment.STORED)).code < 0
    gone = database.execute("DELETE FROM mdl_forum_discussions WHERE course = %s RETURNING id", [programme.course])
    numbers = [number for (number,) in gone]
    assert numbers
    database.execute("UPDATE mdl_forum_posts SET discussion = 0 WHERE discussion = ANY(%s)", [numbers])
    is_finished_by_the_next_sync(programme)


def test_a_review_without_its_values_is_seen_by_nobody_and_the_review_is_made(
    programme: Programme, database: psycopg.Connection
) -> None:
    """Moodle stores an entry first and then its fields, one by one."""
    assert programme.sync(Cut(Write("mod_data_add_entry", 1), Moment.STORED)).code < 0
    entries = "SELECT r.id FROM mdl_data_records r JOIN mdl_data d ON d.id = r.dataid WHERE d.course = %s"
    numbers = [number for (number,) in database.execute(entries, [programme.course])]
    assert numbers
    database.execute("DELETE FROM mdl_data_content WHERE recordid = ANY(%s)", [numbers])
    is_finished_by_the_next_sync(programme)
