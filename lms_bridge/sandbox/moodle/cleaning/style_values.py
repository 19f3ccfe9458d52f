"""Values of CSS properties: each rule returns its value as the cleaner prints it, or None to refuse it."""

from __future__ import annotations

import re
from collections.abc import Callable

from lms_bridge.sandbox.moodle.cleaning.addresses import clean_address
from lms_bridge.sandbox.moodle.cleaning.colors import COLORS
from lms_bridge.sandbox.moodle.cleaning.tokens import PHP_BLANKS, ascii_lower, names

Rule = Callable[[str], str | None]

_UNITS = names("em ex px in cm mm pt pc ch rem vw vh vmin vmax")
_IMAGE_LIMITS = {"px": 1200.0, "pt": 900.0, "pc": 75.0, "in": 12.5, "mm": 317.5, "cm": 31.75}
_NUMBER = re.compile(r"([+-]?)(\d*)(?:(\.)(\d*))?", re.A)
_LENGTH = re.compile(r"([0-9.+-]*)(.*)", re.S)
_MEASURE = r"\s*(\d+(?:\.\d+)?%?)\s*"
_FOUR = re.compile(rf"(rgba|hsla)\({_MEASURE},{_MEASURE},{_MEASURE},{_MEASURE}\)", re.A)
_THREE = re.compile(rf"(rgb|hsl)\({_MEASURE},{_MEASURE},{_MEASURE}\)", re.A)
_FUNCTION = re.compile(r"(rgb|rgba|hsl|hsla)\(")
_GENERIC_FONTS = names("serif sans-serif monospace fantasy cursive")
_FONT_NAME = re.compile(r"[A-Za-z0-9\x80-\U0010ffff_ -]*")


def words(allowed: str) -> Rule:
    known = frozenset(allowed.split())

    def rule(value: str) -> str | None:
        value = ascii_lower(value.strip(PHP_BLANKS))
        return value if value in known else None

    return rule


def either(*rules: Rule) -> Rule:
    return lambda value: next((result for rule in rules if (result := rule(value)) is not None), None)


def up_to(most: int, single: Rule) -> Rule:
    def rule(value: str) -> str | None:
        results = [r for part in tight(plain(value)).split(" ") if (r := single(part)) is not None]
        return " ".join(results[:most]) or None

    return rule


def plain(value: str) -> str:
    return re.sub("[\n\t\r]", " ", value.strip(PHP_BLANKS))


def tight(value: str) -> str:
    """Colour functions without blanks, so that a list of values can be split at blanks."""
    if re.search(r"(rgba|hsla)\(", value):
        return _FOUR.sub(r"\1(\2,\3,\4,\5)", value)
    return _THREE.sub(r"\1(\2,\3,\4)", value)


def number(value: str) -> str | None:
    match = _NUMBER.fullmatch(plain(value))
    if match is None or not (match[2] or match[4]):
        return None
    sign = "-" if match[1] == "-" else ""
    whole = match[2].lstrip("0")
    part = (match[4] or "").rstrip("0")
    if not part:
        return sign + whole if whole else "0"
    return f"{sign}{whole or '0'}.{part}"


def positive_number(value: str) -> str | None:
    return None if plain(value).startswith("-") else number(value)


def length(value: str) -> str | None:
    value = plain(value)
    if value == "0":
        return "0"
    if len(value) < 2:
        return None
    match = _LENGTH.fullmatch(value)
    digits, unit = match.groups() if match else ("", "")
    if digits in ("+0", "-0"):
        digits = "0"
    if digits == "0" and not unit:
        return "0"
    unit = ascii_lower(unit)
    amount = number(digits)
    return amount + unit if amount is not None and unit in _UNITS else None


def positive_length(value: str) -> str | None:
    result = length(value)
    return None if result is None or result.startswith("-") else result


def image_length(value: str) -> str | None:
    """Images are not made larger than 1200 px, and only units that can be told in pixels are taken."""
    result = positive_length(value)
    if result is None or result == "0":
        return result
    match = _LENGTH.fullmatch(result)
    amount, unit = match.groups() if match else ("0", "")
    if float(amount) == 0:
        return result
    limit = _IMAGE_LIMITS.get(unit)
    return result if limit is not None and float(amount) <= limit else None


