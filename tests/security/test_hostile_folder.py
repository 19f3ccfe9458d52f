"""A content folder may hold anything: what is in it costs itself alone, and neither all memory, nor all time, nor a
file from elsewhere."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lms_bridge.connector import Listing
from lms_bridge.errors import ContentError
from lms_bridge.items import Page
from lms_bridge.sources.files.settings import FilesSettings
from lms_bridge.sources.files.source import FilesSource
from tests.cli.conftest import PNG, ROOT
from tests.security import bombs

SECRET = "what nobody may read from here"
LONGEST_PROBLEM = 1_500


@pytest.fixture
def content(tmp_path: Path) -> Path:
    folder = tmp_path / "content"
    write(folder, "GOOD/wiki/good.md", "# Good\n\nwords\n")
    return folder


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def listing(folder: Path) -> Listing:
    return FilesSource("s", FilesSettings(path=folder), folder.parent).items()


def told(found: Listing) -> list[str]:
    return [str(problem) for problem in found.problems]


@pytest.fixture(scope="module")
def every_bomb(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What is told of each bomb, a course each, when they are all in one folder and memory and time are short."""
    folder = tmp_path_factory.mktemp("bombs") / "content"
    write(folder, "GOOD/wiki/good.md", "# Good\n")
    for kind, files in _bomb_files().items():
        for number, (name, made) in enumerate(files.items()):
            write(folder, f"{kind}-{number}/{made[0]}", made[1])
    words = [sys.executable, "-m", "tests.security.listing_in_bounds", str(folder)]
    ran = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr[-2_000:]
    found = json.loads(ran.stdout)
    assert "s:GOOD/wiki/good" in found["keys"]
    by_course: dict[str, list[str]] = {}
    for where, text in found["told"]:
        by_course.setdefault(where.split("/")[1], []).append(text)
    return by_course


def _bomb_files() -> dict[str, dict[str, tuple[str, bytes]]]:
    """By kind and name: the file's name and its content."""
    return {
        "workbook": {name: ("ratings.xlsx", make()) for name, make in bombs.WORKBOOKS.items()},
        "table": {name: ("ratings.csv", text.encode()) for name, text in bombs.TABLES.items()},
        "course": {name: ("course.yaml", text.encode()) for name, text in bombs.YAML.items()},
        "front": {name: ("wiki/a.md", f"---\n{text}---\n# A\n".encode()) for name, text in bombs.YAML.items()},
        "text": {name: ("wiki/a.md", f"# A\n\n{text}".encode()) for name, text in bombs.TEXTS.items()},
    }


@pytest.mark.parametrize(
    ("kind", "number", "name"),
    [
        pytest.param(kind, number, name, id=f"{kind}: {name}")
        for kind, names in {
            "workbook": bombs.WORKBOOKS,
            "table": bombs.TABLES,
            "course": bombs.YAML,
            "front": bombs.YAML,
            "text": bombs.TEXTS,
        }.items()
        for number, name in enumerate(names)
    ],
)
def test_a_file_that_grows_when_it_is_read_is_told_or_read_within_bounds(
    every_bomb: dict[str, list[str]], kind: str, number: int, name: str
) -> None:
    for problem in every_bomb.get(f"{kind}-{number}", []):
        assert "Report this with the file" not in problem, "an error that nobody foresaw"
        assert len(problem) < LONGEST_PROBLEM, "a problem is a sentence"
        assert "root:" not in problem
    if kind in ("course", "front") or name.startswith(("a billion", "millions", "one endless", "sizes", "an entity")):
        assert every_bomb[f"{kind}-{number}"], "it is told"


def test_nothing_was_written_where_an_archive_or_a_tag_pointed(every_bomb: dict[str, list[str]]) -> None:
    assert not Path("/tmp/lms-bridge-was-here").exists()
