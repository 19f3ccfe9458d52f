"""Attributes of one tag: which stay, how their values are written, and what the cleaner adds (alt, xml:lang, rel)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from lms_bridge.sandbox.moodle.cleaning.addresses import clean_address
from lms_bridge.sandbox.moodle.cleaning.colors import COLORS
from lms_bridge.sandbox.moodle.cleaning.elements import ELEMENTS
from lms_bridge.sandbox.moodle.cleaning.style import clean_style
from lms_bridge.sandbox.moodle.cleaning.tokens import PHP_BLANKS, ascii_lower, names

_NUMERIC = re.compile(r"[ \t\n\r\v\f]*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?[ \t\n\r\v\f]*", re.A)
_ID = re.compile(r"[A-Za-z][A-Za-z0-9:._-]*")
_BACKGROUNDS = names("table td th tr thead tfoot tbody")


@dataclass
class AttributeCleaner:
    """Holds the ids met so far: the second element with an id loses it."""

    allow_ids: bool
    _seen_ids: set[str] = field(default_factory=set)

    def clean(self, name: str, attrs: dict[str, str]) -> dict[str, str]:
        rules = ELEMENTS[name].attrs
        cleaned: dict[str, str] = {}
        for key, value in _prepared(name, attrs).items():
            rule = rules.get(key)
            result = None if rule is None else self._value(name, rule, value)
            if result is not None:
                cleaned[key] = result
        return self._finished(name, cleaned)

    def _value(self, name: str, rule: str, value: str) -> str | None:
        if rule == "id":
            return self._id(value)
        if rule == "style":
            return clean_style(value, element=name)
        kind, _, argument = rule.partition(":")
        return _RULES[kind](value, argument)

    def _id(self, value: str) -> str | None:
        value = value.strip(PHP_BLANKS)
        if not self.allow_ids or value in self._seen_ids or not _ID.fullmatch(value):
            return None
        self._seen_ids.add(value)
        return value

    def _finished(self, name: str, attrs: dict[str, str]) -> dict[str, str]:
        if name == "img":
            _give_alt(attrs)
        if name in ("a", "img") and "name" in attrs and attrs["name"] != attrs.get("id"):
            anchor = self._id(attrs["name"])
            if anchor is None:
                del attrs["name"]
            else:
                attrs["name"] = anchor
        if name == "a" and "target" in attrs:
            attrs["rel"] = "noreferrer noopener"
        if name == "bdo":
            attrs.setdefault("dir", "ltr")
        return attrs


def _prepared(name: str, attrs: dict[str, str]) -> dict[str, str]:
    attrs = dict(attrs)
    if "xml:lang" in attrs:
        attrs["lang"] = attrs["xml:lang"]
    elif "lang" in attrs:
        attrs["xml:lang"] = attrs["lang"]
    if name in _BACKGROUNDS and "background" in attrs:
        attrs["style"] = f"background-image:url({attrs.pop('background')});" + attrs.get("style", "")
    if name == "table" and "height" in attrs:
        height = attrs.pop("height")
        unit = "px" if re.fullmatch("[0-9]+", height) else ""
        attrs["style"] = f"height:{height}{unit};" + attrs.get("style", "")
    if name == "img":
        _give_alt(attrs)
    return attrs


def _give_alt(attrs: dict[str, str]) -> None:
    if "src" in attrs and "alt" not in attrs:
        attrs["alt"] = attrs["src"].rstrip("/").rpartition("/")[2]


def _one_line(value: str, _: str = "") -> str:
    return re.sub("[\n\t\r]", " ", value.strip(PHP_BLANKS))


def _class(value: str, _: str) -> str | None:
    value = value.strip(PHP_BLANKS)
    if not value or value == "0":
        return None
    return " ".join(dict.fromkeys(re.split(r"[ \t\n\r\v\f]+", value)))


def _enum(value: str, allowed: str) -> str | None:
    value = ascii_lower(value.strip(PHP_BLANKS))
    return value if value in allowed.split(",") else None


def _exact(value: str, allowed: str) -> str | None:
    value = value.strip(PHP_BLANKS)
    return value if value in allowed.split(",") else None


def _numeric(value: str) -> int | None:
    return int(float(value)) if _NUMERIC.fullmatch(value) and len(value) < 200 else None


def _pixels(value: str, most: str) -> str | None:
    value = value.strip(PHP_BLANKS)
    number = _numeric(value.removesuffix("px"))
    if number is None:
        return None
    return str(min(max(number, 0), int(most)) if most else max(number, 0))


def _length(value: str, _: str) -> str | None:
    value = value.strip(PHP_BLANKS)
    pixels = _pixels(value, "")
    if pixels is not None or not value.endswith("%"):
        return pixels
    number = _numeric(value[:-1])
    return None if number is None else f"{min(max(number, 0), 100)}%"


def _multilength(value: str, _: str) -> str | None:
    value = value.strip(PHP_BLANKS)
    length = _length(value, "")
    if length is not None or not value.endswith("*"):
        return length
    number = 1 if value == "*" else _numeric(value[:-1])
    if number is None or number < 0:
        return None
    return {0: "0", 1: "*"}.get(number, f"{number}*")


def _integer(value: str, _: str) -> str | None:
    value = _one_line(value)
    if value == "-0":
        return "0"
    value = value.removeprefix("+")
    return value if re.fullmatch("-?[0-9]+", value) else None


def _number(value: str, _: str) -> str | None:
    value = _one_line(value).removeprefix("+")
    return value if re.fullmatch("[0-9]+", value) and value.strip("0") else None


def _color(value: str, _: str) -> str | None:
    value = value.strip(PHP_BLANKS)
    word = COLORS.get(ascii_lower(value))
    if word is not None:
        return word
    digits = value.removeprefix("#")
    if not re.fullmatch("(?:[0-9a-fA-F]{3}){1,2}", digits):
        return None
    return "#" + ("".join(digit * 2 for digit in digits) if len(digits) == 3 else digits)


def _language(value: str, _: str) -> str | None:
    first, *rest = value.strip(PHP_BLANKS).split("-")
    if not re.fullmatch("[xi]|[A-Za-z]{2,3}", first):
        return None
    out = ascii_lower(first)
    for position, part in enumerate(rest):
        too_short = position == 0 and len(part) == 1 and part != "x"
        if too_short or not re.fullmatch("[A-Za-z0-9]{1,8}", part):
            break
        out += "-" + ascii_lower(part)
    return out


_RULES: dict[str, Callable[[str, str], str | None]] = {
    "text": _one_line,
    "class": _class,
    "enum": _enum,
    "exact": _exact,
    "bool": lambda _, name: name,
    "pixels": _pixels,
    "length": _length,
    "multilength": _multilength,
    "integer": _integer,
    "number": _number,
    "color": _color,
    "language": _language,
    "uri": lambda value, _: clean_address(value),
    "embedded": lambda value, _: clean_address(value, embedded=True),
}
