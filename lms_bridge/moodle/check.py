"""The pre-flight check: every function, permission, field and activity by name, and what to click. Writes nothing.

Moodle lists no permissions, so they are read from answers that betray them, in one course: one that the last plan
found, else the template course.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lms_bridge.connector import Finding, Level
from lms_bridge.errors import DestinationError, Problem, Unreachable
from lms_bridge.moodle.client import Site
from lms_bridge.moodle.courses import Activity, CourseSeen, find_activities, find_courses, find_group_modes
from lms_bridge.moodle.ground import Ground
from lms_bridge.moodle.prompts import no_answers
from lms_bridge.moodle.protocol import BATCH, Call
from lms_bridge.moodle.setup import requirements

_OLDEST = 401
_COMFORT = frozenset(
    {
        BATCH,
        "core_course_check_updates",
        "mod_wiki_get_subwikis",
        "mod_forum_can_add_discussion",
        "mod_forum_get_forum_access_information",
        "mod_data_get_data_access_information",
        "mod_data_search_entries",
    }
)
"""Functions that lms-bridge can do without, more slowly or less sure."""

_FORUM_RIGHTS = {
    "canviewdiscussion": "mod/forum:viewdiscussion",
    "canstartdiscussion": "mod/forum:startdiscussion",
    "canreplypost": "mod/forum:replypost",
    "caneditanypost": "mod/forum:editanypost",
    "candeleteanypost": "mod/forum:deleteanypost",
    "canpindiscussions": "mod/forum:pindiscussions",
    "canpostwithoutthrottling": "mod/forum:postwithoutthrottling",
    "cancreateattachment": "mod/forum:createattachment",
}
_CAPABILITIES = {need.name: need for need in requirements.CAPABILITIES}


def check_site(ground: Ground) -> Iterator[Finding]:
    try:
        site = ground.client.site()
    except DestinationError as error:
        unreachable = isinstance(error, Unreachable)
        yield Finding(Level.ERROR, "connection and token", error.problem, unreachable=unreachable)
        return
    yield Finding(Level.OK, f"connected to “{site.name}”, Moodle {site.release}, as {site.username}")
    yield from _identity(ground, site)
    yield from _functions(ground, site)
    try:
        yield from _course(ground, site)
    except DestinationError as error:
        yield Finding(Level.ERROR, "permissions", error.problem)


def _identity(ground: Ground, site: Site) -> Iterator[Finding]:
    if site.url != ground.site:
        cause = f"Moodle calls itself {site.url}, and the config says {ground.site}."
        yield _error("address", cause, "url", f"Set `url: {site.url}`.")
    if site.branch < _OLDEST:
        cause = f"Moodle {site.release} is older than 4.1, which lms-bridge is made for."
        yield _error("Moodle's version", cause, "", "Upgrade Moodle.")
    if site.is_admin:
        problem = Problem(
            "the token belongs to a site administrator, who may do anything.",
            "token",
            "Make a user of its own with `lms-bridge setup moodle`.",
        )
        yield Finding(Level.WARNING, "least privilege", problem)
    if ground.settings.pages.images == "forum" and not site.uploads:
        step = "Tick `Can upload files` in lms-bridge's service, or set `images: link`."
        yield _error("images", "the token's service does not allow uploads.", "", step)


def _functions(ground: Ground, site: Site) -> Iterator[Finding]:
    missing = [
        need
        for need in requirements.functions(provision=ground.settings.provision is not None)
        if need.name not in site.functions and not _is_idle(need.name, ground)
    ]
    for need in missing:
        level = Level.WARNING if need.name in _COMFORT else Level.ERROR
        problem = Problem(f"{need.name} is not in the service; without it {need.without}.", "", f"{need.next_step}.")
        yield Finding(level, f"function {need.name}", problem)
    if not missing:
        yield Finding(Level.OK, "all functions that are needed are in the token's service")


def _is_idle(name: str, ground: Ground) -> bool:
    """Not used with this config."""
    if name == "core_update_inplace_editable":
        return ground.settings.ratings.activity_name is None
    return name.startswith("mod_data_") and ground.settings.reviews.as_ == "forum"


def _course(ground: Ground, site: Site) -> Iterator[Finding]:
    course = next(iter(ground.courses.values()), None) or _template(ground)
    if course is None:
        problem = Problem(
            "there is no course to look at yet, so permissions and fields could not be checked.",
            requirements.TEMPLATE_COURSE,
            "Run `lms-bridge plan`, or make the template course with `lms-bridge setup moodle`.",
        )
        yield Finding(Level.WARNING, "permissions", problem)
        return
    where = course.name
    if course.idnumber is None:
        yield _missing("moodle/course:update", where)
    wanted = ground.settings.ratings.fields.names().values()
    for name in (name for name in wanted if name not in course.fields):
        yield _error(
            f"custom field {name}",
            f"there is no course custom field {name}, or nobody may see it.",
            where,
            f"{requirements.ADD_FIELD}, short name {name}, visible to everyone.",
        )
    found = [*_wiki(ground, course), *_forum(ground, site, course), *_database(ground, course)]
    yield from found
    if not any(finding.level is Level.ERROR for finding in found):
        yield Finding(Level.OK, f"permissions, seen in the course “{where}”")


def _template(ground: Ground) -> CourseSeen | None:
    name = ground.settings.provision.template if ground.settings.provision else requirements.TEMPLATE_COURSE
    found = find_courses(ground.client, "idnumber", [name])[name]
    return found if isinstance(found, CourseSeen) else None


def _wiki(ground: Ground, course: CourseSeen) -> Iterator[Finding]:
    for wiki in find_activities(ground.client, "wiki", [course.id]).of(course.id)[:1]:
        if not wiki.details.get("cancreatepages"):
            yield _missing("mod/wiki:createpage", course.name)
        reply = ground.client.call_all([Call(function="mod_wiki_get_subwikis", args={"wikiid": wiki.id})])[0]
        subwikis = reply.value.get("subwikis", []) if reply.error is None else []
        if subwikis and not any(row.get("canedit") for row in subwikis):
            yield _missing("mod/wiki:editpage", course.name)
        yield from _module(ground, wiki, course)


def _module(ground: Ground, activity: Activity, course: CourseSeen) -> Iterator[Finding]:
    reply = ground.client.call_all([Call(function="core_course_get_course_module", args={"cmid": activity.cmid})])[0]
    if reply.error is None and "idnumber" not in reply.value.get("cm", {}):
        yield _missing("moodle/course:manageactivities", course.name)


def _forum(ground: Ground, site: Site, course: CourseSeen) -> Iterator[Finding]:
    forums = find_activities(ground.client, "forum", [course.id]).of(course.id)
    for forum in [forum for forum in forums if forum.details.get("type") != "news"][:1]:
        function = "mod_forum_get_forum_access_information"
        if function in site.functions:
            rights = ground.client.call(function, {"forumid": forum.id})
            yield from _rights(rights, _FORUM_RIGHTS, course.name)
        if int(forum.details.get("forcesubscribe") or 0) in (1, 2):
            problem = Problem(
                f"the forum “{forum.name}” subscribes its readers, so Moodle mails them each new prompt.",
                course.name,
                "For a back-fill set its subscription mode to optional first.",
            )
            yield Finding(Level.WARNING, "mail", problem)
        ground.renew([course])
        ground.group_modes |= find_group_modes(ground.client, [forum])
        if ground.answers_stay_in_groups(forum) and not ground.settings.prompts.group:
            yield Finding(Level.WARNING, "groups", no_answers(forum, course.name))


def _database(ground: Ground, course: CourseSeen) -> Iterator[Finding]:
    if ground.settings.reviews.as_ == "forum":
        return
    for database in find_activities(ground.client, "data", [course.id]).of(course.id)[:1]:
        fields = ground.client.call("mod_data_get_fields", {"databaseid": database.id}, raw=True)["fields"]
        there = {str(row["name"]) for row in fields}
        for _, name in ground.settings.reviews.fields:
            if name and name not in there:
                cause = f"the database activity “{database.name}” has no field “{name}”."
                yield _error(f"review field {name}", cause, course.name, "Add it in the activity under `Fields`.")
        reply = ground.client.call_all(
            [Call(function="mod_data_get_data_access_information", args={"databaseid": database.id})]
        )[0]
        if reply.error is None and not (reply.value.get("canaddentry") or reply.value.get("canmanageentries")):
            yield _missing("mod/data:writeentry", course.name)


def _rights(answer: Mapping[str, Any], names: Mapping[str, str], where: str) -> Iterable[Finding]:
    return [_missing(capability, where) for name, capability in names.items() if not answer.get(name)]


def _missing(capability: str, where: str) -> Finding:
    need = _CAPABILITIES[capability]
    return _error(
        capability, f"lms-bridge's user lacks {capability}; without it {need.without}.", where, need.next_step
    )


def _error(what: str, cause: str, where: str, step: str) -> Finding:
    return Finding(Level.ERROR, what, Problem(cause, where, step))
