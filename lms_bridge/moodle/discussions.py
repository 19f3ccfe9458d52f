"""A forum as a list of texts: listing, comparing, writing. Prompts stand here, and reviews where the config says so.

One listing tells everything of every discussion, so versions are digests of it: a forum keeps none, and its
`timemodified` does not move when a post is edited.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lms_bridge.connector import Action, Body, Change, Entry, Outcome, Payload, Status
from lms_bridge.errors import Ambiguous, DestinationError, Problem
from lms_bridge.moodle.client import Client, warnings_of
from lms_bridge.moodle.courses import Activity
from lms_bridge.moodle.dialect import with_own_files
from lms_bridge.moodle.displayed import normal, was_edited
from lms_bridge.moodle.foretold import Foretold
from lms_bridge.moodle.marker import find_marker
from lms_bridge.moodle.payloads import (
    body_of,
    conflict,
    done,
    failed,
    first_of_each_mark,
    ref_of,
    refusal,
    version_of,
)
from lms_bridge.moodle.protocol import Call, Reply

ALL_GROUPS = -1
"""Group 0 would hide the discussion from every student of a forum with groups."""
AT_ONCE = 100
_PINNED = 10
"""So many may stand above the newest ones, whatever the order that is asked for."""
_LOCKED, _UNLOCKED = 0, 1
"""mod_forum_set_lock_state is the other way round than its name."""

Text = Callable[[Sequence[Change], Change], str | DestinationError]


@dataclass(frozen=True, slots=True)
class Discussion:
    """A discussion's first post."""

    number: int
    post: int
    subject: str
    message: str
    pinned: bool
    closed: bool
    group: int
    replies: int = 0

    @property
    def ref(self) -> str:
        return f"{self.number}-{self.post}"

    @property
    def version(self) -> str:
        return version_of(self.subject, self.message, self.pinned, self.closed, self.group)


