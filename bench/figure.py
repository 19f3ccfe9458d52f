"""One measured number, and what it is held against."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`goal` reads `>= 4` or `<= 1.15`, and is about the ratio where there is a yardstick, else about the value."""

    name: str
    value: float | None
    unit: str
    yardstick: str = ""
    ratio: float | None = None
    goal: str = ""
    skipped: str = ""
    """Why it was not measured, and what to do for it."""

    @property
    def met(self) -> bool | None:
        """None where nothing was measured or nothing is asked for."""
        measured = self.value if self.ratio is None else self.ratio
        if measured is None or not self.goal:
            return None
        sign, _, bound = self.goal.partition(" ")
        return measured <= float(bound) if sign == "<=" else measured >= float(bound)

    def as_json(self) -> dict[str, object]:
        told: dict[str, object] = {"name": self.name, "value": self.value, "unit": self.unit}
        told |= {"yardstick": self.yardstick, "ratio": self.ratio, "goal": self.goal, "met": self.met}
        return told | {"skipped": self.skipped} if self.skipped else told


def skipped(name: str, why: str) -> Figure:
    return Figure(name, None, "", skipped=why)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks of every subject."""

    runs: int
    """How often each thing is timed; the median counts."""
    share: float
    """1.0 is the size that the goals speak of; less is for trying the benchmark itself."""

    def size(self, full: int) -> int:
        return max(1, round(full * self.share))

    def median(self, measure: Callable[[], float]) -> float:
        return statistics.median(measure() for _ in range(self.runs))

    def paired(self, ours: Callable[[], float], theirs: Callable[[], float]) -> tuple[float, float]:
        """Medians of two measures taken in turn, so that what else the machine does falls on both."""
        pairs: Sequence[tuple[float, float]] = [(ours(), theirs()) for _ in range(self.runs)]
        return statistics.median(one for one, _ in pairs), statistics.median(other for _, other in pairs)
