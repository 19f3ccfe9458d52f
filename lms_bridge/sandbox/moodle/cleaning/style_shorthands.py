"""CSS properties that set several others at once: border, background, font, list-style."""

from __future__ import annotations

from collections.abc import Mapping

from lms_bridge.sandbox.moodle.cleaning.style_values import Rule, length, percentage, plain, tight
from lms_bridge.sandbox.moodle.cleaning.tokens import ascii_lower, names

_SYSTEM_FONTS = names("caption icon menu message-box small-caption status-bar")


def border(width: Rule, style: Rule, border_color: Rule) -> Rule:
    def rule(value: str) -> str:
        left = [width, style, border_color]
        out: list[str] = []
        for part in tight(plain(value)).split(" "):
            for single in left:
                result = single(part)
                if result is not None:
                    out.append(result)
                    left.remove(single)
                    break
        return " ".join(out)

    return rule


def list_style(kind: Rule, position: Rule, image: Rule) -> Rule:
    def rule(value: str) -> str | None:
        rules = {"type": kind, "position": position, "image": image}
        caught: dict[str, str] = {}
        seen_none = False
        parts = [part for part in ascii_lower(plain(value)).split(" ") if part]
        for part in parts:
            if len(caught) >= 3:
                return None
            for key, single in rules.items():
                result = None if key in caught else single(part)
                if result is None:
                    continue
                if result == "none":
                    if seen_none:
                        continue
                    seen_none = True
                    if key == "image":
                        continue
                caught[key] = result
                break
        return " ".join(caught[key] for key in ("type", "image", "position") if key in caught) or None

    return rule


def background(rules: Mapping[str, Rule]) -> Rule:
    def rule(value: str) -> str | None:
        caught: dict[str, str] = {}
        positions: list[str] = []
        for part in tight(plain(value)).split(" "):
            if part:
                _catch(part, rules, caught, positions)
        position = rules["position"](" ".join(positions)) if positions else None
        if position is not None:
            caught["position"] = position
        return " ".join(caught[key] for key in rules if key in caught) or None

    return rule


def _catch(part: str, rules: Mapping[str, Rule], caught: dict[str, str], positions: list[str]) -> None:
    for key, single in rules.items():
        if key == "position":
            positions.append(part)  # whatever is left is taken for a position, so a size is never reached
            return
        result = None if key in caught else single(part)
        if result is not None:
            caught[key] = result
            return


def background_position(value: str) -> str | None:
    kinds = {"top": "v", "bottom": "v", "left": "h", "right": "h", "center": "c"}
    found: dict[str, str] = {}
    measures: list[str] = []
    for part in plain(value).split(" "):
        word = ascii_lower(part)
        if word in kinds:
            kind = kinds[word]
            if kind == "c":
                kind = "cv" if found or measures else "ch"
            found[kind] = word
        measures += [result for rule in (length, percentage) if part and (result := rule(part)) is not None]
    out: list[str] = []
    if "h" in found:
        out.append(found["h"])
    elif "ch" in found:
        out.append(found["ch"])
        found.pop("cv", None)
    elif measures:
        out.append(measures.pop(0))
    vertical = found.get("v") or found.get("cv") or (measures.pop(0) if measures else None)
    if vertical:
        out.append(vertical)
    return " ".join(out) or None


def font(rules: Mapping[str, Rule], line_height: Rule) -> Rule:
    def rule(value: str) -> str | None:
        value = plain(value)
        if ascii_lower(value) in _SYSTEM_FONTS:
            return ascii_lower(value)
        parts = [part for part in value.split(" ") if part]
        out: list[str] = []
        left = ["style", "variant", "weight"]
        while parts and left:
            caught = next(((k, r) for k in left if (r := rules[k](parts[0])) is not None), None)
            if caught is None:
                break
            left.remove(caught[0])
            out.append(caught[1])
            parts.pop(0)
        size = _font_size(parts, rules["size"], line_height)
        family = rules["family"](" ".join(parts)) if parts else None
        return None if size is None or family is None else " ".join([*out, size, family])

    return rule


def _font_size(parts: list[str], size: Rule, line_height: Rule) -> str | None:
    """Takes the size, and the line height after a slash, off the front."""
    if not parts:
        return None
    amount, slash, height = parts.pop(0).partition("/")
    result = size(amount)
    if result is None:
        return None
    if not slash and parts and parts[0] == "/":
        slash = parts.pop(0)
    if slash and not height and parts:
        height = parts.pop(0)
    tall = line_height(height) if height else None
    return result if tall is None else f"{result}/{tall}"
