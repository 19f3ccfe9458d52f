"""What a course page holds: sections and activities, and one activity's own record."""

import json
from typing import Any

from lms_bridge.sandbox.moodle import access, instances, rows
from lms_bridge.sandbox.moodle.call import Call, Function
from lms_bridge.sandbox.moodle.formatting import format_name, format_text
from lms_bridge.sandbox.moodle.params import Fields, ListOf, Value
from lms_bridge.sandbox.moodle.refusals import MoodleError, missing
from lms_bridge.sandbox.moodle.site_info import CORE_VERSION

_OPTIONS = (
    "excludemodules",
    "excludecontents",
    "includestealthmodules",
    "sectionid",
    "sectionnumber",
    "cmid",
    "modname",
    "modid",
)
_PLURALS = {
    "forum": "Forums",
    "wiki": "Wikis",
    "data": "Databases",
    "label": "Text and media areas",
    "page": "Pages",
    "glossary": "Glossaries",
    "feedback": "Feedback",
}
_CONTENT = {"label", "page", "url", "resource", "folder", "book"}
# Ids of the module table on a stock 4.5: its modules in alphabetical order.
_MODULE_IDS = {"data": 6, "feedback": 7, "forum": 9, "glossary": 10, "label": 13, "page": 16, "wiki": 23}


def _get_contents(call: Call, args: dict[str, Any]) -> list[dict[str, Any]]:
    options = {option["name"]: str(option["value"]) for option in args["options"]}
    for name in options:
        if name not in _OPTIONS:
            raise MoodleError("errorinvalidparam", name)
    course = call.site.courses.get(args["courseid"])
    if course is None:
        raise missing("course")
    try:
        access.require_course(call, course.id)
    except MoodleError as refusal:
        if refusal.errorcode != "requireloginerror":
            raise
        raise MoodleError("errorcoursecontextnotvalid", str(course.id)) from refusal
    sections = sorted(call.site.sections_of(course.id), key=lambda section: section.number)
    return [
        _section_row(call, section, options)
        for section in sections
        if options.get("sectionid", str(section.id)) == str(section.id)
        and options.get("sectionnumber", str(section.number)) == str(section.number)
    ]


def section_name(section: rows.Section) -> str:
    if section.name:
        return section.name
    return "New section" if section.number else "General"


def _section_row(call: Call, section: rows.Section, options: dict[str, str]) -> dict[str, Any]:
    activities = [call.site.activities[cmid] for cmid in section.sequence if cmid in call.site.activities]
    wanted = [
        activity
        for activity in activities
        if access.can_see_activity(call, activity)
        and options.get("cmid", str(activity.cmid)) == str(activity.cmid)
        and options.get("modname", activity.modname) == activity.modname
        and options.get("modid", str(activity.instance)) == str(activity.instance)
    ]
    if options.get("excludemodules") == "1":
        wanted = []
    with_contents = options.get("excludecontents") != "1"
    return {
        "id": section.id,
        "name": format_name(call, section_name(section)),
        "visible": 1,
        "summary": "",
        "summaryformat": 1,
        "section": section.number,
        "hiddenbynumsections": 0,
        "uservisible": True,
        "component": None,
        "itemid": None,
        "modules": [_module_row(call, activity, with_contents) for activity in wanted],
    }


def _module_row(call: Call, activity: rows.Activity, with_contents: bool) -> dict[str, Any]:
    site, name = call.site, activity.modname
    root = site.settings.wwwroot
    row: dict[str, Any] = {
        "id": activity.cmid,
        "url": f"{root}/mod/{name}/view.php?id={activity.cmid}",
        "name": format_name(call, activity.name),
        "instance": activity.instance,
        "contextid": activity.contextid,
        "visible": activity.visible,
        "uservisible": True,
        "visibleoncoursepage": 1,
        "modicon": f"{root}/theme/image.php/boost/{name}/{site.settings.revision}/monologo?filtericon=1",
        "modname": name,
        "purpose": "content" if name in _CONTENT else "collaboration",
        "branded": False,
        "modplural": _PLURALS.get(name, name),
        "indent": 0,
        "onclick": "",
        "afterlink": None,
        "customdata": '""',
        "noviewlink": name == "label",
        "completion": activity.completion,
        "downloadcontent": 1,
        "dates": [],
        "groupmode": activity.groupmode,
    }
    if name == "label":
        del row["url"]
    if access.may(call, "moodle/course:update", activity.course):
        row["availability"] = None
    return row | _by_kind(call, activity, with_contents)


