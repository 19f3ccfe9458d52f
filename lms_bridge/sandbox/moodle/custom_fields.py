"""Courses' custom fields: what shows to whom, and core_course_update_courses, whose errors are warnings."""

import re
from collections.abc import Mapping
from typing import Any

from lms_bridge.sandbox.moodle import access, roles, rows
from lms_bridge.sandbox.moodle.call import Call, Function, warning
from lms_bridge.sandbox.moodle.formatting import encode_name, text_to_html
from lms_bridge.sandbox.moodle.params import Fields, ListOf, Spec, Value, clean_param_text
from lms_bridge.sandbox.moodle.purifier import clean
from lms_bridge.sandbox.moodle.refusals import MoodleError, missing, permission_denied
from lms_bridge.sandbox.moodle.site_info import CORE_VERSION

_HIDDEN, _TEACHERS, _EVERYBODY = 0, 1, 2
_MAX_TEXT = 1333
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z")


def shown_fields(call: Call, course: rows.Course) -> list[dict[str, Any]]:
    return [
        _field_row(field, course.fields.get(field.id))
        for field in call.site.custom_fields.values()
        if _may_see(call, field, course)
    ]


def _may_see(call: Call, field: rows.CustomField, course: rows.Course) -> bool:
    visibility = field.configdata.get("visibility", _EVERYBODY)
    if visibility == _TEACHERS:
        return access.may(call, "moodle/course:update", course.id)
    return bool(visibility == _EVERYBODY)


def _field_row(field: rows.CustomField, stored: str | None) -> dict[str, Any]:
    row: dict[str, Any] = {"name": field.name, "shortname": field.shortname, "type": field.type}
    if field.type == "number":
        number = float(stored) if stored else None
        whole = number is not None and number.is_integer()
        row["valueraw"] = int(number) if whole and number is not None else number
        row["value"] = None if number is None else _number_shown(field, number)
    elif field.type == "textarea":
        row |= {"valueraw": stored or "", "value": clean(text_to_html(stored)) if stored else None}
    else:
        row |= {"valueraw": stored or "", "value": encode_name(stored) if stored else None}
    return row


def _number_shown(field: rows.CustomField, number: float) -> str:
    config = field.configdata
    if number == 0 and config.get("displaywhenzero"):
        return str(config["displaywhenzero"])
    shown = f"{number:.{int(config.get('decimalplaces', 0))}f}"
    return str(config.get("display") or "{value}").replace("{value}", shown)


def _update_courses(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    """Course by course; what fails becomes a warning, the others are written."""
    warnings = []
    for wanted in args["courses"]:
        try:
            _update_course(call, wanted)
        except MoodleError as refusal:
            code = refusal.errorcode or "0"
            warnings.append(warning("course", wanted["id"], code, refusal.message))
    return {"warnings": warnings}


_GUARDED = {
    "fullname": "moodle/course:changefullname",
    "shortname": "moodle/course:changeshortname",
    "idnumber": "moodle/course:changeidnumber",
    "summary": "moodle/course:changesummary",
}


def _update_course(call: Call, wanted: dict[str, Any]) -> None:
    course = call.site.courses.get(wanted["id"])
    if course is None:
        raise missing("course")
    access.require_course(call, course.id)
    if course.id == access.SITE_COURSE:
        raise MoodleError("invalidcourse")
    access.require(call, "moodle/course:update", course.id)
    for name, capability in _GUARDED.items():
        changed = name in wanted and wanted[name] != getattr(course, name)
        if changed and not access.may(call, capability, course.id):
            raise permission_denied(roles.CAPABILITY_NAMES[capability])
    _check_unique(call, course, wanted)
    _write_fields(call, course, wanted.get("customfields", []))
    for name in (*_GUARDED, "visible", "startdate", "enddate", "groupmode"):
        if name in wanted:
            setattr(course, name, wanted[name])
    course.timemodified = call.now
    course.cacherev = max(call.now, course.cacherev + 1)


def _check_unique(call: Call, course: rows.Course, wanted: dict[str, Any]) -> None:
    for name, refusal in (("shortname", "shortnametaken"), ("idnumber", "courseidnumbertaken")):
        value = wanted.get(name)
        taken = [c for c in call.site.courses.values() if value and getattr(c, name) == value and c is not course]
        if taken:
            raise MoodleError(refusal, taken[0].fullname)


def _write_fields(call: Call, course: rows.Course, wanted: list[dict[str, str]]) -> None:
    """In the order of the fields. Unknown short names and locked fields are passed over without a word."""
    values = {field["shortname"]: field["value"] for field in wanted}
    for field in call.site.custom_fields.values():
        if field.shortname not in values:
            continue
        locked = field.configdata.get("locked")
        if locked and not access.may(call, "moodle/course:changelockedcustomfields", course.id):
            continue
        course.fields[field.id] = _checked(field, values[field.shortname])


def _checked(field: rows.CustomField, value: str) -> str:
    if field.type == "number":
        if value and not _NUMBER.match(value):
            raise MoodleError("invalidpersistenterror")
    elif field.type == "text":
        if clean_param_text(value) != value:
            raise MoodleError("invalidpersistenterror")
        if len(value) > _MAX_TEXT:
            raise MoodleError("dmlwriteexception")
    return value


_OPTIONAL: Mapping[str, Spec] = {
    "fullname": Value("text"),
    "shortname": Value("text"),
    "categoryid": Value("int"),
    "idnumber": Value("raw"),
    "summary": Value("raw"),
    "summaryformat": Value("int"),
    "format": Value("alphanumext"),
    "showgrades": Value("int"),
    "newsitems": Value("int"),
    "startdate": Value("int"),
    "enddate": Value("int"),
    "numsections": Value("int"),
    "maxbytes": Value("int"),
    "showreports": Value("int"),
    "visible": Value("int"),
    "hiddensections": Value("int"),
    "groupmode": Value("int"),
    "groupmodeforce": Value("int"),
    "defaultgroupingid": Value("int"),
    "enablecompletion": Value("int"),
    "completionnotify": Value("int"),
    "lang": Value("raw"),
    "forcetheme": Value("raw"),
    "courseformatoptions": ListOf(Fields({"name": Value("alphanumext"), "value": Value("raw")})),
    "customfields": ListOf(Fields({"shortname": Value("alphanumext"), "value": Value("raw")})),
}
_COURSE = Fields({"id": Value("int"), **_OPTIONAL}, left_out=frozenset(_OPTIONAL))

FUNCTIONS = (
    Function(
        "core_course_update_courses",
        {"courses": ListOf(_COURSE)},
        _update_courses,
        writes=True,
        version=CORE_VERSION,
    ),
)
