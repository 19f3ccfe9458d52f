"""Content: every item by course, kind, tag and state, and one item with where it stands and what runs did to it."""

from starlette.responses import Response

from lms_bridge.console.access.roles import Role
from lms_bridge.console.pages import Page, Visit
from lms_bridge.console.render import pages_of
from lms_bridge.items import Kind
from lms_bridge.sync.state_looking import PAGE, Past, Standing, Wanted

STATES = ("stands", "changed", "hidden", "unseen", "deleted")
OFFERED = 200
"""Tags that are offered while one types."""


def search(visit: Visit) -> Response:
    desk = visit.desk
    route = visit.asked("route")
    wanted = Wanted(
        routes=[name for name in desk.routes if route in ("", name)],
        words=visit.asked("words", 200).strip(),
        course=visit.asked("course", 200).strip(),
        kind=visit.asked("kind"),
        tag=visit.asked("tag", 200).strip(),
        state=visit.asked("state"),
    )
    items, total = desk.state.looking.items(wanted, page=visit.page)
    catalogue = desk.state.catalogue
    return visit.show(
        "content.html",
        wanted=wanted,
        route=route,
        items=items,
        tags=catalogue.tags_of(wanted.routes, [each.key for each in items]),
        offered=catalogue.tags(desk.routes, limit=OFFERED),
        listing=pages_of(total, visit.page, PAGE),
        routes=desk.routes,
        kinds=[kind.value for kind in Kind],
        states=STATES,
    )


def item(visit: Visit) -> Response:
    key = visit.asked("key", 2_000)
    looking, names = visit.desk.state.looking, visit.desk.routes
    standing = [each for each in looking.item(key) if each.route in names]
    history, total = looking.history(key, page=visit.page)
    told: list[Standing | Past] = [*standing, *history]
    newest = told[0] if told else None
    routes = {each.route for each in told} & set(names) if told else names
    return visit.show(
        "item.html",
        key=key,
        title=newest.title if newest is not None else key,
        course=newest.course if newest is not None else "",
        kind=str(newest.kind) if newest is not None else "",
        tags=visit.desk.state.catalogue.tags_of(names, [key]).get(key, ()),
        standing=standing,
        places=looking.titles(standing),
        history=history,
        listing=pages_of(total, visit.page, PAGE),
        routes=sorted(routes),
    )


PAGES = (
    Page("/content", search, role=Role.VIEWER),
    Page("/content/item", item, role=Role.VIEWER),
)
