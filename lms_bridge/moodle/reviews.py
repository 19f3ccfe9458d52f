"""Reviews: entries of a course's database activity, recognised by a key field; or discussions of a forum, by config."""

import html as html_
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lms_bridge.connector import Action, Body, Change, Context, Cost, Entry, Outcome, Payload, PlaceRef
from lms_bridge.errors import Ambiguous, ContentError, DestinationError, NotFound
from lms_bridge.items import Item, Key, Review, mark
from lms_bridge.moodle.courses import Activity
from lms_bridge.moodle.displayed import normal
from lms_bridge.moodle.ground import spot_of
from lms_bridge.moodle.payloads import (
    SIGNED,
    body_of,
    done,
    failed,
    fingerprint,
    plain_number,
    ref_of,
    refusal,
    signature,
    version_of,
)
from lms_bridge.moodle.protocol import Call, Reply
from lms_bridge.moodle.site import SiteParts
from lms_bridge.moodle.stored import to_stored
from lms_bridge.moodle.titles import tidy

_AT_ONCE = 100
_PAGE = 500
_HTML = 1


@dataclass(frozen=True, slots=True)
class _Row:
    """An entry of the database activity; values by what they are to us."""

    number: int
    values: Mapping[str, str]
    approved: bool = True

    @property
    def mark(self) -> str | None:
        head = self.values.get("key", "").partition(".")[0]
        return head if len(head) == 16 else None

    @property
    def fingerprint(self) -> str | None:
        return self._parts[1] if len(self._parts) > 1 else None

    @property
    def installation(self) -> str | None:
        return self._parts[2] if len(self._parts) > 2 else None

    @property
    def _parts(self) -> list[str]:
        return self.values.get("key", "").split(".")

    @property
    def version(self) -> str:
        return version_of(dict(self.values))


