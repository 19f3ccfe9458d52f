"""Findings: what `check` finds at sources and destinations, and what to do about it."""

from dataclasses import dataclass
from functools import partial

from starlette.responses import Response

from lms_bridge.connector import Finding, Level
from lms_bridge.console.access.roles import Role
from lms_bridge.console.apart import Apart
from lms_bridge.console.desk import Clock, Loader
from lms_bridge.console.errands import Progress
from lms_bridge.console.pages import Page, Visit

MOST = 1_000


@dataclass(frozen=True, slots=True)
class Found:
    rows: tuple[tuple[str, Finding], ...]
    more: int
    errors: int
    warnings: int


def show(visit: Visit) -> Response:
    return visit.show("findings.html", errand=visit.desk.errands.last("check", ""))


def look(visit: Visit) -> Response:
    work = Apart(partial(_checked, visit.desk.load), visit.desk.clock)
    errand = visit.desk.errands.start("check", "", work, by=visit.name, end=work.end)
    return visit.go(f"/looks/{errand.id}")


def _checked(load: Loader, clock: Clock, progress: Progress) -> Found:
    from lms_bridge.bridge import check

    found = []
    for row in check(load()):
        found.append(row)
        progress("checking", len(found), 0)
    worst_first = sorted(found, key=lambda row: ("error", "warning", "ok").index(row[1].level.value))
    errors, warnings = (sum(finding.level is level for _, finding in found) for level in (Level.ERROR, Level.WARNING))
    return Found(tuple(worst_first[:MOST]), max(0, len(found) - MOST), errors, warnings)


PAGES = (
    Page("/findings", show, role=Role.VIEWER),
    Page("/findings", look, role=Role.VIEWER, method="POST"),
)
