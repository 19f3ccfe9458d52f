"""Stars as text, so that a plain column shows them without any formatting of the list."""

import math
from decimal import ROUND_HALF_UP, Decimal

FULL, EMPTY = "★", "☆"
SHOWN = 5


def star_row(value: float, scale: tuple[int, int]) -> str:
    """Five stars, rounded half up: ★★★★☆. Other scales are brought to five."""
    filled = math.floor(on_five(value, scale) + 0.5)
    filled = min(SHOWN, max(0, filled))
    return FULL * filled + EMPTY * (SHOWN - filled)


def on_five(value: float, scale: tuple[int, int]) -> float:
    """A value on 0–5, for a column that orders courses of different scales."""
    top = scale[1]
    return value if top == SHOWN else value * SHOWN / top if top > 0 else 0.0


def half_up(value: float, places: int = 1) -> str:
    """As people round: 4.25 is 4.3, where Python's formats say 4.2."""
    return str(Decimal(repr(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def shown(value: float, scale: tuple[int, int]) -> str:
    """`4.2`, or `7.5/10` where the scale does not end at five."""
    number = half_up(value)
    return number if scale[1] == SHOWN else f"{number}/{scale[1]}"
