"""One emulated Moodle site: its tables, its clock, and the few questions that every function asks of them."""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable

from lms_bridge.sandbox.clock import Clock
from lms_bridge.sandbox.moodle import rows
from lms_bridge.sandbox.moodle.site_settings import SiteSettings


class MoodleSite:
    """State only; what web services do with it stands in the modules of the functions."""

    def __init__(self, settings: SiteSettings | None = None, clock: Clock | None = None) -> None:
        self.settings = settings or SiteSettings()
        self.clock = clock or Clock()
        self.lock = threading.RLock()
        self.calls: Counter[str] = Counter()
        self.categories: dict[int, rows.Category] = {}
        self.courses: dict[int, rows.Course] = {}
        self.sections: dict[int, rows.Section] = {}
        self.activities: dict[int, rows.Activity] = {}
        self.users: dict[int, rows.User] = {}
        self.groups: dict[int, rows.Group] = {}
        self.enrolments: dict[tuple[int, int], str] = {}
        self.system_capabilities: defaultdict[int, set[str]] = defaultdict(set)
        self.admins: set[int] = set()
        self.prohibited: defaultdict[int, set[str]] = defaultdict(set)
        self.services: dict[str, rows.Service] = {}
        self.tokens: dict[str, rows.Token] = {}
        self.custom_fields: dict[int, rows.CustomField] = {}
        self.subwikis: dict[int, rows.Subwiki] = {}
        self.wiki_pages: dict[int, rows.WikiPage] = {}
        self.wiki_versions: defaultdict[int, list[rows.WikiVersion]] = defaultdict(list)
        self.wiki_locks: list[rows.WikiLock] = []
        self.discussions: dict[int, rows.Discussion] = {}
        self.posts: dict[int, rows.Post] = {}
        self.data_fields: dict[int, rows.DataField] = {}
        self.data_entries: dict[int, rows.DataEntry] = {}
        self.ratings: dict[int, rows.Rating] = {}
        self.comments: dict[int, rows.Comment] = {}
        self.files: list[rows.StoredFile] = []
        self._next: dict[str, int] = {}

    @property
    def now(self) -> int:
        return self.clock.now()

    def next_id(self, table: str) -> int:
        given = self._next.get(table, 1)
        self._next[table] = given + 1
        return given

    def start_ids(self, table: str, first: int) -> None:
        self._next[table] = max(first, self._next.get(table, 1))

    def activity_of(self, modname: str, instance: int) -> rows.Activity | None:
        for activity in self.activities.values():
            if activity.modname == modname and activity.instance == instance:
                return activity
        return None

    def activities_of(self, course: int, modname: str = "") -> list[rows.Activity]:
        """In the order of the course page."""
        found: list[rows.Activity] = []
        for section in sorted(self.sections_of(course), key=lambda section: section.number):
            found.extend(self.activities[cmid] for cmid in section.sequence if cmid in self.activities)
        return [activity for activity in found if not modname or activity.modname == modname]

    def sections_of(self, course: int) -> list[rows.Section]:
        return [section for section in self.sections.values() if section.course == course]

    def groups_of(self, course: int) -> list[rows.Group]:
        return [group for group in self.groups.values() if group.course == course]

    def people_of(self, course: int, role: str = "") -> list[rows.User]:
        return [
            self.users[user]
            for (where, user), role_there in sorted(self.enrolments.items())
            if where == course and (not role or role == role_there)
        ]

    def user_named(self, username: str) -> rows.User:
        for user in self.users.values():
            if user.username == username:
                return user
        raise KeyError(f"no user {username!r} on this site")

    def posts_of(self, discussion: int) -> list[rows.Post]:
        return [post for post in self.posts.values() if post.discussion == discussion]

    def files_in(self, contextid: int, component: str, filearea: str, itemid: int) -> list[rows.StoredFile]:
        key = (contextid, component, filearea, itemid)
        return [f for f in self.files if (f.contextid, f.component, f.filearea, f.itemid) == key]

    def remove_files(self, gone: Iterable[rows.StoredFile]) -> None:
        ids = {id(file) for file in gone}
        self.files = [file for file in self.files if id(file) not in ids]
