"""What an admin, a database or the passing of time does to a site, beside all web services."""

from collections.abc import Mapping
from typing import Any

from lms_bridge.sandbox.moodle import wiki_store
from lms_bridge.sandbox.moodle.site import MoodleSite


class AdminsHand:
    """Each method is one change; unknown names and fields raise, so that no test changes nothing by mistake."""

    def __init__(self, site: MoodleSite) -> None:
        self._site = site

    def clock(self, now: float) -> None:
        """Sets the date. No lock and no cache gets older by it."""
        self._site.clock.set(now)

    def advance(self, seconds: float) -> None:
        self._site.clock.advance(seconds)

    def config(self, name: str, value: str | int | None) -> None:
        self._site.settings.config[name] = "" if value is None else str(value)

    def capability(self, user: str, capability: str, allow: bool) -> None:
        userid = self._site.user_named(user).id
        if allow:
            self._site.prohibited[userid].discard(capability)
            self._site.system_capabilities[userid].add(capability)
        else:
            self._site.system_capabilities[userid].discard(capability)
            self._site.prohibited[userid].add(capability)

    def user(self, user: str, **fields: Any) -> None:
        _set_fields(self._site.user_named(user), fields)

    def token(self, user: str, **fields: Any) -> None:
        userid = self._site.user_named(user).id
        for token in self._site.tokens.values():
            if token.user == userid:
                _set_fields(token, fields)

    def service_flags(self, service: str, **flags: bool) -> None:
        _set_fields(self._site.services[service], {name: bool(value) for name, value in flags.items()})

    def service_function(self, service: str, function: str, present: bool) -> None:
        functions = self._site.services[service].functions
        if present:
            functions.add(function)
        else:
            functions.discard(function)

    def service_user(self, service: str, user: str, authorised: bool) -> None:
        users = self._site.services[service].users
        userid = self._site.user_named(user).id
        if authorised:
            users.add(userid)
        else:
            users.discard(userid)

    def course(self, id: int, **fields: Any) -> None:
        row = self._site.courses[id]
        _set_fields(row, fields)
        row.cacherev = self._site.now
        if "visible" in fields:
            row.timemodified = self._site.now

    def activity(self, cmid: int, settings: Mapping[str, Any] | None = None, **fields: Any) -> None:
        activity = self._site.activities[cmid]
        activity.settings.update({"timemodified": self._site.now, **(settings or {})})
        _set_fields(activity, fields)

    def field(self, field: int, **fields: Any) -> None:
        _set_fields(self._site.data_fields[field], fields)

    def filter(self, filter: str, course: Mapping[str, Any] | None = None) -> None:
        """Switches a filter on; the first word is its name."""
        self._site.settings.filters.add(filter.split()[0])
        if course:
            self.course(**course)

    def language_pack(self, lang: str, strings: Mapping[str, Mapping[str, str]], about: str = "") -> None:
        self._site.settings.language_packs[lang] = strings
        self._site.settings.revision = self._site.now

    def database(self, down: bool) -> None:
        self._site.settings.database_down = down

    def cli_maintenance(self, on: bool) -> None:
        self._site.settings.cli_maintenance = on

    def age(self, forum_post: int, seconds: int) -> None:
        post = self._site.posts[forum_post]
        post.created -= seconds
        post.modified -= seconds

    def age_locks(self, seconds: float) -> None:
        for lock in self._site.wiki_locks:
            lock.lockedat -= seconds

    def expire_wiki_cache(self) -> None:
        for page in self._site.wiki_pages.values():
            page.cached_at -= wiki_store.CACHE_TIME + 1

    def wiki_crash(self, page: int, left: str) -> None:
        """What a server leaves that died inside new_page."""
        row = self._site.wiki_pages[page]
        versions = self._site.wiki_versions[page]
        match left:
            case "version 0 only":
                del versions[1:]
                wiki_store.render_page(self._site, row)
                row.timerendered = 0
            case "no version row":
                versions.clear()
                row.cachedcontent, row.timerendered = "", 0
            case "stale display cache":
                row.cachedcontent = ""
                row.timerendered -= wiki_store.CACHE_TIME + 1
            case _:
                raise ValueError(f"unknown kind of wiki crash {left!r}")
        row.cached_at -= wiki_store.CACHE_TIME + 1

    def forum_crash(self, discussion: int) -> None:
        """What a server leaves that died inside add_discussion: the first post of no discussion, which nobody sees."""
        row = self._site.discussions.pop(discussion)
        self._site.posts[row.firstpost].discussion = 0


def _set_fields(row: Any, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        if not hasattr(row, name):
            raise ValueError(f"{type(row).__name__} has no {name!r}")
        setattr(row, name, value)
