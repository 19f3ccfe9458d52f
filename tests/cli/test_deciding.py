"""The commands by which people decide, look back, undo, move the state and let a person be forgotten."""

import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from lms_bridge.cli import signals
from lms_bridge.sandbox.moodle import Hand
from lms_bridge.sync.intent import Topic
from lms_bridge.sync.state import State
from lms_bridge.sync.stop import Stop
from tests.cli.conftest import Desk

PLANTS = "programme:BIO/wiki/plants"


def plants(desk: Desk, words: str) -> None:
    desk.write("BIO/wiki/plants.md", f"---\nid: plants\n---\n# Plants\n\n{words} Back to [[Cells]].\n")


def moodle_page(desk: Desk, title: str) -> int:
    (number,) = [page.id for page in desk.trial.pair.site.wiki_pages.values() if page.title == title]
    return number


def text_in_moodle(desk: Desk, title: str) -> str:
    return desk.trial.pair.site.wiki_versions[moodle_page(desk, title)][-1].content


def a_person_edits(desk: Desk, old: str, new: str) -> None:
    text = text_in_moodle(desk, "Plants")
    assert old in text
    page = moodle_page(desk, "Plants")
    Hand(desk.trial.pair.site).human_edit_wiki_page(page, "tess.teacher", text.replace(old, new))


def conflict(desk: Desk) -> None:
    desk.run("sync")
    a_person_edits(desk, "Green, mostly.", "Green, says Ann, mostly.")
    plants(desk, "Red, in autumn.")
    assert desk.run("sync").code == 5


def test_a_conflict_is_shown_word_by_word_and_ours_is_accepted(desk: Desk) -> None:
    conflict(desk)
    assert PLANTS in desk.run("review", "list").out
    shown = desk.run("review", "show", PLANTS).out
    assert "+ Green{+, says Ann+}, mostly." in shown
    assert "+ {+Red+}, {+in autumn+}." in shown
    accepted = desk.run("review", "accept", "ours", PLANTS)
    assert accepted.code == 0, accepted.out + accepted.err
    assert "Red, in autumn." in text_in_moodle(desk, "Plants")
    assert desk.run("review", "list").out == "Nothing waits for a person.\n"
    assert desk.run("sync", "--output", "json").json["summary"]["updated"] == 0


def test_theirs_is_accepted_and_not_asked_again(desk: Desk) -> None:
    conflict(desk)
    assert desk.run("review", "accept", "theirs", PLANTS).code == 0
    assert "says Ann" in text_in_moodle(desk, "Plants")
    assert desk.run("sync").code == 0
    assert desk.run("review", "list", "--output", "json").json["reviews"] == []


def test_an_answer_to_what_nobody_has_seen_is_refused(desk: Desk) -> None:
    conflict(desk)
    a_person_edits(desk, "says Ann", "says Bob")
    refused = desk.run("review", "accept", "ours", PLANTS)
    assert refused.code == 1
    assert "changed since this was found; nothing was written" in refused.err
    assert "says Bob" in text_in_moodle(desk, "Plants")
    unknown = desk.run("review", "accept", "ours", "programme:NOBODY")
    assert unknown.code == 2
    assert "nothing waits for a person under 'programme:NOBODY'" in unknown.err


def test_runs_are_listed_shown_and_undone(desk: Desk) -> None:
    desk.run("sync")
    plants(desk, "Red, in autumn.")
    run = desk.run("sync", "--output", "json").json["run"]
    assert run in desk.run("runs", "list").out
    rows = desk.run("runs", "show", run, "--output", "json").json["runs"]
    assert {change["key"] for row in rows for change in row["changes"] if change["status"] == "done"} == {PLANTS}
    planned = desk.run("runs", "undo", run, "--plan")
    assert "Red, in autumn." in text_in_moodle(desk, "Plants"), planned.out
    undone = desk.run("runs", "undo", run)
    assert undone.code == 0, undone.out + undone.err
    assert "Green, mostly." in text_in_moodle(desk, "Plants")
    assert desk.run("sync", "--output", "json").json["summary"]["updated"] == 0
    assert "Green, mostly." in text_in_moodle(desk, "Plants")
    assert desk.run("runs", "undo", "20200101T000000Z-000000").code == 2


