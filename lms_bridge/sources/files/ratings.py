"""ratings.csv → reviews, and the course's rating derived from them."""

import hashlib
import hmac
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from lms_bridge.errors import ContentError, Problem
from lms_bridge.items import Course, Origin, Rating, Review
from lms_bridge.sources.files.conversion import source_url
from lms_bridge.sources.files.folder import CourseFolder
from lms_bridge.sources.files.reading import Reading, stands
from lms_bridge.sources.files.settings import FilesSettings
from lms_bridge.sources.files.tables import Row, read_rows

_MAX_COMMENT = 10_000
_TABLES = ("ratings.csv", "ratings.xlsx")


@dataclass(frozen=True, slots=True)
class Reviews:
    """The reviews of one course, with what the rating needs."""

    course: Course
    where: Path
    reviews: tuple[Review, ...]


def read_reviews(
    reading: Reading, path: Path, course: Course, *, source: str, settings: FilesSettings, url: str | None
) -> Reviews:
    """A bad row costs that row. Raises ContentError for a bad file."""
    reviews: dict[str, Review] = {}
    for row in read_rows(reading, path):
        try:
            review = _review(reading, path, row, course, source, settings, url)
        except ContentError as error:
            reading.leave_out(error.problem)
            continue
        if review.key in reviews:
            cause = (
                "is a second review by the same rater."
                if not row.values.get("id")
                else "repeats the id of another row."
            )
            reading.leave_out(Problem(cause, str(review.origin), f"The first stands at {reviews[review.key].origin}."))
            continue
        reviews[review.key] = review
    return Reviews(course, path, tuple(reviews.values()))


def course_table(reading: Reading, home: CourseFolder, *, source: str, settings: FilesSettings) -> Reviews | None:
    """What raters said of a course. None where it has no table that can be read, which is told."""
    paths: list[Path] = []
    for path in (home.folder / name for name in _TABLES):
        with reading.one_file(path):
            if stands(path, reading.shown(path)):
                paths.append(path)
    if len(paths) > 1:
        where = reading.shown(home.folder)
        reading.leave_out(Problem(f"holds both {' and '.join(_TABLES)}.", where, "Keep one of them."))
        return None
    for path in paths:
        with reading.one_file(path):
            url = source_url(settings, reading, path)
            return read_reviews(reading, path, home.course, source=source, settings=settings, url=url)
    return None


def _review(
    reading: Reading, path: Path, row: Row, course: Course, source: str, settings: FilesSettings, url: str | None
) -> Review:
    where = reading.shown(path, row.line)
    rater = row.values.get("rater", "")
    if not rater:
        raise ContentError("names no rater.", where=where, next_step="Fill in `rater`; any stable name will do.")
    pseudonym = _pseudonym(rater, source, settings)
    stars = _stars(row.values.get("stars", ""), settings.scale, where)
    identity = row.values.get("id") or identity_of(rater, source, settings)
    comment = row.values.get("comment", "")
    if len(comment) > _MAX_COMMENT:
        step = f"Shorten it to {_MAX_COMMENT:,} characters."
        raise ContentError(f"has a comment of {len(comment):,} characters.", where=where, next_step=step)
    return Review(
        key=f"{source}:{course.idnumber}/reviews/{identity}",
        course=course,
        title=f"{'★' * round(stars)} {course.title}",
        origin=Origin(reading.shown(path), row.line),
        url=url,
        rater=rater if settings.raters == "named" else pseudonym,
        stars=stars,
        scale=settings.scale,
        comment=comment,
        date=_date(row.values.get("date", ""), where),
    )


def identity_of(rater: str, source: str, settings: FilesSettings) -> str:
    """What stands in the keys of a rater's reviews, unless their rows have ids of their own."""
    return _pseudonym(rater, source, settings).removeprefix("Learner ").lower()


def same_rater(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _pseudonym(rater: str, source: str, settings: FilesSettings) -> str:
    """The same person gets the same pseudonym in every course of a source."""
    key = settings.pseudonym_key.get_secret_value() if settings.pseudonym_key else source
    digest = hmac.new(key.encode(), rater.strip().casefold().encode(), hashlib.sha256).hexdigest()
    return f"Learner {digest[:8].upper()}"


def _stars(text: str, scale: tuple[int, int], where: str) -> float:
    step = f"Write a number from {scale[0]} to {scale[1]}, or declare another `scale` in connectors.yaml."
    if not text:
        raise ContentError("`stars` is empty.", where=where, next_step=step)
    try:
        stars = float(text.replace(",", "."))
    except ValueError:
        stars = math.nan
    if not scale[0] <= stars <= scale[1]:
        raise ContentError(
            f"`stars` is {text!r}, which is off the scale.",
            where=where,
            next_step=step,
        )
    return stars


def _date(text: str, where: str) -> datetime | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text[:10])
        if not 1970 <= day.year <= 2200:  # beyond it no destination takes a moment, nor every zone
            raise ValueError(text)
    except ValueError as error:
        step = "Write it as year-month-day, for example 2026-10-05."
        raise ContentError(f"`date` is {text!r}.", where=where, next_step=step) from error
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def mean_of(tables: Sequence[Reviews]) -> float:
    stars = [review.stars for table in tables for review in table.reviews]
    return sum(stars) / len(stars) if stars else 0.0


def mean_at(cursor: str | None, *, otherwise: float) -> float:
    """The programme's mean when it was last read as a whole."""
    try:
        mean = float(cursor or "nan")
    except ValueError:
        return otherwise
    return mean if math.isfinite(mean) else otherwise


def ratings(
    tables: Sequence[Reviews], mean: float, *, source: str, settings: FilesSettings, shown: Mapping[Path, str]
) -> list[Rating]:
    """One rating a course that has reviews. `mean`: of the whole programme."""
    return [
        _rating(table, mean, source=source, settings=settings, where=shown[table.where])
        for table in tables
        if table.reviews
    ]


def _rating(table: Reviews, mean: float, *, source: str, settings: FilesSettings, where: str) -> Rating:
    stars = [review.stars for review in table.reviews]
    low, high = settings.scale
    spread = [0] * (high - low + 1)
    for value in stars:
        spread[math.floor(value + 0.5) - low] += 1
    weight = settings.prior_weight
    return Rating(
        key=f"{source}:{table.course.idnumber}/rating",
        course=table.course,
        title=table.course.title,
        origin=Origin(where),
        average=round(sum(stars) / len(stars), 2),
        count=len(stars),
        spread=tuple(spread),
        rank=round((weight * mean + sum(stars)) / (weight + len(stars)), 2),
        scale=settings.scale,
    )