class Discussions:
    """The discussions of one forum. One thread at a time."""

    def __init__(self, client: Client, forum: Activity, site: str, text: Text, foretold: Foretold) -> None:
        self._client = client
        self._forum = forum
        self._site = site
        self._text = text
        self._foretold = foretold

    def listed(self, newest: int = 0) -> dict[str, Discussion]:
        """By ref; all of them, or so many that are pinned or new. Raw, since default answers turn `&` in subjects into
        `&amp;`."""
        return told(self._client.call_all([self.listing(newest)])[0])

    def listing(self, newest: int = 0) -> Call:
        paging = {"page": 0, "perpage": newest} if newest else {"page": -1, "perpage": 0}
        args = {"forumid": self._forum.id, "sortorder": 3, **paging, "groupid": 0}
        return Call(function="mod_forum_get_forum_discussions", args=args, raw=True, soon=True)

    def entries(self, listed: Mapping[str, Discussion]) -> list[Entry]:
        found = sorted(listed.values(), key=lambda each: each.number)
        return first_of_each_mark(self.entry(each) for each in found)

    def entry(self, of: Discussion) -> Entry:
        seen = find_marker(of.message)
        return Entry(
            ref=of.ref,
            version=of.version,
            name=seen.mark if seen else of.ref,
            title=of.subject,
            mark=seen.mark if seen else None,
            fingerprint=seen.fingerprint if seen else None,
            installation=seen.installation if seen else None,
            url=f"{self._site}/mod/forum/discuss.php?d={of.number}",
        )

    def body(self, of: Discussion) -> Body:
        fields = {"pinned": of.pinned, "closed": of.closed}
        # A forum gives back what it was sent, to the letter.
        html = self._foretold.of(of.message, lambda: normal(of.message, site=self._site))
        return body_of(of.subject, html, fields)

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        for at in range(0, len(changes), AT_ONCE):
            yield from self._write(changes[at : at + AT_ONCE])

    def _write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        before = self.listed() if any(change.action is not Action.CREATE for change in changes) else {}
        settled: dict[str, Outcome | None] = {}
        for change in changes:
            stands = before.get(ref_of(change))
            settled[change.key] = refusal(change, stands.version if stands else None, "discussion")
        going = [change for change in changes if settled[change.key] is None]
        replies = self._send([change for change in going if change.action is not Action.DELETE], before)
        deletes = [change for change in going if change.action is Action.DELETE]
        settled |= self._answered_by_people(deletes, before)
        replies |= self._send([change for change in deletes if settled[change.key] is None], before)
        after = (
            self._read_back(going, replies) if any(change.action is not Action.ADOPT for change in going) else before
        )
        for change in changes:
            outcome = settled[change.key]
            yield outcome if outcome is not None else self._outcome(change, replies[change.key], after)

    def _read_back(self, sent: Sequence[Change], replies: Mapping[str, Sequence[Reply]]) -> dict[str, Discussion]:
        """One listing reads everything back, and settles what was sent without an answer."""
        if all(change.action is Action.CREATE and _answered(replies[change.key]) for change in sent):
            made = {int(replies[change.key][0].value["discussionid"]) for change in sent}
            found = self.listed(newest=len(made) + _PINNED)
            if made <= {each.number for each in found.values()}:
                return found
        return self.listed()

    def _answered_by_people(
        self, deletes: Sequence[Change], before: Mapping[str, Discussion]
    ) -> dict[str, Outcome | None]:
        """Deleting the first post takes every answer with it, so the posts are counted once more right before."""
        asked = [
            Call(function="mod_forum_get_discussion_posts", args={"discussionid": before[ref_of(change)].number})
            for change in deletes
        ]
        settled: dict[str, Outcome | None] = {}
        for change, reply in zip(deletes, self._client.call_all(asked), strict=True):
            if reply.error is not None:
                settled[change.key] = failed(change, reply.error)
                continue
            posts = reply.value["posts"]
            ours = sum((post.get("author") or {}).get("id") == self._client.site().user for post in posts)
            # The listing counts private answers, too, which we may not see.
            people = max(len(posts), before[ref_of(change)].replies + 1) - max(ours, 1)
            settled[change.key] = conflict(change, answered(change, people)) if people else None
        return settled

    def _send(self, changes: Sequence[Change], before: Mapping[str, Discussion]) -> dict[str, list[Reply]]:
        steps: dict[str, list[Call]] = {}
        replies: dict[str, list[Reply]] = {change.key: [] for change in changes}
        for change in changes:
            text = self._text(changes, change) if change.payload else ""
            if isinstance(text, DestinationError):
                replies[change.key].append(Reply(error=text))
            elif change.action is Action.CREATE:
                steps[change.key] = [self._creation(change, text)]
            else:
                steps[change.key] = list(self._edits(change, text, before[ref_of(change)]))
        _run(self._client, steps, replies)
        closing = {
            change.key: [self._lock(change, int(replies[change.key][0].value["discussionid"]), closed=True)]
            for change in changes
            if change.action is Action.CREATE and _wants(change, "closed") and _answered(replies[change.key])
        }
        _run(self._client, closing, replies)
        return replies

    def _creation(self, change: Change, text: str) -> Call:
        assert change.payload is not None
        args = {
            "forumid": self._forum.id,
            "subject": change.payload.fields["subject"],
            "message": text,
            "groupid": change.payload.fields.get("group", ALL_GROUPS),
            "options": [
                {"name": "discussionsubscribe", "value": 0},
                {"name": "discussionpinned", "value": int(_wants(change, "pinned"))},
            ],
        }
        return Call(function="mod_forum_add_discussion", args=args, write=True, where=change.key)

    def _edits(self, change: Change, text: str, stands: Discussion) -> Iterator[Call]:
        if change.action is Action.ADOPT:
            return
        if change.action is Action.DELETE:
            yield Call(function="mod_forum_delete_post", args={"postid": stands.post}, write=True, where=change.key)
            return
        assert change.payload is not None
        subject = change.payload.fields["subject"]
        text = with_own_files(text, f"mod_forum/post/{stands.post}", site=self._site)
        if subject != stands.subject or text != stands.message:
            args = {
                "postid": stands.post,
                "subject": subject,
                "message": text,
                "messageformat": 1,
                "options": [{"name": "discussionsubscribe", "value": 0}],
            }
            yield Call(function="mod_forum_update_discussion_post", args=args, write=True, where=change.key)
        if _wants(change, "pinned") != stands.pinned:
            args = {"discussionid": stands.number, "targetstate": int(_wants(change, "pinned"))}
            yield Call(function="mod_forum_set_pin_state", args=args, write=True, where=change.key)
        if _wants(change, "closed") != stands.closed:
            yield self._lock(change, stands.number, closed=_wants(change, "closed"))

    def _lock(self, change: Change, discussion: int, *, closed: bool) -> Call:
        args = {
            "forumid": self._forum.id,
            "discussionid": discussion,
            "targetstate": _LOCKED if closed else _UNLOCKED,
        }
        return Call(function="mod_forum_set_lock_state", args=args, write=True, where=change.key)

    def _outcome(self, change: Change, replies: Sequence[Reply], after: Mapping[str, Discussion]) -> Outcome:
        stands = self._standing(change, replies, after)
        error = next((reply.error for reply in replies if reply.error is not None), None)
        if change.action is Action.DELETE:
            return done(change) if stands is None else failed(change, error or _not_done(change))
        if stands is None:
            return failed(change, error or _not_done(change))
        doubtful = isinstance(error, Ambiguous) and _as_wanted(change, stands)
        if error is not None and not doubtful and replies[0].error is None:
            # Its text stands already: only an intent that stays open tells the next run that this is half of ours.
            return replace(failed(change, error), status=Status.AMBIGUOUS)
        if error is not None and not doubtful:
            return failed(change, error)
        if change.action is not Action.ADOPT and not _as_wanted(change, stands):
            return replace(failed(change, _not_done(change)), status=Status.AMBIGUOUS)
        if change.action is not Action.ADOPT and was_edited(stands.message):
            # Somebody saved the post right after us: what stands there is theirs, and the next run sees it.
            return done(change, replace(self.entry(stands), version=f"before {stands.version}"))
        return done(change, self.entry(stands), self.body(stands))

    def _standing(self, change: Change, replies: Sequence[Reply], after: Mapping[str, Discussion]) -> Discussion | None:
        if change.action is not Action.CREATE:
            return after.get(ref_of(change))
        if replies and replies[0].error is None:
            number = int(replies[0].value["discussionid"])
            return next((each for each in after.values() if each.number == number), None)
        if replies and isinstance(replies[0].error, Ambiguous) and change.payload:
            return next((each for each in after.values() if _is(change.payload, each)), None)
        return None


