"""Groups, as far as they concern activities."""

from typing import Any

from lms_bridge.sandbox.moodle import access, rows
from lms_bridge.sandbox.moodle.call import Call, Function
from lms_bridge.sandbox.moodle.formatting import format_name, format_text
from lms_bridge.sandbox.moodle.params import Value
from lms_bridge.sandbox.moodle.refusals import MoodleError
from lms_bridge.sandbox.moodle.site_info import CORE_VERSION


def _get_activity_allowed_groups(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    activity = call.site.activities.get(args["cmid"])
    if activity is None:
        raise MoodleError("invalidrecordunknown")
    access.require_activity(call, activity)
    grouped = activity.groupmode != access.NO_GROUPS
    return {
        "groups": [_group_row(call, g) for g in access.allowed_groups(call, activity)] if grouped else [],
        "canaccessallgroups": access.all_groups(call, activity),
        "warnings": [],
    }


def _get_course_groups(call: Call, args: dict[str, Any]) -> list[dict[str, Any]]:
    access.require_course(call, args["courseid"])
    access.require(call, "moodle/course:managegroups", args["courseid"])
    return [_group_row(call, group) for group in call.site.groups_of(args["courseid"])]


def _group_row(call: Call, group: rows.Group) -> dict[str, Any]:
    return {
        "id": group.id,
        "name": format_name(call, group.name),
        "description": format_text(call, group.description),
        "descriptionformat": 1,
        "idnumber": group.idnumber,
        "courseid": group.course,
    }


FUNCTIONS = (
    Function(
        "core_group_get_activity_allowed_groups",
        {"cmid": Value("int"), "userid": Value("int", 0)},
        _get_activity_allowed_groups,
        version=CORE_VERSION,
    ),
    Function("core_group_get_course_groups", {"courseid": Value("int")}, _get_course_groups, version=CORE_VERSION),
)
