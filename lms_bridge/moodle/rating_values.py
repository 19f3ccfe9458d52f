"""A rating's figures as readers see them, and one spelling of what Moodle gives back. Pure."""

from typing import Any

from lms_bridge.items import Rating
from lms_bridge.moodle.payloads import half_up, plain_number, stars


def shown_values(item: Rating) -> dict[str, str]:
    """What readers see."""
    lowest = item.scale[0]
    spread = [f"{lowest + at}★ {count}" for at, count in enumerate(item.spread)]
    return {
        "average": half_up(item.average, 1),
        "count": str(item.count),
        "stars": stars(item.average, item.scale),
        "spread": " · ".join(reversed(spread)),
        "rank": half_up(item.rank, 2),
    }


def same(value: Any) -> str:
    """One spelling for what a text field and a number field give back for the same figure."""
    return plain_number(value) if value is not None else ""