def test_a_state_is_exported_imported_rebuilt_and_verified(desk: Desk) -> None:
    desk.run("sync")
    assert desk.run("state", "export", "state.jsonl").code == 0
    exported = desk.folder / "state.jsonl"
    assert exported.stat().st_mode & 0o077 == 0
    assert desk.run("state", "verify").code == 0
    full = desk.run("state", "import", "state.jsonl")
    assert full.code == 1
    assert "there is something in this state already" in full.err
    for path in (desk.folder / ".sandbox").glob("state.sqlite*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    (desk.folder / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    for name, reason in (("nowhere.jsonl", "No such file or directory"), ("photo.jpg", "it is no text")):
        missed = desk.run("state", "import", name)
        assert missed.code == 2
        assert f"{name}: the file cannot be read ({reason}). Name a file that `state export` wrote." in missed.err
    assert desk.run("state", "import", "state.jsonl").code == 0
    assert desk.run("plan", "--exit-code").code == 0
    assert desk.run("state", "rebuild").code == 0
    assert desk.run("plan", "--exit-code").code == 0
    a_person_edits(desk, "Green", "Greener")
    wrong = desk.run("state", "verify", "--output", "json")
    assert wrong.code == 3
    assert [row["key"] for route in wrong.json["routes"] for row in route["wrong"]] == [PLANTS]


def test_a_person_is_forgotten_at_both_destinations_and_in_the_state(desk: Desk) -> None:
    desk.run("sync")
    planned = desk.run("forget", "--author", "ann adler", "--plan")
    assert planned.out.count("to delete") >= 2
    assert "no calls" not in planned.out
    forgotten = desk.run("forget", "--author", "ann adler")
    assert forgotten.code == 0, forgotten.out + forgotten.err
    assert "Still in the source: content/BIO/ratings.csv:2" in forgotten.out
    assert "recycle bin" in forgotten.out
    reviews = desk.run("plan", "--output", "json").json["routes"]
    assert not [change for route in reviews for change in route["changes"] if change["kind"] == "review"]
    assert len(desk.trial.pair.site.data_entries) == 1
    remembered = [
        path for name in ("state.sqlite*", "state.sqlite*/**/*") for path in (desk.folder / ".sandbox").glob(name)
    ]
    raw = b"".join(path.read_bytes() for path in remembered if path.is_file())
    assert any(path.name == "texts.sqlite" for path in remembered)
    assert b"Good" not in raw
    nobody = desk.run("forget", "--author", "Nobody At All")
    assert "nothing to do" in nobody.out
    assert "Nobody called “Nobody At All” is in the sources" in nobody.out
    assert "Nobody called" not in planned.out + forgotten.out


def test_options_that_would_protect_nobody_are_refused(desk: Desk) -> None:
    crossed = desk.run("sync", "--checksum", "a" * 64, "--approve", "b" * 64)
    assert crossed.code == 2
    assert "none of the checksums that may be applied" in crossed.err
    desk.configure("installation: example", "installation: ''")
    nameless = desk.run("sync", "--takeover")
    assert nameless.code == 2
    assert "`installation:` in connectors.yaml" in nameless.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_sync_in_good_order_and_the_next_one_goes_on(desk: Desk, number: signal.Signals) -> None:
    for n in range(120):
        desk.write(f"BIO/wiki/page-{n:03}.md", f"# Page {n}\n\nWords of {n}.\n")
    command = [
        sys.executable,
        "-c",
        "from lms_bridge.cli import main; main()",
        "sync",
        "--route",
        "programme-to-moodle",
        "--output",
        "json",
    ]
    root = Path(__file__).parent.parent.parent
    env = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen(command, cwd=desk.folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        deadline = time.monotonic() + 60
        while "mod_wiki_new_page" not in desk.moodle_calls() and time.monotonic() < deadline:
            os.sched_yield()
        child.send_signal(number)
        out, err = child.communicate(timeout=60)
    assert child.returncode == 10, err
    assert b"Stopping: what is under way is finished" in err
    assert f"{number.name} was received".encode() in out
    status = desk.run("status", "--output", "json").json["routes"][0]
    assert status["open_intents"] == []
    assert 0 < status["items"]["page"] < 120
    assert status["doing"] is None
    again = desk.run("sync", "--route", "programme-to-moodle", "--output", "json")
    assert again.code == 0
    assert again.json["summary"]["adopted"] == 0
    assert desk.run("sync", "--route", "programme-to-moodle", "--output", "json").json["summary"]["created"] == 0


def test_a_sync_that_its_deadline_ends_is_not_taken_for_one_that_somebody_did_not_want(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service takes it up again in a minute."""
    for n in range(120):
        desk.write(f"BIO/wiki/page-{n:03}.md", f"# Page {n}\n\nWords of {n}.\n")

    def clock() -> float:
        return 1e9 if "mod_wiki_new_page" in desk.moodle_calls() else 0.0

    monkeypatch.setattr(signals, "Stop", partial(Stop, clock=clock))
    ended = desk.run("sync", "--route", "programme-to-moodle")
    assert ended.code == 10
    assert "its deadline" in ended.out
    with State.open(desk.folder / ".sandbox" / "state.sqlite") as state:
        assert state.notes.all(Topic.CANCELLED) == {}
