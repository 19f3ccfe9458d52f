"""Ratings as they show beside posts and entries: who may see an average, and what Moodle says instead."""

from collections.abc import Sequence
from typing import Any

from lms_bridge.sandbox.moodle import access, rows
from lms_bridge.sandbox.moodle.call import Call
from lms_bridge.sandbox.moodle.site import MoodleSite


def ratings_of(
    call: Call, activity: rows.Activity, area: str, itemid: int, scaleid: int | None = None
) -> list[rows.Rating]:
    return [
        rating
        for rating in call.site.ratings.values()
        if (rating.contextid, rating.ratingarea, rating.itemid) == (activity.contextid, area, itemid)
        and (scaleid is None or rating.scaleid == scaleid)
    ]


def author_of(site: MoodleSite, rating: rows.Rating) -> int | None:
    rated = site.posts if rating.component == "mod_forum" else site.data_entries
    item = rated.get(rating.itemid)
    return item.userid if item else None


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


def average(ratings: list[rows.Rating]) -> str:
    """As Moodle prints it: 3.5, 4."""
    if not ratings:
        return ""
    mean = sum(rating.rating for rating in ratings) / len(ratings)
    return f"{round(mean, 1):g}"


Rated = rows.Post | rows.DataEntry
_AREAS = {"forum": "post", "data": "entry"}


def of_items(call: Call, activity: rows.Activity, items: Sequence[Rated]) -> dict[str, Any]:
    assessed = bool(activity.settings.get("assessed"))
    shown = [p for p in items if may_see_average(call, activity, p.userid) or may_rate(call, activity, p.userid)]
    scale = int(activity.settings.get("scale", 0) or 0)
    return {
        "contextid": activity.contextid,
        "component": f"mod_{activity.modname}",
        "ratingarea": _AREAS[activity.modname],
        "canviewall": access.may(call, f"mod/{activity.modname}:viewallratings", activity.course) if assessed else None,
        "canviewany": access.may(call, f"mod/{activity.modname}:viewanyrating", activity.course) if assessed else None,
        "scales": [{"id": scale, "courseid": None, "name": None, "max": scale, "isnumeric": True}] if shown else [],
        "ratings": [_rating_row(call, activity, item) for item in items] if assessed else [],
    }


def _rating_row(call: Call, activity: rows.Activity, item: Rated) -> dict[str, Any]:
    shown = may_see_average(call, activity, item.userid)
    rates = may_rate(call, activity, item.userid)
    row: dict[str, Any] = {
        "itemid": item.id,
        "scaleid": None,
        "userid": None,
        "rating": None,
        "canrate": rates,
        "canviewaggregate": shown,
    }
    if not (shown or rates):
        return row
    ratings = ratings_of(call, activity, _AREAS[activity.modname], item.id)
    own = next((rating for rating in ratings if rating.userid == call.user.id), None)
    if own:
        row |= {"scaleid": own.scaleid, "userid": own.userid, "rating": own.rating}
    if shown:
        mean = average(ratings)
        row |= {
            "count": len(ratings),
            "aggregate": float(mean) if mean else None,
            "aggregatestr": mean,
            "aggregatelabel": "Average of ratings: ",
        }
    return row


def html_of_post(call: Call, forum: rows.Activity, post: rows.Post) -> str | None:
    """Moodle 4.5: the rating renderer's markup, a menu for those who may rate."""
    if not forum.settings.get("assessed"):
        return None
    if not may_see_average(call, forum, post.userid):
        return ""
    ratings = ratings_of(call, forum, "post", post.id)
    count = f"({len(ratings)})" if ratings else "-"
    shown = (
        f'<span id="ratingaggregate{post.id}" class="ratingaggregate">{average(ratings)}</span> '
        f'<span id="ratingcount{post.id}" class="ratingcount">{count}</span> '
    )
    label = '<span class="rating-aggregate-label">Average of ratings: </span>'
    if not may_rate(call, forum, post.userid):
        return f'<span class="rating-aggregate-container">{label}{shown}</span>'
    return _rating_form(call, forum, post, f"{label}{shown}")


def _rating_form(call: Call, forum: rows.Activity, post: rows.Post, shown: str) -> str:
    scale = int(forum.settings.get("scale", 0) or 0)
    options = "".join(f'<option value="{stars}">{stars}</option>' for stars in range(scale + 1))
    return (
        f'<form id="postrating{post.id}" class="postratingform" method="post"'
        f' action="{call.site.settings.wwwroot}/rating/rate.php"><div class="ratingform">'
        f'<span class="rating-aggregate-container">{shown}</span>'
        f'<select class="select custom-select postratingmenu ratinginput" name="rating">'
        f'<option value="-999">Rate...</option>{options}</select></div></form>'
    )
