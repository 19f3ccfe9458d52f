"""What people see on the pages, from the state alone: no destination answers here."""

import html
import re

import pytest

from lms_bridge.console.errand_pages import _TEMPLATES
from lms_bridge.console.errands import Errand
from lms_bridge.items import Draft, Kind, Origin
from lms_bridge.sync.catalogue import Catalogue
from lms_bridge.sync.decision import DRIFT_CONFLICT, DRIFT_GONE, MARK_OF_OTHERS, NAME_TAKEN, REF_TAKEN
from tests.console.console_world import Room, post
from tests.console.seeding import PLACE, ROUTE, conflict, draft, record, run, stand, state_of, tag

HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'{{ 7*7 }}"
EVERY_PAGE = ["/", "/plan", "/reviews", "/content", "/courses", "/runs", f"/routes/{ROUTE}", "/findings", "/config"]


def words(page: str) -> str:
    """The page as it is read."""
    body = page[page.index("<main") :]
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", body).split()))


def test_an_empty_state_has_a_page_for_everything(room: Room) -> None:
    client = room.signed_in("ada")
    for path in EVERY_PAGE:
        assert client.get(path).status_code == 200, path
    assert "nothing yet" in words(client.get("/").text)


def test_the_overview_tells_what_stands_what_ran_and_what_waits(room: Room) -> None:
    stand(room.folder, record("a", "Cells"), record("b", "Plants", drifted=True), record("c", "Gone", deleted=True))
    run(room.folder, "r1", {"status": "held", "action": "delete"}, {"status": "held", "action": "delete"}, exit_code=4)
    conflict(room.folder, "b", "Plants", theirs="<p>Green.</p>", ours="<p>Red.</p>")
    read = words(room.signed_in("vera").get("/").text)
    assert "2 pages (1 changed by people)" in read
    assert f"2 changes of {ROUTE} wait for approval" in read
    assert "Plants BIO programme-to-moodle" in read
    assert "1 runs in four weeks; at most 1 on one day" in read
    assert "2026-11-27 0 1 0" in read


def test_drafts_wait_for_a_person_as_well(room: Room) -> None:
    client = room.signed_in("vera")
    assert "Nothing. Everything that can be decided" in words(client.get("/").text)
    conflict(room.folder, "b", "Plants", theirs="<p>Green.</p>", ours="<p>Red.</p>")
    draft(room.folder, "c", "Moss")
    read = words(client.get("/").text)
    assert "1 draft of the source waits for approval. Look at them" in read
    assert "Waits for a person 2" in read
    assert "Nothing. Everything that can be decided" not in read
    assert "Waits for a person 2" in words(client.get(f"/routes/{ROUTE}").text)


def test_a_draft_of_several_routes_is_one_that_waits(room: Room) -> None:
    kept = Draft("c", Kind.PAGE, "BIO", "Moss", Origin("content/moss.md", 2))
    with state_of(room.folder) as state:
        for route in (ROUTE, "programme-to-sharepoint"):
            state.catalogue.keep(route, Catalogue(drafts=(kept,)))
    client = room.signed_in("vera")
    assert "1 draft of the source waits for approval" in words(client.get("/").text)
    for route in (ROUTE, "programme-to-sharepoint"):
        assert "Waits for a person 1" in words(client.get(f"/routes/{route}").text)


def test_items_are_found_by_tag_and_show_theirs(room: Room) -> None:
    stand(room.folder, record("a", "Cells"), record("b", "Plants"), record("c", "Acids", course="CHE"))
    tag(room.folder, a=("exam", "Biology"), b=("Exam",), c=("exam prep",))
    client = room.signed_in("vera")
    read = words(client.get("/content?tag=EXAM").text)
    assert "2 items" in read
    assert "Cells Tag Biology Tag exam" in read
    assert "Acids" not in read
    page = client.get("/content").text
    assert '<option value="exam prep"></option>' in page
    assert 'href="/content?tag=exam+prep"' in page
    assert "a Tag Biology Tag exam" in words(client.get("/content/item?key=a").text)


def test_moments_are_marked_up_so_that_the_reader_s_zone_can_be_shown(room: Room) -> None:
    run(room.folder, "r1")
    page = room.signed_in("vera").get("/runs").text
    assert '<time datetime="2026-11-27T12:00:00Z">2026-11-27 12:00 UTC</time>' in page


