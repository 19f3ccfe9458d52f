"""People use the console in Chromium: by mouse, by keyboard alone, without scripts; hostile texts do nothing there."""

import ssl
from datetime import UTC, datetime

import httpx2
import pytest

from lms_bridge.cli.trial import Trial
from lms_bridge.console.access.entra import EntraApp, EntraDoor
from lms_bridge.sandbox.moodle import Hand
from lms_bridge.sandbox.sharepoint.model import Registration
from tests.console.browser_world import Person, cookie
from tests.console.console_world import PASSWORD, Room
from tests.console.seeding import conflict, draft, record, stand, tag
from tests.console.test_deciding_here import MOODLE, a_person_edits, both_change, sync, text_in_moodle, write

pytestmark = pytest.mark.browser


def test_an_approver_sees_a_plan_applies_it_and_watches_it_run(live_room: Room, served: str, contexts, trial) -> None:
    anna = Person(contexts(), served)
    anna.open("/")
    anna.picture("sign-in")
    anna.sign_in("anna")
    anna.page.get_by_role("link", name="Plan", exact=True).click()
    anna.picture("plan")
    anna.press("Show what would change")
    anna.sees("9 to create")
    anna.press("Apply this plan")
    anna.sees("9 created")
    assert "Green, mostly" in text_in_moodle(trial, "Plants")
    anna.picture("route")
    anna.open("/")
    anna.sees("5 pages, 1 prompt, 1 rating, 2 reviews")
    anna.picture("overview")
    assert anna.complaints == []


def test_an_approver_resolves_a_conflict_with_words_of_her_own(live_room: Room, served: str, contexts, trial) -> None:
    both_change(live_room, trial)
    anna = Person(contexts(), served)
    anna.sign_in("anna")
    anna.open("/reviews")
    anna.picture("reviews")
    anna.page.get_by_role("link", name="Plants").click()
    anna.picture("review")
    anna.page.get_by_label("Text (HTML)").fill("<p>Green, nearly always, says the gardener.</p>")
    anna.press("Apply the edited text")
    anna.sees("Decided and applied.")
    assert "Green, nearly always, says the gardener." in text_in_moodle(trial, "Plants")
    assert anna.complaints == []


def test_an_approver_approves_a_deletion_that_a_limit_holds_back(live_room: Room, served: str, contexts, trial) -> None:
    text = live_room.config_file.read_text().replace("prune: report", "prune: delete\n      limits: {deletes: 0}", 1)
    live_room.config_file.write_text(text)
    sync(live_room)
    (live_room.folder / "content/BIO/prompts/why.md").unlink()
    write(live_room, "BIO/wiki/plants.md", "---\nid: plants\n---\n# Plants\n\nGreen, always. Back to [[Cells]].\n")
    sync(live_room, MOODLE, "page:Cells")
    sync(live_room)
    anna = Person(contexts(), served)
    anna.sign_in("anna")
    anna.open("/reviews")
    anna.press(f"Look at them and approve ({MOODLE})")
    anna.sees("waits for approval")
    anna.picture("planned")
    anna.press("Approve 1 change that waits, and apply everything")
    anna.sees("1 deleted")
    assert "Why green?" not in {each.name for each in trial.pair.site.discussions.values()}
    assert anna.complaints == []


def test_a_designer_looks_at_everything_and_may_decide_nothing(live_room: Room, served: str, contexts) -> None:
    tagged = "---\nid: plants\ntags: [exam, botany]\n---\n# Plants\n\nGreen, mostly. Back to [[Cells]].\n"
    write(live_room, "BIO/wiki/plants.md", tagged)
    sync(live_room)
    sync(live_room, "programme-to-sharepoint")
    vera = Person(contexts(), served)
    vera.sign_in("vera")
    for name in ("Content", "Courses", "Runs", "Findings"):
        vera.page.get_by_role("navigation", name="Main").get_by_role("link", name=name).click()
        vera.page.get_by_role("heading", name=name, level=1).wait_for()
        if name != "Findings":
            vera.picture(name.lower())
    vera.press("Check now")
    vera.sees("Nothing is wrong; 1 warning to look at.")
    vera.picture("findings")
    vera.open("/content?words=Cells&kind=page")
    vera.page.get_by_role("link", name="Cells").first.click()
    vera.picture("item")
    assert vera.page.get_by_role("button", name="Run").count() == 0
    vera.press("Preview")
    vera.page.frame_locator("iframe >> nth=1").get_by_role("heading", name="Cells").wait_for()
    shown = vera.page.frame_locator("iframe >> nth=0").locator("img")
    assert shown.evaluate("img => img.naturalWidth") == 2
    colour = vera.page.frame_locator("iframe >> nth=0").locator("body").evaluate("b => getComputedStyle(b).maxWidth")
    assert colour == "832px", "the frame has its style sheet"
    # A frame that was never in sight is not painted.
    vera.page.set_viewport_size({"width": 1100, "height": 1600})
    vera.page.locator("iframe >> nth=1").screenshot()
    vera.picture("preview")
    vera.page.set_viewport_size({"width": 1100, "height": 750})
    vera.open("/config")
    vera.sees("Not allowed")
    vera.press("Sign out")
    vera.page.get_by_role("heading", name="Sign in").wait_for()
    # The refusal of /config is the only thing that the browser had to complain of.
    assert [line for line in vera.complaints if "403" not in line] == []


