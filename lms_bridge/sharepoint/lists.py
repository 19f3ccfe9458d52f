"""A list as a place, whatever the kind: its form, its listing, and how rows are made, changed and looked up.

The key column holds the item's mark: lower-case ASCII, because SharePoint's uniqueness ignores case, and it tells
nothing about the source. A create that is sent twice is refused by the column itself.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from lms_bridge.connector import (
    Action,
    Body,
    Change,
    Context,
    Cost,
    Entry,
    Outcome,
    Payload,
    PlaceRef,
    Status,
)
from lms_bridge.errors import Ambiguous, ContentError, DestinationError, NotFound, Problem, Unreachable
from lms_bridge.items import Item, Key, mark
from lms_bridge.sharepoint.batch import Answer, Call
from lms_bridge.sharepoint.client import GraphClient
from lms_bridge.sharepoint.list_forms import (
    HASH_COLUMN,
    MODERATION,
    ListForm,
    adapted,
    body_of,
    hidden,
    rendered,
    row_of,
    unsigned,
)
from lms_bridge.sharepoint.payloads import SIGNED, failed, mapping, text_value
from lms_bridge.sharepoint.refusals import Invalid, NameTaken

ROWS = 500
WAVE = 200
_APPROVED = "0"
WRITE_UNITS = 2
READ_UNITS = 1


@dataclass(frozen=True, slots=True)
class ListAddress:
    """Where a list is: the site's and the list's Graph ids, and the address that people open. `moderated`: its rows are
    seen only once somebody approved them."""

    site: str
    id: str
    view: str
    moderated: bool = False

    @property
    def items(self) -> str:
        return f"/sites/{self.site}/lists/{self.id}/items"

    def item(self, ref: str) -> str:
        return f"{self.items}/{quote(ref, safe='')}"


class ListPlace:
    """One thread at a time; the client batches what all places send."""

    def __init__(
        self, ref: PlaceRef, form: ListForm, address: ListAddress, client: GraphClient, *, units_per_second: float
    ) -> None:
        self.ref = ref
        self._units_per_second = units_per_second
        self._form = form
        self._address = address
        self._client = client
        self._seen: dict[tuple[str, str], Body] = {}

    @property
    def prunes(self) -> frozenset[str]:
        return frozenset({"recycle", "delete"} | ({"hide"} if self._form.words else set()))

    def addresses(self, items: Sequence[Item], standing: Mapping[Key, str]) -> Mapping[Key, str]:
        return {item.key: standing.get(item.key) or mark(item.key) for item in items}

    def render(self, item: Item, context: Context) -> Payload:
        if item.kind is not self._form.kind:
            raise ContentError(f"a {item.kind.value} does not belong in this list", where=str(item.origin))
        return rendered(item, context, self._form)

    def entries(self) -> Iterable[Entry]:
        self._seen.clear()
        url = f"{self._address.items}?$expand=fields($select={self._names()})&$top={ROWS}"
        rows = self._client.pages(Call(name="list items", method="GET", url=url))
        return [entry for entry in (self._noted(row)[0] for row in rows) if entry.ref]

    def read(self, entry: Entry) -> Body:
        """From the listing where it is still of that version: it brought every column along."""
        known = self._seen.get((entry.ref, entry.version))
        return known if known is not None else self._noted(self._client.ask(self._get(entry.ref)).body)[1]

    def expected(self, payload: Payload) -> Body:
        return body_of(payload.fields, self._form)

    def adapt(self, like: Payload, body: Body) -> Payload:
        return adapted(like, body, self._form)

    def hide(self, like: Payload, notice: str) -> Payload:
        return hidden(like, notice, self._form)

    def cost(self, changes: Sequence[Change]) -> Cost:
        written = [change for change in changes if change.action is not Action.ADOPT]
        units = len(written) * WRITE_UNITS
        return Cost(calls=len(written), units=units, seconds=units / self._units_per_second)

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        for start in range(0, len(changes), WAVE):
            lost: list[DestinationError] = []
            wave = changes[start : start + WAVE]
            yield from self._write_wave(wave, lost)
            if len(lost) == len(wave):
                raise lost[0]

    def _write_wave(self, wave: Sequence[Change], lost: list[DestinationError]) -> Iterator[Outcome]:
        sent = [change for change in wave if change.action is not Action.ADOPT]
        for change in wave:
            if change.action is Action.ADOPT:
                yield self._settled(change, lambda change=change: self._adopt(change))  # type: ignore[misc]
        for number, found in self._client.ask_all([self._call(change) for change in sent]):
            change = sent[number]
            if isinstance(found, Unreachable):
                lost.append(found)
            yield self._settled(change, lambda change=change, found=found: self._finish(change, found))  # type: ignore[misc]

    @staticmethod
    def _settled(change: Change, finish: Callable[[], Outcome]) -> Outcome:
        try:
            return finish()
        except DestinationError as error:
            return failed(change, error)

    def _call(self, change: Change) -> Call:
        match change.action:
            case Action.CREATE:
                return self._create(change)
            case Action.DELETE:
                return Call(
                    name="delete item",
                    method="DELETE",
                    url=self._address.item(_ref(change)),
                    headers=_if_match(change),
                )
            case _:
                return Call(
                    name="change item",
                    method="PATCH",
                    url=f"{self._address.item(_ref(change))}/fields",
                    headers=_if_match(change),
                    body=row_of(_payload(change), self._form),
                )

    def _finish(self, change: Change, found: Answer | DestinationError) -> Outcome:
        match change.action:
            case Action.CREATE:
                return self._finish_create(change, found)
            case Action.DELETE:
                return self._finish_delete(change, found)
            case _:
                return self._finish_update(change, found)

    def _finish_create(self, change: Change, found: Answer | DestinationError, *, again: bool = True) -> Outcome:
        """A refused or unanswered create is looked up by its key: our own lost answer, or another writer, won."""
        if isinstance(found, Answer):
            return self._done(change, self._noted(found.body))
        if not isinstance(found, (Invalid, Ambiguous)):
            raise found
        standing = self._look_up(change.key)
        if standing is None and isinstance(found, Ambiguous) and again:
            return self._finish_create(change, self._tried(self._create(change)), again=False)
        if standing is None:
            raise found
        entry, _ = standing
        if _bears(entry, change):
            return self._done(change, standing)
        if entry.installation and entry.installation != _payload(change).fields.get(SIGNED):
            raise NameTaken("another installation of lms-bridge wrote it just now", next_step="Stop one of the two.")
        patched = Call(
            name="change item",
            method="PATCH",
            url=f"{self._address.item(entry.ref)}/fields",
            headers={"If-Match": entry.version},
            body=row_of(_payload(change), self._form),
        )
        return self._done(change, self._after_patch(entry.ref, self._client.ask(patched)))

    def _finish_update(self, change: Change, found: Answer | DestinationError) -> Outcome:
        if isinstance(found, Answer):
            return self._done(change, self._after_patch(_ref(change), found))
        if isinstance(found, Ambiguous):
            standing = self._noted(self._client.ask(self._get(_ref(change))).body)
            if _bears(standing[0], change):
                return self._done(change, standing)
        raise found

    def _finish_delete(self, change: Change, found: Answer | DestinationError) -> Outcome:
        if isinstance(found, Ambiguous):
            answer = self._tried(self._get(_ref(change)))
            if isinstance(answer, NotFound):
                return Outcome(change=change, status=Status.DONE)
        if isinstance(found, DestinationError) and not isinstance(found, NotFound):
            raise found
        return Outcome(change=change, status=Status.DONE)

    def _adopt(self, change: Change) -> Outcome:
        assert change.entry is not None
        known = self._seen.get((change.entry.ref, change.entry.version))
        if known is not None:
            return Outcome(change=change, status=Status.DONE, entry=change.entry, body=known)
        return self._done(change, self._noted(self._client.ask(self._get(change.entry.ref)).body))

    def _look_up(self, key: Key) -> tuple[Entry, Body] | None:
        """By the unique column, which is indexed: Graph refuses any other filter."""
        condition = quote(f"fields/{self._form.key_column} eq '{mark(key)}'", safe="/'")
        url = f"{self._address.items}?$filter={condition}&$expand=fields($select={self._names()})&$top=2"
        rows = list(self._client.pages(Call(name="find item", method="GET", url=url)))
        return self._noted(rows[0]) if rows else None

    def _names(self) -> str:
        moderation = (MODERATION,) if self._address.moderated else ()
        return ",".join((self._form.key_column, HASH_COLUMN, *self._form.names, *moderation))

    def _tried(self, call: Call) -> Answer | DestinationError:
        try:
            return self._client.ask(call)
        except DestinationError as error:
            return error

    def _create(self, change: Change) -> Call:
        fields = {**row_of(_payload(change), self._form), self._form.key_column: mark(change.key)}
        return Call(name="create item", method="POST", url=self._address.items, body={"fields": fields})

    def _get(self, ref: str) -> Call:
        url = f"{self._address.item(ref)}?$expand=fields($select={self._names()})"
        return Call(name="read item", method="GET", url=url, units=READ_UNITS)

    def _after_patch(self, ref: str, answer: Answer) -> tuple[Entry, Body]:
        """A PATCH answers with the fields alone; where its new ETag is missing the item is read."""
        fields = mapping(answer.body)
        version = answer.headers.get("etag") or text_value(fields.get("@odata.etag"))
        if not version or self._form.key_column not in fields:
            return self._noted(self._client.ask(self._get(ref)).body)
        return self._noted({"id": ref, "eTag": version, "fields": fields})

    def _noted(self, row: Any) -> tuple[Entry, Body]:
        row = mapping(row)
        fields = mapping(row.get("fields"))
        key = text_value(fields.get(self._form.key_column)).strip().lower()
        print_, installation = unsigned(text_value(fields.get(HASH_COLUMN)))
        entry = Entry(
            ref=str(row.get("id", "")),
            version=text_value(row.get("eTag")) or text_value(row.get("@odata.etag")),
            name=key,
            mark=key if _is_mark(key) else None,
            fingerprint=print_,
            installation=installation,
            title=text_value(fields.get("Title")),
            url=text_value(row.get("webUrl")) or self._address.view,
            unseen=self._address.moderated and str(fields.get(MODERATION, _APPROVED)) != _APPROVED,
        )
        body = body_of(fields, self._form)
        self._seen[entry.ref, entry.version] = body
        return entry, body

    def _done(self, change: Change, standing: tuple[Entry, Body]) -> Outcome:
        entry, body = standing
        problem = None
        if entry.unseen:
            problem = Problem(
                "the row is written but readers do not see it yet: the list wants an approval",
                change.key,
                f"Ask an approver to approve it: {entry.url}; `lms-bridge check` tells how to do without.",
            )
        return Outcome(change=change, status=Status.DONE, entry=entry, body=body, problem=problem)


def _payload(change: Change) -> Payload:
    assert change.payload is not None
    return change.payload


def _bears(entry: Entry, change: Change) -> bool:
    """Whether the row's hash is the change's: a signed one is shorter."""
    return bool(entry.fingerprint) and _payload(change).fingerprint.startswith(entry.fingerprint or "")


def _ref(change: Change) -> str:
    return change.entry.ref if change.entry else change.record.ref if change.record else ""


def _if_match(change: Change) -> dict[str, str]:
    version = change.entry.version if change.entry else change.record.version if change.record else "*"
    return {"If-Match": version}


def _is_mark(text: str) -> bool:
    return len(text) == 16 and all(letter in "abcdefghijklmnopqrstuvwxyz234567" for letter in text)
