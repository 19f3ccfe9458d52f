"""What the bot needs in Moodle: each function, capability and field, what breaks without it, and what to click.

Data only. The printed steps and `check` both read it, and a test keeps the PHP script to the same lists.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from lms_bridge.items import Kind

USER = ROLE = SERVICE = "lmsbridge"
CALL_ROLE = "lmsbridge_call"
TEMPLATE_COURSE = "lmsbridge-template"
WIKI, FORUM, REVIEWS = "lmsbridge-wiki", "lmsbridge-forum", "lmsbridge-reviews"
FIELD_CATEGORY = "lms-bridge"

EVERY = frozenset(Kind)
PAGE, PROMPT, REVIEW, RATING = (frozenset({kind}) for kind in (Kind.PAGE, Kind.PROMPT, Kind.REVIEW, Kind.RATING))
FORUM_KINDS = PROMPT | REVIEW

ADD_FUNCTIONS = (
    "Site administration > Server > Web services > External services > lms-bridge > Functions > Add functions"
)
EDIT_ROLE = "Site administration > Users > Permissions > Define roles > lms-bridge > Edit"
ADD_FIELD = (
    "Site administration > Courses > Default settings > Course custom fields "
    "(older versions: Courses > Course custom fields) > Add a new custom field > Short text"
)


@dataclass(frozen=True, slots=True)
class Need:
    """One function or capability. `kinds` need it; `without` ends the sentence "without it …"."""

    what: Literal["function", "capability"]
    name: str
    kinds: frozenset[Kind]
    without: str
    provision: bool = False
    """Needed only where lms-bridge fills courses from the template course."""

    @property
    def next_step(self) -> str:
        if self.what == "function":
            return f"{ADD_FUNCTIONS} > Add functions > {self.name}"
        return f"{EDIT_ROLE}: allow {self.name}"


@dataclass(frozen=True, slots=True)
class Field:
    """A course custom field (`type` text) or a field of the reviews database."""

    name: str
    title: str
    type: str = "text"


def _function(name: str, kinds: frozenset[Kind], without: str) -> Need:
    return Need("function", name, kinds, without)


def _capability(name: str, kinds: frozenset[Kind], without: str) -> Need:
    return Need("capability", name, kinds, without)


FUNCTIONS: tuple[Need, ...] = (
    _function("core_webservice_get_site_info", EVERY, "the connection cannot be checked"),
    _function("tool_mobile_call_external_functions", EVERY, "every call goes alone: 3 to 16 times slower"),
    _function("core_course_get_courses_by_field", EVERY, "no course is found"),
    _function("core_course_get_contents", EVERY, "no activity of a course is found"),
    _function("core_course_get_course_module", EVERY, "activities are not found by their ID number"),
    _function("core_course_check_updates", EVERY, "what learners did is not noticed cheaply"),
    _function("core_course_update_courses", RATING, "ratings are not written to the course fields"),
    _function("core_update_inplace_editable", RATING, "the rating is not shown in an activity's name"),
    _function("core_group_get_activity_allowed_groups", PAGE | PROMPT, "groups of wikis and forums are not found"),
    _function("mod_wiki_get_wikis_by_courses", PAGE, "no wiki is found"),
    _function("mod_wiki_get_subwikis", PAGE, "the wiki of a group is not found"),
    _function("mod_wiki_get_subwiki_pages", PAGE, "the pages of a wiki cannot be listed"),
    _function("mod_wiki_get_page_contents", PAGE, "a page cannot be read back"),
    _function("mod_wiki_get_page_for_editing", PAGE, "a page's stored text cannot be read, nor its lock taken"),
    _function("mod_wiki_new_page", PAGE, "no page is created"),
    _function("mod_wiki_edit_page", PAGE, "no page is changed"),
    _function("mod_forum_get_forums_by_courses", FORUM_KINDS, "no forum is found"),
    _function("mod_forum_get_forum_access_information", FORUM_KINDS, "the rights in a forum cannot be checked"),
    _function("mod_forum_can_add_discussion", FORUM_KINDS, "whether a forum takes posts cannot be checked"),
    _function("mod_forum_get_forum_discussions", FORUM_KINDS, "the discussions of a forum cannot be listed"),
    _function("mod_forum_get_discussion_posts", FORUM_KINDS, "a discussion cannot be read back"),
    _function("mod_forum_add_discussion", FORUM_KINDS, "no discussion is started"),
    _function("mod_forum_add_discussion_post", FORUM_KINDS, "no reply is posted"),
    _function("mod_forum_update_discussion_post", FORUM_KINDS, "no discussion is changed"),
    _function("mod_forum_delete_post", FORUM_KINDS, "no discussion is removed"),
    _function("mod_forum_set_pin_state", PROMPT, "pinning does not change after a discussion has started"),
    _function("mod_forum_set_lock_state", PROMPT, "discussions are not closed"),
    _function("mod_data_get_databases_by_courses", REVIEW, "no reviews database is found"),
    _function("mod_data_get_data_access_information", REVIEW, "the rights in a database cannot be checked"),
    _function("mod_data_get_fields", REVIEW, "the fields of a database are not known"),
    _function("mod_data_get_entries", REVIEW, "the reviews that stand cannot be listed"),
    _function("mod_data_search_entries", REVIEW, "a review is not found by its key after an unanswered call"),
    _function("mod_data_add_entry", REVIEW, "no review is created"),
    _function("mod_data_update_entry", REVIEW, "no review is changed"),
    _function("mod_data_delete_entry", REVIEW, "no review is removed"),
    Need("function", "core_course_import_course", EVERY, "courses are not filled from the template course", True),
)

CAPABILITIES: tuple[Need, ...] = (
    _capability("webservice/rest:use", EVERY, "every call is refused (accessexception)"),
    _capability("moodle/course:view", EVERY, "courses where the bot is not enrolled are closed (requireloginerror)"),
    _capability("moodle/course:viewhiddencourses", EVERY, "hidden courses are not found"),
    _capability("moodle/course:viewhiddenactivities", EVERY, "hidden activities are not found"),
    _capability("moodle/course:update", EVERY, "course fields are not written, and a course's ID number is not shown"),
    _capability(
        "moodle/course:manageactivities",
        EVERY,
        "an activity's ID number is not shown, discussions are not closed, activities not renamed",
    ),
    _capability("moodle/site:accessallgroups", PAGE | PROMPT, "wikis and forums of groups refuse the bot"),
    _capability("mod/wiki:viewpage", PAGE, "wikis are closed (requireloginerror)"),
    _capability("mod/wiki:editpage", PAGE, "no page is written (cannoteditpage)"),
    _capability("mod/wiki:createpage", PAGE, "newer Moodle versions create no page (nocreatepermission)"),
    _capability("mod/wiki:managewiki", PAGE, "wikis of groups and of single users refuse the bot (cannoteditpage)"),
    _capability("mod/forum:viewdiscussion", FORUM_KINDS, "forums look empty (noviewdiscussionspermission)"),
    _capability("mod/forum:startdiscussion", FORUM_KINDS, "no discussion is started (cannotcreatediscussion)"),
    _capability("mod/forum:replypost", FORUM_KINDS, "no reply is posted (nopostforum)"),
    _capability("mod/forum:addnews", FORUM_KINDS, "the announcements forum refuses the bot"),
    _capability("mod/forum:addquestion", FORUM_KINDS, "question-and-answer forums refuse the bot"),
    _capability("mod/forum:editanypost", FORUM_KINDS, "posts older than 30 minutes do not change (cannotupdatepost)"),
    _capability("mod/forum:deleteanypost", FORUM_KINDS, "posts with replies are not removed (cannotdeletepost)"),
    _capability("mod/forum:pindiscussions", PROMPT, "pinning is ignored without an error"),
    _capability("mod/forum:postwithoutthrottling", FORUM_KINDS, "a forum with a post limit stops the bot"),
    _capability("mod/forum:createattachment", EVERY, "images are dropped without an error"),
    _capability("mod/data:view", REVIEW, "databases are closed (requireloginerror)"),
    _capability("mod/data:viewentry", REVIEW, "reviews cannot be read (nopermissions)"),
    _capability("mod/data:writeentry", REVIEW, "no review is written (noaccess)"),
    Need("capability", "moodle/backup:backuptargetimport", EVERY, "the template course cannot be copied from", True),
    Need("capability", "moodle/restore:restoretargetimport", EVERY, "nothing can be copied into a course", True),
)

CUSTOM_FIELDS: tuple[Field, ...] = (
    Field("lmsbridge_average", "Course rating"),
    Field("lmsbridge_count", "Number of ratings"),
    Field("lmsbridge_stars", "Stars"),
    Field("lmsbridge_spread", "Spread of ratings"),
    Field("lmsbridge_rank", "Rank"),
)

REVIEW_FIELDS: tuple[Field, ...] = (
    Field("Reviewer", "who wrote it"),
    Field("Stars", "how many stars", "number"),
    Field("Comment", "their words", "textarea"),
    Field("Date", "when"),
    Field("Key", "kept by lms-bridge; leave it out of the templates"),
)


def functions(kinds: Iterable[Kind] = EVERY, *, provision: bool = False) -> tuple[Need, ...]:
    """The functions that a service needs for these kinds of item."""
    return _needed(FUNCTIONS, frozenset(kinds), provision=provision)


def capabilities(kinds: Iterable[Kind] = EVERY, *, provision: bool = False) -> tuple[Need, ...]:
    """The capabilities that the bot's role needs for these kinds of item."""
    return _needed(CAPABILITIES, frozenset(kinds), provision=provision)


def _needed(needs: tuple[Need, ...], kinds: frozenset[Kind], *, provision: bool) -> tuple[Need, ...]:
    return tuple(need for need in needs if need.kinds & kinds and (provision or not need.provision))