def test_an_admin_sees_where_each_setting_comes_from(served: str, contexts) -> None:
    ada = Person(contexts(), served)
    ada.sign_in("ada")
    ada.open("/config")
    ada.sees("The file is valid.")
    ada.sees("console-users.json")
    ada.picture("config")
    ada.page.get_by_role("link", name="line 27").click()
    assert ada.page.locator("#line-27").evaluate("row => row.matches(':target')")


def test_all_of_it_works_without_scripts(live_room: Room, served: str, contexts, trial) -> None:
    anna = Person(contexts(java_script_enabled=False), served)
    anna.sign_in("anna")
    anna.open("/plan")
    anna.press("Show what would change")
    for _ in range(200):
        if anna.page.get_by_text("9 to create").count():
            break
        anna.page.get_by_role("link", name="Look again").click()
    anna.press("Apply this plan")
    live_room.service.wait()
    anna.open(f"/routes/{MOODLE}")
    assert anna.page.get_by_text("9 created").count() == 1
    assert "UTC" in anna.page.locator("time").first.text_content()


def test_the_keyboard_alone_suffices(live_room: Room, served: str, contexts) -> None:
    anna = Person(contexts(), served)
    anna.open("/sign-in")
    keyboard = anna.page.keyboard
    anna.to("Name")
    keyboard.type("anna")
    anna.to("Password")
    keyboard.type(PASSWORD)
    keyboard.press("Enter")
    anna.page.get_by_role("heading", name="Overview").wait_for()
    anna.to("To the content")
    keyboard.press("Enter")
    anna.to("Plan")
    keyboard.press("Enter")
    anna.sees("9 to create")


def test_moments_are_told_in_the_reader_s_zone(live_room: Room, served: str, contexts) -> None:
    sync(live_room)
    vera = Person(contexts(timezone_id="Asia/Tokyo", locale="en-GB"), served)
    vera.sign_in("vera")
    vera.sees("Asia/Tokyo")
    told = vera.page.locator("time").first
    assert told.get_attribute("title").endswith("UTC")
    assert told.text_content() != told.get_attribute("title")


EVERYWHERE = ["/", "/plan", "/reviews", "/content", "/courses", "/runs", "/findings", "/config"]
DEEPER = [
    f"/reviews/one?route={MOODLE}&place=page%40course-3&key=k", "/drafts", "/content/item?key=k", f"/routes/{MOODLE}",
    "/config/edit",
]  # fmt: skip


@pytest.mark.parametrize("path", [*EVERYWHERE, *DEEPER])
def test_a_phone_shows_a_page_without_scrolling_sideways(live_room: Room, served: str, contexts, path: str) -> None:
    context = contexts()
    context.add_cookies([cookie(live_room, served, "ada")])
    conflict(live_room.folder, "k", "A" * 150, theirs="<p>a</p>", ours="<p>b</p>")
    stand(live_room.folder, record("k", "A" * 150))
    draft(live_room.folder, "d", "A" * 150)
    tag(live_room.folder, k=("B" * 80,))
    live_room.let_edit()
    ada = Person(context, served)
    ada.page.set_viewport_size({"width": 360, "height": 740})
    answer = ada.open(path)
    assert answer.ok
    assert ada.page.evaluate("document.documentElement.scrollWidth") <= 360


CONSOLE_APP = "7c0d2f3e-1111-4222-8333-944455566677"


