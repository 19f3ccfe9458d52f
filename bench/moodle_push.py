"""Courses of a real Moodle filled by us or by a raw load, each with the same texts."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.content import Size, write
from bench.raw_moodle import Door, RawCall
from lms_bridge.connector import Change, Destination
from lms_bridge.items import Kind
from lms_bridge.moodle import CONNECTOR as MOODLE
from lms_bridge.moodle.courses import find_activities
from lms_bridge.sources.files import CONNECTOR as FILES
from lms_bridge.sync.apply import apply
from lms_bridge.sync.route import prepare
from lms_bridge.sync.run import Plan, Route
from lms_bridge.sync.state import State
from tests.live.live_moodle import TOKEN, URL, LiveSite, live_site

PAGES = PROMPTS = 50


@dataclass(frozen=True, slots=True)
class Pushed:
    """`writing`: of `seconds`, from the first write to the end. `calls`: by function; `tool_mobile…` are requests."""

    seconds: float
    writing: float
    cpu_seconds: float
    calls: Mapping[str, int]
    done: int
    failures: tuple[str, ...]

    @property
    def requests(self) -> int:
        return sum(number for name, number in self.calls.items() if name.startswith("tool_mobile"))


@dataclass(frozen=True, slots=True)
class Project:
    """Content for courses of its own."""

    site: LiveSite
    folder: Path

    def push(self, beside: Callable[[], AbstractContextManager[object]] = nullcontext, **settings: Any) -> Pushed:
        """A whole sync: reading, planning, writing. `beside`: what goes on while it writes."""
        begun, cpu = time.monotonic(), time.process_time()
        with self._route(**settings) as route, State.open(self.folder / "state.sqlite") as state:
            plan = prepare(route, state, now=datetime.now(UTC))
            planned = time.monotonic()
            with beside():
                report = apply(plan, route, state, now=datetime.now(UTC))
            ended, calls = time.monotonic(), route.destination.calls()
        told = tuple(f"{failure.key}: {failure.problem.cause}" for failure in report.failures)
        spent = time.process_time() - cpu
        return Pushed(ended - begun, ended - planned, spent, Counter(calls), len(report.done), told)

    def raw_calls(self) -> tuple[list[RawCall], list[RawCall], list[RawCall]]:
        """What a load of the same texts sends: each wiki's first page, everything else, one listing a place to read
        back what stands there."""
        with self._route() as route, State.open(self.folder / "raw.sqlite") as state:
            plan = prepare(route, state, now=datetime.now(UTC))
        numbers = self._activities(plan)
        first: dict[str, RawCall] = {}
        rest: list[RawCall] = []
        back: dict[str, RawCall] = {}
        for change in plan.changes:
            call = _raw_call(change, numbers[change.place.id])
            if change.kind is Kind.PAGE and change.place.id not in first:
                first[change.place.id] = call
            else:
                rest.append(call)
            back.setdefault(change.place.id, _raw_listing(change.kind, numbers[change.place.id]))
        return list(first.values()), rest, list(back.values())

    @contextmanager
    def _route(self, **settings: Any) -> Iterator[Route]:
        assert FILES.source
        assert MOODLE.destination
        source = FILES.source(
            "programme", FILES.settings.model_validate({"path": str(self.folder / "content")}), self.folder
        )
        chosen = MOODLE.settings.model_validate(self.site.settings(**settings))
        destination: Destination = MOODLE.destination("moodle", chosen, self.folder)
        try:
            yield Route("bench", source, destination)
        finally:
            destination.close()

    def _activities(self, plan: Plan) -> dict[str, int]:
        """By place, Moodle's number of its wiki or forum."""
        courses = {change.place.id: int(change.place.container.split("-")[1]) for change in plan.changes}
        kinds = {change.place.id: change.kind for change in plan.changes}
        wikis = find_activities(self.site.admin, "wiki", courses.values())
        forums = find_activities(self.site.admin, "forum", courses.values())
        found = {}
        for place, course in courses.items():
            of = (wikis if kinds[place] is Kind.PAGE else forums).of(course)
            found[place] = next(activity.id for activity in of if activity.details.get("type") != "news")
        return found


@contextmanager
def projects(folder: Path, courses: int, names: Sequence[str]) -> Iterator[dict[str, Project]]:
    """The same content once for each name, each in courses of its own, which are removed afterwards."""
    every = [f"{name}-C-{course:05d}" for name in names for course in range(courses)]
    with live_site(every) as site:
        made = {}
        for name in names:
            drafts = folder / name / "drafts"
            write(drafts, Size(courses, PAGES, PROMPTS, 0))
            for course in sorted(drafts.iterdir()):
                course.rename(course.with_name(f"{name}-{course.name}"))
            site.place_content(drafts, folder / name / "content")
            made[name] = Project(site, folder / name)
        yield made


def whole(pushed: Pushed) -> Pushed:
    if pushed.failures:
        raise RuntimeError(f"the push failed: {pushed.failures[0]}")
    return pushed


def door() -> Door:
    return Door(os.environ[URL].rstrip("/"), os.environ[TOKEN])


def _raw_call(change: Change, number: int) -> RawCall:
    payload = change.payload
    assert payload is not None
    if change.kind is Kind.PAGE:
        args = {"title": payload.address, "content": payload.body, "contentformat": "html", "wikiid": number}
        return RawCall("mod_wiki_new_page", {**args, "userid": 0, "groupid": 0})
    options = [{"name": "discussionsubscribe", "value": 0}, {"name": "discussionpinned", "value": 0}]
    args = {"forumid": number, "subject": payload.fields["subject"], "message": payload.body}
    return RawCall("mod_forum_add_discussion", {**args, "groupid": -1, "options": options})


def _raw_listing(kind: Kind, number: int) -> RawCall:
    """As ours asks: pages as they are shown, which Moodle cleans for the first reader; discussions as they are kept."""
    if kind is Kind.PAGE:
        return RawCall("mod_wiki_get_subwiki_pages", {"wikiid": number, "groupid": 0, "userid": 0})
    args = {"forumid": number, "sortorder": 3, "page": -1, "perpage": 0, "groupid": 0}
    return RawCall("mod_forum_get_forum_discussions", args, raw=True)
