"""Stars as text, so that a plain column shows them without any formatting of the list."""

import math

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


def shown(value: float, scale: tuple[int, int]) -> str:
    """`4.2`, or `7.5/10` where the scale does not end at five."""
    number = f"{value:.1f}"
    return number if scale[1] == SHOWN else f"{number}/{scale[1]}"
