"""A small course that every revision changes in every way there is, and what must stand in Moodle afterwards.

A revision changes an index, a page, a prompt, a review and the rating; a page, a prompt, a review and an image are new
in it; a prompt and a review of the one before are gone. What stands is asked as an administrator, past the connector.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from call_proxy import CallProxy, Cut, Write
from live_moodle import TEMPLATE, TOKEN, LiveSite

from lms_bridge.testing.sample import make_image

_COMMAND = "import sys; sys.argv[0] = 'lms-bridge'; from lms_bridge.cli import main; main()"
_ROUTE = {"from": "programme", "to": "moodle", "policy": {"prune": "delete"}}


@dataclass(frozen=True, slots=True)
class Ran:
    """How a sync ended; the report is empty when it was killed."""

    code: int
    report: Mapping[str, Any]
    writes: tuple[Write, ...]


@dataclass(frozen=True, slots=True)
class Programme:
    """One course and the folder from which it is filled."""

    site: LiveSite
    proxy: CallProxy
    folder: Path
    name: str

    @property
    def course(self) -> int:
        return self.site.courses[self.name]

    def prepare(self) -> None:
        """A course without any activities, and a config for it."""
        self.site.add_course(self.name, filled=False)
        config = {
            "version": 1,
            "state": "state.sqlite",
            "sources": {"programme": {"type": "files", "path": "content"}},
            "destinations": {
                "moodle": {
                    "type": "moodle",
                    "url": self.site.url,
                    "token": f"${{env:{TOKEN}}}",
                    "provision": {"template": TEMPLATE},
                    "ratings": {"activity_name": "Ratings ★ {average}"},
                }
            },
            "routes": {"route": _ROUTE},
        }
        self.folder.mkdir()
        (self.folder / "connectors.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")

    def revise(self, number: int) -> None:
        """The content of this revision, without what only earlier ones had."""
        course = self.folder / "content" / "ONE"
        for old in course.glob("prompts/*"):
            old.unlink()
        place = {"moodle": {"course": self.site.course_id(self.name)}}
        files = {"course.yaml": yaml.safe_dump({"title": "One", "places": place}), **_texts(number)}
        for name, text in files.items():
            (course / name).parent.mkdir(parents=True, exist_ok=True)
            (course / name).write_text(text, encoding="utf-8")
        (course / "wiki" / "cell.png").write_bytes(make_image(shade=number).load())

    def sync(self, cut: Cut | None = None) -> Ran:
        """As an administrator starts it, in a process of its own."""
        self.proxy.expect(cut)
        with subprocess.Popen(
            [sys.executable, "-c", _COMMAND, "sync", "--output", "json"],
            cwd=self.folder,
            env={**os.environ, "http_proxy": self.proxy.url, "no_proxy": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            self.proxy.watch(process)
            out, _ = process.communicate(timeout=120)
        return Ran(process.returncode, json.loads(out or "{}"), tuple(self.proxy.writes))

    def standing(self) -> list[tuple[Any, ...]]:
        """Everything that stands in the course, in the form of `expected`."""
        return sorted([*self._pages(), *self._discussions(), *self._reviews(), *self._rating()], key=str)

    def _pages(self) -> list[tuple[Any, ...]]:
        args = {"wikiid": self._activity("wiki", "wikis"), "groupid": 0, "userid": 0, "options": {"includecontent": 1}}
        pages = self.site.admin.call("mod_wiki_get_subwiki_pages", args, raw=True)["pages"]
        return [("page", page["title"], _revisions(page["cachedcontent"])) for page in pages]

    def _discussions(self) -> list[tuple[Any, ...]]:
        args = {"forumid": self._activity("forum", "")}
        rows = self.site.admin.call("mod_forum_get_forum_discussions", args, raw=True)["discussions"]
        found: list[tuple[Any, ...]] = []
        for row in rows:
            if _revisions(row["message"]):
                found.append(("prompt", row["subject"], _revisions(row["message"]), row["pinned"], row["locked"]))
                continue
            posts = self.site.admin.call("mod_forum_get_discussion_posts", {"discussionid": row["discussion"]})["posts"]
            images = [name for post in posts for name in set(re.findall(r"lmsb-[0-9a-f]{64}", post["message"]))]
            found.append(("images", len(images), len(set(images))))
        return found

    def _reviews(self) -> list[tuple[Any, ...]]:
        args = {"databaseid": self._activity("data", "databases"), "returncontents": 1}
        entries = self.site.admin.call("mod_data_get_entries", args, raw=True)["entries"]
        return [("review", _revisions(" ".join(str(c["content"]) for c in e["contents"]))) for e in entries]

    def _rating(self) -> list[tuple[Any, ...]]:
        args = {"field": "id", "value": self.course}
        (course,) = self.site.admin.call("core_course_get_courses_by_field", args)["courses"]
        fields = {each["shortname"]: each["valueraw"] for each in course["customfields"]}
        names = self.site.admin.call("core_course_get_contents", {"courseid": self.course})
        shown = [module["name"] for section in names for module in section["modules"] if module["modname"] == "data"]
        return [("rating", fields["lmsbridge_average"], fields["lmsbridge_count"], *shown)]

    def _activity(self, module: str, listed_as: str) -> int:
        """The number of the course's only one."""
        name = {"wiki": "wikis", "forum": "forums", "data": "databases"}[module]
        answer = self.site.admin.call(f"mod_{module}_get_{name}_by_courses", {"courseids": [self.course]})
        (found,) = answer[listed_as] if listed_as else answer
        return int(found["id"])


def expected(number: int) -> list[tuple[Any, ...]]:
    """What stands after this revision, each exactly once, when the course began with revision 0."""
    turn = number % 2 == 0
    return sorted(
        [
            ("page", "Home", (number,)),
            ("page", "Cells", (number,)),
            *(("page", f"New {n}", (n,)) for n in range(1, number + 1)),
            ("prompt", "Always", (number,), turn, not turn),
            ("prompt", f"Question {number}", (number,), True, True),
            ("images", number + 1, number + 1),
            ("review", (number,)),
            ("review", (number,)),
            ("rating", f"{_average(number):.1f}", "2", f"Ratings ★ {_average(number):.1f}"),
        ],
        key=str,
    )


def _texts(number: int) -> dict[str, str]:
    turn = number % 2 == 0
    mark = f"revision-{number}"
    always = ["title: Always", "pinned: true" if turn else "close: 2026-01-02"]
    texts = {
        "wiki/index.md": f"# One\n\nStart with [[Cells]]. {mark}\n",
        "wiki/cells.md": f"# Cells\n\n![a cell](cell.png)\n\n{mark}\n",
        "prompts/always.md": "\n".join(["---", *always, "---", f"What do you say to {mark}?", ""]),
        f"prompts/{number}.md": f"---\ntitle: Question {number}\npinned: true\nclose: 2026-01-02\n---\n{mark}?\n",
        "ratings.csv": f"rater,stars,comment,date\nAnn,5,{mark},\nBob{number},{_stars(number)},{mark},\n",
    }
    if number:
        texts[f"wiki/new-{number}.md"] = f"# New {number}\n\n{mark}\n"
    return texts


def _stars(number: int) -> int:
    return 1 + number % 5


def _average(number: int) -> float:
    return (5 + _stars(number)) / 2


def _revisions(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"revision-(\d+)", text))
