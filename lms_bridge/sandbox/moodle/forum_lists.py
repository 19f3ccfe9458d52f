"""mod_forum's readings: the discussions of a forum and the posts of a discussion."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from lms_bridge.sandbox.moodle import access, forum_access, forum_store, instances, post_files, rating_rows, rows
from lms_bridge.sandbox.moodle.call import Call, Function, warning
from lms_bridge.sandbox.moodle.formatting import format_message, format_name
from lms_bridge.sandbox.moodle.params import Value
from lms_bridge.sandbox.moodle.refusals import MoodleError, bad_parameter, php_error


def _get_forum_discussions(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    order = args["sortorder"]
    if order != -1 and order not in range(1, 7):
        raise bad_parameter(f"Invalid value for sortorder parameter (value: {order})")
    if call.site.activity_of("forum", args["forumid"]) is None:
        # Moodle 4.5: the sentence is the errorcode.
        sentence = f"Unable to find forum with id {args['forumid']}"
        raise MoodleError(sentence, message=f"error/{sentence}")
    forum = instances.find_activity(call, "forum", args["forumid"])
    if not forum_access.may(call, forum, "viewdiscussion"):
        raise MoodleError("noviewdiscussionspermission")
    found, warnings = _listed(call, forum, args["groupid"])
    found.sort(key=_sort_key(call, max(order, 1)))
    found.sort(key=lambda discussion: -discussion.pinned)
    page, perpage = max(args["page"], 0), args["perpage"]
    if perpage > 0:
        found = found[page * perpage : (page + 1) * perpage]
    return {"discussions": [_discussion_row(call, forum, one) for one in found], "warnings": warnings}


def _listed(call: Call, forum: rows.Activity, groupid: int) -> tuple[list[rows.Discussion], list[dict[str, Any]]]:
    """groupid 0: all that the caller sees; -1: all participants only; n: group n and all participants."""
    found = [one for one in call.site.discussions.values() if one.forum == forum.instance]
    everywhere = access.all_groups(call, forum) or forum.groupmode == access.VISIBLE_GROUPS
    if forum.groupmode == access.NO_GROUPS or (everywhere and not groupid):
        return found, []
    group = groupid or access.active_group(call, forum) or forum_store.ALL_PARTICIPANTS
    found = [one for one in found if one.groupid in {group, forum_store.ALL_PARTICIPANTS}]
    seen = [one for one in found if forum_access.can_see(call, forum, one)]
    hidden = [warning("post", one.firstpost, "1", "You can't see this discussion") for one in found if one not in seen]
    return seen, hidden


def _sort_key(call: Call, order: int) -> Callable[[rows.Discussion], tuple[int, int]]:
    def value(discussion: rows.Discussion) -> int:
        if order in (1, 2):
            return discussion.timemodified
        if order in (3, 4):
            return call.site.posts[discussion.firstpost].created
        return _replies(call, discussion)

    sign = -1 if order % 2 else 1
    return lambda discussion: (sign * value(discussion), sign * discussion.id)


def _replies(call: Call, discussion: rows.Discussion) -> int:
    return len(call.site.posts_of(discussion.id)) - 1


# Moodle 4.5: a forum of one single discussion does not say whose it is.
_WHOSE = (
    "usermodified",
    "userid",
    "userfullname",
    "usermodifiedfullname",
    "userpictureurl",
    "usermodifiedpictureurl",
)


def _discussion_row(call: Call, forum: rows.Activity, discussion: rows.Discussion) -> dict[str, Any]:
    site = call.site
    post = site.posts[discussion.firstpost]
    picture = f"{site.settings.wwwroot}/theme/image.php/boost/core/{site.settings.revision}/u/f2"
    message, messageformat = format_message(call, post, post_files.files_place(forum, "post", post))
    row: dict[str, Any] = {
        "id": post.id,
        "name": format_name(call, discussion.name),
        "groupid": discussion.groupid,
        "timemodified": discussion.timemodified,
        "usermodified": discussion.usermodified,
        "timestart": 0,
        "timeend": 0,
        "discussion": discussion.id,
        "parent": 0,
        "userid": post.userid,
        "created": post.created,
        "modified": post.modified,
        "mailed": 0,
        "subject": format_name(call, post.subject),
        "message": message,
        "messageformat": messageformat,
        "messagetrust": 0,
        "totalscore": 0,
        "mailnow": 0,
        "userfullname": site.users[post.userid].fullname,
        "usermodifiedfullname": site.users[discussion.usermodified].fullname,
        "userpictureurl": picture,
        "usermodifiedpictureurl": picture,
        "numreplies": _replies(call, discussion),
        "numunread": 0,
        "pinned": bool(discussion.pinned),
        "locked": bool(discussion.timelocked),
        "starred": False,
        "canreply": forum_access.can_reply(call, forum, discussion),
        "canlock": access.may(call, "moodle/course:manageactivities", forum.course),
        "canfavourite": forum_access.may(call, forum, "cantogglefavourite"),
    }
    if forum_access.kind_of(forum) == "single":
        row |= dict.fromkeys(_WHOSE)
    return row | post_files.files_of_row(call, forum, post)


def _get_discussion_posts(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    instances.one_of(args["sortby"], ("id", "created", "modified"), "sortby")
    instances.one_of(args["sortdirection"], ("ASC", "DESC"), "sortdirection")
    discussion = call.site.discussions.get(args["discussionid"])
    if discussion is None:
        raise php_error("Call to a member function get_forum_id() on null")
    forum = forum_access.enter(call, discussion)
    sort, backwards = args["sortby"], args["sortdirection"] == "DESC"
    posts = sorted(call.site.posts_of(discussion.id), key=lambda p: (getattr(p, sort), p.id), reverse=backwards)
    seen = [post for post in posts if forum_access.can_see_post(call, forum, discussion, post)]
    return {
        "posts": [post_row(call, forum, post, inline_files=args["includeinlineattachments"]) for post in seen],
        "forumid": forum.instance,
        "courseid": forum.course,
        "ratinginfo": rating_rows.of_items(call, forum, posts),
        "warnings": [],
    }


def post_row(call: Call, forum: rows.Activity, post: rows.Post, *, inline_files: bool = False) -> dict[str, Any]:
    """The post exporter."""
    discussion = call.site.discussions[post.discussion]
    message, messageformat = format_message(call, post, post_files.files_place(forum, "post", post))
    subject = format_name(call, post.subject)
    attachments = [
        {**post_files.stored_file(call, file), "urls": {"export": None}, "html": {"plagiarism": None}}
        for file in post_files.files(call, forum, "attachment", post)
    ]
    inline = post_files.files(call, forum, "post", post) if inline_files else []
    rights = _rights(call, forum, discussion, post)
    return {
        "id": post.id,
        "subject": subject,
        "replysubject": forum_store.reply_subject(subject),
        "message": message,
        "messageformat": messageformat,
        "author": _author(call, forum, post),
        "discussionid": discussion.id,
        "hasparent": bool(post.parent),
        "parentid": post.parent or None,
        "timecreated": post.created,
        "timemodified": post.modified,
        "unread": None,
        "isdeleted": False,
        "isprivatereply": False,
        "haswordcount": False,
        "wordcount": None,
        "charcount": None,
        "capabilities": rights,
        "urls": _post_addresses(call, post, rights),
        "attachments": attachments,
        "messageinlinefiles": [post_files.stored_file(call, file) for file in inline],
        "tags": [],
        "html": {
            "rating": rating_rows.html_of_post(call, forum, post),
            "taglist": None,
            "authorsubheading": _subheading(call, forum, post),
        },
    }


def _author(call: Call, forum: rows.Activity, post: rows.Post) -> dict[str, Any]:
    user, root = call.site.users[post.userid], call.site.settings.wwwroot
    groups = [group for group in call.site.groups_of(forum.course) if user.id in group.members]
    return {
        "id": user.id,
        "fullname": user.fullname,
        "isdeleted": False,
        "groups": [
            {
                "id": group.id,
                "name": group.name,
                "urls": {"image": None},
            }
            for group in groups
        ],
        "urls": {
            "profile": f"{root}/user/view.php?id={user.id}&course={forum.course}",
            "profileimage": f"{root}/theme/image.php/boost/core/{call.site.settings.revision}/u/f1",
        },
    }


def _rights(call: Call, forum: rows.Activity, discussion: rows.Discussion, post: rows.Post) -> dict[str, bool]:
    splits = forum_access.may(call, forum, "splitdiscussions")
    return {
        "view": True,
        "edit": forum_access.can_edit(call, forum, post),
        "delete": forum_access.can_delete(call, forum, post),
        "split": bool(post.parent) and splits and forum_access.kind_of(forum) != "single",
        "reply": forum_access.can_reply(call, forum, discussion),
        "selfenrol": False,
        "export": False,
        "controlreadstatus": False,
        "canreplyprivately": forum_access.may(call, forum, "postprivatereply"),
    }


def _post_addresses(call: Call, post: rows.Post, rights: dict[str, bool]) -> dict[str, str | None]:
    root = f"{call.site.settings.wwwroot}/mod/forum"
    discuss, act = f"{root}/discuss.php?d={post.discussion}", f"{root}/post.php"
    return {
        "view": f"{discuss}#p{post.id}",
        "viewisolated": f"{discuss}&parent={post.id}",
        "viewparent": f"{discuss}#p{post.parent}" if post.parent else None,
        "edit": f"{act}?edit={post.id}" if rights["edit"] else None,
        "delete": f"{act}?delete={post.id}" if rights["delete"] else None,
        "split": f"{act}?prune={post.id}" if rights["split"] else None,
        "reply": f"{act}?reply={post.id}#mformforum" if rights["reply"] else None,
        "export": None,
        "markasread": None,
        "markasunread": None,
        "discuss": discuss,
    }


def _subheading(call: Call, forum: rows.Activity, post: rows.Post) -> str:
    user = call.site.users[post.userid]
    when = datetime.fromtimestamp(post.created, UTC)
    address = f"{call.site.settings.wwwroot}/user/view.php?id={user.id}&course={forum.course}"
    return (
        f'by <a href="{address}">{user.fullname}</a> - <time datetime="{when.isoformat()}">'
        f"{when.strftime('%A, %-d %B %Y, %-I:%M %p')}</time>"
    )


FUNCTIONS = (
    Function(
        "mod_forum_get_forum_discussions",
        {
            "forumid": Value("int"),
            "sortorder": Value("int", -1),
            "page": Value("int", -1),
            "perpage": Value("int", 0),
            "groupid": Value("int", 0),
        },
        _get_forum_discussions,
    ),
    Function(
        "mod_forum_get_discussion_posts",
        {
            "discussionid": Value("int"),
            "sortby": Value("alpha", "created"),
            "sortdirection": Value("alpha", "DESC"),
            "includeinlineattachments": Value("bool", False),
        },
        _get_discussion_posts,
    ),
)
