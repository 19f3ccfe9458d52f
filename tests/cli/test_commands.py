"""plan, sync, status, diff and check as an admin types them: what they print, and how they end."""

import json
import shutil

import pytest

from lms_bridge.audit.line import named
from lms_bridge.cli.sentences import sentence, told
from lms_bridge.errors import Problem
from lms_bridge.items import Kind
from lms_bridge.sandbox.moodle.person_hand import Hand
from lms_bridge.sync.state import State
from tests.cli.conftest import Desk

PLAN_KEYS = {"create", "update", "merge", "adopt", "hide", "delete", "forget", "skip", "unchanged"}
SYNC_KEYS = {
    "created", "updated", "merged", "adopted", "hidden", "deleted", "forgotten",
    "skipped", "unchanged", "conflicts", "failed",
}  # fmt: skip


def test_a_plan_writes_nothing_and_a_sync_does_what_it_said(desk: Desk) -> None:
    before = desk.sharepoint_writes()
    planned = desk.run("plan", "--output", "json", "--exit-code")
    assert planned.code == 3
    assert desk.sharepoint_writes() == before
    assert not any("add_" in name or "new_page" in name for name in desk.moodle_calls())
    summary = planned.json["summary"]
    assert set(summary) == PLAN_KEYS
    synced = desk.run("sync", "--output", "json")
    assert synced.code == 0, synced.err + synced.out
    assert set(synced.json["summary"]) == SYNC_KEYS
    assert synced.json["summary"]["created"] == summary["create"] > 0
    assert synced.json["failures"] == []


def test_a_second_sync_writes_nothing_anywhere(desk: Desk) -> None:
    desk.run("sync")
    moodle, sharepoint = desk.moodle_calls(), desk.sharepoint_writes()
    again = desk.run("sync", "--output", "json")
    assert again.code == 0
    summary = again.json["summary"]
    assert summary["unchanged"] > 0
    assert sum(summary[name] for name in ("created", "updated", "merged", "adopted", "deleted", "failed")) == 0
    assert desk.sharepoint_writes() == sharepoint
    written = {"mod_wiki_new_page", "mod_wiki_edit_page", "mod_forum_add_discussion", "mod_data_add_entry"}
    assert {name: count for name, count in desk.moodle_calls().items() if name in written} == {
        name: count for name, count in moodle.items() if name in written
    }
    assert desk.run("plan", "--exit-code").code == 0


def test_each_change_of_a_plan_says_what_where_and_why(desk: Desk) -> None:
    (moodle, sharepoint) = desk.run("plan", "--output", "json").json["routes"]
    assert {moodle["route"], sharepoint["route"]} == {"programme-to-moodle", "programme-to-sharepoint"}
    for route in (moodle, sharepoint):
        assert route["checksum"]
        assert set(route["cost"]) >= {"calls", "units", "seconds"}
        for change in route["changes"]:
            assert set(change) == {"action", "kind", "key", "course", "destination", "title", "reason"}
            assert change["reason"]


def test_a_changed_page_shows_its_words_in_the_plan_and_costs_one_edit(desk: Desk) -> None:
    desk.run("sync")
    desk.write("BIO/wiki/plants.md", "---\nid: plants\n---\n# Plants\n\nGreen, nearly always. Back to [[Cells]].\n")
    planned = desk.run("plan")
    assert "- Green, mostly." in planned.out
    assert "+ Green, nearly always." in planned.out
    edits = desk.moodle_calls().get("mod_wiki_edit_page", 0)
    synced = desk.run("sync", "--output", "json")
    assert synced.json["summary"]["updated"] == 2
    assert desk.moodle_calls()["mod_wiki_edit_page"] == edits + 1


def test_a_checksum_lets_through_what_was_reviewed_and_nothing_else(desk: Desk) -> None:
    routes = desk.run("plan", "--output", "json").json["routes"]
    checksums = [word for route in routes for word in ("--checksum", route["checksum"])]
    desk.write("BIO/wiki/plants.md", "---\nid: plants\n---\n# Plants\n\nChanged after the review. [[Cells]]\n")
    before = desk.sharepoint_writes()
    refused = desk.run("sync", *checksums)
    assert refused.code == 1
    assert "no longer what was reviewed" in refused.err
    assert "lms-bridge plan" in refused.err
    assert desk.sharepoint_writes() == before
    routes = desk.run("plan", "--output", "json").json["routes"]
    checksums = [word for route in routes for word in ("--checksum", route["checksum"])]
    assert desk.run("sync", *checksums).code == 0


def test_a_prompt_of_the_future_waits_and_status_says_until_when(desk: Desk) -> None:
    desk.run("sync")
    shown = desk.run("status")
    assert "“Later” in BIO until 2099-12-31 23:00 UTC" in shown.out, "midnight in Berlin, told in one zone"
    waiting = desk.run("status", "--output", "json").json["routes"][0]["waiting"]
    assert [row["title"] for row in waiting] == ["Later"]


