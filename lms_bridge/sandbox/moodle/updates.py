"""What changed in a course since a moment: core_course_check_updates and its sister."""

from collections.abc import Iterable
from typing import Any

from lms_bridge.sandbox.moodle import access, data_lists, forum_access, rating_rows, rows
from lms_bridge.sandbox.moodle.call import Call, Function, warning
from lms_bridge.sandbox.moodle.params import Fields, ListOf, Value
from lms_bridge.sandbox.moodle.site_info import CORE_VERSION


def _check_updates(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    course = access.require_course(call, args["courseid"])
    instances, warnings = [], []
    for asked in args["tocheck"]:
        cmid, level = asked["id"], asked["contextlevel"]
        if level != "module":
            text = f"Context level not yet supported {level}"
            warnings.append(warning("contextlevel", cmid, "contextlevelnotsupported", text))
            continue
        activity = call.site.activities.get(cmid)
        if activity is None or activity.course != course.id:
            text = "This module id does not belong to this course."
            warnings.append(warning("module", cmid, "cmidnotincourse", text))
        elif access.can_see_activity(call, activity):
            instances += _instance(call, activity, asked["since"], args["filter"])
    return {"instances": instances, "warnings": warnings}


def _get_updates_since(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    course = access.require_course(call, args["courseid"])
    visible = (a for a in call.site.activities_of(course.id) if access.can_see_activity(call, a))
    instances = [row for activity in visible for row in _instance(call, activity, args["since"], args["filter"])]
    return {"instances": instances, "warnings": []}


def _instance(call: Call, activity: rows.Activity, since: int, wanted: list[str]) -> list[dict[str, Any]]:
    updates = [u for u in _updates(call, activity, since) if not wanted or u["name"] in wanted]
    return [{"contextlevel": "module", "id": activity.cmid, "updates": updates}] if updates else []


def _updates(call: Call, activity: rows.Activity, since: int) -> Iterable[dict[str, Any]]:
    changed = int(activity.settings.get("timemodified", 0))
    if changed > since > 0:
        yield {"name": "configuration", "timeupdated": changed}
    if _was_graded(call, activity, since):
        yield {"name": "gradeitems", "itemids": [_grade_item(call, activity)]}
    found = [("comments", _comments(call, activity, since)), ("ratings", _ratings(call, activity, since))]
    match activity.modname:
        case "forum":
            found.append(("discussions", _discussions(call, activity, since)))
        case "wiki":
            found.append(("pages", _pages(call, activity, since)))
        case "data":
            found.append(("entries", _entries(call, activity, since)))
    for name, ids in found:
        if ids:
            yield {"name": name, "itemids": ids}


def _discussions(call: Call, forum: rows.Activity, since: int) -> list[int]:
    """First posts of discussions with something new in them; an edited post is nothing new."""
    changed = [
        discussion
        for discussion in call.site.discussions.values()
        if discussion.forum == forum.instance
        and discussion.timemodified > since
        and forum_access.can_see(call, forum, discussion)
    ]
    changed.sort(key=lambda discussion: -discussion.timemodified)
    return [discussion.firstpost for discussion in changed]


def _pages(call: Call, wiki: rows.Activity, since: int) -> list[int]:
    subwikis = {subwiki.id for subwiki in call.site.subwikis.values() if subwiki.wikiid == wiki.instance}
    pages = call.site.wiki_pages.values()
    return [page.id for page in pages if page.subwikiid in subwikis and page.timemodified > since]


def _entries(call: Call, database: rows.Activity, since: int) -> list[int]:
    """Moodle 4.5: `>=` here, `>` for forums and wikis."""
    return [entry.id for entry in data_lists.entries_of(call, database) if entry.timemodified >= since]


def _comments(call: Call, activity: rows.Activity, since: int) -> list[int]:
    return [
        comment.id
        for comment in call.site.comments.values()
        if comment.contextid == activity.contextid and comment.timecreated > since
    ]


def _ratings(call: Call, activity: rows.Activity, since: int) -> list[int]:
    if not access.may(call, f"mod/{activity.modname}:viewanyrating", activity.course):
        return []
    return [rating.id for rating in _recent(call, activity, since)]


def _recent(call: Call, activity: rows.Activity, since: int) -> list[rows.Rating]:
    return [
        rating
        for rating in call.site.ratings.values()
        if rating.contextid == activity.contextid and rating.timemodified > since
    ]


def _was_graded(call: Call, activity: rows.Activity, since: int) -> bool:
    """A rating makes a grade for the author of what was rated, and the author sees that the grade changed."""
    authors = (rating_rows.author_of(call.site, rating) for rating in _recent(call, activity, since))
    return call.user.id in authors


def _grade_item(call: Call, activity: rows.Activity) -> int:
    """Grade items are numbered as activities are made, each course's total before its first."""
    number, totalled = 0, set()
    for cmid in sorted(call.site.activities):
        other = call.site.activities[cmid]
        if not other.settings.get("assessed"):
            continue
        number += 1 if other.course in totalled else 2
        totalled.add(other.course)
        if other is activity:
            break
    return number


_FILTER = ListOf(Value("alphanumext"), [])

FUNCTIONS = (
    Function(
        "core_course_check_updates",
        {
            "courseid": Value("int"),
            "tocheck": ListOf(Fields({"contextlevel": Value("alpha"), "id": Value("int"), "since": Value("int")})),
            "filter": _FILTER,
        },
        _check_updates,
        version=CORE_VERSION,
    ),
    Function(
        "core_course_get_updates_since",
        {"courseid": Value("int"), "since": Value("int"), "filter": _FILTER},
        _get_updates_since,
        version=CORE_VERSION,
    ),
)
