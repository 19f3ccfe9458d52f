"""What the learner's pages show, taken from the site's rows as plain values. Content leaves here cleaned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any

from markupsafe import Markup

from lms_bridge.sandbox.moodle import rows, wiki_store
from lms_bridge.sandbox.moodle.purifier import clean
from lms_bridge.sandbox.moodle.site import MoodleSite
from lms_bridge.sandbox.moodle.wiki_markup import LinkTarget, parse_wiki_html

MOST_ENTRIES = 500
_SEPARATE_GROUPS = 1
_EVERYBODY = 2
_DEEPEST_INDENT = 4


@dataclass(frozen=True)
class Crumb:
    title: str
    url: str


def when(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%-d %B %Y, %H:%M UTC")


def shown_html(text: str, *, files: str = "", format_: int = 1) -> Markup:
    """`files`: where the text's own files are, as in `33/mod_forum/post/2`."""
    if format_ != 1:
        text = escape(text).replace("\n", "<br />")
    return Markup(clean(text.replace("@@PLUGINFILE@@/", f"/pluginfile.php/{files}/")))  # noqa: S704 - cleaned here


def person(site: MoodleSite, user: int) -> str:
    found = site.users.get(user)
    return found.fullname if found else "Somebody"


def group_name(site: MoodleSite, group: int) -> str:
    found = site.groups.get(group)
    return found.name if found else ""


def course_cards(site: MoodleSite) -> list[dict[str, Any]]:
    listed = [course for course in site.courses.values() if course.category and course.visible]
    return [
        {
            "title": course.fullname,
            "url": course_url(course.id),
            "shortname": course.shortname,
            "summary": shown_html(course.summary, files=f"{course.contextid}/course/summary"),
            "fields": course_fields(site, course),
        }
        for course in sorted(listed, key=lambda course: (course.sortorder, course.id))
    ]


def course_fields(site: MoodleSite, course: rows.Course) -> list[dict[str, str]]:
    """Those that everybody may see and that hold something."""
    return [
        {"name": field.name, "value": course.fields[field.id]}
        for field in site.custom_fields.values()
        if field.configdata.get("visibility", _EVERYBODY) == _EVERYBODY and course.fields.get(field.id)
    ]


def course_url(course: int) -> str:
    return f"/course/view.php?id={course}"


def course_sections(site: MoodleSite, course: rows.Course) -> list[dict[str, Any]]:
    sections = sorted(site.sections_of(course.id), key=lambda section: section.number)
    return [
        {
            "title": section.name or (f"Topic {section.number}" if section.number else "General"),
            "activities": [
                {"title": one.name, "url": f"/mod/{one.modname}/view.php?id={one.cmid}", "kind": _KINDS[one.modname]}
                for one in map(site.activities.get, section.sequence)
                if one is not None and one.visible and one.modname in _KINDS
            ],
        }
        for section in sections
    ]


_KINDS = {"wiki": "Wiki", "forum": "Forum", "data": "Database"}


def subwikis_of(site: MoodleSite, wiki: rows.Activity) -> list[rows.Subwiki]:
    """In separate groups, the wiki of no group is shown to no learner."""
    found = [subwiki for subwiki in site.subwikis.values() if subwiki.wikiid == wiki.instance]
    if wiki.groupmode == _SEPARATE_GROUPS:
        found = [subwiki for subwiki in found if subwiki.groupid]
    return sorted(found, key=lambda subwiki: (subwiki.groupid, subwiki.userid))


def subwiki_title(site: MoodleSite, subwiki: rows.Subwiki) -> str:
    names = [group_name(site, subwiki.groupid)] if subwiki.groupid else []
    names += [person(site, subwiki.userid)] if subwiki.userid else []
    return ", ".join(names)


def wiki_page(site: MoodleSite, page: rows.WikiPage, wiki: rows.Activity) -> dict[str, Any]:
    wiki_store.refresh_if_old(site, page)
    page.pageviews += 1  # Moodle counts every look at a page in the browser
    return {
        "title": page.title,
        "html": shown_html(page.cachedcontent, files=f"{wiki.contextid}/mod_wiki/attachments/{page.subwikiid}"),
        "changed": f"{when(page.timemodified)} by {person(site, page.userid)}",
        "map_url": f"/mod/wiki/map.php?pageid={page.id}",
        "comments": comments_on(site, "mod_wiki", page.id),
    }


