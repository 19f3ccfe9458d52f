"""Markdown to the HTML that a destination takes: pages a second on one core, beside `md2conf --local`.

Both are whole processes on the same folder: read, take the front matter, convert, resolve links between pages, clean,
and write a file a page. What starting costs is taken off by a folder of one course, on both sides alike. The folders
lie in memory where the system has room for files there: to make a file can take a disk as long as to convert a page.
"""

import os
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import content
from bench.figure import Asked, Figure, skipped
from bench.process import Cost, cost_of

_ROOT = Path(__file__).parent.parent
_MD2CONF = _ROOT / ".venv/bench/bin/md2conf"
_MEMORY = "/dev/shm"  # noqa: S108 - the parent of a folder with a name of its own
_GOAL = ">= 4"
_NAMES = {"moodle": "Moodle", "sharepoint": "SharePoint"}
_PAGES = 60
_COURSES = 20
# md2conf knows no [[Title]]: a link to the file is a link to both.
_WIKI_LINK = re.compile(r"\[\[(Page (\d+) of course \d+)\]\]")


@dataclass(frozen=True, slots=True)
class _Folders:
    all: Path
    few: Path
    """What starting costs, and little else."""
    pages: int
    """How many more pages `all` has than `few`."""
    apart: Path
    """The pages of `all`, each course in a folder of its own, as processes share them out."""


def figures(asked: Asked) -> list[Figure]:
    with tempfile.TemporaryDirectory(dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None) as folder:
        folders = _folders(Path(folder), 1 + asked.size(_COURSES))
        measures = (_one_core, _every_core)
        return [measure(dialect, folders, asked) for measure in measures for dialect in _NAMES]


def _folders(folder: Path, courses: int) -> _Folders:
    for course in range(courses):
        _write(folder / "all", course)
        _write(folder / "apart" / str(course), course)
    _write(folder / "few", 0)
    return _Folders(folder / "all", folder / "few", (courses - 1) * _PAGES, folder / "apart")


def _write(folder: Path, course: int) -> None:
    wiki = folder / f"C-{course:05d}" / "wiki"
    wiki.mkdir(parents=True)
    for number in range(_PAGES):
        (wiki / f"page-{number:04d}.md").write_text(_page(course, number), encoding="utf-8")


def _page(course: int, number: int) -> str:
    """Front matter that both read; md2conf names pages without an id by their path when it runs on its own."""
    text = _WIKI_LINK.sub(lambda f: f"[{f[1]}](page-{int(f[2]):04d}.md)", content.page_text(course, number, _PAGES))
    return f"---\ntitle: Page {number} of course {course}\ntags: [unit {number % 7}, learning]\n---\n{text}"


def _one_core(dialect: str, folders: _Folders, asked: Asked) -> Figure:
    name = f"Markdown to {_NAMES[dialect]} HTML, one core"
    if not _MD2CONF.exists():
        return skipped(name, "md2conf is not there: run `make bench`, which sets it up")
    ours, theirs = asked.paired(lambda: _rate(_ours(dialect), folders), lambda: _rate(_theirs(), folders))
    return Figure(name, ours, "pages/s", f"md2conf --local, {theirs:,.0f} pages/s", ours / theirs, _GOAL)


def _every_core(dialect: str, folders: _Folders, asked: Asked) -> Figure:
    """By the clock, with what starting costs: whether a pool pays is seen here."""
    cores = os.cpu_count() or 1

    def rate(processes: int) -> float:
        return (folders.pages + _PAGES) / _cost(_ours(dialect, processes), folders.apart).seconds

    every, single = asked.paired(lambda: rate(cores), lambda: rate(1))
    name = f"Markdown to {_NAMES[dialect]} HTML, {cores} processes"
    return Figure(name, every, "pages/s", f"one process, {single:,.0f} pages/s", every / single)


def _ours(dialect: str, processes: int = 0) -> list[str | Path]:
    return [sys.executable, "-m", "bench.converted", dialect, str(processes)]


def _theirs() -> list[str | Path]:
    return [_MD2CONF, "--local", "--skip-update", "--loglevel", "error", "--domain", "example.org", "--space", "S"]


def _rate(command: Sequence[str | Path], folders: _Folders) -> float:
    """Pages a second of one core, by what the process used of it: what else the machine does falls on nobody."""
    more, few = _cost(command, folders.all), _cost(command, folders.few)
    return folders.pages / (more.cpu_seconds - few.cpu_seconds)


def _cost(command: Sequence[str | Path], folder: Path) -> Cost:
    for written in [*folder.rglob("*.csf"), *folder.rglob("*.html")]:
        written.unlink()
    cost = cost_of([*command, folder], _ROOT)
    assert cost.exit_code == 0, cost.output[-2_000:]
    pages, made = len(list(folder.rglob("*.md"))), len([*folder.rglob("*.csf"), *folder.rglob("*.html")])
    assert made == pages, f"{made} of {pages} pages were converted: {cost.output[-2_000:]}"
    return cost
