"""How a route stands, by the state and by what the service saw of its runs: pure, from `Seen` to words."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lms_bridge.errors import UsageError
from lms_bridge.service.doors import ConnectorStatus, LastRun, RouteStatus, SyncStatus
from lms_bridge.service.timetable import BY_TIMETABLE, Next, Past, Timetable
from lms_bridge.windows import Closed, closed

if TYPE_CHECKING:
    # The database library takes a third of a second to load, and types need none.
    from lms_bridge.sync.intent import PastRun
    from lms_bridge.sync.state import State
    from lms_bridge.sync.state_figures import Standing

RUNNING = "running"
CUT_OFF = "cut_off"
# The exit codes of docs/running.md.
_WORDS = {
    0: "done",
    1: "failed",
    2: "config",
    4: "approval",
    5: "conflict",
    6: "unreachable",
    7: "unreachable",
    10: "stopped",
}
_WELL = (0, 5)
_HELD = (2, 4)
_UNREACHABLE, _STOPPED, _APPROVAL, _FAILED = 6, 10, 4, 1
_NOBODY_ASKED = (2, 7)
_REMEMBERED = 20
"""Runs that are looked back at: after so many failures in a row the wait no longer grows."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A run or an attempt at one. `ended` and `code` none: nobody knows what became of it. `cancelled`: a person had it
    end before it was done, at the console or where it was begun by hand."""

    run: str
    begun: datetime
    ended: datetime | None
    code: int | None
    cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """As the last run that came to its end left them."""

    standing: tuple["Standing", ...] = ()
    left: tuple[tuple[str, str, int], ...] = ()
    """What it tried or left: status, kind and how many."""
    summary: tuple[tuple[str, int], ...] = ()
    conflicts: int = 0
    not_due: int = 0
    open_writes: int = 0
    succeeded: datetime | None = None
    arrived: float | None = None
    """Of what the pages held that it wrote last, the share that stands there."""

    @property
    def drifted(self) -> int:
        return sum(each.count for each in self.standing if each.status == "drifted")

    @property
    def held(self) -> int:
        """Changes that a limit holds back."""
        return sum(count for status, _, count in self.left if status == "held")


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of one route now. `endings` from the newest on; `elsewhere`: another process has its lease."""

    endings: tuple[Ended, ...] = ()
    running: bool = False
    elsewhere: bool = False
    due: datetime | None = None
    """The next moment, after the last run began, at which something that waits is due."""
    counts: Counts = field(default_factory=Counts)

    @property
    def last(self) -> Ended | None:
        return self.endings[0] if self.endings else None

    @property
    def under_way(self) -> bool:
        return self.running or self.elsewhere


def look(state: "State", route: str, attempts: Sequence[Ended], *, running: bool, before: Seen) -> Seen:
    """Quick, since it is asked every few seconds: only after another run is everything counted anew. Raises StateError.

    `attempts`: those of the service, of which some left no run in the state.
    """
    runs = state.history.last_runs(route, _REMEMBERED)
    by_hand = _cancelled_by_hand(state, route, runs)
    rows = [_of(row, attempts, by_hand) for row in runs]
    # An attempt that got as far as a run is told by that.
    lost = [each for each in attempts if not any(_within(row.begun, each) for row in rows)]
    endings = tuple(sorted([*rows, *lost], key=lambda each: each.begun, reverse=True))
    last = endings[0] if endings else None
    unsure = last is not None and last.code is None
    return Seen(
        endings=endings,
        running=running,
        elsewhere=unsure and not running and state.is_leased(route),
        due=state.figures.next_due(route, last.begun if last is not None else None),
        counts=before.counts if last == before.last else _count(state, route, runs),
    )


def _count(state: "State", route: str, runs: Sequence["PastRun"]) -> Counts:
    from lms_bridge.sync.spent import arrived

    figures = state.figures
    # While one is under way, and after an attempt that became no run, what the one before left still waits.
    last = next((run for run in runs if run.exit_code is not None), None)
    left = figures.of_run(last.run, route) if last is not None else {}
    return Counts(
        standing=tuple(figures.standing(route)),
        left=tuple((status, kind, count) for (status, kind), count in left.items()),
        summary=tuple(last.summary.items()) if last is not None else (),
        conflicts=figures.conflicts(route),
        not_due=figures.waiting(route),
        open_writes=figures.open_intents(route),
        succeeded=figures.last_end(route, _WELL),
        arrived=arrived(state, route),
    )


