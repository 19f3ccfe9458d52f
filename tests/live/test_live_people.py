"""What people do in a real Moodle, in a browser, to what lms-bridge wrote there; and what a sync makes of it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lxml.html
import pytest
from call_proxy import call_proxy
from live_crash import Programme, expected
from live_moodle import TEACHER, LiveSite, hosts, live_site, missing

from lms_bridge.items import Course, Item, Page
from lms_bridge.moodle import CONNECTOR as MOODLE
from lms_bridge.sync.policy import Policy
from lms_bridge.sync.report import summary_of, writes
from lms_bridge.testing.bench import HIDE, KEEP_BOTH, LEAVE, MERGE, OVERWRITE, RECREATE, Bench
from lms_bridge.testing.sample import make_page, make_prompt

if missing():
    pytest.skip(missing(), allow_module_level=True)
pytestmark = [pytest.mark.live, pytest.mark.allow_hosts(hosts())]

TEXT = "<p>First words.</p>\n<p>Middle words.</p>\n<p>Last words.</p>"
TEACHERS, SOURCES, MORE = "A teacher's words", "Words of the source", "More of the source"


@pytest.fixture(scope="module")
def site() -> Iterator[LiveSite]:
    with live_site([]) as site:
        yield site


def editor(site: LiveSite, page: str) -> dict[str, str]:
    """What Moodle's form for this page holds when a person opens it."""
    shown = lxml.html.fromstring(site.learner.get(f"/mod/wiki/edit.php?pageid={page}").text)
    (form,) = [each for each in shown.forms if "newcontent_editor[text]" in each.fields]
    return {name: value or "" for name, value in form.form_values() if name not in ("editoption", "cancel")}


def edit_page(site: LiveSite, page: str, old: str, new: str) -> None:
    values = editor(site, page)
    text = values["newcontent_editor[text]"]
    assert old in text
    values |= {"newcontent_editor[text]": text.replace(old, new), "editoption": "Save"}
    answer = site.learner.session.post(f"{site.url}/mod/wiki/edit.php?pageid={page}", data=values, timeout=60)
    answer.raise_for_status()


@dataclass(slots=True)
class People:
    """A course of its own, a bench that fills it, and a teacher in the browser."""

    site: LiveSite
    bench: Bench
    course: Course

    def page(self) -> Page:
        page = make_page(self.course, "cells", TEXT, title="Cells")
        self.bench.fill(page, make_page(self.course, "walls", "<p>Walls.</p>", title="Walls"))
        assert self.bench.sync().failures == ()
        return page

    def stands(self, item: Item) -> str:
        return self.bench.place(item.key).read(self.bench.entry(item.key)).html

    def pages(self) -> list[tuple[str, str]]:
        """Title and text of every page in the course's wiki, as an administrator is told them."""
        courses = {"courseids": [self.site.courses[self.course.idnumber.removeprefix(f"{self.site.prefix}-")]]}
        (wiki,) = self.site.admin.call("mod_wiki_get_wikis_by_courses", courses)["wikis"]
        args = {"wikiid": wiki["id"], "groupid": 0, "userid": 0, "options": {"includecontent": 1}}
        rows = self.site.admin.call("mod_wiki_get_subwiki_pages", args, raw=True)["pages"]
        return [(row["title"], row["cachedcontent"]) for row in rows]

    def open_editor(self, page: Page) -> None:
        """From now on Moodle keeps the page locked for the teacher."""
        editor(self.site, self.bench.entry(page.key).ref)

    def edit(self, page: Page, old: str, new: str) -> None:
        edit_page(self.site, self.bench.entry(page.key).ref, old, new)
        assert new in self.stands(page)

    def change_discussion(self, item: Item, **fields: str) -> None:
        """In Moodle's form for the first post."""
        post = self.bench.entry(item.key).ref.partition("-")[2]
        shown = lxml.html.fromstring(self.site.learner.get(f"/mod/forum/post.php?edit={post}").text)
        (form,) = [each for each in shown.forms if "message[text]" in each.fields]
        values = {
            name: value or "" for name, value in form.form_values() if name not in ("cancel", "advancedadddiscussion")
        }
        address = f"{self.site.url}/mod/forum/post.php"
        self.site.learner.session.post(address, data=values | fields, timeout=60).raise_for_status()

    def delete_discussion(self, item: Item) -> None:
        post = self.bench.entry(item.key).ref.partition("-")[2]
        shown = lxml.html.fromstring(self.site.learner.get(f"/mod/forum/post.php?delete={post}").text)
        (form,) = [each for each in shown.forms if "confirm" in each.fields]
        address = f"{self.site.url}/mod/forum/post.php"
        self.site.learner.session.post(address, data=dict(form.form_values()), timeout=60).raise_for_status()
        assert self.bench.entries(item.key) == []


