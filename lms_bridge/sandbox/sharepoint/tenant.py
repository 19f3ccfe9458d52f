"""One tenant in memory: who may come in, what stands there, how it behaves. The emulator's only state.

Everything that changes it holds `lock`; `Behaviour` is what a test or a reader may switch.
"""

import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lms_bridge.sandbox.faults import FaultPlan
from lms_bridge.sandbox.sharepoint.clock import Clock, Ids
from lms_bridge.sandbox.sharepoint.model import Actor, Grant, Recycled, Registration, SignIn, Site
from lms_bridge.sandbox.sharepoint.standard_lists import add_standard_lists
from lms_bridge.sandbox.sharepoint.throttle import Throttle

PERSON = Actor("Renée Example", "renee@contoso.example")


@dataclass
class Behaviour:
    """Switches; the defaults are the plain service without troubles."""

    token_lifetime: int = 3599
    check_assertions: bool = True  # False: signatures of client and federated assertions are not looked at
    beta: bool = True  # /beta answers like /v1.0
    read_delay: float = 0.0  # seconds until a new item is found by a query
    view_threshold: int = 5000
    default_page: int = 200
    largest_page: int = 5000
    units_per_minute: int | None = None  # None: never throttled
    units_per_day: int | None = None  # looked at where the minute is
    # What Graph answers for a page that somebody has open is not documented; both forms have been reported.
    lock_status: int = 423
    lock_code: str = "resourceLocked"
    duplicate_page_names: str = "refuse"  # or "number": SharePoint's own pages are numbered instead
    page_if_match: bool = True  # whether PATCH of a page honours If-Match
    shuffle_batches: bool = False
    digest_lifetime: int = 1800
    secret_for_rest: bool = False  # SharePoint itself takes certificates only
    language: str = "en-US"  # of SharePoint's own error messages; "de-DE" is known too


class Tenant:
    def __init__(
        self,
        *,
        hostname: str = "contoso.sharepoint.com",
        name: str = "contoso.onmicrosoft.com",
        seed: int = 1,
        start: datetime | None = None,
        behaviour: Behaviour | None = None,
    ) -> None:
        self.hostname = hostname
        self.name = name
        self.public_url = f"https://{hostname}"  # what webUrl begins with; the server sets its own address
        self.clock = Clock(start)
        self.ids = Ids(seed)
        self.id = self.ids.guid()
        self.behaviour = behaviour or Behaviour()
        self.lock = threading.RLock()
        self.sites: dict[str, Site] = {}
        self.apps: dict[str, Registration] = {}
        self.managed_identity = ""  # the app that the machine itself is
        self.people: dict[str, Actor] = {PERSON.email: PERSON}
        self.recycle_bin: list[Recycled] = []
        self.calls: Counter[str] = Counter()
        self.throttle = Throttle(self.clock)
        self.faults = FaultPlan()
        self.uploads: dict[str, Upload] = {}
        self.digests: dict[str, float] = {}
        self.codes: dict[str, SignIn] = {}
        self.signing_key: Any = None  # made by tokens.py on first use
        self.add_site("", title="Contoso")

    def add_site(self, path: str, *, title: str) -> Site:
        """A team site with Site Pages, Site Assets and Documents; `path` like `/sites/learning`."""
        now = self.clock.now()
        site = Site(self.ids.guid(), self.ids.guid(), path.rstrip("/"), title, now)
        with self.lock:
            add_standard_lists(self.ids, site, PERSON, now)
            self.sites[site.id] = site
        return site

    def site_at(self, path: str) -> Site | None:
        wanted = path.rstrip("/").casefold()
        return next((site for site in self.sites.values() if site.path.casefold() == wanted), None)

    def register(self, app: Registration) -> Registration:
        with self.lock:
            self.apps[app.app_id.casefold()] = app
        return app

    def grant(self, site: Site, app_id: str, *roles: str) -> Grant:
        """What an administrator does with `POST /sites/{id}/permissions`."""
        app = self.apps.get(app_id.casefold())
        grant = Grant(self.ids.word(), app_id, app.name if app else "", list(roles))
        with self.lock:
            site.grants[grant.id] = grant
        return grant

    def count(self, method: str, template: str) -> None:
        with self.lock:
            self.calls[f"{method} {template}"] += 1

    def charge(self, app_id: str, units: int) -> dict[str, str]:
        limits = self.behaviour
        return self.throttle.charge(app_id, units, limits.units_per_minute, limits.units_per_day)

    def site_url(self, site: Site) -> str:
        return f"{self.public_url}{site.path}"


@dataclass
class Upload:
    """An upload session: ranges arrive in order until `total` bytes are there."""

    id: str
    drive_id: str
    folder: str
    name: str
    conflict: str
    expires: datetime
    actor: Actor
    received: bytearray = field(default_factory=bytearray)
    total: int = 0
