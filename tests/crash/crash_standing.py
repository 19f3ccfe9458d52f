"""Everything that stands in a sandbox as plain lines, without what differs from one way of getting there to another.

Numbers of rows, versions and moments differ; words, titles, pins, pictures and how often each stands there must not.
"""

import re
from collections.abc import Iterator

from lms_bridge.sandbox.moodle import MoodleSite
from lms_bridge.sandbox.sharepoint.canvas import text_of
from lms_bridge.sandbox.sharepoint.model import Item
from lms_bridge.sandbox.sharepoint.tenant import Tenant

_NUMBERS = re.compile(r"(?<=[=/])\d+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def standing_in_moodle(site: MoodleSite) -> list[str]:
    return sorted(_NUMBERS.sub("#", line) for line in _moodle(site))


def standing_in_sharepoint(tenant: Tenant) -> list[str]:
    return sorted(_NUMBERS.sub("#", line) for line in _sharepoint(tenant))


def _moodle(site: MoodleSite) -> Iterator[str]:
    for page in site.wiki_pages.values():
        course = site.courses[site.activity_of("wiki", site.subwikis[page.subwikiid].wikiid).course]  # type: ignore[union-attr]
        versions = site.wiki_versions[page.id]
        text = versions[-1].content if versions else "no version at all"
        yield f"page of {course.idnumber}: {page.title!r}: {text}"
    for post in site.posts.values():
        if post.discussion not in site.discussions:
            continue  # of a discussion that was never finished: nobody sees it
        discussion = site.discussions[post.discussion]
        state = f"{'pinned ' * discussion.pinned}{'closed ' * bool(discussion.timelocked)}"
        yield f"post in {state}{discussion.name!r}: {post.subject!r}: {post.message}"
    for entry in site.data_entries.values():
        values = {site.data_fields[field].name: row.content for field, row in entry.contents.items()}
        yield f"entry: {values}"
    for course in site.courses.values():
        yield f"course {course.idnumber}: {sorted(course.fields.items())}"
    for activity in site.activities.values():
        yield f"activity {activity.idnumber}: {activity.name}"


def _sharepoint(tenant: Tenant) -> Iterator[str]:
    for site in tenant.sites.values():
        for held in site.lists.values():
            for item in held.items.values():
                yield f"{held.title}: {_item(item)}"


def _item(item: Item) -> str:
    if item.page is None:
        return f"{item.path} {sorted(item.fields.items())}"
    page = item.page
    seen = "published" if page.minor == 0 else "draft"
    flags = f"{seen} {page.promotion}{' with comments' * page.show_comments}"
    return f"{item.name} {flags} {page.title!r}: {page.description}: {text_of(page.canvas)}"
