"""A site from a plain description: what the demo and most tests start from.

The bot gets exactly the functions and capabilities that lms-bridge asks an admin for, so that a call beyond them
fails here as it would there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from lms_bridge.sandbox.clock import Clock
from lms_bridge.sandbox.moodle import rows
from lms_bridge.sandbox.moodle.fixture import order_courses
from lms_bridge.sandbox.moodle.site import MoodleSite
from lms_bridge.sandbox.moodle.site_settings import SiteSettings

SERVICE = "lmsbridge"
BOT = "lmsbridge"
ADMIN_TOKEN = "sandbox-admin-token"  # noqa: S105 - a sandbox guards nothing
# Version numbers of the branches' first releases (https://moodledev.io/general/releases).
VERSIONS = {
    (4, 1): "2022112800",
    (4, 2): "2023042400",
    (4, 3): "2023100900",
    (4, 4): "2024042200",
    (4, 5): "2024100706",
    (5, 0): "2025041400",
    (5, 1): "2025100600",
}
TEMPLATE_COURSE = "lmsbridge-template"
RATING_FIELDS = ("average", "count", "stars", "spread", "rank")
REVIEW_FIELDS = (
    ("Reviewer", "text"),
    ("Stars", "number"),
    ("Comment", "textarea"),
    ("Date", "text"),
    ("Key", "text"),
)

FUNCTIONS = frozenset(
    {
        "core_course_check_updates",
        "core_course_get_contents",
        "core_course_get_course_module",
        "core_course_get_courses_by_field",
        "core_course_import_course",
        "core_course_update_courses",
        "core_group_get_activity_allowed_groups",
        "core_update_inplace_editable",
        "core_webservice_get_site_info",
        "mod_data_add_entry",
        "mod_data_delete_entry",
        "mod_data_get_data_access_information",
        "mod_data_get_databases_by_courses",
        "mod_data_get_entries",
        "mod_data_get_fields",
        "mod_data_search_entries",
        "mod_data_update_entry",
        "mod_forum_add_discussion",
        "mod_forum_add_discussion_post",
        "mod_forum_can_add_discussion",
        "mod_forum_delete_post",
        "mod_forum_get_discussion_posts",
        "mod_forum_get_forum_access_information",
        "mod_forum_get_forum_discussions",
        "mod_forum_get_forums_by_courses",
        "mod_forum_set_lock_state",
        "mod_forum_set_pin_state",
        "mod_forum_update_discussion_post",
        "mod_wiki_edit_page",
        "mod_wiki_get_page_contents",
        "mod_wiki_get_page_for_editing",
        "mod_wiki_get_subwiki_pages",
        "mod_wiki_get_subwikis",
        "mod_wiki_get_wikis_by_courses",
        "mod_wiki_new_page",
        "tool_mobile_call_external_functions",
    }
)
CAPABILITIES = frozenset(
    {
        "mod/data:approve",
        "mod/data:manageentries",
        "mod/data:view",
        "mod/data:viewentry",
        "mod/data:writeentry",
        "mod/forum:addnews",
        "mod/forum:addquestion",
        "mod/forum:canoverridecutoff",
        "mod/forum:createattachment",
        "mod/forum:deleteanypost",
        "mod/forum:editanypost",
        "mod/forum:pindiscussions",
        "mod/forum:postwithoutthrottling",
        "mod/forum:replypost",
        "mod/forum:startdiscussion",
        "mod/forum:viewdiscussion",
        "mod/forum:viewqandawithoutposting",
        "mod/wiki:createpage",
        "mod/wiki:editpage",
        "mod/wiki:managewiki",
        "mod/wiki:viewpage",
        "moodle/backup:backuptargetimport",
        "moodle/course:manageactivities",
        "moodle/course:update",
        "moodle/course:view",
        "moodle/course:viewhiddenactivities",
        "moodle/course:viewhiddencourses",
        "moodle/restore:restoretargetimport",
        "moodle/site:accessallgroups",
        "webservice/rest:use",
    }
)


@dataclass(frozen=True)
class SeedCourse:
    """`groups`: names of groups; with any, wiki and forum work in separate groups."""

    idnumber: str
    shortname: str = ""
    fullname: str = ""
    summary: str = ""
    visible: bool = True
    activities: bool = True
    groups: Sequence[str] = ()


@dataclass(frozen=True)
class Seed:
    courses: Sequence[SeedCourse]
    token: str
    wwwroot: str = "https://moodle.example"
    sitename: str = "Sandbox Moodle"
    database: str = "postgresql"
    release: str = "4.5.6 (Build: 20250811)"
    teachers: Sequence[str] = ("Tess Teacher",)
    learners: Sequence[str] = ("Lena Learner", "Luis Learner", "Lin Learner")
    now: float | None = None
    template: bool = True
    capabilities: frozenset[str] = field(default=CAPABILITIES)
    functions: frozenset[str] = field(default=FUNCTIONS)


def seed(description: Seed) -> MoodleSite:
    clock = Clock(frozen_at=description.now)
    settings = SiteSettings(
        sitename=description.sitename,
        wwwroot=description.wwwroot,
        database=description.database,
        release=description.release,
    )
    settings.version = VERSIONS.get(settings.branch, settings.version)
    settings.revision = clock.now()
    site = MoodleSite(settings, clock)
    site.start_ids("context", 10)
    _add_people(site, description)
    _add_service(site, description)
    for number, name in enumerate(RATING_FIELDS, start=1):
        site.custom_fields[number] = rows.CustomField(
            number, f"lmsbridge_{name}", f"Course rating: {name}", "text", {"visibility": 2, "locked": 0}
        )
    site.categories[1] = rows.Category(1, "Programme")
    _add_course(site, SeedCourse("", "sandbox", description.sitename), category=0)
    if description.template:
        template = SeedCourse(TEMPLATE_COURSE, TEMPLATE_COURSE, "Template of lms-bridge", visible=False)
        course = _add_course(site, replace(template, activities=False))
        add_activities(site, course, suffix="")
    for wanted in description.courses:
        _add_whole_course(site, wanted, description)
    order_courses(site)
    return site


def demo_site(courses: Sequence[SeedCourse], *, token: str, wwwroot: str = "https://moodle.example") -> MoodleSite:
    """A running clock, a teacher, three learners, a template course and a bot that holds `token`."""
    return seed(Seed(courses, token, wwwroot))


def add_course(site: MoodleSite, wanted: SeedCourse) -> None:
    """One more course on a site that runs, with the same people as the others."""
    _add_whole_course(site, wanted, Seed((), ""))


def _add_people(site: MoodleSite, description: Seed) -> None:
    add_user(site, "guest", "Guest user")
    site.admins.add(add_user(site, "admin", "Admin User").id)
    add_user(site, BOT, "LMS Bridge")
    for name in (*description.teachers, *description.learners):
        add_user(site, username_of(name), name)


def username_of(name: str) -> str:
    return name.lower().replace(" ", ".")


def add_user(site: MoodleSite, username: str, name: str) -> rows.User:
    first, _, last = name.partition(" ")
    user = rows.User(site.next_id("users"), username, first, last, site.next_id("context"))
    site.users[user.id] = user
    return user


def _add_service(site: MoodleSite, description: Seed) -> None:
    bot, admin = site.user_named(BOT), site.user_named("admin")
    site.system_capabilities[bot.id].update(description.capabilities)
    site.services[SERVICE] = rows.Service(SERVICE, set(description.functions), users={bot.id})
    site.services["everything"] = rows.Service("everything", {rows.EVERY_FUNCTION}, users={admin.id})
    site.tokens[description.token] = rows.Token(description.token, bot.id, SERVICE)
    site.tokens[ADMIN_TOKEN] = rows.Token(ADMIN_TOKEN, admin.id, "everything")


def _add_whole_course(site: MoodleSite, wanted: SeedCourse, description: Seed) -> None:
    course = _add_course(site, wanted)
    for name in description.teachers:
        site.enrolments[course.id, site.user_named(username_of(name)).id] = "editingteacher"
    learners = [site.user_named(username_of(name)).id for name in description.learners]
    for learner in learners:
        site.enrolments[course.id, learner] = "student"
    for place, name in enumerate(wanted.groups):
        group = rows.Group(site.next_id("groups"), course.id, name, idnumber=name)
        group.members = learners[place :: len(wanted.groups)]
        site.groups[group.id] = group
    if wanted.activities:
        add_activities(site, course, suffix=f"-{wanted.idnumber}", groupmode=1 if wanted.groups else 0)


def _add_course(site: MoodleSite, wanted: SeedCourse, category: int = 1) -> rows.Course:
    now = site.now
    course = rows.Course(
        site.next_id("courses"),
        category,
        wanted.fullname or wanted.idnumber,
        wanted.shortname or wanted.idnumber,
        wanted.idnumber,
        site.next_id("context"),
        summary=wanted.summary,
        visible=int(wanted.visible),
        format="topics" if category else "site",
        timecreated=now,
        timemodified=now,
        cacherev=now,
    )
    site.courses[course.id] = course
    section = rows.Section(site.next_id("sections"), course.id, 0)
    site.sections[section.id] = section
    return course


_ACTIVITIES = (
    ("wiki", "wiki", "Course wiki"),
    ("forum", "forum", "Discussion prompts"),
    ("data", "reviews", "Course reviews"),
)
_SETTINGS: Mapping[str, Mapping[str, str | int]] = {
    "wiki": {"firstpagetitle": "Home", "wikimode": "collaborative", "defaultformat": "html", "forceformat": 1},
    "forum": {"type": "general", "forcesubscribe": 0, "maxattachments": 9, "trackingtype": 1},
    "data": {"comments": 1, "approval": 0, "manageapproved": 1, "assessed": 0, "scale": 0},
}


def add_activities(site: MoodleSite, course: rows.Course, *, suffix: str, groupmode: int = 0) -> None:
    """The three activities that lms-bridge writes to, known by `lmsbridge-<kind><suffix>`."""
    section = next(section for section in site.sections_of(course.id) if section.number == 0)
    for modname, kind, name in _ACTIVITIES:
        activity = rows.Activity(
            site.next_id("course_modules"),
            modname,
            site.next_id(modname),
            course.id,
            section.id,
            name,
            site.next_id("context"),
            idnumber=f"lmsbridge-{kind}{suffix}",
            groupmode=0 if modname == "data" else groupmode,
            added=site.now,
            settings={"intro": "", "timemodified": site.now, **_SETTINGS[modname]},
        )
        site.activities[activity.cmid] = activity
        section.sequence.append(activity.cmid)
        if modname == "data":
            add_review_fields(site, activity)


def add_review_fields(site: MoodleSite, database: rows.Activity) -> None:
    for name, kind in REVIEW_FIELDS:
        field_id = site.next_id("data_fields")
        site.data_fields[field_id] = rows.DataField(field_id, database.instance, name, kind)
