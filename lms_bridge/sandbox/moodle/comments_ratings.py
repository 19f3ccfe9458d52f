"""core_rating and core_comment: stars and remarks on posts, entries and wiki pages."""

from datetime import UTC, datetime
from typing import Any

from lms_bridge.sandbox.moodle import access, rating_rows, rows
from lms_bridge.sandbox.moodle.call import Call, Function
from lms_bridge.sandbox.moodle.formatting import format_text, text_to_html
from lms_bridge.sandbox.moodle.params import Fields, ListOf, Value
from lms_bridge.sandbox.moodle.refusals import MoodleError, bad_parameter, missing, php_error
from lms_bridge.sandbox.moodle.site_info import CORE_VERSION

_REMOVED = -999
_PER_PAGE = 15


def _activity(call: Call, args: dict[str, Any]) -> rows.Activity:
    if args["contextlevel"] != "module":
        raise bad_parameter("Only activities have ratings and comments here")
    activity = call.site.activities.get(args["instanceid"])
    if activity is None:
        raise MoodleError("invalidrecordunknown")
    access.require_activity(call, activity)
    return activity


def _item(call: Call, activity: rows.Activity, itemid: int) -> rows.Post | rows.DataEntry:
    """The post or entry, in this very activity."""
    if activity.modname == "forum":
        post = call.site.posts.get(itemid)
        if post is None or call.site.discussions[post.discussion].forum != activity.instance:
            raise missing("forum_posts")
        return post
    entry = call.site.data_entries.get(itemid)
    if entry is None or entry.dataid != activity.instance:
        raise missing("data_records")
    return entry


