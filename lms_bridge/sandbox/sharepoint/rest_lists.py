"""REST: lists, found by id, title or address."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from lms_bridge.sandbox.sharepoint.clock import iso
from lms_bridge.sandbox.sharepoint.columns import internal_name
from lms_bridge.sandbox.sharepoint.conditions import check_if_match
from lms_bridge.sandbox.sharepoint.errors import Refusal, bad_request, name_taken
from lms_bridge.sandbox.sharepoint.exchange import Answer, Route, Visit
from lms_bridge.sandbox.sharepoint.graph_lists import actor
from lms_bridge.sandbox.sharepoint.model import Site, SpList
from lms_bridge.sandbox.sharepoint.odata_query import parse_filter, parse_select
from lms_bridge.sandbox.sharepoint.rest_address import key_of
from lms_bridge.sandbox.sharepoint.rest_format import Entity, Feed, Value
from lms_bridge.sandbox.sharepoint.store import TEMPLATES, create_list, delete_list, find_list, list_named

Json = dict[str, Any]


def the_list(visit: Visit) -> SpList:
    key = key_of(visit.params, "list")
    kind, _, rest = key.partition(":")
    try:
        if kind == "url":
            return _at_address(visit.site, rest)
        found = find_list(visit.site, rest)
    except Refusal:
        if kind == "title":
            raise Refusal(
                404,
                "itemNotFound",
                f"List '{rest}' does not exist at site with URL '{visit.tenant.site_url(visit.site)}'.",
                hresult="-1",
                exception="System.ArgumentException",
            ) from None
        raise
    return found


def get_lists(visit: Visit) -> Answer:
    lists = list(visit.site.lists.values())
    text = visit.call.query.get("$filter", "")
    if text:
        condition = parse_filter(text)
        lists = [one for one in lists if condition.holds(list_entity(visit, one).values.get)]
    names = parse_select(visit.call.query.get("$select", ""))
    return Answer(200, Feed([list_entity(visit, one).only(names) for one in lists]))


def get_list(visit: Visit) -> Answer:
    names = parse_select(visit.call.query.get("$select", ""))
    return Answer(200, list_entity(visit, the_list(visit)).only(names))


def make_list(visit: Visit) -> Answer:
    body = read_body(visit)
    number = body.get("BaseTemplate", 100)
    template = next((name for name, known in TEMPLATES.items() if known == number), "")
    if not body.get("Title"):
        raise bad_request("Title is missing.")
    splist = create_list(visit.tenant, visit.site, body["Title"], template=template, actor=actor(visit))
    _set(splist, body)
    return Answer(201, list_entity(visit, splist))


def change_list(visit: Visit) -> Answer:
    splist, body = the_list(visit), read_body(visit)
    check_if_match(visit, f'"{splist.change}"')
    title = body.get("Title")
    others = (one for one in visit.site.lists.values() if one is not splist)
    if title and any(one.title.casefold() == title.casefold() for one in others):
        raise name_taken(
            "A list, survey, discussion board, or document library with the specified title already exists in"
            " this Web site."
        )
    splist.title = title or splist.title
    _set(splist, body)
    splist.change += 1
    return Answer(204)


def remove_list(visit: Visit) -> Answer:
    delete_list(visit.tenant, visit.site, the_list(visit), actor=actor(visit))
    return Answer(200)


def recycle_list(visit: Visit) -> Answer:
    recycled = delete_list(visit.tenant, visit.site, the_list(visit), actor=actor(visit))
    return Answer(200, Value("Recycle", recycled.id))


def ensure_site_assets(visit: Visit) -> Answer:
    return Answer(200, list_entity(visit, list_named(visit.site, "SiteAssets")))


def ensure_site_pages(visit: Visit) -> Answer:
    return Answer(200, list_entity(visit, list_named(visit.site, "SitePages")))


def read_body(visit: Visit) -> Json:
    """An entity in JSON; a verbose one has to name its type."""
    verbose = "verbose" in visit.call.header("content-type").lower()
    if verbose and not isinstance(visit.call.json().get("__metadata"), dict):
        raise bad_request("An entry without a type name was found, but no expected type was specified.")
    return read_arguments(visit)


def read_arguments(visit: Visit) -> Json:
    """What a function is called with, which has no type of its own."""
    body = visit.call.json()
    return {name: value for name, value in body.items() if name != "__metadata" and not name.startswith("odata.")}


def item_type(splist: SpList) -> str:
    name = internal_name(splist.name)
    return f"SP.Data.{name[:1].upper()}{name[1:]}{'' if splist.is_library else 'List'}Item"


def list_entity(visit: Visit, splist: SpList) -> Entity:
    folder = "" if splist.is_library else "/Lists"
    values = {
        "AllowContentTypes": True,
        "BaseTemplate": TEMPLATES[splist.template],
        "BaseType": 1 if splist.is_library else 0,
        "ContentTypesEnabled": splist.content_types_enabled,
        "Created": iso(splist.created),
        "DefaultViewUrl": f"{visit.site.path}{folder}/{splist.name}/AllItems.aspx",
        "Description": splist.description,
        "DisableCommenting": splist.comments_disabled,
        "EnableAttachments": not splist.is_library,
        "EnableMinorVersions": splist.template == "webPageLibrary",
        "EnableModeration": splist.approval,
        "EnableVersioning": True,
        "EntityTypeName": f"{internal_name(splist.name)}{'' if splist.is_library else 'List'}",
        "ForceCheckout": splist.force_checkout,
        "Hidden": splist.hidden,
        "Id": splist.id,
        "ItemCount": len(splist.items),
        "LastItemModifiedDate": iso(splist.modified),
        "ListItemEntityTypeFullName": item_type(splist),
        "ParentWebUrl": visit.site.path or "/",
        "Title": splist.title,
        "RootFolder": Entity(
            "SP.Folder",
            f"Web/Lists(guid'{splist.id}')/RootFolder",
            {
                "Exists": True,
                "Name": splist.name,
                "ServerRelativeUrl": f"{visit.site.path}{folder}/{splist.name}",
            },
        ),
    }
    if "RootFolder" not in visit.call.query.get("$expand", ""):
        del values["RootFolder"]
    return Entity("SP.List", f"Web/Lists(guid'{splist.id}')", values, f'"{splist.change}"')


def _at_address(site: Site, url: str) -> SpList:
    path = urlsplit(url).path.rstrip("/")
    return list_named(site, path.rsplit("/", 1)[-1])


def _set(splist: SpList, body: Json) -> None:
    splist.description = body.get("Description", splist.description)
    splist.hidden = body.get("Hidden", splist.hidden)
    splist.content_types_enabled = body.get("ContentTypesEnabled", splist.content_types_enabled)
    splist.approval = body.get("EnableModeration", splist.approval)
    splist.force_checkout = body.get("ForceCheckout", splist.force_checkout)
    splist.comments_disabled = body.get("DisableCommenting", splist.comments_disabled)


_LISTS = "/web/lists"
ROUTES: Sequence[Route] = (
    Route("GET", _LISTS, get_lists),
    Route("POST", _LISTS, make_list, right="manage"),
    Route("POST", f"{_LISTS}/ensuresiteassetslibrary", ensure_site_assets, right="write"),
    Route("POST", f"{_LISTS}/ensuresitepageslibrary", ensure_site_pages, right="write"),
    Route("GET", f"{_LISTS}/{{list}}", get_list),
    *(Route(method, f"{_LISTS}/{{list}}", change_list, right="manage") for method in ("MERGE", "PATCH")),
    Route("DELETE", f"{_LISTS}/{{list}}", remove_list, right="manage"),
    Route("POST", f"{_LISTS}/{{list}}/deleteobject", remove_list, right="manage"),
    Route("POST", f"{_LISTS}/{{list}}/recycle", recycle_list, right="manage"),
)
