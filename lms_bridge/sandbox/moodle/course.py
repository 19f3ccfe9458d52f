"""Courses: finding them and reading what they say of themselves."""

from typing import Any

from lms_bridge.sandbox.moodle import access, custom_fields, rows
from lms_bridge.sandbox.moodle.call import Call, Function
from lms_bridge.sandbox.moodle.collation import same_text
from lms_bridge.sandbox.moodle.formatting import format_name, format_text
from lms_bridge.sandbox.moodle.params import Value, as_int
from lms_bridge.sandbox.moodle.refusals import MoodleError, bad_parameter, php_error
from lms_bridge.sandbox.moodle.site_info import CORE_VERSION

_FILTERS = ("displayh5p", "activitynames", "mathjaxloader", "emoticon", "urltolink", "mediaplugin")
_FORMAT_OPTIONS = (("hiddensections", 1), ("coursedisplay", 0), ("indentation", "1"))


def _get_courses_by_field(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    found = _find(call, args["field"], args["value"])
    visible = [course for course in found if access.can_see_course(call, course)]
    return {"courses": [_course_row(call, course) for course in visible], "warnings": []}


def _find(call: Call, field: str, value: str) -> list[rows.Course]:
    courses = [call.site.courses[courseid] for courseid in sorted(call.site.courses)]
    match field:
        case "":
            return courses
        case "id":
            return [course for course in courses if str(course.id) == value]
        case "ids":
            wanted = [as_int(part.strip()) or 0 for part in value.split(",")]
            if any(courseid not in call.site.courses for courseid in wanted):
                # Moodle 4.5: one id too many, and PHP itself fails.
                raise php_error('Attempt to assign property "contextvalidated" on null')
            return [course for course in courses if course.id in wanted]
        case "shortname" | "idnumber":
            return [course for course in courses if same_text(call.site, getattr(course, field), value)]
        case "category":
            return [course for course in courses if str(course.category) == value]
        case "sectionid":
            section = call.site.sections.get(as_int(value) or 0)
            return [call.site.courses[section.course]] if section else []
    raise bad_parameter("Invalid field name")


def _can_enter(call: Call, course: rows.Course) -> bool:
    """A person who must first agree to something or change a password enters nothing, but finds everything."""
    try:
        access.require_account(call)
    except MoodleError:
        return False
    return access.can_enter(call, course)


def _course_row(call: Call, course: rows.Course) -> dict[str, Any]:
    row = _public_row(call, course)
    if not _can_enter(call, course):
        return row
    may_update = access.may(call, "moodle/course:update", course.id)
    if may_update:
        row["idnumber"] = course.idnumber
    row |= _inner_row(course)
    if may_update:
        row |= {
            "legacyfiles": 0,
            "calendartype": "",
            "timecreated": course.timecreated,
            "timemodified": course.timemodified,
            "requested": 0,
            "cacherev": course.cacherev,
        }
    row["filters"] = [{"filter": name, "localstate": 0, "inheritedstate": 1} for name in _active_filters(call)]
    if course.id != access.SITE_COURSE:
        row["courseformatoptions"] = [{"name": name, "value": value} for name, value in _FORMAT_OPTIONS]
    return row


def _active_filters(call: Call) -> list[str]:
    more = [name for name in ("multilang",) if name in call.site.settings.filters]
    return [*_FILTERS, *more]


def _public_row(call: Call, course: rows.Course) -> dict[str, Any]:
    is_site = course.id == access.SITE_COURSE
    category = call.site.categories.get(course.category)
    fullname = format_name(call, course.fullname)
    root = call.site.settings.wwwroot
    teachers = call.site.people_of(course.id, "editingteacher")
    return {
        "id": course.id,
        "fullname": fullname,
        "displayname": fullname,
        "shortname": format_name(call, course.shortname),
        "courseimage": f"{root}/pluginfile.php/{course.contextid}/course/generated/course.svg",
        "categoryid": course.category,
        "categoryname": format_name(call, category.name) if category else "",
        "sortorder": course.sortorder,
        "summary": format_text(call, course.summary, f"{course.contextid}/course/summary"),
        "summaryformat": 0 if is_site else 1,
        "summaryfiles": [],
        "overviewfiles": [],
        "showactivitydates": False,
        "showcompletionconditions": None if is_site else True,
        "contacts": [{"id": teacher.id, "fullname": teacher.fullname} for teacher in teachers],
        "enrollmentmethods": [] if is_site else ["manual"],
        "customfields": custom_fields.shown_fields(call, course),
    }


def _inner_row(course: rows.Course) -> dict[str, Any]:
    return {
        "format": course.format,
        "showgrades": 1,
        "newsitems": 3 if course.id == access.SITE_COURSE else 0,
        "startdate": course.startdate,
        "enddate": course.enddate,
        "maxbytes": 0,
        "showreports": 0,
        "visible": course.visible,
        "groupmode": course.groupmode,
        "groupmodeforce": 0,
        "defaultgroupingid": 0,
        "enablecompletion": course.enablecompletion,
        "completionnotify": 0,
        "lang": "",
        "theme": "",
        "marker": 0,
    }


FUNCTIONS = (
    Function(
        "core_course_get_courses_by_field",
        {"field": Value("alpha", ""), "value": Value("raw", "")},
        _get_courses_by_field,
        version=CORE_VERSION,
    ),
)
