"""A SharePoint for the tests: the sandbox over real HTTPS, one server for all tests, a fresh tenant for each."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from lms_bridge.connector import Entry, PlaceRef
from lms_bridge.items import Kind
from lms_bridge.sandbox.faults import Fault
from lms_bridge.sandbox.server import SandboxServer
from lms_bridge.sandbox.sharepoint import Actor, DemoTenant, Hand, Site, Tenant, demo_tenant, sharepoint_app
from lms_bridge.sandbox.sharepoint.canvas import text_of
from lms_bridge.sandbox.sharepoint.model import Item, Page, SpList
from lms_bridge.sandbox.sharepoint.pages import create_page, page_library, set_published
from lms_bridge.sandbox.sharepoint.store import create_item, find_item, find_list
from lms_bridge.sandbox.sharepoint.tokens import signing_key
from lms_bridge.sharepoint.budget import Budget
from lms_bridge.sharepoint.connection import LazyConnection, connect
from lms_bridge.sharepoint.destination import SharePointSite
from lms_bridge.sharepoint.settings import SharePointSettings
from lms_bridge.sharepoint.setup import provision_site
from lms_bridge.transport import Gate, Limits

SITE = "/sites/learning"
PERSON = Actor("Renée Example", "renee@contoso.example")


class Clock:
    """Time that passes when somebody sleeps; the sandbox's clock goes along."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self.tenant: Tenant | None = None

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)
        if self.tenant is not None:
            self.tenant.clock.advance(seconds)


@dataclass
class Recorder:
    """Every request that reached the sandbox, as sent."""

    requests: list[tuple[str, str, Mapping[str, str], bytes]] = field(default_factory=list)

    def of(self, method: str, part: str) -> list[tuple[str, Mapping[str, str], bytes]]:
        return [(path, headers, body) for verb, path, headers, body in self.requests if verb == method and part in path]


@dataclass
class Server:
    """The one server. `tenant` is what it serves at the moment."""

    demo: DemoTenant
    url: str
    sandbox: SandboxServer
    switch: "_Switch"


class _Switch:
    def __init__(self) -> None:
        self.app: ASGIApp | None = None
        self.recorder = Recorder()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        address = scope["path"] + ("?" + scope["query_string"].decode() if scope["query_string"] else "")
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        self.recorder.requests.append((scope["method"], address, headers, body))
        unread = [body]

        async def replay() -> Any:
            if unread:
                return {"type": "http.request", "body": unread.pop(), "more_body": False}
            return await receive()

        await self.app(scope, replay, send)


@contextmanager
def running_server(folder: Path) -> Iterator[Server]:
    demo = demo_tenant(folder=folder)
    switch = _Switch()
    sandbox = SandboxServer(
        switch,
        certificate=demo.server_certificate.certificate,
        private_key=demo.server_certificate.private_key,
    )
    with sandbox:
        demo.serve_at(sandbox.url)
        yield Server(demo, sandbox.url, sandbox, switch)


