"""Reviews: where a person and the source changed the same, what a limit holds back, and what waits for moderation.

Decided here, done at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from starlette.responses import Response

from lms_bridge.audit.line import Actor, named
from lms_bridge.audit.line import Role as ActsAs
from lms_bridge.connector import Body, Sides
from lms_bridge.console.access.roles import Role
from lms_bridge.console.apart import Apart
from lms_bridge.console.desk import Clock, Loader
from lms_bridge.console.errands import Progress
from lms_bridge.console.left import held_of
from lms_bridge.console.moderation import moderated
from lms_bridge.console.pages import Page, Visit
from lms_bridge.console.planning import LONGEST, known_route
from lms_bridge.console.render import pages_of
from lms_bridge.errors import NotFound, UsageError
from lms_bridge.markup.clean import clean
from lms_bridge.markup.diff import Pair, line_diff, side_by_side
from lms_bridge.markup.fragment import MarkupError
from lms_bridge.sync.history_text import readable
from lms_bridge.sync.intent import Review
from lms_bridge.sync.policy import Answer, Edited
from lms_bridge.sync.report_text import report_lines
from lms_bridge.sync.state_looking import PAGE

_EDITED = "edited"


@dataclass(frozen=True, slots=True)
class Compared:
    """What one side made of what both began with."""

    pairs: Sequence[Pair]
    more: int


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of an answer, in lines for people."""

    route: str
    key: str
    title: str
    lines: Sequence[str]
    settled: bool


def waiting(visit: Visit) -> Response:
    desk = visit.desk
    reviews, total = desk.state.looking.reviews(desk.routes, page=visit.page)
    held = []
    for route in desk.doors.routes():
        shown, count = held_of(desk.state.looking, route, limit=20)
        if count:
            held.append((route, shown, count))
    listing = pages_of(total, visit.page, PAGE)
    return visit.show("reviews.html", reviews=reviews, listing=listing, held=held, moderated=moderated(desk))


def show(visit: Visit) -> Response:
    review = _asked(visit, visit.asked("route"), visit.asked("place", 2_000), visit.asked("key", 2_000))
    sides = review.sides
    return visit.show(
        "review.html",
        review=review,
        sides=sides,
        known=sides is not None and _is_known(sides.base),
        theirs=_compared(sides, sides.theirs) if sides is not None else None,
        ours=_compared(sides, sides.ours) if sides is not None else None,
        both=_compared(sides, sides.merged) if sides is not None else None,
        fields={name: value for name, value in sides.merged.fields.items() if isinstance(value, str)} if sides else {},
    )


def decide(visit: Visit) -> Response:
    desk = visit.desk
    review = _asked(visit, visit.given("route"), visit.given("place"), visit.given("key"))
    word = visit.given("answer")
    answer = _edited(visit, review) if word == _EDITED else _answer(word)
    if (visit.given("version"), visit.given("fingerprint")) != (review.version, review.fingerprint):
        raise UsageError(
            "one of the two sides changed since you opened this; nothing was written.", next_step="Look at it again."
        )
    desk.audit(
        visit.name, "review answered", named(review.key, review.kind), route=review.route, answer=word,
        version=review.version, fingerprint=review.fingerprint,
    )  # fmt: skip
    work = Apart(partial(_settled, desk.load, review, answer, visit.name), desk.clock)
    # With the answer: another one, sent before the first is through, must not pass for the same.
    errand = desk.errands.start("answer", f"{review.route} {review.key}: {word}", work, by=visit.name)
    return visit.go(f"/looks/{errand.id}")


def _settled(
    load: Loader, review: Review, answer: Answer | Edited, who: str, clock: Clock, progress: Progress
) -> Answered:
    from lms_bridge.bridge import open_bridge

    progress("writing", 0, 0)
    with open_bridge(load(), only_routes=[review.route], by=Actor(ActsAs.PERSON, who)) as bridge:
        reports = bridge.settle(review.key, answer, clock=clock, seen=review)
        if not reports:
            raise NotFound("somebody decided this meanwhile.", next_step="The item's history shows what came of it.")
        left = bridge.state.looking.review(review.route, review.place, review.key)
    lines = [line.strip() for report in reports for line in report_lines(report)]
    return Answered(review.route, review.key, review.title, lines, left is None)


def _asked(visit: Visit, route: str, place: str, key: str) -> Review:
    desk = known_route(visit, route)
    review = desk.state.looking.review(route, place, key)
    if review is None:
        raise NotFound("this does not wait for a person any more.", next_step="The list shows what does.")
    return review


def _answer(word: str) -> Answer:
    if word not in set(Answer):
        raise UsageError("this is no answer.", next_step="Choose one of the versions.")
    return Answer(word)


def _edited(visit: Visit, review: Review) -> Answer | Edited:
    """What the person wrote, cleaned like every text from outside. Written as it was merged: it is the merged one."""
    if review.sides is None:
        raise UsageError("there is no text to edit.", next_step="Choose one of the versions.")
    merged = review.sides.merged
    html = _same_lines(visit.given("html"))
    fields = {
        name: _same_lines(visit.given(f"field:{name}"))
        for name, value in merged.fields.items()
        if isinstance(value, str) and f"field:{name}" in visit.form
    }
    changed = {name: value for name, value in fields.items() if value != _same_lines(str(merged.fields[name]))}
    if html == _same_lines(merged.html) and not changed:
        return Answer.MERGED
    try:
        cleaned = merged.html if html == _same_lines(merged.html) else str(clean(html))
    except MarkupError as error:
        raise UsageError(f"the text cannot be read: {error}.", next_step="Go back and mend it.") from error
    return Edited(cleaned, changed)


def _same_lines(text: str) -> str:
    """Browsers send line ends of their own."""
    return text.replace("\r\n", "\n").strip()


def _is_known(base: Body) -> bool:
    return bool(base.html or base.fields or base.title)


def _compared(sides: Sides, side: Body) -> Compared:
    """With what both began with; where that is not known, with what the person left."""
    base = sides.base if _is_known(sides.base) else sides.theirs
    pairs = side_by_side(line_diff(readable(base), readable(side), context=3))
    return Compared(pairs[:LONGEST], max(0, len(pairs) - LONGEST))


PAGES = (
    Page("/reviews", waiting, role=Role.VIEWER),
    Page("/reviews/one", show, role=Role.VIEWER),
    Page("/reviews/one", decide, role=Role.APPROVER, method="POST"),
)
