"""Ratings as they show beside posts and entries: who may see an average, and what Moodle says instead."""

from typing import Any

from lms_bridge.sandbox.moodle import access, rows
from lms_bridge.sandbox.moodle.call import Call


def ratings_of(
    call: Call, activity: rows.Activity, area: str, itemid: int, scaleid: int | None = None
) -> list[rows.Rating]:
    return [
        rating
        for rating in call.site.ratings.values()
        if (rating.contextid, rating.ratingarea, rating.itemid) == (activity.contextid, area, itemid)
        and (scaleid is None or rating.scaleid == scaleid)
    ]


def may_see_average(call: Call, activity: rows.Activity, author: int) -> bool:
    """user_can_view_aggregate: one's own with viewrating, others' with viewanyrating."""
    if not activity.settings.get("assessed"):
        return False
    needed = "viewrating" if author == call.user.id else "viewanyrating"
    return access.may(call, f"mod/{activity.modname}:{needed}", activity.course)


def may_rate(call: Call, activity: rows.Activity, author: int) -> bool:
    if not activity.settings.get("assessed") or author == call.user.id:
        return False
    return access.may(call, f"mod/{activity.modname}:rate", activity.course)


def average(ratings: list[rows.Rating], places: int = 2) -> str:
    """As Moodle prints it: 3.5, 4."""
    if not ratings:
        return ""
    mean = sum(rating.rating for rating in ratings) / len(ratings)
    return f"{round(mean, places):g}"


def of_posts(call: Call, forum: rows.Activity, posts: list[rows.Post]) -> dict[str, Any]:
    assessed = bool(forum.settings.get("assessed"))
    any_shown = assessed and any(may_see_average(call, forum, post.userid) for post in posts)
    any_rated = assessed and any(may_rate(call, forum, post.userid) for post in posts)
    scale = int(forum.settings.get("scale", 0) or 0)
    return {
        "contextid": forum.contextid,
        "component": "mod_forum",
        "ratingarea": "post",
        "canviewall": access.may(call, "mod/forum:viewallratings", forum.course) if assessed else None,
        "canviewany": access.may(call, "mod/forum:viewanyrating", forum.course) if assessed else None,
        "scales": [_scale(scale)] if any_rated or any_shown else [],
        "ratings": [_rating_row(call, forum, post) for post in posts] if assessed else [],
    }


def _scale(scale: int) -> dict[str, Any]:
    items = [{"value": value, "name": str(value)} for value in range(scale, -1, -1)]
    return {"id": scale, "max": scale, "isnumeric": True, "items": items}


def _rating_row(call: Call, forum: rows.Activity, post: rows.Post) -> dict[str, Any]:
    shown = may_see_average(call, forum, post.userid)
    rates = may_rate(call, forum, post.userid)
    ratings = ratings_of(call, forum, "post", post.id)
    own = next((rating for rating in ratings if rating.userid == call.user.id), None)
    row: dict[str, Any] = {
        "itemid": post.id,
        "scaleid": None,
        "userid": None,
        "rating": None,
        "canrate": rates,
        "canviewaggregate": shown,
    }
    if shown or rates:
        row |= {"scaleid": forum.settings.get("scale"), "userid": call.user.id}
        row["rating"] = own.rating if own and rates else None
    if shown:
        mean = average(ratings)
        row |= {
            "count": len(ratings),
            "aggregate": float(mean) if mean else None,
            "aggregatestr": mean,
            "aggregatelabel": "Average of ratings",
        }
    return row


def html_of_post(call: Call, forum: rows.Activity, post: rows.Post) -> str:
    """Moodle 4.5: the rating renderer's markup; only the reader's own posts and raters' see any."""
    if not may_see_average(call, forum, post.userid):
        return ""
    ratings = ratings_of(call, forum, "post", post.id)
    count = f"({len(ratings)})" if ratings else "-"
    return (
        '<span class="rating-aggregate-container"><span class="rating-aggregate-label">Average of ratings: '
        f'</span><span id="ratingaggregate{post.id}" class="ratingaggregate">{average(ratings)}</span> '
        f'<span id="ratingcount{post.id}" class="ratingcount">{count}</span> </span>'
    )
