"""Finding courses, activities and groups in a Moodle, many at a time. Reads only.

An empty idnumber is never looked up: Moodle answers it with the site's front page.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from lms_bridge.errors import Denied, DestinationError, Problem, Unreachable
from lms_bridge.moodle.client import Client, warnings_of
from lms_bridge.moodle.protocol import Call, Reply, plain
from lms_bridge.moodle.settings import ActivityChoice

Module = Literal["wiki", "forum", "data"]
MODULE_WORDS: Mapping[Module, str] = {"wiki": "wiki", "forum": "forum", "data": "database activity"}
_LISTS: Mapping[Module, tuple[str, str]] = {
    "wiki": ("mod_wiki_get_wikis_by_courses", "wikis"),
    "forum": ("mod_forum_get_forums_by_courses", ""),
    "data": ("mod_data_get_databases_by_courses", "databases"),
}
_DETAILS = frozenset(
    {"approval", "cancreatepages", "defaultformat", "firstpagetitle", "forceformat", "forcesubscribe", "groupmode"}
    | {"type", "wikimode"}
)
_AT_ONCE = 400
_LONG = 100
"""Lists of the activities of more courses are asked for in requests of their own: each course adds about 2 KB."""


@dataclass(frozen=True, slots=True)
class CourseSeen:
    """A course as Moodle shows it to us. `fields`: short name of a custom field → its raw value and its type.

    `forced_groups`: the group mode that the course forces on its activities, which their own rows do not tell.
    """

    id: int
    idnumber: str | None
    name: str
    fields: Mapping[str, tuple[Any, str]] = field(default_factory=dict)
    forced_groups: int | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """An activity of a course; `details` is what is used of Moodle's own row, whose texts may be long."""

    module: Module
    id: int
    cmid: int
    course: int
    name: str
    details: Mapping[str, Any] = field(repr=False)


class NoSuchCourse(Problem):
    """Moodle answered, and the course is not there; any other problem leaves that open."""


def find_courses(
    client: Client, by: str, wanted: Iterable[str], known: Iterable[int] = ()
) -> dict[str, CourseSeen | Problem]:
    """Each wanted course, or why it is not there. `known`: the numbers that some of them had, of which many are looked
    up at once. Raises DestinationError when nothing can be looked up."""
    meant = set(wanted)
    recalled = {name: course for name, course in _recalled(client, by, known).items() if name in meant}
    names = sorted(meant)
    asked = [name for name in names if name not in recalled and name.strip() and (by != "id" or name.isdigit())]
    calls = [_course_call(by, name) for name in asked]
    found: dict[str, CourseSeen | Problem] = {
        name: Problem(
            f"“{name}” cannot be a course's {by} in Moodle.", name, "Give the course an id in its source, or `course:`."
        )
        for name in names
    }
    for name, reply in zip(asked, client.call_all(calls), strict=True):
        found[name] = _course(by, name, reply)
    return found | recalled


def _recalled(client: Client, by: str, known: Iterable[int]) -> dict[str, CourseSeen]:
    """What is known by its number, by what it is called now; the first where several are called the same, as when it is
    looked up by name."""
    numbers = sorted(set(known))
    chunks = [numbers[at : at + _AT_ONCE] for at in range(0, len(numbers), _AT_ONCE)]
    calls = [_course_call("ids", ",".join(map(str, chunk))) for chunk in chunks]
    found: dict[str, CourseSeen] = {}
    for reply in client.call_all(calls):
        # Moodle 4.5 fails as a whole where one of them is gone; then each is looked up for itself.
        if reply.error is not None and reply.code and not isinstance(reply.error, (Unreachable, Denied)):
            continue
        for row in reply.take().get("courses", []):
            if row.get("id") != 1 and row.get(by) is not None:
                found.setdefault(str(row[by]), _seen(row))
    return found


def find_course(client: Client, number: int) -> CourseSeen:
    found = find_courses(client, "id", [str(number)])[str(number)]
    if isinstance(found, Problem):
        raise DestinationError(found.cause, where=found.where, next_step=found.next_step)
    return found


