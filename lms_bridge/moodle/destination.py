"""One Moodle as a destination: finds places, opens them, checks the site."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from lms_bridge.connector import Finding, Place, Placement, PlaceRef, SharedBudget, Spent
from lms_bridge.errors import Problem
from lms_bridge.items import Item, Key, Kind, Page, Prompt
from lms_bridge.moodle.ahead import Ahead
from lms_bridge.moodle.check import check_site
from lms_bridge.moodle.client import Client
from lms_bridge.moodle.courses import (
    MODULE_WORDS,
    Activity,
    CourseSeen,
    Wish,
    choose_activities,
    find_course,
)
from lms_bridge.moodle.exchange import Exchange
from lms_bridge.moodle.ground import COURSES, SEPARATE_GROUPS, Ground, Spot, spot_of
from lms_bridge.moodle.groups import pick_group
from lms_bridge.moodle.images import Images
from lms_bridge.moodle.pages import WikiPages
from lms_bridge.moodle.prompts import ForumPrompts
from lms_bridge.moodle.provision import Provision
from lms_bridge.moodle.ratings import CourseRatings
from lms_bridge.moodle.review_forum import ForumReviews
from lms_bridge.moodle.reviews import DatabaseReviews
from lms_bridge.moodle.settings import MoodleSettings
from lms_bridge.moodle.site import SiteParts
from lms_bridge.moodle.whereabouts import Wanted, Whereabouts, as_text, from_text, joined, look_up, untold, wanted_of
from lms_bridge.transport import Gate, Limits, Pace, Politeness, Transport
from lms_bridge.windows import within


def open_moodle(name: str, settings: MoodleSettings, folder: Path, *, gate: Gate | None = None) -> "Moodle":
    """Talks to nobody yet. `gate` is for tests."""
    limits = Limits(
        connect_timeout=settings.connect_timeout, read_timeout=settings.read_timeout, attempts=settings.attempts
    )
    ca_file = folder / settings.ca_file if settings.ca_file else None
    gate = gate or Gate()
    pace = Pace(
        settings.connections,
        settings.max_connections or settings.connections,
        # Times of day are the machine's own: an admin writes them as the clock on the wall says.
        is_quiet=lambda: within(settings.quiet_hours, datetime.now()),
    )
    budget = Politeness(pace, settings.calls_per_minute, gate, rest=settings.rest)
    transport = Transport(limits=limits, ca_file=ca_file, connections=pace.most, budget=budget, gate=gate)
    exchange = Exchange(transport, url=settings.url, token=settings.token.get_secret_value())
    client = Client(exchange, pace=pace, batch=settings.batch)
    return Moodle(name, settings, client)


class Moodle:
    """A destination for all kinds. `locate` looks everything up anew; places remember nothing between runs."""

    kinds = frozenset(Kind)

    def __init__(self, name: str, settings: MoodleSettings, client: Client) -> None:
        self.name = name
        self._settings = settings
        self._client = client
        ground = Ground(client, settings)
        self._parts = SiteParts(ground, Images(ground), Provision(ground), Ahead(client))
        self._ground = ground
        self._recalled: frozenset[int] = frozenset()
        self._told = Whereabouts()

    def recall(self, places: Iterable[PlaceRef]) -> None:
        """Their courses are looked up many at a time, when next something is located."""
        self._recalled = _courses_of(places)

    def whereabouts(self, items: Iterable[Item], places: Iterable[PlaceRef]) -> str:
        """What placing these items goes by, for `trust`. `places` as for `recall`."""
        return as_text(look_up(self._ground, [self._wanted(item) for item in items], _courses_of(places)))

    def trust(self, told: Iterable[str]) -> None:
        """When next something is located, only what this leaves open is looked up."""
        self._told = joined(from_text(each) for each in told)

    def locate(self, items: Iterable[Item]) -> Placement:
        every = [(item, self._wanted(item)) for item in items]
        self._parts.images.forget()
        self._ground.rated_now.clear()
        (recalled, self._recalled), (told, self._told) = (self._recalled, frozenset()), (self._told, Whereabouts())
        asked = untold(told, [wanted for _, wanted in every])
        found = joined([told, look_up(self._ground, asked, recalled)]) if asked else told
        activities = found.found()
        self._learn(found, activities)
        if self._parts.provision.wanted and any(
            item.kind is Kind.PAGE and self._lacks_wiki(wanted, found, activities) for item, wanted in every
        ):
            self._parts.provision.look_up_first_page()
        places: dict[PlaceRef, list[Item]] = {}
        missing: dict[Key, Problem] = {}
        for item, wanted in every:
            course = found.courses[wanted.course]
            at = course if isinstance(course, Problem) else self._place(item, wanted, course, activities)
            if isinstance(at, Problem):
                missing[item.key] = Problem(at.cause, f"{item.origin}", at.next_step)
            else:
                places.setdefault(at, []).append(item)
        return Placement(places, missing)

    def open(self, ref: PlaceRef) -> Place:
        if ref.kind is not Kind.RATING:
            self._know(ref)
        match ref.kind:
            case Kind.PAGE:
                return WikiPages(ref, self._parts)
            case Kind.PROMPT:
                return ForumPrompts(ref, self._parts)
            case Kind.REVIEW if self._settings.reviews.as_ == "forum":
                return ForumReviews(ref, self._parts)
            case Kind.REVIEW:
                return DatabaseReviews(ref, self._parts)
            case Kind.RATING:
                return CourseRatings(ref, self._parts)

    def ahead(self, places: Iterable[tuple[Place, int]]) -> None:
        """These are listed next: their listings fill requests, whichever comes first."""
        listed = (WikiPages, ForumPrompts, ForumReviews, DatabaseReviews)
        asked = [(place.ref.id, place.listing(), n) for place, n in places if isinstance(place, listed)]
        self._parts.ahead.expect(each for each in asked if each[1])

    def check(self) -> Iterable[Finding]:
        return check_site(self._ground)

    def calls(self) -> Mapping[str, int]:
        return self._client.calls()

    def spent(self) -> Spent:
        return self._client.spent()

    def interrupt(self, *, finish: bool = False) -> None:
        """The run is to end: nobody waits any longer. `finish`: what is under way is brought to its end first."""
        self._client.stop(finish=finish)

    def share(self, budget: SharedBudget) -> None:
        self._client.share(budget)

    def close(self) -> None:
        self._client.close()

    def _wanted(self, item: Item) -> Wanted:
        return wanted_of(item, self._ground, self.name)

    def _learn(self, found: Whereabouts, activities: Mapping[tuple[Kind, int, str], Activity | Problem]) -> None:
        self._ground.renew(course for course in found.courses.values() if isinstance(course, CourseSeen))
        for (kind, course, named), activity in activities.items():
            self._ground.put(kind, course, named, activity if isinstance(activity, Activity) else None)
        self._ground.group_modes |= found.group_modes
        self._ground.groups |= found.groups

    def _lacks_wiki(
        self,
        wanted: Wanted,
        found: Whereabouts,
        activities: Mapping[tuple[Kind, int, str], Activity | Problem],
    ) -> bool:
        course = found.courses[wanted.course]
        at = (Kind.PAGE, course.id, wanted.named[Kind.PAGE]) if isinstance(course, CourseSeen) else None
        return at is not None and isinstance(activities[at], Problem)

    def _place(
        self,
        item: Item,
        wanted: Wanted,
        course: CourseSeen,
        activities: Mapping[tuple[Kind, int, str], Activity | Problem],
    ) -> PlaceRef | Problem:
        named = wanted.named[item.kind]
        if item.kind is Kind.RATING:
            return self._rating_place(item, course, named)
        activity = activities[item.kind, course.id, named]
        if isinstance(activity, Problem) and (not self._parts.provision.wanted or named):
            return activity
        unfit = _unfit(item, activity) if isinstance(activity, Activity) else None
        if unfit is not None:
            return unfit
        group = self._group(item, wanted.group, activity) if isinstance(activity, Activity) else 0
        if isinstance(group, Problem):
            return group
        spot = Spot(course.id, group if item.kind is Kind.PAGE else 0, named)
        word = MODULE_WORDS[self._ground.module(item.kind)]
        return PlaceRef(item.kind, spot.container, f"{word} of {course.name}", item.course.idnumber)

    def _rating_place(self, item: Item, course: CourseSeen, shown: str) -> PlaceRef | Problem:
        missing = [name for name in self._settings.ratings.fields.names().values() if name not in course.fields]
        if missing:
            return Problem(
                f"this Moodle has no course custom field {', '.join(missing)}.",
                str(item.origin),
                "Let the script of `lms-bridge setup moodle` make them, or leave them out under `ratings: fields:`.",
            )
        if not self._ground.rate(item.key, course.id):
            cause = f"the course {course.name} has two ratings."
            return Problem(cause, str(item.origin), "Let one source give each course's rating.")
        self._ground.rating_names[course.id] = shown
        return PlaceRef(Kind.RATING, COURSES, f"course ratings in {self.name}")

    def _group(self, item: Item, wanted: str, activity: Activity) -> int | Problem:
        """The group that an item is for; 0 is none."""
        if not isinstance(item, Page | Prompt):
            return 0
        mode = self._ground.group_mode(activity)
        if not wanted:
            if isinstance(item, Page) and mode == SEPARATE_GROUPS:
                return Problem(
                    f"the wiki “{activity.name}” is kept by groups, and learners see only their own group's pages.",
                    str(item.origin),
                    "Give the page a `group`, or set the wiki to `No groups`.",
                )
            return 0
        if isinstance(item, Page) and mode == 0:
            return Problem(
                f"the wiki “{activity.name}” has no groups, and the page is for the group “{wanted}”.",
                str(item.origin),
                "Set the wiki's group mode in Moodle, or take `group` away.",
            )
        group = pick_group(self._ground.groups[activity.cmid], wanted)
        if group is None:
            cause = f"the course has no group “{wanted}” that takes part in “{activity.name}”."
            return Problem(cause, str(item.origin), "Check the group's name in Moodle.")
        return group.id

    def _know(self, ref: PlaceRef) -> None:
        """A place that no item was located in: only our records still lead there."""
        spot = spot_of(ref)
        if spot.course not in self._ground.courses:
            self._ground.renew([find_course(self._client, spot.course)])
        if self._ground.activity(ref.kind, spot) is None:
            wish = Wish(self._ground.courses[spot.course], self._ground.choice(ref.kind), spot.named or None)
            found = choose_activities(self._client, self._ground.module(ref.kind), [wish])[0]
            if isinstance(found, Activity):
                self._ground.put(ref.kind, spot.course, spot.named, found)


def _courses_of(places: Iterable[PlaceRef]) -> frozenset[int]:
    return frozenset(spot_of(ref).course for ref in places if ref.kind is not Kind.RATING)


def _unfit(item: Item, activity: Activity) -> Problem | None:
    """Wikis that would show our HTML as something else, or to nobody."""
    if activity.module != "wiki":
        return None
    where = f"{item.origin}"
    if activity.details.get("wikimode") == "individual":
        cause = f"in the wiki “{activity.name}” every learner has a wiki of their own, so nobody would see the page."
        return Problem(cause, where, "Choose a collaborative wiki, or name another one in course.yaml.")
    if activity.details.get("forceformat") and activity.details.get("defaultformat") != "html":
        cause = f"the wiki “{activity.name}” takes {activity.details.get('defaultformat')} only, and pages are HTML."
        return Problem(cause, where, "Set its default format to HTML, or untick `Force format`.")
    return None
