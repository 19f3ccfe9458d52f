"""REST: comments, replies and likes of pages and items. Graph v1.0 has their numbers only.

Thirty a page unless more are asked for (pnpcore#1361); newest first.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from lms_bridge.sandbox.sharepoint.clock import iso
from lms_bridge.sandbox.sharepoint.errors import bad_request, not_found
from lms_bridge.sandbox.sharepoint.exchange import Answer, Route, Visit
from lms_bridge.sandbox.sharepoint.graph_lists import actor
from lms_bridge.sandbox.sharepoint.model import Actor, Comment, Item, SpList
from lms_bridge.sandbox.sharepoint.odata_query import parse_expand, parse_select, whole_number
from lms_bridge.sandbox.sharepoint.rest_address import key_of
from lms_bridge.sandbox.sharepoint.rest_format import Entity, Feed, Value
from lms_bridge.sandbox.sharepoint.rest_items import the_item
from lms_bridge.sandbox.sharepoint.rest_lists import read_arguments, the_list

_PAGE, _LARGEST_PAGE = 30, 1000
_LONGEST = 2000


def get_comments(visit: Visit) -> Answer:
    return _feed(visit, list(reversed(the_item(visit).comments)))


def get_comment(visit: Visit) -> Answer:
    return Answer(200, _entity(visit, _find(visit)))


def get_replies(visit: Visit) -> Answer:
    return _feed(visit, _find(visit).replies)


def make_comment(visit: Visit) -> Answer:
    splist, item = the_list(visit), the_item(visit)
    _refuse_when_off(splist, item)
    comment = _new(visit, splist, parent=0)
    item.comments.append(comment)
    return Answer(201, _entity(visit, comment))


def make_reply(visit: Visit) -> Answer:
    splist, item, above = the_list(visit), the_item(visit), _find(visit)
    _refuse_when_off(splist, item)
    if above.parent:
        raise bad_request("A reply cannot be replied to.")
    reply = _new(visit, splist, parent=above.number)
    above.replies.append(reply)
    return Answer(201, _entity(visit, reply))


def remove_comment(visit: Visit) -> Answer:
    item, comment = the_item(visit), _find(visit)
    for holder in (item.comments, *(one.replies for one in item.comments)):
        if comment in holder:
            holder.remove(comment)
    return Answer(200)


def remove_all(visit: Visit) -> Answer:
    the_item(visit).comments.clear()
    return Answer(200, Value("DeleteAll", None))


def like_comment(visit: Visit) -> Answer:
    comment, who = _find(visit), actor(visit)
    if who not in comment.liked_by:
        comment.liked_by.append(who)
    return Answer(200, Value("Like", None))


def unlike_comment(visit: Visit) -> Answer:
    comment, who = _find(visit), actor(visit)
    comment.liked_by = [one for one in comment.liked_by if one != who]
    return Answer(200, Value("Unlike", None))


def like_item(visit: Visit) -> Answer:
    item, who = the_item(visit), actor(visit)
    if item.page is not None and not item.page.major:
        raise bad_request("The page must be published before it can be liked.")
    if who not in item.liked_by:
        item.liked_by.append(who)
    return Answer(200, Value("Like", None))


def unlike_item(visit: Visit) -> Answer:
    item, who = the_item(visit), actor(visit)
    item.liked_by = [one for one in item.liked_by if one != who]
    return Answer(200, Value("Unlike", None))


def get_liked_by(visit: Visit) -> Answer:
    liked = _find(visit).liked_by if "comment" in visit.params else the_item(visit).liked_by
    return Answer(200, Feed([_user(one) for one in liked]))


def get_likes(visit: Visit) -> Answer:
    item = the_item(visit)
    values = {
        "isLikedByUser": actor(visit) in item.liked_by,
        "likeCount": len(item.liked_by),
        "likedBy": Feed([_user(one) for one in item.liked_by]),
    }
    if "likedBy" not in parse_expand(visit.call.query.get("$expand", "").replace("/", ".")):
        del values["likedBy"]
    return Answer(200, Entity("Microsoft.SharePoint.Likes.likedByInformation", "likedByInformation", values))


def switch_comments(visit: Visit) -> Answer:
    item = the_item(visit)
    if "value" in visit.params:
        wanted = key_of(visit.params, "value").casefold() == "true"
    else:
        wanted = bool(read_arguments(visit).get("value"))
    item.comments_disabled = wanted
    if item.page is not None:
        item.page.show_comments = not wanted
    return Answer(200, Value("SetCommentsDisabled", None))


def _feed(visit: Visit, comments: list[Comment]) -> Answer:
    query = visit.call.query
    top = whole_number(query, "$top", _PAGE, _LARGEST_PAGE)
    start = whole_number(query, "$skiptoken", whole_number(query, "$skip", 0, 10**6), 10**6)
    link = ""
    if start + top < len(comments):
        options = urlencode({**query, "$skiptoken": str(start + top)}, quote_via=quote, safe="$,/")
        link = f"{visit.tenant.site_url(visit.site)}/_api{_address(visit)}?{options}"
    return Answer(200, Feed([_entity(visit, one) for one in comments[start : start + top]], link))


def _address(visit: Visit) -> str:
    address = f"/web/lists(guid'{the_list(visit).id}')/items({the_item(visit).number})/Comments"
    if "comment" in visit.params:
        return f"{address}({key_of(visit.params, 'comment')})/replies"
    return address


def _find(visit: Visit) -> Comment:
    key = key_of(visit.params, "comment")
    for comment in the_item(visit).comments:
        for one in (comment, *comment.replies):
            if str(one.number) == key:
                return one
    raise not_found("The comment does not exist.")


def _refuse_when_off(splist: SpList, item: Item) -> None:
    if item.comments_disabled or splist.comments_disabled:
        raise bad_request("Comments are disabled.")
    if item.page is not None and not item.page.major:
        raise bad_request("The page must be published before it can be commented on.")


def _new(visit: Visit, splist: SpList, *, parent: int) -> Comment:
    body = read_arguments(visit)
    text = body.get("text")
    if not isinstance(text, str) or not text.strip():
        raise bad_request("The text of the comment is missing.")
    if len(text) > _LONGEST:
        raise bad_request(f"A comment holds {_LONGEST} characters at most.")
    mentions = body.get("mentions") or []
    mentions = mentions.get("results", []) if isinstance(mentions, dict) else mentions
    splist.last_comment += 1
    now = visit.tenant.clock.now()
    return Comment(splist.last_comment, text, actor(visit), now, parent=parent, mentions=mentions)


def _entity(visit: Visit, comment: Comment) -> Entity:
    splist, item = the_list(visit), the_item(visit)
    values: dict[str, Any] = {
        "author": _author(comment.author),
        "createdDate": iso(comment.created),
        "id": str(comment.number),
        "isLikedByUser": actor(visit) in comment.liked_by,
        "isReply": bool(comment.parent),
        "itemId": item.number,
        "likeCount": len(comment.liked_by),
        "listId": splist.id,
        "mentions": comment.mentions or None,
        "parentId": str(comment.parent),
        "relativeCreatedDate": "",
        "replyCount": len(comment.replies),
        "text": comment.text,
    }
    expand = {part.strip() for part in visit.call.query.get("$expand", "").split(",")}
    if "likedBy" in expand or (comment.parent and "replies/likedBy" in expand):
        values["likedBy"] = Feed([_user(one) for one in comment.liked_by])
    if "replies" in expand and not comment.parent:
        values["replies"] = Feed([_entity(visit, reply) for reply in comment.replies])
    address = f"Web/Lists(guid'{splist.id}')/Items({item.number})/Comments({comment.number})"
    entity = Entity("Microsoft.SharePoint.Comments.comment", address, values)
    return entity.only(parse_select(visit.call.query.get("$select", "")))


def _author(who: Actor) -> dict[str, Any]:
    return {
        "email": who.email,
        "expiration": None,
        "id": 1073741822 if who.app_id else 6,
        "isActive": True,
        "isExternal": False,
        "jobTitle": None,
        "loginName": "i:0i.t|00000003-0000-0ff1-ce00-000000000000|app@sharepoint"
        if who.app_id
        else f"i:0#.f|membership|{who.email}",
        "name": "SharePoint App" if who.app_id else who.name,
        "principalType": 1,
        "userId": None,
        "userPrincipalName": who.email or None,
    }


def _user(who: Actor) -> Entity:
    author = _author(who)
    values = {name: author[name] for name in ("email", "id", "loginName", "name")} | {"creationDate": None}
    return Entity("Microsoft.SharePoint.Likes.userEntity", f"likedBy({author['id']})", values)


_ITEM = "/web/lists/{list}/items/{item}"
_COMMENT = f"{_ITEM}/comments/{{comment}}"
ROUTES: Sequence[Route] = (
    Route("GET", f"{_ITEM}/comments", get_comments),
    *(Route(method, f"{_ITEM}/getcomments", get_comments) for method in ("GET", "POST")),
    Route("POST", f"{_ITEM}/comments", make_comment, right="write"),
    Route("POST", f"{_ITEM}/comments/deleteall", remove_all, right="write"),
    Route("DELETE", f"{_ITEM}/comments", remove_all, right="write"),
    Route("GET", _COMMENT, get_comment),
    Route("DELETE", _COMMENT, remove_comment, right="write"),
    Route("POST", f"{_COMMENT}/deleteobject", remove_comment, right="write"),
    Route("GET", f"{_COMMENT}/replies", get_replies),
    Route("POST", f"{_COMMENT}/replies", make_reply, right="write"),
    Route("GET", f"{_COMMENT}/likedby", get_liked_by),
    Route("POST", f"{_COMMENT}/like", like_comment, right="write"),
    Route("POST", f"{_COMMENT}/unlike", unlike_comment, right="write"),
    Route("GET", f"{_ITEM}/likedby", get_liked_by),
    Route("GET", f"{_ITEM}/likedbyinformation", get_likes),
    Route("POST", f"{_ITEM}/like", like_item, right="write"),
    Route("POST", f"{_ITEM}/unlike", unlike_item, right="write"),
    Route("POST", f"{_ITEM}/setcommentsdisabled", switch_comments, right="write"),
    Route("POST", f"{_ITEM}/setcommentsdisabled/{{value}}", switch_comments, right="write"),
)
