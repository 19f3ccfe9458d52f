"""Learners' reviews as rows of the list "Course Reviews": stars, words, and what readers may see of the rater."""

from collections.abc import Mapping
from typing import Any

from lms_bridge.connector import Context
from lms_bridge.items import Kind, Review
from lms_bridge.sharepoint.columns import (
    MAX_NOTE,
    MAX_TEXT,
    cut,
    key_column,
    moment_column,
    note_column,
    number_column,
    text_column,
)
from lms_bridge.sharepoint.list_forms import ListForm, hash_column
from lms_bridge.sharepoint.payloads import graph_time
from lms_bridge.sharepoint.stars import shown, star_row


def review_fields(item: Review, context: Context) -> Mapping[str, Any]:
    return {
        "Title": cut(item.course.title or item.title, MAX_TEXT),
        "CourseKey": cut(item.course.idnumber, MAX_TEXT),
        "Rating": round(item.stars, 2),
        "LmsStars": f"{star_row(item.stars, item.scale)} {shown(item.stars, item.scale)}",
        "Comment": cut(item.comment, MAX_NOTE),
        "LmsRater": cut(item.rater, MAX_TEXT),
        "LmsDate": graph_time(item.date) if item.date else None,
    }


REVIEWS = ListForm(
    kind=Kind.REVIEW,
    description="Written by lms-bridge; do not edit by hand",
    columns=(
        key_column("ReviewKey", "Review key"),
        text_column("CourseKey", "Course number", indexed=True),
        number_column("Rating", "Rating", decimals="two"),
        text_column("LmsStars", "Stars", most=60),
        note_column("Comment", "Comment"),
        text_column("LmsRater", "Rater"),
        moment_column("LmsDate", "Date"),
        hash_column(),
    ),
    fields=review_fields,
)
