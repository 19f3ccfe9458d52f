"""What a function accepts: types, defaults and nesting, and Moodle's way of refusing everything else."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lms_bridge.sandbox.moodle.refusals import bad_parameter

_REQUIRED = object()
_DIGITS = re.compile(r"-?[0-9]{1,18}\Z")
_FORBIDDEN = re.compile("[\x00\ud800-\udfff\ufffe\uffff]")
_FLOAT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z")


@dataclass(frozen=True)
class Value:
    """One scalar. `kind`: int, bool, float, text (PARAM_TEXT), raw, alpha, alphanumext."""

    kind: str
    default: Any = _REQUIRED
    null: bool = True

    @property
    def optional(self) -> bool:
        return self.default is not _REQUIRED


@dataclass(frozen=True)
class ListOf:
    item: "Spec"
    default: Any = _REQUIRED

    @property
    def optional(self) -> bool:
        return self.default is not _REQUIRED


@dataclass(frozen=True)
class Fields:
    """`loose`: left out keys that have no default stay out (Moodle's VALUE_OPTIONAL)."""

    keys: Mapping[str, "Spec"]
    default: Any = _REQUIRED
    left_out: frozenset[str] = frozenset()

    @property
    def optional(self) -> bool:
        return self.default is not _REQUIRED


Spec = Value | ListOf | Fields


def as_int(text: str) -> int | None:
    """A whole number as Moodle takes it for PARAM_INT; None for anything else, and for what no column could hold."""
    return int(text) if _DIGITS.match(text) and str(int(text)) == text else None


def check_arguments(spec: Mapping[str, Spec], given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as the function gets them, defaults filled in."""
    return _check_fields(Fields(spec), given)


def _check(spec: Spec, value: Any) -> Any:
    match spec:
        case Value():
            return _check_value(spec, value)
        case ListOf():
            if not isinstance(value, dict | list):
                raise bad_parameter("Only arrays accepted.")
            items = list(value.values()) if isinstance(value, dict) else value
            return [_check(spec.item, item) for item in items]
        case Fields():
            # PHP cannot tell an empty list from an empty object.
            return _check_fields(spec, {} if value == [] else value)


def _check_fields(spec: Fields, given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise bad_parameter("Only arrays accepted.")
    checked: dict[str, Any] = {}
    for name, part in spec.keys.items():
        if name in given:
            checked[name] = _check(part, given[name])
        elif name in spec.left_out:
            continue
        elif part.optional:
            checked[name] = part.default
        else:
            raise bad_parameter(f"Missing required key in single structure: {name}")
    unknown = [str(name) for name in given if name not in spec.keys]
    if unknown:
        raise bad_parameter(f"Unexpected keys ({', '.join(unknown)}) detected in parameter array.")
    return checked


def _check_value(spec: Value, value: Any) -> Any:
    if isinstance(value, dict | list):
        raise bad_parameter("Scalar type expected, array or object received.")
    if value is None:
        if spec.null:
            return None
        raise bad_parameter("Invalid external api parameter: the value is null")
    if spec.kind == "bool":
        if value in (True, False) or value in ("0", "1"):
            return bool(int(value))
        raise bad_parameter("Invalid external api parameter: the value is not a bool")
    text = _as_text(value)
    if not _accepts(spec.kind, text):
        raise bad_parameter(f"Invalid external api parameter: the value is not {spec.kind}")
    if spec.kind == "int":
        return int(text)
    return float(text) if spec.kind == "float" else text


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else ""
    return str(value)


def _accepts(kind: str, text: str) -> bool:
    if _FORBIDDEN.search(text):
        return False
    match kind:
        case "int":
            return as_int(text) is not None
        case "float":
            return bool(_FLOAT.match(text))
        case "text":
            return clean_param_text(text) == text
        case "alpha":
            return bool(re.fullmatch(r"[a-zA-Z]*", text))
        case "alphanumext":
            return bool(re.fullmatch(r"[a-zA-Z0-9_-]*", text))
        case _:
            return True


_MULTILANG = re.compile(
    r"(<span(\s+lang=\"[a-zA-Z0-9_-]+\"|\s+class=\"multilang\"){2}\s*>)(.*?)</span>|"
    r"(<lang\s+lang=\"[a-zA-Z0-9_-]+\"\s*>)(.*?)</lang>",
    re.DOTALL,
)


def clean_param_text(text: str) -> str:
    """PARAM_TEXT: markup is stripped, except the spans of the multilang filter."""
    if _MULTILANG.search(text):
        bare = re.sub(r"</?(?:span|lang)\b[^>]*>", "", text)
        if strip_tags(bare) == bare:
            return text
    return strip_tags(text)


def strip_tags(text: str) -> str:
    """PHP's strip_tags: a `<` followed by a blank is no tag, an unclosed one swallows the rest."""
    return re.sub(r"<!--.*?(?:-->|\Z)|<(?!\s)[^>]*(?:>|\Z)", "", text, flags=re.DOTALL)
