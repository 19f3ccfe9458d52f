"""mod_wiki's functions. What they do to the rows stands in wiki_store."""

from typing import Any

from lms_bridge.sandbox.moodle import access, instances, rows, wiki_access, wiki_sections, wiki_store
from lms_bridge.sandbox.moodle.call import Call, Function
from lms_bridge.sandbox.moodle.collation import sort_key
from lms_bridge.sandbox.moodle.formatting import format_name, format_text
from lms_bridge.sandbox.moodle.params import Fields, ListOf, Value
from lms_bridge.sandbox.moodle.refusals import MoodleError

_FORMATS = ("html", "creole", "nwiki")
_SORTS = ("id", "title", "timecreated", "timemodified", "pageviews")


def _get_wikis_by_courses(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    courses, warnings = instances.usable_courses(call, instances.wished_courses(call, args["courseids"]))
    wikis = [_wiki_row(call, wiki) for wiki in instances.visible_activities(call, courses, "wiki")]
    return {"wikis": wikis, "warnings": warnings}


def _wiki_row(call: Call, wiki: rows.Activity) -> dict[str, Any]:
    settings = wiki.settings
    managed = {name: settings.get(name, 0) for name in ("timecreated", "timemodified")}
    return {
        "id": wiki.instance,
        "coursemodule": wiki.cmid,
        "course": wiki.course,
        "name": format_name(call, wiki.name),
        "intro": format_text(call, settings.get("intro", "")),
        "introformat": 1,
        "introfiles": [],
        "section": instances.section_number(call, wiki),
        "visible": bool(wiki.visible),
        "groupmode": wiki.groupmode,
        "groupingid": wiki.groupingid,
        "lang": "",
        **(managed if access.may(call, "moodle/course:manageactivities", wiki.course) else {}),
        "firstpagetitle": format_name(call, settings.get("firstpagetitle", "")),
        "wikimode": settings.get("wikimode", "collaborative"),
        "defaultformat": settings.get("defaultformat", "html"),
        "forceformat": settings.get("forceformat", 0),
        "editbegin": 0,
        "editend": 0,
        "cancreatepages": access.may(call, "mod/wiki:createpage", wiki.course),
    }


def _get_subwikis(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    wiki = wiki_access.enter_wiki(call, args["wikiid"])
    return {
        "subwikis": [_subwiki_row(call, wiki, group, user) for group, user in wiki_access.visible_subwikis(call, wiki)],
        "warnings": [],
    }


def _subwiki_row(call: Call, wiki: rows.Activity, groupid: int, userid: int) -> dict[str, Any]:
    created = wiki_store.subwiki_of(call.site, wiki.instance, groupid, userid)
    # Moodle 4.5: the group is a number only where it was invented, a string where it was read.
    from_database = created is not None or groupid != 0
    return {
        "id": created.id if created else -1,
        "wikiid": wiki.instance,
        "groupid": str(groupid) if from_database else 0,
        "userid": userid,
        "canedit": wiki_access.can_edit(call, wiki, groupid, userid),
    }


def _get_subwiki_pages(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    wiki = wiki_access.enter_wiki(call, args["wikiid"])
    groupid, userid = wiki_access.group_and_user(call, wiki, args["groupid"], args["userid"])
    if not wiki_access.can_view(call, wiki, groupid, userid):
        raise MoodleError("cannotviewpage")
    subwiki = wiki_store.subwiki_of(call.site, wiki.instance, groupid, userid)
    if subwiki is None:
        return {"pages": [], "warnings": []}
    options = args["options"]
    pages = wiki_store.pages_of(call.site, subwiki.id)
    sort = options["sortby"] if options["sortby"] in _SORTS else "title"
    backwards = options["sortdirection"].upper() == "DESC"
    pages.sort(key=lambda page: _sort_value(call, page, sort), reverse=backwards)
    canedit = wiki_access.can_edit(call, wiki, groupid, userid)
    return {
        "pages": [_page_row(call, wiki, page, canedit, options["includecontent"]) for page in pages],
        "warnings": [],
    }


def _sort_value(call: Call, page: rows.WikiPage, sort: str) -> tuple[Any, int]:
    value = getattr(page, sort)
    return (sort_key(call.site, value) if isinstance(value, str) else value, page.id)


def _page_row(call: Call, wiki: rows.Activity, page: rows.WikiPage, canedit: bool, content: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": page.id,
        "subwikiid": page.subwikiid,
        "title": format_name(call, page.title),
        "timecreated": page.timecreated,
        "timemodified": page.timemodified,
        "timerendered": page.timerendered,
        "userid": page.userid,
        "pageviews": page.pageviews,
        "readonly": 0,
        "caneditpage": canedit,
        "firstpage": page.title == wiki.settings.get("firstpagetitle"),
    }
    if content:
        wiki_store.refresh_if_old(call.site, page)
        row |= {"cachedcontent": _displayed(call, wiki, page), "contentformat": 1}
    else:
        row["contentsize"] = len(_displayed(call, wiki, page).encode())
    return row | {"tags": []}


def _displayed(call: Call, wiki: rows.Activity, page: rows.WikiPage) -> str:
    return format_text(call, page.cachedcontent, f"{wiki.contextid}/mod_wiki/attachments/{page.subwikiid}")


def _get_page_contents(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    page, subwiki, wiki = wiki_access.enter_page(call, args["pageid"])
    if not wiki_access.can_view(call, wiki, subwiki.groupid, subwiki.userid):
        raise MoodleError("cannotviewpage")
    wiki_store.refresh_if_old(call.site, page)
    row: dict[str, Any] = {
        "id": page.id,
        "wikiid": wiki.instance,
        "subwikiid": page.subwikiid,
        "groupid": subwiki.groupid,
        "userid": subwiki.userid,
        "title": page.title,
        "cachedcontent": _displayed(call, wiki, page),
        "contentformat": 1,
        "caneditpage": wiki_access.can_edit(call, wiki, subwiki.groupid, subwiki.userid),
    }
    version = wiki_store.last_version(call.site, page)
    if version is not None:
        row["version"] = version.version
    return {"page": row | {"tags": []}, "warnings": []}


def _get_page_for_editing(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    page, subwiki, wiki = wiki_access.enter_page(call, args["pageid"])
    if not wiki_access.may_write(call, wiki, subwiki.groupid, subwiki.userid):
        raise MoodleError("cannoteditpage")
    section = args["section"]
    if not wiki_store.lock_page(call.site, page, section, call.user.id):
        raise MoodleError("pageislocked")
    version = wiki_store.last_version(call.site, page)
    if version is None:
        raise MoodleError("versionerror")
    if args["lockonly"]:
        return {"pagesection": {"version": version.version}}
    content: str | None = version.content
    if section is not None:
        content = wiki_sections.get_section(version.content, section)
    return {
        "pagesection": {
            "content": content,
            "contentformat": version.contentformat,
            "version": version.version,
        }
    }


def _new_page(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    wiki, groupid, userid, subwiki = _target_of_new_page(call, args)
    if not wiki_access.may_write(call, wiki, groupid, userid):
        raise MoodleError("cannoteditpage")
    may_create = access.may(call, "mod/wiki:createpage", wiki.course)
    if call.site.settings.branch >= (5, 0) and not may_create:
        raise MoodleError("nocreatepermission")
    if subwiki is None:
        if groupid is None:
            # A group wiki without a group: the row needs one, Moodle has none to give; the id is burnt.
            call.site.next_id("wiki_subwikis")
            raise MoodleError("dmlwriteexception")
        subwiki = wiki_store.add_subwiki(call.site, wiki.instance, groupid, userid)
    if wiki_store.page_titled(call.site, subwiki.id, args["title"]) is not None:
        raise MoodleError("pageexists")
    page = wiki_store.create_page(
        call.site, subwiki.id, args["title"], _page_format(wiki, args["contentformat"]), call.user.id
    )
    wiki_store.save_page(call.site, page, args["content"], call.user.id)
    return {"pageid": page.id, "warnings": []}


def _target_of_new_page(call: Call, args: dict[str, Any]) -> tuple[rows.Activity, int | None, int, rows.Subwiki | None]:
    if args["subwikiid"]:
        subwiki = call.site.subwikis.get(args["subwikiid"])
        if subwiki is None:
            raise MoodleError("incorrectsubwikiid")
        return wiki_access.enter_wiki(call, subwiki.wikiid), subwiki.groupid, subwiki.userid, subwiki
    wiki = wiki_access.enter_wiki(call, args["wikiid"])
    groupid, userid = wiki_access.group_and_user(call, wiki, args["groupid"], args["userid"] or 0)
    return wiki, groupid, userid, wiki_store.subwiki_of(call.site, wiki.instance, groupid, userid)


def _page_format(wiki: rows.Activity, asked: str | None) -> str:
    default = str(wiki.settings.get("defaultformat", "html"))
    if wiki.settings.get("forceformat") or asked not in _FORMATS:
        return default
    return asked


def _edit_page(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    page, subwiki, wiki = wiki_access.enter_page(call, args["pageid"])
    if not wiki_access.may_write(call, wiki, subwiki.groupid, subwiki.userid):
        raise MoodleError("cannoteditpage")
    section, content = args["section"], args["content"]
    if wiki_store.is_locked(call.site, page, section, call.user.id):
        raise MoodleError("pageislocked")
    if section is not None:
        version = wiki_store.last_version(call.site, page)
        replaced = wiki_sections.replace_section(version.content if version else "", section, content)
        if replaced is None:
            raise MoodleError("invalidsection")
        content = replaced
    wiki_store.save_page(call.site, page, content, call.user.id)
    wiki_store.unlock_page(call.site, page, section, call.user.id)
    return {"pageid": page.id, "warnings": []}


_INT = Value("int")
_PAGE_OPTIONS = Fields(
    {
        "sortby": Value("alpha", "title"),
        "sortdirection": Value("alpha", "ASC"),
        "includecontent": Value("int", 1),
    },
    default={"sortby": "title", "sortdirection": "ASC", "includecontent": 1},
)

FUNCTIONS = (
    Function("mod_wiki_get_wikis_by_courses", {"courseids": ListOf(_INT, [])}, _get_wikis_by_courses),
    Function("mod_wiki_get_subwikis", {"wikiid": _INT}, _get_subwikis),
    Function(
        "mod_wiki_get_subwiki_pages",
        {"wikiid": _INT, "groupid": Value("int", -1), "userid": Value("int", 0), "options": _PAGE_OPTIONS},
        _get_subwiki_pages,
    ),
    Function("mod_wiki_get_page_contents", {"pageid": _INT}, _get_page_contents),
    Function(
        "mod_wiki_get_page_for_editing",
        {"pageid": _INT, "section": Value("raw", None), "lockonly": Value("bool", False)},
        _get_page_for_editing,
    ),
    Function(
        "mod_wiki_new_page",
        {
            "title": Value("text"),
            "content": Value("raw"),
            "contentformat": Value("alphanumext", None),
            "subwikiid": Value("int", None),
            "wikiid": Value("int", None),
            "userid": Value("int", None),
            "groupid": Value("int", None),
        },
        _new_page,
        writes=True,
    ),
    Function(
        "mod_wiki_edit_page",
        {"pageid": _INT, "content": Value("raw"), "section": Value("raw", None)},
        _edit_page,
        writes=True,
    ),
)
