"""A payload and the page that it becomes: how it reads there, and the same payload made to say something else. Pure.

`fields` of a page's payload: `comments`, `news`, who signs it, and `parts`, what people put on the page besides text
(see `kept`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lms_bridge.connector import Body, Context, Payload
from lms_bridge.errors import ContentError
from lms_bridge.items import Kind
from lms_bridge.markup.fragment import MarkupError
from lms_bridge.sharepoint.canvas import check_size, shown, to_canvas
from lms_bridge.sharepoint.columns import MAX_TEXT, cut
from lms_bridge.sharepoint.dialect import in_paragraphs
from lms_bridge.sharepoint.image_parts import StoredImage
from lms_bridge.sharepoint.kept import NOTHING, Kept, refuse_unwritable
from lms_bridge.sharepoint.marker import described
from lms_bridge.sharepoint.page_calls import PageText
from lms_bridge.sharepoint.payloads import SIGNED, mapping

_PARTS = "parts"
Render = Callable[[Any, Context, str], Payload]
"""An item, the context and the page's name → its payload. Raises ContentError. Pure."""


@dataclass(frozen=True, slots=True)
class PageForm:
    """What makes a kind's pages different."""

    kind: Kind
    render: Render
    reads_comments: bool = False
    """Whether it matters when a person switches the comments on or off."""


def expected(payload: Payload, form: PageForm) -> Body:
    canvas = to_canvas(payload.body, None, kept_in(payload))
    return body_of(payload.title, canvas, form, comments=payload.fields.get("comments") is not False)


def body_of(title: str, canvas: Any, form: PageForm, *, comments: bool) -> Body:
    """Raises ContentError for a page that is beyond reading."""
    try:
        page = shown(canvas)
    except MarkupError as error:
        raise ContentError(str(error), where=title, next_step="Split the page into several.") from error
    fields: dict[str, Any] = {"comments": comments} if form.reads_comments else {}
    if page.kept:
        fields[_PARTS] = page.kept
    return Body(title=title.strip(), html=page.html, fields=fields)


def adapted(like: Payload, body: Body) -> Payload:
    """The payload that leaves exactly this body on the page."""
    fields = {name: value for name, value in like.fields.items() if name != _PARTS}
    return replace(like, title=cut(body.title, MAX_TEXT), body=body.html, fields={**fields, **body.fields})


def hidden(like: Payload, notice: str) -> Payload:
    """The notice in place of the text, and nobody can comment on it."""
    return adapted(like, Body(title=like.title, html=in_paragraphs(notice), fields={"comments": False}))


def kept_in(payload: Payload) -> Kept:
    return mapping(payload.fields.get(_PARTS)) or NOTHING


def page_text(payload: Payload, stored: Mapping[str, StoredImage]) -> PageText:
    """Raises ContentError for what cannot stand on a page, Conflict for what only a person can put there."""
    kept = kept_in(payload)
    refuse_unwritable(kept)
    try:
        check_size(payload.body, where=payload.key)
        canvas = to_canvas(payload.body, stored, kept)
        description = described(
            payload.body,
            kind=payload.kind,
            key=payload.key,
            fingerprint=payload.fingerprint,
            installation=payload.fields.get(SIGNED) or "",
        )
    except MarkupError as error:
        raise ContentError(str(error), where=payload.key, next_step="Split the page into several.") from error
    return PageText(
        title=payload.title,
        description=description,
        canvas=canvas,
        comments=payload.fields.get("comments"),
        news=bool(payload.fields.get("news")),
    )
