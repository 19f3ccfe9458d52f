"""What waits for moderation: drafts, which are approved here, and what somebody has to approve where it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from starlette.responses import Response

from lms_bridge.audit.line import Act, Actor, Deed
from lms_bridge.audit.line import Role as ActsAs
from lms_bridge.console.access.roles import Role
from lms_bridge.console.desk import Desk
from lms_bridge.console.errands import Progress
from lms_bridge.console.pages import Page, Visit
from lms_bridge.console.planning import known_route
from lms_bridge.console.render import pages_of
from lms_bridge.errors import UsageError
from lms_bridge.sync.state_catalogue import Kept
from lms_bridge.sync.state_looking import PAGE, Standing, Wanted

if TYPE_CHECKING:
    from lms_bridge.connector import Rewrite
    from lms_bridge.sync.run import Route

FEW = 20
LONGEST = 100_000
"""Letters of a draft that are shown."""
UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class Moderated:
    """The first of what waits, and how much waits in all."""

    drafts: Sequence[Kept]
    all_drafts: int
    unseen: Sequence[Standing]
    all_unseen: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A draft as its file is now. `digest`: of the file that is shown; `more` letters of it are left out."""

    route: str
    key: str
    file: str
    text: str
    more: int
    digest: str


@dataclass(frozen=True, slots=True)
class Approved:
    route: str
    key: str
    file: str


def moderated(desk: Desk) -> Moderated:
    routes = desk.routes
    drafts, all_drafts = desk.state.catalogue.drafts(routes, limit=FEW)
    unseen, all_unseen = desk.state.looking.items(Wanted(routes=routes, state=UNSEEN))
    return Moderated(drafts, all_drafts, unseen[:FEW], all_unseen)


def drafts(visit: Visit) -> Response:
    desk = visit.desk
    found, total = desk.state.catalogue.drafts(desk.routes, limit=PAGE, page=visit.page)
    return visit.show("drafts.html", here="/reviews", drafts=found, listing=pages_of(total, visit.page, PAGE))


def look(visit: Visit) -> Response:
    """The draft's file, as it is now."""
    route, key = visit.given("route"), visit.given("key")[:2_000]
    desk = known_route(visit, route)

    def work(progress: Progress) -> Shown:
        from lms_bridge.bridge import open_bridge

        with open_bridge(desk.load(), only_routes=[route]) as bridge:
            file = _file(bridge.routes[0], key)
        text = file.before.decode("utf-8-sig")
        return Shown(route, key, file.name, text[:LONGEST], max(0, len(text) - LONGEST), _digest(file.before))

    errand = desk.errands.start("draft", f"{route} {key}", work, by=visit.name)
    return visit.go(f"/looks/{errand.id}")


def approve(visit: Visit) -> Response:
    """Of the text that was looked at. Its source says so from then on; the next run pushes it."""
    route, key, seen = visit.given("route"), visit.given("key")[:2_000], visit.given("digest")[:64]
    desk = known_route(visit, route)

    def work(progress: Progress) -> Approved:
        from lms_bridge.bridge import open_bridge

        with open_bridge(desk.load(), only_routes=[route]) as bridge:
            file = _file(bridge.routes[0], key)
            if _digest(file.before) != seen:
                raise UsageError(
                    "the draft changed since you opened it; nothing was written.", next_step="Look at it again."
                )
            before, after = _digest(file.before), _digest(file.after)
            act = Act(deed=Deed.DRAFT, route=route, key=key, before=before, after=after, about=file.name)
            bridge.state.trail.add(act, by=Actor(ActsAs.PERSON, visit.name))
            desk.audit(visit.name, "draft approved", key, route=route, before=before, after=after)
            bridge.routes[0].source.approve(file)  # type: ignore[attr-defined]  # asked for in `_file`
        return Approved(route, key, file.name)

    errand = desk.errands.start("approve", f"{route} {key} {seen}", work, by=visit.name)
    return visit.go(f"/looks/{errand.id}")


def _file(route: "Route", key: str) -> "Rewrite":
    ask = getattr(route.source, "approved", None)
    if ask is None:
        step = "Approve it where it is written."
        raise UsageError(f"the source {route.source.name} has no drafts that can be approved here.", next_step=step)
    file: Rewrite = ask(key)
    return file


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()


PAGES = (
    Page("/drafts", drafts, role=Role.VIEWER),
    Page("/drafts", look, role=Role.VIEWER, method="POST"),
    Page("/drafts/approve", approve, role=Role.APPROVER, method="POST"),
)