class DatabaseReviews:
    """One database activity's reviews. One thread at a time."""

    def __init__(self, ref: PlaceRef, parts: SiteParts) -> None:
        self.ref = ref
        self._parts = parts
        self._ground = parts.ground
        self._spot = spot_of(ref)
        self._fields: dict[str, int] = {}

    def addresses(self, items: Sequence[Item], standing: Mapping[Key, str]) -> Mapping[Key, str]:
        return {item.key: standing.get(item.key, mark(item.key)) for item in items}

    def render(self, item: Item, context: Context) -> Payload:
        if not isinstance(item, Review):
            raise ContentError(f"{item.kind} cannot stand among reviews.", where=str(item.origin))
        fields = {
            "reviewer": tidy(item.rater, otherwise="–"),
            "stars": plain_number(item.stars),
            "date": item.date.date().isoformat() if item.date else "",
        }
        text = comment_html(item.comment)
        return Payload(
            key=item.key,
            kind=item.kind,
            course=item.course.idnumber,
            title=item.title,
            address=mark(item.key),
            body=text,
            fields=fields | signature(item, context),
            fingerprint=fingerprint(body=text, fields=fields),
        )

    def adapt(self, like: Payload, body: Body) -> Payload:
        fields = {**like.fields, **{name: body.fields.get(name, "") for name in self._shown()}}
        return replace(like, body=to_stored(body.html), fields=fields)

    def listing(self) -> list[Call]:
        database = self._ground.activity(self.ref.kind, self._spot)
        return [_fields_call(database), _page_call(database, 0)] if database else []

    def entries(self) -> Iterable[Entry]:
        database = self._ground.activity(self.ref.kind, self._spot)
        if database is None:
            return []
        fields, first = self._parts.ahead.ask(self.ref.id, self.listing())
        self._fields = self._fields_of(database, fields)
        return [self._entry(row) for row in self._list(database, first).values()]

    def read(self, entry: Entry) -> Body:
        row = self._list(self._parts.activity(self.ref)).get(entry.ref)
        if row is None:
            raise NotFound("the review is not there any more.", where=entry.name, next_step="Sync again.")
        return self._body(row)

    def expected(self, payload: Payload) -> Body:
        fields = {name: payload.fields[name] for name in self._shown()}
        return body_of("", normal(payload.body, site=self._ground.site), fields)

    def cost(self, changes: Sequence[Change]) -> Cost:
        return self._parts.cost(self.ref, changes, each={}) + Cost(calls=3 if changes else 0)

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        self._parts.provide(self.ref)
        database = self._parts.activity(self.ref)
        self._field_ids(database)
        for at in range(0, len(changes), _AT_ONCE):
            yield from self._write(database, changes[at : at + _AT_ONCE])

    def _write(self, database: Activity, changes: Sequence[Change]) -> Iterator[Outcome]:
        before = self._list(database) if any(c.action is not Action.CREATE for c in changes) else {}
        versions = {ref: row.version for ref, row in before.items()}
        settled = {change.key: refusal(change, versions.get(ref_of(change)), "review") for change in changes}
        going = [c for c in changes if settled[c.key] is None and c.action is not Action.ADOPT]
        calls = [self._call(database, change) for change in going]
        sent = dict(zip((c.key for c in going), map(_checked, self._ground.client.call_all(calls)), strict=True))
        after = self._list(database) if going else before
        for change in changes:
            outcome = settled[change.key]
            yield outcome if outcome is not None else self._outcome(change, sent.get(change.key, Reply()), after)

    def _call(self, database: Activity, change: Change) -> Call:
        if change.action is Action.DELETE:
            return Call(
                function="mod_data_delete_entry", args={"entryid": int(ref_of(change))}, write=True, where=change.key
            )
        values = self._values(change)
        if change.action is Action.CREATE:
            args = {"databaseid": database.id, "groupid": 0, "data": values}
            return Call(function="mod_data_add_entry", args=args, write=True, where=change.key)
        args = {"entryid": int(ref_of(change)), "data": values}
        return Call(function="mod_data_update_entry", args=args, write=True, where=change.key)

    def _values(self, change: Change) -> list[dict[str, Any]]:
        """Each value is JSON inside a string: Moodle ignores a bare one without a word."""
        payload = change.payload
        assert payload is not None
        wanted = {
            **payload.fields,
            "comment": payload.body,
            "key": ".".join(filter(None, (mark(change.key), payload.fingerprint[:12], payload.fields.get(SIGNED)))),
        }
        values = [
            {"fieldid": number, "subfield": "", "value": json.dumps(wanted[what], ensure_ascii=False)}
            for what, number in self._fields.items()
            if what in wanted
        ]
        values.append({"fieldid": self._fields["comment"], "subfield": "content1", "value": json.dumps(str(_HTML))})
        return values

    def _outcome(self, change: Change, reply: Reply, after: Mapping[str, _Row]) -> Outcome:
        row = self._standing(change, reply, after)
        if change.action is Action.DELETE:
            return done(change) if row is None else failed(change, reply.error or _not_done(change))
        if row is None:
            return failed(change, reply.error or _not_done(change))
        arrived = bool(change.payload and row.fingerprint and change.payload.fingerprint.startswith(row.fingerprint))
        if reply.error is not None and not (isinstance(reply.error, Ambiguous) and arrived):
            return failed(change, reply.error)
        if change.action is not Action.ADOPT and not arrived:
            return failed(change, _not_done(change))
        return done(change, self._entry(row), self._body(row))

    def _standing(self, change: Change, reply: Reply, after: Mapping[str, _Row]) -> _Row | None:
        if change.action is not Action.CREATE:
            return after.get(ref_of(change))
        if reply.error is None:
            return after.get(str(reply.value["newentryid"]))
        ours = [row for row in after.values() if row.mark == mark(change.key)]
        return ours[0] if ours and isinstance(reply.error, Ambiguous) else None

    def _list(self, database: Activity, first: Reply | None = None) -> dict[str, _Row]:
        """All entries, by number. `first`: the first page, where it was asked for already."""
        fields = {number: what for what, number in self._field_ids(database).items()}
        rows: dict[str, _Row] = {}
        page = 0
        while True:
            reply = first if first and not page else self._ground.client.call_all([_page_call(database, page)])[0]
            answer = reply.take()
            for entry in answer["entries"]:
                contents = {
                    int(each["fieldid"]): str(each.get("content") or "") for each in entry.get("contents") or ()
                }
                values = {what: contents.get(number, "") for number, what in fields.items()}
                rows[str(entry["id"])] = _Row(int(entry["id"]), values, bool(entry.get("approved", True)))
            page += 1
            if not answer["entries"] or page * _PAGE >= int(answer.get("totalcount", 0)):
                return rows

    def _field_ids(self, database: Activity) -> dict[str, int]:
        if not self._fields:
            self._fields = self._fields_of(database, self._ground.client.call_all([_fields_call(database)])[0])
        return self._fields

    def _fields_of(self, database: Activity, reply: Reply) -> dict[str, int]:
        there = {str(row["name"]): int(row["id"]) for row in reply.take()["fields"]}
        wanted = {what: name for what, name in self._ground.settings.reviews.fields if name}
        missing = [name for name in wanted.values() if name not in there]
        if missing:
            raise DestinationError(
                f"the database activity “{database.name}” has no field {', '.join(missing)}.",
                where=self.ref.title,
                next_step="Add the fields in its settings, or name the right ones under `reviews: fields:`.",
            )
        return {what: there[name] for what, name in wanted.items()}

    def _shown(self) -> list[str]:
        return ["reviewer", "stars", *(["date"] if self._ground.settings.reviews.fields.date else [])]

    def _entry(self, row: _Row) -> Entry:
        database = self._ground.activity(self.ref.kind, self._spot)
        # Without that setting everybody sees entries that nobody approved.
        moderated = database is not None and bool(database.details.get("approval"))
        return Entry(
            ref=str(row.number),
            version=row.version,
            name=row.mark or str(row.number),
            mark=row.mark,
            fingerprint=row.fingerprint,
            installation=row.installation,
            title=row.values.get("reviewer", ""),
            url=f"{self._ground.site}/mod/data/view.php?d={database.id if database else 0}&rid={row.number}",
            unseen=moderated and not row.approved,
        )

    def _body(self, row: _Row) -> Body:
        fields = {name: row.values.get(name, "") for name in self._shown()}
        fields["stars"] = plain_number(fields["stars"])
        return body_of("", normal(row.values.get("comment", ""), site=self._ground.site), fields)


