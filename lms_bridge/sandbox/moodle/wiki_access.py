"""Whose wiki is whose: groups, personal wikis, and who may see and write them."""

from lms_bridge.sandbox.moodle import access, rows
from lms_bridge.sandbox.moodle.call import Call
from lms_bridge.sandbox.moodle.refusals import MoodleError


def enter_wiki(call: Call, wikiid: int | None) -> rows.Activity:
    wiki = call.site.activity_of("wiki", wikiid) if wikiid is not None else None
    if wiki is None:
        raise MoodleError("incorrectwikiid")
    access.require_activity(call, wiki)
    return wiki


def enter_page(call: Call, pageid: int) -> tuple[rows.WikiPage, rows.Subwiki, rows.Activity]:
    page = call.site.wiki_pages.get(pageid)
    if page is None:
        raise MoodleError("incorrectpageid")
    subwiki = call.site.subwikis.get(page.subwikiid)
    if subwiki is None:
        raise MoodleError("incorrectsubwikiid")
    return page, subwiki, enter_wiki(call, subwiki.wikiid)


def is_individual(wiki: rows.Activity) -> bool:
    return bool(wiki.settings.get("wikimode") == "individual")


def can_view(call: Call, wiki: rows.Activity, groupid: int | None, userid: int) -> bool:
    """wiki_user_can_view."""
    manages = access.may(call, "mod/wiki:managewiki", wiki.course)
    if is_individual(wiki) and userid != call.user.id and not manages:
        return False
    if wiki.groupmode != access.SEPARATE_GROUPS or access.all_groups(call, wiki):
        return True
    return access.is_member(call.site, groupid or 0, call.user.id)


def can_edit(call: Call, wiki: rows.Activity, groupid: int | None, userid: int) -> bool:
    """wiki_user_can_edit: one's own with editpage, everybody else's with managewiki."""
    edits = access.may(call, "mod/wiki:editpage", wiki.course)
    manages = access.may(call, "mod/wiki:managewiki", wiki.course)
    if not edits:
        return False
    own = not is_individual(wiki) or userid == call.user.id
    if wiki.groupmode != access.NO_GROUPS:
        own = own and access.is_member(call.site, groupid or 0, call.user.id)
    return own or manages


def may_write(call: Call, wiki: rows.Activity, groupid: int | None, userid: int) -> bool:
    return can_view(call, wiki, groupid, userid) and can_edit(call, wiki, groupid, userid)


def visible_subwikis(call: Call, wiki: rows.Activity) -> list[tuple[int, int]]:
    """wiki_get_visible_subwikis: (group, user) of each, whether it was created already or not."""
    if wiki.groupmode == access.NO_GROUPS:
        if not is_individual(wiki):
            return [(0, 0)]
        return [(0, user) for user in _wiki_owners(call, wiki)]
    groups = [group.id for group in access.allowed_groups(call, wiki)]
    if is_individual(wiki):
        return [
            (group, user)
            for user in _wiki_owners(call, wiki)
            for group in [g for g in groups if access.is_member(call.site, g, user)] or [0]
        ]
    sees_all = access.all_groups(call, wiki) or wiki.groupmode == access.VISIBLE_GROUPS
    return [(group, 0) for group in ([0, *groups] if sees_all else groups)]


def _wiki_owners(call: Call, wiki: rows.Activity) -> list[int]:
    """get_enrolled_users with mod/wiki:editpage, by surname; only oneself without managewiki."""
    if not access.may(call, "mod/wiki:managewiki", wiki.course):
        return [call.user.id]
    people = call.site.people_of(wiki.course)
    return [user.id for user in sorted(people, key=lambda user: (user.lastname, user.firstname, user.id))]


def group_and_user(call: Call, wiki: rows.Activity, groupid: int | None, userid: int) -> tuple[int | None, int]:
    """external_api::determine_group_and_user."""
    if wiki.groupmode == access.NO_GROUPS:
        groupid = 0
    elif groupid == -1:
        groupid = access.active_group(call, wiki)
    elif groupid and groupid not in call.site.groups:
        raise MoodleError("cannotfindgroup")
    if not is_individual(wiki):
        return groupid, 0
    if not userid:
        return groupid, call.user.id
    if userid not in call.site.users:
        raise MoodleError("invaliduser")
    return groupid, userid