def _by_kind(call: Call, activity: rows.Activity, with_contents: bool) -> dict[str, Any]:
    """What only some kinds of activity say of themselves."""
    match activity.modname:
        case "forum":
            tracking = {"trackingtype": str(activity.settings.get("trackingtype", 1))}
            return {"activitybadge": [], "customdata": json.dumps(tracking, separators=(",", ":"))}
        case "label":
            intro = format_text(call, activity.settings.get("intro", ""))
            return {"description": f'<div class="no-overflow">{intro}</div>'}
        case "page" if with_contents:
            return _page_contents(call, activity)
    return {}


def _page_contents(call: Call, page: rows.Activity) -> dict[str, Any]:
    place = f"{call.site.settings.wwwroot}/webservice/pluginfile.php/{page.contextid}/mod_page/content"
    changed = page.settings.get("timemodified", page.added)
    index = {
        "type": "file",
        "filename": "index.html",
        "filepath": "/",
        "filesize": 0,
        "fileurl": f"{place}/index.html?forcedownload=1",
        "timecreated": None,
        "timemodified": changed,
        "sortorder": 1,
        "userid": None,
        "author": None,
        "license": None,
    }
    summary = {
        "filescount": 1,
        "filessize": 0,
        "lastmodified": changed,
        "mimetypes": [],
        "repositorytype": "",
    }
    return {"contents": [index], "contentsinfo": summary}


def _get_course_module(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    activity = call.site.activities.get(args["cmid"])
    return _activity_record(call, activity)


def _get_course_module_by_instance(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    return _activity_record(call, call.site.activity_of(args["module"], args["instance"]))


def _activity_record(call: Call, activity: rows.Activity | None) -> dict[str, Any]:
    """The idnumber is told only to those who may manage activities."""
    if activity is None:
        raise MoodleError("invalidrecordunknown")
    access.require_activity(call, activity)
    row: dict[str, Any] = {
        "id": activity.cmid,
        "course": activity.course,
        "module": _MODULE_IDS.get(activity.modname, 0),
        "name": format_name(call, activity.name),
        "modname": activity.modname,
        "instance": activity.instance,
        "section": activity.section,
        "sectionnum": instances.section_number(call, activity),
        "groupmode": activity.groupmode,
        "groupingid": activity.groupingid,
        "completion": activity.completion,
    }
    if access.may(call, "moodle/course:manageactivities", activity.course):
        row |= _managed_fields(call, activity)
    else:
        row["downloadcontent"] = 1
    return {"cm": row, "warnings": []}


def _managed_fields(call: Call, activity: rows.Activity) -> dict[str, Any]:
    row: dict[str, Any] = {
        "idnumber": activity.idnumber,
        "added": activity.added,
        "score": 0,
        "indent": 0,
        "visible": activity.visible,
        "visibleoncoursepage": 1,
        "visibleold": activity.visible,
        "completiongradeitemnumber": None,
        "completionpassgrade": 0,
        "completionview": 0,
        "completionexpected": 0,
        "showdescription": 0,
        "downloadcontent": 1,
        "availability": None,
    }
    if activity.settings.get("assessed"):
        row |= {"gradepass": "0.00", "gradecat": _grade_category(call, activity)}
    return row


def _grade_category(call: Call, activity: rows.Activity) -> int:
    """Courses get their grade category with their first graded activity."""
    graded = dict.fromkeys(
        other.course for _, other in sorted(call.site.activities.items()) if other.settings.get("assessed")
    )
    return list(graded).index(activity.course) + 1


FUNCTIONS = (
    Function(
        "core_course_get_contents",
        {
            "courseid": Value("int"),
            "options": ListOf(Fields({"name": Value("alphanumext"), "value": Value("raw")}), []),
        },
        _get_contents,
        version=CORE_VERSION,
    ),
    Function("core_course_get_course_module", {"cmid": Value("int")}, _get_course_module, version=CORE_VERSION),
    Function(
        "core_course_get_course_module_by_instance",
        {"module": Value("alphanumext"), "instance": Value("int")},
        _get_course_module_by_instance,
        version=CORE_VERSION,
    ),
)