def _add_rating(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    activity = _activity(call, args)
    if not access.may(call, f"mod/{activity.modname}:rate", activity.course):
        raise MoodleError("ratepermissiondenied")
    item = _item(call, activity, args["itemid"])
    scale, stars = int(activity.settings.get("scale", 0)), args["rating"]
    if args["scaleid"] != scale:
        raise MoodleError("invalidscaleid")
    if item.userid == call.user.id:
        raise MoodleError("nopermissiontorate")
    if stars != _REMOVED and not 0 <= stars <= scale:
        raise MoodleError("invalidnum")
    if item.userid != args["rateduserid"]:
        raise missing("forum_posts" if activity.modname == "forum" else "data_records")
    _write_rating(call, activity, args)
    if not args["aggregation"]:
        # Moodle 4.5: the rating is written before PHP fails on the average that nobody asked for.
        raise php_error("Call to a member function user_can_view_aggregate() on null")
    ratings = rating_rows.ratings_of(call, activity, args["ratingarea"], args["itemid"])
    return {
        "success": True,
        "aggregate": rating_rows.average(ratings),
        "count": len(ratings),
        "itemid": args["itemid"],
        "warnings": [],
    }


def _write_rating(call: Call, activity: rows.Activity, args: dict[str, Any]) -> None:
    area, itemid = args["ratingarea"], args["itemid"]
    ratings = rating_rows.ratings_of(call, activity, area, itemid)
    own = next((rating for rating in ratings if rating.userid == call.user.id), None)
    if args["rating"] == _REMOVED:
        if own:
            del call.site.ratings[own.id]
        return
    if own:
        own.rating, own.timemodified = args["rating"], call.now
        return
    rating = rows.Rating(
        call.site.next_id("rating"),
        activity.contextid,
        args["component"],
        area,
        itemid,
        args["scaleid"],
        args["rating"],
        call.user.id,
        call.now,
    )
    call.site.ratings[rating.id] = rating


def _get_item_ratings(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    activity = _activity(call, args)
    _item(call, activity, args["itemid"])
    settings = call.site.settings
    picture = f"{settings.wwwroot}/theme/image.php/boost/core/{settings.revision}/u/f1"
    ratings = rating_rows.ratings_of(call, activity, args["ratingarea"], args["itemid"], args["scaleid"])
    return {
        "ratings": [
            {
                "id": rating.id,
                "userid": rating.userid,
                "userpictureurl": picture,
                "userfullname": call.site.users[rating.userid].fullname,
                "rating": f"{rating.rating} / {rating.scaleid}",
                "timemodified": rating.timemodified,
            }
            for rating in ratings
        ],
        "warnings": [],
    }


_COMMENTING = {"data": "mod/data:comment", "wiki": "mod/wiki:editcomment"}
_MANAGING = {"data": "mod/data:managecomments", "wiki": "mod/wiki:managecomment"}


def _may_comment(call: Call, activity: rows.Activity) -> bool:
    needed = _COMMENTING.get(activity.modname, "moodle/comment:post")
    return access.may(call, needed, activity.course)


def _add_comments(call: Call, args: dict[str, Any]) -> list[dict[str, Any]]:
    """Stored as plain text in Moodle's own format; cleaned when shown."""
    answers = []
    for asked in args["comments"]:
        activity = _activity(call, asked)
        if not _may_comment(call, activity):
            raise MoodleError("nopermissiontocomment", message="You can not add comments")
        comment = rows.Comment(
            call.site.next_id("comments"),
            activity.contextid,
            asked["component"],
            asked["area"],
            asked["itemid"],
            asked["content"],
            call.user.id,
            call.now,
        )
        call.site.comments[comment.id] = comment
        row = _comment_row(call, activity, comment)
        row |= {"format": 0, "profileurl": row["profileurl"].replace("&", "&amp;"), "delete": True}
        answers.append(row)
    return answers


def _get_comments(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    activity = _activity(call, args)
    place = (activity.contextid, args["component"], args["area"], args["itemid"])
    found = [c for c in call.site.comments.values() if (c.contextid, c.component, c.area, c.itemid) == place]
    backwards = args["sortdirection"].upper() == "DESC"
    found.sort(key=lambda comment: (comment.timecreated, comment.id), reverse=backwards)
    page = found[args["page"] * _PER_PAGE : (args["page"] + 1) * _PER_PAGE]
    return {
        "comments": [_comment_row(call, activity, comment) for comment in page],
        "count": len(found),
        "perpage": _PER_PAGE,
        "canpost": _may_comment(call, activity),
        "warnings": [],
    }


def _comment_row(call: Call, activity: rows.Activity, comment: rows.Comment) -> dict[str, Any]:
    user = call.site.users[comment.userid]
    profile = f"{call.site.settings.wwwroot}/user/view.php?id={user.id}&course={activity.course}"
    initials = (user.firstname[:1] + user.lastname[:1]).upper()
    row: dict[str, Any] = {
        "id": comment.id,
        "content": f'<div class="no-overflow">{format_text(call, text_to_html(comment.content))}</div>',
        "format": 1,
        "timecreated": comment.timecreated,
        "strftimeformat": "%a, %d %b %Y, %I:%M %p",
        "profileurl": profile,
        "fullname": user.fullname,
        "time": datetime.fromtimestamp(comment.timecreated, UTC).strftime("%a, %d %b %Y, %I:%M %p"),
        "avatar": (
            f'<a href="{profile.replace("&", "&amp;")}" class="d-inline-block aabtn">'
            f'<span class="userinitials size-16" title="{user.fullname}" aria-label="{user.fullname}"'
            f' role="img">{initials}</span></a>'
        ),
        "userid": user.id,
    }
    if comment.userid == call.user.id or _manages_comments(call, activity):
        row["delete"] = True
    return row


def _manages_comments(call: Call, activity: rows.Activity) -> bool:
    needed = _MANAGING.get(activity.modname)
    return needed is not None and access.may(call, needed, activity.course)


def _delete_comments(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    for commentid in args["comments"]:
        comment = call.site.comments.get(commentid)
        if comment is None:
            raise missing("comments")
        if comment.userid != call.user.id and call.user.id not in call.site.admins:
            raise MoodleError("nopermissiontodelentry", message="You can not delete this comment")
        del call.site.comments[commentid]
    return {}


_INT, _WORD = Value("int"), Value("alphanumext")
_PLACE = {"contextlevel": Value("alpha"), "instanceid": _INT, "component": _WORD}
_RATED = {**_PLACE, "ratingarea": _WORD, "itemid": _INT, "scaleid": _INT}
_COMMENT = Fields({**_PLACE, "content": Value("raw"), "itemid": _INT, "area": Value("alphanumext", "")})

FUNCTIONS = (
    Function(
        "core_rating_add_rating",
        {**_RATED, "rating": _INT, "rateduserid": _INT, "aggregation": Value("int", 0)},
        _add_rating,
        writes=True,
        version=CORE_VERSION,
    ),
    Function(
        "core_rating_get_item_ratings",
        {**_RATED, "sort": Value("alphanumext")},
        _get_item_ratings,
        version=CORE_VERSION,
    ),
    Function(
        "core_comment_add_comments",
        {"comments": ListOf(_COMMENT)},
        _add_comments,
        writes=True,
        version=CORE_VERSION,
    ),
    Function(
        "core_comment_get_comments",
        {
            **_PLACE,
            "itemid": _INT,
            "area": Value("alphanumext", ""),
            "page": Value("int", 0),
            "sortdirection": Value("alpha", "DESC"),
        },
        _get_comments,
        version=CORE_VERSION,
    ),
    Function(
        "core_comment_delete_comments",
        {"comments": ListOf(_INT)},
        _delete_comments,
        writes=True,
        version=CORE_VERSION,
    ),
)
