"""Runs by day as bars, drawn here as SVG: no script, no style of its own. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from lms_bridge.sync.report import APPROVAL, CONFLICT, DONE
from lms_bridge.sync.state_looking import DayCount

WIDTH, HEIGHT, FOOT = 700, 120, 18
_ROOM = 0.72
"""The share of a day's width that its bar takes."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One piece of a day's bar. `how` is `well`, `waits` or `badly`."""

    x: float
    y: float
    width: float
    height: float
    how: str


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    x: float
    well: int
    waits: int
    badly: int

    @property
    def runs(self) -> int:
        return self.well + self.waits + self.badly


@dataclass(frozen=True, slots=True)
class Chart:
    days: Sequence[Day]
    bars: Sequence[Bar]
    most: int
    width: int = WIDTH
    height: int = HEIGHT + FOOT
    floor: int = HEIGHT

    @property
    def runs(self) -> int:
        return sum(day.runs for day in self.days)


def chart(counts: Iterable[DayCount], *, last: date, days: int = 28) -> Chart:
    """The days up to `last`, oldest first."""
    by_day: dict[str, list[int]] = {}
    for count in counts:
        by_day.setdefault(count.day, [0, 0, 0])[_how(count.exit_code)] += count.count
    step = WIDTH / days
    first = last - timedelta(days=days - 1)
    told = []
    for at in range(days):
        day = first + timedelta(days=at)
        told.append(Day(day, round(at * step, 1), *by_day.get(day.isoformat(), [0, 0, 0])))
    most = max((day.runs for day in told), default=0)
    return Chart(told, [bar for day in told for bar in _bars(day, step, most)], most)


def _bars(day: Day, step: float, most: int) -> Iterable[Bar]:
    y = float(HEIGHT)
    for how, count in (("well", day.well), ("waits", day.waits), ("badly", day.badly)):
        if count:
            height = max(2.0, count / most * (HEIGHT - 8))
            y -= height
            yield Bar(
                round(day.x + step * (1 - _ROOM) / 2, 1), round(y, 1), round(step * _ROOM, 1), round(height, 1), how
            )


def _how(exit_code: int | None) -> int:
    if exit_code == DONE:
        return 0
    return 1 if exit_code in (APPROVAL, CONFLICT) else 2
