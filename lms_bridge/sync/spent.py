"""What destinations were asked and what their budgets have left, from the processes that ask to whoever serves."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from lms_bridge.connector import CallEnd, Destination, Left, Spent
from lms_bridge.errors import StateError
from lms_bridge.sync.intent import Note, Topic
from lms_bridge.sync.report import fidelity_of
from lms_bridge.sync.run import Report

if TYPE_CHECKING:
    # The database library takes a third of a second to load, and types need none.
    from lms_bridge.sync.state import State


@dataclass(frozen=True, slots=True)
class Asked:
    """`calls` by how they ended, each way once. `left` is a share: of the budget that has least. None: none is kept."""

    destination: str
    calls: Mapping[str, int]
    left: float | None


def keep_spent(state: "State", destinations: Iterable[Destination], now: datetime) -> None:
    """What was asked since it was kept last. No run fails for a figure that could not be kept."""
    for destination in destinations:
        spent = getattr(destination, "spent", None)
        found: Spent | None = spent() if spent is not None else None
        if found is None or not found.calls:
            continue
        name = destination.name
        with suppress(StateError):
            state.notes.count(Topic.CALLS, {f"{name} {end.value}": n for end, n in found.calls.items()}, now)
            state.notes.put(Topic.BUDGET, {f"{name} {part}": _line(left) for part, left in found.left.items()}, now)


def keep_fidelity(state: "State", report: Report) -> None:
    """How much of the pages arrived that the route wrote last; nothing of a run that wrote none."""
    share = fidelity_of(report)
    if share is not None:
        state.notes.put(Topic.FIDELITY, {report.route: f"{share:.6f}"}, report.ended)


def arrived(state: "State", route: str) -> float | None:
    """As `keep_fidelity` kept it. Raises StateError."""
    note = state.notes.find(Topic.FIDELITY, route)
    return float(note.text) if note is not None else None


def asked_of(state: "State", destinations: Sequence[str], now: datetime) -> list[Asked]:
    """By all processes so far. Raises StateError."""
    calls, budgets = state.notes.all(Topic.CALLS), state.notes.all(Topic.BUDGET)
    return [
        Asked(
            name, {end.value: _number(calls.get(f"{name} {end.value}")) for end in CallEnd}, _left(name, budgets, now)
        )
        for name in destinations
    ]


def _left(name: str, budgets: Mapping[str, Note], now: datetime) -> float | None:
    shares = [_share(note, now) for about, note in budgets.items() if about.partition(" ")[0] == name]
    return min(shares, default=None)


def _share(note: Note, now: datetime) -> float:
    """What flowed in since it was noted counts; a debt is nothing left."""
    level, per_second, burst = (float(part) for part in note.text.split(" "))
    filled = level + max(0.0, (now - note.at).total_seconds()) * per_second
    return max(0.0, min(1.0, filled / burst)) if burst > 0 else 0.0


def _line(left: Left) -> str:
    return f"{left.level:.5g} {left.per_second:.5g} {left.burst:.5g}"


def _number(note: Note | None) -> int:
    return int(note.text) if note is not None else 0
