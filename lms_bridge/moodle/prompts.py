"""Discussion prompts: one discussion each in the course's forum, pinned and closed as the item says."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from lms_bridge.connector import Action, Body, Change, Context, Cost, Entry, Outcome, Payload, PlaceRef
from lms_bridge.errors import ContentError, DestinationError, Problem
from lms_bridge.items import Item, Key, Prompt, mark
from lms_bridge.moodle.courses import Activity
from lms_bridge.moodle.dialect import Reading, to_moodle, with_images
from lms_bridge.moodle.discussions import ALL_GROUPS, AT_ONCE
from lms_bridge.moodle.forum import FORUM_PRUNES, Forum, shown
from lms_bridge.moodle.groups import Group, pick_group
from lms_bridge.moodle.marker import marker
from lms_bridge.moodle.payloads import body_of, fingerprint, signature, written
from lms_bridge.moodle.protocol import Call
from lms_bridge.moodle.site import SiteParts
from lms_bridge.moodle.titles import tidy

_CALLS = {Action.CREATE: 1, Action.UPDATE: 2, Action.MERGE: 2, Action.HIDE: 2}
_MAILING = {1: "every participant", 2: "everyone who has not unsubscribed"}


class ForumPrompts:
    """One forum's prompts. One thread at a time."""

    prunes = FORUM_PRUNES
    at_once = AT_ONCE

    def __init__(self, ref: PlaceRef, parts: SiteParts) -> None:
        self.ref = ref
        self._parts = parts
        self._ground = parts.ground
        self._forum = Forum(ref, parts, self._text)

    def addresses(self, items: Sequence[Item], standing: Mapping[Key, str]) -> Mapping[Key, str]:
        return self._forum.addresses(items, standing)

    def render(self, item: Item, context: Context) -> Payload:
        if not isinstance(item, Prompt):
            raise ContentError(f"{item.kind} cannot stand among prompts.", where=str(item.origin))
        images = self._ground.settings.pages.images
        reading = Reading(
            link=lambda key: self._ground.target(key, context, self.ref),
            wiki=False,
            assets=images == "forum",
            web_images=images != "off",
        )
        text = to_moodle(item.body, reading)
        subject = tidy(item.title, otherwise=f"Discussion {mark(item.key)[:6]}")
        fields = {
            "subject": subject,
            "pinned": item.pinned,
            "closed": _is_closed(item, context.now),
            "group": self._group(item),
        }
        payload = Payload(
            key=item.key,
            kind=item.kind,
            course=item.course.idnumber,
            title=item.title,
            address=mark(item.key),
            fields=fields | signature(item, context),
            fingerprint=fingerprint(body=text, marker=marker(item.key, item.url), fields=fields),
            not_before=item.publish,
            assets=item.assets,
        )
        return written(payload, text)

    def adapt(self, like: Payload, body: Body) -> Payload:
        return self._forum.adapt(like, body)

    def hide(self, like: Payload, notice: str) -> Payload:
        return self._forum.hide(like, notice)

    def listing(self) -> list[Call]:
        return self._forum.listing()

    def entries(self) -> Iterable[Entry]:
        forum = self._forum.activity
        if forum is not None and int(forum.details.get("forcesubscribe") or 0) in _MAILING:
            self._parts.count_people(self._forum.spot.course)
        return self._forum.entries()

    def read(self, entry: Entry) -> Body:
        return self._forum.read(entry)

    def expected(self, payload: Payload) -> Body:
        html = self._forum.expected(self._ground.resolved(payload.body))
        return body_of(str(payload.fields["subject"]), html, shown(payload.fields))

    def halfway(self, payload: Payload) -> list[Body]:
        """Text, pin and lock are calls of their own, and any of them may be the last that arrived."""
        whole = self.expected(payload)
        return [replace(whole, fields={"pinned": p, "closed": c}) for p in (False, True) for c in (False, True)]

    def cost(self, changes: Sequence[Change]) -> Cost:
        cost = self._parts.cost(self.ref, changes, each=_CALLS)
        new = [change for change in changes if change.action is Action.CREATE]
        notices = (*self._mail_notices(len(new)), *self._group_notices(new), *self._forum.notices(changes))
        return cost + Cost(calls=2 if changes else 0, notices=notices)

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        return self._forum.write(changes)

    def _text(self, together: Sequence[Change], change: Change) -> str | DestinationError:
        assert change.payload is not None
        urls = self._parts.image_urls(self._forum.spot.course, together, change)
        if isinstance(urls, DestinationError):
            return urls
        return with_images(self._ground.resolved(change.payload.body), urls)

    def _group(self, item: Prompt) -> int:
        wanted = item.group or self._ground.settings.prompts.group
        forum = self._forum.activity
        if not wanted or forum is None:
            return ALL_GROUPS
        groups: Sequence[Group] = self._ground.groups.get(forum.cmid, ())
        found = pick_group(groups, wanted)
        if found is None:
            raise ContentError(
                f"the course has no group “{wanted}” that takes part in the forum.",
                where=str(item.origin),
                next_step="Check the group's name in Moodle.",
            )
        return found.id

    def _mail_notices(self, new: int) -> tuple[Problem, ...]:
        forum = self._forum.activity
        who = _MAILING.get(int(forum.details.get("forcesubscribe") or 0)) if forum else None
        if not new or who is None or forum is None:
            return ()
        people = self._ground.people.get(self._forum.spot.course)
        number = f" ({people} people)" if people is not None else ""
        cause = f"Moodle will mail {who} of the course{number} about {new} new discussions in “{forum.name}”."
        step = "Set the forum's subscription mode to optional before a back-fill, or delete within half an hour."
        return (Problem(cause, self.ref.title, step),)

    def _group_notices(self, new: Sequence[Change]) -> tuple[Problem, ...]:
        forum = self._forum.activity
        for_all = sum(bool(c.payload and c.payload.fields.get("group") == ALL_GROUPS) for c in new)
        if not for_all or forum is None or not self._ground.answers_stay_in_groups(forum):
            return ()
        new_ones = "1 new discussion is" if for_all == 1 else f"{for_all} new discussions are"
        return (no_answers(forum, self.ref.title, f"{new_ones} for everybody, and "),)


def no_answers(forum: Activity, where: str, what: str = "") -> Problem:
    """Moodle 4.5, forum_user_can_post: what is for all participants is answered by nobody in separate groups."""
    return Problem(
        f"{what}the forum “{forum.name}” keeps its groups separate, where learners can read a discussion for everybody "
        "but not answer it.",
        where,
        "Give each group a prompt of its own with `group:`, name another forum, or set this one to `Visible groups`.",
    )


def _is_closed(item: Prompt, now: datetime) -> bool:
    return item.close is not None and item.close <= now