@pytest.fixture
def people(site: LiveSite, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[People]:
    name = request.node.name[-40:]
    site.add_course(name)
    site.enrol(site.user, name, role=TEACHER)
    assert MOODLE.destination
    destination = MOODLE.destination("moodle", MOODLE.settings.model_validate(site.settings()), tmp_path)
    try:
        yield People(site, Bench(destination, tmp_path), Course(site.course_id(name), "People"))
    finally:
        destination.close()
        site.remove_course(name)


def both_change(people: People) -> Page:
    """The teacher and the source change different paragraphs."""
    page = people.page()
    people.edit(page, "First words.", "A teacher's first words.")
    changed = replace(page, body=TEXT.replace("Last words.", "The source's last words."))
    people.bench.change(changed)
    return changed


def test_what_a_teacher_and_the_source_wrote_in_one_page_both_stand_after_a_merge(people: People) -> None:
    page = both_change(people)
    assert summary_of([people.bench.sync(MERGE)])["merged"] == 1
    text = people.stands(page)
    assert ("A teacher's first words." in text, "The source's last words." in text) == (True, True)
    assert writes(people.bench.sync(MERGE)) == 0


def test_where_both_changed_the_same_words_the_teachers_stand_until_somebody_decides(people: People) -> None:
    page = people.page()
    people.edit(page, "Middle words.", "A teacher's words.")
    people.bench.change(replace(page, body=TEXT.replace("Middle words.", "Words of the source.")))
    report = people.bench.sync(MERGE)
    assert len(report.conflicts) == 1
    assert "A teacher's words." in people.stands(page)
    assert writes(people.bench.sync(MERGE)) == 0


@pytest.mark.parametrize(
    ("policy", "teachers", "ours"), [(LEAVE, True, False), (OVERWRITE, False, True)], ids=["report", "overwrite"]
)
def test_a_policy_says_whose_words_stand(people: People, policy: Policy, teachers: bool, ours: bool) -> None:
    page = both_change(people)
    people.bench.sync(policy)
    text = people.stands(page)
    assert ("A teacher's" in text, "The source's" in text) == (teachers, ours)
    assert writes(people.bench.sync(policy)) == 0


def test_a_page_is_kept_beside_ours_as_the_teacher_left_it(people: People) -> None:
    page = both_change(people)
    assert people.bench.sync(KEEP_BOTH).failures == ()
    (copy,) = [title for title, text in people.pages() if "A teacher's first words." in text]
    assert copy.startswith("Cells")
    assert "A teacher's" not in people.stands(page)
    assert writes(people.bench.sync(KEEP_BOTH)) == 0


@pytest.mark.parametrize(("policy", "stand"), [(Policy(), 0), (RECREATE, 1)], ids=["respect", "recreate"])
def test_a_discussion_that_a_teacher_deleted(people: People, policy: Policy, stand: int) -> None:
    gone, kept = make_prompt(people.course, "gone"), make_prompt(people.course, "kept")
    people.bench.fill(gone, kept)
    people.bench.sync()
    people.delete_discussion(gone)
    people.bench.sync(policy)
    assert len(people.bench.entries(gone.key)) == stand
    assert writes(people.bench.sync(policy)) == 0


def test_a_discussion_keeps_the_title_that_a_teacher_gave_it_while_its_text_follows_the_source(people: People) -> None:
    prompt = replace(make_prompt(people.course, "light"), body="<p>What is light?</p>")
    people.bench.fill(prompt)
    people.bench.sync()
    people.change_discussion(prompt, subject="What a teacher calls it")
    assert people.bench.entry(prompt.key).title == "What a teacher calls it"
    quiet = people.bench.sync()
    people.bench.change(replace(prompt, body="<p>What is light made of?</p>"))
    people.bench.sync()
    assert writes(quiet) == 0
    assert people.bench.entry(prompt.key).title == "What a teacher calls it"
    assert "made of" in people.stands(prompt)
    assert writes(people.bench.sync()) == 0


def test_a_page_whose_item_is_gone_is_emptied_behind_a_notice_with_hide(people: People) -> None:
    page = people.page()
    address = f"/mod/wiki/view.php?pageid={people.bench.entry(page.key).ref}"
    people.bench.source.content = [each for each in people.bench.source.content if each.key != page.key]
    assert summary_of([people.bench.sync(HIDE)])["hidden"] == 1
    shown = people.site.learner.main(address).text_content()
    assert ("withdrawn" in shown, "First words." in shown) == (True, False)
    assert writes(people.bench.sync(HIDE)) == 0


def test_what_was_written_over_a_teacher_is_put_back_by_undo(people: People) -> None:
    page = both_change(people)
    report = people.bench.sync(OVERWRITE)
    people.bench.undo(report, page.key)
    assert "A teacher's first words." in people.stands(page)
    assert "The source's" not in people.stands(page)


def test_a_page_of_another_installation_is_left_until_it_is_taken_over(people: People) -> None:
    page = make_page(people.course, "cells", TEXT, title="Cells")
    people.bench.fill(page)
    people.bench.sync(Policy(installation="north"))
    people.bench.lose_state()
    people.bench.change(replace(page, body="<p>Words of the south.</p>"))
    left = people.bench.sync(Policy(installation="south"))
    assert writes(left) == 0
    assert "First words." in people.stands(page)
    people.bench.sync(Policy(installation="south", takeover=True))
    assert people.bench.entry(page.key).installation == "south"
    assert writes(people.bench.sync(Policy(installation="south"))) == 0


def test_a_lost_state_is_made_anew_from_the_marks_and_nothing_is_created(people: People) -> None:
    people.page()
    people.bench.lose_state()
    report = people.bench.sync()
    assert (summary_of([report]).get("created", 0), writes(report)) == (0, 0)


def test_a_page_that_a_teacher_has_open_is_not_written_and_nothing_of_theirs_is_lost(people: People) -> None:
    page = people.page()
    people.bench.change(replace(page, body=TEXT.replace("Last", "Better last")))
    people.open_editor(page)
    report = people.bench.sync()
    assert [str(each.problem) for each in report.failures] or report.conflicts
    assert "Better last" not in people.stands(page)
    people.edit(page, "First words.", "A teacher's first words.")
    assert summary_of([people.bench.sync(MERGE)])["merged"] == 1
    text = people.stands(page)
    assert ("A teacher's" in text, "Better last" in text) == (True, True)


def run(programme: Programme, *words: str) -> tuple[int, str]:
    """A command as an administrator types it."""
    command = "import sys; sys.argv[0] = 'lms-bridge'; from lms_bridge.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", command, *words], cwd=programme.folder, capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def programme(site: LiveSite, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Programme]:
    with call_proxy() as proxy:
        programme = Programme(site, proxy, tmp_path / "programme", request.node.name[-40:])
        programme.prepare()
        programme.revise(0)
        assert programme.sync().code == 0
        yield programme
        site.remove_course(programme.name)