def test_items_are_found_by_words_course_kind_and_state(room: Room) -> None:
    stand(
        room.folder,
        record("programme:BIO/wiki/cells", "Cells"),
        record("programme:BIO/wiki/plants", "100% plants", drifted=True),
        record("programme:CHE/wiki/acids", "Acids", course="CHE"),
    )
    client = room.signed_in("vera")

    def found(**asked: str) -> list[str]:
        page = client.get("/content", params=asked).text
        return re.findall(r'<td><a href="/content/item\?key=[^"]*">([^<]*)</a>', page)

    assert found() == ["100% plants", "Cells", "Acids"]
    assert found(words="CELL") == ["Cells"]
    assert found(words="wiki/acids") == ["Acids"]
    assert found(words="100%") == ["100% plants"]
    assert found(words="%") == ["100% plants"], "a sign, not anything"
    assert found(course="CHE") == ["Acids"]
    assert found(state="changed") == ["100% plants"]
    assert found(kind="prompt") == []
    assert found(kind="nonsense", state="nonsense", route="nonsense") == []


def test_a_long_listing_comes_in_pages(room: Room) -> None:
    stand(room.folder, *(record(f"k{at:03}", f"Page {at:03}") for at in range(120)))
    client = room.signed_in("vera")
    first, last = client.get("/content").text, client.get("/content?page=3").text
    assert "Page 1 of 3" in first
    assert (first.count("Page 0"), last.count("Page 1")) == (50, 20)
    assert 'rel="next" href="/content?page=2"' in first
    for odd in ("0", "-1", "x", "²", "999999999", "4"):
        assert client.get(f"/content?page={odd}").status_code == 200


def test_an_item_shows_where_it_stands_and_what_runs_did_to_it(room: Room) -> None:
    key = "programme:BIO/wiki/cells"
    stand(room.folder, record(key, "Cells"))
    run(room.folder, "r1", {"key": key})
    run(room.folder, "r2", {"key": key, "status": "failed", "cause": "the page is locked", "next_step": "Unlock it."})
    page = room.signed_in("anna").get("/content/item", params={"key": key}).text
    assert "the page is locked Unlock it." in words(page)
    assert page.index("/runs/r2") < page.index("/runs/r1"), "newest first"
    assert 'href="http://127.0.0.1/mod/wiki/view.php?pageid=5"' in page
    assert "Preview" in page


def test_a_run_is_told_item_by_item_and_by_how_it_ended(room: Room) -> None:
    run(room.folder, "r1", {"title": "Fine"}, {"title": "Not fine", "status": "failed"}, exit_code=1)
    client = room.signed_in("vera")
    assert "2 changes" in words(client.get("/runs/r1").text)
    failed = words(client.get("/runs/r1?status=failed").text)
    assert "Not fine" in failed
    assert "1 change" in failed
    assert client.get("/runs/none").status_code == 404


def test_a_course_shows_what_each_destination_has_of_it(room: Room) -> None:
    stand(room.folder, record("a", "Cells"), record("b", "Plants"), record("c", "Acids", course="CHE"))
    read = words(room.signed_in("vera").get("/courses").text)
    assert "BIO 2 pages nothing here" in read
    assert "CHE 1 page nothing here" in read


def test_the_config_is_shown_with_its_origin_and_without_secrets(room: Room) -> None:
    read = words(room.signed_in("ada").get("/config").text)
    lines = room.config_file.read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "moodle-token" in text)
    assert f"destinations.moodle.token ${{file:.sandbox/moodle-token}} line {line}" in read
    assert "routes.programme-to-moodle.policy.refresh always default" in read
    assert "console.edit_config false default" in read, "as one would write it"
    room.config_file.write_text(
        room.config_file.read_text()
        .replace("${file:.sandbox/moodle-token}", "f00dfeed")
        .replace("# Only for the sandbox", "# token: f00dfeed\n    # Only for the sandbox")
    )
    page = room.signed_in("ada").get("/config").text
    assert "f00dfeed" not in page
    assert "a secret must not stand in this file" in words(page)
    lines = room.config_file.read_text().splitlines()
    marked = next(number for number, text in enumerate(lines, 1) if text.strip().startswith("token: f00dfeed"))
    assert f'id="line-{marked}" class="marked"' in page


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("moodle: {type: moodle, token: f00dfeed}", "moodle: {type: moodle, token: ••••••}"),
        ('moodle: {"token": "f00d, feed"}', 'moodle: {"token": ••••••}'),
        ("moodle: {token: '${env:TOKEN}', url: x}", "moodle: {token: '${env:TOKEN}', url: x}"),
        ("token: ${env:TOKEN} # was f00dfeed", "token: ${env:TOKEN} # ••••••"),
        ("token:\n  ${env:TOKEN} # was f00dfeed", "  ${env:TOKEN} # ••••••"),
        ("moodle: {token: '${env:TOKEN}', url: x} # was f00dfeed", "moodle: {token: '${env:TOKEN}', url: x} # ••••••"),
        ("  passwords: console-users.json", "  passwords: console-users.json"),
        ("passwords: f00dfeed", "passwords: ••••••"),
        ("url: ${env:SITE} # the school's own", "url: ${env:SITE} # the school's own"),
        ("url: https://flow.example.org/run?sig=f00dfeed&x=1", "url: https://flow.example.org/run?••••••"),
    ],
)
def test_a_secret_that_stands_within_a_line_is_masked_there(room: Room, written: str, shown: str) -> None:
    room.config_file.write_text(written)
    page = html.unescape(room.signed_in("ada").get("/config").text)
    assert f"<code>{shown}</code>" in page
    assert "f00d" not in page


