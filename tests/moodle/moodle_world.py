"""A sandbox Moodle on a real port, a connector that talks to it, and a person who works in its browser pages."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lms_bridge.connector import Entry, PlaceRef
from lms_bridge.items import Course, Kind, Page
from lms_bridge.moodle.destination import Moodle, open_moodle
from lms_bridge.moodle.ground import spot_of
from lms_bridge.moodle.marker import find_marker
from lms_bridge.moodle.settings import MoodleSettings
from lms_bridge.sandbox.faults import Fault
from lms_bridge.sandbox.moodle import Hand as BrowserHand
from lms_bridge.sandbox.moodle import MoodleSite, Seed, SeedCourse, moodle_app, rows, seed, wiki_store
from lms_bridge.sandbox.server import SandboxServer
from lms_bridge.testing.bench import Bench

TOKEN = "0123456789abcdef0123456789abcdef"
COURSE = SeedCourse("BIO-101", fullname="Cell Biology")
PERSON = "tess.teacher"
BIO = Course("BIO-101", "Cell Biology")
TEXT = "<p>First words.</p>\n<p>Last words.</p>"
WRITES = (
    "mod_wiki_new_page",
    "mod_wiki_edit_page",
    "mod_forum_add_discussion",
    "mod_forum_update_discussion_post",
    "mod_data_add_entry",
    "mod_data_update_entry",
    "core_course_update_courses",
)


class Switch:
    """One server for all tests: starting one takes longer than most tests do."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None
        self.deeds: dict[str, Callable[[], None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        asked = bytearray()

        async def listening() -> Message:
            message = await receive()
            asked.extend(message.get("body", b""))
            return message

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                for name in [name for name in self.deeds if name.encode() in asked]:
                    self.deeds.pop(name)()
            await send(message)

        await self.app(scope, listening, telling)


@dataclass(slots=True)
class World:
    site: MoodleSite
    server: SandboxServer
    lock: threading.RLock
    switch: Switch

    def open(self, name: str = "moodle", **settings: Any) -> Moodle:
        given = {"url": self.server.url, "token": TOKEN, "attempts": 3, **settings}
        return open_moodle(name, MoodleSettings.model_validate(given), Path())

    def right_after(self, call: str, deed: Callable[[], None]) -> None:
        """Somebody does that after the next call of this name was done and before it is answered."""
        self.switch.deeds[call] = deed

    def calls(self) -> dict[str, int]:
        with self.lock:
            return dict(self.site.calls)


def new_world(
    server: SandboxServer, switch: Switch, *courses: SeedCourse, database: str = "postgresql", **settings: Any
) -> World:
    site = seed(Seed(courses or (COURSE,), TOKEN, wwwroot=server.url, database=database, **settings))
    server.faults.clear()
    switch.app = moodle_app(site)
    switch.deeds.clear()
    return World(site, server, site.lock, switch)


Opened = Callable[..., Bench]


def activity(world: World, course: str, modname: str) -> Any:
    number = next(c.id for c in world.site.courses.values() if c.idnumber == course)
    return next(a for a in world.site.activities.values() if (a.course, a.modname) == (number, modname))


def row_of(world: World, bench: Bench, page: Page) -> rows.WikiPage:
    return world.site.wiki_pages[int(bench.entry(page.key).ref)]


def stored(world: World, row: rows.WikiPage) -> str:
    """The page's text as it was saved last."""
    return world.site.wiki_versions[row.id][-1].content


def longer(page: Page, words: str = "Words that the source added.") -> Page:
    return replace(page, body=f"{page.body}\n<p>{words}</p>")


@dataclass(slots=True)
class MoodleHand:
    """What the contract suite lets a person do, done through the sandbox's browser hand."""

    world: World

    def edit(self, place: PlaceRef, entry: Entry, words: str) -> None:
        site = self.world.site
        match place.kind:
            case Kind.PAGE:
                page = site.wiki_pages[int(entry.ref)]
                text = site.wiki_versions[page.id][-1].content
                BrowserHand(site).edit_wiki_page(page.id, PERSON, content=_reworded(text, words))
            case Kind.PROMPT:
                post = int(entry.ref.split("-")[1])
                BrowserHand(site).edit_post(post, PERSON, message=_reworded(site.posts[post].message, words))
            case Kind.REVIEW:
                contents = site.data_entries[int(entry.ref)].contents
                field = next(f for f in site.data_fields.values() if f.id in contents and f.name == "Comment")
                contents[field.id].content = f"<p>{words}</p>"
            case Kind.RATING:
                fields = site.courses[int(entry.ref)].fields
                fields[next(iter(fields))] = "1"

    def delete(self, place: PlaceRef, entry: Entry) -> None:
        site = self.world.site
        match place.kind:
            case Kind.PAGE:
                BrowserHand(site).delete_wiki_page(int(entry.ref))
            case Kind.PROMPT:
                BrowserHand(site).delete_post(int(entry.ref.split("-")[1]))
            case Kind.REVIEW:
                BrowserHand(site).delete_entry(int(entry.ref))
            case Kind.RATING:
                site.courses[int(entry.ref)].fields.clear()

    def put(self, place: PlaceRef, title: str) -> None:
        site = self.world.site
        match place.kind:
            case Kind.PAGE:
                wiki = self._instance(place, "wiki")
                subwiki = wiki_store.subwiki_of(site, wiki, 0, 0) or wiki_store.add_subwiki(site, wiki, 0, 0)
                BrowserHand(site).add_wiki_page(subwiki.id, PERSON, title, "<p>A person's.</p>")
            case Kind.PROMPT:
                BrowserHand(site).start_discussion(self._instance(place, "forum"), PERSON, title, "<p>A person's.</p>")
            case Kind.REVIEW:
                BrowserHand(site).add_entry(self._instance(place, "data"), PERSON, {"Reviewer": title, "Stars": "3"})
            case Kind.RATING:
                pytest.skip("A course has one set of rating fields.")

    def titles(self, place: PlaceRef) -> Sequence[str]:
        site = self.world.site
        match place.kind:
            case Kind.PAGE:
                return [page.title for page in site.wiki_pages.values()]
            case Kind.PROMPT:
                return [each.name for each in site.discussions.values()]
            case _:
                return [str(c.content) for entry in site.data_entries.values() for c in entry.contents.values()]

    def lose_next_answer(self) -> None:
        for name in WRITES:
            self.world.server.faults.add(Fault("drop", path="server.php", body=name))

    def _instance(self, place: PlaceRef, modname: str) -> int:
        course = spot_of(place).course
        return next(
            a.instance for a in self.world.site.activities.values() if (a.course, a.modname) == (course, modname)
        )


def _reworded(text: str, words: str) -> str:
    """A person replaces the words and keeps the last paragraph, whose class they cannot see."""
    assert find_marker(text)
    return f"<p>{words}</p>\n" + text[text.rindex('<p class="lmsb ') :]


def rating_fields(world: World, course: str) -> dict[str, Any]:
    """What learners see in the course list."""
    return dict(next(c.fields for c in world.site.courses.values() if c.idnumber == course))


def told(bench: Bench) -> dict[str, str]:
    """What failed, by key: cause and next step."""
    return {f.key: f"{f.problem.cause} {f.problem.next_step}" for f in bench.sync().failures}


def shown(world: World, title: str) -> str:
    page = next(p for p in world.site.wiki_pages.values() if p.title == title)
    return page.cachedcontent