@dataclass
class World:
    """A tenant with a site, the app's grant on it, and a person."""

    server: Server
    tenant: Tenant
    site: Site
    clock: Clock
    recorder: Recorder
    hand: Hand

    @property
    def folder(self) -> Path:
        return self.server.demo.folder

    def settings(self, **changes: Any) -> SharePointSettings:
        return SharePointSettings.model_validate(self.raw_settings(**changes))

    def raw_settings(self, **changes: Any) -> dict[str, Any]:
        url = self.server.url
        return {
            "site": url + SITE,
            "tenant": self.tenant.id,
            "client_id": self.server.demo.client_id,
            "credential": {"certificate": {"private_key_file": "app-key.pem", "public_certificate": "app-cert.pem"}},
            "endpoints": {"authority": url, "graph_root": url, "ca_file": "ca.pem"},
            **changes,
        }

    def open(self, *, units: int = 100_000, **changes: Any) -> SharePointSite:
        settings = self.settings(**changes)
        budget = Budget(units, Gate(clock=self.clock, sleep=self.clock.sleep))
        limits = Limits(read_timeout=10.0)
        lazy = LazyConnection(partial(connect, settings, self.folder, budget=budget, limits=limits))
        return SharePointSite("sharepoint", settings, self.folder, connection=lazy)

    def provision(self, **changes: Any) -> None:
        site = self.open(**changes)
        try:
            list(provision_site(site, dry_run=False))
        finally:
            site.close()

    def grant(self, *roles: str) -> None:
        """What the app may do on the site from now on."""
        self.site.grants.clear()
        self.tenant.grant(self.site, self.server.demo.client_id, *roles)

    def list_titled(self, title: str) -> SpList:
        return find_list(self.site, title)

    def page(self, name: str) -> Item:
        library = page_library(self.site)
        return next(item for item in library.items.values() if item.name == name)

    def pages(self) -> list[Item]:
        return [item for item in page_library(self.site).items.values() if item.page is not None]

    def fault(self, kind: Any, **more: Any) -> None:
        self.server.sandbox.faults.add(Fault(kind, **more))


_SEEDS = itertools.count(2)


def new_world(server: Server) -> World:
    server.sandbox.faults.clear()
    tenant = Tenant(seed=next(_SEEDS))
    tenant.public_url = server.url
    tenant.faults = server.sandbox.faults
    tenant.signing_key = signing_key(server.demo.tenant)
    site = tenant.add_site(SITE, title="Learning")
    for app in server.demo.tenant.apps.values():
        tenant.register(app)
    tenant.grant(site, server.demo.client_id, "owner")
    recorder = Recorder()
    server.switch.app, server.switch.recorder = sharepoint_app(tenant), recorder
    clock = Clock()
    clock.tenant = tenant
    return World(server, tenant, site, clock, recorder, Hand(tenant))


class SiteHand:
    """The contract suite's person, on this site."""

    def __init__(self, world: World) -> None:
        self._world = world

    def edit(self, place: PlaceRef, entry: Entry, words: str) -> None:
        if self._is_page(place):
            # The last paragraph names the source: whoever mends words leaves it.
            source = self._text(entry).rpartition("<p>")[2]
            self._world.hand.edit_page(entry.ref, f"<p>{words}</p>\n<p>{source}")
            return
        column = {Kind.RATING: "LmsStars", Kind.REVIEW: "Comment", Kind.PROMPT: "Prompt"}[place.kind]
        self._world.hand.edit_item(place.title, int(entry.ref), {column: words})

    def delete(self, place: PlaceRef, entry: Entry) -> None:
        if self._is_page(place):
            self._world.hand.delete_page(entry.ref)
        else:
            self._world.hand.delete_item(place.title, int(entry.ref))

    def put(self, place: PlaceRef, title: str) -> None:
        world = self._world
        with world.tenant.lock:
            if not self._is_page(place):
                create_item(world.tenant, world.list_titled(place.title), {"Title": title}, actor=PERSON)
                return
            item = create_page(world.tenant, world.site, "", Page(title), actor=PERSON)
            set_published(world.tenant, world.site, item, actor=PERSON)

    def titles(self, place: PlaceRef) -> Sequence[str]:
        if self._is_page(place):
            return [item.page.title for item in self._world.pages() if item.page is not None]
        return [str(item.fields.get("Title")) for item in self._world.list_titled(place.title).items.values()]

    def lose_next_answer(self) -> None:
        self._world.fault("drop", method="POST", path="/v1.0/sites")
        self._world.fault("drop", method="PATCH", path="/v1.0/sites")

    def _text(self, entry: Entry) -> str:
        (item,) = [item for item in self._world.pages() if item.unique_id == entry.ref]
        assert item.page is not None
        return text_of(item.page.canvas)

    def _is_page(self, place: PlaceRef) -> bool:
        return place.container.count(",") == 2


__all__ = ["PERSON", "SITE", "Clock", "Server", "SiteHand", "World", "find_item", "new_world", "running_server"]
