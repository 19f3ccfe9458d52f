"""Discussion prompts: as news posts or pages with comments (see `page_bodies`), or as rows of a list, by config.

Not SharePoint's classic discussion board, which no modern page shows.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from lms_bridge.connector import Context
from lms_bridge.errors import ContentError
from lms_bridge.items import Item, Key, Kind, Prompt
from lms_bridge.markup.fragment import MarkupError
from lms_bridge.markup.links import item_key, map_images, map_links
from lms_bridge.markup.text import to_text
from lms_bridge.sharepoint.columns import (
    MAX_NOTE,
    MAX_TEXT,
    cut,
    key_column,
    moment_column,
    note_column,
    text_column,
)
from lms_bridge.sharepoint.list_forms import ListForm, hash_column
from lms_bridge.sharepoint.payloads import graph_time

LinkOf = Callable[[Key, Context], str | None]


def prompts_list(link_of: LinkOf) -> ListForm:
    """`link_of` gives a whole address: a plain text has no place that it is relative to."""

    def fields(item: Prompt, context: Context) -> Mapping[str, Any]:
        return {
            "Title": cut(item.title, MAX_TEXT),
            "CourseKey": cut(item.course.idnumber, MAX_TEXT),
            "LmsCourse": cut(item.course.title, MAX_TEXT),
            "Prompt": cut(_plain(item, lambda key: link_of(key, context)), MAX_NOTE),
            "DueDate": graph_time(item.close) if item.close else None,
            "Link": item.url if item.url and len(item.url) <= MAX_TEXT else "",
        }

    return ListForm(
        kind=Kind.PROMPT,
        description="Written by lms-bridge; discuss in the comments of each item",
        columns=PROMPT_COLUMNS,
        fields=fields,
        not_before=_publish,
        words="Prompt",
    )


PROMPT_COLUMNS = (
    key_column("PromptKey", "Prompt key"),
    text_column("CourseKey", "Course number", indexed=True),
    text_column("LmsCourse", "Course"),
    note_column("Prompt", "Prompt"),
    moment_column("DueDate", "Open until"),
    text_column("Link", "Link"),
    hash_column(),
)


def _publish(item: Item) -> datetime | None:
    return item.publish if isinstance(item, Prompt) else None


def _plain(item: Prompt, link_of: Callable[[Key], str | None]) -> str:
    """The words alone: the column is plain, because rich ones keep no markup that can be relied on."""

    def resolved(href: str) -> str | None:
        key = item_key(href)
        return link_of(key) if key is not None else href

    try:
        return to_text(map_images(map_links(item.body, resolved), lambda src: None))
    except MarkupError as error:
        raise ContentError(str(error), where=str(item.origin), next_step="Shorten the prompt.") from error
