"""How Moodle says no: exception class, errorcode (sometimes missing) and message, all inside HTTP 200.

The one place for these shapes, so that every function refuses in Moodle's words.
"""

from dataclasses import dataclass

_MOODLE = "core\\exception\\moodle_exception"


@dataclass(frozen=True)
class _Wording:
    message: str
    module: str = "error"
    exception: str = _MOODLE


_MISSING = "dml_missing_record_exception"
_WORDINGS = {
    "invalidtoken": _Wording("Invalid token - token not found", "webservice"),
    "accessexception": _Wording("Access control exception", "webservice", "webservice_access_exception"),
    "invalidparameter": _Wording(
        "Invalid parameter value detected", "debug", "core\\exception\\invalid_parameter_exception"
    ),
    "requireloginerror": _Wording(
        "Course or activity not accessible.", "error", "core\\exception\\require_login_exception"
    ),
    "sitemaintenance": _Wording("The site is undergoing maintenance and is currently not available", "admin"),
    "upgraderunning": _Wording("Site is being upgraded, please retry later."),
    "sitepolicynotagreed": _Wording('Site policy not agreed: <a href="{a}">Click here to open the site policy.</a>'),
    "forcepasswordchangenotice": _Wording("You must change your password to proceed."),
    "usernotfullysetup": _Wording("User not fully set-up"),
    "wsaccessusersuspended": _Wording("Refused web service access for suspended username: {a}"),
    "wsaccessusernologin": _Wording("Refused web service access for nologin authentication username: {a}"),
    "dbconnectionfailed": _Wording(
        "<p>Error: Database connection failed</p><p>It is possible that the database is overloaded or"
        " otherwise not running properly.</p>",
        exception="dml_connection_exception",
    ),
    "dmlwriteexception": _Wording("Error writing to database", exception="dml_write_exception"),
    "dmlreadexception": _Wording("Error reading from database", exception="dml_read_exception"),
    "invalidrecord": _Wording("Can't find data record in database table {a}.", exception=_MISSING),
    "invalidrecordunknown": _Wording("Can't find data record in database.", exception=_MISSING),
    "invaliduser": _Wording("Invalid user", exception=_MISSING),
    "cannotfindgroup": _Wording("Unable to find group"),
    "errorcoursecontextnotvalid": _Wording(
        "You cannot execute functions in the course context (course id:{a}). The context error message"
        " was: Course or activity not accessible.",
        "webservice",
    ),
    "pageexists": _Wording("This page already exists.", "wiki"),
    "pageislocked": _Wording("Someone is editing this page right now. Try to edit it in a few minutes.", "wiki"),
    "incorrectpageid": _Wording("Page ID is incorrect.", "wiki"),
    "incorrectwikiid": _Wording("Wiki ID is incorrect.", "wiki"),
    "incorrectsubwikiid": _Wording("Subwiki ID is incorrect.", "wiki"),
    "cannotviewpage": _Wording("You can not view this page.", "wiki"),
    "cannoteditpage": _Wording("You can not edit this page.", "wiki"),
    "nocreatepermission": _Wording("You do not have permission to create pages in this wiki.", "wiki"),
    "invalidsection": _Wording("Invalid section.", "wiki"),
    "versionerror": _Wording("Version ID does not exist", "wiki"),
    "cannotcreatediscussion": _Wording("Could not create new discussion", "forum"),
    "forumblockingtoomanyposts": _Wording("You have exceeded the posting threshold set for this forum", "forum"),
    "invalidparentpostid": _Wording("Parent post ID was incorrect", "forum"),
    "invalidpostid": _Wording("Invalid post ID - {$a}", "forum"),
    "nopostforum": _Wording("Sorry, you are not allowed to post to this forum", "forum"),
    "cannotdeletepost": _Wording("You can't delete this post!", "forum"),
    "couldnotdeletereplies": _Wording("Sorry, that cannot be deleted as people have already responded to it", "forum"),
    "cannotupdatepost": _Wording("You can not update this post", "forum"),
    "cannotpindiscussions": _Wording("Sorry, you do not have permission to pin discussions.", "forum"),
    "errorcannotlock": _Wording("You do not have the permission to lock discussions.", "forum"),
    "noviewdiscussionspermission": _Wording(
        "You do not have the permission to view discussions in this forum", "forum"
    ),
    "errorinvalidparam": _Wording('The param "{a}" is invalid.'),
    "noaccess": _Wording("You do not have access to this page", "data"),
    "notopenyet": _Wording("Sorry, this activity is not available until {a}", "data"),
    "invalidpersistenterror": _Wording("Error: Data submitted is invalid"),
    "invalidcourse": _Wording("Invalid course"),
    "nopermissions": _Wording(
        "Sorry, but you do not currently have permissions to do that ({a}).",
        exception="core\\exception\\required_capability_exception",
    ),
    "ratepermissiondenied": _Wording("You do not have permission to rate this item", "rating"),
    "nopermissiontorate": _Wording("Rating of items not allowed!", "rating"),
    "invalidscaleid": _Wording("Incorrect scale ID", "rating"),
    "invalidnum": _Wording("Invalid numeric value", "rating"),
    "servicenotavailable": _Wording(
        "Web service is not available. (It doesn't exist or might be disabled.)", "webservice"
    ),
    "enablewsdescription": _Wording("Web services must be enabled in Advanced features.", "webservice"),
    "cannotcreatetoken": _Wording("No permission to create web service token for the service {a}."),
    "invalidlogin": _Wording("Invalid login, please try again"),
    "missingparam": _Wording("A required parameter ({a}) was missing"),
    "shortnametaken": _Wording("Short name is already used for another course ({a})"),
    "courseidnumbertaken": _Wording("ID number is already used for another course ({a})"),
}


class MoodleError(Exception):
    """A refusal; `errorcode` is None where PHP itself gave up."""

    def __init__(
        self,
        errorcode: str | None,
        a: str = "",
        *,
        message: str = "",
        exception: str = "",
        debug: str = "",
        module: str = "",
    ) -> None:
        wording = _WORDINGS.get(errorcode or "", _Wording(errorcode or message, "moodle"))
        self.errorcode = errorcode
        self.a = a
        self.message = message or wording.message.replace("{a}", a)
        self.exception = exception or wording.exception
        self.module = module or wording.module
        self.debug = debug
        super().__init__(self.message)


def php_error(message: str, exception: str = "Error") -> MoodleError:
    """A fault of PHP: an answer without errorcode."""
    return MoodleError(None, message=message, exception=exception)


def missing(table: str) -> MoodleError:
    return MoodleError("invalidrecord", table)


def bad_parameter(debug: str) -> MoodleError:
    return MoodleError("invalidparameter", debug=debug)


def permission_denied(what: str) -> MoodleError:
    """`what`: the capability's name as people read it."""
    return MoodleError("nopermissions", what)
