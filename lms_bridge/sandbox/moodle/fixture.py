"""A site from a recorded starting state: plain JSON that names every row, every capability and the next ids."""

from collections.abc import Mapping
from typing import Any

from lms_bridge.sandbox.clock import Clock
from lms_bridge.sandbox.moodle import rows
from lms_bridge.sandbox.moodle.site import MoodleSite
from lms_bridge.sandbox.moodle.site_settings import SiteSettings

_SITE_CONTEXT = 2
_NUMBERS = {
    "max_input_vars": int,
    "maxeditingtime": int,
}


def load_fixture(
    fixture: Mapping[str, Any], about: Mapping[str, Any] | None = None, *, revision: int = 0
) -> MoodleSite:
    """`about`: release, version, database, wwwroot. Tokens are TOKEN_<name>, as the fixture's `as` names them.

    `revision` stands in the addresses of pictures and in the courses' cache numbers; a fixture has no place for it.
    """
    site = MoodleSite(_settings(fixture, about or {}, revision), Clock(frozen_at=fixture["now"]))
    _load_courses(site, fixture)
    _load_people(site, fixture)
    _load_access(site, fixture)
    _load_discussions(site, fixture)
    for table, first in fixture.get("next_ids", {}).items():
        site.start_ids(table, first)
    return site


def _settings(fixture: Mapping[str, Any], about: Mapping[str, Any], revision: int) -> SiteSettings:
    settings = SiteSettings(revision=revision)
    for name in ("release", "version", "database", "wwwroot"):
        if name in about:
            setattr(settings, name, str(about[name]))
    for name, value in fixture.get("settings", {}).items():
        if name in _NUMBERS:
            setattr(settings, name, int(value))
        elif name == "post_max_size":
            settings.post_max_size = int(str(value).rstrip("M")) * 1024 * 1024
        elif name == "debug":
            settings.config["debug"] = str(value)
    for course in fixture["courses"]:
        if course["id"] == 1:
            settings.sitename = course["fullname"]
    return settings


def _load_courses(site: MoodleSite, fixture: Mapping[str, Any]) -> None:
    for row in fixture["categories"]:
        site.categories[row["id"]] = rows.Category(**row)
    contexts = _course_contexts(fixture)
    for row in fixture["courses"]:
        site.courses[row["id"]] = rows.Course(contextid=contexts[row["id"]], cacherev=site.settings.revision, **row)
    order_courses(site)
    for row in fixture["sections"]:
        sequence = [int(cmid) for cmid in row["sequence"].split(",") if cmid]
        site.sections[row["id"]] = rows.Section(row["id"], row["course"], row["section"], row["name"], sequence)
    for row in fixture["activities"]:
        _load_activity(site, dict(row))
    for row in fixture.get("custom_fields", []):
        site.custom_fields[row["id"]] = rows.CustomField(**row)
    for table in ("categories", "courses", "sections", "activities", "custom_fields"):
        site.start_ids(_ID_TABLES.get(table, table), max(getattr(site, table), default=0) + 1)
    top = max((row["contextid"] for row in fixture["activities"]), default=1000)
    site.start_ids("context", top + 1)


_ID_TABLES = {"activities": "course_modules"}


def order_courses(site: MoodleSite) -> None:
    """fix_course_sortorder: ten thousand a category, the newest course first."""
    for category in site.categories:
        inside = sorted((c for c in site.courses.values() if c.category == category), key=lambda c: -c.id)
        for place, course in enumerate(inside, start=1):
            course.sortorder = category * 10000 + place
    for course in site.courses.values():
        if course.category == 0:
            course.sortorder = 1


def _course_contexts(fixture: Mapping[str, Any]) -> dict[int, int]:
    """Courses' contexts are not recorded; they stand right before those of the first activities."""
    ids = [row["id"] for row in fixture["courses"] if row["id"] != 1]
    first_activity = min((row["contextid"] for row in fixture["activities"]), default=1000)
    numbered = {course: first_activity - len(ids) + place for place, course in enumerate(sorted(ids))}
    return {1: _SITE_CONTEXT, **numbered}


def _load_activity(site: MoodleSite, row: dict[str, Any]) -> None:
    for field in row.pop("fields", []):
        params: list[str | None] = [field.get(f"param{number}") for number in range(1, 11)]
        site.data_fields[field["id"]] = rows.DataField(
            field["id"],
            row["instance"],
            field["name"],
            field["type"],
            field["description"],
            field["required"],
            params,
        )
    activity = rows.Activity(**row)
    # Where a fixture says nothing of an activity but its name, it is as old as the one before it.
    before = max((other.added for other in site.activities.values()), default=0)
    activity.added = int(activity.settings.setdefault("timemodified", before))
    site.activities[activity.cmid] = activity
    site.start_ids(activity.modname, activity.instance + 1)
    site.start_ids("data_fields", max(site.data_fields, default=0) + 1)


def _load_people(site: MoodleSite, fixture: Mapping[str, Any]) -> None:
    for row in fixture["users"]:
        user = rows.User(**row)
        site.users[user.id] = user
        if user.username == "admin":
            site.admins.add(user.id)
    for row in fixture["enrolments"]:
        for user_id in row["users"]:
            site.enrolments[row["course"], user_id] = row["role"]
    for row in fixture["groups"]:
        site.groups[row["id"]] = rows.Group(**row)


def _load_access(site: MoodleSite, fixture: Mapping[str, Any]) -> None:
    for username, capabilities in fixture["system_roles"].items():
        site.system_capabilities[site.user_named(username).id].update(capabilities)
    for shortname, row in fixture["services"].items():
        named = row["functions"]
        functions = set(named) if isinstance(named, list) else {rows.EVERY_FUNCTION}
        site.services[shortname] = rows.Service(
            shortname,
            functions,
            restrictedusers=bool(row["restrictedusers"]),
            uploadfiles=bool(row["uploadfiles"]),
            downloadfiles=bool(row["downloadfiles"]),
        )
    for name, row in fixture["as"].items():
        token = rows.Token(f"TOKEN_{name}", row["user"], row["service"])
        site.tokens[token.token] = token
        site.services[token.service].users.add(token.user)


def _load_discussions(site: MoodleSite, fixture: Mapping[str, Any]) -> None:
    for row in fixture.get("discussions", []):
        fields = dict(row)
        message, created = fields.pop("message"), fields.pop("created")
        discussion = rows.Discussion(**fields)
        site.discussions[discussion.id] = discussion
        site.posts[discussion.firstpost] = rows.Post(
            discussion.firstpost,
            discussion.id,
            0,
            discussion.userid,
            created,
            created,
            discussion.name,
            message,
        )