def _fields_call(database: Activity) -> Call:
    return Call(function="mod_data_get_fields", args={"databaseid": database.id}, raw=True)


def _page_call(database: Activity, page: int) -> Call:
    args = {"databaseid": database.id, "groupid": 0, "returncontents": 1, "page": page, "perpage": _PAGE}
    return Call(function="mod_data_get_entries", args=args, raw=True)


def comment_html(comment: str) -> str:
    """A review's words are plain text."""
    paragraphs = [" ".join(part.split()) for part in comment.replace("\r\n", "\n").split("\n\n")]
    return "\n".join(f"<p>{html_.escape(part, quote=False)}</p>" for part in paragraphs if part)


def _checked(reply: Reply) -> Reply:
    """Moodle tells what it did not take in notifications, not in errors."""
    value = reply.value
    if reply.error is not None or not isinstance(value, dict):
        return reply
    told = [*(value.get("generalnotifications") or ())]
    told += [text for each in value.get("fieldnotifications") or () for text in each.get("notifications") or ()]
    if told or value.get("newentryid") == 0 or value.get("updated") is False:
        text = "; ".join(str(each) for each in told)[:200] or "no reason given"
        error = DestinationError(f"Moodle did not take the review: {text}", next_step="Check the activity's fields.")
        return Reply(value=value, error=error, code="notification")
    return reply


def _not_done(change: Change) -> DestinationError:
    return DestinationError(
        "Moodle took the call, but the review does not read back as it was sent.",
        where=change.key,
        next_step="Check the types of the activity's fields, and that lms-bridge's user may see all entries.",
    )
