"""The style attribute: which CSS properties stay and how they are written; display, position and the like go."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from lms_bridge.sandbox.moodle.cleaning import style_shorthands as short
from lms_bridge.sandbox.moodle.cleaning import style_values as v
from lms_bridge.sandbox.moodle.cleaning.tokens import PHP_BLANKS, ascii_lower

_IMPORTANT = re.compile(rf"(.*?)[{PHP_BLANKS}]*![{PHP_BLANKS}]*important", re.S)
_ENDING = re.compile(r"[^;'\"]*")


def clean_style(css: str, *, element: str) -> str | None:
    """The declarations that stay, each once, the last one of a kind; None when nothing is left."""
    kept: dict[str, str] = {}
    for declaration in _declarations(re.sub("[\n\t\r]", " ", css.strip(PHP_BLANKS))):
        name, colon, value = declaration.partition(":")
        name = ascii_lower(name.strip(PHP_BLANKS))
        rule = _rule(name, element)
        if not colon or rule is None or declaration.startswith(":"):
            continue
        value = value.strip(PHP_BLANKS)
        result = "inherit" if ascii_lower(value) == "inherit" else rule(_without_important(value))
        if result is not None:
            kept[name] = result
    return "".join(f"{name}:{value};" for name, value in kept.items()) or None


def _declarations(css: str) -> Iterator[str]:
    """Split at semicolons outside quotes."""
    current, quote, position = "", "", 0
    while position < len(css):
        match = _ENDING.match(css, position)
        plain = match[0] if match else ""
        current += plain
        position += len(plain)
        if position == len(css):
            break
        char = css[position]
        position += 1
        if not quote and char == ";":
            yield current
            current = ""
            continue
        current += char
        if not quote:
            quote = char
        elif char == quote:
            quote = ""
    if current:
        yield current


def _without_important(value: str) -> str:
    match = _IMPORTANT.fullmatch(value)
    return match[1] if match else value


def _rule(name: str, element: str) -> v.Rule | None:
    if element == "img" and name in _IMAGE_SIZES:
        return _IMAGE_SIZES[name]
    return _PROPERTIES.get(name)


def _sides(pattern: str, rule: v.Rule) -> dict[str, v.Rule]:
    return {pattern.format(side): rule for side in ("top", "left", "right", "bottom")}


_border_style = v.words("none hidden dotted dashed solid double groove ridge inset outset")
_border_color = v.either(v.words("transparent"), v.color)
_border_width = v.either(v.words("thin medium thick"), v.positive_length)
_border = short.border(v.up_to(4, _border_width), v.up_to(4, _border_style), _border_color)
_image = v.either(v.words("none"), v.url)
_spacing = v.either(v.words("normal"), v.length)
_margin = v.either(v.length, v.percentage, v.words("auto"))
_padding = v.either(v.positive_length, v.positive_percentage)
_size = v.either(v.positive_length, v.positive_percentage, v.words("auto initial inherit"))
_least = v.either(v.positive_length, v.positive_percentage, v.words("initial inherit"))
_most = v.either(v.positive_length, v.positive_percentage, v.words("none initial inherit"))
_font_size = v.either(
    v.words("xx-small x-small small medium large x-large xx-large larger smaller"), v.percentage, v.length
)
_line_height = v.either(v.words("normal"), v.positive_number, v.positive_length, v.positive_percentage)
_list_type = v.words("disc circle square decimal lower-roman upper-roman lower-alpha upper-alpha none")
_list_position = v.words("inside outside")
_weight = v.words("normal bold bolder lighter 100 200 300 400 500 600 700 800 900")
_background: dict[str, v.Rule] = {
    "color": _border_color,
    "image": _image,
    "repeat": v.words("repeat repeat-x repeat-y no-repeat"),
    "attachment": v.words("scroll fixed"),
    "position": short.background_position,
    "size": v.either(v.words("auto cover contain initial inherit"), v.percentage, v.length),
}
_font: dict[str, v.Rule] = {
    "style": v.words("normal italic oblique"),
    "variant": v.words("normal small-caps"),
    "weight": _weight,
    "size": _font_size,
    "family": v.font_family,
}

_PROPERTIES: dict[str, Callable[[str], str | None]] = {
    "text-align": v.words("left right center justify"),
    "clear": v.words("none left right both"),
    "float": v.words("none left right"),
    "color": v.color,
    **{f"font-{name}": rule for name, rule in _font.items()},
    "font": short.font(_font, _line_height),
    "line-height": _line_height,
    **{f"background-{name}": rule for name, rule in _background.items()},
    "background": short.background(_background),
    "list-style-position": _list_position,
    "list-style-type": _list_type,
    "list-style-image": _image,
    "list-style": short.list_style(_list_type, _list_position, _image),
    **_sides("border-{}-style", _border_style),
    **_sides("border-{}-color", _border_color),
    **_sides("border-{}-width", _border_width),
    **_sides("border-{}", _border),
    "border": _border,
    "border-style": v.up_to(4, _border_style),
    "border-color": v.up_to(4, _border_color),
    "border-width": v.up_to(4, _border_width),
    "border-collapse": v.words("collapse separate"),
    "border-spacing": v.up_to(2, v.length),
    "letter-spacing": _spacing,
    "word-spacing": _spacing,
    **_sides("margin-{}", _margin),
    "margin": v.up_to(4, _margin),
    **_sides("padding-{}", _padding),
    "padding": v.up_to(4, _padding),
    "text-indent": v.either(v.length, v.percentage),
    "width": _size,
    "height": _size,
    "min-width": _least,
    "min-height": _least,
    "max-width": _most,
    "max-height": _most,
    "text-transform": v.words("capitalize uppercase lowercase none"),
    "text-decoration": v.text_decoration,
    "text-decoration-line": v.words("none underline overline line-through initial inherit"),
    "text-decoration-style": v.words("solid double dotted dashed wavy initial inherit"),
    "text-decoration-color": v.color,
    "text-decoration-thickness": v.either(v.length, v.percentage, v.words("auto from-font initial inherit")),
    "caption-side": v.words("top bottom"),
    "table-layout": v.words("auto fixed"),
    "vertical-align": v.either(
        v.words("baseline sub super top text-top middle bottom text-bottom"), v.length, v.percentage
    ),
    "white-space": v.words("nowrap normal pre pre-wrap pre-line"),
}
_IMAGE_SIZES: dict[str, v.Rule] = {
    "width": v.either(v.image_length, v.words("auto")),
    "height": v.either(v.image_length, v.words("auto")),
    "min-width": v.either(v.image_length, v.words("initial inherit")),
    "min-height": v.either(v.image_length, v.words("initial inherit")),
    "max-width": v.either(v.image_length, v.words("none initial inherit")),
    "max-height": v.either(v.image_length, v.words("none initial inherit")),
}
