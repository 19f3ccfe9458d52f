"""What people decide at the console, with both sandboxes behind it: what they looked at is what happens."""

import html
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lms_bridge.audit.line import Deed
from lms_bridge.cli.trial import Trial
from lms_bridge.config.load import load_config
from lms_bridge.connector import Payload
from lms_bridge.console.apart import Apart
from lms_bridge.console.previewing import _embedded
from lms_bridge.items import Asset, Kind
from lms_bridge.markup.links import asset_src
from lms_bridge.sandbox.faults import Fault
from lms_bridge.sandbox.moodle import Hand
from lms_bridge.sandbox.pair import write_credentials
from lms_bridge.sync.policy import Edited
from lms_bridge.sync.state import State
from tests.calendars.calendar_world import calendar
from tests.console.console_world import Room, look, post
from tests.console.seeding import PLACE, conflict, state_of
from tests.console.test_pages import words

MOODLE, SHAREPOINT = "programme-to-moodle", "programme-to-sharepoint"
PLANTS = "programme:BIO/wiki/plants"


def sync(room: Room, route: str = MOODLE, *only: str) -> None:
    room.service.start(route, by="", only=only)
    room.service.wait()
    room.service.told.clear()


def write(room: Room, name: str, text: str) -> None:
    (room.folder / "content" / name).write_text(text, encoding="utf-8")


def text_in_moodle(trial: Trial, title: str) -> str:
    site = trial.pair.site
    (number,) = [page.id for page in site.wiki_pages.values() if page.title == title]
    return site.wiki_versions[number][-1].content


def a_person_edits(trial: Trial, old: str, new: str, title: str = "Plants") -> None:
    site = trial.pair.site
    (number,) = [page.id for page in site.wiki_pages.values() if page.title == title]
    Hand(site).edit_wiki_page(number, "tess.teacher", replace={old: new})


def both_change(room: Room, trial: Trial) -> str:
    """A conflict about the page Plants; gives the address of its review."""
    sync(room)
    a_person_edits(trial, "Green, mostly", "Green, mostly, says the gardener")
    write(room, "BIO/wiki/plants.md", "---\nid: plants\n---\n# Plants\n\nGreen, nearly always. Back to [[Cells]].\n")
    sync(room, MOODLE, PLANTS)
    (found,) = re.findall(r'href="(/reviews/one[^"]*)"', room.signed_in("anna").get("/reviews").text)
    return html.unescape(found)