def test_a_forgotten_person_has_no_review_in_moodle_and_none_comes_back(programme: Programme) -> None:
    before = [row for row in programme.standing() if row[0] == "review"]
    code, told = run(programme, "forget", "--author", "Ann")
    assert code == 0, told
    assert "Still in the source" in told
    after = [row for row in programme.standing() if row[0] == "review"]
    assert (len(before), len(after)) == (2, 1)
    again = programme.sync()
    assert [row for row in programme.standing() if row[0] == "review"] == after
    assert not [write for write in again.writes if "data" in str(write)]
    assert b"Ann" not in (programme.folder / "state.sqlite").read_bytes()


@dataclass(frozen=True, slots=True)
class Cells:
    """The page of that name, in Moodle as the teacher sees it and in the content folder."""

    programme: Programme

    def __post_init__(self) -> None:
        site = self.programme.site
        site.enrol(site.user, self.programme.name, role=TEACHER)

    @property
    def file(self) -> Path:
        return self.programme.folder / "content" / "ONE" / "wiki" / "cells.md"

    def edit(self, old: str, new: str) -> None:
        edit_page(self.programme.site, str(self._row()["id"]), old, new)

    def text(self) -> str:
        return str(self._row()["cachedcontent"]).replace("&#039;", "'").replace("’", "'")

    def _row(self) -> dict[str, Any]:
        admin = self.programme.site.admin
        (wiki,) = admin.call("mod_wiki_get_wikis_by_courses", {"courseids": [self.programme.course]})["wikis"]
        args = {"wikiid": wiki["id"], "groupid": 0, "userid": 0, "options": {"includecontent": 1}}
        rows: list[dict[str, Any]] = admin.call("mod_wiki_get_subwiki_pages", args, raw=True)["pages"]
        (row,) = [row for row in rows if row["title"] == "Cells"]
        return row


