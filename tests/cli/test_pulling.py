"""What people changed at the destinations comes back to the content folder, and the next sync is in step."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lms_bridge.sandbox.moodle import Hand
from lms_bridge.sandbox.sharepoint.canvas import web_parts
from lms_bridge.sandbox.sharepoint.hand import Hand as SharePointHand
from lms_bridge.sandbox.sharepoint.model import Item
from lms_bridge.sandbox.sharepoint.pages import page_library
from tests.cli.conftest import Desk
from tests.cli.test_deciding import a_person_edits, moodle_page, plants, text_in_moodle

PLANTS = "programme:BIO/wiki/plants"
MOODLE, SHAREPOINT = ("--route", "programme-to-moodle"), ("--route", "programme-to-sharepoint")


def file(desk: Desk, name: str = "BIO/wiki/plants.md") -> str:
    return (desk.folder / "content" / name).read_bytes().decode()


def git(folder: Path, *words: str) -> str:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    who = ("-c", "user.name=Dora", "-c", "user.email=dora@example.org")
    done = subprocess.run(["git", *who, *words], cwd=folder, env=env, capture_output=True, text=True, check=True)
    return done.stdout


def checkout(desk: Desk) -> None:
    git(desk.folder, "init", "-q", "-b", "main")
    git(desk.folder, "add", "content")
    git(desk.folder, "commit", "-qm", "As we wrote it")


def written(summary: dict[str, int]) -> int:
    return sum(count for name, count in summary.items() if name not in ("unchanged", "skipped", "adopted"))


def sharepoint_page(desk: Desk, title: str) -> Item:
    site = desk.trial.pair.demo.tenant.site_at("/sites/learning")
    assert site is not None
    found = [item for item in page_library(site).items.values() if item.page and item.page.title == title]
    (page,) = found
    return page


def a_person_edits_in_sharepoint(desk: Desk, title: str, old: str, new: str) -> None:
    page = sharepoint_page(desk, title)
    assert page.page is not None
    texts = [part["innerHtml"] for part in web_parts(page.page.canvas) if "innerHtml" in part]
    (number,) = [n for n, text in enumerate(texts) if old in text]
    hand = SharePointHand(desk.trial.pair.demo.tenant)
    hand.edit_page(page.name, texts[number].replace(old, new), part=number)


def test_a_word_in_moodle_comes_back_and_the_next_sync_writes_nothing(desk: Desk) -> None:
    desk.run("sync", *MOODLE)
    a_person_edits(desk, "Green, mostly.", "Green, says Ann, mostly.")
    planned = desk.run("pull", "--plan", *MOODLE)
    assert "“Plants” → content/BIO/wiki/plants.md" in planned.out
    assert "says Ann" not in file(desk)
    pulled = desk.run("pull", *MOODLE)
    assert pulled.code == 0, pulled.out + pulled.err
    assert file(desk) == "---\nid: plants\n---\n# Plants\n\nGreen, says Ann, mostly. Back to [[Cells]].\n"
    assert written(desk.run("sync", *MOODLE, "--output", "json").json["summary"]) == 0
    assert "Nothing to take back." in desk.run("pull", *MOODLE).out


def test_code_that_nobody_touched_stays_as_its_writer_wrote_it(desk: Desk) -> None:
    """Moodle's editor takes blank lines out of code when a person saves the page."""
    code = "```python\na = 1\n\nb = 2\n```\n"
    desk.write("BIO/wiki/plants.md", f"---\nid: plants\n---\n# Plants\n\nGreen, mostly.\n\n{code}")
    desk.run("sync", *MOODLE)
    number = moodle_page(desk, "Plants")
    Hand(desk.trial.pair.site).edit_wiki_page(number, "tess.teacher", replace={"Green, mostly.": "Green, says Ann."})
    assert "a = 1\n\nb = 2" not in desk.trial.pair.site.wiki_pages[number].cachedcontent
    assert desk.run("pull", *MOODLE).code == 0
    assert file(desk).endswith(f"# Plants\n\nGreen, says Ann.\n\n{code}")
    assert desk.run("sync", *MOODLE).code == 0
    assert written(desk.run("sync", *MOODLE, "--output", "json").json["summary"]) == 0
    assert "says Ann" in text_in_moodle(desk, "Plants")