def fields_of(page: str) -> dict[str, str]:
    """The hidden fields of a review's forms."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in found if name != "token"}


def answer(room: Room, where: str, word: str, **more: str) -> str:
    client = room.signed_in("anna")
    given = fields_of(client.get(where).text) | {"answer": word} | more
    return words(look(client, "/reviews/one", seen_at=where, **given))


def test_what_was_planned_is_what_is_applied(living: Room, trial: Trial) -> None:
    client = living.signed_in("anna")
    page = look(client, "/plan", route=MOODLE)
    assert "9 to create" in words(page)
    assert "Plants page BIO it is new in the source" in words(page)
    assert trial.pair.site.wiki_pages == {}, "nothing is written by looking"
    fields = fields_of(page)
    begun = post(client, "/run", route=MOODLE, only="", checksum=fields["checksum"])
    assert begun.headers["location"] == f"/routes/{MOODLE}"
    living.service.wait()
    assert "Green, mostly" in text_in_moodle(trial, "Plants")
    assert living.decisions == [
        ("anna", "run started", f"route {MOODLE}", {"only": "", "checksum": fields["checksum"], "override": ""})
    ]


def test_a_person_pushes_through_what_a_calendar_freezes_and_that_is_told(living: Room, trial: Trial) -> None:
    exam = "SUMMARY:Exams\nDTSTART;VALUE=DATE:20200101\nDTEND;VALUE=DATE:20990101"
    (living.folder / "exams.ics").write_bytes(calendar(exam))
    config = living.service.config_file
    windows = "windows: {calendars: [{name: exams, file: exams.ics, why: end of term}]}"
    config.write_text(config.read_text("utf-8").replace("\nversion: 1\n", f"\nversion: 1\n{windows}\n"), "utf-8")
    client = living.signed_in("anna")
    assert "nothing is pushed until 2099-01-01 00:00 UTC: end of term" in words(look(client, "/plan", route=MOODLE))
    settings = words(living.signed_in("ada").get("/config").text)
    assert "windows.calendars[0].unknown closed" in settings
    post(client, "/run", route=MOODLE, only="")
    living.service.wait()
    assert trial.pair.site.wiki_pages == {}
    post(client, "/run", route=MOODLE, only="", override="yes")
    living.service.wait()
    assert "Green, mostly" in text_in_moodle(trial, "Plants")
    assert [about["override"] for _, what, _, about in living.decisions if what == "run started"] == ["", "yes"]
    with state_of(living.folder) as state:
        told = [line.about for line in state.trail.lines() if line.deed == Deed.WINDOW]
    assert told == ["end of term"]


def test_what_moved_since_it_was_planned_is_not_applied(living: Room, trial: Trial) -> None:
    client = living.signed_in("anna")
    fields = fields_of(look(client, "/plan", route=MOODLE))
    write(living, "BIO/wiki/plants.md", "# Plants\n\nSomething else.\n")
    with pytest.raises(Exception, match="no longer what was reviewed"):
        living.service.run(MOODLE, (), [fields["checksum"]], [])
    assert trial.pair.site.wiki_pages == {}


def test_a_changed_text_is_shown_side_by_side(living: Room, trial: Trial) -> None:
    sync(living)
    write(living, "BIO/wiki/plants.md", "---\nid: plants\n---\n# Plants\n\nGreen, always. Back to [[Cells]].\n")
    page = look(living.signed_in("vera"), "/plan", route=MOODLE)
    assert "<del>mostly</del>" in page
    assert "<ins>always</ins>" in page
    assert "Somebody with the role approver can apply this plan." in page
    one = look(living.signed_in("vera"), "/differences", route=MOODLE, key=PLANTS)
    assert "<del>mostly</del>" in one


def test_deletes_beyond_a_limit_are_approved_by_the_plan_s_checksum(living: Room, trial: Trial) -> None:
    text = living.config_file.read_text().replace("prune: report", "prune: delete\n      limits: {deletes: 0}", 1)
    living.config_file.write_text(text)
    sync(living)
    (living.folder / "content/BIO/prompts/why.md").unlink()
    sync(living)
    client = living.signed_in("anna")
    assert "delete Why green? prompt · BIO" in words(client.get("/reviews").text)
    page = look(client, "/plan", route=MOODLE)
    assert "Approve 1 change that waits" in words(page)
    fields = fields_of(page)
    assert fields["approve"] == fields["checksum"]
    other = post(client, "/run", route=MOODLE, checksum=fields["checksum"], approve="another")
    assert other.status_code == 400
    assert "Why green?" in {each.name for each in trial.pair.site.discussions.values()}
    post(client, "/run", route=MOODLE, only="", checksum=fields["checksum"], approve=fields["approve"])
    living.service.wait()
    assert "Why green?" not in {each.name for each in trial.pair.site.discussions.values()}
    assert [what for _, what, *_ in living.decisions] == ["approved"]


def test_theirs_stays_once_somebody_decided_so(living: Room, trial: Trial) -> None:
    where = both_change(living, trial)
    assert "Decided and applied" in answer(living, where, "theirs")
    assert "says the gardener" in text_in_moodle(trial, "Plants")
    assert living.signed_in("anna").get(where).status_code == 404
    assert living.decisions[-1][:3] == ("anna", "review answered", PLANTS)
    with state_of(living.folder) as state:
        (line,) = [line for line in state.trail.lines() if line.deed == "resolve"]
    assert (line.role, line.actor, line.key, line.about) == ("person", "anna", PLANTS, "theirs")


def test_ours_takes_the_place_of_theirs(living: Room, trial: Trial) -> None:
    where = both_change(living, trial)
    assert "Decided and applied" in answer(living, where, "ours")
    assert "nearly always" in text_in_moodle(trial, "Plants")
    assert "gardener" not in text_in_moodle(trial, "Plants")


def test_a_text_that_somebody_wrote_from_both_stands_there_at_once(living: Room, trial: Trial) -> None:
    where = both_change(living, trial)
    written = "<p>Green, nearly always, says the gardener.</p><script>alert(1)</script>\r\n<p onclick=x>More.</p>"
    assert "Decided and applied" in answer(living, where, "edited", html=written)
    text = text_in_moodle(trial, "Plants")
    assert "Green, nearly always, says the gardener." in text
    assert "alert" not in text
    assert "onclick" not in text
    sync(living)
    assert text_in_moodle(trial, "Plants") == text, "the next sync leaves it"
    # What the source says later is merged into it, or told: it is a text of people from now on.
    assert "Plants" not in words(living.signed_in("anna").get("/reviews").text)


@contextmanager
def busy(room: Room) -> Iterator[threading.Event]:
    """Both threads of the console have something to do; the event frees one of them, the end both."""
    one, other = threading.Event(), threading.Event()
    for at, free in enumerate((one, other)):
        room.console.desk.errands.start("plan", f"busy {at}", lambda progress, free=free: free.wait(60), by="vera")
    try:
        yield one
    finally:
        one.set()
        other.set()


def test_an_answer_is_about_what_was_looked_at_however_long_it_waits_for_its_turn(living: Room, trial: Trial) -> None:
    where = both_change(living, trial)
    client = living.signed_in("anna")
    given = fields_of(client.get(where).text) | {"answer": "ours"}
    with busy(living):
        begun = post(client, "/reviews/one", seen_at=where, **given)
        a_person_edits(trial, "says the gardener", "says the gardener's wife")
        sync(living, MOODLE, PLANTS)
    living.console.desk.errands.wait(begun.headers["location"].rpartition("/")[2])
    assert "one of the two sides changed" in words(client.get(begun.headers["location"]).text)
    assert "gardener's wife" in html.unescape(text_in_moodle(trial, "Plants"))


def test_of_two_answers_the_first_counts_and_the_second_is_told_so(living: Room, trial: Trial) -> None:
    where = both_change(living, trial)
    client = living.signed_in("anna")
    given = fields_of(client.get(where).text)
    with busy(living) as free:
        theirs = post(client, "/reviews/one", seen_at=where, **given | {"answer": "theirs"})
        ours = post(client, "/reviews/one", seen_at=where, **given | {"answer": "ours"})
        free.set()
        for begun in (theirs, ours):
            living.console.desk.errands.wait(begun.headers["location"].rpartition("/")[2])
    assert "Decided and applied" in words(client.get(theirs.headers["location"]).text)
    assert "somebody decided this meanwhile" in words(client.get(ours.headers["location"]).text)
    assert "says the gardener" in text_in_moodle(trial, "Plants")


def test_an_edit_that_changes_nothing_is_the_merged_text(living: Room, trial: Trial) -> None:
    where = both_change(living, trial)
    client = living.signed_in("anna")
    (shown,) = re.findall(r'<textarea id="html"[^>]*>(.*?)</textarea>', client.get(where).text, re.DOTALL)
    assert "Decided and applied" in answer(living, where, "edited", html=html.unescape(shown))
    assert "says the gardener" in text_in_moodle(trial, "Plants")


def test_an_item_is_seen_as_it_will_stand_at_both_destinations(living: Room) -> None:
    client = living.signed_in("vera")
    page = look(client, "/previews", key="programme:BIO/wiki/cells")
    assert "wiki of Biology" in words(page)
    frames = re.findall(r'<iframe sandbox title="[^"]*" src="([^"]+)"', page)
    assert len(frames) == 2
    for frame, system in zip(frames, ("moodle", "sharepoint"), strict=True):
        answer = client.get(frame)
        assert f"class='{system}'" in answer.text
        assert "Plants" in answer.text
        policy = answer.headers["content-security-policy"]
        assert "sandbox;" in policy
        assert "script-src" not in policy
        assert policy.startswith("default-src 'none'")
        assert client.get(frame[:-1] + "9").status_code == 404
    assert "data:image/png;base64," in client.get(frames[0]).text
    assert living.decisions == []


def test_a_preview_reads_no_source_that_cannot_have_the_item(living: Room) -> None:
    """The other one, which may be large, is not there at all: nothing is told of it."""
    text = living.config_file.read_text(encoding="utf-8")
    text = text.replace("destinations:", "  archive: {type: files, path: nowhere}\n\ndestinations:", 1)
    living.config_file.write_text(f"{text}\n  archive: {{from: archive, to: moodle}}\n", encoding="utf-8")
    page = look(living.signed_in("vera"), "/previews", key=PLANTS)
    assert page.count("<iframe") == 2
    assert "nowhere" not in page
    assert "no source has such an item" in words(look(living.signed_in("vera"), "/previews", key="other:x"))


def test_images_of_a_preview_are_shown_as_far_as_they_may_weigh() -> None:
    """Embedded in the page, they are held as long as it is remembered."""
    image = {"name": "a.png", "media_type": "image/png", "width": 1, "height": 1, "load": lambda: b"0123456789"}
    asset = Asset(digest="a" * 64, size=10, **image)
    payload = Payload(
        key="k", kind=Kind.PAGE, course="BIO", title="Cells", address="Cells", body="", fingerprint="f", assets=(asset,)
    )
    src = asset_src(asset.digest)
    embedded = _embedded(payload, 15)
    assert embedded(src).startswith("data:image/png;base64,")
    assert embedded(src) == src


def test_findings_name_what_is_wrong_and_what_to_do(living: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PSEUDONYM_KEY", "planted-pseudonym-key")
    text = living.config_file.read_text()
    living.config_file.write_text(text.replace("type: files", "type: files\n    pseudonym_key: ${env:PSEUDONYM_KEY}"))
    client = living.signed_in("vera")
    page = look(client, "/findings")
    assert "All is well" in words(page)
    assert 'class="note good"' in page
    assert "Findings of" in client.get("/findings").text


def test_all_is_not_well_while_there_are_warnings(living: Room) -> None:
    client = living.signed_in("vera")
    page = look(client, "/findings")
    assert "Nothing is wrong; 1 warning to look at." in words(page)
    assert "pseudonyms are made without a key" in words(page)
    assert "All is well" not in words(page)
    assert 'class="note warn"' in page
    (where,) = set(re.findall(r'href="(/looks/[^"]*)"', client.get("/findings").text))
    german = client.get(where, headers={"Accept-Language": "de"})
    assert "Kein Fehler; 1 Warnung ist anzusehen." in words(german.text)


def test_what_cannot_be_reached_is_told_and_not_a_fault_of_the_console(room: Room) -> None:
    write_credentials(room.folder / ".sandbox")
    text = room.config_file.read_text()
    alone = text[: text.index("  sharepoint:")] + text[text.index("routes:") : text.index("  programme-to-sharepoint:")]
    room.config_file.write_text(alone.replace("type: moodle\n", "type: moodle\n    attempts: 1\n"))
    read = words(look(room.signed_in("anna"), "/findings"))
    assert "1 error" in read
    assert "error moodle connection" in read


def test_a_run_is_cancelled_in_good_order(living: Room, trial: Trial) -> None:
    trial.pair.moodle.faults.add(Fault("delay", seconds=1.0))
    client = living.signed_in("anna")
    post(client, "/run", route=MOODLE)
    cancelled = post(client, f"/routes/{MOODLE}/cancel")
    assert cancelled.headers["location"] == f"/routes/{MOODLE}", "it was under way"
    living.service.wait()
    assert [what for _, what, *_ in living.decisions] == ["run started", "run cancelled"]
    with State.open(load_config(living.config_file).state) as state:
        (run,) = state.history.last_runs(MOODLE, 9)
        assert (run.exit_code, run.ended is not None) == (10, True)
        assert not state.is_leased(MOODLE)
        assert state.open_intents(MOODLE) == []
    assert not trial.pair.site.wiki_pages, "nothing was begun any more"


def test_a_run_that_has_ended_is_not_cancelled(living: Room) -> None:
    client = living.signed_in("anna")
    post(client, "/run", route=MOODLE)
    living.service.wait()
    assert post(client, f"/routes/{MOODLE}/cancel").status_code == 400
    with State.open(load_config(living.config_file).state) as state:
        assert [run.exit_code for run in state.history.last_runs(MOODLE, 9)] == [0]


def test_one_course_or_one_item_is_run_alone(living: Room, trial: Trial) -> None:
    client = living.signed_in("anna")
    post(client, "/run", route=MOODLE, only="course:CHE\r\n")
    living.service.wait()
    assert living.service.told[-1]["only"] == ["course:CHE"]
    assert {page.title for page in trial.pair.site.wiki_pages.values()} == {"Acids", "Home"}


def test_what_a_person_writes_is_cleaned_before_anything_else_gets_it(room: Room, monkeypatch) -> None:
    """Destinations and their connectors clean as well: none of them is to be the only one."""
    begun: list[Apart] = []
    errands = room.console.desk.errands
    start = errands.start
    monkeypatch.setattr(errands, "start", lambda *asked, by: begun.append(asked[-1]) or start(*asked, by=by))
    write_credentials(room.folder / ".sandbox")
    conflict(room.folder, "k", "Plants", theirs="<p>a</p>", ours="<p>b</p>")
    written = "<p onclick=x>Both.</p><script>alert(1)</script><a href='javascript:x'>press</a>"
    answer(room, f"/reviews/one?route={MOODLE}&place={PLACE.id}&key=k", "edited", html=written)
    assert Edited("<p>Both.</p>\n<p>press</p>") in begun[0].work.args
