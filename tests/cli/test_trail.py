"""Every decision that is made at the command line stands in the audit trail, under the account that made it."""

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lms_bridge.audit.actor import account
from lms_bridge.cli.audit import moment_of
from lms_bridge.errors import UsageError
from lms_bridge.items import mark
from tests.cli.conftest import Desk
from tests.cli.test_deciding import PLANTS, conflict

DEEDS = {"approve", "resolve", "run", "undo", "forget person", "takeover", "import state", "rebuild state", "config"}


def trail(desk: Desk, *options: str) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = desk.run("audit", "list", "--output", "json", *options).json["lines"]
    return lines


def told(desk: Desk, deed: str) -> list[dict[str, Any]]:
    return [line for line in trail(desk) if line["deed"] == deed]


def test_a_sync_tells_each_change_and_what_it_ran_on(desk: Desk) -> None:
    run = desk.run("sync", "--output", "json").json["run"]
    lines = trail(desk)
    assert {line["actor"] for line in lines} == {account().name}
    assert {line["role"] for line in lines} == {"account"}
    (config,) = [line for line in lines if line["deed"] == "config"]
    assert (config["about"], config["before"]) == ("connectors.yaml", "")
    created = [line for line in lines if line["key"] == PLANTS and line["deed"] == "create"]
    assert {line["route"] for line in created} == {"programme-to-moodle", "programme-to-sharepoint"}
    assert {line["run"] for line in created} == {run}
    assert all(line["after"] for line in created)
    assert desk.run("audit", "verify").code == 0


def test_reviews_are_told_without_their_keys(desk: Desk) -> None:
    desk.run("sync")
    keys = [change["key"] for route in desk.run("runs", "show", trail(desk)[-1]["run"], "-o", "json").json["runs"]
            for change in route["changes"] if change["kind"] == "review"]  # fmt: skip
    assert keys
    names = {line["key"] for line in trail(desk)}
    assert {f"mark:{mark(key)}" for key in keys} <= names
    assert not names & set(keys)
    assert [line["deed"] for line in trail(desk, "--key", keys[0])] != []


def test_a_resolved_conflict_and_its_answer_are_told(desk: Desk) -> None:
    conflict(desk)
    desk.run("review", "accept", "ours", PLANTS)
    resolved = told(desk, "resolve")
    assert {(line["key"], line["about"]) for line in resolved} == {(PLANTS, "ours")}
    written = [line for line in trail(desk, "--key", PLANTS) if line["deed"] == "update"]
    assert written[-1]["before"] != written[-1]["after"]


def test_an_approval_an_undo_a_takeover_and_a_rebuild_are_told(desk: Desk) -> None:
    desk.configure("      prune: report\n", "      prune: delete\n      limits: {deletes: 0}\n")
    run = desk.run("sync", "--output", "json").json["run"]
    (desk.folder / "content" / "BIO" / "prompts" / "why.md").unlink()
    checksum = desk.run("plan", "--output", "json").json["routes"][0]["checksum"]
    desk.run("sync", "--approve", checksum)
    desk.run("sync", "--takeover")
    desk.run("state", "rebuild")
    desk.run("runs", "undo", run, "--route", "programme-to-moodle")
    assert [line["about"] for line in told(desk, "approve")] == [checksum]
    assert {line["route"] for line in told(desk, "takeover")} == {"programme-to-moodle", "programme-to-sharepoint"}
    assert len(told(desk, "rebuild state")) == 2
    assert [line["about"] for line in told(desk, "undo")] == [run]
    assert desk.run("audit", "verify").code == 0


def test_who_is_forgotten_is_told_to_nobody(desk: Desk) -> None:
    desk.run("sync")
    assert desk.run("forget", "--author", "Ann Adler").code == 0
    assert {line["about"] for line in told(desk, "forget person")} == {"1 reviews"}
    listed = desk.run("audit", "list").out + json.dumps(trail(desk))
    assert "Ann" not in listed
    assert desk.run("audit", "verify").code == 0


def test_a_changed_config_is_told_by_the_next_sync(desk: Desk) -> None:
    desk.run("sync")
    desk.run("sync")
    desk.configure("installation: example", "installation: another")
    desk.run("sync")
    first, second = told(desk, "config")
    assert first["after"] == second["before"] != second["after"]


def test_an_imported_state_is_told_behind_the_trail_that_it_brought(desk: Desk) -> None:
    desk.run("sync")
    before = trail(desk)
    desk.run("state", "export", "state.jsonl")
    desk.configure("state: .sandbox/state.sqlite", "state: .sandbox/moved.sqlite")
    assert desk.run("state", "import", "state.jsonl").code == 0
    lines = trail(desk)
    assert lines[:-1] == before
    assert lines[-1]["deed"] == "import state"
    assert desk.run("audit", "verify").code == 0


def test_a_line_that_was_changed_is_told_and_so_is_an_end_that_was_cut_off(desk: Desk) -> None:
    desk.run("sync")
    head = desk.run("audit", "verify", "--output", "json").json["head"]
    assert desk.run("audit", "verify", "--head", head).code == 0
    with sqlite3.connect(desk.folder / ".sandbox" / "state.sqlite") as state:
        state.execute("DROP TRIGGER trail_no_delete")
        state.execute("DROP TRIGGER trail_no_update")
        state.execute("DELETE FROM trail WHERE number = (SELECT max(number) FROM trail)")
    state.close()
    assert desk.run("audit", "verify").code == 0
    cut = desk.run("audit", "verify", "--head", head)
    assert cut.code == 1
    assert "cut off" in cut.out
    with sqlite3.connect(desk.folder / ".sandbox" / "state.sqlite") as state:
        state.execute("UPDATE trail SET actor = 'mallory' WHERE number = 2")
    state.close()
    changed = desk.run("audit", "verify")
    assert changed.code == 1
    assert "broken at line 2" in changed.out
    broken = desk.run("audit", "verify", "--output", "json").json
    assert (broken["whole"], broken["broken"]["line"]) == (False, 2)
    assert desk.run("audit", "verify", "--head", "nonsense").code == 2


def test_a_list_begins_where_it_is_asked_to(desk: Desk) -> None:
    desk.run("sync")
    assert trail(desk, "--since", "1h") == trail(desk)
    assert trail(desk, "--since", "2100-01-01") == []
    assert "Nothing is told" in desk.run("audit", "list", "--since", "2100-01-01").out
    assert desk.run("audit", "list", "--since", "yesterday").code == 2


@pytest.mark.parametrize("written", ["", "d", "-1d", "1w", "2026-13-01", "99999999999d", "²d"])
def test_what_is_no_moment_is_refused(written: str) -> None:
    with pytest.raises(UsageError):
        moment_of(written, datetime.now(UTC))


def test_moments_are_days_moments_and_spans() -> None:
    now = datetime(2026, 11, 27, 12, tzinfo=UTC)
    assert moment_of("7d", now) == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert moment_of("12h", now) == datetime(2026, 11, 27, 0, tzinfo=UTC)
    assert moment_of("2026-11-27T08:00+01:00", now) == datetime(2026, 11, 27, 7, tzinfo=UTC)
    assert moment_of("2026-11-27", now).astimezone().hour == 0


def test_a_trail_does_not_say_what_a_page_says(desk: Desk, tmp_path: Path) -> None:
    desk.run("sync")
    shown = desk.run("audit", "list").out
    assert "Green, mostly" not in shown
    assert "Cells" not in shown.replace("wiki/Cells", "")
