"""What the lists of forums, wikis and databases of some courses have in common."""

from collections.abc import Iterable, Iterator
from typing import Any

from lms_bridge.sandbox.moodle import access, rows
from lms_bridge.sandbox.moodle.call import Call, warning
from lms_bridge.sandbox.moodle.refusals import MoodleError, bad_parameter, missing


def find_activity(call: Call, modname: str, instance: int) -> rows.Activity:
    """The activity, entered; `invalidrecord` names the module's table."""
    activity = call.site.activity_of(modname, instance)
    if activity is None:
        raise missing(modname)
    access.require_activity(call, activity)
    return activity


def usable_courses(call: Call, courseids: Iterable[int]) -> tuple[list[rows.Course], list[dict[str, Any]]]:
    """util::validate_courses: what cannot be entered becomes a warning, not an error."""
    usable: list[rows.Course] = []
    warnings = []
    for courseid in dict.fromkeys(courseids):
        try:
            usable.append(access.require_course(call, courseid))
        except MoodleError as refusal:
            if refusal.errorcode == "sitepolicynotagreed":
                raise
            warnings.append(warning("course", courseid, "1", "No access rights in course context"))
    return usable, warnings


def wished_courses(call: Call, courseids: list[int]) -> list[int]:
    """No ids means the courses in which the caller is enrolled: none, for a bot with a system role."""
    if courseids:
        return courseids
    return [course for course, user in call.site.enrolments if user == call.user.id]


def visible_activities(call: Call, courses: Iterable[rows.Course], modname: str) -> Iterator[rows.Activity]:
    for course in courses:
        for activity in call.site.activities_of(course.id, modname):
            if access.can_see_activity(call, activity):
                yield activity


def section_number(call: Call, activity: rows.Activity) -> int:
    return call.site.sections[activity.section].number


def one_of(value: str, allowed: Iterable[str], what: str) -> str:
    if value not in set(allowed):
        raise bad_parameter(f"Invalid value for {what} parameter (value: {value})")
    return value
