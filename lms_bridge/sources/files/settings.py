"""What connectors.yaml may say about a content folder."""

from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator


class FilesSettings(BaseModel):
    """A folder with one folder a course."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path = Field(description="The content folder; a relative path starts where connectors.yaml stands.")
    scale: tuple[int, int] = Field((1, 5), description="The lowest and highest star of ratings.csv.")
    raters: Literal["pseudonym", "named"] = Field(
        "pseudonym", description="Whether readers see who wrote a review, or a stable pseudonym."
    )
    pseudonym_key: SecretStr | None = Field(
        None, description="Keys the pseudonyms, so that nobody can find a name by trying all of them."
    )
    timezone: str | None = Field(
        None, description="The zone of dates and of times without a zone, for example Europe/Berlin."
    )
    source_link: str | None = Field(
        None, description="Where readers find the source: an https address in which {path} is the file's path."
    )
    prior_weight: float = Field(
        10, ge=0, description="How many reviews of average stars every course is given when courses are ranked."
    )
    max_page_bytes: int = Field(1_000_000, ge=1_000, description="Larger pages and prompts are refused.")
    max_image_bytes: int = Field(10_000_000, ge=1_000, description="Larger images are refused.")

    @field_validator("scale")
    @classmethod
    def _scale_rises(cls, scale: tuple[int, int]) -> tuple[int, int]:
        if not 0 <= scale[0] < scale[1] <= 100:
            raise ValueError("the scale must rise, from at least 0 to at most 100, for example [1, 5]")
        return scale

    @field_validator("timezone")
    @classmethod
    def _zone_is_known(cls, zone: str | None) -> str | None:
        if zone is not None:
            try:
                ZoneInfo(zone)
            except (ZoneInfoNotFoundError, ValueError) as error:
                raise ValueError(f"{zone!r} is not a time zone; write one like Europe/Berlin or UTC") from error
        return zone

    @field_validator("source_link")
    @classmethod
    def _link_is_https(cls, link: str | None) -> str | None:
        if link is not None and (not link.startswith("https://") or "{path}" not in link):
            raise ValueError("the link must begin with https:// and contain {path}")
        return link
