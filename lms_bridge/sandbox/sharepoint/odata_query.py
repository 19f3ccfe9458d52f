"""OData's query options: `$filter`, `$orderby`, `$select`, `$expand`, read as text and applied to values.

Apart from both interfaces; which properties exist and which may be filtered on is the caller's knowledge.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lms_bridge.sandbox.sharepoint.clock import read_moment
from lms_bridge.sandbox.sharepoint.errors import bad_request

Look = Callable[[str], Any]  # a property's path → its value
_OPERATORS = {"eq", "ne", "gt", "ge", "lt", "le"}
_FUNCTIONS = {"startswith", "contains", "substringof", "endswith"}
_LONGEST = 16_000
_DEEPEST = 40
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<typed>(?:guid|datetime|datetimeoffset)'[^']*')"
    r"|(?P<moment>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?)(?=[\s),]|$)"
    r"|(?P<guid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[dDfFmMlL]?)(?=[\s),]|$)"
    r"|(?P<name>[A-Za-z_@][\w/.@-]*)|(?P<mark>[(),]))"
)


@dataclass(frozen=True)
class Test:
    """One comparison or function of a filter."""

    path: str
    operator: str
    value: Any

    def holds(self, look: Look) -> bool:
        return _compare(look(self.path), self.operator, self.value)

    def paths(self) -> Iterator[str]:
        yield self.path


@dataclass(frozen=True)
class Combination:
    word: str  # and, or, not
    parts: tuple["Condition", ...]

    def holds(self, look: Look) -> bool:
        if self.word == "not":
            return not self.parts[0].holds(look)
        found = (part.holds(look) for part in self.parts)
        return all(found) if self.word == "and" else any(found)

    def paths(self) -> Iterator[str]:
        for part in self.parts:
            yield from part.paths()


Condition = Test | Combination


def parse_filter(text: str) -> Condition:
    if len(text) > _LONGEST:
        raise bad_request("The $filter expression is too long.")
    reader = _Reader(_tokens(text))
    condition = reader.either(0)
    if reader.peek():
        raise _syntax(reader.peek())
    return condition


@dataclass(frozen=True)
class Expansion:
    select: tuple[str, ...] = ()
    expand: Mapping[str, "Expansion"] = field(default_factory=dict)


def parse_select(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip() and name.strip() != "*")


def parse_expand(text: str) -> dict[str, Expansion]:
    """`fields($select=A,B),columns` → by name. The options may come without their `$`."""
    found: dict[str, Expansion] = {}
    for part in _split(text, ","):
        match = re.fullmatch(r"\s*([\w.]+)\s*(?:\((.*)\))?\s*", part, re.DOTALL)
        if match is None:
            raise bad_request(f"Term '{part}' is not valid in a $select or $expand expression.")
        options: dict[str, str] = {}
        for option in _split(match.group(2) or "", ";"):
            name, _, value = option.partition("=")
            options[name.strip().removeprefix("$").casefold()] = value.strip()
        select = parse_select(options.get("select", ""))
        found[match.group(1)] = Expansion(select, parse_expand(options.get("expand", "")))
    return found


def parse_orderby(text: str) -> list[tuple[str, bool]]:
    """Pairs of path and "descending"."""
    found = []
    for part in _split(text, ","):
        path, _, direction = part.strip().partition(" ")
        direction = direction.strip().casefold() or "asc"
        if not path or direction not in {"asc", "desc"}:
            raise bad_request(f"Syntax error in $orderby near '{part}'.")
        found.append((path, direction == "desc"))
    return found


def sort_key(value: Any) -> tuple[int, Any]:
    """Nothing first, then numbers, then text without its case, as SharePoint sorts."""
    if value is None:
        return (0, 0)
    if isinstance(value, bool | int | float):
        return (1, float(value))
    return (2, str(value).casefold())


def whole_number(query: Mapping[str, str], name: str, default: int, largest: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not text.isdigit():
        raise bad_request(f"Invalid value '{text}' for {name} query option found.")
    return min(int(text), largest)


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def take(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise _syntax("the end")
        self._at += 1
        return self._tokens[self._at - 1]

    def expect(self, mark: str) -> None:
        kind, text = self.take()
        if text != mark or kind != "mark":
            raise _syntax(text)

    def either(self, depth: int) -> Condition:
        if depth > _DEEPEST:
            raise bad_request("The $filter expression is nested too deeply.")
        parts = [self.both(depth)]
        while self.peek().casefold() == "or":
            self.take()
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else Combination("or", tuple(parts))

    def both(self, depth: int) -> Condition:
        parts = [self.one(depth)]
        while self.peek().casefold() == "and":
            self.take()
            parts.append(self.one(depth))
        return parts[0] if len(parts) == 1 else Combination("and", tuple(parts))

    def one(self, depth: int) -> Condition:
        kind, text = self.take()
        if text == "(" and kind == "mark":
            inner = self.either(depth + 1)
            self.expect(")")
            return inner
        if kind != "name":
            raise _syntax(text)
        if text.casefold() == "not":
            return Combination("not", (self.one(depth + 1),))
        if text.casefold() in _FUNCTIONS and self.peek() == "(":
            return self._function(text.casefold())
        operator = self.take()[1].casefold()
        if operator not in _OPERATORS:
            raise _syntax(operator)
        return Test(text, operator, self._value())

    def _function(self, name: str) -> Condition:
        self.expect("(")
        first = self.take()
        self.expect(",")
        second = self.take()
        self.expect(")")
        # OData 3: substringof('part', Path); OData 4: contains(Path, 'part').
        path, value = (second, first) if name == "substringof" else (first, second)
        if path[0] != "name" or value[0] != "text":
            raise _syntax(name)
        test = Test(path[1], "contains" if name == "substringof" else name, _literal(*value))
        if self.peek().casefold() in {"eq", "ne"}:
            equal = self.take()[1].casefold() == "eq"
            if self._value() is not equal:
                return Combination("not", (test,))
        return test

    def _value(self) -> Any:
        return _literal(*self.take())


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _syntax(text[at : at + 20])
        kind = match.lastgroup or ""
        found.append((kind, match.group(kind)))
        at = match.end()
    return found


def _literal(kind: str, text: str) -> Any:
    if kind == "text":
        return text[1:-1].replace("''", "'")
    if kind == "typed":
        return text.split("'")[1]
    if kind == "number":
        digits = text.rstrip("dDfFmMlL")
        return int(digits) if digits.lstrip("-").isdigit() else float(digits)
    if kind in {"moment", "guid"}:
        return text
    words = {"true": True, "false": False, "null": None}
    if text.casefold() in words:
        return words[text.casefold()]
    raise _syntax(text)


def _compare(found: Any, operator: str, wanted: Any) -> bool:
    if operator in _FUNCTIONS:
        text, part = str(found if found is not None else "").casefold(), str(wanted).casefold()
        return {
            "startswith": text.startswith(part),
            "endswith": text.endswith(part),
            "contains": part in text,
        }[operator]
    left, right = _comparable(found, wanted)
    if operator in {"eq", "ne"}:
        return (left == right) is (operator == "eq")
    if left is None or right is None:
        return False
    try:
        return bool({"gt": left > right, "ge": left >= right, "lt": left < right, "le": left <= right}[operator])
    except TypeError:
        raise bad_request("The value in the $filter expression is not of the property's type.") from None


def _comparable(found: Any, wanted: Any) -> tuple[Any, Any]:
    if isinstance(found, bool) and isinstance(wanted, int):
        return found, bool(wanted)
    if isinstance(found, int | float) and isinstance(wanted, str):
        try:
            return found, float(wanted)
        except ValueError:
            return found, wanted
    if isinstance(found, str) and isinstance(wanted, str):
        moments = read_moment(found), read_moment(wanted)
        if all(moments) and "-" in wanted:
            return moments
        return found.casefold(), wanted.casefold()
    return found, wanted


def _split(text: str, separator: str) -> Iterator[str]:
    depth, start = 0, 0
    for at, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == separator and depth == 0:
            if text[start:at].strip():
                yield text[start:at]
            start = at + 1
    if text[start:].strip():
        yield text[start:]


def _syntax(near: str) -> Exception:
    return bad_request(f"Invalid filter clause: syntax error near '{near}'.")
