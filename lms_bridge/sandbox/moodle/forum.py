"""mod_forum about forums as such: the list, the caller's rights, pins and locks."""

from typing import Any

from lms_bridge.sandbox.moodle import access, forum_access, forum_store, instances, rows
from lms_bridge.sandbox.moodle.call import Call, Function
from lms_bridge.sandbox.moodle.formatting import format_name, format_text
from lms_bridge.sandbox.moodle.params import ListOf, Value
from lms_bridge.sandbox.moodle.refusals import MoodleError, php_error

_CAPABILITIES = (
    "addinstance",
    "viewdiscussion",
    "viewhiddentimedposts",
    "startdiscussion",
    "replypost",
    "addnews",
    "replynews",
    "viewrating",
    "viewanyrating",
    "viewallratings",
    "rate",
    "postprivatereply",
    "readprivatereplies",
    "createattachment",
    "deleteownpost",
    "deleteanypost",
    "splitdiscussions",
    "movediscussions",
    "pindiscussions",
    "editanypost",
    "viewqandawithoutposting",
    "viewsubscribers",
    "managesubscriptions",
    "postwithoutthrottling",
    "exportdiscussion",
    "exportforum",
    "exportpost",
    "exportownpost",
    "addquestion",
    "allowforcesubscribe",
    "canposttomygroups",
    "canoverridediscussionlock",
    "canoverridecutoff",
    "cantogglefavourite",
    "grade",
    "canmailnow",
)
_ZEROS = (
    "duedate",
    "cutoffdate",
    "assessed",
    "assesstimestart",
    "assesstimefinish",
    "scale",
    "grade_forum",
    "grade_forum_notify",
    "maxbytes",
    "maxattachments",
    "forcesubscribe",
    "trackingtype",
    "rsstype",
    "rssarticles",
    "timemodified",
    "warnafter",
    "blockafter",
    "blockperiod",
    "completiondiscussions",
    "completionreplies",
    "completionposts",
    "lockdiscussionafter",
)


def _get_forums_by_courses(call: Call, args: dict[str, Any]) -> list[dict[str, Any]]:
    """A bare list: courses that cannot be entered are left out without a warning."""
    courses, _ = instances.usable_courses(call, instances.wished_courses(call, args["courseids"]))
    return [
        _forum_row(call, forum)
        for forum in instances.visible_activities(call, courses, "forum")
        if forum_access.may(call, forum, "viewdiscussion")
    ]


def _forum_row(call: Call, forum: rows.Activity) -> dict[str, Any]:
    settings = forum.settings
    group = access.active_group(call, forum) or forum_store.ALL_PARTICIPANTS
    return {
        "id": forum.instance,
        "course": forum.course,
        "type": forum_access.kind_of(forum),
        "name": format_name(call, forum.name),
        "intro": format_text(call, settings.get("intro", ""), f"{forum.contextid}/mod_forum/intro"),
        "introformat": 1,
        "introfiles": [],
        "lang": "",
        **{name: settings.get(name, 0) for name in _ZEROS},
        "cmid": forum.cmid,
        "numdiscussions": sum(d.forum == forum.instance for d in call.site.discussions.values()),
        "cancreatediscussions": forum_access.can_start(call, forum, group),
        "istracked": False,
    }


