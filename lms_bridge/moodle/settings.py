"""What connectors.yaml says about a Moodle: address, token, how courses and activities are found, what goes where."""

from datetime import date
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from lms_bridge.hours import Hours


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ActivityChoice(_Settings):
    """How an activity is found in a course: by its ID number, then its name, then as the only one of its kind."""

    idnumber: str | None = Field(None, min_length=1, description="The activity's ID number in Moodle.")
    name: str | None = Field(None, min_length=1, description="Its name in Moodle, when no ID number matches.")
    only_one: bool = Field(
        True, description="Take a course's only activity of this kind when neither ID number nor name matches."
    )


class PageSettings(_Settings):
    """Wiki pages."""

    wiki: ActivityChoice = Field(
        default_factory=lambda: ActivityChoice(idnumber="lmsbridge-wiki"), description="Which wiki of a course to fill."
    )
    group: str | None = Field(
        None,
        description="In wikis with groups: the group (name, ID number or id) for pages that name none themselves.",
    )
    images: Literal["forum", "link", "off"] = Field(
        "forum",
        description="`forum` uploads images once into a post of the course's forum, because Moodle offers no way into "
        "a wiki's own files; `link` leaves only images that have a web address; `off` shows their descriptions.",
    )


class PromptSettings(_Settings):
    """Discussion prompts."""

    forum: ActivityChoice = Field(
        default_factory=lambda: ActivityChoice(idnumber="lmsbridge-forum"),
        description="Which forum of a course to start discussions in.",
    )
    group: str | None = Field(
        None, description="In forums with groups: the group for prompts that name none themselves; default all groups."
    )


class ReviewFields(_Settings):
    """The names of the database activity's fields. `key` is what lms-bridge recognises its entries by."""

    reviewer: str = Field("Reviewer", description="A text field for the reviewer's pseudonym.")
    stars: str = Field("Stars", description="A number field for the stars.")
    comment: str = Field("Comment", description="A text area for the words.")
    date: str | None = Field("Date", description="A text field for the day of the review.")
    key: str = Field("Key", description="A text field that lms-bridge keeps its key in.")


class ReviewSettings(_Settings):
    """Learners' reviews."""

    as_: Literal["database", "forum"] = Field(
        "database",
        alias="as",
        description="`database`: entries of a database activity. `forum`: one discussion a review.",
    )
    activity: ActivityChoice = Field(
        default_factory=lambda: ActivityChoice(idnumber="lmsbridge-reviews"),
        description="Which database activity (or forum) of a course to put reviews into.",
    )
    fields: ReviewFields = Field(default_factory=ReviewFields)

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class RatingFields(_Settings):
    """Short names of the course custom fields that show a rating; null leaves a field out."""

    average: str | None = Field("lmsbridge_average", description="For example 4.3.")
    count: str | None = Field("lmsbridge_count", description="The number of reviews.")
    stars: str | None = Field("lmsbridge_stars", description="For example ★★★★☆.")
    spread: str | None = Field("lmsbridge_spread", description="How many reviews gave how many stars.")
    rank: str | None = Field("lmsbridge_rank", description="The average, drawn to the mean while reviews are few.")

    def names(self) -> dict[str, str]:
        """What is shown → the custom field's short name."""
        return {what: name for what, name in self if name}


class RatingSettings(_Settings):
    """Course ratings: custom fields of the course and, if wanted, an activity's name."""

    fields: RatingFields = Field(default_factory=RatingFields)
    activity_name: str | None = Field(
        None,
        max_length=200,
        description="Also rename the reviews activity, so that the rating shows on the course page, for example "
        "`Course ratings ★ {average} ({count})`. Also known: {stars}, {rank}.",
    )

    @field_validator("activity_name")
    @classmethod
    def _known_names(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                value.format(average="4.3", count="29", stars="★★★★☆", rank="4.21")
            except (KeyError, IndexError, ValueError) as error:
                raise ValueError(f"cannot be filled in ({error}); known are average, count, stars and rank") from None
        return value


class ProvisionSettings(_Settings):
    """Copy the template's activities into courses that have none of them. Moodle's import is not idempotent."""

    template: str = Field("lmsbridge-template", min_length=1, description="The ID number of the template course.")


class MoodleSettings(_Settings):
    """A Moodle site, reached by its web services."""

    url: str = Field(description="The site's address exactly as Moodle knows it (its wwwroot).")
    token: SecretStr = Field(description="The token of lms-bridge's own user, as a reference such as ${env:NAME}.")
    token_expires: date | None = Field(
        None,
        description="The day on which the token ends, if it does: there are warnings 28, 14, 7 and 1 days before.",
    )
    course_by: Literal["idnumber", "shortname", "id"] = Field(
        "idnumber", description="What a source's course id is in Moodle."
    )
    connections: int = Field(2, ge=1, le=8, description="How many requests may be under way at once.")
    max_connections: int | None = Field(
        None,
        ge=1,
        le=16,
        description="How many may be under way at the most: beyond `connections`, one more stays only where that gets "
        "more done; default: `connections`. Fewer are when the site takes twice as long as before.",
    )
    rest: float = Field(
        0,
        ge=0,
        le=0.9,
        description="The part of the time in which its connections rest, so that people's pages come through: with `0` "
        "they never do, with `0.5` a sync takes about twice as long.",
    )
    calls_per_minute: int | None = Field(None, ge=1, description="At most so many calls, in batches or alone.")
    quiet_hours: tuple[Hours, ...] = Field(
        (), description="Times of day, such as `08:00-18:00` by this machine's clock, with one request at a time."
    )
    batch: int = Field(40, ge=1, le=50, description="How many calls travel in one request at most.")
    ca_file: Path | None = Field(None, description="A PEM file with your organisation's CA certificates.")
    connect_timeout: float = Field(10, gt=0, le=120, description="Seconds until a connection must stand.")
    read_timeout: float = Field(90, gt=0, le=900, description="Seconds until an answer must begin.")
    attempts: int = Field(5, ge=1, le=10, description="How often a request is tried, where trying again is safe.")
    pages: PageSettings = Field(default_factory=PageSettings)
    prompts: PromptSettings = Field(default_factory=PromptSettings)
    reviews: ReviewSettings = Field(default_factory=ReviewSettings)
    ratings: RatingSettings = Field(default_factory=RatingSettings)
    provision: ProvisionSettings | None = Field(
        None, description="Fill courses that lack the activities from a template course; default: only tell."
    )

    @field_validator("url")
    @classmethod
    def _address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
            raise ValueError("is not a site's address such as https://moodle.example.org")
        if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError("is not https, so the token would travel in the open; only this machine may do without")
        return value.rstrip("/")

    @field_validator("token")
    @classmethod
    def _not_empty(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().strip():
            raise ValueError("is empty")
        return value
