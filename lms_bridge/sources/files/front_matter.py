"""The YAML block at the head of a page or prompt: which keys it may hold, and what they mean."""

import difflib
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Annotated, Literal, TypeVar
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from lms_bridge.errors import ContentError

_MAX_BYTES = 20_000
# Beyond these years a moment is a slip, and near the ends of the calendar it cannot be told in UTC at all.
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_NUMBER = "Expected a whole number."
_MOMENT = "Expected a date or a time: 2027-01-11, or 2027-01-11 09:00:00+01:00."
# What pydantic's faults are to people who write Markdown.
_EXPECTED = {
    "string_type": "Expected words: write it in quotes.",
    "string_too_short": "Write something, or leave the line out.",
    "string_pattern_mismatch": "It holds a sign that cannot stand there: letters, digits, `-` and `_` can.",
    "tuple_type": "Expected a list: [one, two].",
    "dict_type": "Expected lines `key: value` below it.",
    "mapping_type": "Expected lines `key: value` below it.",
    "bool_parsing": "Expected true or false.",
    "bool_type": "Expected true or false.",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size", "finite_number"), _NUMBER),
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"), _MOMENT),
    **dict.fromkeys(("datetime_type", "datetime_parsing", "datetime_from_date_parsing"), _MOMENT),
}
_LARGEST_BITS = 64
# Lines of a key and plain words, or a list of them in brackets.
_SIMPLE = re.compile(r"(?:\w+: (?:\w[\w ./+-]*|\[(?:\w[\w -]*(?:, \w[\w -]*)*)?\])\n)+")
_QUICK: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Model = TypeVar("_Model", bound=BaseModel)
# May be a path, so that a file that moves can keep the identity that it had by its place. A part that begins with a
# letter, a digit or an underscore is neither empty nor `..`.
Identifier = Field(None, pattern=r"^\w[^/\p{Cc}]*(/\w[^/\p{Cc}]*)*$", max_length=200)


class _FrontMatter(BaseModel):
    # Built when it is first used: a folder in which one page was touched has no use for the others.
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True, defer_build=True)


class PageMatter(_FrontMatter):
    id: str | None = Identifier
    title: str | None = Field(None, min_length=1, max_length=255)
    tags: tuple[str, ...] = ()
    parent: str | None = None
    status: Literal["draft", "approved"] = "approved"
    group: str | None = None
    order: int | None = Field(None, ge=-99_999, le=999_999)


class PromptMatter(_FrontMatter):
    id: str | None = Identifier
    title: str | None = Field(None, min_length=1, max_length=255)
    tags: tuple[str, ...] = ()
    publish: date | datetime | None = None
    close: date | datetime | None = None
    pinned: bool = False
    group: str | None = None
    status: Literal["draft", "approved"] = "approved"


# Nobody sees blanks around a name, and a course is found by this very name.
_Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^\P{Cc}*$")]


class CourseFile(_FrontMatter):
    """course.yaml: everything in it is optional."""

    idnumber: _Name | None = None
    title: _Name | None = None
    places: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)


def read_yaml(text: str, model: type[_Model], *, where: str, first_line: int = 1) -> tuple[_Model, Mapping[str, int]]:
    """Validate a small YAML block; also the line of each key. Raises ContentError that names file, line and key."""
    if len(text) > _MAX_BYTES:
        raise ContentError("is too long for front matter.", where=where, next_step="Keep it to a few lines.")
    node: yaml.Node | None = None
    try:
        node = _composed(text)
        if "*" in text and any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise ContentError("uses a YAML alias.", where=where, next_step="Write the value out.")
        content = None if node is None else yaml.SafeLoader("").construct_document(node)
    except ValueError as error:
        raise _no_value(node, where, first_line) from error
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = first_line + (mark.line if mark else 0)
        cause = getattr(error, "problem", None) or str(error)
        step = "Check the quotes and colons; a title with a colon needs quotes."
        raise ContentError(f"is not valid YAML: {cause}.", where=f"{where}:{line}", next_step=step) from error
    if content is None:
        # Nothing, a comment, or a word for nothing: `null`, `~`.
        content, node = {}, None
    if not isinstance(content, dict):
        raise ContentError("is not `key: value` lines.", where=f"{where}:{first_line}", next_step="Write `title: …`.")
    if node is not None:
        _refuse_keys(node, where, first_line)
    lines = {key.value: first_line + key.start_mark.line for key, _ in node.value} if node is not None else {}
    try:
        return model.model_validate(content), lines
    except ValidationError as error:
        raise _first_fault(error, model, lines, where, first_line) from error
    except ValueError as error:  # Python writes no number of thousands of digits
        raise _no_value(node, where, first_line) from error


def _composed(text: str) -> yaml.Node | None:
    """libyaml is quick, and calls mistakes by other names: it reads what can have none, nearly every front matter."""
    loader = _QUICK if _SIMPLE.fullmatch(text) else yaml.SafeLoader
    return yaml.compose(text, Loader=loader) if text else None


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
    step = _EXPECTED.get(fault["type"]) or f"Expected {message[:1].lower()}{message[1:]}."
    return ContentError(f"`{key}` is {_shown(fault.get('input'))}.", where=place, next_step=step)


def _shown(value: object) -> str:
    """A value as its writer knows it, not as Python does."""
    match value:
        case None:
            return "empty"
        case bool():
            return str(value).lower()
        case date():
            return value.isoformat()
        case Mapping():
            return "a block of keys"
        case list() | tuple():
            return "a list"
        case str():
            return repr(value)[:60]
        case int() if value.bit_length() > _LARGEST_BITS:
            return "a number too large to be meant"
    return str(value)[:60]


def _no_value(node: yaml.Node | None, where: str, first_line: int) -> ContentError:
    """The error for 2026-13-01 and the like: YAML takes it for a date or a number, and it is none."""
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        try:
            yaml.SafeLoader("").construct_object(value, deep=True)
        except (ValueError, yaml.YAMLError):
            found = f"`{value.value[:60]}`" if isinstance(value, yaml.ScalarNode) else "a block"
            cause = f"`{key.value}` is {found}: it looks like a date or a number, and there is no such one."
            place = f"{where}:{first_line + value.start_mark.line}"
            return ContentError(cause, where=place, next_step="Correct it, or write it in quotes.")
    cause = "holds something that looks like a date or a number, and there is no such one."
    return ContentError(cause, where=f"{where}:{first_line}", next_step="Correct it, or write it in quotes.")


def _refuse_keys(node: yaml.Node, where: str, first_line: int) -> None:
    """YAML itself takes the last of two like keys without a word."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            place = f"{where}:{first_line + key.start_mark.line}"
            if key.tag != "tag:yaml.org,2002:str":
                step = "Write a word as the key, or the key in quotes."
                raise ContentError(f"the key `{_written(key)}` is not a word.", where=place, next_step=step)
            if key.value in seen:
                cause = f"the key {key.value!r} stands here twice."
                raise ContentError(cause, where=place, next_step="Keep one of them.")
            seen.add(key.value)
            _refuse_keys(value, where, first_line)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_keys(value, where, first_line)


def _written(key: yaml.Node) -> str:
    return str(key.value)[:60] if isinstance(key, yaml.ScalarNode) else "…"


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