def test_what_a_teacher_wrote_comes_back_to_the_content_folder_and_the_next_sync_writes_nothing(
    programme: Programme,
) -> None:
    cells = Cells(programme)
    cells.edit("revision-0", "revision-0, says the teacher</p><h4>Why?</h4><p>Because of <b>light</b>.")
    code, told = run(programme, "pull")
    assert code == 0, told
    assert "content/ONE/wiki/cells.md" in told
    assert cells.file.read_text(encoding="utf-8") == (
        "# Cells\n\n![a cell](cell.png)\n\nrevision-0, says the teacher\n\n## Why?\n\nBecause of **light**.\n"
    )
    first, second = programme.sync(), programme.sync()
    assert (first.code, len(first.writes) <= 1) == (0, True)
    assert (second.code, second.writes) == (0, ())
    assert "says the teacher" in cells.text()


def test_a_run_is_undone_by_the_command_line_and_what_cannot_be_is_told(programme: Programme) -> None:
    cells = Cells(programme)
    programme.revise(1)
    run_name = programme.sync().report["run"]
    assert "revision-1" in cells.text()
    code, told = run(programme, "runs", "undo", run_name)
    assert code in (0, 1), told
    assert "revision-0" in cells.text()
    assert "revision-1" not in cells.text()
    assert "no way" in told or "left" in told
    assert programme.sync().writes == ()


def test_prompts_and_reviews_that_are_gone_wait_for_approval_over_the_limit_while_all_else_goes_on(
    programme: Programme,
) -> None:
    file = programme.folder / "connectors.yaml"
    file.write_text(file.read_text().replace("prune: delete", "prune: delete\n      limits:\n        deletes: 1"))
    programme.revise(1)
    waiting = programme.sync()
    gone = [row for row in programme.standing() if row not in expected(1)]
    assert waiting.code == 4
    assert [row for row in expected(1) if row not in programme.standing()] == []
    assert sorted((row[0], row[-1] if row[0] == "review" else row[1]) for row in gone) == [
        ("prompt", "Question 0"),
        ("review", (0,)),
    ]
    assert (programme.sync().code, programme.standing()) == (4, sorted([*expected(1), *gone], key=str))
    code, told = run(programme, "plan", "--output", "json")
    (route,) = json.loads(told)["routes"]
    code, told = run(programme, "sync", "--approve", "0" * len(route["checksum"]))
    assert (code != 0, len(programme.standing())) == (True, len(expected(1)) + 2), told
    code, told = run(programme, "sync", "--approve", route["checksum"])
    assert code == 0, told
    assert programme.standing() == expected(1)
    quiet = programme.sync()
    assert (quiet.code, quiet.writes) == (0, ())


def test_the_state_is_rebuilt_by_the_command_line_and_nothing_is_written(programme: Programme) -> None:
    for path in programme.folder.glob("state.sqlite*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    before = programme.standing()
    code, told = run(programme, "state", "rebuild")
    assert code == 0, told
    again = programme.sync()
    assert (again.code, again.writes) == (0, ())
    assert programme.standing() == before


@pytest.mark.parametrize(
    ("answer", "stands", "gone"),
    [("ours", [SOURCES, MORE], [TEACHERS]), ("theirs", [TEACHERS], [SOURCES, MORE]), ("merged", [TEACHERS, MORE], [])],
)
def test_a_review_is_listed_shown_and_settled_by_the_command_line(
    programme: Programme, answer: str, stands: list[str], gone: list[str]
) -> None:
    cells = Cells(programme)
    cells.edit("revision-0", "A teacher's words")
    file = cells.file
    file.write_text(file.read_text().replace("revision-0", "Words of the source") + "\nMore of the source.\n")
    assert programme.sync().code == 5
    _, listed = run(programme, "review", "list", "--output", "json")
    (review,) = json.loads(listed)["reviews"]
    code, shown = run(programme, "review", "show", review["key"])
    assert (code, "A teacher's" in shown, "source" in shown) == (0, True, True)
    code, told = run(programme, "review", "accept", answer, review["key"])
    assert code == 0, told
    text = cells.text()
    assert [words for words in stands if words not in text] == []
    assert [words for words in gone if words in text] == []
    quiet = programme.sync()
    assert (quiet.code, quiet.writes) == (0, ())
