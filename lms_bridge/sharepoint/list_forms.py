"""What a kind's list looks like: its columns, what a row of it holds and says, and how its hash is signed. Pure.

Apart from `lists`, which reads and writes rows of any form.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from lms_bridge.connector import Body, Context, Payload
from lms_bridge.items import Item, Kind, mark
from lms_bridge.markup.text import to_text
from lms_bridge.sharepoint.columns import MAX_TEXT, Column, cut, text_column
from lms_bridge.sharepoint.payloads import SIGNED, comparable, fingerprint

HASH_COLUMN = "LmsHash"
MAX_HASH = 64
MODERATION = "_ModerationStatus"
"""Of lists with content approval: 0 is approved; rejected, pending, draft and scheduled are not.
https://learn.microsoft.com/openspecs/sharepoint_protocols/ms-wssfo3/4342322d-6fab-4dc5-8ccd-b808a5e25acf"""


class Fields(Protocol):
    """An item's columns. Raises ContentError. Pure."""

    def __call__(self, item: Any, context: Context) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class ListForm:
    """What a kind's list looks like. `columns` begin with the key's."""

    kind: Kind
    description: str
    columns: tuple[Column, ...]
    fields: Fields
    not_before: Callable[[Item], datetime | None] = lambda item: None
    words: str | None = None
    """The column that can say something else when the item is gone: without one, rows are not hidden."""

    @property
    def key_column(self) -> str:
        return str(self.columns[0]["name"])

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that hold content: neither the key nor the fingerprint."""
        own = {self.key_column, HASH_COLUMN}
        return ("Title", *(str(column["name"]) for column in self.columns if column["name"] not in own))


def hash_column() -> Column:
    return {**text_column(HASH_COLUMN, "Hash", most=MAX_HASH), "hidden": False}


def rendered(item: Item, context: Context, form: ListForm) -> Payload:
    fields = {name: value for name, value in form.fields(item, context).items() if name in form.names}
    return Payload(
        key=item.key,
        kind=item.kind,
        course=item.course.idnumber,
        title=item.title,
        address=mark(item.key),
        fields={**fields, SIGNED: context.installation},
        fingerprint=fingerprint(fields=fields),
        not_before=form.not_before(item),
    )


def adapted(like: Payload, body: Body, form: ListForm) -> Payload:
    """The payload that leaves exactly this body in the row: what is missing in it is emptied."""
    title = cut(body.title, MAX_TEXT)
    columns = {name: body.fields.get(name) for name in form.names}
    return replace(like, title=title, fields={**like.fields, **columns, "Title": title})


def hidden(like: Payload, notice: str, form: ListForm) -> Payload:
    """The notice in place of the words. Comments on a list's items are beyond Graph's reach, and stay."""
    assert form.words is not None, "a list that hides has a column of words"
    return replace(like, fields={**like.fields, form.words: to_text(notice)})


def row_of(payload: Payload, form: ListForm) -> dict[str, Any]:
    """The columns to write, all but the key, which never changes."""
    columns = {name: value for name, value in payload.fields.items() if name in form.names}
    return {**columns, HASH_COLUMN: signed(payload.fingerprint, payload.fields.get(SIGNED) or "")}


def body_of(fields: Mapping[str, Any], form: ListForm) -> Body:
    """Only what is there: SharePoint leaves out empty fields. The title is one for itself, as on pages."""
    kept = {name: comparable(fields[name]) for name in form.names if fields.get(name) not in (None, "")}
    return Body(title=str(kept.pop("Title", "")), fields=kept)


def signed(print_: str, installation: str) -> str:
    """The fingerprint as the hash column holds it: cut to make room for the name of who wrote it."""
    return f"{print_[: MAX_HASH - len(installation) - 1]}.{installation}" if installation else print_


def unsigned(text: str) -> tuple[str | None, str | None]:
    """The fingerprint and the installation in a hash column."""
    print_, _, installation = text.strip().partition(".")
    return print_ or None, installation or None