def _get_access_information(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    forum = instances.find_activity(call, "forum", args["forumid"])
    rights = {f"can{name}": forum_access.may(call, forum, name) for name in _CAPABILITIES}
    return {"warnings": [], **rights}


def _can_add_discussion(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    """Says nothing of throttling: true may still end in `forumblockingtoomanyposts`."""
    forum = instances.find_activity(call, "forum", args["forumid"])
    groupid = args["groupid"]
    if not groupid:
        groupid = access.active_group(call, forum) or forum_store.ALL_PARTICIPANTS
    return {
        "status": forum_access.can_start(call, forum, groupid),
        "canpindiscussions": forum_access.may(call, forum, "pindiscussions"),
        "cancreateattachment": forum_access.may(call, forum, "createattachment"),
        "warnings": [],
    }


def _set_pin_state(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    discussion = call.site.discussions.get(args["discussionid"])
    if discussion is None:
        raise php_error("Call to a member function get_forum_id() on null")
    forum = forum_access.enter(call, discussion)
    if not forum_access.may(call, forum, "pindiscussions"):
        raise MoodleError("cannotpindiscussions")
    discussion.pinned = int(bool(args["targetstate"]))
    return _discussion_summary(call, forum, discussion)


def _set_lock_state(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    """Moodle 4.5: 0 locks and 1 unlocks."""
    forum = call.site.activity_of("forum", args["forumid"])
    if forum is None:
        raise php_error(
            "mod_forum\\local\\factories\\manager::get_capability_manager(): Argument #1 ($forum) must be of"
            " type mod_forum\\local\\entities\\forum, null given",
            "TypeError",
        )
    access.require_activity(call, forum)
    if not access.may(call, "moodle/course:manageactivities", forum.course):
        raise MoodleError("errorcannotlock")
    discussion = call.site.discussions.get(args["discussionid"])
    if discussion is None:
        raise php_error("Call to a member function toggle_locked_state() on null")
    discussion.timelocked = 0 if args["targetstate"] else call.now
    return {
        "id": discussion.id,
        "locked": bool(discussion.timelocked),
        "times": {"locked": discussion.timelocked},
    }


def _discussion_summary(call: Call, forum: rows.Activity, discussion: rows.Discussion) -> dict[str, Any]:
    root = f"{call.site.settings.wwwroot}/mod/forum"
    view = f"{root}/discuss.php?d={discussion.id}"
    return {
        "id": discussion.id,
        "forumid": forum.instance,
        "pinned": bool(discussion.pinned),
        "locked": bool(discussion.timelocked),
        "istimelocked": False,
        "name": format_name(call, discussion.name),
        "firstpostid": discussion.firstpost,
        "times": {
            "modified": discussion.timemodified,
            "start": 0,
            "end": 0,
            "locked": discussion.timelocked,
        },
        "userstate": {"subscribed": call.user.id in discussion.subscribers, "favourited": False},
        "capabilities": {
            "subscribe": False,
            "move": forum_access.may(call, forum, "movediscussions"),
            "pin": forum_access.may(call, forum, "pindiscussions"),
            "post": forum_access.can_reply(call, forum, discussion),
            "manage": access.may(call, "moodle/course:manageactivities", forum.course),
            "favourite": forum_access.may(call, forum, "cantogglefavourite"),
        },
        "urls": {
            "view": view,
            "viewfirstunread": f"{view}#unread",
            "markasread": f"{root}/markposts.php?f={forum.instance}&d={discussion.id}&mark=read",
            "subscribe": f"{root}/subscribe.php?id={forum.instance}&d={discussion.id}",
            "pin": f"discuss.php?d={discussion.id}&pin={int(not discussion.pinned)}",
        },
        "timed": {"istimed": False, "visible": True},
    }


_INT = Value("int")

FUNCTIONS = (
    Function("mod_forum_get_forums_by_courses", {"courseids": ListOf(_INT, [])}, _get_forums_by_courses),
    Function("mod_forum_get_forum_access_information", {"forumid": _INT}, _get_access_information),
    Function("mod_forum_can_add_discussion", {"forumid": _INT, "groupid": Value("int", None)}, _can_add_discussion),
    Function(
        "mod_forum_set_pin_state",
        {"discussionid": _INT, "targetstate": _INT},
        _set_pin_state,
        writes=True,
    ),
    Function(
        "mod_forum_set_lock_state",
        {"forumid": _INT, "discussionid": _INT, "targetstate": _INT},
        _set_lock_state,
        writes=True,
    ),
)
