"""The index page of a course: the one door that leads to its pages, its discussions and its ratings.

Made here and not by a source, because it belongs to the course as a whole, whatever its parts were read from.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from html import escape
from itertools import groupby

from lms_bridge.items import Course, Item, Key, Origin, Page, Prompt, Rating, index_key
from lms_bridge.markup.links import item_href

_Of = tuple[str, str]
"""A course's idnumber and a group: a group has a wiki of its own, and so an index of its own."""


def is_due(item: Item, now: datetime) -> bool:
    return not (isinstance(item, Prompt) and item.publish is not None and item.publish > now)


def with_indexes(
    items: Iterable[Item], source: str, now: datetime, *, held: Sequence[Page] = (), without: Collection[str] = ()
) -> list[Item]:
    """The items, with one index page for each course (and group) that has pages.

    An index page that the designer wrote is kept, and the list follows its text. Items must have unique keys. `held`
    are pages that are held back and stand: they stay in the list. For courses in `without` no index page is made, since
    the designer's own exists and is held back.
    """
    kept = list(items)
    at = {item.key: number for number, item in enumerate(kept)}
    courses: dict[str, list[Item]] = {}
    for item in kept:
        courses.setdefault(item.course.idnumber, []).append(item)
    for of, pages in groupby(sorted((i for i in kept if isinstance(i, Page)), key=_of), key=_of):
        leaves = list(pages)
        written = next((page for page in leaves if page.index), None)
        standing = [page for page in held if _of(page) == of and not page.index]
        others = [page for page in [*leaves, *standing] if page is not written]
        listed = _contents(others, courses[of[0]], of[1], now)
        if written is not None:
            kept[at[written.key]] = _appended(written, listed)
        elif of[0] not in without:
            kept.append(_made(leaves[0].course, of[1], source, listed))
    return kept


def _of(page: Page) -> _Of:
    return (page.course.idnumber, page.group or "")


def _made(course: Course, group: str, source: str, body: str) -> Page:
    return Page(
        key=index_key(source, course.idnumber, group),
        course=course,
        title=course.title,
        origin=Origin(f"the index page of {course.idnumber}"),
        body=body,
        group=group or None,
        index=True,
    )


def _appended(page: Page, listed: str) -> Page:
    return replace(page, body=page.body + listed)


def _contents(pages: Sequence[Page], items: Sequence[Item], group: str, now: datetime) -> str:
    prompts = [i for i in items if isinstance(i, Prompt) and is_due(i, now) and i.group in (None, group or None)]
    ratings = [i for i in items if isinstance(i, Rating)]
    parts = []
    if pages:
        parts.append("<h2>Pages</h2>" + _tree(pages))
    if prompts:
        prompts.sort(key=lambda p: (p.publish is not None, p.publish or now, p.title.casefold(), p.key))
        parts.append("<h2>Discussions</h2>" + _list([_link(prompt) for prompt in prompts]))
    if ratings:
        parts.append(
            "<h2>Ratings</h2>"
            + _list([_link(rating, "Ratings and reviews") for rating in sorted(ratings, key=lambda r: r.key)])
        )
    return "".join(parts)


def _tree(pages: Sequence[Page]) -> str:
    keys = {page.key for page in pages}
    children: dict[Key | None, list[Page]] = {}
    for page in sorted(pages, key=lambda p: (p.order, p.title.casefold(), p.key)):
        children.setdefault(page.parent if page.parent in keys else None, []).append(page)
    shown: set[Key] = set()

    def branch(parent: Key | None) -> str:
        lines = []
        for page in children.get(parent, []):
            if page.key not in shown:
                shown.add(page.key)
                lines.append(_link(page) + branch(page.key))
        return _list(lines)

    tree = branch(None)
    # Pages that are each other's parents hang from no root; they must still be found.
    stray = [page for page in pages if page.key not in shown]
    return tree + (_list([_link(page) for page in stray]) if stray else "")


def _list(lines: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>" if lines else ""


def _link(item: Item, label: str = "") -> str:
    return f'<a href="{item_href(item.key)}">{escape(label or item.title)}</a>'
