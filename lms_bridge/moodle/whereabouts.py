"""What placing goes by: the courses that items name, their activities and groups. Looked up many at a time, and told as
a text from one process to another. Reads only.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from lms_bridge.errors import DestinationError, Problem
from lms_bridge.items import Item, Kind, Page, Prompt
from lms_bridge.moodle.courses import (
    Activity,
    CourseSeen,
    Wish,
    begin_choice,
    find_courses,
    find_group_modes,
)
from lms_bridge.moodle.ground import Ground
from lms_bridge.moodle.groups import Group, find_groups, group_mode

if TYPE_CHECKING:
    from pydantic import TypeAdapter

PLACEMENT = {Kind.PAGE: "wiki", Kind.PROMPT: "forum", Kind.REVIEW: "reviews", Kind.RATING: "rating_activity"}
"""What the course itself may name, under this destination's name."""
_CHOSEN = (Kind.PAGE, Kind.PROMPT, Kind.REVIEW)

Found = tuple[Kind, int, str, Activity | Problem]
"""The activity that a kind goes to in a course, where the course names one, under that name."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Courses are by the name that the content has for them, groups and group modes by cmid."""

    courses: Mapping[str, CourseSeen | Problem] = field(default_factory=dict)
    activities: Sequence[Found] = ()
    group_modes: Mapping[int, int] = field(default_factory=dict)
    groups: Mapping[int, Sequence[Group]] = field(default_factory=dict)

    def found(self) -> dict[tuple[Kind, int, str], Activity | Problem]:
        return {(kind, course, named): activity for kind, course, named, activity in self.activities}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where one item says that it goes. `named` is what its course names, and '' where it names nothing."""

    kind: Kind
    course: str
    named: Mapping[Kind, str]
    group: str

    def within(self, course: CourseSeen) -> list[tuple[Kind, int, str]]:
        """The activities that must be known for it: those of all kinds, so that links come out alike whichever kinds a
        route has."""
        at = [(kind, course.id, self.named[kind]) for kind in _CHOSEN]
        shown = self.named[Kind.RATING]
        return [*at, (Kind.REVIEW, course.id, shown)] if shown else at


def wanted_of(item: Item, ground: Ground, destination: str) -> Wanted:
    placed = item.course.placement.get(destination, {})
    asked = {Kind.PAGE: ground.settings.pages.group, Kind.PROMPT: ground.settings.prompts.group}
    group = (item.group or asked[item.kind]) if isinstance(item, Page | Prompt) else None
    named = {kind: placed.get(name, "") for kind, name in PLACEMENT.items()}
    return Wanted(item.kind, placed.get("course", item.course.idnumber), named, group or "")


def look_up(ground: Ground, asked: Sequence[Wanted], known: Iterable[int] = ()) -> Whereabouts:
    """`known`: the numbers that some of the courses had. Changes nothing, so that several may look up at once. Raises
    DestinationError."""
    courses = find_courses(ground.client, ground.settings.course_by, {each.course for each in asked}, known)
    there = [(each, course) for each in asked if isinstance(course := courses[each.course], CourseSeen)]
    found = _activities(ground, there)
    placed = [(each, course, found.get((each.kind, course.id, each.named[each.kind]))) for each, course in there]
    standing = [(each, course, activity) for each, course, activity in placed if isinstance(activity, Activity)]
    # Whether learners may answer what is for everybody. A course that forces its groups tells by itself.
    unclear = [
        forum
        for each, course, forum in standing
        if each.kind is Kind.PROMPT and course.forced_groups is None and not ground.settings.prompts.group
    ]
    modes = find_group_modes(ground.client, unclear)
    grouped = [
        activity
        for each, course, activity in standing
        if each.group and not (each.kind is Kind.PAGE and group_mode(course, activity, modes) == 0)
    ]
    activities = [(*at, activity) for at, activity in found.items()]
    return Whereabouts(courses, activities, modes, find_groups(ground.client, grouped))


def _activities(
    ground: Ground, there: Sequence[tuple[Wanted, CourseSeen]]
) -> dict[tuple[Kind, int, str], Activity | Problem]:
    wishes: dict[Kind, dict[tuple[Kind, int, str], Wish]] = {kind: {} for kind in _CHOSEN}
    for each, course in there:
        for kind, number, named in each.within(course):
            wishes[kind][kind, number, named] = Wish(course, ground.choice(kind), named or None)
    # All are on their way before the first is waited for.
    choices = {kind: begin_choice(ground.client, ground.module(kind), list(of.values())) for kind, of in wishes.items()}
    found: dict[tuple[Kind, int, str], Activity | Problem] = {}
    for kind, of in wishes.items():
        try:
            found |= zip(of, choices[kind](), strict=True)
        except DestinationError as error:
            # A service for pages alone need not know databases; then links to reviews lead to the course.
            if any(each.kind is kind for each, _ in there):
                raise
            found |= dict.fromkeys(of, error.problem)
    return found


def untold(told: Whereabouts, asked: Iterable[Wanted]) -> list[Wanted]:
    """Those of which it does not tell everything, as when the content changed since."""
    found = told.found()

    def known(each: Wanted) -> bool:
        course = told.courses.get(each.course)
        if isinstance(course, CourseSeen):
            return all(at in found for at in each.within(course))
        return course is not None

    return [each for each in asked if not known(each)]


def joined(parts: Iterable[Whereabouts]) -> Whereabouts:
    courses: dict[str, CourseSeen | Problem] = {}
    activities: list[Found] = []
    modes: dict[int, int] = {}
    groups: dict[int, Sequence[Group]] = {}
    for part in parts:
        courses |= part.courses
        activities += part.activities
        modes |= part.group_modes
        groups |= part.groups
    return Whereabouts(courses, activities, modes, groups)


def as_text(told: Whereabouts) -> str:
    return _reader().dump_json(told).decode()


def from_text(text: str) -> Whereabouts:
    """Raises ValueError where it is none, or one that another version of lms-bridge told."""
    return _reader().validate_json(text)


@cache
def _reader() -> "TypeAdapter[Whereabouts]":
    # Whoever looks things up for himself does without.
    from pydantic import TypeAdapter

    return TypeAdapter(Whereabouts)