def percentage(value: str) -> str | None:
    value = plain(value)
    amount = number(value[:-1]) if len(value) > 1 and value.endswith("%") else None
    return None if amount is None else amount + "%"


def positive_percentage(value: str) -> str | None:
    return None if plain(value).startswith("-") else percentage(value)


def color(value: str) -> str | None:
    value = value.strip(PHP_BLANKS)
    word = COLORS.get(ascii_lower(value))
    if word is not None:
        return word
    function = _FUNCTION.search(value)
    if function is not None:
        return _color_function(function[1], value)
    value = value if value.startswith("#") else "#" + value
    return value if re.fullmatch("#(?:[0-9a-fA-F]{3}){1,2}", value) else None


def _color_function(function: str, value: str) -> str | None:
    if value.find(")") != len(value) - 1:
        return None
    parts = [part.strip(PHP_BLANKS) for part in value.replace(function, "").strip(" ()").split(",")]
    if len(parts) != len(function):  # rgb and hsl take three, rgba and hsla four
        return None
    out: list[str] = []
    is_hsl = function.startswith("hsl")
    for position, part in enumerate(parts[:3]):
        is_share = part.endswith("%")
        if part == "" or (is_hsl and is_share != (position > 0)):
            return None
        if not is_hsl and is_share != parts[0].endswith("%"):
            return None
        most = 100.0 if is_share else (360.0 if is_hsl else 255.0)
        out.append(_clamped(part.rstrip("%"), most, is_share=is_share))
    if len(parts) == 4:
        alpha = number(parts[3])
        if alpha is None:
            return None
        out.append("0" if float(alpha) < 0 else "1" if float(alpha) > 1 else alpha)
    return f"{function}({','.join(out)})"


def _clamped(text: str, most: float, *, is_share: bool) -> str:
    try:
        amount = max(min(float(text), most), 0.0)
    except ValueError:
        amount = most
    return f"{amount:.15g}%" if is_share else str(int(amount))


def url(value: str) -> str | None:
    value = plain(value)
    if not value.startswith("url(") or len(value) < 5 or not value.endswith(")"):
        return None
    address = value[4:-1].strip(PHP_BLANKS)
    if address[:1] in ("'", '"'):
        if address[-1] != address[0]:
            return None
        address = address[1:-1]
    result = clean_address(_unescaped(address), embedded=True)
    if result is None:
        return None
    result = re.sub('["\\\\\n\x0c\r]', "", result)
    return 'url("{}")'.format(result.replace("(", "%28").replace(")", "%29").replace("'", "%27"))


def _unescaped(text: str) -> str:
    """CSS escapes to characters."""
    return re.sub(r"\\(?:([0-9a-fA-F]{1,6})\s?|(\n)|(.)|$)", _escape, text, flags=re.S | re.A)


def _escape(match: re.Match[str]) -> str:
    if match[1] is None:
        return match[3] or ("" if match[2] else "\\")
    code = int(match[1], 16)
    is_text = code in (9, 10, 13) or 0x20 <= code <= 0x7E or 0xA0 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD
    return chr(code) if is_text or 0x10000 <= code <= 0x10FFFF else ""


def font_family(value: str) -> str | None:
    out: list[str] = []
    for name in value.split(","):
        name = name.strip(PHP_BLANKS)
        if name in _GENERIC_FONTS:
            out.append(name)
            continue
        if name[:1] in ("'", '"'):
            if len(name) <= 2 or name[-1] != name[0]:
                continue
            name = name[1:-1]
        name = _unescaped(name)
        if re.fullmatch("[A-Za-z0-9]+", name):
            out.append(name)
        elif name and _FONT_NAME.fullmatch(name := re.sub("[\n\t\r\f]", " ", name)):
            out.append(f"'{name}'")
    return ", ".join(out).rstrip(", ") or None


def text_decoration(value: str) -> str | None:
    value = ascii_lower(plain(value))
    if value == "none":
        return value
    known = ("line-through", "overline", "underline")
    return " ".join(part for part in value.split(" ") if part in known) or None
