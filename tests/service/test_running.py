"""A run that the service begins is told with whom it was for, and is made of nothing but what is installed."""

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lms_bridge.cli.app import app
from lms_bridge.sandbox.faults import Fault
from lms_bridge.service.reading import Reading
from lms_bridge.service.running import STOPPED, Processes, Request, Said, reported, said
from lms_bridge.service.store import open_state
from lms_bridge.sync.state import State
from tests.service.serve_world import PAGES, Home, home


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
    told: list[Said] = []
    assert Processes().run(served.config, Request(route="pages"), told.append) == 0
    assert [each for each in told if each.level > logging.INFO] == []


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
    told: list[Said] = []
    assert Processes().run(served.config, Request(route="pages"), told.append) == 1
    assert told[-1].text.startswith("a credential is not taken, or a right lacks. `lms-bridge check` tells")


def test_what_a_run_tells_the_service_quotes_neither_a_title_nor_a_name(served: Home) -> None:
    for page in ("p1", "p2"):
        text = "# Ada Lovelace's letters\n\n![portrait of Ada](missing-Ada.png)\n\n[[Ada, who is nowhere]]\n"
        (served.folder / "content" / "BIO" / "wiki" / f"{page}.md").write_text(text, encoding="utf-8")
    told: list[Said] = []
    assert Processes().run(served.config, Request(route="pages"), told.append) == 1
    assert "`lms-bridge plan --route pages` shows what, where, and what to do" in told[-1].text
    assert "Ada" not in "".join(map(str, told))


def test_each_change_is_told_as_it_is_done_with_run_route_course_and_item(served: Home) -> None:
    alone = served.config.read_text(encoding="utf-8").replace("type: moodle,", "type: moodle, batch: 1,")
    served.config.write_text(alone, encoding="utf-8")
    served.server.faults.add(Fault(kind="status", status=403, body="title=Page+3", times=9))
    told: list[Said] = []
    assert Processes().run(served.config, Request(route="pages"), told.append) == 1
    with State.open(served.folder / "state.sqlite") as state:
        (past,) = state.history.last_runs("pages")
    done = [each for each in told if each.text == "create: done"]
    assert {each.about["key"] for each in done} >= {f"programme:BIO/wiki/p{n}" for n in range(PAGES) if n != 3}
    here = {"run": past.run, "route": "pages", "course": "BIO"}
    assert all({**here, "key": each.about["key"]} == each.about for each in done)
    (failed,) = (each for each in told if each.level == logging.WARNING and "key" in each.about)
    assert failed.about == {**here, "key": "programme:BIO/wiki/p3"}
    assert failed.text == "create: failed: a credential is not taken, or a right lacks"


def test_what_was_lost_of_a_page_is_told_with_the_page() -> None:
    shares = {"text": 1.0, "links": 0.5, "images": 1.0, "tables": 1.0}
    report = {"run": "r1", "failures": [], "fidelity": [{"route": "pages", "key": "k", **shares}]}
    (lost,) = reported(io.BytesIO(json.dumps(report).encode()), "pages", failed=False)
    assert lost.text == "not all of it arrived: text 100%, links 50%, images 100%, tables 100%"
    assert lost.about == {"run": "r1", "key": "k"}


def test_only_the_log_of_a_run_is_told_and_nothing_that_passes_for_it() -> None:
    line = '{"level": "info", "event": "it could not be listed", "course": "BIO"}'
    written = ["mark-1 \n", f"mark-1 {line}\n", f"mark-2 {line}\n", f" mark-1 {line}\n", "Ada\n"]
    assert list(said(written, "mark-1 ")) == [
        Said(text="it could not be listed", level=logging.INFO, about={"course": "BIO"})
    ]


def test_why_a_run_could_not_even_begin_is_told_as_it_stands() -> None:
    written = ["Traceback (most recent call last):\n", "ModuleNotFoundError: No module named 'typer'\n"]
    assert list(said(written, "mark-1 ")) == [Said(text=line.strip()) for line in written]


@pytest.mark.parametrize("line", ["[1]", "7", '{"level": 3}', '{"event": 1}'])
def test_a_marked_line_that_is_no_record_is_told_as_it_is(line: str) -> None:
    assert list(said([f"mark-1 {line}\n"], "mark-1 ")) == [Said(text=line)]
