"""One forum under a place: what prompts and reviews have in common where they stand as discussions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lms_bridge.connector import Action, Body, Change, Entry, Outcome, Payload, PlaceRef
from lms_bridge.errors import NotFound, Problem
from lms_bridge.items import Item, Key, mark
from lms_bridge.moodle.courses import Activity
from lms_bridge.moodle.discussions import Discussions, Text, answered, told
from lms_bridge.moodle.displayed import expected_form
from lms_bridge.moodle.foretold import Foretold
from lms_bridge.moodle.ground import spot_of
from lms_bridge.moodle.payloads import written
from lms_bridge.moodle.protocol import Call
from lms_bridge.moodle.site import SiteParts
from lms_bridge.moodle.stored import to_stored
from lms_bridge.moodle.titles import as_it_stands, tidy

FORUM_PRUNES = frozenset({"hide", "delete"})
_SHOWN = ("pinned", "closed")


def shown(fields: Mapping[str, Any]) -> dict[str, bool]:
    """What readers see of a discussion besides subject and text."""
    return {name: bool(fields.get(name)) for name in _SHOWN}


class Forum:
    """Remembers how many replies it saw. One thread at a time."""

    def __init__(self, ref: PlaceRef, parts: SiteParts, text: Text) -> None:
        self.spot = spot_of(ref)
        self._ref = ref
        self._parts = parts
        self._text = text
        self._replies: dict[str, int] = {}
        self._foretold = Foretold()

    @property
    def activity(self) -> Activity | None:
        return self._parts.ground.activity(self._ref.kind, self.spot)

    def addresses(self, items: Sequence[Item], standing: Mapping[Key, str]) -> Mapping[Key, str]:
        """A discussion has no address before it is made, and subjects need not be unique: it goes by its mark."""
        return {item.key: standing.get(item.key, mark(item.key)) for item in items}

    def listing(self) -> list[Call]:
        discussions = self._discussions()
        return [discussions.listing()] if discussions else []

    def entries(self) -> list[Entry]:
        discussions = self._discussions()
        if discussions is None:
            return []
        listed = told(self._parts.ahead.ask(self._ref.id, self.listing())[0])
        self._replies = {ref: each.replies for ref, each in listed.items()}
        return discussions.entries(listed)

    def read(self, entry: Entry) -> Body:
        discussions = self._discussions()
        found = discussions.listed().get(entry.ref) if discussions else None
        if discussions is None or found is None:
            raise NotFound("the discussion is not there any more.", where=entry.name, next_step="Sync again.")
        self._parts.images.saw(found.message)
        return discussions.body(found)

    def expected(self, body: str) -> str:
        """How a text will read back."""
        return self._foretold.of(body, lambda: expected_form(body, site=self._parts.ground.site))

    def adapt(self, like: Payload, body: Body) -> Payload:
        subject = as_it_stands(body.title) or tidy(body.title, otherwise=str(like.fields.get("subject", like.title)))
        fields = {**like.fields, "subject": subject}
        return written(replace(like, fields=fields | shown(body.fields)), to_stored(body.html))

    def hide(self, like: Payload, notice: str) -> Payload:
        """Answers stay, and no new ones come."""
        fields = {**like.fields, "pinned": False, "closed": True}
        return written(replace(like, fields=fields), to_stored(notice))

    def notices(self, changes: Sequence[Change]) -> tuple[Problem, ...]:
        """Which discussions will not be deleted, as far as the last listing tells."""
        gone = [change for change in changes if change.action is Action.DELETE and change.entry]
        told = [(change, self._replies.get(change.entry.ref, 0)) for change in gone if change.entry]
        return tuple(answered(change, replies) for change, replies in told if replies)

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        self._parts.provide(self._ref)
        discussions = self._discussions()
        assert discussions is not None
        yield from discussions.write(changes)
        self._foretold.forget()

    def _discussions(self) -> Discussions | None:
        forum, ground = self.activity, self._parts.ground
        return Discussions(ground.client, forum, ground.site, self._text, self._foretold) if forum else None
