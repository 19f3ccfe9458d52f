"""A content folder may hold anything: what is in it costs itself alone, and neither all memory, nor all time, nor a
file from elsewhere."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
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
    return FilesSource("s", FilesSettings(path=Path(folder.name)), folder.parent).items()


def told(found: Listing) -> list[str]:
    return [str(problem) for problem in found.problems]


@pytest.fixture(scope="module")
def every_bomb(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What is told of each bomb, a course each, when they are all in one folder and memory and time are short."""
    folder = tmp_path_factory.mktemp("bombs") / "content"
    write(folder, "GOOD/wiki/good.md", "# Good\n")
    for kind, files in _bomb_files().items():
        for number, made in enumerate(files.values()):
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
        "front": {name: ("wiki/a.md", f"---\n{text}\n---\n# A\n".encode()) for name, text in bombs.YAML.items()},
        "text": {name: ("wiki/a.md", f"# A\n\n{text}".encode()) for name, text in bombs.TEXTS.items()},
    }


KINDS = {
    "workbook": bombs.WORKBOOKS,
    "table": bombs.TABLES,
    "course": bombs.YAML,
    "front": bombs.YAML,
    "text": bombs.TEXTS,
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_grows_when_it_is_read_costs_itself_alone(every_bomb: dict[str, list[str]], kind: str) -> None:
    for number, name in enumerate(KINDS[kind]):
        for problem in every_bomb.get(f"{kind}-{number}", []):
            assert "Report this with the file" not in problem, f"{name}: an error that nobody foresaw"
            assert len(problem) < LONGEST_PROBLEM, f"{name}: a problem is a sentence"
            assert "root:" not in problem, name


@pytest.mark.parametrize("name", [name for name in bombs.WORKBOOKS if name.startswith(bombs.REFUSED)])
def test_a_workbook_that_grows_is_refused(every_bomb: dict[str, list[str]], name: str) -> None:
    (problem,) = every_bomb[f"workbook-{list(bombs.WORKBOOKS).index(name)}"]
    assert "is not a readable .xlsx file" in problem or "is too large" in problem


@pytest.mark.parametrize("name", [name for name in bombs.YAML if name != "a thousand documents"])
def test_yaml_that_grows_or_acts_is_refused(every_bomb: dict[str, list[str]], name: str) -> None:
    number = list(bombs.YAML).index(name)
    assert len(every_bomb[f"course-{number}"]) == len(every_bomb[f"front-{number}"]) == 1


def test_nothing_was_written_where_an_archive_or_a_tag_pointed(every_bomb: dict[str, list[str]]) -> None:
    assert every_bomb
    assert not bombs.WRITTEN.exists()


@pytest.mark.parametrize(
    "make",
    [
        lambda path, outside: path.symlink_to(outside),
        lambda path, outside: path.symlink_to(os.path.relpath(outside, path.parent)),
        lambda path, outside: path.symlink_to(f"../../../content/../{outside.name}"),
        lambda path, outside: path.symlink_to("/"),
        lambda path, outside: path.symlink_to("/proc/self/cwd"),
    ],
    ids=["absolute", "relative", "through the folder itself", "the whole machine", "what the system makes"],
)
@pytest.mark.parametrize("name", ["BAD", "GOOD/wiki/deep", "GOOD/prompts", "GOOD/wiki"])
def test_no_folder_outside_is_walked_through(content: Path, name: str, make: Callable[[Path, Path], None]) -> None:
    outside = content.parent / "outside"
    for room in ("", "wiki", "prompts"):
        write(outside, f"{room}/secret.md", f"# Secret\n\n{SECRET}\n")
    if name == "GOOD/wiki":
        (content / name).rename(content / "GOOD" / "_wiki")
    make(content / name, outside)
    found = listing(content)
    assert {item.title for item in found.items} <= {"Good"}
    assert "secret" not in "".join(told(found)).lower().replace(name.lower(), "")
    # A folder below `wiki` is passed over, and `check` tells it; any other link would seem to have been emptied.
    assert bool(found.problems) != (name == "GOOD/wiki/deep")


@pytest.mark.parametrize(
    "name", ["GOOD/wiki/x.md", "GOOD/prompts/x.md", "GOOD/ratings.csv", "GOOD/ratings.xlsx", "GOOD/course.yaml"]
)
@pytest.mark.parametrize(
    "outside", ["/etc/hostname", "/dev/zero", "/proc/self/environ", "/proc/self/fd/0", "/dev/stdin"]
)
def test_no_file_outside_is_read(content: Path, name: str, outside: str) -> None:
    write(content, name, "").unlink()
    (content / name).symlink_to(outside)
    (problem,) = told(listing(content))
    assert problem.startswith(f"content/{name}: is a symbolic link that leads out of the content folder.")


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


def _device(path: Path) -> None:
    try:
        os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root makes devices")


@pytest.mark.parametrize("make", [os.mkfifo, _socket, _device], ids=["a pipe", "a socket", "a device"])
@pytest.mark.parametrize(
    "name", ["GOOD/wiki/x.md", "GOOD/prompts/x.md", "GOOD/ratings.csv", "GOOD/ratings.xlsx", "GOOD/course.yaml", "x"]
)
def test_what_is_no_file_is_told_and_never_waited_for(
    content: Path, monkeypatch: pytest.MonkeyPatch, name: str, make: Callable[[Path], None]
) -> None:
    monkeypatch.chdir(content)
    write(content, f"{name}.md", "").unlink()
    make(content / name)
    problems = told(listing(content))
    assert all("is not an ordinary file" in problem for problem in problems)
    assert bool(problems) == (name != "x"), "beside the courses anything may lie"


def _asset(content: Path) -> tuple[Path, Callable[[], bytes]]:
    write(content, "GOOD/wiki/shows.md", "# Shows\n\n![x](x.png)\n")
    path = write(content, "GOOD/wiki/x.png", PNG)
    (page,) = [item for item in listing(content).items if item.title == "Shows"]
    assert isinstance(page, Page)
    assert page.assets[0].load() == PNG
    return path, page.assets[0].load


@pytest.mark.parametrize(
    ("become", "cause"),
    [
        (lambda path: path.symlink_to("/etc/hostname"), "leads out of the content folder"),
        (lambda path: path.symlink_to("/dev/zero"), "leads out of the content folder"),
        (os.mkfifo, "is not an ordinary file"),
        (lambda path: path.write_bytes(PNG + b"more"), "changed while the run went on"),
        (lambda path: path.write_bytes(PNG + bytes(30_000_000)), "MB; the limit is"),
        (lambda path: None, "is not there"),
    ],
    ids=["a link out", "a link to a device", "a pipe", "another picture", "a large file", "nothing"],
)
def test_a_picture_that_was_exchanged_since_it_was_looked_at_is_not_sent(
    content: Path, become: Callable[[Path], object], cause: str
) -> None:
    path, load = _asset(content)
    path.unlink()
    become(path)
    with pytest.raises(ContentError, match=cause):
        load()


PATHS = [
    "../../../secret",
    "../../GOOD/../../secret",
    "/etc/passwd",
    "//etc/passwd",
    "%2e%2e/%2e%2e/%2e%2e/secret",
    "..%2f..%2f..%2fsecret",
    "..\\..\\..\\secret",
    "....//....//....//secret",
    "file:///etc/passwd",
    "a%00.md/../../../../secret",
    "x" * 5_000,
    "../" * 1_000 + "secret",
]


@pytest.mark.parametrize("path", PATHS)
def test_no_path_in_a_text_leads_out(content: Path, path: str) -> None:
    write(content.parent, "secret.md", f"# Secret\n\n{SECRET}\n")
    write(content.parent, "secret.png", PNG)
    write(content, "GOOD/wiki/link.md", f"# Link\n\n[x]({path}.md)\n")
    write(content, "GOOD/wiki/shown.md", f"# Shown\n\n![x]({path}.png)\n\n<img src='{path}.png'>\n")
    found = listing(content)
    pages = [item for item in found.items if isinstance(item, Page)]
    assert all(not page.assets for page in pages)
    assert all(SECRET not in page.body and "href=" not in page.body and "src=" not in page.body for page in pages)
    assert all(len(problem) < LONGEST_PROBLEM * 2 for problem in told(found))


@pytest.mark.parametrize("key", ["id", "parent"])
@pytest.mark.parametrize(
    "value", ["../x", "/x", "a/../../x", "..", ".", "a//b", "a\\u0000b", "a\\nb", "\\e[31mx", "a/.b"]
)
def test_no_name_in_front_matter_leads_out(content: Path, key: str, value: str) -> None:
    write(content, "GOOD/wiki/x.md", f'---\n{key}: "{value}"\n---\n# X\n')
    (problem,) = told(listing(content))
    assert problem.startswith("content/GOOD/wiki/x.md:2: ")
    assert problem.isprintable()
