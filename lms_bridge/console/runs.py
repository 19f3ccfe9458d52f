"""Past runs: when, how long, what they did, item by item."""

from starlette.responses import Response

from lms_bridge.console.access.roles import Role
from lms_bridge.console.pages import Page, Visit
from lms_bridge.console.planning import known_route
from lms_bridge.console.render import pages_of
from lms_bridge.errors import NotFound
from lms_bridge.sync.report_text import summary_line
from lms_bridge.sync.state_looking import PAGE

STATUSES = ("done", "failed", "conflict", "held", "postponed", "ambiguous")


def list_(visit: Visit) -> Response:
    desk = visit.desk
    route = visit.asked("route") or (desk.routes[0] if desk.routes else "")
    known_route(visit, route)
    runs = desk.state.looking.runs(route, page=visit.page)
    latest = next((each.last_run for each in desk.doors.routes() if each.name == route), None)
    return visit.show(
        "runs.html",
        route=route,
        routes=desk.routes,
        runs=runs,
        latest=latest,
        page=visit.page + 1,
        more=len(runs) == PAGE,
    )


def show(visit: Visit) -> Response:
    looking = visit.desk.state.looking
    name, status = visit.part("run"), visit.asked("status")
    past = looking.run(name)
    if not past:
        raise NotFound(f"there is no run {name!r}.", next_step="Runs shows them; older ones are forgotten in time.")
    outcomes, total = looking.outcomes(name, status=status if status in STATUSES else "", page=visit.page)
    return visit.show(
        "run.html",
        run=name,
        past=[(each, summary_line(dict(each.summary))) for each in past],
        outcomes=outcomes,
        status=status,
        statuses=STATUSES,
        listing=pages_of(total, visit.page, PAGE),
    )


PAGES = (
    Page("/runs", list_, role=Role.VIEWER),
    Page("/runs/{run}", show, role=Role.VIEWER),
)