def test_words_below_a_page_and_its_title_in_sharepoint_come_back(desk: Desk) -> None:
    desk.run("sync", *SHAREPOINT)
    a_person_edits_in_sharepoint(desk, "Plants", "Source</a></p>", "Source</a></p><p>At the end, says Bob.</p>")
    SharePointHand(desk.trial.pair.demo.tenant).retitle_page(sharepoint_page(desk, "Acids").name, "Acids: #1 & more")
    pulled = desk.run("pull", *SHAREPOINT)
    assert pulled.code == 0, pulled.out + pulled.err
    assert file(desk).endswith("# Plants\n\nGreen, mostly. Back to [[Cells]].\n\nAt the end, says Bob.\n")
    assert file(desk, "CHE/wiki/acids.md").startswith("# Acids: #1 & more\n\nSour.")
    # Below our own last line nothing of a source can stand: it is put above it once, and then it stays.
    once = desk.run("sync", *SHAREPOINT, "--output", "json")
    assert once.code == 0, once.out
    assert once.json["summary"]["updated"] <= 2
    again = desk.run("sync", *SHAREPOINT, "--output", "json")
    assert (again.code, written(again.json["summary"])) == (0, 0)
    page = sharepoint_page(desk, "Plants").page
    assert page is not None
    assert "At the end, says Bob." in str(page.canvas)


def test_a_prompt_comes_back_with_its_front_matter(desk: Desk) -> None:
    desk.run("sync", *SHAREPOINT)
    a_person_edits_in_sharepoint(desk, "Why green?", "See ", "Look at ")
    SharePointHand(desk.trial.pair.demo.tenant).retitle_page(sharepoint_page(desk, "Why green?").name, "Why: green?")
    assert desk.run("pull", *SHAREPOINT).code == 0
    expected = "---\ntitle: 'Why: green?'\npublish: 2026-01-01\n---\nLook at [[Plants]].\n"
    assert file(desk, "BIO/prompts/why.md") == expected
    # The course's index page lists the prompt, by its new title.
    assert written(desk.run("sync", *SHAREPOINT, "--output", "json").json["summary"]) == 1
    assert written(desk.run("sync", *SHAREPOINT, "--output", "json").json["summary"]) == 0


def test_what_two_destinations_say_about_different_pages_comes_back_at_once(desk: Desk) -> None:
    desk.run("sync")
    a_person_edits(desk, "Green, mostly.", "Green, says Ann, mostly.")
    a_person_edits_in_sharepoint(desk, "Acids", "Sour.", "Sour, says Bob.")
    pulled = desk.run("pull", "--output", "json")
    assert pulled.code == 0, pulled.out
    assert sorted(pulled.json["files"]) == ["content/BIO/wiki/plants.md", "content/CHE/wiki/acids.md"]
    assert "says Ann" in file(desk)
    assert "says Bob" in file(desk, "CHE/wiki/acids.md")
    assert desk.run("sync").code == 0
    assert written(desk.run("sync", "--output", "json").json["summary"]) == 0


def test_of_two_destinations_that_disagree_the_second_one_waits_for_a_person(desk: Desk) -> None:
    desk.run("sync")
    a_person_edits(desk, "Green, mostly.", "Green, says Ann.")
    a_person_edits_in_sharepoint(desk, "Plants", "Green, mostly.", "Blue, says Bob.")
    pulled = desk.run("pull", "--output", "json")
    assert pulled.code == 5
    left = {row["key"]: row for route in pulled.json["routes"] for row in route["left"]}
    assert left[PLANTS]["reason"] == "the source changed since the last sync as well."
    assert f"review accept merged {PLANTS}" in left[PLANTS]["next_step"]
    assert "says Ann" in file(desk)