def failures_in(seen: Seen) -> int:
    """How many failed in a row, up to the last one that is over. What a person cancelled did not fail, and ends the
    row: whoever cancels does not want it again in a minute."""
    over = seen.endings[1:] if seen.under_way and seen.last is not None and seen.last.code is None else seen.endings
    well = (index for index, each in enumerate(over) if each.cancelled or each.code in (*_WELL, *_HELD))
    return next(well, len(over))


def past_of(seen: Seen, looked: datetime | None) -> Past:
    if not seen.endings:
        return Past()
    last = seen.endings[0]
    return Past(last.begun, last.ended or last.begun, failures_in(seen), last.code in _HELD, looked)


def sync_status(seen: Seen, now: datetime) -> SyncStatus:
    """A run that is under way says nothing yet: what was before it holds."""
    told = [each for each in seen.endings if each.code is not None or not seen.under_way]
    if not told:
        return SyncStatus.PENDING
    code = told[0].code
    known: list[tuple[bool, SyncStatus]] = [
        (code is None or code not in (*_WELL, _APPROVAL, _STOPPED), SyncStatus.FAILED),
        (code == _APPROVAL or seen.counts.conflicts > 0, SyncStatus.CONFLICT),
        (code == _STOPPED, SyncStatus.DEFERRED),
        (seen.counts.drifted > 0, SyncStatus.DRIFTED),
        (seen.counts.open_writes > 0 or (seen.due is not None and seen.due <= now), SyncStatus.PENDING),
    ]
    return next((status for holds, status in known if holds), SyncStatus.IN_STEP)


def connector_status(seen: Seen) -> ConnectorStatus:
    """By the newest run whose end is known, and that came as far as to ask the destination anything."""
    known = (each.code for each in seen.endings if each.code is not None)
    code = next((code for code in known if code not in _NOBODY_ASKED), None)
    if code == _UNREACHABLE:
        return ConnectorStatus.DOWN
    return ConnectorStatus.DEGRADED if code == _FAILED else ConnectorStatus.HEALTHY


def last_run(seen: Seen) -> LastRun | None:
    last = seen.last
    if last is None:
        return None
    word = RUNNING if seen.under_way else CUT_OFF
    if last.code is not None:
        word = _WORDS.get(last.code, "failed")
    return LastRun(run=last.run, started=last.begun, ended=last.ended, exit_code=last.code, word=word)


def route_status(
    name: str, timetable: Timetable, seen: Seen, planned: Next, state_problem: str, now: datetime
) -> RouteStatus:
    """`state_problem`: why the state cannot be read, where it cannot."""
    shut = closed(timetable.windows, now)
    detail = "another process runs it" if seen.elsewhere else planned.why if planned.why != BY_TIMETABLE else ""
    if shut is not None:
        detail = f"nothing is pushed until {shut.until:%Y-%m-%d %H:%M %Z}: {shut.why}"
    return RouteStatus(
        name=name,
        sync=SyncStatus.UNKNOWN if state_problem else sync_status(seen, now),
        connector=connector_status(seen),
        last_run=last_run(seen),
        next_run=planned.at,
        running=seen.under_way,
        waits=seen.counts.conflicts + seen.counts.held,
        detail=state_problem or detail,
    )


def refusal(route: str, shut: Closed, file: Path) -> UsageError:
    """To whoever starts a run while a window is shut."""
    return UsageError(
        f"nothing is pushed on the route {route} until {shut.until:%Y-%m-%d %H:%M %Z}: {shut.why}.",
        where=f"{file}: windows",
        next_step="Wait, or let it run all the same: that is logged.",
    )


def _cancelled_by_hand(state: "State", route: str, runs: Sequence["PastRun"]) -> str:
    """The run, if any, that somebody began at the command line and ended there."""
    from lms_bridge.sync.intent import Topic

    if not any(run.exit_code == _STOPPED for run in runs):
        return ""
    note = state.notes.find(Topic.CANCELLED, route)
    return note.text if note is not None else ""


def _of(row: "PastRun", attempts: Sequence[Ended], by_hand: str) -> Ended:
    """One that was killed has no end in the state; the service saw it, and who had it end."""
    seen = next((each for each in attempts if _within(row.started, each)), None)
    ended = seen.ended if seen is not None else row.ended
    cancelled = seen.cancelled if seen is not None else row.run == by_hand and row.exit_code == _STOPPED
    return Ended(row.run, row.started, ended, row.exit_code, cancelled=cancelled)


def _within(begun: datetime, attempt: Ended) -> bool:
    return attempt.begun <= begun and (attempt.ended is None or begun <= attempt.ended)
