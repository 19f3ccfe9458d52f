"""A block of connectors.yaml that has a settings model of its own: its references resolved, and no secret in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError

from lms_bridge.config import references
from lms_bridge.config.document import Document, KeyPath
from lms_bridge.config.problems import problems_of
from lms_bridge.errors import ConfigError, Problem

_MISSING = object()
WRITTEN_OUT = "a secret must not stand in this file."


@dataclass(frozen=True, slots=True)
class Reading:
    """`folder` is where file references start; without it references stay as they are."""

    document: Document
    folder: Path | None


def validated(reading: Reading, path: KeyPath, raw: dict[str, Any], of: type[BaseModel]) -> BaseModel:
    """A block with a `type`, by the settings model that belongs to it, its references resolved. Raises ConfigError."""
    document = reading.document
    settings = {key: value for key, value in raw.items() if key != "type"}
    problems = list(_literal_secrets(document, path, of, settings))
    found_values: dict[str, str] = {}
    resolved = _resolve(reading, path, settings, problems, found_values)
    try:
        model = of.model_validate(resolved)
    except ValidationError as error:
        known = {problem.where for problem in problems}
        told = (_as_written(problem, found_values) for problem in problems_of(error, document, path, of))
        problems += [problem for problem in told if problem.where not in known]
    if problems:
        raise ConfigError(tuple(problems))
    return model


def _as_written(problem: Problem, values: Mapping[str, str]) -> Problem:
    """A setting that takes no secret may quote what it was given, and was given one by a slip."""
    for value, written in values.items():
        problem = replace(problem, cause=problem.cause.replace(value, written))
    return problem


def _resolve(reading: Reading, path: KeyPath, value: Any, problems: list[Problem], values: dict[str, str]) -> Any:
    """`values` is given what references stood for, by value."""
    if isinstance(value, dict):
        return {key: _resolve(reading, (*path, key), item, problems, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolve(reading, (*path, index), item, problems, values) for index, item in enumerate(value)]
    if not isinstance(value, str) or reading.folder is None:
        return value
    try:
        resolved = references.resolve(value, folder=reading.folder)
    except references.UnresolvedReference as error:
        problems.append(error.problem(reading.document.where(path)))
        return value
    if resolved not in ("", value):
        values[resolved] = value
    return resolved


def _literal_secrets(document: Document, path: KeyPath, model: type[BaseModel], raw: Any) -> Iterator[Problem]:
    """Secrets written out in the file, which would end up in Git, mails and backups."""
    if not isinstance(raw, dict):
        return
    for name, field in model.model_fields.items():
        key = field.alias if field.alias is not None and field.alias in raw else name
        value = raw.get(key, _MISSING)
        if value is _MISSING or value is None:
            continue
        place = (*path, key)
        for kind in _members(field.annotation):
            if kind is SecretStr and not (isinstance(value, str) and references.is_reference(value)):
                named = place[1:] if isinstance(place[1], str) else place
                variable = "_".join(str(part) for part in named).upper().replace("-", "_")
                yield Problem(
                    WRITTEN_OUT,
                    document.where(place),
                    f"Put it into the environment and write `{key}: ${{env:{variable}}}`; `${{file:PATH}}` and "
                    "`${keyring:SERVICE/NAME}` work as well. Then replace the secret: it was readable here.",
                )
            elif isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from _literal_secrets(document, place, kind, value)


def _members(annotation: Any) -> tuple[Any, ...]:
    """The types of a union, or the one type, whatever is annotated to them."""
    if get_origin(annotation) is Annotated:
        return _members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return tuple(member for part in get_args(annotation) for member in _members(part))
    return (annotation,)
