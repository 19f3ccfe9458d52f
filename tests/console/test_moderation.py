"""What waits for moderation: drafts are approved at the console, what a destination holds back is approved there."""

import subprocess

from lms_bridge.cli.trial import Trial
from lms_bridge.sandbox.pair import write_credentials
from lms_bridge.sandbox.sharepoint.hand import Hand
from lms_bridge.sources.files.source import FilesSource
from tests.console.console_world import Room, look, post
from tests.console.seeding import ROUTE, draft, record, stand, state_of
from tests.console.test_deciding_here import MOODLE, SHAREPOINT, fields_of, sync, write
from tests.console.test_pages import words

KEY = "programme:BIO/wiki/moss"
DRAFT = "---\nstatus: draft # Tess reads it first\n---\n# Moss\n\nNo roots.\n"


def approve(room: Room, page: str) -> str:
    client = room.signed_in("anna")
    begun = post(client, "/drafts/approve", **fields_of(page))
    room.console.desk.errands.wait(begun.headers["location"].rpartition("/")[2])
    return words(client.get(begun.headers["location"]).text)


def test_a_draft_is_read_approved_and_pushed(living: Room, trial: Trial) -> None:
    write(living, "BIO/wiki/moss.md", DRAFT)
    sync(living)
    assert "Moss page BIO content/BIO/wiki/moss.md:2" in words(living.signed_in("vera").get("/reviews").text)
    page = look(living.signed_in("anna"), "/drafts", route=MOODLE, key=KEY)
    assert "No roots." in page
    assert "the next run pushes it" in approve(living, page)
    assert (living.folder / "content/BIO/wiki/moss.md").read_text() == DRAFT.replace("draft", "approved")
    with state_of(living.folder) as state:
        (line,) = [line for line in state.trail.lines() if line.deed == "approve draft"]
    assert (line.role, line.actor, line.key, line.about) == ("person", "anna", KEY, "content/BIO/wiki/moss.md")
    assert line.before != line.after
    assert living.decisions[-1][:3] == ("anna", "draft approved", KEY)
    sync(living)
    assert "Moss" in {each.title for each in trial.pair.site.wiki_pages.values()}
    assert "Moss" not in words(living.signed_in("vera").get("/reviews").text)


def test_a_draft_that_changed_since_it_was_read_stays_one(living: Room) -> None:
    write(living, "BIO/wiki/moss.md", DRAFT)
    page = look(living.signed_in("anna"), "/drafts", route=MOODLE, key=KEY)
    write(living, "BIO/wiki/moss.md", changed := DRAFT.replace("No roots", "No roots, no flowers"))
    assert "the draft changed since you opened it" in approve(living, page)
    assert (living.folder / "content/BIO/wiki/moss.md").read_text() == changed
    assert living.decisions == []


def test_in_a_git_checkout_people_commit_what_they_approve(living: Room) -> None:
    write(living, "BIO/wiki/moss.md", DRAFT)
    subprocess.run(["git", "init", "-q", living.folder], check=True)
    page = look(living.signed_in("anna"), "/drafts", route=MOODLE, key=KEY)
    assert "Write `status: approved` there, and commit it." in approve(living, page)
    assert (living.folder / "content/BIO/wiki/moss.md").read_text() == DRAFT


def test_a_viewer_reads_a_draft_and_is_offered_no_decision(living: Room) -> None:
    write(living, "BIO/wiki/moss.md", DRAFT)
    page = look(living.signed_in("vera"), "/drafts", route=MOODLE, key=KEY)
    assert "No roots." in page
    assert "Approve this draft" not in page


def test_a_page_that_the_site_holds_back_waits_where_it_stands(living: Room, trial: Trial) -> None:
    hand = Hand(trial.pair.demo.tenant)
    hand.require_approval()
    sync(living, SHAREPOINT, "page:Plants")
    page = living.signed_in("vera").get("/reviews").text
    assert "Plants page BIO sharepoint Open" in words(page)
    with state_of(living.folder) as state:
        (standing,) = [each for each in state.records(SHAREPOINT) if each.title == "Plants"]
    hand.approve_page(standing.name)
    sync(living, SHAREPOINT, "page:Plants")
    assert "Plants" not in words(living.signed_in("vera").get("/reviews").text)


def test_a_row_that_a_list_holds_back_waits_where_it_stands(living: Room, trial: Trial) -> None:
    hand = Hand(trial.pair.demo.tenant)
    hand.require_approval("Course Ratings")
    sync(living, SHAREPOINT)
    page = living.signed_in("vera").get("/reviews").text
    assert "Biology rating BIO sharepoint Open" in words(page)
    assert "Course%20Ratings" in page
    with state_of(living.folder) as state:
        (standing,) = [each for each in state.records(SHAREPOINT) if each.kind == "rating"]
    hand.approve_item("Course Ratings", int(standing.ref))
    sync(living, SHAREPOINT)
    assert "Biology rating" not in words(living.signed_in("vera").get("/reviews").text)


def test_of_much_that_waits_the_first_is_shown_and_the_rest_is_a_step_away(room: Room) -> None:
    stand(room.folder, *(record(f"k{n}", f"Page {n}", unseen=True) for n in range(25)))
    read = words(room.signed_in("vera").get("/reviews").text)
    assert "All 25" in read
    assert words(room.signed_in("vera").get("/content?state=unseen").text).count("not seen before") == 25 + 1


def test_a_draft_of_a_source_that_cannot_approve_is_told(room: Room, monkeypatch) -> None:
    monkeypatch.delattr(FilesSource, "approved")
    draft(room.folder, KEY, "Moss")
    write_credentials(room.folder / ".sandbox")
    client = room.signed_in("anna")
    begun = post(client, "/drafts", route=ROUTE, key=KEY)
    room.console.desk.errands.wait(begun.headers["location"].rpartition("/")[2])
    assert "has no drafts that can be approved here" in words(client.get(begun.headers["location"]).text)
