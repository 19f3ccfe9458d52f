"""What people changed at the destinations comes back to the content folder, and the next sync is in step."""

import subprocess

from tests.cli.conftest import Desk
from tests.cli.test_deciding import a_person_edits

PLANTS = "programme:BIO/wiki/plants"


def file(desk: Desk, name: str = "BIO/wiki/plants.md") -> str:
    return (desk.folder / "content" / name).read_text(encoding="utf-8")


def git(desk: Desk, *words: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@localhost", *words],
        cwd=desk.folder / "content", capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def assert_in_step(desk: Desk) -> None:
    calls = desk.sharepoint_writes()
    again = desk.run("sync", "--output", "json")
    assert again.code == 0, again.out
    summary = again.json["summary"]
    assert not {name: count for name, count in summary.items() if count and name not in ("unchanged", "skipped")}
    del calls


def test_a_word_in_a_wiki_comes_back_and_the_next_sync_is_in_step(desk: Desk) -> None:
    desk.run("sync", "--route", "programme-to-moodle")
    a_person_edits(desk, "Green, mostly.", "Green, says Ann, mostly.")
    planned = desk.run("pull", "--plan", "--route", "programme-to-moodle")
    assert "“Plants” → content/BIO/wiki/plants.md" in planned.out
    assert "says Ann" not in file(desk)
    pulled = desk.run("pull", "--route", "programme-to-moodle")
    assert pulled.code == 0, pulled.out + pulled.err
    assert file(desk) == "---\nid: plants\n---\n# Plants\n\nGreen, says Ann, mostly. Back to [[Cells]].\n"
    again = desk.run("sync", "--route", "programme-to-moodle", "--output", "json").json["summary"]
    assert (again["updated"], again["skipped"]) == (0, 1), again
    assert "Nothing to take back." in desk.run("pull", "--route", "programme-to-moodle").out