def _course_call(by: str, value: str) -> Call:
    args = {"field": by, "value": value}
    return Call(function="core_course_get_courses_by_field", args=args, raw=True, where=value)


def _course(by: str, name: str, reply: Reply) -> CourseSeen | Problem:
    step = f"Give the course in Moodle the {by} {name}, or set `course:` for this destination in course.yaml."
    if reply.error is not None and reply.code and not isinstance(reply.error, (Unreachable, Denied)):
        # One course that Moodle stumbles over leaves the others findable.
        return reply.error.problem
    rows = reply.take().get("courses", [])
    # MariaDB compares without regard to case, accents and trailing blanks.
    exact = [row for row in rows if str(row.get(by, name)) == name and row.get("id") != 1]
    if not exact:
        other = ", ".join(repr(str(row.get(by))) for row in rows[:3])
        cause = f"there is no course with the {by} {name} in Moodle" + (f", only {other}." if other else ".")
        return NoSuchCourse(cause, name, step)
    return _seen(exact[0], name)


def _seen(row: Mapping[str, Any], name: str = "") -> CourseSeen:
    fields = {
        str(each.get("shortname")): (each.get("valueraw"), str(each.get("type")))
        for each in row.get("customfields") or ()
    }
    forced = int(row.get("groupmode") or 0) if row.get("groupmodeforce") else None
    return CourseSeen(int(row["id"]), row.get("idnumber"), plain(str(row.get("fullname", name))), fields, forced)


@dataclass(slots=True)
class Activities:
    """The activities of one kind by course; `closed` are courses that Moodle warned about, with its words."""

    by_course: dict[int, list[Activity]]
    closed: dict[int, str] = field(default_factory=dict)

    def of(self, course: int) -> list[Activity]:
        return self.by_course.get(course, [])


def find_activities(client: Client, module: Module, courses: Iterable[int]) -> Activities:
    """All activities of one kind in these courses. Raises DestinationError."""
    return begin_activities(client, module, courses)()


def begin_activities(client: Client, module: Module, courses: Iterable[int]) -> Callable[[], Activities]:
    """As `find_activities`, for who asks for several kinds and waits later."""
    numbers = sorted(set(courses))
    chunks = [numbers[at : at + _AT_ONCE] for at in range(0, len(numbers), _AT_ONCE)]
    function, _ = _LISTS[module]
    calls = [Call(function=function, args={"courseids": chunk}, raw=True, alone=len(chunk) > _LONG) for chunk in chunks]
    replies = client.begin(calls)
    return lambda: _activities(module, numbers, [reply.result() for reply in replies])


def _activities(module: Module, numbers: Sequence[int], replies: Iterable[Reply]) -> Activities:
    _, key = _LISTS[module]
    found = Activities({number: [] for number in numbers})
    for reply in replies:
        answer = reply.take()
        for row in answer.get(key, []) if isinstance(answer, dict) else answer:
            activity = _activity(module, row)
            found.by_course.setdefault(activity.course, []).append(activity)
        for warning in warnings_of(answer):
            if warning.get("item") == "course":
                found.closed[int(warning.get("itemid") or 0)] = plain(str(warning.get("message", "")))
    return found


def _activity(module: Module, row: Mapping[str, Any]) -> Activity:
    return Activity(
        module=module,
        id=int(row["id"]),
        cmid=int(row["cmid"] if "cmid" in row else row["coursemodule"]),
        course=int(row["course"]),
        name=plain(str(row.get("name", ""))),
        details={name: row[name] for name in _DETAILS & row.keys()},
    )


@dataclass(frozen=True, slots=True)
class Wish:
    """Which activity of a course is meant; `named` is what the course itself says, and wins."""

    course: CourseSeen
    choice: ActivityChoice
    named: str | None = None


def choose_activities(client: Client, module: Module, wishes: Sequence[Wish]) -> list[Activity | Problem]:
    """The activity for each wish, or why there is none. ID numbers are asked for only where several could be meant."""
    return begin_choice(client, module, wishes)()


