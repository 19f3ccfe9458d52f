"""What goes on beside a console: authors write, learners edit what stands in Moodle, and Prometheus asks every 15 s."""

import json
import random
import threading
import urllib.request
from pathlib import Path
from typing import Any

from bench import content
from bench.console_world import Home

SCRAPE = 15.0
_EVERY = 20.0
"""Seconds between two times that somebody writes."""
_GONE = 12
"""Pages that are taken away together, and come back: more than a limit lets go without approval."""
_LEARNER = "lena.learner"


def scrape(home: Home, enough: threading.Event, sizes: list[int]) -> None:
    while not enough.wait(SCRAPE):
        with urllib.request.urlopen(f"http://127.0.0.1:{home.port}/metrics") as answer:
            sizes.append(len(answer.read()))


class Authors:
    """Each time some pages of the programme and of the archive change; now and then a learner changes the same words of
    the same page; each tenth time a dozen pages go, and come back the time after the next."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._draw = random.Random(20_261_127)  # noqa: S311 - the same texts each time, no secret
        self._standing = self._titles()
        self._gone: dict[Path, str] = {}

    def live(self, enough: threading.Event) -> None:
        number = 0
        while not enough.wait(_EVERY):
            number += 1
            changed = [self._write(number) for _ in range(3)]
            self._write_archive(number)
            if number % 3 == 0:
                self._edit(changed[0], number)
            if number % 10 == 5:
                self._take_away()
            elif number % 10 == 2:
                self._bring_back()
        self._bring_back()

    def _write(self, number: int) -> tuple[int, int]:
        course, page = self._draw.randrange(self._home.courses), self._draw.randrange(60)
        path = self._home.folder / "content" / f"C-{course:05d}" / "wiki" / f"page-{page:04d}.md"
        if path not in self._gone:
            path.write_text(_said(course, page, f"The source says {number}."), encoding="utf-8")
        return course, page

    def _write_archive(self, number: int) -> None:
        for _ in range(3):
            course, page = self._draw.randrange(self._home.archived), self._draw.randrange(60)
            path = self._home.folder / "archive" / f"C-{course:05d}" / "wiki" / f"page-{page:04d}.md"
            path.write_text(_said(course, page, f"The archive says {number}."), encoding="utf-8")

    def _edit(self, at: tuple[int, int], number: int) -> None:
        course, page = at
        row = self._standing.get(f"Page {page} of course {course}")
        if row is not None:
            text = f"<p>A learner says {number}.</p>" + "<p>Words of a learner.</p>" * self._draw.randint(1, 20)
            self._hand("edit_wiki_page", page=row, by=_LEARNER, content=text)

    def _take_away(self) -> None:
        course = self._draw.randrange(self._home.courses)
        for path in sorted((self._home.folder / "content" / f"C-{course:05d}" / "wiki").glob("*.md"))[:_GONE]:
            self._gone[path] = path.read_text(encoding="utf-8")
            path.unlink()

    def _bring_back(self) -> None:
        for path, text in self._gone.items():
            path.write_text(text, encoding="utf-8")
        self._gone.clear()

    def _titles(self) -> dict[str, int]:
        with urllib.request.urlopen(f"{self._moodle}/state") as answer:  # noqa: S310 - our own address
            return {row["title"]: row["id"] for row in json.load(answer)["wiki_pages"]}

    def _hand(self, change: str, **given: Any) -> None:
        body = json.dumps({"change": change, "with": given}).encode()
        request = urllib.request.Request(f"{self._moodle}/hand", body)  # noqa: S310 - our own address
        with urllib.request.urlopen(request):  # noqa: S310 - our own address
            pass

    @property
    def _moodle(self) -> str:
        return f"http://127.0.0.1:{self._home.moodle}/_sandbox"


def _said(course: int, page: int, words: str) -> str:
    """The page with other words in its first paragraph."""
    title, _, rest = content.page_text(course, page, 60).partition("\n\n")
    return f"{title}\n\n{words}\n\n{rest}"
