"""REST: list items. Queries on columns without an index work until the list is past its threshold."""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from lms_bridge.sandbox.sharepoint.clock import iso
from lms_bridge.sandbox.sharepoint.columns import find_column
from lms_bridge.sandbox.sharepoint.conditions import check_if_match
from lms_bridge.sandbox.sharepoint.errors import Refusal, bad_request, over_threshold
from lms_bridge.sandbox.sharepoint.exchange import Answer, Route, Visit
from lms_bridge.sandbox.sharepoint.fields import accept_fields
from lms_bridge.sandbox.sharepoint.graph_items import visible
from lms_bridge.sandbox.sharepoint.graph_lists import actor
from lms_bridge.sandbox.sharepoint.graph_shapes import list_item_etag
from lms_bridge.sandbox.sharepoint.model import Item, SpList
from lms_bridge.sandbox.sharepoint.odata_query import (
    parse_filter,
    parse_orderby,
    parse_select,
    sort_key,
    whole_number,
)
from lms_bridge.sandbox.sharepoint.pages import refuse_locked
from lms_bridge.sandbox.sharepoint.rest_address import key_of
from lms_bridge.sandbox.sharepoint.rest_fields import property_name
from lms_bridge.sandbox.sharepoint.rest_format import Entity, Feed, Value
from lms_bridge.sandbox.sharepoint.rest_lists import item_type, read_arguments, read_body, the_list
from lms_bridge.sandbox.sharepoint.store import (
    create_item,
    delete_item,
    find_item,
    update_item,
    version_label,
)

_PAGE = 100
_ALWAYS_INDEXED = {"id"}
_APP, _PERSON = 1073741822, 6


def get_items(visit: Visit) -> Answer:
    splist, query = the_list(visit), visit.call.query
    text, order = query.get("$filter", ""), parse_orderby(query.get("$orderby", ""))
    condition = parse_filter(text) if text else None
    _check_threshold(visit, splist, [*(condition.paths() if condition else ()), *(path for path, _ in order)])
    items = visible(visit, splist)
    if condition is not None:
        items = [item for item in items if condition.holds(lambda path, item=item: _look(splist, item, path))]  # type: ignore[misc]
    for path, descending in reversed(order):
        items.sort(key=lambda one: sort_key(_look(splist, one, path)), reverse=descending)
    top = whole_number(query, "$top", _PAGE, 5000)
    page, rest = items[_offset(visit, items) :], ""
    if len(page) > top:
        page, last = page[:top], page[top - 1]
        token = urlencode({"Paged": "TRUE", "p_ID": str(last.number)})
        link = urlencode({**query, "$skiptoken": token}, quote_via=quote)
        rest = f"{visit.tenant.site_url(visit.site)}/_api/web/lists(guid'{splist.id}')/items?{link}"
    return Answer(200, Feed([_selected(visit, splist, item) for item in page], rest))


def get_item(visit: Visit) -> Answer:
    return Answer(200, _selected(visit, the_list(visit), the_item(visit)))


def make_item(visit: Visit) -> Answer:
    splist = the_list(visit)
    item = create_item(visit.tenant, splist, _values(splist, read_body(visit)), actor=actor(visit))
    return Answer(201, item_entity(splist, item))


def change_item(visit: Visit) -> Answer:
    splist, item = the_list(visit), the_item(visit)
    check_if_match(visit, list_item_etag(item))
    refuse_locked(visit.tenant, visit.site, item, actor(visit))
    values = _values(splist, read_body(visit))
    if item.page is not None and values.get("Title"):
        item.page.title = values["Title"]
    update_item(visit.tenant, splist, item, values, actor=actor(visit))
    return Answer(204, None, {"ETag": list_item_etag(item)})


def remove_item(visit: Visit) -> Answer:
    item = the_item(visit)
    check_if_match(visit, list_item_etag(item))
    delete_item(visit.tenant, visit.site, the_list(visit), item, actor=actor(visit))
    return Answer(200)


def recycle_item(visit: Visit) -> Answer:
    recycled = delete_item(visit.tenant, visit.site, the_list(visit), the_item(visit), actor=actor(visit))
    return Answer(200, Value("Recycle", recycled.id))


def update_as_form(visit: Visit) -> Answer:
    """ValidateUpdateListItem: each value is text, each result names its field."""
    body, splist, item = read_arguments(visit), the_list(visit), the_item(visit)
    values, results = _form_values(splist, body)
    if all(not one["HasException"] for one in results):
        update_item(visit.tenant, splist, item, values, actor=actor(visit))
    return Answer(200, Value("ValidateUpdateListItem", [_form_result(one) for one in results]))


def add_as_form(visit: Visit) -> Answer:
    body, splist = read_arguments(visit), the_list(visit)
    values, results = _form_values(splist, body)
    if all(not one["HasException"] for one in results):
        item = create_item(visit.tenant, splist, values, actor=actor(visit))
        results.append({"FieldName": "Id", "FieldValue": str(item.number), "HasException": False})
    return Answer(200, Value("AddValidateUpdateItemUsingPath", [_form_result(one) for one in results]))


def the_item(visit: Visit) -> Item:
    try:
        return find_item(the_list(visit), key_of(visit.params, "item"))
    except Refusal as refused:
        if refused.status != 404:
            raise
        raise Refusal(
            404,
            "itemNotFound",
            "Item does not exist. It may have been deleted by another user.",
            hresult="-2130575338",
            exception="Microsoft.SharePoint.SPException",
        ) from None


