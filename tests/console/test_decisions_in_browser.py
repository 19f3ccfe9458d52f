"""Each decision of a person in Chromium, with both sandboxes behind it: what was pressed is what happened there."""

import pytest

from lms_bridge.cli.trial import Trial
from lms_bridge.sandbox.sharepoint.hand import Hand as SharePointHand
from tests.console.browser_world import Person, cookie
from tests.console.console_world import PASSWORD, Room
from tests.console.seeding import state_of
from tests.console.test_deciding_here import MOODLE, SHAREPOINT, both_change, sync, text_in_moodle, write

pytestmark = pytest.mark.browser
DRAFT = "---\nstatus: draft\ntags: [exam, plants]\n---\n# Moss\n\nNo roots.\n"


@pytest.fixture
def anna(live_room: Room, served: str, contexts) -> Person:
    return someone(live_room, served, contexts(), "anna")


def someone(room: Room, served: str, context, name: str) -> Person:
    context.add_cookies([cookie(room, served, name)])
    return Person(context, served)


def wiki(trial: Trial) -> set[str]:
    return {page.title for page in trial.pair.site.wiki_pages.values()}


def test_whoever_types_a_wrong_password_is_told_and_let_in_with_the_right_one(served: str, contexts) -> None:
    vera = Person(contexts(), served)
    vera.open("/runs")
    vera.page.get_by_label("Name").fill("vera")
    vera.page.get_by_label("Password").fill("something else")
    vera.press("Sign in")
    vera.sees("Name and password do not belong together.")
    vera.page.get_by_label("Password").fill(PASSWORD)
    vera.press("Sign in")
    vera.page.get_by_role("heading", name="Runs", level=1).wait_for()
    vera.press("Sign out")
    vera.page.get_by_role("heading", name="Sign in").wait_for()
    vera.page.go_back()
    vera.page.reload()
    vera.page.get_by_role("heading", name="Sign in").wait_for()


def test_one_item_one_course_and_a_whole_route_are_run(anna: Person, live_room: Room, trial: Trial) -> None:
    anna.open("/content/item?key=programme%3ACHE%2Fwiki%2Facids")
    anna.press(f"Run this item in {MOODLE}")
    anna.sees("1 created")
    assert wiki(trial) == {"Acids"}
    anna.page.get_by_label("Run only these").fill("course:CHE")
    anna.press("Run now")
    anna.page.get_by_role("row", name="1 created, 1 unchanged").wait_for()
    assert wiki(trial) == {"Acids", "Home"}
    anna.open("/")
    anna.page.locator(".card", has_text=MOODLE).get_by_role("button", name="Run now").click()
    anna.page.get_by_role("row", name="7 created").wait_for()
    assert "Plants" in wiki(trial)
    assert [each["only"] for each in live_room.service.told] == [["programme:CHE/wiki/acids"], ["course:CHE"], []]
    assert anna.complaints == []


def test_what_a_run_did_is_looked_into_item_by_item(anna: Person, live_room: Room) -> None:
    sync(live_room)
    anna.open("/runs")
    anna.page.locator("main table a").first.click()
    anna.page.get_by_role("heading", level=1).wait_for()
    anna.sees("Plants")
    anna.picture("run")
    anna.page.get_by_role("link", name="Plants").first.click()
    anna.sees("it is new in the source")
    assert anna.complaints == []


@pytest.mark.parametrize(
    ("button", "said"),
    [("Keep theirs", "says the gardener"), ("Take ours", "nearly always"), ("Take merged", "says the gardener")],
)
def test_of_two_texts_the_one_that_was_chosen_stands(
    live_room: Room, served: str, contexts, trial: Trial, button: str, said: str
) -> None:
    where = both_change(live_room, trial)
    anna = someone(live_room, served, contexts(), "anna")
    anna.open(where)
    anna.press(button)
    anna.sees("Decided and applied.")
    assert said in text_in_moodle(trial, "Plants")
    anna.page.get_by_role("link", name="To what else waits").click()
    anna.sees("Nothing waits here.")
    assert anna.complaints == []


def test_a_draft_is_approved_and_pushed_with_the_keyboard_alone(anna: Person, live_room: Room, trial: Trial) -> None:
    write(live_room, "BIO/wiki/moss.md", DRAFT)
    sync(live_room)
    keyboard = anna.page.keyboard
    anna.open("/reviews")
    anna.to("Look at it")
    keyboard.press("Enter")
    anna.sees("No roots.")
    anna.picture("draft")
    anna.to("Approve this draft")
    keyboard.press("Enter")
    anna.sees("The file says so now")
    anna.to(f"Run this item in {MOODLE}")
    keyboard.press("Enter")
    anna.sees("1 created")
    assert "Moss" in wiki(trial)
    anna.open("/content?tag=EXAM")
    anna.sees("1 item")
    anna.page.get_by_role("link", name="Moss").wait_for()
    assert anna.complaints == []


