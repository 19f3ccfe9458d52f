"""Starting a route now, as a whole or in part, watching it and ending it."""

from typing import Any

from starlette.responses import Response

from lms_bridge.console.access.roles import Role
from lms_bridge.console.left import held_of, troubles_of
from lms_bridge.console.pages import Page, Visit
from lms_bridge.console.planning import known_route, selections
from lms_bridge.errors import UsageError
from lms_bridge.service.doors import RouteStatus


def start(visit: Visit) -> Response:
    route, only = visit.given("route"), selections(visit.given("only"))
    desk = known_route(visit, route)
    checksum, approve = visit.given("checksum")[:100], visit.given("approve")[:100]
    if checksum and not checksum.isalnum():
        raise UsageError("this is no checksum.", next_step="Plan the route again.")
    if approve and approve != checksum:
        raise UsageError("what is approved is not what was looked at.", next_step="Plan the route again.")
    desk.audit(
        visit.name,
        "approved" if approve else "run started",
        f"route {route}",
        only=", ".join(only),
        checksum=checksum,
        override="yes" if visit.given("override") else "",
    )
    desk.doors.start(
        route,
        by=visit.name,
        only=only,
        checksum=checksum or None,
        approve=approve or None,
        override=bool(visit.given("override")),
    )
    return visit.go(f"/routes/{route}")


def cancel(visit: Visit) -> Response:
    route = visit.part("route")
    desk = known_route(visit, route)
    desk.audit(visit.name, "run cancelled", f"route {route}")
    if not desk.doors.cancel(route, by=visit.name):
        raise UsageError(
            "no run is under way that was begun here.", next_step="End one that another process began where it began."
        )
    return visit.go(f"/routes/{route}")


def now(visit: Visit) -> Response:
    """What a route does at this moment, for the page that stands open."""
    route = _route(visit)
    if not route.running:
        return Response(status_code=204, headers={"HX-Refresh": "true"}) if visit.is_fragment else watch(visit)
    return visit.show("route_now.html" if visit.is_fragment else "route.html", **_told(visit, route))


def watch(visit: Visit) -> Response:
    """A route's page: what it does now and what its last runs did."""
    return visit.show("route.html", **_told(visit, _route(visit)))


def _route(visit: Visit) -> RouteStatus:
    name = visit.part("route")
    desk = known_route(visit, name)
    found = next((each for each in desk.doors.routes() if each.name == name), None)
    if found is None:
        raise UsageError(f"the service does not know the route {name!r} yet.", next_step="Wait a moment.")
    return found


def _told(visit: Visit, route: RouteStatus) -> dict[str, Any]:
    looking, last = visit.desk.state.looking, route.last_run
    _, drafts = visit.desk.state.catalogue.count_drafts([route.name])
    return {
        "here": "/",
        "route": route,
        "progress": visit.desk.doors.progress(route.name) if route.running else None,
        "troubles": troubles_of(looking, route),
        "drafts": drafts,
        "held": held_of(looking, route, limit=20),
        "runs": looking.runs(route.name)[:10],
        "latest": last,
    }


PAGES = (
    Page("/run", start, role=Role.APPROVER, method="POST"),
    Page("/routes/{route}", watch, role=Role.VIEWER),
    Page("/routes/{route}/now", now, role=Role.VIEWER),
    Page("/routes/{route}/cancel", cancel, role=Role.APPROVER, method="POST"),
)
