"""The little that web services may change about activities and sections: names, and their end."""

from typing import Any

from lms_bridge.sandbox.moodle import access, course_contents, rows
from lms_bridge.sandbox.moodle.call import Call, Function
from lms_bridge.sandbox.moodle.params import ListOf, Value, as_int
from lms_bridge.sandbox.moodle.refusals import MoodleError, missing
from lms_bridge.sandbox.moodle.site_info import CORE_VERSION

_SINGULARS = {"forum": "Forum", "wiki": "Wiki", "data": "Database", "page": "Page", "glossary": "Glossary"}


def _update_inplace(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    itemid, value = as_int(args["itemid"]) or 0, args["value"]
    if (args["component"], args["itemtype"]) == ("core_course", "activityname"):
        return _rename_activity(call, itemid, value)
    if args["component"].startswith("format_") and args["itemtype"] == "sectionname":
        return _rename_section(call, args["component"], itemid, value)
    raise MoodleError("inplaceeditableerror", message="Error calling update processor")


def _rename_activity(call: Call, cmid: int, name: str) -> dict[str, Any]:
    activity = call.site.activities.get(cmid)
    if activity is None:
        raise MoodleError("invalidcoursemodule")
    access.require_activity(call, activity)
    access.require(call, "moodle/course:manageactivities", activity.course)
    if name:
        activity.name = name
        activity.settings["timemodified"] = call.now
    kind = _SINGULARS.get(activity.modname, activity.modname)
    address = f"{call.site.settings.wwwroot}/mod/{activity.modname}/view.php?id={cmid}"
    shown = (
        f'<a href="{address}" class=" aalink stretched-link" onclick="">        <span class="instancename">'
        f'{activity.name} <span class="accesshide " > {kind}</span></span>    </a>'
    )
    texts = ("Edit title", f"New name for activity {activity.name}")
    return _inplace(("core_course", "activityname", str(cmid)), (activity.name, shown), texts)


def _rename_section(call: Call, component: str, sectionid: int, name: str) -> dict[str, Any]:
    section = call.site.sections.get(sectionid)
    if section is None:
        raise missing("course_sections")
    access.require_course(call, section.course)
    access.require(call, "moodle/course:update", section.course)
    section.name = name or None
    title = course_contents.section_name(section)
    shown = f'<a href="{call.site.settings.wwwroot}/course/section.php?id={sectionid}">{title}</a>'
    texts = ("Edit section name", f"New name for section {title}")
    return _inplace((component, "sectionname", str(sectionid)), (name, shown), texts)


def _inplace(what: tuple[str, str, str], value: tuple[str, str], texts: tuple[str, str]) -> dict[str, Any]:
    component, itemtype, itemid = what
    hint, label = texts
    return {
        "displayvalue": value[1],
        "component": component,
        "itemtype": itemtype,
        "value": value[0],
        "itemid": itemid,
        "edithint": hint,
        "editlabel": label,
        "editicon": {"key": "t/editstring", "component": "moodle", "title": hint},
        "type": "text",
        "options": "",
        "linkeverything": 0,
    }


def _delete_modules(call: Call, args: dict[str, Any]) -> None:
    for cmid in args["cmids"]:
        activity = call.site.activities.get(cmid)
        if activity is None:
            raise MoodleError("invalidcoursemodule")
        access.require_activity(call, activity)
        access.require(call, "moodle/course:manageactivities", activity.course)
        remove_activity(call, activity)


def remove_activity(call: Call, activity: rows.Activity) -> None:
    del call.site.activities[activity.cmid]
    section = call.site.sections[activity.section]
    section.sequence = [cmid for cmid in section.sequence if cmid != activity.cmid]


def _create_module(call: Call, args: dict[str, Any]) -> None:
    access.require_course(call, args["courseid"])
    access.require(call, "moodle/course:manageactivities", args["courseid"])
    sentence = f"Module {args['modname']} does not support quick creation"
    # Moodle 4.5: the sentence is the errorcode.
    raise MoodleError(sentence, message=f"error/{sentence}")


_INT = Value("int")

FUNCTIONS = (
    Function(
        "core_update_inplace_editable",
        {
            "component": Value("alphanumext"),
            "itemtype": Value("alphanumext"),
            "itemid": Value("raw"),
            "value": Value("raw"),
        },
        _update_inplace,
        writes=True,
        version=CORE_VERSION,
    ),
    Function(
        "core_course_delete_modules",
        {"cmids": ListOf(_INT)},
        _delete_modules,
        writes=True,
        version=CORE_VERSION,
    ),
    Function(
        "core_courseformat_create_module",
        {
            "courseid": _INT,
            "modname": Value("alphanumext"),
            "targetsectionnum": _INT,
            "targetcmid": Value("int", None),
        },
        _create_module,
        writes=True,
        version=CORE_VERSION,
    ),
)