def test_a_run_that_is_under_way_is_not_told_as_cut_off(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    run(room.folder, "r1", exit_code=None)
    client = room.signed_in("vera")
    assert "was cut off" in words(client.get("/runs").text)
    assert "2026-11-27 0 0 1" in words(client.get("/").text)
    monkeypatch.setattr(room.service, "_runs", lambda route: True)
    for path in ("/runs", f"/routes/{ROUTE}"):
        assert "was cut off" not in words(client.get(path).text)
        assert "running" in words(client.get(path).text)
    assert "No run in these weeks." in words(client.get("/").text), "nobody knows yet how it ends"


def test_what_ends_while_its_page_is_made_is_not_told_as_failed(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    class Ending(Errand):
        looked = 0

        def __getattribute__(self, name: str) -> object:
            if name != "ended":
                return super().__getattribute__(name)
            Ending.looked += 1
            return None if Ending.looked == 1 else room.clock()

    monkeypatch.setattr(room.console.desk.errands, "find", lambda id_: Ending("e", "plan", "r", "vera", room.clock()))
    page = words(room.signed_in("vera").get("/looks/e").text)
    assert "Planning r" in page
    assert "This did not work" not in page


@pytest.mark.parametrize("what", sorted(_TEMPLATES))
def test_whatever_is_waited_for_has_a_page_meanwhile(room: Room, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    errand = Errand("e", what, "this item", "vera", room.clock())
    monkeypatch.setattr(room.console.desk.errands, "find", lambda id_: errand)
    page = room.signed_in("vera").get("/looks/e")
    assert page.status_code == 200
    assert "Look again" in words(page.text)
    assert 'aria-current="page"' in page.text, "one sees where in the console one is"


def test_who_would_end_a_run_that_is_not_the_service_s_is_told_so(room: Room) -> None:
    told = post(room.signed_in("anna"), f"/routes/{ROUTE}/cancel")
    assert told.status_code == 400
    assert "no run is under way that was begun here" in words(told.text)


def test_a_selection_that_no_command_takes_begins_no_run(room: Room) -> None:
    for fields in ({"only": "page:a\0b"}, {"checksum": "a\0b"}):
        assert post(room.signed_in("anna"), "/run", route=ROUTE, **fields).status_code == 400
    assert room.service.told == []
    assert room.decisions == []


def test_a_config_that_breaks_leaves_the_console_up_with_what_was_valid_last(room: Room) -> None:
    client = room.signed_in("ada")
    assert client.get("/").status_code == 200
    room.config_file.write_text("version: [")
    assert "connectors.yaml has problems" in words(client.get("/content").text)
    assert "is not valid YAML" in words(client.get("/config").text)


@pytest.mark.parametrize("which", ["title", "course", "reason", "url"])
def test_hostile_words_stay_words_on_every_page(room: Room, which: str) -> None:
    value = HOSTILE if which != "url" else "javascript:alert(1)"
    fields = {which: value} if which != "reason" else {}
    stand(room.folder, record(HOSTILE, "t", **({} if which == "title" else fields)))
    outcome = {name: value for name in ("title", "course", "reason", "cause", "next_step") if which != "url"}
    run(room.folder, "r1", outcome | {"key": HOSTILE, "status": "failed"}, outcome | {"status": "held"}, exit_code=1)
    tag(room.folder, **{HOSTILE: (HOSTILE,)})
    draft(room.folder, HOSTILE, HOSTILE)
    conflict(room.folder, HOSTILE, value, theirs=f"<p>{html.escape(HOSTILE)}</p>", ours="<p>b</p>", reason=HOSTILE)
    client = room.signed_in("ada")
    review = {"route": ROUTE, "place": PLACE.id, "key": HOSTILE}
    pages = [*EVERY_PAGE, "/runs/r1", "/content/item", "/reviews/one", "/content", "/drafts", "/sign-in"]
    for path in pages:
        asked = (
            review
            if path == "/reviews/one"
            else {"key": HOSTILE, "words": HOSTILE, "tag": HOSTILE, "only": HOSTILE, "next": HOSTILE}
        )
        page = client.get(path, params=asked).text
        # An element or an attribute of theirs would have these signs as they are.
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path
        assert 'href="javascript:' not in page, path
        assert "49" not in re.findall(r"'(\d+)", page), path
    assert room.visitor().get("/sign-in", params={"next": HOSTILE}).text.count("<script>alert") == 0


@pytest.mark.parametrize("reason", [DRIFT_CONFLICT, DRIFT_GONE, MARK_OF_OTHERS, NAME_TAKEN, REF_TAKEN])
def test_why_something_waits_is_told_without_commands_and_in_the_reader_s_language(room: Room, reason: str) -> None:
    conflict(room.folder, "k", "Plants", theirs="<p>Green.</p>", ours="<p>Red.</p>", reason=f"besides, {reason}")
    client = room.signed_in("vera")
    for where in ("/reviews", f"/reviews/one?route={ROUTE}&place={PLACE.id}&key=k"):
        english = words(client.get(where).text)
        german = words(client.get(where, headers={"Accept-Language": "de"}).text)
        assert f"besides, {reason[:20]}" in english
        assert "besides, " in german
        assert reason[:20] not in german
        for read in (english, german):
            assert re.findall(r"`|--|lms-bridge (review|sync)|drift: ", read) == [], where


def test_why_something_waits_that_the_console_has_no_words_for_is_told_as_it_is(room: Room) -> None:
    conflict(room.folder, "k", "Plants", theirs="<p>Green.</p>", ours="<p>Red.</p>", reason="the moon is full")
    assert "the moon is full" in words(room.signed_in("vera").get("/reviews").text)


def test_a_review_shows_all_sides_and_a_viewer_is_offered_no_decision(room: Room) -> None:
    conflict(room.folder, "k", "Plants", theirs="<p>It was green.</p>", ours="<p>It was red.</p>")
    where = f"/reviews/one?route={ROUTE}&place={PLACE.id.replace('@', '%40')}&key=k"
    assert where in html.unescape(room.signed_in("vera").get("/reviews").text)
    approver, viewer = room.signed_in("anna").get(where).text, room.signed_in("vera").get(where).text
    for page in (approver, viewer):
        assert "<ins>It</ins> <ins>was</ins>" in page or "<ins>" in page
        assert "They clash in 1 spot" in words(page)
    assert "Take ours" in approver
    assert "Take ours" not in viewer
    assert 'name="answer"' not in viewer


def test_a_decision_on_a_text_that_moved_meanwhile_writes_nothing(room: Room) -> None:
    conflict(room.folder, "k", "Plants", theirs="<p>green</p>", ours="<p>red</p>")
    where = f"/reviews/one?route={ROUTE}&place={PLACE.id}&key=k"
    stale = {"route": ROUTE, "place": PLACE.id, "key": "k", "answer": "ours", "version": "7", "fingerprint": ""}
    answer = post(room.signed_in("anna"), "/reviews/one", seen_at=where, **stale)
    assert answer.status_code == 400
    assert "changed since you opened this" in words(answer.text)
    assert room.decisions == []


def test_the_page_speaks_the_reader_s_language_as_far_as_there_is_one(room: Room) -> None:
    client = room.visitor()
    assert '<html lang="en">' in client.get("/sign-in", headers={"Accept-Language": "fr, en;q=0.5"}).text
    german = client.get("/sign-in", headers={"Accept-Language": "fr;q=0.9, de-AT, en;q=0.5"})
    assert '<html lang="de">' in german.text
    assert german.headers["content-language"] == "de"
