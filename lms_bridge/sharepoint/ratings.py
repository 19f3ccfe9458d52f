"""Course ratings as rows of the list "Course Ratings": figures to sort by, and stars to look at.

Not SharePoint's own ratings: those would be one vote of the app, and nobody can set an average there.
"""

from collections.abc import Mapping
from typing import Any

from lms_bridge.connector import Context
from lms_bridge.items import Kind, Rating
from lms_bridge.sharepoint.columns import MAX_TEXT, cut, key_column, moment_column, number_column, text_column
from lms_bridge.sharepoint.list_forms import ListForm, hash_column
from lms_bridge.sharepoint.payloads import graph_time
from lms_bridge.sharepoint.stars import on_five, shown, star_row


def rating_fields(item: Rating, context: Context) -> Mapping[str, Any]:
    return {
        "Title": cut(item.course.title or item.title, MAX_TEXT),
        "LmsCourse": cut(item.course.idnumber, MAX_TEXT),
        "LmsAverage": round(on_five(item.average, item.scale), 2),
        "LmsCount": item.count,
        "LmsRank": round(on_five(item.rank, item.scale), 2),
        "LmsStars": f"{star_row(item.average, item.scale)} {shown(item.average, item.scale)} ({item.count})",
        "LmsHistogram": ",".join(f"{star}:{count}" for star, count in enumerate(item.spread, start=item.scale[0])),
        "LmsCourseUrl": item.url if item.url and len(item.url) <= MAX_TEXT else "",
        "LmsUpdated": graph_time(item.modified) if item.modified else None,
    }


RATINGS = ListForm(
    kind=Kind.RATING,
    description="Written by lms-bridge; do not edit by hand",
    columns=(
        key_column("CourseKey", "Course key"),
        number_column("LmsAverage", "Average", decimals="two", maximum=5),
        number_column("LmsCount", "Ratings", decimals="none"),
        text_column("LmsStars", "Stars", most=60),
        text_column("LmsHistogram", "Spread", most=80),
        text_column("LmsCourseUrl", "Course"),
        moment_column("LmsUpdated", "Updated"),
        hash_column(),
        text_column("LmsCourse", "Course number", indexed=True),
        number_column("LmsRank", "Rank", decimals="two", maximum=5),
    ),
    fields=rating_fields,
)
