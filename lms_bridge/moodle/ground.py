"""What all places of one Moodle share: the client, where each activity is, and the addresses that texts hold.

A text that is rendered names activities by course (`lmsb:forum/5/`), not by number: they may have to be made first.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from urllib.parse import quote, unquote

from lms_bridge.connector import Context, PlaceRef
from lms_bridge.errors import NotFound
from lms_bridge.items import Key, Kind
from lms_bridge.moodle.client import Client
from lms_bridge.moodle.courses import Activity, CourseSeen, Module
from lms_bridge.moodle.dialect import Target, WikiTitle
from lms_bridge.moodle.groups import Group, group_mode
from lms_bridge.moodle.settings import ActivityChoice, MoodleSettings

_ADDRESS = re.compile(r'href="lmsb:(wiki|forum|data|course)/(\d+)/([^"?]*)(\?[^"]*)?"')
_CONTAINER = re.compile(r"course-(\d+)(?:-group-(\d+))?(?::(.*))?", re.DOTALL)
DEFAULT_FIRST_PAGE = "Home"
SEPARATE_GROUPS = 1
COURSES = "courses"
"""The container of ratings: the site's list of courses."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a place is. `named`: the activity that the course's own placement names."""

    course: int
    group: int = 0
    named: str = ""

    @property
    def container(self) -> str:
        group = f"-group-{self.group}" if self.group else ""
        return f"course-{self.course}{group}" + (f":{self.named}" if self.named else "")


def spot_of(ref: PlaceRef) -> Spot:
    found = _CONTAINER.fullmatch(ref.container)
    if not found:
        raise NotFound(
            f"{ref.container!r} is no place in a Moodle.", where=ref.title, next_step="Check the state file."
        )
    return Spot(int(found[1]), int(found[2] or 0), found[3] or "")


@dataclass(slots=True)
class Ground:
    """Remembers what was looked up; `locate` renews it at the start of every run."""

    client: Client
    settings: MoodleSettings
    courses: dict[int, CourseSeen] = field(default_factory=dict)
    activities: dict[tuple[Module, int, str], Activity] = field(default_factory=dict)
    groups: dict[int, Sequence[Group]] = field(default_factory=dict)
    group_modes: dict[int, int] = field(default_factory=dict)
    """Of forums, by cmid: their own rows do not tell."""
    people: dict[int, int] = field(default_factory=dict)
    rated: dict[Key, int] = field(default_factory=dict)
    rated_now: dict[int, Key] = field(default_factory=dict)
    rating_names: dict[int, str] = field(default_factory=dict)
    template_first: str = DEFAULT_FIRST_PAGE
    """The first page's title in wikis that are still to be copied from the template."""

    @property
    def site(self) -> str:
        return self.settings.url

    def module(self, kind: Kind) -> Module:
        match kind:
            case Kind.PAGE:
                return "wiki"
            case Kind.PROMPT:
                return "forum"
            case _:
                return "forum" if self.settings.reviews.as_ == "forum" else "data"

    def choice(self, kind: Kind) -> ActivityChoice:
        match kind:
            case Kind.PAGE:
                return self.settings.pages.wiki
            case Kind.PROMPT:
                return self.settings.prompts.forum
            case _:
                return self.settings.reviews.activity

    def activity(self, kind: Kind, spot: Spot) -> Activity | None:
        return self.activities.get((self.module(kind), spot.course, _role(kind, self) + spot.named))

    def put(self, kind: Kind, course: int, named: str, activity: Activity | None) -> None:
        at = (self.module(kind), course, _role(kind, self) + named)
        if activity is None:
            self.activities.pop(at, None)
        else:
            self.activities[at] = activity

    def group_mode(self, activity: Activity) -> int | None:
        return group_mode(self.courses.get(activity.course), activity, self.group_modes)

    def answers_stay_in_groups(self, forum: Activity) -> bool:
        return self.group_mode(forum) == SEPARATE_GROUPS

    def rate(self, key: Key, course: int) -> bool:
        """Notes whose rating a course shows; false when this run has another for it."""
        if self.rated_now.setdefault(course, key) != key:
            return False
        self.rated = {known: number for known, number in self.rated.items() if number != course} | {key: course}
        return True

    def rating_activity(self, course: int) -> Activity | None:
        """The activity whose name shows the course's rating."""
        named = self.rating_names.get(course, "")
        return self.activity(Kind.REVIEW, Spot(course, named=named)) or self.activity(Kind.REVIEW, Spot(course))

    def rename(self, activity: Activity, name: str) -> None:
        for at, known in list(self.activities.items()):
            if known.cmid == activity.cmid:
                self.activities[at] = replace(known, name=name)

    def target(self, key: Key, context: Context, here: PlaceRef) -> Target:
        """Where a link to an item leads; none when it does not stand here."""
        address = context.addresses.get(key)
        if address is None:
            return None
        if address.place.kind is Kind.RATING:
            return f"lmsb:course/{address.name}/?info" if address.name.isdigit() else None
        spot = spot_of(address.place)
        named = quote(spot.named, safe="")
        if address.place.kind is not Kind.PAGE:
            module = "reviews" if address.place.kind is Kind.REVIEW else "forum"
            return f"lmsb:{'data' if module == 'reviews' else 'forum'}/{spot.course}/{named}"
        url = f"lmsb:wiki/{spot.course}/{named}?title={quote(address.name, safe='')}&group={spot.group}"
        return WikiTitle(address.name, url) if address.place.container == here.container else url

    def resolved(self, body: str) -> str:
        """The text with the addresses of activities as they are now."""
        return _ADDRESS.sub(self._address, body)

    def _address(self, found: re.Match[str]) -> str:
        module, course, named, query = found[1], int(found[2]), unquote(found[3]), found[4] or ""
        return f'href="{escape(self._url(module, course, named, query.replace("&amp;", "&")))}"'

    def _url(self, module: str, course: int, named: str, query: str) -> str:
        if module == "course":
            return f"{self.site}/course/{'info' if query else 'view'}.php?id={course}"
        kind = {"wiki": Kind.PAGE, "forum": Kind.PROMPT, "data": Kind.REVIEW}[module]
        activity = self.activity(kind, Spot(course, named=named))
        if activity is None:
            return f"{self.site}/course/view.php?id={course}"
        if module == "wiki" and query:
            return f"{self.site}/mod/wiki/view.php?wid={activity.id}&{query[1:]}"
        return f"{self.site}/mod/{activity.module}/view.php?id={activity.cmid}"

    def renew(self, courses: Iterable[CourseSeen]) -> None:
        for course in courses:
            self.courses[course.id] = course

    def course_names(self) -> Mapping[int, str]:
        return {number: course.name for number, course in self.courses.items()}


def _role(kind: Kind, ground: Ground) -> str:
    """Prompts and reviews may both be forums, of different choice."""
    return "reviews:" if kind is Kind.REVIEW and ground.module(kind) == "forum" else ""