def item_entity(splist: SpList, item: Item) -> Entity:
    values: dict[str, Any] = {
        "FileSystemObjectType": 1 if item.is_folder else 0,
        "Id": item.number,
        "ServerRedirectedEmbedUri": None,
        "ServerRedirectedEmbedUrl": "",
        "ContentTypeId": "0x0101009D1CB255DA76424F860D91F20E6C4118" if item.page else "0x0100",
        "Title": item.page.title if item.page else item.fields.get("Title"),
    }
    for column in splist.columns.values():
        if column.deletable or column.name in {"Description"}:
            values[property_name(column.name)] = _written(item.fields.get(column.name))
    values |= {
        "ID": item.number,
        "Modified": iso(item.modified),
        "Created": iso(item.created),
        "AuthorId": _APP if item.created_by.app_id else _PERSON,
        "EditorId": _APP if item.modified_by.app_id else _PERSON,
        "OData__UIVersionString": version_label(splist, item),
        "GUID": item.unique_id,
        "CommentsDisabled": item.comments_disabled,
    }
    if not splist.is_library:
        values["Attachments"] = False
    if item.name:
        values |= {"FileLeafRef": item.name, "UniqueId": item.unique_id}
    if item.page is not None:
        values["PromotedState"] = {"newsPost": 2 if item.page.major else 1}.get(item.page.promotion, 0)
    address = f"Web/Lists(guid'{splist.id}')/Items({item.number})"
    return Entity(item_type(splist), address, values, list_item_etag(item))


def _selected(visit: Visit, splist: SpList, item: Item) -> Entity:
    return item_entity(splist, item).only(parse_select(visit.call.query.get("$select", "")))


def _look(splist: SpList, item: Item, path: str) -> Any:
    values = item_entity(splist, item).values
    folded = path.casefold()
    return next((value for name, value in values.items() if name.casefold() == folded), None)


def _check_threshold(visit: Visit, splist: SpList, paths: Iterable[str]) -> None:
    for path in paths:
        column = find_column(splist, path.split("/")[0].removeprefix("OData_"))
        if column is None and path.casefold() not in {"guid", "authorid", "editorid", "filesystemobjecttype"}:
            raise bad_request(f"Column '{path}' does not exist. It may have been deleted by another user.")
        indexed = path.casefold() in _ALWAYS_INDEXED or (column is not None and column.indexed)
        if not indexed and len(splist.items) > visit.tenant.behaviour.view_threshold:
            raise over_threshold()


def _offset(visit: Visit, items: list[Item]) -> int:
    token = visit.call.query.get("$skiptoken", "")
    last = token.rpartition("p_ID=")[2].split("&")[0]
    if not last.isdigit():
        return 0
    return next((at + 1 for at, item in enumerate(items) if item.number == int(last)), 0)


def _values(splist: SpList, body: dict[str, Any]) -> dict[str, Any]:
    asked = {}
    for name, value in body.items():
        plain = name.removeprefix("OData_")
        if name in {"Id", "ID", "ContentTypeId"}:
            continue
        if isinstance(value, dict) and "results" in value:
            value = value["results"]
        if isinstance(value, dict):
            value = {key: inner for key, inner in value.items() if key != "__metadata"}
        if find_column(splist, plain) is None:
            raise Refusal(
                400,
                "invalidRequest",
                f"The property '{name}' does not exist on type '{item_type(splist)}'. Make sure to only use "
                "property names that are defined by the type.",
                hresult="-1",
                exception="Microsoft.SharePoint.Client.InvalidClientQueryException",
            )
        asked[plain] = value
    return accept_fields(splist, asked, hyperlinks=True)


def _form_values(splist: SpList, body: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    forms = body.get("formValues", [])
    forms = forms.get("results", []) if isinstance(forms, dict) else forms
    values: dict[str, Any] = {}
    results = []
    for form in forms:
        name, text = str(form.get("FieldName", "")), form.get("FieldValue")
        result = {"FieldName": name, "FieldValue": text, "HasException": False}
        try:
            values |= accept_fields(splist, {name: _from_text(splist, name, text)}, hyperlinks=True)
        except Refusal as refused:
            result |= {"HasException": True, "ErrorMessage": refused.message, "ErrorCode": -2130575163}
        results.append(result)
    return values, results


def _from_text(splist: SpList, name: str, text: Any) -> Any:
    column = find_column(splist, name)
    if column is None or not isinstance(text, str):
        return text
    if column.kind in {"number", "currency"}:
        try:
            return float(text)
        except ValueError:
            return text
    if column.kind == "boolean":
        return text in {"1", "true", "True"}
    return text


def _form_result(values: dict[str, Any]) -> dict[str, Any]:
    return {"ErrorCode": 0, "ErrorMessage": None, "ItemId": 0, **values}


def _written(value: Any) -> Any:
    return dict(value) if isinstance(value, dict) else value


_ITEMS = "/web/lists/{list}/items"
_ITEM = f"{_ITEMS}/{{item}}"
ROUTES: Sequence[Route] = (
    Route("GET", _ITEMS, get_items),
    Route("POST", _ITEMS, make_item, right="write"),
    Route("GET", _ITEM, get_item),
    *(Route(method, _ITEM, change_item, right="write") for method in ("MERGE", "PATCH", "PUT")),
    Route("DELETE", _ITEM, remove_item, right="write"),
    Route("POST", f"{_ITEM}/recycle", recycle_item, right="write"),
    Route("POST", f"{_ITEM}/deleteobject", remove_item, right="write"),
    Route("POST", f"{_ITEM}/validateupdatelistitem", update_as_form, right="write"),
    Route("POST", "/web/lists/{list}/addvalidateupdateitemusingpath", add_as_form, right="write"),
)