def wiki_links(site: MoodleSite, subwiki: int, *, current: int = 0) -> list[dict[str, Any]]:
    pages = sorted(wiki_store.pages_of(site, subwiki), key=lambda page: page.title.casefold())
    return [
        {"title": page.title or "(no title)", "url": page_url(page.id), "current": page.id == current} for page in pages
    ]


def links_of(site: MoodleSite, page: rows.WikiPage) -> tuple[str, ...]:
    """The titles that the page links to, whether they exist or not."""
    version = wiki_store.last_version(site, page)
    if version is None:
        return ()
    return parse_wiki_html(version.content, page_id=page.id, link_to=LinkTarget).links


def page_url(page: int) -> str:
    return f"/mod/wiki/view.php?pageid={page}"


def comments_on(site: MoodleSite, component: str, item: int) -> list[dict[str, Any]]:
    return [
        {"author": person(site, one.userid), "when": when(one.timecreated), "html": shown_html(one.content)}
        for one in site.comments.values()
        if (one.component, one.itemid) == (component, item)
    ]


def discussions(site: MoodleSite, forum: rows.Activity) -> list[dict[str, Any]]:
    """Pinned first, then the latest; in separate groups, one of no group is in no learner's list."""
    found = [one for one in site.discussions.values() if one.forum == forum.instance]
    if forum.groupmode == _SEPARATE_GROUPS:
        found = [one for one in found if one.groupid]
    found.sort(key=lambda one: (one.pinned, one.timemodified, one.id), reverse=True)
    return [
        {
            "title": one.name or "(no subject)",
            "url": f"/mod/forum/discuss.php?d={one.id}",
            "author": person(site, one.userid),
            "when": when(one.timemodified),
            "replies": len(site.posts_of(one.id)) - 1,
            "pinned": bool(one.pinned),
            "locked": bool(one.timelocked),
            "group": group_name(site, one.groupid) if one.groupid > 0 else "",
        }
        for one in found
    ]


def thread(site: MoodleSite, discussion: rows.Discussion, forum: rows.Activity) -> list[dict[str, Any]]:
    posts = sorted(site.posts_of(discussion.id), key=lambda post: (post.created, post.id))
    below: dict[int, list[rows.Post]] = {}
    for post in posts:
        below.setdefault(post.parent, []).append(post)
    return list(_branch(site, forum, below, 0))


def _branch(
    site: MoodleSite, forum: rows.Activity, below: dict[int, list[rows.Post]], parent: int
) -> Iterator[dict[str, Any]]:
    waiting = [(post, 0) for post in reversed(below.get(parent, []))]
    while waiting:
        post, depth = waiting.pop()
        yield {
            "subject": post.subject,
            "author": person(site, post.userid),
            "when": when(post.created),
            "edited": post.modified > post.created,
            "depth": min(depth, _DEEPEST_INDENT),
            "html": shown_html(
                post.message, files=f"{forum.contextid}/mod_forum/post/{post.id}", format_=post.messageformat
            ),
        }
        waiting += [(reply, depth + 1) for reply in reversed(below.get(post.id, []))]


def entries(site: MoodleSite, database: rows.Activity) -> tuple[list[dict[str, Any]], int]:
    """The first entries as they were added, and how many there are."""
    fields = [field for field in site.data_fields.values() if field.dataid == database.instance]
    found = [one for one in site.data_entries.values() if one.dataid == database.instance and one.approved]
    shapes = [
        {
            "cells": [cell for field in fields if (cell := _cell(field, entry.contents.get(field.id)))],
            "author": person(site, entry.userid),
            "when": when(entry.timecreated),
            "comments": comments_on(site, "mod_data", entry.id),
        }
        for entry in found[:MOST_ENTRIES]
    ]
    return shapes, len(found)


def _cell(field: rows.DataField, content: rows.DataContent | None) -> dict[str, Any] | None:
    text = content.content if content else None
    if not text:
        return None
    if field.type == "textarea":
        return {"name": field.name, "html": shown_html(text), "stars": ""}
    return {"name": field.name, "text": text, "stars": _stars(text) if field.name == "Stars" else ""}


def _stars(text: str) -> str:
    try:
        full = round(float(text))
    except (ValueError, OverflowError):
        return ""
    return "★" * full + "☆" * (5 - full) if 0 <= full <= 5 else ""
