"""What runs say about their routes, as far as people are told of it: kinds and counts. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from lms_bridge.errors import Problem
from lms_bridge.notify.message import Done, Health, RouteDay, Waits
from lms_bridge.sync.intent import PastRun
from lms_bridge.sync.report import FAILED, UNREACHABLE, exit_code
from lms_bridge.sync.run import Report
from lms_bridge.troubles import NONE, Counts, counted

HEALTHY: Health = "healthy"
BROKEN: Health = "failed"
_NOTHING_WAITS = Waits(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """How a route is after a run, and what waits for a person."""

    route: str
    status: Health
    run: str = ""
    failed: Counts = NONE
    waits: Waits = _NOTHING_WAITS


def news_of(report: Report) -> News | None:
    """None where the run tells nothing about the route: it was stopped, or another process was at it."""
    if report.stopped or not report.destination:
        return None
    failed = exit_code([report]) in (FAILED, UNREACHABLE)
    return News(
        route=report.route,
        status=BROKEN if failed else HEALTHY,
        run=report.run,
        failed=counted(failure.problem for failure in report.failures) if failed else NONE,
        waits=Waits(len(report.held), len(report.conflicts)),
    )


def news_of_error(routes: Iterable[str], problem: Problem) -> list[News]:
    """Of a sync that ended before its run began."""
    return [News(route=route, status=BROKEN, failed=counted([problem])) for route in routes]


def route_day(route: str, status: Health, runs: Sequence[PastRun], conflicts: int) -> RouteDay:
    """One route in a summary. `runs`: those since the summary before."""
    names: tuple[Done, ...] = get_args(Done)
    done = [(name, sum(run.summary.get(name, 0) for run in runs)) for name in names]
    told = tuple((name, count) for name, count in done if count)
    return RouteDay(route=route, status=status, runs=len(runs), done=told, conflicts=conflicts)


def statuses(known: Mapping[str, Health], news: Iterable[News]) -> dict[str, Health]:
    """How each route is now: as its last run told, or as it was known."""
    return {**known, **{each.route: each.status for each in news}}
