"""Courses: what each has in each destination, and what the last runs could not do there."""

from starlette.responses import Response

from lms_bridge.console.access.roles import Role
from lms_bridge.console.left import troubles_of
from lms_bridge.console.pages import Page, Visit
from lms_bridge.console.planning import Planned
from lms_bridge.console.render import pages_of
from lms_bridge.sync.state_looking import PAGE, Count


def courses(visit: Visit) -> Response:
    desk = visit.desk
    looking, names = desk.state.looking, desk.routes
    words = visit.asked("words", 200).strip()
    found, total = looking.courses(names, words=words, page=visit.page)
    counts = looking.in_courses(names, found)
    troubles = [trouble for route in desk.doors.routes() for trouble in troubles_of(looking, route)]
    return visit.show(
        "courses.html",
        words=words,
        routes=names,
        rows=[(course, [_cell(counts, course, name) for name in names]) for course in found],
        troubles=troubles,
        missing=[(name, planned.failures) for name in names if (planned := _planned(visit, name)) and planned.failures],
        listing=pages_of(total, visit.page, PAGE),
    )


def _cell(counts: list[Count], course: str, route: str) -> tuple[list[tuple[str, int]], int, int]:
    """What stands by kind, how much of it people changed, and how much they deleted."""
    mine = [count for count in counts if (count.course, count.route) == (course, route)]
    kinds: dict[str, int] = {}
    for count in mine:
        if not count.deleted:
            kinds[count.kind] = kinds.get(count.kind, 0) + count.count
    drifted = sum(count.count for count in mine if count.drifted and not count.deleted)
    return sorted(kinds.items()), drifted, sum(count.count for count in mine if count.deleted)


def _planned(visit: Visit, route: str) -> Planned | None:
    errand = visit.desk.errands.last("plan", route)
    found: Planned | None = errand.result if errand is not None else None
    return found


PAGES = (Page("/courses", courses, role=Role.VIEWER),)