def test_a_conflict_is_decided_with_the_keyboard_alone(live_room: Room, served: str, contexts, trial: Trial) -> None:
    both_change(live_room, trial)
    anna = someone(live_room, served, contexts(), "anna")
    keyboard = anna.page.keyboard
    anna.open("/reviews")
    anna.to("Plants")
    keyboard.press("Enter")
    anna.page.get_by_role("heading", name="Plants").wait_for()
    anna.to("Text (HTML)")
    keyboard.press("Control+A")
    keyboard.type("<p>By keys alone.</p>")
    anna.to("Apply the edited text")
    keyboard.press("Enter")
    anna.sees("Decided and applied.")
    assert "By keys alone." in text_in_moodle(trial, "Plants")


def test_without_scripts_a_conflict_is_decided_and_a_draft_approved(
    live_room: Room, served: str, contexts, trial: Trial
) -> None:
    write(live_room, "BIO/wiki/moss.md", DRAFT)
    where = both_change(live_room, trial)
    anna = someone(live_room, served, contexts(java_script_enabled=False), "anna")

    def until(words: str) -> None:
        for _ in range(200):
            if anna.page.get_by_text(words).count():
                return
            anna.page.get_by_role("link", name="Look again").click()
        raise AssertionError(words)

    anna.open(where)
    anna.page.get_by_label("Text (HTML)").fill("<p>Without scripts.</p>")
    anna.press("Apply the edited text")
    until("Decided and applied.")
    assert "Without scripts." in text_in_moodle(trial, "Plants")
    sync(live_room)
    anna.open("/reviews")
    anna.press("Look at it (Moss)")
    until("No roots.")
    anna.press("Approve this draft")
    until("The file says so now")
    assert "status: approved" in (live_room.folder / "content/BIO/wiki/moss.md").read_text()


def test_everything_that_waits_for_a_person_is_on_one_page(
    live_room: Room, served: str, contexts, trial: Trial
) -> None:
    write(live_room, "BIO/wiki/moss.md", DRAFT)
    SharePointHand(trial.pair.demo.tenant).require_approval()
    sync(live_room, SHAREPOINT)
    both_change(live_room, trial)
    (live_room.folder / "content/BIO/prompts/why.md").unlink()
    text = live_room.config_file.read_text().replace("prune: report", "prune: delete\n      limits: {deletes: 0}", 1)
    live_room.config_file.write_text(text)
    sync(live_room)
    anna = someone(live_room, served, contexts(), "anna")
    anna.open("/reviews")
    for words in ("Both sides changed", "Held back by a limit", "Drafts of the source", "content/BIO/wiki/moss.md:2"):
        anna.sees(words)
    there = anna.page.get_by_role("table", name="Pushed, and not seen by learners before somebody there approves it")
    assert there.get_by_role("link", name="Plants").count() == 1
    anna.picture("reviews")
    assert anna.complaints == []


def test_a_viewer_sees_what_waits_and_is_offered_nothing_to_press(
    live_room: Room, served: str, contexts, trial: Trial
) -> None:
    write(live_room, "BIO/wiki/moss.md", DRAFT)
    where = both_change(live_room, trial)
    vera = someone(live_room, served, contexts(), "vera")
    decisions = ("Keep theirs", "Take ours", "Take merged", "Apply", "Approve", "Run", "Save", "End")
    vera.open("/plan")
    vera.press("Show what would change")
    vera.page.get_by_role("heading", name="Changes").wait_for()
    seen = [vera.page.url.removeprefix(served), where, "/", f"/routes/{MOODLE}", "/reviews", "/content", "/drafts"]
    for path in seen:
        vera.open(path)
        offered = [each.inner_text() for each in vera.page.locator("main button").all()]
        assert not [words for words in offered if words.startswith(decisions)], path
    vera.open("/reviews")
    vera.press("Look at it (Moss)")
    vera.sees("Somebody with the role approver can decide this.")
    assert vera.page.get_by_role("button", name="Approve this draft").count() == 0
    assert live_room.decisions == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_an_admin_changes_the_config_and_sees_first_what_changes(
    live_room: Room, served: str, contexts, *, scripts: bool
) -> None:
    live_room.let_edit()
    ada = someone(live_room, served, contexts(java_script_enabled=scripts), "ada")
    ada.open("/config")
    ada.page.get_by_role("link", name="Change it").click()
    text = ada.page.get_by_label("Text (YAML)")
    before = text.input_value()
    text.fill(before + "history_dys: 30\n")
    ada.press("Check")
    ada.sees("cannot be saved like this")
    text.fill(before + "history_days: 30\n")
    ada.press("Check")
    ada.sees("This is what changes")
    ada.page.locator(".diff .added", has_text="history_days: 30").wait_for()
    if scripts:
        ada.picture("config-edit")
    ada.press("Save it")
    ada.sees("The file as it was is kept as")
    assert live_room.config_file.read_text(encoding="utf-8").endswith("history_days: 30\n")
    ada.page.get_by_role("row", name="history_days 30 line").wait_for()
    with state_of(live_room.folder) as state:
        assert [line.actor for line in state.trail.lines() if line.deed == "edit config"] == ["ada"]
    assert ada.complaints == []