@pytest.fixture
def with_entra(live_room: Room, served: str, trial: Trial) -> str:
    """The tenant knows the console and three people: one may decide, one has no role, one was not assigned at all."""
    tenant = trial.pair.demo.tenant
    redirect = f"{served}/sign-in/entra/back"
    assigned = {"anna@contoso.com": ("approver",), "nils@contoso.com": ("another-app-s-role",)}
    tenant.register(Registration(CONSOLE_APP, "console", secrets=("s3cret",), redirects=(redirect,), assigned=assigned))
    app = EntraApp(
        authority=f"{trial.pair.sharepoint.url}/{tenant.id}",
        client_id=CONSOLE_APP,
        credential="s3cret",
        redirect=redirect,
        known=False,
        ca_file=live_room.folder / ".sandbox/ca.pem",
    )
    object.__setattr__(live_room.console.desk.access, "entra", EntraDoor(app, lambda: datetime.now(UTC)))
    return served


def test_a_person_signs_in_with_entra_and_gets_to_where_they_wanted(live_room: Room, with_entra: str, contexts) -> None:
    anna = Person(contexts(ignore_https_errors=True), with_entra)
    anna.open("/content?words=cells")
    anna.page.get_by_role("link", name="Sign in with Microsoft Entra ID").click()
    anna.page.get_by_role("button", name="anna@contoso.com").click()
    anna.page.get_by_role("heading", name="Content").wait_for()
    assert anna.page.url.endswith("/content?words=cells")
    anna.sees("anna@contoso.com")
    anna.sees("approver")
    back = anna.page.url
    assert live_room.decisions == [("anna@contoso.com", "signed in", "console", {"role": "approver"})]
    anna.open("/sign-in/entra/back?code=made-up&state=made-up")
    anna.sees("this sign-in was not begun here")
    anna.open(back.removeprefix(with_entra))
    anna.sees("anna@contoso.com")


def test_whoever_has_no_role_in_the_tenant_s_app_does_not_get_in(live_room: Room, with_entra: str, contexts) -> None:
    nils = Person(contexts(ignore_https_errors=True), with_entra)
    nils.open("/sign-in/entra")
    nils.page.get_by_role("button", name="nils@contoso.com").click()
    nils.sees("you have no role in this console")
    nils.open("/content")
    nils.page.get_by_role("heading", name="Sign in").wait_for()
    assert [what for _, what, *_ in live_room.decisions] == ["sign-in refused"]


def test_somebody_else_s_answer_of_entra_signs_nobody_in(live_room: Room, with_entra: str, contexts) -> None:
    """An attacker who has a victim open the address with the attacker's own code would have them work in her name."""
    with httpx2.Client(verify=ssl.create_default_context(cafile=live_room.folder / ".sandbox/ca.pem")) as attacker:
        to_entra = attacker.get(f"{with_entra}/sign-in/entra").headers["location"]
        back = attacker.post(to_entra, data={"person": "anna@contoso.com"}).headers["location"]
    assert "code=" in back
    victim = Person(contexts(ignore_https_errors=True), with_entra)
    victim.open("/sign-in/entra")
    victim.page.goto(back)
    victim.sees("does not belong to this sign-in")
    victim.open("/content")
    victim.page.get_by_role("heading", name="Sign in").wait_for()


STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(live_room: Room, served: str, contexts, scheme: str, trial) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    where = both_change(live_room, trial)
    write(live_room, "BIO/wiki/moss.md", "---\nstatus: draft\ntags: [exam]\n---\n# Moss\n\nNo roots.\n")
    live_room.let_edit()
    sync(live_room, MOODLE, "page:Acids")
    conflict(live_room.folder, "k", "Clash", theirs="<p>It was green.</p>", ours="<p>It was red.</p>")
    write(live_room, "BIO/wiki/cells.md", "# Cells\n\nSmall rooms.\n")
    context = contexts(color_scheme=scheme)
    ada = Person(context, served)
    found: dict[str, list[str]] = {}

    # Dark pages differ from light ones by their colours alone.
    only = {"type": "tag", "values": STANDARDS} if scheme == "light" else {"type": "rule", "values": ["color-contrast"]}

    def look(name: str) -> None:
        result = axe.run(ada.page, options={"runOnly": only})
        told = [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in result.response["violations"]]
        if told:
            found[name] = told

    ada.open("/sign-in")
    look("/sign-in")
    context.add_cookies([cookie(live_room, served, "ada")])
    runs = live_room.console.desk.state.looking.runs(MOODLE)
    paths = [
        "/",
        "/plan",
        "/reviews",
        where,
        "/content",
        "/content/item?key=programme%3ABIO%2Fwiki%2Fplants",
        "/courses",
    ]
    paths += ["/runs", f"/runs/{runs[0].run}", f"/routes/{MOODLE}", "/findings", "/config", "/runs/none"]
    paths += ["/drafts", "/config/edit"]
    for path in paths if scheme == "light" else [where, f"/routes/{MOODLE}"]:
        ada.open(path)
        look(path)
    ada.open("/plan")
    ada.press("Show what would change")
    ada.page.get_by_role("heading", name="Changes").wait_for()
    look("planned")
    ada.open("/reviews")
    ada.press("Look at it (Moss)")
    ada.sees("No roots.")
    look("draft")
    ada.press("Approve this draft")
    ada.sees("The file says so now")
    look("approved")
    ada.open("/config/edit")
    ada.page.get_by_label("Text (YAML)").press("Control+End")
    ada.page.keyboard.type("# looked at")
    ada.press("Check")
    ada.sees("This is what changes")
    look("checked")
    ada.open("/findings")
    ada.press("Check now")
    ada.sees("Nothing is wrong; 1 warning to look at.")
    look("found")
    ada.open("/content/item?key=programme%3ABIO%2Fwiki%2Fcells")
    ada.press("Preview")
    ada.page.locator("iframe").first.wait_for()
    look("preview")
    assert found == {}


HOSTILE = (
    "<script>alert('taken')</script><img src=x onerror=\"alert('taken')\">"
    "<a href=\"javascript:alert('taken')\">press</a>"
    "<svg onload=\"alert('taken')\"></svg><style>body{display:none}</style><form action=https://evil.example><button>x"
)


def test_hostile_texts_of_people_do_nothing_in_reviews_and_differences(
    live_room: Room, served: str, contexts, trial
) -> None:
    sync(live_room)
    site = trial.pair.site
    (number,) = [page.id for page in site.wiki_pages.values() if page.title == "Plants"]
    Hand(site).human_edit_wiki_page(number, "tess.teacher", f"<p>Green, mostly.</p>{HOSTILE}")
    conflict(live_room.folder, "k", HOSTILE, theirs=HOSTILE, ours=f"<p>b</p>{HOSTILE}", reason=HOSTILE)
    anna = Person(contexts(), served)
    anna.sign_in("anna")
    anna.open("/reviews")
    anna.page.locator("main table a").first.click()
    anna.page.get_by_role("heading", name="Merged: both in one").wait_for()
    assert anna.page.locator("main script, main svg, main style, main img, main a[href^=javascript]").count() == 0
    anna.open("/plan")
    anna.press("Show what would change")
    anna.page.get_by_role("heading", name="Changes").wait_for()
    assert anna.complaints == []


def test_a_preview_that_nobody_cleaned_still_does_nothing(live_room: Room, served: str, contexts) -> None:
    """The connector cleans; the frame holds whatever it would miss."""
    from lms_bridge.console import previewing

    seen = previewing.Seen("r", "moodle", "moodle", "wiki", HOSTILE, f"<p>harmless words</p>{HOSTILE}", [], "", None)
    found = previewing.Preview("k", [seen], [])
    errand = live_room.console.desk.errands.start("preview", "k", lambda progress: found, by="anna")
    live_room.console.desk.errands.wait(errand.id)
    anna = Person(contexts(), served)
    anna.sign_in("anna")
    requests: list[str] = []
    anna.page.on("request", lambda request: requests.append(request.url))
    anna.open(f"/looks/{errand.id}")
    frame = anna.page.frame_locator("iframe")
    frame.get_by_role("link", name="press").click(force=True)
    assert [line for line in anna.complaints if "dialog" in line] == []
    assert [url for url in requests if not url.startswith((served, "data:"))] == []
    assert anna.page.title().startswith("Preview")


def test_a_text_that_a_person_left_is_shown_beside_the_source_s(live_room: Room, served: str, contexts, trial) -> None:
    sync(live_room)
    a_person_edits(trial, "Green, mostly", "Green, says the gardener")
    write(live_room, "BIO/wiki/plants.md", "---\nid: plants\n---\n# Plants\n\nGreen, always. Back to [[Cells]].\n")
    vera = Person(contexts(), served)
    vera.sign_in("vera")
    vera.open("/plan")
    vera.press("Show what would change")
    vera.page.locator("del", has_text="gardener").first.wait_for()
    vera.page.locator("ins", has_text="always").first.wait_for()
