"""Who may start, see, answer, edit and delete in a forum, with the reasons Moodle gives for a no."""

from lms_bridge.sandbox.moodle import access, forum_store, rows
from lms_bridge.sandbox.moodle.call import Call
from lms_bridge.sandbox.moodle.refusals import MoodleError


def kind_of(forum: rows.Activity) -> str:
    return str(forum.settings.get("type", "general"))


def may(call: Call, forum: rows.Activity, what: str) -> bool:
    """`what`: a capability of mod/forum."""
    return access.may(call, f"mod/forum:{what}", forum.course)


def enter(call: Call, discussion: rows.Discussion) -> rows.Activity:
    forum = forum_store.forum_of(call.site, discussion.forum)
    access.require_activity(call, forum)
    return forum


def can_start(call: Call, forum: rows.Activity, groupid: int) -> bool:
    """forum_user_can_post_discussion. A group that does not exist is never missed where all groups are open."""
    kind = kind_of(forum)
    needed = {"news": "addnews", "qanda": "addquestion"}.get(kind, "startdiscussion")
    if not may(call, forum, needed) or kind == "single":
        return False
    if kind == "eachuser" and _has_started(call, forum):
        return False
    cutoff = forum.settings.get("cutoffdate", 0)
    if cutoff and cutoff < call.now and not may(call, forum, "canoverridecutoff"):
        return False
    if forum.groupmode == access.NO_GROUPS or access.all_groups(call, forum):
        return True
    return access.is_member(call.site, groupid, call.user.id)


def _has_started(call: Call, forum: rows.Activity) -> bool:
    return any(
        discussion.forum == forum.instance and discussion.userid == call.user.id
        for discussion in call.site.discussions.values()
    )


def check_throttle(call: Call, forum: rows.Activity) -> None:
    """forum_check_throttling: posts of the last `blockperiod` seconds, replies counted too."""
    blockafter, period = forum.settings.get("blockafter", 0), forum.settings.get("blockperiod", 0)
    if not blockafter or not period or may(call, forum, "postwithoutthrottling"):
        return
    here = {d.id for d in call.site.discussions.values() if d.forum == forum.instance}
    recent = [
        post
        for post in call.site.posts.values()
        if post.userid == call.user.id and post.discussion in here and post.created > call.now - period
    ]
    if len(recent) >= blockafter:
        raise MoodleError("forumblockingtoomanyposts")


def can_see(call: Call, forum: rows.Activity, discussion: rows.Discussion) -> bool:
    """A discussion of group 0 opens by its id, although it is in nobody's list."""
    if not may(call, forum, "viewdiscussion"):
        return False
    if forum.groupmode != access.SEPARATE_GROUPS or access.all_groups(call, forum):
        return True
    return discussion.groupid <= 0 or access.is_member(call.site, discussion.groupid, call.user.id)


def can_see_post(call: Call, forum: rows.Activity, discussion: rows.Discussion, post: rows.Post) -> bool:
    if not can_see(call, forum, discussion):
        return False
    if kind_of(forum) != "qanda" or post.id == discussion.firstpost or post.userid == call.user.id:
        return True
    return may(call, forum, "viewqandawithoutposting") or _has_answered(call, discussion)


def _has_answered(call: Call, discussion: rows.Discussion) -> bool:
    """Moodle 4.5: one's own answer opens the others' only when it can no longer be edited."""
    limit = call.now - call.site.settings.maxeditingtime
    return any(post.userid == call.user.id and post.created < limit for post in call.site.posts_of(discussion.id))


def can_reply(call: Call, forum: rows.Activity, discussion: rows.Discussion) -> bool:
    needed = "replynews" if kind_of(forum) == "news" else "replypost"
    if not may(call, forum, needed):
        return False
    if discussion.timelocked and not may(call, forum, "canoverridediscussionlock"):
        return False
    if forum.groupmode == access.NO_GROUPS or access.all_groups(call, forum):
        return True
    # Moodle 4.5: to all participants speaks who sees all groups; members of one cannot answer there.
    return access.is_member(call.site, discussion.groupid, call.user.id)


def is_young(call: Call, post: rows.Post) -> bool:
    return call.now - post.created < call.site.settings.maxeditingtime


def can_edit(call: Call, forum: rows.Activity, post: rows.Post) -> bool:
    if may(call, forum, "editanypost"):
        return True
    return post.userid == call.user.id and is_young(call, post)


def can_delete(call: Call, forum: rows.Activity, post: rows.Post) -> bool:
    if kind_of(forum) == "single" and post.parent == 0:
        return False
    if may(call, forum, "deleteanypost"):
        return True
    return post.userid == call.user.id and is_young(call, post) and may(call, forum, "deleteownpost")
