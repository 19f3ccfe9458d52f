"""A look at something that takes its time: how far it is, and what was found once it is there."""

from starlette.responses import Response

from lms_bridge.console.access.roles import Role
from lms_bridge.console.pages import Page, Visit
from lms_bridge.console.render import pages_of
from lms_bridge.errors import NotFound
from lms_bridge.sync.state_looking import PAGE

_TEMPLATES = {
    "plan": "planned.html",
    "difference": "difference.html",
    "preview": "preview.html",
    "check": "found.html",
    "answer": "answered.html",
    "draft": "draft.html",
    "approve": "approved.html",
}
# Where in the navigation what was found belongs.
_HERE = {
    "plan": "/plan",
    "difference": "/content",
    "preview": "/content",
    "check": "/findings",
    "answer": "/reviews",
    "draft": "/reviews",
    "approve": "/reviews",
}


def look(visit: Visit) -> Response:
    errand = visit.desk.errands.find(visit.part("id"))
    if errand is None:
        raise NotFound("this look is not remembered any more.", next_step="Look once more.")
    # Asked once: it may end while the page is made.
    ended = errand.ended is not None
    if ended and visit.is_fragment:
        # What was found is a page of its own: the browser fetches it whole.
        return Response(status_code=204, headers={"HX-Refresh": "true"})
    if not ended or errand.problems:
        template = "errand_now.html" if visit.is_fragment else "errand.html"
        return visit.show(template, here=_HERE[errand.what], errand=errand, ended=ended)
    page = visit.page
    steps = getattr(errand.result, "steps", ())
    return visit.show(
        _TEMPLATES[errand.what],
        here=_HERE[errand.what],
        errand=errand,
        found=errand.result,
        steps=steps[PAGE * page : PAGE * (page + 1)],
        listing=pages_of(len(steps), page, PAGE),
    )


PAGES = (Page("/looks/{id}", look, role=Role.VIEWER),)
