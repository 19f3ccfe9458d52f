"""The overview: every route with how it stands, what waits for a person, and the runs of the last weeks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from starlette.responses import Response

from lms_bridge.console.access.roles import Role
from lms_bridge.console.chart import chart
from lms_bridge.console.left import held_of
from lms_bridge.console.pages import Page, Visit
from lms_bridge.service.doors import Progress, RouteStatus
from lms_bridge.sync.state_looking import Count

WEEKS = 4
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Told:
    """A route on the overview: as the service sees it, what stands by kind, how many drafts wait, and what goes on."""

    now: RouteStatus
    kinds: Sequence[tuple[str, int]]
    drifted: int
    drafts: int
    progress: Progress | None


def overview(visit: Visit) -> Response:
    desk = visit.desk
    looking, names = desk.state.looking, desk.routes
    stood = desk.doors.routes()
    now = desk.clock()
    counts = desk.held.counts(looking, stood, now)
    drafts, all_drafts = desk.state.catalogue.count_drafts(names)
    routes = [
        _told(each, counts, drafts.get(each.name, 0), desk.doors.progress(each.name) if each.running else None)
        for each in stood
    ]
    reviews, conflicts = looking.reviews(names)
    held = [(route.now.name, total) for route in routes if (total := held_of(looking, route.now, limit=0)[1])]
    under_way = [each.last_run.run for each in stood if each.running and each.last_run is not None]
    days = looking.by_day(names, now - timedelta(weeks=WEEKS), besides=under_way)
    return visit.show(
        "overview.html",
        routes=routes,
        health=desk.doors.health(),
        reviews=reviews[:_SHOWN],
        conflicts=conflicts,
        held=held,
        drafts=all_drafts,
        waiting=looking.waiting(names, limit=_SHOWN),
        chart=chart(days, last=now.date(), days=7 * WEEKS),
    )


def _told(now: RouteStatus, counts: Sequence[Count], drafts: int, progress: Progress | None) -> Told:
    mine = [count for count in counts if count.route == now.name and not count.deleted]
    kinds: dict[str, int] = {}
    for count in mine:
        kinds[count.kind] = kinds.get(count.kind, 0) + count.count
    return Told(now, sorted(kinds.items()), sum(count.count for count in mine if count.drifted), drafts, progress)


PAGES = (Page("/", overview, role=Role.VIEWER),)
