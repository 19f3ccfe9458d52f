"""Discussions and posts as rows, written through the same doors by web services and by people."""

from datetime import UTC, datetime

from lms_bridge.sandbox.moodle import rows
from lms_bridge.sandbox.moodle.refusals import MoodleError
from lms_bridge.sandbox.moodle.site import MoodleSite

MAX_SUBJECT = 255
ALL_PARTICIPANTS = -1


def forum_of(site: MoodleSite, forum: int) -> rows.Activity:
    activity = site.activity_of("forum", forum)
    if activity is None:
        raise KeyError(f"no forum {forum}")
    return activity


def add_discussion(
    site: MoodleSite,
    forum: int,
    author: rows.User,
    text: tuple[str, str],
    groupid: int,
    *,
    pinned: bool = False,
) -> rows.Discussion:
    """forum_add_discussion: the first post, then the discussion; both fail on a subject that is too long."""
    subject, message = text
    if len(subject) > MAX_SUBJECT:
        raise MoodleError("dmlwriteexception")
    now = site.now
    post = rows.Post(site.next_id("forum_posts"), 0, 0, author.id, now, now, subject, message)
    discussion = rows.Discussion(
        site.next_id("forum_discussions"),
        forum_of(site, forum).course,
        forum,
        subject,
        post.id,
        author.id,
        groupid,
        now,
        author.id,
        int(pinned),
    )
    post.discussion = discussion.id
    site.posts[post.id] = post
    site.discussions[discussion.id] = discussion
    return discussion


def add_post(site: MoodleSite, parent: rows.Post, author: rows.User, text: tuple[str, str, int]) -> rows.Post:
    """forum_add_new_post: moves the discussion's time, too."""
    subject, message, messageformat = text
    if len(subject) > MAX_SUBJECT:
        raise MoodleError("dmlwriteexception")
    now = site.now
    post = rows.Post(
        site.next_id("forum_posts"),
        parent.discussion,
        parent.id,
        author.id,
        now,
        now,
        subject,
        message,
        messageformat,
    )
    site.posts[post.id] = post
    discussion = site.discussions[parent.discussion]
    discussion.timemodified, discussion.usermodified = now, author.id
    return post


def replies_to(site: MoodleSite, post: rows.Post) -> list[rows.Post]:
    return [other for other in site.posts_of(post.discussion) if other.parent == post.id]


def delete_post(site: MoodleSite, post: rows.Post) -> None:
    """With everything that answers it; the first post takes the discussion along."""
    discussion = site.discussions[post.discussion]
    for rating in [r for r in site.ratings.values() if (r.component, r.itemid) == ("mod_forum", post.id)]:
        del site.ratings[rating.id]
    if post.id == discussion.firstpost:
        for other in site.posts_of(discussion.id):
            del site.posts[other.id]
        del site.discussions[discussion.id]
        return
    for reply in replies_to(site, post):
        delete_post(site, reply)
    del site.posts[post.id]
    # forum_discussion_update_last_post
    last = max(site.posts_of(discussion.id), key=lambda other: (other.modified, other.id))
    discussion.timemodified, discussion.usermodified = last.modified, last.userid


def reply_subject(subject: str) -> str:
    return subject if subject.startswith("Re:") else f"Re: {subject}"


def edited_by(site: MoodleSite, post: rows.Post, editor: rows.User) -> str:
    when = datetime.fromtimestamp(post.created, UTC).strftime("%A, %-d %B %Y, %-I:%M %p")
    forum = site.discussions[post.discussion]
    address = f"{site.settings.wwwroot}/user/view.php?id={editor.id}&amp;course={forum.course}"
    return (
        f'<p><span class="edited">(Edited by <a href="{address}">{editor.fullname}</a>'
        f" - original submission {when})</span></p>"
    )
