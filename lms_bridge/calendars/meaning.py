"""What the words of an event mean: whether it counts, and which courses it is about. Pure."""

import re
from collections.abc import Iterator
from typing import Any

from lms_bridge.calendars.feed import Rules

_LONGEST = 1_000
"""Signs of each property that are looked at."""
_LONGEST_ID = 100
_MOST_COURSES = 100
_FIELDS = ("CATEGORIES", "SUMMARY", "LOCATION")


def words_of(event: Any) -> tuple[str, ...]:
    """Its categories, one by one, its summary and its location."""
    return tuple(text[:_LONGEST] for name in _FIELDS for text in _texts(event.get(name)) if text)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif hasattr(value, "cats"):
        yield from (str(each) for each in value.cats)
    elif value is not None:
        yield str(value)


def is_wanted(words: tuple[str, ...], rules: Rules) -> bool:
    return not rules.only or any(re.search(rules.only, text) for text in words)


def courses_of(words: tuple[str, ...], rules: Rules) -> tuple[str, ...]:
    """By the pattern, of which the first group counts where it has one, and by words that stand for courses."""
    found: set[str] = set()
    for text in words:
        if rules.pattern:
            matches = re.finditer(rules.pattern, text)
            found |= {course for match in matches if (course := _id(match[1 if match.re.groups else 0]))}
        for word, courses in rules.named:
            if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE):
                found |= set(courses)
    return tuple(sorted(found)[:_MOST_COURSES])


def _id(found: str | None) -> str:
    text = (found or "").strip()
    return text if text.isprintable() and len(text) <= _LONGEST_ID else ""
