"""A run that the service begins is told with whom it was for, and is made of nothing but what is installed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lms_bridge.cli.app import app
from lms_bridge.service.reading import Reading
from lms_bridge.service.running import STOPPED, Processes, Request, said
from lms_bridge.service.store import open_state
from lms_bridge.sync.state import State
from tests.service.serve_world import Home, home


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Home]:
    with home(tmp_path) as made:
        yield made


def actors(served: Home) -> set[tuple[str, str]]:
    with State.open(served.folder / "state.sqlite") as state:
        return {(line.role, line.actor) for line in state.trail.lines() if line.deed == "create"}


@pytest.mark.parametrize(
    ("by", "told"), [("ann@example.org", ("person", "ann@example.org")), ("", ("schedule", "pages"))]
)
def test_what_a_run_wrote_is_told_under_the_name_of_whoever_asked_for_it(
    served: Home, by: str, told: tuple[str, str]
) -> None:
    assert Processes().run(served.config, Request(route="pages", by=by), lambda line: None) == 0
    assert actors(served) == {told}


@pytest.mark.parametrize("name", ["yaml", "pydantic", "sqlalchemy", "lms_bridge"])
def test_a_file_beside_the_config_is_never_taken_for_a_library(
    served: Home, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (served.folder / f"{name}.py").write_text("raise SystemExit('taken for a library')\n", encoding="utf-8")
    monkeypatch.chdir(served.folder)
    assert [route.name for route in Reading(served.config).served().routes] == ["pages"]
    open_state(str(served.folder / "state.sqlite")).close()
    told: list[str] = []
    assert (Processes().run(served.config, Request(route="pages"), told.append), told) == (0, [])


def test_neither_is_one_where_the_service_is_begun(served: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    began: list[list[str]] = []
    monkeypatch.setattr(subprocess, "call", began.append)
    monkeypatch.setattr(os, "execve", lambda path, words, environment: began.append(words))
    CliRunner().invoke(app, ["serve", f"--config={served.config}"])
    assert began[0][:4] == [sys.executable, "-P", "-m", "lms_bridge.service"]


def test_a_run_that_nobody_wants_any_more_is_not_begun(served: Home) -> None:
    request = Request(route="pages")
    assert Processes().run(served.config, request, lambda line: None, wanted=lambda: False) == STOPPED
    assert served.runs() == []


def test_why_a_run_failed_is_told_where_it_is_about_no_item(served: Home) -> None:
    (served.folder / "token").write_text("of yesterday", encoding="utf-8")
    told: list[str] = []
    assert Processes().run(served.config, Request(route="pages"), told.append) == 1
    assert told[-1].startswith("a credential is not taken, or a right lacks. `lms-bridge check` tells")


def test_what_a_run_tells_the_service_quotes_neither_a_title_nor_a_name(served: Home) -> None:
    for page in ("p1", "p2"):
        text = "# Ada Lovelace's letters\n\n![portrait of Ada](missing-Ada.png)\n\n[[Ada, who is nowhere]]\n"
        (served.folder / "content" / "BIO" / "wiki" / f"{page}.md").write_text(text, encoding="utf-8")
    told: list[str] = []
    assert Processes().run(served.config, Request(route="pages"), told.append) == 1
    assert "`lms-bridge plan --route pages` shows what, where, and what to do" in told[-1]
    assert "Ada" not in "".join(told)


def test_only_the_log_of_a_run_is_told_and_nothing_that_passes_for_it() -> None:
    written = ["mark-1 \n", "mark-1 it could not be listed\n", "mark-2 forged\n", " mark-1 forged\n", "Ada\n"]
    assert list(said(written, "mark-1 ")) == ["it could not be listed"]


def test_why_a_run_could_not_even_begin_is_told_as_it_stands() -> None:
    written = ["Traceback (most recent call last):\n", "ModuleNotFoundError: No module named 'typer'\n"]
    assert list(said(written, "mark-1 ")) == [line.strip() for line in written]
