"""REST: the web itself, the digest, the recycle bin, who I am, and SharePoint's own star rating."""

from collections.abc import Sequence

from lms_bridge.sandbox.sharepoint.clock import iso
from lms_bridge.sandbox.sharepoint.errors import bad_request, not_found
from lms_bridge.sandbox.sharepoint.exchange import Answer, Route, Visit
from lms_bridge.sandbox.sharepoint.model import Recycled
from lms_bridge.sandbox.sharepoint.odata_query import parse_select
from lms_bridge.sandbox.sharepoint.rest_address import key_of, named_arguments
from lms_bridge.sandbox.sharepoint.rest_format import Entity, Feed, Value
from lms_bridge.sandbox.sharepoint.store import find_item, find_list, restore


def context_info(visit: Visit) -> Answer:
    tenant = visit.tenant
    now = tenant.clock.now()
    digest = f"0x{tenant.ids.word(64).upper()},{now.strftime('%d %b %Y %H:%M:%S')} -0000"
    tenant.digests[digest] = now.timestamp()
    url = tenant.site_url(visit.site)
    return Answer(
        200,
        Value(
            "GetContextWebInformation",
            {
                "FormDigestTimeoutSeconds": tenant.behaviour.digest_lifetime,
                "FormDigestValue": digest,
                "LibraryVersion": "16.0.26330.12012",
                "SiteFullUrl": url,
                "SupportedSchemaVersions": ["14.0.0.0", "15.0.0.0"],
                "WebFullUrl": url,
            },
            "SP.ContextWebInformation",
        ),
    )


def get_web(visit: Visit) -> Answer:
    site, tenant = visit.site, visit.tenant
    values = {
        "AllowRssFeeds": True,
        "Created": iso(site.created),
        "CommentsOnSitePagesDisabled": False,
        "Description": site.description,
        "Id": site.web_id,
        "IsMultilingual": False,
        "Language": 1033,
        "LastItemModifiedDate": iso(max(one.modified for one in site.lists.values())),
        "ServerRelativeUrl": site.path or "/",
        "Title": site.title,
        "Url": tenant.site_url(site),
        "WebTemplate": "GROUP",
        "WelcomePage": "SitePages/Home.aspx",
    }
    entity = Entity("SP.Web", "web", values)
    return Answer(200, entity.only(parse_select(visit.call.query.get("$select", ""))))


def get_site(visit: Visit) -> Answer:
    values = {
        "Id": visit.site.id,
        "ServerRelativeUrl": visit.site.path or "/",
        "Url": visit.tenant.site_url(visit.site),
    }
    return Answer(200, Entity("SP.Site", "site", values))


def get_current_user(visit: Visit) -> Answer:
    values = {
        "Email": "",
        "Id": 1073741822,
        "IsSiteAdmin": False,
        "LoginName": "i:0i.t|00000003-0000-0ff1-ce00-000000000000|app@sharepoint",
        "PrincipalType": 1,
        "Title": visit.identity.name or "SharePoint App",
    }
    return Answer(200, Entity("SP.User", "web/getuserbyid(1073741822)", values))


def get_recycle_bin(visit: Visit) -> Answer:
    found = [_recycled(one) for one in visit.tenant.recycle_bin if one.site is visit.site]
    return Answer(200, Feed(found))


def get_recycled(visit: Visit) -> Answer:
    return Answer(200, _recycled(_find(visit)))


def restore_recycled(visit: Visit) -> Answer:
    restore(visit.tenant, _find(visit))
    return Answer(200, Value("Restore", None))


def delete_recycled(visit: Visit) -> Answer:
    visit.tenant.recycle_bin.remove(_find(visit))
    return Answer(200, Value("DeleteObject", None))


def set_rating(visit: Visit) -> Answer:
    """Rates as the caller: an app has one vote, however often it is asked."""
    body = {name.casefold(): str(value) for name, value in visit.call.json().items()} if visit.call.body else {}
    if "arguments" in visit.params:
        body |= named_arguments(key_of(visit.params, "arguments"), visit.call.query)
    try:
        splist = find_list(visit.site, body["listid"])
        item = find_item(splist, body["itemid"])
        stars = int(float(body["rating"]))
    except (KeyError, ValueError):
        raise bad_request("SetRating needs listID, itemID and rating.") from None
    if not 1 <= stars <= 5:
        raise bad_request("A rating is from 1 to 5.")
    item.ratings[visit.identity.app_id] = stars
    return Answer(200, Value("SetRating", sum(item.ratings.values()) / len(item.ratings)))


def _find(visit: Visit) -> Recycled:
    key = key_of(visit.params, "recycled").casefold()
    for one in visit.tenant.recycle_bin:
        if one.id == key and one.site is visit.site:
            return one
    raise not_found()


def _recycled(one: Recycled) -> Entity:
    name = one.item.name or str(one.item.fields.get("Title") or one.item.number) if one.item else one.splist.title
    values = {
        "DeletedByName": one.by.name,
        "DeletedDate": iso(one.deleted),
        "DirName": f"{one.site.path}/{one.splist.name}".lstrip("/"),
        "Id": one.id,
        "ItemState": 1,
        "ItemType": 3 if one.item else 4,
        "LeafName": name,
        "Title": name,
    }
    return Entity("SP.RecycleBinItem", f"web/RecycleBin('{one.id}')", values)


_RATING = "/microsoft.office.server.reputationmodel.reputation.setrating"
ROUTES: Sequence[Route] = (
    Route("POST", "/contextinfo", context_info),
    Route("GET", "/web", get_web),
    Route("GET", "/site", get_site),
    Route("GET", "/web/currentuser", get_current_user),
    Route("GET", "/web/recyclebin", get_recycle_bin),
    Route("GET", "/web/recyclebin/{recycled}", get_recycled),
    Route("POST", "/web/recyclebin/{recycled}/restore", restore_recycled, right="write"),
    Route("POST", "/web/recyclebin/{recycled}/deleteobject", delete_recycled, right="write"),
    Route("POST", _RATING, set_rating, right="write"),
    Route("POST", f"{_RATING}/{{arguments}}", set_rating, right="write"),
)