def test_in_a_git_checkout_it_becomes_a_branch_and_the_files_stay(desk: Desk) -> None:
    checkout(desk)
    desk.run("sync", *MOODLE)
    a_person_edits(desk, "Green, mostly.", "Green, says Ann, mostly.")
    hook = desk.folder / ".git/hooks/post-commit"
    hook.write_text("#!/bin/sh\ntouch hooked\n", encoding="utf-8")
    hook.chmod(0o755)
    before = git(desk.folder, "status", "--porcelain")
    pulled = desk.run("pull", *MOODLE)
    assert pulled.code == 0, pulled.out + pulled.err
    assert "`git merge lms-bridge-pull`" in pulled.out
    assert "says Ann" not in file(desk)
    assert git(desk.folder, "status", "--porcelain") == before
    assert git(desk.folder, "diff", "--name-only", "main", "lms-bridge-pull") == "content/BIO/wiki/plants.md\n"
    again = desk.run("pull", *MOODLE)
    assert "It is all in the branch lms-bridge-pull already" in again.out
    git(desk.folder, "merge", "-q", "lms-bridge-pull")
    assert written(desk.run("sync", *MOODLE, "--output", "json").json["summary"]) == 0
    a_person_edits(desk, "says Ann", "say Ann and Bob")
    other = desk.run("pull", *MOODLE)
    assert other.code == 2
    assert "the branch lms-bridge-pull is there already and holds something else" in other.err
    assert desk.run("pull", *MOODLE, "--branch", "people/second").code == 0
    assert "say Ann and Bob" in git(desk.folder, "show", "people/second:content/BIO/wiki/plants.md")


def test_what_is_not_committed_is_not_swept_into_a_branch(desk: Desk) -> None:
    checkout(desk)
    desk.run("sync", *MOODLE)
    a_person_edits(desk, "Green, mostly.", "Green, says Ann, mostly.")
    path = desk.folder / "content/BIO/wiki/plants.md"
    path.write_text(path.read_text(encoding="utf-8").replace("# Plants", "# Plants #"), encoding="utf-8")
    refused = desk.run("pull", *MOODLE)
    assert refused.code == 1
    assert "content/BIO/wiki/plants.md: has changes that are not committed." in refused.err
    assert desk.run("pull", *MOODLE, "--branch=-x").code == 2
    assert git(desk.folder, "branch", "--list", "lms-bridge-pull") == ""
    assert desk.run("pull", *MOODLE, "--write").code == 0
    assert "# Plants #\n\nGreen, says Ann" in file(desk)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf# Plants\r\n\r\nGreen, mostly.\r\n",
        b"# Plants\n\nGreen, mostly.",
        b"# Plants\r\n\nGreen, mostly.\n\nMore.\r\n\n* a\n* b\r\n",
    ],
    ids=["Windows", "no end of the last line", "mixed"],
)
@pytest.mark.parametrize("inside_git", [True, False])
def test_a_patch_applies_whatever_the_ends_of_lines(desk: Desk, content: bytes, inside_git: bool) -> None:
    desk.write("BIO/wiki/plants.md", content)
    desk.write("BIO/wiki/why so.md", "# Why so\n\nGreen, mostly.\n")
    if inside_git:
        checkout(desk)
    desk.run("sync", *MOODLE)
    a_person_edits(desk, "Green, mostly.", "Grün, says Ann.")
    pulled = desk.run("pull", *MOODLE, "--patch", "people.patch")
    assert pulled.code == 0, pulled.err
    assert "Written to people.patch" in pulled.out
    where = desk.folder if inside_git else desk.folder / "content"
    git(where, "apply", str(desk.folder / "people.patch"))
    path = desk.folder / "content/BIO/wiki/plants.md"
    assert path.read_bytes() == content.replace(b"Green, mostly.", "Grün, says Ann.".encode())


def test_a_file_is_committed_whatever_signs_are_in_its_name(desk: Desk) -> None:
    """They would be patterns to Git, and match other files."""
    desk.write("BIO/wiki/pl*nts.md", "# Stars\n\nGreen, mostly.\n")
    checkout(desk)
    desk.run("sync", *MOODLE)
    desk.write("BIO/wiki/plants.md", file(desk) + "\nNot committed.\n")
    number = moodle_page(desk, "Stars")
    text = desk.trial.pair.site.wiki_versions[number][-1].content
    Hand(desk.trial.pair.site).human_edit_wiki_page(number, "tess.teacher", text.replace("Green", "Blue"))
    pulled = desk.run("pull", *MOODLE)
    assert pulled.code == 0, pulled.out + pulled.err
    changed = git(desk.folder, "diff", "--name-only", "-z", "main", "lms-bridge-pull")
    assert changed == "content/BIO/wiki/pl*nts.md\0"


