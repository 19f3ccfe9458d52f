"""What somebody who tries lms-bridge on the sandbox's Moodle relies on, beyond the recorded answers."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from moodle_replay import flatten

from lms_bridge.sandbox.faults import Fault
from lms_bridge.sandbox.moodle import Hand, MoodleSite, Seed, SeedCourse, moodle_app, php_form, seed
from lms_bridge.sandbox.moodle.registry import write_calls
from lms_bridge.sandbox.moodle.rows import Token
from lms_bridge.sandbox.server import SandboxServer

TOKEN = "a-token-that-nobody-should-see"
REST = "/webservice/rest/server.php"
NOW = 1_800_000_000
KEPT = '<p class="lmsb lmsb-k1"><a href="https://source.example/1">Source</a></p>'


@dataclass
class Client:
    """As thin as a client can be, so that nothing of the project stands between a test and the wire."""

    site: MoodleSite
    server: SandboxServer

    def call(self, function: str, token: str = TOKEN, **arguments: Any) -> Any:
        fields = {"wstoken": token, "wsfunction": function, "moodlewsrestformat": "json"}
        pairs = [*fields.items(), *flatten(arguments)]
        return requests.post(self.server.url + REST, data=pairs, timeout=30).json()

    def batch(self, *calls: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
        asked = [{"function": name, "arguments": json.dumps(arguments)} for name, arguments in calls]
        answers: list[dict[str, Any]] = self.call("tool_mobile_call_external_functions", requests=asked)["responses"]
        return answers

    def new_page(self, title: str, content: str = "<p>x</p>") -> Any:
        wiki = self.activity("lmsbridge-wiki-BIO")
        return self.call("mod_wiki_new_page", wikiid=wiki, title=title, content=content)

    def activity(self, idnumber: str) -> int:
        found = [a for a in self.site.activities.values() if a.idnumber == idnumber]
        return found[0].instance


def _client(description: Seed) -> Iterator[Client]:
    site = seed(description)
    with SandboxServer(moodle_app(site)) as server:
        site.settings.wwwroot = server.url
        yield Client(site, server)


COURSES = (SeedCourse("BIO", fullname="Cell Biology"), SeedCourse("NEW", activities=False))


@pytest.fixture
def moodle() -> Iterator[Client]:
    yield from _client(Seed(COURSES, TOKEN, now=NOW))


@pytest.fixture
def on_mariadb() -> Iterator[Client]:
    yield from _client(Seed(COURSES, TOKEN, now=NOW, database="mariadb"))


def test_the_bot_holds_the_functions_it_asks_for_and_no_others(moodle: Client) -> None:
    names = {function["name"] for function in moodle.call("core_webservice_get_site_info")["functions"]}
    assert {"mod_wiki_new_page", "core_course_import_course"} <= names
    assert "core_user_create_users" not in names
    assert moodle.call("core_user_create_users")["errorcode"] == "accessexception"
    assert moodle.call("core_no_such_function")["errorcode"] == "invalidrecord"


def test_the_seeded_course_has_a_wiki_a_forum_and_a_list_of_reviews(moodle: Client) -> None:
    (course,) = moodle.call("core_course_get_courses_by_field", field="idnumber", value="BIO")["courses"]
    assert [field["shortname"] for field in course["customfields"]] == [
        f"lmsbridge_{name}" for name in ("average", "count", "stars", "spread", "rank")
    ]
    (general,) = moodle.call("core_course_get_contents", courseid=course["id"])
    assert [module["modname"] for module in general["modules"]] == ["wiki", "forum", "data"]
    fields = moodle.call("mod_data_get_fields", databaseid=moodle.activity("lmsbridge-reviews-BIO"))["fields"]
    assert [field["name"] for field in fields] == ["Reviewer", "Stars", "Comment", "Date", "Key"]


def test_a_batch_stops_at_the_first_failure_and_keeps_what_went_before(moodle: Client) -> None:
    wiki = moodle.activity("lmsbridge-wiki-BIO")
    pages = [{"wikiid": wiki, "title": title, "content": "x"} for title in ("Home", "Home", "Never")]
    answers = moodle.batch(*[("mod_wiki_new_page", page) for page in pages])
    assert [answer["error"] for answer in answers] == [False, True]
    assert [page.title for page in moodle.site.wiki_pages.values()] == ["Home"]


def test_an_answer_that_never_arrived_still_left_its_page(moodle: Client) -> None:
    moodle.server.faults.add(Fault("drop", body="mod_wiki_new_page"))
    with pytest.raises(requests.ConnectionError):
        moodle.new_page("Home")
    assert moodle.new_page("Home")["errorcode"] == "pageexists"
    assert len(moodle.site.wiki_pages) == 1


def test_an_edit_in_the_browser_keeps_classes_and_loses_comments_ids_and_data(moodle: Client) -> None:
    page = moodle.new_page("Home", f'<p id="i" data-x="1">Hello <!-- lmsbridge:k1 --></p>{KEPT}')["pageid"]
    Hand(moodle.site).edit_wiki_page(page, "tess.teacher", replace={"Hello": "Hello world"})
    content = moodle.call("mod_wiki_get_page_contents", pageid=page, moodlewssettingraw=1)["page"]
    assert content["version"] == 2
    assert KEPT in content["cachedcontent"]
    assert "Hello world" in content["cachedcontent"]
    assert not {"<!--", "data-x", 'id="i"'} & set(content["cachedcontent"].split())


def test_a_post_that_somebody_else_edited_says_so(moodle: Client) -> None:
    forum = moodle.activity("lmsbridge-forum-BIO")
    discussion = moodle.call("mod_forum_add_discussion", forumid=forum, subject="S", message=KEPT)
    post = moodle.site.discussions[discussion["discussionid"]].firstpost
    Hand(moodle.site).edit_post(post, "tess.teacher", replace={"Source": "The source"})
    message = moodle.site.posts[post].message
    assert "The source" in message
    assert '<span class="edited">(Edited by <a href=' in message
    assert "Tess Teacher" in message


def test_a_page_that_a_person_edits_is_locked_until_half_a_minute_has_passed(moodle: Client) -> None:
    page = moodle.new_page("Home")["pageid"]
    admin = "sandbox-admin-token"
    moodle.call("mod_wiki_get_page_for_editing", token=admin, pageid=page)
    assert moodle.call("mod_wiki_edit_page", pageid=page, content="y")["errorcode"] == "pageislocked"
    requests.post(
        moodle.server.url + "/_sandbox/hand",
        json={"change": "advance", "with": {"seconds": 31}},
        timeout=5,
    ).raise_for_status()
    assert moodle.call("mod_wiki_edit_page", pageid=page, content="y") == {"pageid": page, "warnings": []}


@pytest.mark.parametrize(
    ("first", "second"), [("Resume", "Résumé"), ("trail", "trail "), ("a 🚀", "a 🎉"), ("STRASSE", "straße")]
)
def test_titles_that_mariadb_holds_for_one_are_two_on_postgresql(
    moodle: Client, on_mariadb: Client, first: str, second: str
) -> None:
    assert [client.new_page(first).get("errorcode") for client in (moodle, on_mariadb)] == [None, None]
    assert "pageid" in moodle.new_page(second)
    assert on_mariadb.new_page(second)["errorcode"] == "pageexists"


def test_importing_the_template_twice_doubles_its_activities(moodle: Client) -> None:
    ids = {course.idnumber: course.id for course in moodle.site.courses.values()}
    for expected in (3, 6):
        answer = moodle.call("core_course_import_course", importfrom=ids["lmsbridge-template"], importto=ids["NEW"])
        assert answer is None
        assert len(moodle.site.activities_of(ids["NEW"])) == expected
    idnumbers = [activity.idnumber for activity in moodle.site.activities_of(ids["NEW"])]
    assert idnumbers == ["lmsbridge-wiki", "lmsbridge-forum", "lmsbridge-reviews", "", "", ""]


def test_many_writers_at_once_lose_nothing_and_double_nothing(moodle: Client) -> None:
    answers: list[Any] = []

    def write(title: str) -> None:
        answers.append(moodle.new_page(title))

    titles = ["Same"] * 8 + [f"Page {number}" for number in range(8)]
    threads = [threading.Thread(target=write, args=(title,)) for title in titles]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum("pageid" in answer for answer in answers) == 9
    assert sorted(page.title for page in moodle.site.wiki_pages.values()) == sorted({*titles})


def test_reading_counts_as_no_write(moodle: Client) -> None:
    moodle.call("core_course_get_courses_by_field")
    moodle.batch(("mod_wiki_get_subwikis", {"wikiid": moodle.activity("lmsbridge-wiki-BIO")}))
    assert write_calls(moodle.site.calls) == {}
    moodle.batch(("mod_wiki_new_page", {"wikiid": 2, "title": "Home", "content": ""}))
    counted = requests.get(moodle.server.url + "/_sandbox/calls", timeout=5).json()
    assert counted["writes"] == {"mod_wiki_new_page": 1}
    assert counted["calls"]["mod_wiki_get_subwikis"] == 1


def test_the_state_tells_everything_but_secrets(moodle: Client) -> None:
    moodle.new_page("Home", "<p>words</p>")
    text = requests.get(moodle.server.url + "/_sandbox/state", timeout=5).text
    assert "words" in text
    assert TOKEN not in text
    assert "PASSWORD" not in text


def test_an_unknown_change_is_refused_with_the_known_ones(moodle: Client) -> None:
    answer = requests.post(moodle.server.url + "/_sandbox/hand", json={"change": "explode"}, timeout=5)
    assert answer.status_code == 400
    assert "edit_wiki_page" in answer.json()["error"]


@pytest.mark.parametrize(
    "body",
    [
        "wikiid=" + "9" * 5000,
        "wikiid=²",
        "wikiid" + "[a]" * 3000 + "=1",
        "wikiid[=1&wikiid]=2&[]=3&=4&%=%zz",
        "wikiid=1&wikiid[0]=1",
    ],
)
def test_nonsense_is_refused_in_moodle_s_own_words(moodle: Client, body: str) -> None:
    head = f"wstoken={TOKEN}&wsfunction=mod_wiki_get_subwikis&moodlewsrestformat=json&"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = requests.post(moodle.server.url + REST, data=(head + body).encode(), headers=kind, timeout=5)
    assert answer.status_code == 200
    assert answer.json()["errorcode"] == "invalidparameter"


def test_a_batch_of_deeply_nested_nonsense_is_an_empty_call(moodle: Client) -> None:
    asked = [{"function": "mod_wiki_get_wikis_by_courses", "arguments": "[" * 100_000}]
    (answer,) = moodle.call("tool_mobile_call_external_functions", requests=asked)["responses"]
    assert json.loads(answer["data"]) == {"wikis": [], "warnings": []}


NAMES = st.text("abcdefgh_", min_size=1, max_size=6)
NESTED = st.recursive(
    st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(NAMES, NESTED, max_size=4))
def test_brackets_come_back_as_the_nesting_they_were_made_of(arguments: dict[str, Any]) -> None:
    body = urlencode(list(flatten(arguments))).encode()
    assert php_form.parse_urlencoded(body, 5000) == arguments


@pytest.mark.parametrize(
    ("release", "exception", "refused"),
    [
        ("4.1.18 (Build: 20250414)", "moodle_exception", None),
        ("4.5.6 (Build: 20250811)", "core\\exception\\moodle_exception", None),
        ("5.1 (Build: 20251006)", "core\\exception\\moodle_exception", "nocreatepermission"),
    ],
)
def test_releases_differ_in_the_names_of_exceptions_and_in_what_a_new_page_needs(
    release: str, exception: str, refused: str | None
) -> None:
    for client in _client(Seed(COURSES, TOKEN, release=release)):
        assert client.call("core_webservice_get_site_info")["release"] == release
        assert client.call("mod_wiki_get_subwikis", wikiid=999)["exception"] == exception
        Hand(client.site).capability("lmsbridge", "mod/wiki:createpage", False)
        assert client.new_page("Home").get("errorcode") == refused


def test_in_separate_groups_prompts_for_all_are_seen_by_all_and_each_group_has_its_wiki() -> None:
    course = SeedCourse("GRP", groups=("Red", "Blue"))
    for client in _client(Seed((course,), TOKEN)):
        forum, wiki = client.activity("lmsbridge-forum-GRP"), client.activity("lmsbridge-wiki-GRP")
        for group in (-1, 0):
            client.call("mod_forum_add_discussion", forumid=forum, subject=f"to {group}", message="m", groupid=group)
        learner = client.site.user_named("lena.learner")
        client.site.services["everything"].users.add(learner.id)
        client.site.tokens["lena"] = Token("lena", learner.id, "everything")
        seen = client.call("mod_forum_get_forum_discussions", token="lena", forumid=forum)["discussions"]
        assert [discussion["name"] for discussion in seen] == ["to -1"]
        groups = [subwiki["groupid"] for subwiki in client.call("mod_wiki_get_subwikis", wikiid=wiki)["subwikis"]]
        assert groups == [0, "1", "2"]
        assert client.call("mod_wiki_new_page", wikiid=wiki, title="T", content="")["errorcode"] == "dmlwriteexception"


def test_a_person_can_change_a_review_and_a_course_s_rating(moodle: Client) -> None:
    database = moodle.activity("lmsbridge-reviews-BIO")
    entry = Hand(moodle.site).add_entry(database, "lena.learner", {"Stars": "4", "Comment": "<p>good</p>"})
    Hand(moodle.site).edit_entry(entry, {"Comment": "<p>very good</p>"})
    (row,) = moodle.call("mod_data_get_entries", databaseid=database, returncontents=1)["entries"]
    assert {"4", "<p>very good</p>"} <= {content["content"] for content in row["contents"]}
    course = next(course for course in moodle.site.courses.values() if course.idnumber == "BIO")
    Hand(moodle.site).set_course_field(course.id, "lmsbridge_average", "4.0")
    (found,) = moodle.call("core_course_get_courses_by_field", field="id", value=course.id)["courses"]
    assert found["customfields"][0]["value"] == "4.0"


def test_a_large_page_arrives_whole_in_either_encoding_of_a_form(moodle: Client) -> None:
    wiki, content = moodle.activity("lmsbridge-wiki-BIO"), "<p>" + "ä" * 2_000_000 + "</p>"
    fields = {"wstoken": TOKEN, "wsfunction": "mod_wiki_new_page", "moodlewsrestformat": "json"}
    for title, multipart in (("urlencoded", False), ("multipart", True)):
        asked = {**fields, "wikiid": str(wiki), "title": title, "content": content}
        parts = {"files": {name: (None, value) for name, value in asked.items()}} if multipart else {"data": asked}
        answer = requests.post(moodle.server.url + REST, timeout=30, **parts).json()
        assert moodle.site.wiki_versions[answer["pageid"]][-1].content == content


def test_html_sent_into_a_creole_wiki_is_shown_as_text(moodle: Client) -> None:
    wiki = next(a for a in moodle.site.activities.values() if a.idnumber == "lmsbridge-wiki-BIO")
    Hand(moodle.site).activity(wiki.cmid, settings={"defaultformat": "creole", "forceformat": 1})
    page = moodle.new_page("Home", "= Head =\n<b>x</b> **y**")["pageid"]
    shown = moodle.call("mod_wiki_get_page_contents", pageid=page)["page"]["cachedcontent"]
    assert "&lt;b&gt;x&lt;/b&gt; <strong>y</strong>" in shown
    assert '<h3><a name="toc-1"></a>Head' in shown
