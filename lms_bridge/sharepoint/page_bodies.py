"""Items that become pages → payloads: the text in SharePoint's dialect, its links resolved, its source named."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote

from lms_bridge.connector import Address, Context, Payload
from lms_bridge.errors import ContentError, Problem
from lms_bridge.items import Key, Kind, Page, Prompt
from lms_bridge.markup.fragment import MarkupError
from lms_bridge.markup.split import joined
from lms_bridge.sharepoint.canvas import check_size
from lms_bridge.sharepoint.columns import MAX_TEXT, cut
from lms_bridge.sharepoint.dialect import in_paragraphs, to_sharepoint
from lms_bridge.sharepoint.page_texts import PageForm
from lms_bridge.sharepoint.payloads import SIGNED, fingerprint

PINNED = "SharePoint cannot pin a page; it stands among the others"


@dataclass(frozen=True, slots=True)
class PageLook:
    """What the settings say of pages. `view_of` gives the address of a list, for items that have none of their own."""

    site_path: str
    view_of: Callable[[str], str | None]
    images: bool
    comments: bool
    news: bool = False


def wiki_form(look: PageLook) -> PageForm:
    def render(item: Page, context: Context, name: str) -> Payload:
        return _payload(item, name, _body(item, look, context), context, {"comments": look.comments, "news": False})

    return PageForm(Kind.PAGE, render)


def prompt_form(look: PageLook) -> PageForm:
    def render(item: Prompt, context: Context, name: str) -> Payload:
        comments = item.close is None or item.close > context.now
        return _payload(item, name, _body(item, look, context), context, {"comments": comments, "news": look.news})

    return PageForm(Kind.PROMPT, render, reads_comments=True)


def _payload(item: Page | Prompt, name: str, body: str, context: Context, fields: Mapping[str, Any]) -> Payload:
    title = cut(item.title.strip(), MAX_TEXT)
    if not title:
        raise ContentError("it has no title", where=str(item.origin), next_step="Give it one.")
    check_size(body, where=str(item.origin))
    pinned = isinstance(item, Prompt) and item.pinned
    return Payload(
        key=item.key,
        kind=item.kind,
        course=item.course.idnumber,
        title=title,
        address=name,
        body=body,
        fields={**fields, SIGNED: context.installation},
        fingerprint=fingerprint(title=title, body=body, fields=fields),
        not_before=item.publish if isinstance(item, Prompt) else None,
        parent=item.parent if isinstance(item, Page) else None,
        assets=tuple(asset for asset in item.assets if asset.digest in body),
        notices=(Problem(PINNED, str(item.origin)),) if pinned else (),
    )


def _body(item: Page | Prompt, look: PageLook, context: Context) -> str:
    try:
        text = to_sharepoint(item.body, link_of=lambda key: link_of(key, look, context), images_kept=look.images)
    except MarkupError as error:
        raise ContentError(
            str(error), where=str(item.origin), next_step="Split the text into several pages."
        ) from error
    return joined([part for part in (text, in_paragraphs(_last_lines(item))) if part])


def link_of(key: Key, look: PageLook, context: Context) -> str | None:
    """Where an item is read: its page, or the list that it is a row of."""
    address: Address | None = context.addresses.get(key)
    if address is None:
        return None
    if address.name.endswith(".aspx"):
        return f"{look.site_path}/SitePages/{quote(address.name)}"
    return look.view_of(address.place.container)


def _last_lines(item: Page | Prompt) -> str:
    tags = f"<p>Tags: {escape(', '.join(item.tags))}</p>" if item.tags else ""
    if item.url and item.url.startswith(("https://", "http://")):
        return f'{tags}<p><a href="{escape(item.url)}">Source</a></p>'
    return f"{tags}<p>Source: {escape(item.origin.name)}</p>"
