"""One look at the site: its id and its lists. Two calls a run, whatever is synced."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from lms_bridge.errors import DestinationError, NotFound, Problem
from lms_bridge.sharepoint.batch import Call
from lms_bridge.sharepoint.client import GraphClient
from lms_bridge.sharepoint.list_forms import MODERATION, ListForm
from lms_bridge.sharepoint.payloads import mapping, text_value
from lms_bridge.sharepoint.settings import SharePointSettings

SETUP = "Run `lms-bridge setup sharepoint` with the set-up permission."


@dataclass(frozen=True, slots=True)
class FoundList:
    id: str
    title: str
    name: str
    """As in the address, which stays when people change the title."""
    url: str


@dataclass(frozen=True, slots=True)
class FoundSite:
    id: str
    title: str
    url: str
    lists: tuple[FoundList, ...]

    def list_named(self, title: str) -> FoundList | None:
        """By its title first, then by the name in its address."""
        wanted = title.casefold()
        by_title = (one for one in self.lists if one.title.casefold() == wanted)
        return next(by_title, None) or next((one for one in self.lists if one.name.casefold() == wanted), None)

    def library(self, name: str) -> FoundList | None:
        """A library of every site: known by its address, because its title is translated."""
        return next((one for one in self.lists if _last_part(one.url).casefold() == name.casefold()), None)


def find_site(client: GraphClient, settings: SharePointSettings) -> FoundSite:
    path = settings.site_path
    host = urlsplit(settings.site).hostname or ""
    address = f"/sites/{host}:{quote(path)}" if path else f"/sites/{host}"
    try:
        row = mapping(client.ask(Call(name="find site", method="GET", url=f"{address}{_SITE}", units=1)).body)
    except NotFound as error:
        raise NotFound(
            "there is no such site, or the app may not see it",
            where=settings.site,
            next_step="Check `site`, and that the app has a grant on it: `lms-bridge setup sharepoint` prints how.",
        ) from error
    site = text_value(row.get("id"))
    if not site:
        raise DestinationError("Graph's answer names no site", where=settings.site, next_step="Check endpoints.")
    lists = client.pages(Call(name="list lists", method="GET", url=f"/sites/{site}/lists{_LISTS}"))
    url = text_value(row.get("webUrl")) or settings.site
    return FoundSite(site, text_value(row.get("displayName")), url, tuple(map(_found_list, lists)))


_SITE = "?$select=id,displayName,webUrl"
_LISTS = "?$select=id,displayName,name,webUrl&$top=500"


def columns_of(client: GraphClient, site: str, found: FoundList) -> Mapping[str, Mapping[str, Any]]:
    """By internal name."""
    url = f"/sites/{site}/lists/{found.id}/columns?$select=id,name,hidden,indexed,enforceUniqueValues"
    rows = client.pages(Call(name="list columns", method="GET", url=url))
    return {text_value(row.get("name")): row for row in rows}


def unfit(form: ListForm, title: str, columns: Mapping[str, Mapping[str, Any]]) -> list[Problem]:
    """What keeps the list from being written: missing columns, a key that is not unique or not indexed."""
    where = f"list {title}"
    missing = [str(column["name"]) for column in form.columns if column["name"] not in columns]
    problems = [Problem(f"the column {name} is missing", where, SETUP) for name in missing]
    key = columns.get(form.key_column)
    if key is not None and not (key.get("enforceUniqueValues") and key.get("indexed")):
        cause = f"the column {form.key_column} must be indexed and enforce unique values"
        problems.append(Problem(cause, where, f"{SETUP} Or set both in the list's settings."))
    return problems


def wants_approval(columns: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether rows of the list are seen only once somebody approved them: otherwise the column is hidden."""
    status = columns.get(MODERATION)
    return status is not None and not status.get("hidden")


def first_problem(problems: Iterable[Problem]) -> Problem | None:
    return next(iter(problems), None)


def _found_list(row: Mapping[str, Any]) -> FoundList:
    url = text_value(row.get("webUrl"))
    title = text_value(row.get("displayName"))
    return FoundList(text_value(row.get("id")), title, text_value(row.get("name")) or _last_part(url), url)


def _last_part(url: str) -> str:
    parts = [part for part in urlsplit(url).path.split("/") if part]
    if parts and parts[-1].casefold().endswith(".aspx"):
        parts = parts[:-1]
    return parts[-1] if parts else ""
