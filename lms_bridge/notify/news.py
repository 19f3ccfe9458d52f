"""What runs say about their routes, as far as people are told of it. Pure.

No keys and no texts: mail and chats are read by more people than the places are. Of what failed the first cause is
told, which may quote a title.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lms_bridge.errors import Problem
from lms_bridge.sync.intent import PastRun
from lms_bridge.sync.report import FAILED, UNREACHABLE, exit_code
from lms_bridge.sync.run import Report

HEALTHY, BROKEN = "healthy", "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """How a route is after a run. `waiting`: what waits for a person, in words."""

    route: str
    status: str
    run: str = ""
    reason: str = ""
    next_step: str = ""
    waiting: str = ""
    decide: str = ""
    """How a person decides about what waits."""


def news_of(report: Report) -> News | None:
    """None where the run tells nothing about the route: it was stopped, or another process was at it."""
    if report.stopped or not report.destination:
        return None
    failed = exit_code([report]) in (FAILED, UNREACHABLE)
    reason, step = _reason(report) if failed else ("", "")
    waiting, decide = _waiting(report)
    return News(
        route=report.route,
        status=BROKEN if failed else HEALTHY,
        run=report.run,
        reason=reason,
        next_step=step,
        waiting=waiting,
        decide=decide,
    )


def news_of_error(routes: Iterable[str], problem: Problem) -> list[News]:
    """Of a sync that ended before its run began."""
    return [
        News(route=route, status=BROKEN, reason=problem.cause, next_step=problem.next_step or "Run `lms-bridge check`.")
        for route in routes
    ]


def _reason(report: Report) -> tuple[str, str]:
    if not report.failures:
        return "the destination could not be reached", "Run `lms-bridge check`; the next sync tries again."
    first, *others = report.failures
    more = f" ({len(others)} more failed)" if others else ""
    step = first.problem.next_step or "`lms-bridge check` tells more; the next sync tries again."
    return f"{first.problem.cause.rstrip('.')}{more}", step


def _waiting(report: Report) -> tuple[str, str]:
    held, conflicts = len(report.held), len(report.conflicts)
    told, steps = [], []
    if held:
        told.append(f"{_count(held, 'change')} for approval")
        steps.append(f"`lms-bridge plan --route {report.route}` shows them, and the command that approves.")
    if conflicts:
        told.append(f"{_count(conflicts, 'conflict')} for a decision")
        steps.append("`lms-bridge review list` shows them.")
    return " and ".join(told), " ".join(steps)


def summary_line(route: str, status: str, runs: Sequence[PastRun], waiting: int) -> str:
    """One route in a summary. `runs`: those since the summary before."""
    summed: dict[str, int] = {}
    for run in runs:
        for name, count in run.summary.items():
            summed[name] = summed.get(name, 0) + count
    words = [f"{summed[name]} {name}" for name in _TOLD if summed.get(name)]
    asks = [f"{_count(waiting, 'conflict')} for a decision"] if waiting else []
    return f"{route}: {status}, {_count(len(runs), 'run')}; {', '.join([*words, *asks]) or 'nothing changed'}"


_TOLD = ("created", "updated", "merged", "adopted", "hidden", "deleted", "failed")


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' if number != 1 else ''}"


def statuses(known: Mapping[str, str], news: Iterable[News]) -> dict[str, str]:
    """How each route is now: as its last run told, or as it was known."""
    return {**known, **{each.route: each.status for each in news}}