def begin_choice(client: Client, module: Module, wishes: Sequence[Wish]) -> Callable[[], list[Activity | Problem]]:
    """As `choose_activities`, for who asks for several kinds and waits later."""
    listed = begin_activities(client, module, [wish.course.id for wish in wishes])
    return lambda: _chosen(client, module, wishes, listed())


def _chosen(client: Client, module: Module, wishes: Sequence[Wish], listed: Activities) -> list[Activity | Problem]:
    unclear = [a for wish in wishes for a in _candidates(listed.of(wish.course.id), wish)]
    idnumbers = _idnumbers(client, unclear)
    return [
        _closed(wish, listed.closed[wish.course.id])
        if wish.course.id in listed.closed
        else _choose(module, listed.of(wish.course.id), wish, idnumbers)
        for wish in wishes
    ]


def _closed(wish: Wish, message: str) -> Problem:
    return Problem(
        f"lms-bridge's user may not enter the course {wish.course.name} ({message}).",
        f"course {wish.course.name}",
        "Give its role moodle/course:view, or enrol the user in the course.",
    )


def _candidates(activities: Sequence[Activity], wish: Wish) -> Sequence[Activity]:
    if not wish.named and len(_usable(activities)) == 1 and len(activities) == 1 and wish.choice.only_one:
        return ()
    return activities if wish.named or wish.choice.idnumber else ()


def _usable(activities: Sequence[Activity]) -> list[Activity]:
    """Announcements and single discussions take no discussions of ours unless they are named."""
    return [a for a in activities if a.details.get("type") not in ("news", "single")]


def _idnumbers(client: Client, activities: Iterable[Activity]) -> dict[int, str]:
    return {cmid: str(row.get("idnumber") or "") for cmid, row in _modules(client, activities).items()}


def find_group_modes(client: Client, activities: Iterable[Activity]) -> dict[int, int]:
    """By cmid."""
    return {cmid: int(row.get("groupmode") or 0) for cmid, row in _modules(client, activities).items()}


def _modules(client: Client, activities: Iterable[Activity]) -> dict[int, Mapping[str, Any]]:
    cmids = sorted({activity.cmid for activity in activities})
    calls = [Call(function="core_course_get_course_module", args={"cmid": cmid}) for cmid in cmids]
    # One module that may not be looked at (a deleted one, say) leaves the others findable.
    replies = zip(cmids, client.call_all(calls), strict=True)
    return {cmid: reply.value.get("cm", {}) for cmid, reply in replies if reply.error is None}


def _choose(
    module: Module, activities: Sequence[Activity], wish: Wish, idnumbers: Mapping[int, str]
) -> Activity | Problem:
    wanted = wish.named or wish.choice.idnumber
    by_id = [a for a in activities if wanted and idnumbers.get(a.cmid) == wanted]
    name = wish.named or wish.choice.name
    by_name = [a for a in activities if name and a.name == name]
    by_number = [a for a in activities if wish.named and str(a.cmid) == wish.named]
    for found in (by_id, by_name, by_number):
        if len(found) == 1:
            return found[0]
    usable = _usable(activities)
    if not wish.named and wish.choice.only_one and len(usable) == 1:
        return usable[0]
    return _not_found(module, activities, wish)


def _not_found(module: Module, activities: Sequence[Activity], wish: Wish) -> Problem:
    word = MODULE_WORDS[module]
    wanted = wish.named or wish.choice.idnumber or wish.choice.name or ""
    if activities and _usable(activities):
        cause = f"the course has {len(activities)} activities of the kind {word}, and none is “{wanted}”."
        step = f"Set the ID number “{wanted}” in the settings of the right one, or name it in course.yaml."
    else:
        cause = f"the course has no {word}" + (f" “{wanted}”." if wish.named else ".")
        step = f"Add a {word} with the ID number “{wanted}” to the course, or set `provision` for this Moodle."
    return Problem(cause, f"course {wish.course.name}", step)
