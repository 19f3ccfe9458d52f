"""Reviews as discussions of a forum, for courses that have no database activity."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from lms_bridge.connector import Body, Change, Context, Cost, Entry, Outcome, Payload, PlaceRef
from lms_bridge.errors import ContentError
from lms_bridge.items import Item, Key, Review, mark
from lms_bridge.moodle.discussions import ALL_GROUPS
from lms_bridge.moodle.forum import FORUM_PRUNES, Forum, shown
from lms_bridge.moodle.marker import marker
from lms_bridge.moodle.payloads import body_of, fingerprint, signature, stars, written
from lms_bridge.moodle.protocol import Call
from lms_bridge.moodle.reviews import comment_html
from lms_bridge.moodle.site import SiteParts
from lms_bridge.moodle.titles import tidy


class ForumReviews:
    """One forum's reviews. One thread at a time."""

    prunes = FORUM_PRUNES

    def __init__(self, ref: PlaceRef, parts: SiteParts) -> None:
        self.ref = ref
        self._parts = parts
        self._ground = parts.ground
        self._forum = Forum(ref, parts, lambda _all, change: _body(change))

    def addresses(self, items: Sequence[Item], standing: Mapping[Key, str]) -> Mapping[Key, str]:
        return self._forum.addresses(items, standing)

    def render(self, item: Item, context: Context) -> Payload:
        if not isinstance(item, Review):
            raise ContentError(f"{item.kind} cannot stand among reviews.", where=str(item.origin))
        text = comment_html(item.comment)
        fields = {"subject": _subject(item), "pinned": False, "closed": False, "group": ALL_GROUPS}
        payload = Payload(
            key=item.key,
            kind=item.kind,
            course=item.course.idnumber,
            title=item.title,
            address=mark(item.key),
            fields=fields | signature(item, context),
            fingerprint=fingerprint(body=text, marker=marker(item.key, item.url), fields=fields),
        )
        return written(payload, text)

    def adapt(self, like: Payload, body: Body) -> Payload:
        return self._forum.adapt(like, body)

    def hide(self, like: Payload, notice: str) -> Payload:
        return self._forum.hide(like, notice)

    def listing(self) -> list[Call]:
        return self._forum.listing()

    def entries(self) -> Iterable[Entry]:
        return self._forum.entries()

    def read(self, entry: Entry) -> Body:
        return self._forum.read(entry)

    def expected(self, payload: Payload) -> Body:
        html = self._forum.expected(payload.body)
        return body_of(str(payload.fields["subject"]), html, shown(payload.fields))

    def cost(self, changes: Sequence[Change]) -> Cost:
        return self._parts.cost(self.ref, changes, each={}) + Cost(
            calls=2 if changes else 0, notices=self._forum.notices(changes)
        )

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        return self._forum.write(changes)


def _body(change: Change) -> str:
    return change.payload.body if change.payload else ""


def _subject(item: Review) -> str:
    day = f", {item.date.date().isoformat()}" if item.date else ""
    return tidy(f"{stars(item.stars, item.scale)} {item.rater}{day}", otherwise="Review")
