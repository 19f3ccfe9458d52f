"""Who may do what: capabilities, hidden things, groups, and the checks before every function that has a context."""

from lms_bridge.sandbox.moodle import roles, rows
from lms_bridge.sandbox.moodle.call import Call
from lms_bridge.sandbox.moodle.refusals import MoodleError, missing, permission_denied
from lms_bridge.sandbox.moodle.site import MoodleSite

SITE_COURSE = 1
NO_GROUPS, SEPARATE_GROUPS, VISIBLE_GROUPS = 0, 1, 2
_VIEWING = {
    "wiki": "mod/wiki:viewpage",
    "data": "mod/data:view",
    "glossary": "mod/glossary:view",
    "feedback": "mod/feedback:view",
}


def has_capability(site: MoodleSite, user: rows.User, capability: str, course: int = 0) -> bool:
    if capability in site.prohibited[user.id]:
        return False
    if user.id in site.admins or capability in roles.AUTHENTICATED:
        return True
    if capability in site.system_capabilities[user.id]:
        return True
    role = site.enrolments.get((course, user.id), "")
    return capability in roles.BY_ROLE.get(role, frozenset())


def may(call: Call, capability: str, course: int = 0) -> bool:
    return has_capability(call.site, call.user, capability, course)


def require(call: Call, capability: str, course: int = 0) -> None:
    if not may(call, capability, course):
        raise permission_denied(roles.CAPABILITY_NAMES.get(capability, capability))


def require_account(call: Call) -> None:
    """What require_login asks of the person, whatever the course."""
    user, site = call.user, call.site
    if user.forcepasswordchange:
        raise MoodleError("forcepasswordchangenotice")
    if not user.email:
        raise MoodleError("usernotfullysetup")
    if site.settings.config["sitepolicy"] and not user.policyagreed and user.id not in site.admins:
        raise MoodleError("sitepolicynotagreed", f"{site.settings.wwwroot}/user/policy.php")


def require_course(call: Call, course: int) -> rows.Course:
    """validate_context of a course."""
    require_account(call)
    found = call.site.courses.get(course)
    if found is None:
        raise missing("course")
    if not can_enter(call, found):
        raise MoodleError("requireloginerror")
    return found


def can_enter(call: Call, course: rows.Course) -> bool:
    if course.id == SITE_COURSE:
        return True
    if not can_see_course(call, course):
        return False
    return (course.id, call.user.id) in call.site.enrolments or may(call, "moodle/course:view", course.id)


def can_see_course(call: Call, course: rows.Course) -> bool:
    return bool(course.visible) or may(call, "moodle/course:viewhiddencourses", course.id)


def require_activity(call: Call, activity: rows.Activity) -> None:
    """validate_context of an activity."""
    require_course(call, activity.course)
    if not can_see_activity(call, activity):
        raise MoodleError("requireloginerror")


def can_see_activity(call: Call, activity: rows.Activity) -> bool:
    if not activity.visible and not may(call, "moodle/course:viewhiddenactivities", activity.course):
        return False
    viewing = _VIEWING.get(activity.modname)
    return viewing is None or may(call, viewing, activity.course)


def all_groups(call: Call, activity: rows.Activity) -> bool:
    return may(call, "moodle/site:accessallgroups", activity.course)


def own_groups(call: Call, course: int) -> list[rows.Group]:
    return [group for group in call.site.groups_of(course) if call.user.id in group.members]


def allowed_groups(call: Call, activity: rows.Activity) -> list[rows.Group]:
    """groups_get_activity_allowed_groups."""
    if activity.groupmode == VISIBLE_GROUPS or all_groups(call, activity):
        return call.site.groups_of(activity.course)
    return own_groups(call, activity.course)


def active_group(call: Call, activity: rows.Activity) -> int:
    """groups_get_activity_group: the group that a person who chose none works in."""
    if activity.groupmode == NO_GROUPS:
        return 0
    if activity.groupmode == SEPARATE_GROUPS and all_groups(call, activity):
        return 0
    own = own_groups(call, activity.course)
    return own[0].id if own else 0


def is_member(site: MoodleSite, group: int, user: int) -> bool:
    found = site.groups.get(group)
    return found is not None and user in found.members
