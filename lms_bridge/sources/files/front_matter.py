"""The YAML block at the head of a page or prompt: which keys it may hold, and what they mean."""

import difflib
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lms_bridge.errors import ContentError

_MAX_BYTES = 20_000
# Beyond these years a moment is a slip, and near the ends of the calendar it cannot be told in UTC at all.
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_Model = TypeVar("_Model", bound=BaseModel)
# May be a path, so that a file that moves can keep the identity that it had by its place. A part that begins with a
# letter, a digit or an underscore is neither empty nor `..`.
Identifier = Field(None, pattern=r"^\w[^/\p{Cc}]*(/\w[^/\p{Cc}]*)*$", max_length=200)


class _FrontMatter(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class PageMatter(_FrontMatter):
    id: str | None = Identifier
    title: str | None = Field(None, min_length=1, max_length=255)
    tags: tuple[str, ...] = ()
    parent: str | None = None
    status: Literal["draft", "approved"] = "approved"
    group: str | None = None
    order: int | None = None


class PromptMatter(_FrontMatter):
    id: str | None = Identifier
    title: str | None = Field(None, min_length=1, max_length=255)
    tags: tuple[str, ...] = ()
    publish: date | datetime | None = None
    close: date | datetime | None = None
    pinned: bool = False
    group: str | None = None
    status: Literal["draft", "approved"] = "approved"


class CourseFile(_FrontMatter):
    """course.yaml: everything in it is optional."""

    idnumber: str | None = Field(None, min_length=1)
    title: str | None = Field(None, min_length=1)
    places: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)


def read_yaml(text: str, model: type[_Model], *, where: str, first_line: int = 1) -> tuple[_Model, Mapping[str, int]]:
    """Validate a small YAML block; also the line of each key. Raises ContentError that names file, line and key."""
    if len(text) > _MAX_BYTES:
        raise ContentError("is too long for front matter.", where=where, next_step="Keep it to a few lines.")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise ContentError("uses a YAML alias.", where=where, next_step="Write the value out.")
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = first_line + (mark.line if mark else 0)
        cause = getattr(error, "problem", None) or str(error)
        step = "Check the quotes and colons; a title with a colon needs quotes."
        raise ContentError(f"is not valid YAML: {cause}.", where=f"{where}:{line}", next_step=step) from error
    if content is None:
        content = {}
    if not isinstance(content, dict):
        raise ContentError("is not `key: value` lines.", where=f"{where}:{first_line}", next_step="Write `title: …`.")
    lines = {key.value: first_line + key.start_mark.line for key, _ in node.value} if node is not None else {}
    try:
        return model.model_validate(content), lines
    except ValidationError as error:
        raise _first_fault(error, model, lines, where, first_line) from error


def _first_fault(
    error: ValidationError, model: type[BaseModel], lines: dict[str, int], where: str, first_line: int
) -> ContentError:
    fault = error.errors(include_url=False)[0]
    key = str(fault["loc"][0])
    place = f"{where}:{lines.get(key, first_line)}"
    if fault["type"] == "extra_forbidden":
        known = list(model.model_fields)
        nearest = difflib.get_close_matches(key, known, n=1)
        step = f"Did you mean {nearest[0]!r}?" if nearest else f"Known keys: {', '.join(known)}."
        return ContentError(f"the key {key!r} is not known.", where=place, next_step=step)
    message = fault["msg"].removeprefix("Input should be ")
    found = repr(fault.get("input"))[:60]
    return ContentError(f"`{key}` is {found}.", where=place, next_step=f"Expected {message[:1].lower()}{message[1:]}.")


def moment(value: date | datetime | None, key: str, *, zone: str | None, where: str) -> datetime | None:
    """A date or time from front matter as an aware moment; a date means its first minute. Raises ContentError."""
    if value is None:
        return None
    if not isinstance(value, datetime):
        found = datetime.combine(value, time(), ZoneInfo(zone) if zone else UTC)
    elif value.tzinfo is not None:
        found = value
    elif zone is not None:
        found = value.replace(tzinfo=ZoneInfo(zone))
    else:
        raise ContentError(
            f"`{key}` is {value.isoformat(' ')}, a time without a zone.",
            where=where,
            next_step="Add the zone (2027-01-11 09:00:00+01:00), or set `timezone` in connectors.yaml.",
        )
    if not _EARLIEST <= found < _LATEST:
        step = "Write a moment between the years 1970 and 2200."
        raise ContentError(f"`{key}` is {value.isoformat()}, which cannot be meant.", where=where, next_step=step)
    return found
