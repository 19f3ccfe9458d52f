"""What an admin does once: the grants to ask for, in words and commands, and the lists with their columns.

Apart from the connector, because making lists needs more than writing into them: this step has its own permission, and
the nightly run keeps the smaller one.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lms_bridge.connector import Finding, Level
from lms_bridge.errors import Denied, DestinationError, Problem
from lms_bridge.sharepoint.batch import Call
from lms_bridge.sharepoint.client import GraphClient
from lms_bridge.sharepoint.columns import Column
from lms_bridge.sharepoint.destination import SharePointSite
from lms_bridge.sharepoint.endpoints import endpoints_of
from lms_bridge.sharepoint.list_forms import ListForm
from lms_bridge.sharepoint.payloads import mapping, text_value
from lms_bridge.sharepoint.settings import SharePointSettings
from lms_bridge.sharepoint.site import FoundList, columns_of, unfit

SETUP_PERMISSION = (
    "Making lists needs the role `owner` on the site (or the application permission Sites.Manage.All). Grant it for "
    "this step, and take it back to `write` afterwards."
)
_JSON = {"Content-Type": "application/json"}


def instructions(settings: SharePointSettings) -> tuple[str, ...]:
    """The steps for the Entra admin and the SharePoint admin, one a line, with this site's own values."""
    app = settings.client_id or "<the managed identity's client id>"
    host = settings.host.split(":")[0]
    address = f"{endpoints_of(settings).graph}/v1.0/sites/{host}:{settings.site_path}"
    grant = (
        f'{{"roles":["ROLE"],"grantedToIdentities":[{{"application":{{"id":"{app}","displayName":"lms-bridge"}}}}]}}'
    )
    credential = "Upload the certificate under Certificates & secrets (a secret is enough while only Graph is used)."
    if settings.credential.managed_identity is not None:
        credential = "No secret is needed: the machine's managed identity is the app."
    return (
        f"Entra, once: App registrations → {app} → API permissions → Microsoft Graph → Application permissions → "
        "Sites.Selected → Grant admin consent.",
        f"Entra, once: {credential}",
        "SharePoint, once, by an admin with Sites.FullControl.All (Graph Explorer or PnP PowerShell): read the site's "
        f"id with GET {address} and grant the app on it:",
        f"  POST {endpoints_of(settings).graph}/v1.0/sites/SITE-ID/permissions  {grant}",
        f'  or: Grant-PnPAzureADAppSitePermission -AppId {app} -DisplayName "lms-bridge" -Site {settings.site} '
        "-Permissions ROLE",
        "ROLE is `write` for every run. " + SETUP_PERMISSION,
        "If creating pages answers 403 although the role is `write`: your tenant wants the application permission "
        "Sites.ReadWrite.All for pages; ask for it in place of Sites.Selected.",
    )


def provision(settings: SharePointSettings, folder: Path, *, dry_run: bool = False) -> Iterator[Finding]:
    """Make the lists and columns that are missing; run again as often as you like. With `dry_run` nothing is written.

    Each finding says what stands, what was made or would be made, or why it could not be.
    """
    site = SharePointSite("setup", settings, folder)
    try:
        yield from provision_site(site, dry_run=dry_run)
    finally:
        site.close()


def provision_site(site: SharePointSite, *, dry_run: bool) -> Iterator[Finding]:
    try:
        found = site.site()
    except DestinationError as error:
        yield Finding(Level.ERROR, "the site", error.problem)
        return
    yield Finding(Level.OK, f"the site {found.title or found.url} was found")
    for title, form in site.forms().items():
        try:
            yield from _provision_list(site, title, form, dry_run=dry_run)
        except Denied as error:
            yield Finding(Level.ERROR, f"list {title!r}", Problem(error.problem.cause, found.url, SETUP_PERMISSION))
        except DestinationError as error:
            yield Finding(Level.ERROR, f"list {title!r}", error.problem)
    if found.library("SiteAssets") is None:
        step = "Open a page of the site for editing and add an image: SharePoint makes the library. Then run again."
        yield Finding(Level.WARNING, "images", Problem("the site has no Site Assets library", found.url, step))


def list_body(title: str, form: ListForm) -> Mapping[str, Any]:
    """The whole list in one call: a unique column must be indexed from the start."""
    return {
        "displayName": title,
        "description": form.description,
        "list": {"template": "genericList"},
        "columns": [dict(column) for column in form.columns],
    }


def _provision_list(site: SharePointSite, title: str, form: ListForm, *, dry_run: bool) -> Iterator[Finding]:
    client, found_site = site.connection.client, site.site()
    standing = found_site.list_named(title)
    if standing is None and dry_run:
        names = ", ".join(str(column["name"]) for column in form.columns)
        yield Finding(Level.WARNING, f"would make list {title!r} with the columns {names}")
        return
    if standing is None:
        url = f"/sites/{found_site.id}/lists"
        call = Call(name="create list", method="POST", url=url, body=list_body(title, form), headers=_JSON)
        row = mapping(client.ask(call).body)
        standing = FoundList(
            text_value(row.get("id")), title, text_value(row.get("name")), text_value(row.get("webUrl"))
        )
        yield Finding(Level.OK, f"made list {title!r}")
    columns = columns_of(client, found_site.id, standing)
    for column in form.columns:
        yield from _provision_column(client, found_site.id, standing, column, columns, dry_run=dry_run)
    problems = unfit(form, title, columns if dry_run else columns_of(client, found_site.id, standing))
    if dry_run and problems:
        return
    for problem in problems:
        yield Finding(Level.ERROR, f"list {title!r}", problem)
    if not problems:
        yield Finding(Level.OK, f"list {title!r} has every column, and its key is unique and indexed")


def _provision_column(
    client: GraphClient,
    site: str,
    standing: FoundList,
    column: Column,
    columns: Mapping[str, Mapping[str, Any]],
    *,
    dry_run: bool,
) -> Iterator[Finding]:
    name = str(column["name"])
    url = f"/sites/{site}/lists/{standing.id}/columns"
    there = columns.get(name)
    if there is None:
        if dry_run:
            yield Finding(Level.WARNING, f"would add column {name} to list {standing.title!r}")
            return
        client.ask(Call(name="create column", method="POST", url=url, body=dict(column), headers=_JSON))
        yield Finding(Level.OK, f"added column {name} to list {standing.title!r}")
        return
    # Index first: SharePoint refuses uniqueness without it.
    for flag in ("indexed", "enforceUniqueValues"):
        if not column.get(flag) or there.get(flag):
            continue
        if dry_run:
            yield Finding(Level.WARNING, f"would set {flag} on column {name} of list {standing.title!r}")
            continue
        one = f"{url}/{text_value(there.get('id'))}"
        client.ask(Call(name="change column", method="PATCH", url=one, body={flag: True}, headers=_JSON))
        yield Finding(Level.OK, f"set {flag} on column {name} of list {standing.title!r}")
