"""Moodle's error codes → our errors, each with what to do next. A table, and the function that reads it."""

from lms_bridge.errors import Ambiguous, Conflict, Denied, DestinationError, NotFound, Unreachable

_CHECK = "Run `lms-bridge check`, which names what is missing and what to click."
_LATER = "Try again later."

_TABLE: dict[str, tuple[type[DestinationError], str, str]] = {
    "invalidtoken": (
        Denied,
        "Moodle does not know this token (it is wrong, has ended, or was deleted).",
        "Make a token with `lms-bridge setup moodle`, and let `token` point to it.",
    ),
    "accessexception": (
        Denied,
        "Moodle does not let this token call {function}. It does not say why: the function is not in the token's "
        "service, the service is off, the user lacks webservice/rest:use, or the token is bound to other addresses.",
        _CHECK,
    ),
    "nopermissions": (Denied, "lms-bridge's user lacks a permission: {text}", _CHECK),
    "requireloginerror": (
        Denied,
        "lms-bridge's user may not enter this course or activity (not enrolled and no moodle/course:view, or hidden).",
        _CHECK,
    ),
    "errorcoursecontextnotvalid": (
        Denied,
        "lms-bridge's user may not enter this course.",
        "Give its role moodle/course:view, or enrol the user in the course.",
    ),
    "cannoteditpage": (
        Denied,
        "lms-bridge's user may not edit this wiki page.",
        "Give its role mod/wiki:editpage; with groups also mod/wiki:managewiki and moodle/site:accessallgroups.",
    ),
    "nocreatepermission": (
        Denied,
        "lms-bridge's user may not create wiki pages.",
        "Give its role mod/wiki:createpage.",
    ),
    "cannotcreatediscussion": (
        Denied,
        "lms-bridge's user may not start a discussion in this forum.",
        "Give its role mod/forum:startdiscussion (mod/forum:addnews in announcements, moodle/site:accessallgroups "
        "with groups); a forum with a single discussion takes no other.",
    ),
    "cannotupdatepost": (
        Denied,
        "Moodle lets posts be edited for half an hour only.",
        "Give lms-bridge's role mod/forum:editanypost.",
    ),
    "cannotdeletepost": (
        Denied,
        "lms-bridge's user may not delete this post.",
        "Give its role mod/forum:deleteanypost.",
    ),
    "nopostforum": (Denied, "lms-bridge's user may not post here.", "Give its role mod/forum:replypost."),
    "errorcannotlock": (
        Denied,
        "lms-bridge's user may not close discussions.",
        "Give its role moodle/course:manageactivities.",
    ),
    "noviewdiscussionspermission": (
        Denied,
        "lms-bridge's user may not read this forum.",
        "Give its role mod/forum:viewdiscussion.",
    ),
    "noaccess": (
        Denied,
        "lms-bridge's user may not write into this database activity.",
        "Give its role mod/data:writeentry, and check that the activity is open.",
    ),
    "forumblockingtoomanyposts": (
        Denied,
        "the forum limits how many posts a user may write.",
        "Give lms-bridge's role mod/forum:postwithoutthrottling, or lift the forum's limit.",
    ),
    "sitepolicynotagreed": (
        Denied,
        "lms-bridge's user has not agreed to the site's policy.",
        "Log in as that user once and agree, or agree on its behalf.",
    ),
    "forcepasswordchangenotice": (
        Denied,
        "lms-bridge's user must change its password first.",
        "Clear `Force password change` in that user's profile.",
    ),
    "usernotfullysetup": (
        Denied,
        "lms-bridge's user has no complete profile.",
        "Give that user a name and an e-mail address.",
    ),
    "wsaccessusersuspended": (Denied, "lms-bridge's user is suspended.", "Activate that user in Moodle."),
    "wsaccessusernologin": (
        Denied,
        "lms-bridge's user has the authentication `No login`.",
        "Set it to `Web services authentication`.",
    ),
    "sitemaintenance": (Unreachable, "the site is in maintenance mode.", _LATER),
    "upgraderunning": (Unreachable, "the site is being upgraded.", _LATER),
    "dbconnectionfailed": (Unreachable, "Moodle cannot reach its database.", _LATER),
    "pageislocked": (
        Conflict,
        "somebody is editing this wiki page right now, and Moodle does not say who.",
        "Nothing to do: the next run tries again. Moodle frees the page half a minute after its editor is closed.",
    ),
    "pageexists": (Conflict, "a wiki page with this title already stands there.", "Run the sync again."),
    "invalidrecord": (
        NotFound,
        "what was addressed is not in Moodle, or {function} is unknown there.",
        _CHECK,
    ),
    "invalidrecordunknown": (NotFound, "what was addressed is not in Moodle any more.", "Run the sync again."),
    "invalidpostid": (NotFound, "the post is not there any more.", "Run the sync again."),
    "incorrectpageid": (NotFound, "the wiki page is not there any more.", "Run the sync again."),
    "cannotfindgroup": (NotFound, "there is no such group in the course.", "Check the group's name."),
    "invalidparameter": (
        DestinationError,
        "Moodle refused the arguments of {function}; on production sites it does not say which.",
        "Look at the item's title and text for characters that Moodle refuses, and check Moodle's version.",
    ),
    "dmlwriteexception": (
        DestinationError,
        "Moodle's database refused the text (too long, or two writers at once).",
        "Shorten it, and let only one installation write here.",
    ),
    "versionerror": (
        DestinationError,
        "this wiki page is broken in Moodle: it has no version (a crash while it was written).",
        "Ask the Moodle admin to delete the page; web services cannot.",
    ),
}

RETRYABLE = frozenset({"sitemaintenance", "upgraderunning", "dbconnectionfailed"})
"""The whole request was refused before anything was done: it may be sent again."""


def refusal_error(code: str, text: str, *, function: str, where: str) -> DestinationError:
    kind, cause, step = _TABLE.get(code, (DestinationError, "Moodle refused {function}: {text}", _CHECK))
    if not text or text == code:
        text = code or "no reason given"
    return kind(cause.format(function=function, text=text), where=where, next_step=step)


def known_codes() -> frozenset[str]:
    return frozenset(_TABLE)


def unanswered(function: str, where: str, cause: str) -> Ambiguous:
    return Ambiguous(f"{function} was sent, but {cause}", where=where, next_step="It is looked up in the next run.")