def test_losing_the_state_adopts_everything_and_creates_nothing(desk: Desk) -> None:
    first = desk.run("sync", "--output", "json").json["summary"]
    for path in (desk.folder / ".sandbox").glob("state.sqlite*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    again = desk.run("sync", "--output", "json")
    assert again.json["summary"]["created"] == 0, again.out
    assert again.json["summary"]["adopted"] == first["created"]
    assert again.code == 0
    assert desk.run("plan", "--exit-code").code == 0


def test_only_limits_a_run_to_what_was_named(desk: Desk) -> None:
    only = desk.run("sync", "--only", "course:CHE", "--output", "json")
    assert only.code == 0
    keys = {
        change["key"] for route in desk.run("plan", "--output", "json").json["routes"] for change in route["changes"]
    }
    assert not any("CHE/" in key for key in keys)
    assert any("BIO/" in key for key in keys)


def test_what_does_not_exist_is_a_mistake_in_the_command(desk: Desk) -> None:
    nothing = desk.run("plan", "--only", "course:NOBODY")
    assert nothing.code == 2
    assert "--only: no item is meant by course:NOBODY." in nothing.err
    nowhere = desk.run("plan", "--route", "nowhere")
    assert nowhere.code == 2
    assert "Known routes: programme-to-moodle, programme-to-sharepoint." in nowhere.err


def test_diff_shows_what_stands_there_and_what_would(desk: Desk) -> None:
    desk.run("sync")
    assert "in step" in desk.run("diff", "programme:BIO/wiki/plants").out
    desk.write("BIO/wiki/plants.md", "---\nid: plants\n---\n# Plants\n\nRed, in autumn. Back to [[Cells]].\n")
    shown = desk.run("diff", "programme:BIO/wiki/plants")
    assert "- Green, mostly." in shown.out
    assert "+ Red, in autumn." in shown.out
    unknown = desk.run("diff", "programme:NOBODY")
    assert unknown.code == 2
    assert "no route has an item with the key 'programme:NOBODY'" in unknown.err


def test_check_finds_the_sandboxes_well(desk: Desk) -> None:
    checked = desk.run("check", "--output", "json")
    errors = [row for row in checked.json["findings"] if row["level"] == "error"]
    assert errors == []
    assert checked.code == 0


def test_all_is_well_is_said_of_a_check_without_warnings_alone(desk: Desk) -> None:
    warned = desk.run("check")
    assert "warning programme: pseudonyms" in warned.out
    assert warned.out.splitlines()[-1] == "Nothing is wrong; 1 warning to look at."
    assert warned.code == 0
    key = desk.folder / "pseudonym-key"
    key.write_text("planted-pseudonym-key")
    desk.configure("type: files", f"type: files\n    pseudonym_key: ${{file:{key}}}")
    assert desk.run("check").out.splitlines()[-1] == "All is well."


def test_markdown_output_is_for_tickets(desk: Desk) -> None:
    assert desk.run("plan", "--output", "markdown").out.startswith("# Plan\n")
    assert desk.run("sync", "--output", "markdown").out.startswith("# Sync\n")


def test_lines_in_a_pipe_are_plain_and_whole(desk: Desk) -> None:
    out = desk.run("plan").out
    assert "\x1b" not in out
    assert all(line.isprintable() for line in out.splitlines())


def test_a_message_cannot_forge_lines_of_its_own() -> None:
    assert "\n" not in sentence(Problem("first\nERROR all is lost\x1b[2J", "here"))


def test_verbose_logs_each_call_and_each_change_on_standard_error(desk: Desk) -> None:
    ran = desk.run("-v", "sync", "--output", "json")
    assert ran.json["failures"] == []
    assert "POST http://127.0.0.1" in ran.err
    assert "programme:BIO/wiki/plants" in ran.err


def test_a_log_for_programs_has_an_object_for_each_change_and_none_for_calls(desk: Desk) -> None:
    ran = desk.run("--log", "json", "sync", "--route", "programme-to-moodle", "--output", "json")
    lines = [json.loads(line) for line in ran.err.splitlines()]
    (plants,) = (line for line in lines if line.get("key") == "programme:BIO/wiki/plants")
    assert (plants["event"], plants["level"], plants["course"]) == ("create: done", "info", "BIO")
    assert (plants["run"], plants["route"]) == (ran.json["run"], "programme-to-moodle")
    assert not [line for line in lines if "POST" in line["event"]]
    # A review's key may tell whose it is; the log is kept by others than the state.
    with State.open(desk.folder / ".sandbox" / "state.sqlite") as state:
        reviews = [each for each in state.records("programme-to-moodle") if each.kind is Kind.REVIEW]
    assert reviews
    assert {named(each.key, each.kind) for each in reviews} <= {line.get("key") for line in lines}
    assert not [each.key for each in reviews if each.key in ran.err]


def test_no_secret_shows_in_anything_that_was_printed_or_kept(desk: Desk) -> None:
    for words in (("-v", "check"), ("-v", "plan"), ("-v", "sync"), ("-v", "status")):
        desk.run(*words)
    token = (desk.folder / ".sandbox" / "moodle-token").read_text().strip()
    key = (desk.folder / ".sandbox" / "app-key.pem").read_text().splitlines()[1]
    everything = "".join(desk.printed).encode() + (desk.folder / ".sandbox" / "state.sqlite").read_bytes()
    assert token.encode() not in everything
    assert key.encode() not in everything
    assert b"Bearer ey" not in everything


def test_deletes_over_a_limit_wait_for_approval_while_everything_else_goes_on(desk: Desk) -> None:
    desk.configure("      prune: report\n", "      prune: delete\n      limits: {deletes: 0}\n")
    desk.run("sync")
    (desk.folder / "content" / "BIO" / "prompts" / "why.md").unlink()
    desk.write("BIO/wiki/plants.md", "---\nid: plants\n---\n# Plants\n\nStill green. Back to [[Cells]].\n")
    held = desk.run("sync", "--output", "json")
    assert held.code == 4
    assert held.json["summary"]["updated"] >= 2, "the plants, in both"
    assert held.json["summary"]["deleted"] == 0
    shown = desk.run("plan")
    assert "--approve" in shown.out
    mistyped = desk.run("sync", "--approve", "xyz")
    assert (mistyped.code, mistyped.out) == (2, "")
    assert "no plan has the checksum xyz now; nothing was written" in mistyped.err
    routes = desk.run("plan", "--output", "json").json["routes"]
    approvals = [word for route in routes for word in ("--approve", route["checksum"])]
    approved = desk.run("sync", *approvals, "--output", "json")
    assert approved.json["summary"]["deleted"] == 2
    assert desk.run("plan", "--exit-code").code == 0


def test_what_a_person_changed_is_left_and_told(desk: Desk) -> None:
    desk.run("sync")
    site = desk.trial.pair.site
    page = next(page for page in site.wiki_pages.values() if page.title == "Plants")
    teacher = next(user.username for user in site.users.values() if user.username.startswith("tess"))
    Hand(site).edit_wiki_page(page.id, teacher, replace={"Green, mostly": "A teacher's words"})
    assert desk.run("sync").code == 0, "the source did not change, so there is nothing to settle"
    desk.write("BIO/wiki/plants.md", "---\nid: plants\n---\n# Plants\n\nOur words. Back to [[Cells]].\n")
    ran = desk.run("sync", "--output", "json")
    assert ran.code == 5
    assert ran.json["summary"]["conflicts"] == 1
    assert "A teacher's words" in site.wiki_versions[page.id][-1].content


def test_a_course_keeps_its_first_page_when_the_designer_stops_writing_it(desk: Desk) -> None:
    desk.run("sync")
    (desk.folder / "content" / "BIO" / "wiki" / "index.md").unlink()
    ran = desk.run("sync", "--output", "json")
    assert ran.code == 0
    summary = ran.json["summary"]
    assert (summary["created"], summary["updated"]) == (0, 2), "the list alone, in both"
    desk.write("BIO/wiki/index.md", "# Biology\n\nWelcome back.\n")
    again = desk.run("sync", "--output", "json").json["summary"]
    assert (again["created"], again["updated"]) == (0, 2)


def test_a_route_that_somebody_else_applies_is_told_and_the_others_go_on(desk: Desk) -> None:
    with State.open(desk.folder / ".sandbox" / "state.sqlite") as state, state.lease("programme-to-moodle"):
        ran = desk.run("sync", "--output", "json")
    assert ran.code == 1
    (failure,) = ran.json["failures"]
    assert "programme-to-moodle" in failure["cause"] + failure["where"]
    assert ran.json["summary"]["created"] > 0, "SharePoint goes on"
    assert "mod_wiki_new_page" not in desk.moodle_calls()


def test_an_error_that_nobody_foresaw_is_one_sentence_and_its_traceback_is_for_verbose(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken() -> None:
        raise RuntimeError("with a secret in its words")

    with pytest.raises(SystemExit) as ended:
        told(broken)
    err = capsys.readouterr().err
    assert ended.value.code == 1
    assert "an unexpected RuntimeError stopped the command." in err
    assert "secret" not in err


def test_ctrl_c_says_that_nothing_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    def stopped() -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as ended:
        told(stopped)
    assert ended.value.code == 130
    assert "What was done is kept" in capsys.readouterr().err
