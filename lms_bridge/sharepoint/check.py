"""The pre-flight check: each thing that must be there, by name, and how to get it. Writes nothing."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

from lms_bridge.connector import Finding, Level
from lms_bridge.errors import BridgeError, Denied, DestinationError, Problem, Unreachable
from lms_bridge.sharepoint.batch import Call
from lms_bridge.sharepoint.connection import Connection
from lms_bridge.sharepoint.keypair import NEW_CERTIFICATE
from lms_bridge.sharepoint.list_forms import ListForm
from lms_bridge.sharepoint.payloads import mapping
from lms_bridge.sharepoint.refusals import GRANT
from lms_bridge.sharepoint.settings import SharePointSettings
from lms_bridge.sharepoint.site import SETUP, FoundSite, columns_of, unfit, wants_approval

ENOUGH = frozenset({"Sites.ReadWrite.All", "Sites.Manage.All", "Sites.FullControl.All"})
SOON = timedelta(days=21)
APPROVAL = (
    "it requires content approval: each row that is written is not seen before somebody approves it there, and an app "
    "with the role `write` alone does not find it until then, so that a sync takes it for deleted"
)
NO_APPROVAL = (
    "List settings → Versioning settings → Require content approval → No; or grant the app `owner` on the site, and "
    "approve the rows there."
)
CONSENT = "Entra → App registrations → your app → API permissions → Microsoft Graph → Sites.Selected → Grant consent."


class Checked(Protocol):
    """What the check asks of the destination."""

    @property
    def settings(self) -> SharePointSettings: ...
    @property
    def connection(self) -> Connection: ...
    def site(self) -> FoundSite: ...
    def forms(self) -> Mapping[str, ListForm]: ...


def check_site(site: Checked, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Iterator[Finding]:
    """One finding a line; stops where nothing further can be looked at."""
    try:
        yield from _token(site, now())
        found = site.site()
    except BridgeError as error:
        yield Finding(Level.ERROR, "connection and token", error.problem, unreachable=isinstance(error, Unreachable))
        return
    yield Finding(Level.OK, f"the site {found.title or found.url} can be read")
    yield from _grant(site)
    yield from _lists(site)
    yield from _pages(site)


def _token(site: Checked, now: datetime) -> Iterator[Finding]:
    tokens = site.connection.tokens
    ends = tokens.expires()
    if ends is not None and ends - now < SOON:
        problem = Problem(
            f"the certificate ends on {ends.date().isoformat()}", "credential.certificate", NEW_CERTIFICATE
        )
        yield Finding(Level.WARNING, "the certificate", problem)
    elif ends is not None:
        yield Finding(Level.OK, f"the certificate is valid until {ends.date().isoformat()}")
    roles = tokens.roles(site.connection.endpoints.graph)
    where = f"app {site.settings.client_id or 'managed identity'}"
    if not roles:
        cause = "the token carries no application permission for Graph"
        yield Finding(Level.ERROR, "permissions in Entra", Problem(cause, where, CONSENT))
    elif not roles & (ENOUGH | {"Sites.Selected"}):
        cause = f"the token carries {', '.join(sorted(roles))}, which does not let it write to a site"
        yield Finding(Level.ERROR, "permissions in Entra", Problem(cause, where, CONSENT))
    else:
        yield Finding(Level.OK, f"Entra gave a token with {', '.join(sorted(roles))}")
    broad = sorted(roles & ENOUGH)
    if broad:
        cause = (
            f"{', '.join(broad)} reaches every site of the tenant; Sites.Selected with a grant on this one is enough"
        )
        yield Finding(Level.WARNING, "least privilege", Problem(cause, where, CONSENT))


def _grant(site: Checked) -> Iterator[Finding]:
    """A grant's role is seen only by those who may see permissions; most apps may not, and that is well."""
    url = f"/sites/{site.site().id}/permissions"
    try:
        rows = list(site.connection.client.pages(Call(name="list permissions", method="GET", url=url, units=5)))
    except Denied:
        yield Finding(
            Level.OK, "the app's role on the site cannot be seen from here; `setup sharepoint --probe` tries it out"
        )
        return
    except DestinationError as error:
        yield Finding(Level.WARNING, "the grant on the site", error.problem)
        return
    app = (site.settings.client_id or "").casefold()
    own = [row for row in rows if app and app in str(mapping(row).get("grantedToIdentitiesV2", "")).casefold()]
    roles = {str(role) for row in own for role in mapping(row).get("roles") or ()}
    if own and not roles & {"write", "owner", "manage", "fullcontrol"}:
        problem = Problem("the app may only read this site", site.settings.site, GRANT)
        yield Finding(Level.ERROR, "the grant on the site", problem)


def _lists(site: Checked) -> Iterator[Finding]:
    found = site.site()
    for title, form in site.forms().items():
        what = f"list {title!r} for {form.kind.value}s"
        standing = found.list_named(title)
        if standing is None:
            yield Finding(Level.ERROR, what, Problem("there is no such list", found.url, SETUP))
            continue
        try:
            columns = columns_of(site.connection.client, found.id, standing)
        except DestinationError as error:
            yield Finding(Level.ERROR, what, error.problem)
            continue
        problems = unfit(form, title, columns)
        yield from (Finding(Level.ERROR, what, problem) for problem in problems)
        if wants_approval(columns):
            yield Finding(Level.WARNING, what, Problem(APPROVAL, standing.url, NO_APPROVAL))
        if not problems:
            yield Finding(Level.OK, f"{what} has every column")


def _pages(site: Checked) -> Iterator[Finding]:
    found = site.site()
    url = f"/sites/{found.id}/pages?$select=id&$top=1"
    try:
        site.connection.client.ask(Call(name="list pages", method="GET", url=url))
    except DestinationError as error:
        yield Finding(Level.ERROR, "site pages", error.problem)
    else:
        yield Finding(Level.OK, "site pages can be listed")
    if not site.settings.pages.images:
        return
    if found.library("SiteAssets") is None:
        step = "Open a page of the site for editing and add an image, or set pages.images: false."
        problem = Problem("the site has no Site Assets library for images", found.url, step)
        yield Finding(Level.ERROR, "images", problem)
    else:
        yield Finding(Level.OK, "images can be stored in Site Assets")
