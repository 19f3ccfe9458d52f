"""core_course_import_course: the activities of a template copied into a course. Twice is twice."""

import copy
from typing import Any

from lms_bridge.sandbox.moodle import access, activity_edits, rows
from lms_bridge.sandbox.moodle.call import Call, Function
from lms_bridge.sandbox.moodle.params import Fields, ListOf, Value
from lms_bridge.sandbox.moodle.refusals import MoodleError
from lms_bridge.sandbox.moodle.site import MoodleSite
from lms_bridge.sandbox.moodle.site_info import CORE_VERSION

_OPTIONS = ("activities", "blocks", "filters")


def _import_course(call: Call, args: dict[str, Any]) -> None:
    if args["deletecontent"] not in (0, 1):
        raise _bad_value(args["deletecontent"])
    options = {name: 1 for name in _OPTIONS}
    for option in args["options"]:
        if option["name"] not in _OPTIONS:
            raise _bad_value(option["name"])
        if option["value"] not in ("0", "1"):
            raise _bad_value(option["value"])
        options[option["name"]] = int(option["value"])
    source, target = (_course(call, args[name]) for name in ("importfrom", "importto"))
    access.require(call, "moodle/backup:backuptargetimport", source.id)
    access.require(call, "moodle/restore:restoretargetimport", target.id)
    if args["deletecontent"]:
        for activity in call.site.activities_of(target.id):
            activity_edits.remove_activity(call, activity)
    if options["activities"]:
        for activity in call.site.activities_of(source.id):
            copy_activity(call.site, activity, target)


def _bad_value(value: object) -> MoodleError:
    return MoodleError("invalidextparam", message=f"Invalid external api parameter: {value}")


def _course(call: Call, courseid: int) -> rows.Course:
    course = call.site.courses.get(courseid)
    if course is None:
        raise MoodleError("invalidcourseid", message="You are trying to use an invalid course ID")
    return course


def copy_activity(site: MoodleSite, activity: rows.Activity, target: rows.Course) -> rows.Activity:
    """Settings and fields, no pages, discussions or entries. The idnumber comes along where it is still free."""
    taken = {other.idnumber for other in site.activities_of(target.id)}
    section = _section_like(site, activity, target)
    made = rows.Activity(
        site.next_id("course_modules"),
        activity.modname,
        site.next_id(activity.modname),
        target.id,
        section.id,
        activity.name,
        site.next_id("context"),
        idnumber="" if activity.idnumber in taken else activity.idnumber,
        visible=activity.visible,
        groupmode=activity.groupmode,
        completion=activity.completion,
        added=activity.added,
        settings=copy.deepcopy(activity.settings),
    )
    site.activities[made.cmid] = made
    section.sequence.append(made.cmid)
    if activity.modname == "data":
        fields = [field for field in site.data_fields.values() if field.dataid == activity.instance]
        for field in fields:
            made_field = copy.deepcopy(field)
            made_field.id, made_field.dataid = site.next_id("data_fields"), made.instance
            site.data_fields[made_field.id] = made_field
    return made


def _section_like(site: MoodleSite, activity: rows.Activity, target: rows.Course) -> rows.Section:
    """The section of the same number, made where the target has none."""
    number = site.sections[activity.section].number
    for section in site.sections_of(target.id):
        if section.number == number:
            return section
    section = rows.Section(site.next_id("sections"), target.id, number)
    site.sections[section.id] = section
    return section


FUNCTIONS = (
    Function(
        "core_course_import_course",
        {
            "importfrom": Value("int"),
            "importto": Value("int"),
            "deletecontent": Value("int", 0),
            "options": ListOf(Fields({"name": Value("alphanumext"), "value": Value("raw")}), []),
        },
        _import_course,
        writes=True,
        version=CORE_VERSION,
    ),
)
