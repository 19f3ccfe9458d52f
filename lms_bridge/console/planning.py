"""The plan of a route: what would change, why, and at what cost; with the guarded part to approve by its checksum."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from starlette.responses import Response

from lms_bridge.console.access.roles import Role
from lms_bridge.console.apart import Apart
from lms_bridge.console.desk import Clock, Desk, Loader
from lms_bridge.console.errands import Progress
from lms_bridge.console.pages import Page, Visit
from lms_bridge.errors import NotFound, UsageError
from lms_bridge.markup.diff import Pair, line_diff, side_by_side
from lms_bridge.sync.difference import Difference
from lms_bridge.sync.report_text import cost_line, failure_lines, headline
from lms_bridge.sync.run import Plan

MOST = 2_000
"""Changes that are kept of a plan for the page; how many more there are is told."""
DIFFS = 20
LONGEST = 400
"""Lines of one difference that are shown."""


@dataclass(frozen=True, slots=True)
class Step:
    """One change, without its texts."""

    action: str
    kind: str
    key: str
    course: str
    title: str
    reason: str
    url: str | None
    guarded: bool
    conflict: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A difference, side by side. `more` lines are left out."""

    key: str
    title: str
    pairs: Sequence[Pair]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan as the page shows it. Holds nothing open."""

    route: str
    only: Sequence[str]
    made: datetime
    checksum: str
    headline: str
    cost: str
    pending: int
    guarded: int
    counts: Sequence[tuple[str, int]]
    steps: Sequence[Step]
    more: int
    approvals: Sequence[str]
    notices: Sequence[str]
    failures: Sequence[str]
    diffs: Sequence[Shown]


def choose(visit: Visit) -> Response:
    last = {name: visit.desk.errands.last("plan", name) for name in visit.desk.routes}
    return visit.show("plan.html", routes=visit.desk.doors.routes(), last=last, only=visit.asked("only"))


def look(visit: Visit) -> Response:
    route, only = visit.given("route"), selections(visit.given("only"))
    desk = known_route(visit, route)
    about = f"{route} {' '.join(only)}".strip()

    work = Apart(partial(_planned, desk.load, route, only), desk.clock)
    errand = desk.errands.start("plan", about, work, by=visit.name, end=work.end)
    return visit.go(f"/looks/{errand.id}")


def difference(visit: Visit) -> Response:
    """How one item's text would change."""
    route, key = visit.given("route"), visit.given("key")[:2_000]
    desk = known_route(visit, route)
    work = Apart(partial(_differing, desk.load, route, key), desk.clock)
    errand = desk.errands.start("difference", f"{route} {key}", work, by=visit.name, end=work.end)
    return visit.go(f"/looks/{errand.id}")


def selections(text: str) -> tuple[str, ...]:
    """What a person typed, one selection a line: `course:BIO-101`, `page:Cell*`, or a key. Raises UsageError."""
    if "\0" in text:
        raise UsageError("what is selected holds a sign that nothing can be called by.", next_step="Type it anew.")
    return tuple(line.strip() for line in text[:10_000].splitlines() if line.strip())[:50]


def known_route(visit: Visit, route: str) -> Desk:
    """Raises NotFound for a route that is not configured."""
    if route not in visit.desk.routes:
        raise NotFound(f"there is no route {route!r}.", next_step="The overview shows the routes.")
    return visit.desk


def shown(told: Difference) -> Shown:
    pairs = side_by_side(line_diff(told.before, told.after))
    return Shown(told.key, told.title, pairs[:LONGEST], max(0, len(pairs) - LONGEST))


def _differing(load: Loader, route: str, key: str, clock: Clock, progress: Progress) -> Shown:
    from lms_bridge.bridge import open_bridge
    from lms_bridge.sync.difference import diff

    with open_bridge(load(), only_routes=[route]) as bridge:
        found = diff(bridge.routes[0], bridge.state, key, now=clock())
    if found is None:
        raise NotFound("no such item is in this route's source.", where=key, next_step="Plan the route again.")
    return shown(found)


def _planned(load: Loader, route: str, only: Sequence[str], clock: Clock, progress: Progress) -> Planned:
    from lms_bridge.bridge import open_bridge
    from lms_bridge.sync.difference import differences

    with open_bridge(load(), only_routes=[route]) as bridge:
        (plan,) = bridge.plan(clock=clock, only=only, progress_of=lambda name: progress)
        progress("texts", 0, 0)
        told, left = differences(plan, DIFFS)
    return _told(plan, only, [shown(each) for each in told], left)


def _told(plan: Plan, only: Sequence[str], diffs: Sequence[Shown], left: int) -> Planned:
    counts = Counter(change.action.value for change in plan.changes)
    return Planned(
        route=plan.route,
        only=only,
        made=plan.made,
        checksum=plan.checksum,
        headline=headline([plan]),
        cost=cost_line(plan.cost),
        pending=len(plan.pending),
        guarded=sum(change.guarded for change in plan.changes),
        counts=tuple(counts.items()),
        steps=tuple(
            Step(
                change.action.value,
                change.kind.value,
                change.key,
                change.course,
                change.title,
                change.reason,
                (change.entry.url if change.entry else None) or (change.record.url if change.record else None),
                change.guarded,
                change.conflict,
            )
            for change in plan.changes[:MOST]
        ),
        more=max(0, len(plan.changes) - MOST),
        approvals=plan.approvals,
        notices=tuple(map(str, plan.notices)),
        failures=tuple(line.strip() for line in failure_lines(plan.failures)),
        diffs=diffs,
    )


PAGES = (
    Page("/plan", choose, role=Role.VIEWER),
    Page("/plan", look, role=Role.VIEWER, method="POST"),
    Page("/differences", difference, role=Role.VIEWER, method="POST"),
)
