"""Whether a trail is whole: the first link that does not hold, and where it ends. Pure."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass

from lms_bridge.audit.line import FIRST, Line, chained


@dataclass(frozen=True, slots=True)
class Head:
    """The last line. Who keeps it elsewhere can tell later that nothing was cut off behind, or written anew."""

    number: int
    chained: str

    def __str__(self) -> str:
        return f"{self.number}:{self.chained}"


START = Head(0, FIRST)


@dataclass(frozen=True, slots=True)
class Broken:
    """The first line that does not follow from the one before it, and how that shows."""

    number: int
    how: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`head` is that of the whole part, up to where it is broken."""

    head: Head
    broken: Broken | None = None


def head_of(written: str) -> Head | None:
    """A head as `str` writes it; none for anything else."""
    number, _, hash_ = written.strip().partition(":")
    if not (number.isascii() and number.isdigit()) or len(hash_) != len(FIRST):
        return None
    return Head(int(number), hash_.lower())


def verify(lines: Iterable[Line], *, kept: Head | None = None) -> Verdict:
    """`lines` in the order of their numbers; `kept` is a head that was noted earlier, which must still be in them."""
    head = START
    for line in lines:
        if line.number != head.number + 1:
            missing = f"line {head.number + 1} is missing" if line.number > head.number else "its number stands twice"
            return Verdict(head, Broken(line.number, missing))
        if line.chained != chained(head.chained, astuple(line)[:-1]):
            return Verdict(head, Broken(line.number, "it, or the line before it, is not as it was written"))
        head = Head(line.number, line.chained)
        if kept is not None and kept.number == head.number and kept != head:
            return Verdict(head, Broken(head.number, "the trail was written anew: it is not the line that was noted"))
    if kept is not None and kept.number > head.number:
        return Verdict(head, Broken(kept.number, f"the trail ends at line {head.number}: what followed was cut off"))
    return Verdict(head)
