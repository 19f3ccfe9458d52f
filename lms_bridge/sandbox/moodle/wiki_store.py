"""Wiki pages as rows: versions, locks, sections, the cached display, and the traps of the two databases.

Apart from the functions because a person at the keyboard writes through the same doors (mod/wiki/locallib.php).
"""

from urllib.parse import quote_plus

from lms_bridge.sandbox.moodle import rows, wiki_markup, wiki_plain
from lms_bridge.sandbox.moodle.collation import same_text
from lms_bridge.sandbox.moodle.refusals import MoodleError, php_error
from lms_bridge.sandbox.moodle.site import MoodleSite

LOCK_TIMEOUT = 30
CACHE_TIME = 30
MAX_TITLE = 255


def pages_of(site: MoodleSite, subwikiid: int) -> list[rows.WikiPage]:
    return [page for page in site.wiki_pages.values() if page.subwikiid == subwikiid]


def page_titled(site: MoodleSite, subwikiid: int, title: str) -> rows.WikiPage | None:
    for page in pages_of(site, subwikiid):
        if same_text(site, page.title, title):
            return page
    return None


def subwiki_of(site: MoodleSite, wikiid: int, groupid: int | None, userid: int) -> rows.Subwiki | None:
    key = (wikiid, groupid, userid)
    for subwiki in site.subwikis.values():
        if (subwiki.wikiid, subwiki.groupid, subwiki.userid) == key:
            return subwiki
    return None


def add_subwiki(site: MoodleSite, wikiid: int, groupid: int, userid: int) -> rows.Subwiki:
    subwiki = rows.Subwiki(site.next_id("wiki_subwikis"), wikiid, groupid, userid)
    site.subwikis[subwiki.id] = subwiki
    return subwiki


def create_page(site: MoodleSite, subwikiid: int, title: str, contentformat: str, user: int) -> rows.WikiPage:
    """wiki_create_page: version 0, empty. No transaction: a title that is too long leaves an orphan version."""
    if len(title) > MAX_TITLE:
        raise MoodleError("dmlwriteexception")
    now = site.now
    page = rows.WikiPage(site.next_id("wiki_pages"), subwikiid, title, user, now, now, 0)
    site.wiki_pages[page.id] = page
    site.wiki_versions[page.id].append(rows.WikiVersion(0, "", contentformat, user, now))
    render_page(site, page)
    return page


def last_version(site: MoodleSite, page: rows.WikiPage) -> rows.WikiVersion | None:
    versions = site.wiki_versions[page.id]
    return versions[-1] if versions else None


def save_page(site: MoodleSite, page: rows.WikiPage, content: str, user: int) -> None:
    """wiki_save_page: always a new version, even of the same content; nothing compares versions."""
    version = last_version(site, page)
    if version is None:
        raise php_error('Attempt to assign property "content" on null')
    now = site.now
    site.wiki_versions[page.id].append(rows.WikiVersion(version.version + 1, content, version.contentformat, user, now))
    page.timemodified = now
    page.userid = user
    render_page(site, page)


def render_page(site: MoodleSite, page: rows.WikiPage) -> None:
    """wiki_refresh_cachedcontent: rewrites the display and forgets who rendered it before."""
    version = last_version(site, page)
    page.cached_at = site.clock.elapsed()
    if version is None:
        page.cachedcontent = ""
        return
    page.timerendered = site.now
    page.cachedcontent = _render(site, page, version)


def refresh_if_old(site: MoodleSite, page: rows.WikiPage) -> None:
    if page.cached_at + CACHE_TIME < site.clock.elapsed():
        render_page(site, page)


def _render(site: MoodleSite, page: rows.WikiPage, version: rows.WikiVersion) -> str:
    root = f"{site.settings.wwwroot}/mod/wiki"
    targets: dict[str, wiki_markup.LinkTarget] = {}

    def link_to(title: str) -> wiki_markup.LinkTarget:
        if title not in targets:
            found = page_titled(site, page.subwikiid, title)
            create = f"{root}/create.php?swid={page.subwikiid}&amp;title={quote_plus(title)}&amp;action=new"
            view = f"{root}/view.php?pageid={found.id}" if found else create
            targets[title] = wiki_markup.LinkTarget(view, missing=found is None)
        return targets[title]

    content, flavour = version.content, version.contentformat
    if flavour != "html":
        content = wiki_plain.as_html(content, flavour)
    return wiki_markup.render_wiki_html(content, page_id=page.id, link_to=link_to)


def lock_page(site: MoodleSite, page: rows.WikiPage, section: str | None, user: int) -> bool:
    """wiki_set_lock: False when somebody else is editing. The same user is never in his own way."""
    if is_locked(site, page, section, user):
        return False
    for lock in site.wiki_locks:
        if lock.pageid == page.id and lock.userid == user and lock.section == section:
            lock.lockedat = site.clock.elapsed()
            return True
    site.wiki_locks.append(rows.WikiLock(page.id, section, user, site.clock.elapsed()))
    return True


def is_locked(site: MoodleSite, page: rows.WikiPage, section: str | None, user: int) -> bool:
    """wiki_is_page_section_locked: a lock of the whole page bars its sections and the other way round."""
    live = [
        lock
        for lock in site.wiki_locks
        if lock.pageid == page.id and lock.userid != user and site.clock.elapsed() - lock.lockedat < LOCK_TIMEOUT
    ]
    return any(section is None or lock.section is None or lock.section == section for lock in live)


def unlock_page(site: MoodleSite, page: rows.WikiPage, section: str | None, user: int) -> None:
    """wiki_delete_locks."""
    site.wiki_locks = [
        lock
        for lock in site.wiki_locks
        if not (
            lock.pageid == page.id
            and lock.userid == user
            and (section is None or lock.section is None or lock.section == section)
        )
    ]
