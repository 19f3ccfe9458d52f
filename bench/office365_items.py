"""The same list items as others write them: one call each, by office365's own methods or by a plain session."""

import time
from typing import Any

from office365.graph_client import GraphClient
from office365.graph_request import GraphRequest

from bench.far_sharepoint import FarSharePoint

_LIST = "Course Reviews"


def by_office365(site: FarSharePoint, number: int) -> float:
    session = site.session()
    token = str(session.headers["Authorization"]).removeprefix("Bearer ")
    client = _Client(token, site.url)
    client.with_transport(session=session)
    items = client.sites[_site(session, site)].lists[_list(session, site)].items
    begun = time.monotonic()
    for each in range(number):
        items.add(**_fields("o", each)).execute_query()
    return time.monotonic() - begun


def by_single_calls(site: FarSharePoint, number: int) -> float:
    session = site.session()
    url = f"{site.url}/v1.0/sites/{_site(session, site)}/lists/{_list(session, site)}/items"
    begun = time.monotonic()
    for each in range(number):
        session.post(url, json={"fields": _fields("p", each)}).raise_for_status()
    return time.monotonic() - begun


def _fields(name: str, number: int) -> dict[str, Any]:
    key = f"{name}{time.monotonic_ns()}-{number}"
    return {"Title": f"Review {number}", "ReviewKey": key, "Comment": "First words.", "Rating": 4}


def _site(session: Any, site: FarSharePoint) -> str:
    host = site.url.split("://")[1].split(":")[0]
    return str(session.get(f"{site.url}/v1.0/sites/{host}:/sites/learning").json()["id"])


def _list(session: Any, site: FarSharePoint) -> str:
    return str(session.get(f"{site.url}/v1.0/sites/{_site(session, site)}/lists/{_LIST}").json()["id"])


class _Client(GraphClient):
    """At an address of its own: the library has no option for it."""

    def __init__(self, token: str, root: str) -> None:
        super().__init__()
        self._request = _Request(root)
        self._request.with_access_token(lambda: {"token_type": "Bearer", "access_token": token})

    def pending_request(self) -> GraphRequest:
        return self._request


class _Request(GraphRequest):
    def __init__(self, root: str) -> None:
        super().__init__()
        self._root = root

    @property
    def service_root_url(self) -> str:
        return f"{self._root}/v1.0"
