"""What a test of the sandbox SharePoint holds in its hand: a tenant, a plain HTTP session, the usual shapes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from csdl import problems_of_answer

from lms_bridge.sandbox.server import SandboxServer
from lms_bridge.sandbox.sharepoint import Hand, Registration, Site, Tenant
from lms_bridge.sandbox.sharepoint.tokens import issue

APP = "11111111-2222-4333-8444-555555555555"
Json = dict[str, Any]
RATINGS: Json = {
    "displayName": "Course Ratings",
    "list": {"template": "genericList"},
    "columns": [
        {
            "name": "CourseKey",
            "required": True,
            "indexed": True,
            "enforceUniqueValues": True,
            "text": {"allowMultipleLines": False, "maxLength": 255},
        },
        {"name": "LmsAverage", "number": {"decimalPlaces": "two", "minimum": 0, "maximum": 5}},
        {"name": "LmsCount", "number": {"decimalPlaces": "none", "minimum": 0}},
        {"name": "LmsUpdated", "dateTime": {"format": "dateTime"}},
        {"name": "Open", "boolean": {}},
        {"name": "Level", "choice": {"choices": ["easy", "hard"]}},
        {"name": "Link", "hyperlinkOrPicture": {"isPicture": False}},
        {"name": "Notes", "text": {"allowMultipleLines": True}},
    ],
}


@dataclass
class World:
    tenant: Tenant
    site: Site
    server: SandboxServer
    http: requests.Session
    strength: int = 2

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def hand(self) -> Hand:
        return Hand(self.tenant)

    @property
    def site_path(self) -> str:
        return f"/sites/{self.tenant.hostname},{self.site.id},{self.site.web_id}"

    def token(self, resource: str = "https://graph.microsoft.com") -> str:
        return issue(self.tenant, self.tenant.apps[APP], resource, strength=self.strength)[0]

    def with_roles(self, *roles: str) -> None:
        self.tenant.register(Registration(APP, "Test app", roles=roles, sharepoint_roles=roles))

    def graph(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        """One call of Graph; every 2xx answer is measured against the published metadata."""
        url = path if path.startswith("http") else f"{self.url}/v1.0{path}"
        sent = {"Authorization": f"Bearer {self.token()}"} | _header_names(headers)
        if isinstance(body, bytes):
            answer = self.http.request(method, url, data=body, headers=sent, allow_redirects=False)
        else:
            answer = self.http.request(method, url, json=body, headers=sent, allow_redirects=False)
        if answer.status_code < 300 and "json" in answer.headers.get("Content-Type", ""):
            assert problems_of_answer(answer.json()) == []
        return answer

    def rest(
        self, method: str, path: str, body: Any = None, *, dialect: str = "nometadata", **headers: str
    ) -> requests.Response:
        media = f"application/json;odata={dialect}"
        resource = f"https://{self.tenant.hostname}"
        sent = {"Authorization": f"Bearer {self.token(resource)}", "Accept": media, "Content-Type": media}
        url = path if path.startswith("http") else f"{self.url}{self.site.path}/_api{path}"
        return self.http.request(method, url, json=body, headers=sent | _header_names(headers))

    def ratings(self) -> str:
        """The address of a list for course ratings."""
        made = self.graph("POST", f"{self.site_path}/lists", RATINGS)
        assert made.status_code == 201, made.text
        return f"{self.site_path}/lists/{made.json()['id']}"

    def item(self, ratings: str, **fields: Any) -> Json:
        made = self.graph("POST", f"{ratings}/items", {"fields": fields})
        assert made.status_code == 201, made.text
        found: Json = made.json()
        return found

    def page(self, name: str = "sorting.aspx", html: str = "<p>Text</p>", **more: Any) -> Json:
        made = self.graph("POST", f"{self.site_path}/pages", page_body(name, html, **more))
        assert made.status_code == 201, made.text
        found: Json = made.json()
        return found

    def publish(self, page: Json) -> requests.Response:
        return self.graph("POST", f"{self.site_path}/pages/{page['id']}/microsoft.graph.sitePage/publish")

    def read_page(self, page: Json) -> Json:
        address = f"{self.site_path}/pages/{page['id']}/microsoft.graph.sitePage?$expand=canvasLayout,webParts"
        found: Json = self.graph("GET", address).json()
        return found


def page_body(name: str, html: str, **more: Any) -> Json:
    return {
        "@odata.type": "#microsoft.graph.sitePage",
        "name": name,
        "title": name.removesuffix(".aspx").title(),
        "pageLayout": "article",
        "showComments": True,
        "canvasLayout": canvas(html),
        **more,
    }


def canvas(*texts: str) -> Json:
    parts = [{"@odata.type": "#microsoft.graph.textWebPart", "innerHtml": text} for text in texts]
    column = {"id": "1", "width": 12, "webparts": parts}
    return {"horizontalSections": [{"layout": "oneColumn", "id": "1", "emphasis": "none", "columns": [column]}]}


def error(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def _header_names(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
