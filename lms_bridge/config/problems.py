"""pydantic's errors → sentences: where in the file, what was found, what was expected, the nearest known name."""

import difflib
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from lms_bridge.config.document import Document, KeyPath
from lms_bridge.errors import Problem

_LONGEST_VALUE = 60


def problems_of(error: ValidationError, document: Document, path: KeyPath, model: type[BaseModel]) -> list[Problem]:
    """One problem a faulty place. A union reports each of its members; only the first is told."""
    problems: dict[str, Problem] = {}
    places: list[KeyPath] = []
    for fault in error.errors(include_url=False):
        place = (*path, *_written(fault["loc"], document, path))
        problem = _problem(dict(fault), document, place, model, path)
        problems.setdefault(problem.where, problem)
        places.append(place)
    # A faulty member of a list makes pydantic find the whole list too short: that is no second mistake.
    inner = {document.where(place[:end]) for place in places for end in range(len(place))}
    return [problem for where, problem in problems.items() if where not in inner or "missing" in problem.cause]


def _written(loc: tuple[str | int, ...], document: Document, path: KeyPath) -> KeyPath:
    """The part of pydantic's location that stands in the file: union members and `[key]` are pydantic's own."""
    kept: KeyPath = ()
    for part in loc:
        is_last_key = part == loc[-1] and isinstance(part, str) and part.isidentifier()
        if (*path, *kept, part) in document.values or is_last_key:
            kept = (*kept, part)
    return kept


def _problem(
    fault: dict[str, Any], document: Document, place: KeyPath, model: type[BaseModel], path: KeyPath
) -> Problem:
    match fault["type"]:
        case "extra_forbidden":
            known = _known_keys(model, place[len(path) : -1])
            return Problem(
                f"the key {place[-1]!r} is not known here.",
                document.where(place, key=True),
                _nearest(str(place[-1]), known),
            )
        case "missing":
            return Problem(f"the key {place[-1]!r} is missing.", document.where(place[:-1]), f"Add `{place[-1]}: …`.")
        case "string_pattern_mismatch" if fault["loc"] and fault["loc"][-1] == "[key]":
            return Problem(
                f"the name {place[-1]!r} cannot be used.",
                document.where(place, key=True),
                "Names are lower-case letters, digits, `-` and `_`.",
            )
        case _:
            value = document.written(place)
            return Problem(_found(fault, value), document.where(place), _expected(fault, value))


def _found(fault: dict[str, Any], value: Any) -> str:
    """What stands in the file. Never pydantic's own input, in which references are resolved to secrets."""
    if fault["type"] in ("value_error", "assertion_error"):
        return f"{fault['ctx']['error']}."
    if isinstance(value, dict):
        return "found a block of keys."
    if isinstance(value, list):
        return "found a list." if value else "found nothing in the list."
    return f"found {repr(value)[:_LONGEST_VALUE]}."


def _expected(fault: dict[str, Any], value: Any) -> str:
    context = fault.get("ctx") or {}
    if fault["type"] in ("value_error", "assertion_error"):
        return ""
    if "expected" in context:
        words = [word.strip("' ") for word in str(context["expected"]).replace(" or ", ",").split(",")]
        nearest = difflib.get_close_matches(str(value), words, n=1)
        hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
        return f"Expected {context['expected']}.{hint}"
    if fault["type"] == "too_short":
        return f"Name {context['min_length']} or more."
    message = fault["msg"].removeprefix("Input should be ")
    return f"Expected {message[:1].lower()}{message[1:]}."


def _nearest(name: str, known: list[str]) -> str:
    nearest = difflib.get_close_matches(name, known, n=1)
    if nearest:
        return f"Did you mean {nearest[0]!r}?"
    return f"Known keys: {', '.join(known)}." if known else ""


def _known_keys(model: type[BaseModel], path: KeyPath) -> list[str]:
    """The keys of the model that a path inside it leads to."""
    current: Any = model
    for part in path:
        current = _step(current, part)
    found = _model_in(current)
    if found is None:
        return []
    return sorted(field.alias or name for name, field in found.model_fields.items())


def _step(annotation: Any, part: str | int) -> Any:
    model = _model_in(annotation)
    if model is not None and isinstance(part, str):
        for name, field in model.model_fields.items():
            if part in (name, field.alias):
                return field.annotation
    arguments = [argument for argument in get_args(annotation) if argument is not ...]
    return arguments[-1] if arguments else annotation


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for member in get_args(annotation):
        found = _model_in(member)
        if found is not None:
            return found
    return None