def _run(client: Client, steps: Mapping[str, Sequence[Call]], replies: Mapping[str, list[Reply]]) -> None:
    """Sends the steps of all changes together, round by round; a refused step ends its change."""
    for turn in range(max((len(calls) for calls in steps.values()), default=0)):
        due = [
            (key, calls[turn])
            for key, calls in steps.items()
            if turn < len(calls) and all(reply.error is None for reply in replies[key])
        ]
        for (key, _), reply in zip(due, client.call_all([call for _, call in due]), strict=True):
            replies[key].append(_checked(reply))


def _checked(reply: Reply) -> Reply:
    """A warning is a step that was not taken."""
    warnings = warnings_of(reply.value)
    if not warnings:
        return reply
    text = "; ".join(str(warning.get("message", "")) for warning in warnings)[:200]
    return Reply(value=reply.value, error=DestinationError(f"Moodle warns: {text}"), code="warning")


def told(reply: Reply) -> dict[str, Discussion]:
    """What an answer to `Discussions.listing` tells, by ref. Raises DestinationError."""
    found = [_discussion(row) for row in reply.take()["discussions"]]
    return {each.ref: each for each in found}


def _discussion(row: Mapping[str, Any]) -> Discussion:
    return Discussion(
        number=int(row["discussion"]),
        post=int(row["id"]),
        subject=str(row["subject"]),
        message=str(row["message"]),
        pinned=bool(row.get("pinned")),
        closed=bool(row.get("locked")),
        group=int(row.get("groupid") or 0),
        replies=int(row.get("numreplies") or 0),
    )


def answered(change: Change, people: int) -> Problem:
    """Why a discussion is not deleted."""
    replies = "1 reply by people stands" if people == 1 else f"{people} replies by people stand"
    return Problem(
        f"{replies} under it, and deleting it would delete them, too.",
        change.entry.url or change.key if change.entry else change.key,
        "Lock the discussion in the forum, as `prune: hide` does, or delete it there by hand.",
    )


def _as_wanted(change: Change, stands: Discussion) -> bool:
    payload = change.payload
    return payload is None or (
        _is(payload, stands) and stands.pinned == _wants(change, "pinned") and stands.closed == _wants(change, "closed")
    )


def _is(payload: Payload, stands: Discussion) -> bool:
    seen = find_marker(stands.message)
    return bool(seen and seen.fingerprint and payload.fingerprint.startswith(seen.fingerprint))


def _answered(replies: Sequence[Reply]) -> bool:
    return bool(replies) and replies[0].error is None


def _wants(change: Change, field: str) -> bool:
    return bool(change.payload and change.payload.fields.get(field))


def _not_done(change: Change) -> DestinationError:
    return DestinationError(
        "Moodle took the call, but the discussion does not read back as it was sent.",
        where=change.key,
        next_step="Check the rights of lms-bridge's role with `lms-bridge check`, and look at the forum.",
    )