def test_words_that_make_a_page_too_large_are_left(desk: Desk) -> None:
    desk.configure("path: content", "path: content\n    max_page_bytes: 2000")
    desk.run("sync", *MOODLE)
    a_person_edits(desk, "Green, mostly.", "Green. " * 400)
    pulled = desk.run("pull", *MOODLE)
    assert pulled.code == 5
    assert "would be larger than `max_page_bytes`" in pulled.out
    assert "Green, mostly" in file(desk)


def test_a_patch_that_cannot_be_written_is_told_with_its_place(desk: Desk) -> None:
    desk.run("sync", *MOODLE)
    a_person_edits(desk, "Green, mostly.", "Green, says Ann.")
    refused = desk.run("pull", *MOODLE, "--patch", "no/such/folder.patch")
    assert refused.code == 2
    assert "no/such/folder.patch: the file cannot be written (No such file or directory)" in refused.err


def test_a_destination_that_is_down_is_told_and_nothing_is_claimed(desk: Desk) -> None:
    desk.configure("token: ${file:.sandbox/moodle-token}", "token: ${env:NO_TOKEN}")
    desk.patch.setenv("NO_TOKEN", "0" * 32)
    pulled = desk.run("pull", *MOODLE)
    assert pulled.code == 1
    assert "Moodle does not know this token" in pulled.err
    assert pulled.out == ""


def test_two_ways_at_once_are_refused(desk: Desk) -> None:
    refused = desk.run("pull", "--write", "--patch", "x")
    assert refused.code == 2
    assert "Choose one of --branch, --patch, --write and --plan" in refused.err
    nobody = desk.run("pull", "--only", "page:Nobody")
    assert nobody.code == 2
    assert "no item is meant by page:Nobody. Use course:ID" in nobody.err


def test_what_cannot_come_back_is_left_and_told(desk: Desk) -> None:
    desk.run("sync", *MOODLE)
    a_person_edits(desk, "Green, mostly.", 'Green. <img src="@@PLUGINFILE@@/b.png" alt="mine">')
    pulled = desk.run("pull", *MOODLE)
    assert pulled.code == 5, pulled.out
    assert f"left {PLANTS}: got an image in the destination, which cannot be fetched from there." in pulled.out
    site: Any = desk.trial.pair.site
    (home,) = [page.id for page in site.wiki_pages.values() if page.title == "Home" and "Biology" in page.cachedcontent]
    text = site.wiki_versions[home][-1].content
    Hand(site).human_edit_wiki_page(home, "tess.teacher", text.replace("<li>", "<li>My own link</li><li>", 1))
    index = desk.run("pull", *MOODLE)
    assert index.code == 5
    assert "left programme:BIO/index: holds changes in what lms-bridge puts around a text" in index.out


def test_a_title_by_which_other_files_lead_to_a_page_is_left(desk: Desk) -> None:
    desk.run("sync", *SHAREPOINT)
    SharePointHand(desk.trial.pair.demo.tenant).retitle_page(sharepoint_page(desk, "Cells").name, "All cells")
    pulled = desk.run("pull", *SHAREPOINT)
    assert pulled.code == 5
    assert "is named by its title somewhere else" in pulled.out
    assert "Change content/BIO/wiki/" in pulled.out
    assert file(desk, "BIO/wiki/cells.md").startswith("# Cells\n")


def test_a_person_who_was_heard_at_the_source_by_hand_needs_no_review(desk: Desk) -> None:
    """As the message of a conflict says: take what is worth keeping into the source."""
    desk.run("sync", *MOODLE)
    a_person_edits(desk, "<p>Green", "<h4>Autumn</h4><p>Red, says Ann.</p><p>Green")
    plants(desk, "## Autumn\n\nRed, says Ann.\n\nGreen, mostly.")
    synced = desk.run("sync", *MOODLE)
    assert synced.code == 0, synced.out + synced.err
    assert desk.run("review", "list").out == "Nothing waits for a person.\n"
