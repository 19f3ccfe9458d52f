"""mod_forum's writings: discussions, replies, edits, deletions."""

from typing import Any

from lms_bridge.sandbox.moodle import access, file_store, forum_access, forum_lists, forum_store, instances, rows
from lms_bridge.sandbox.moodle.call import Call, Function
from lms_bridge.sandbox.moodle.formatting import HTML, clean_for_storing
from lms_bridge.sandbox.moodle.params import Fields, ListOf, Value, as_int
from lms_bridge.sandbox.moodle.refusals import MoodleError


def _read_options(given: list[dict[str, Any]], known: tuple[str, ...]) -> dict[str, int]:
    """Values are cleaned like PHP's (int) and PARAM_BOOL; unknown names are refused."""
    options: dict[str, int] = {}
    for option in given:
        name, value = option["name"], str(option["value"])
        if name not in known:
            raise MoodleError("errorinvalidparam", name)
        options[name] = as_int(value) or 0
    return options


_FILE_OPTIONS = ("inlineattachmentsid", "attachmentsid")


def _add_discussion(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    forum = instances.find_activity(call, "forum", args["forumid"])
    known = ("discussionsubscribe", "discussionpinned", *_FILE_OPTIONS)
    options = _read_options(args["options"], known)
    groupid = args["groupid"]
    if forum.groupmode == access.NO_GROUPS:
        groupid = forum_store.ALL_PARTICIPANTS
    elif not groupid:
        groupid = access.active_group(call, forum)
    if not forum_access.can_start(call, forum, groupid):
        raise MoodleError("cannotcreatediscussion")
    forum_access.check_throttle(call, forum)
    pinned = bool(options.get("discussionpinned")) and forum_access.may(call, forum, "pindiscussions")
    discussion = forum_store.add_discussion(
        call.site, forum.instance, call.user, (args["subject"], args["message"]), groupid, pinned=pinned
    )
    _take_files(call, forum, call.site.posts[discussion.firstpost], options)
    if options.get("discussionsubscribe", 1):
        discussion.subscribers.add(call.user.id)
    return {"discussionid": discussion.id, "warnings": []}


def _take_files(call: Call, forum: rows.Activity, post: rows.Post, options: dict[str, int]) -> None:
    """Inline files always; attachments only with the right to attach, and silently not without."""
    inline = options.get("inlineattachmentsid")
    if inline:
        file_store.take_draft(call.site, call.user, inline, (forum.contextid, "mod_forum", "post", post.id))
        post.message = file_store.draft_addresses_to_placeholders(call.site, call.user, inline, post.message)
    attached = options.get("attachmentsid")
    if attached and forum_access.may(call, forum, "createattachment"):
        place = (forum.contextid, "mod_forum", "attachment", post.id)
        file_store.take_draft(call.site, call.user, attached, place)


def _add_discussion_post(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    known = ("discussionsubscribe", "private", "topreferredformat", *_FILE_OPTIONS)
    parent = call.site.posts.get(args["postid"])
    if parent is None:
        raise MoodleError("invalidparentpostid")
    discussion = call.site.discussions[parent.discussion]
    forum = forum_access.enter(call, discussion)
    options = _read_options(args["options"], known)
    if not forum_access.can_reply(call, forum, discussion):
        raise MoodleError("nopostforum")
    forum_access.check_throttle(call, forum)
    text = (args["subject"], args["message"], args["messageformat"])
    post = forum_store.add_post(call.site, parent, call.user, text)
    _take_files(call, forum, post, options)
    minutes = call.site.settings.maxeditingtime // 60
    said = (
        "Your post was successfully added.",
        f"You have {minutes} mins to edit it if you want to make any changes.",
    )
    return {
        "postid": post.id,
        "warnings": [],
        "post": forum_lists.post_row(call, forum, post),
        "messages": [{"type": "success", "message": text} for text in said],
    }


def _update_post(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    post = call.site.posts.get(args["postid"])
    if post is None:
        raise MoodleError("invalidpostid")
    discussion = call.site.discussions[post.discussion]
    forum = forum_access.enter(call, discussion)
    if not forum_access.can_edit(call, forum, post):
        raise MoodleError("cannotupdatepost")
    options = _read_options(args["options"], ("pinned", "discussionsubscribe", *_FILE_OPTIONS))
    if len(args["subject"]) > forum_store.MAX_SUBJECT:
        raise MoodleError("dmlwriteexception")
    if args["subject"]:
        post.subject = args["subject"]
    if args["message"]:
        # Moodle 4.5: trusttext_pre_edit. An update cleans before it stores, a create does not.
        post.messageformat = args["messageformat"]
        is_html = post.messageformat == HTML
        post.message = clean_for_storing(args["message"]) if is_html else args["message"]
    post.modified = call.now
    _take_files(call, forum, post, options)
    if not post.parent:
        _update_discussion(call, forum, discussion, post, options)
    return {"status": True, "warnings": []}


def _update_discussion(
    call: Call,
    forum: rows.Activity,
    discussion: rows.Discussion,
    post: rows.Post,
    options: dict[str, int],
) -> None:
    discussion.name = post.subject
    if "pinned" in options and forum_access.may(call, forum, "pindiscussions"):
        discussion.pinned = int(bool(options["pinned"]))
    if options.get("discussionsubscribe") == 0:
        discussion.subscribers.discard(call.user.id)
    if forum_access.kind_of(forum) == "single":
        forum.settings["intro"] = post.message
        forum.name = post.subject
        forum.settings["timemodified"] = call.now


def _delete_post(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    post = call.site.posts.get(args["postid"])
    if post is None:
        raise MoodleError("invalidpostid")
    forum = forum_access.enter(call, call.site.discussions[post.discussion])
    if not forum_access.can_delete(call, forum, post):
        raise MoodleError("cannotdeletepost")
    if forum_store.replies_to(call.site, post) and not forum_access.may(call, forum, "deleteanypost"):
        raise MoodleError("couldnotdeletereplies")
    forum_store.delete_post(call.site, post)
    return {"status": True, "warnings": []}


_OPTIONS = ListOf(Fields({"name": Value("alphanumext"), "value": Value("raw")}), [])

FUNCTIONS = (
    Function(
        "mod_forum_add_discussion",
        {
            "forumid": Value("int"),
            "subject": Value("text"),
            "message": Value("raw"),
            "groupid": Value("int", 0),
            "options": _OPTIONS,
        },
        _add_discussion,
        writes=True,
    ),
    Function(
        "mod_forum_add_discussion_post",
        {
            "postid": Value("int"),
            "subject": Value("text"),
            "message": Value("raw"),
            "options": _OPTIONS,
            "messageformat": Value("int", HTML),
        },
        _add_discussion_post,
        writes=True,
    ),
    Function(
        "mod_forum_update_discussion_post",
        {
            "postid": Value("int"),
            "subject": Value("text", ""),
            "message": Value("raw", ""),
            "messageformat": Value("int", HTML),
            "options": _OPTIONS,
        },
        _update_post,
        writes=True,
    ),
    Function("mod_forum_delete_post", {"postid": Value("int")}, _delete_post, writes=True),
)
